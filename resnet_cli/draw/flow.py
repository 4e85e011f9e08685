"""How a graph flows: which operations stand one after another, and which beside each other.

Series and parallel reductions make forks out of a graph (Valdes, Tarjan, Lawler, "The
Recognition of Series Parallel Digraphs", 1982, section 2). What they leave is woven: the
smallest part of it between a node and one behind all its paths becomes one weave, and the
reductions go on.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from resnet_cli.draw.parts import Fork, Series, Step, Weave, steps
from resnet_cli.draw.style import Category

SOURCE = -1


class Node(NamedTuple):
    """An operation to draw, and the earlier nodes that it takes; `SOURCE` is the input."""

    step: Step
    inputs: tuple[int, ...]


@dataclass(slots=True, eq=False)
class Link:
    """An arrow while the graph is reduced, with all that was reduced into it."""

    start: int
    end: int
    parts: Series = ()


def flow(nodes: Sequence[Node], ends: Iterable[int]) -> Series:
    """Return nodes, the earlier ones first, as a series that ends in all of `ends`."""
    net = _Net(nodes, ends)
    net.reduce(range(len(nodes) + 1))
    while len(net.out[SOURCE]) > 1 or net.out[SOURCE][0].end != net.sink:
        net.reduce(net.weave())
    return net.out[SOURCE][0].parts


class _Net:
    """Links between nodes; `sink` is behind the last."""

    def __init__(self, nodes: Sequence[Node], ends: Iterable[int]) -> None:
        self.sink = len(nodes)
        self.steps: dict[int, Step | None] = {i: node.step for i, node in enumerate(nodes)}
        ends = (*dict.fromkeys(ends),)
        self.steps[self.sink] = None
        if len(ends) > 1:
            shapes = (nodes[end].step.shape for end in ends if end != SOURCE)
            self.steps[self.sink] = Step("outputs", Category.OTHER, ", ".join(shapes))
        taken = [node.inputs for node in nodes] + [ends]
        self.into: dict[int, list[Link]] = {}
        self.out: dict[int, list[Link]] = {node: [] for node in range(SOURCE, self.sink + 1)}
        for end, inputs in enumerate(taken):
            self.into[end] = [Link(start, end) for start in inputs]
            for link in self.into[end]:
                self.out[link.start].append(link)

    def reduce(self, pending: Iterable[int]) -> None:
        """Make forks and series until there is none left, the earlier nodes first."""
        heap = [*pending]
        heapify(heap)
        while heap:
            node = heappop(heap)
            if node == SOURCE or node not in self.out:
                continue
            for changed in self._parallel(node):
                heappush(heap, changed)
            if node != self.sink and len(self.into[node]) == len(self.out[node]) == 1:
                heappush(heap, self._series(node))

    def _parallel(self, node: int) -> set[int]:
        """Make one link of those that lead from one node to this one."""
        by_start: dict[int, list[Link]] = {}
        for link in self.into[node]:
            by_start.setdefault(link.start, []).append(link)
        changed = set()
        for start, links in by_start.items():
            if len(links) == 1:
                continue
            is_closed = len(by_start) == 1
            join = self.steps[node] if is_closed else None
            fork = Fork(_ordered([link.parts for link in links], join), join)
            if is_closed:
                self.steps[node] = None
            self._replace(links, Link(start, node, (fork,)))
            changed.add(start)
        return changed

    def _series(self, node: int) -> int:
        """Make one link of the one into a node and the one out of it; return where it ends."""
        (before,), (behind,) = self.into[node], self.out[node]
        step = self.steps[node]
        behind.parts = (*before.parts, *((step,) if step else ()), *behind.parts)
        behind.start = before.start
        links = self.out[before.start]
        links[links.index(before)] = behind
        del self.into[node], self.out[node]
        return behind.end

    def _replace(self, links: Sequence[Link], one: Link) -> None:
        for found in (self.out[one.start], self.into[one.end]):
            found[found.index(links[0])] = one
            found[:] = [link for link in found if link not in links]

    def weave(self) -> set[int]:
        """Make one link of the first region between a node and one behind all its paths."""
        order = sorted(self.out)
        before = _dominators(order, lambda n: [link.start for link in self.into.get(n, ())])
        behind = _dominators(order[::-1], lambda n: [link.end for link in self.out[n]])
        start = next(n for n in order[::-1] if len(self.out[n]) > 1 and before[behind[n]] == n)
        end = behind[start]
        inside = self._between(start, end)
        number = {node: index for index, node in enumerate(inside)}
        nodes: list[Series] = [_series_of(self.steps[node]) for node in inside]
        links: list[tuple[int, int]] = []
        for link in (link for node in (start, *inside) for link in self.out[node]):
            first, last = number.get(link.start, -1), number.get(link.end, -2)
            if link.parts:
                nodes.append(link.parts)
                links += [(first, len(nodes) - 1), (len(nodes) - 1, last)]
            else:
                links.append((first, last))
        join = self.steps[end] or Step("outputs", Category.OTHER, "")
        links = [(first, len(nodes) if last == -2 else last) for first, last in links]
        one = Link(start, end, (_sorted(nodes, links, join),))
        self.steps[end] = None
        self.out[start], self.into[end] = [one], [one]
        for node in inside:
            del self.into[node], self.out[node]
        return {start, end}

    def _between(self, start: int, end: int) -> list[int]:
        found: set[int] = set()
        waiting = [start]
        while waiting:
            for link in self.out[waiting.pop()]:
                if link.end != end and link.end not in found:
                    found.add(link.end)
                    waiting.append(link.end)
        return sorted(found)


def _ordered(arms: Sequence[Series], join: Step | None) -> tuple[Series, ...]:
    """Return arms as they stand from left to right: those that do nothing last.

    A sum has the longer one first: the main path, and what leads around it.
    """
    is_sum = join is not None and join.category is Category.ADD

    def weight(arm: Series) -> int:
        return -sum(1 for _ in steps(arm)) if is_sum else not arm

    return tuple(sorted(arms, key=weight))


def _series_of(step: Step | None) -> Series:
    return () if step is None else (step,)


def _sorted(nodes: Sequence[Series], links: Sequence[tuple[int, int]], join: Step) -> Weave:
    """Return a weave with its nodes sorted: each link leads from one to a later one."""
    waiting = [0] * (len(nodes) + 1)
    for start, end in links:
        waiting[end] += start >= 0
    ready = [node for node, count in enumerate(waiting[:-1]) if not count]
    order: list[int] = []
    heapify(ready)
    while ready:
        order.append(heappop(ready))
        for start, end in links:
            if start == order[-1] and end < len(nodes):
                waiting[end] -= 1
                if not waiting[end]:
                    heappush(ready, end)
    place = {node: index for index, node in enumerate(order)} | {-1: -1, len(nodes): len(nodes)}
    moved = sorted((place[start], place[end]) for start, end in links)
    return Weave(tuple(nodes[node] for node in order), tuple(moved), join)


def _dominators(order: Sequence[int], before: Callable[[int], list[int]]) -> dict[int, int]:
    """Return for each node the last one that all ways from the first to it pass.

    Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm", 2001; once, without circles.
    """
    position = {node: index for index, node in enumerate(order)}
    found = {order[0]: order[0]}
    for node in order[1:]:
        one, *others = before(node)
        for each in others:
            other = each
            while one != other:
                if position[one] < position[other]:
                    other = found[other]
                else:
                    one = found[one]
        found[node] = one
    return found
