"""How a graph flows: which operations stand one after another, and which beside each other.

Series and parallel reductions make forks out of a graph (Valdes, Tarjan, Lawler, "The
Recognition of Series Parallel Digraphs", 1982, section 2). What they leave is woven: the
smallest part of it between a vertex and one behind all its paths becomes one weave, and the
reductions go on.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from resnet_cli.draw.parts import Fork, Node, Series, Weave, nodes
from resnet_cli.draw.style import Category

SOURCE = -1


class Vertex(NamedTuple):
    """An operation to draw, and the earlier vertices that it takes; `SOURCE` is the input."""

    node: Node
    inputs: tuple[int, ...]


@dataclass(slots=True, eq=False)
class Link:
    """An arrow while the graph is reduced, with all that was reduced into it."""

    start: int
    end: int
    parts: Series = ()


def flow(vertices: Sequence[Vertex], ends: Iterable[int]) -> Series:
    """Return vertices, the earlier ones first, as a series that ends in all of `ends`."""
    net = _Net(vertices, ends)
    net.reduce(range(len(vertices) + 1))
    while len(net.out[SOURCE]) > 1 or net.out[SOURCE][0].end != net.sink:
        net.reduce(net.weave())
    return net.out[SOURCE][0].parts


class _Net:
    """Links between vertices; `sink` is behind the last."""

    def __init__(self, vertices: Sequence[Vertex], ends: Iterable[int]) -> None:
        self.sink = len(vertices)
        self.nodes: dict[int, Node | None] = {i: vertex.node for i, vertex in enumerate(vertices)}
        ends = (*dict.fromkeys(ends),)
        self.nodes[self.sink] = None
        if len(ends) > 1:
            shapes = (vertices[end].node.shape for end in ends if end != SOURCE)
            self.nodes[self.sink] = Node("outputs", Category.OTHER, ", ".join(shapes))
        taken = [vertex.inputs for vertex in vertices] + [ends]
        self.into: dict[int, list[Link]] = {}
        self.out: dict[int, list[Link]] = {vertex: [] for vertex in range(SOURCE, self.sink + 1)}
        for end, inputs in enumerate(taken):
            self.into[end] = [Link(start, end) for start in inputs]
            for link in self.into[end]:
                self.out[link.start].append(link)

    def reduce(self, pending: Iterable[int]) -> None:
        """Make forks and series until there is none left, the earlier vertices first."""
        heap = [*pending]
        heapify(heap)
        while heap:
            vertex = heappop(heap)
            if vertex == SOURCE or vertex not in self.out:
                continue
            for changed in self._parallel(vertex):
                heappush(heap, changed)
            if vertex != self.sink and len(self.into[vertex]) == len(self.out[vertex]) == 1:
                heappush(heap, self._series(vertex))

    def _parallel(self, vertex: int) -> set[int]:
        """Make one link of those that lead from one vertex to this one."""
        by_start: dict[int, list[Link]] = {}
        for link in self.into[vertex]:
            by_start.setdefault(link.start, []).append(link)
        changed = set()
        for start, links in by_start.items():
            if len(links) == 1:
                continue
            is_closed = len(by_start) == 1
            join = self.nodes[vertex] if is_closed else None
            fork = Fork(_ordered([link.parts for link in links], join), join)
            if is_closed:
                self.nodes[vertex] = None
            self._replace(links, Link(start, vertex, (fork,)))
            changed.add(start)
        return changed

    def _series(self, vertex: int) -> int:
        """Make one link of the one into a vertex and the one out of it; return where it ends."""
        (before,), (behind,) = self.into[vertex], self.out[vertex]
        node = self.nodes[vertex]
        behind.parts = (*before.parts, *((node,) if node else ()), *behind.parts)
        behind.start = before.start
        links = self.out[before.start]
        links[links.index(before)] = behind
        del self.into[vertex], self.out[vertex]
        return behind.end

    def _replace(self, links: Sequence[Link], one: Link) -> None:
        for found in (self.out[one.start], self.into[one.end]):
            found[found.index(links[0])] = one
            found[:] = [link for link in found if link not in links]

    def weave(self) -> set[int]:
        """Make one link of the first region between a vertex and one behind all its paths."""
        order = sorted(self.out)
        before = _dominators(order, lambda n: [link.start for link in self.into.get(n, ())])
        behind = _dominators(order[::-1], lambda n: [link.end for link in self.out[n]])
        start = next(n for n in order[::-1] if len(self.out[n]) > 1 and before[behind[n]] == n)
        end = behind[start]
        inside = self._between(start, end)
        number = {vertex: index for index, vertex in enumerate(inside)}
        vertices: list[Series] = [_series_of(self.nodes[vertex]) for vertex in inside]
        links: list[tuple[int, int]] = []
        for link in (link for vertex in (start, *inside) for link in self.out[vertex]):
            first, last = number.get(link.start, -1), number.get(link.end, -2)
            if link.parts:
                vertices.append(link.parts)
                links += [(first, len(vertices) - 1), (len(vertices) - 1, last)]
            else:
                links.append((first, last))
        join = self.nodes[end] or Node("outputs", Category.OTHER, "")
        links = [(first, len(vertices) if last == -2 else last) for first, last in links]
        one = Link(start, end, (_sorted(vertices, links, join),))
        self.nodes[end] = None
        self.out[start], self.into[end] = [one], [one]
        for vertex in inside:
            del self.into[vertex], self.out[vertex]
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


def _ordered(arms: Sequence[Series], join: Node | None) -> tuple[Series, ...]:
    """Return arms as they stand from left to right: those that do nothing last.

    A sum has the longer one first: the main path, and what leads around it.
    """
    is_sum = join is not None and join.category is Category.ADD

    def weight(arm: Series) -> int:
        return -sum(1 for _ in nodes(arm)) if is_sum else not arm

    return tuple(sorted(arms, key=weight))


def _series_of(node: Node | None) -> Series:
    return () if node is None else (node,)


def _sorted(vertices: Sequence[Series], links: Sequence[tuple[int, int]], join: Node) -> Weave:
    """Return a weave with its vertices sorted: each link leads from one to a later one."""
    waiting = [0] * (len(vertices) + 1)
    for start, end in links:
        waiting[end] += start >= 0
    ready = [vertex for vertex, count in enumerate(waiting[:-1]) if not count]
    order: list[int] = []
    heapify(ready)
    while ready:
        order.append(heappop(ready))
        for start, end in links:
            if start == order[-1] and end < len(vertices):
                waiting[end] -= 1
                if not waiting[end]:
                    heappush(ready, end)
    place = {vertex: index for index, vertex in enumerate(order)} | {
        -1: -1,
        len(vertices): len(vertices),
    }
    moved = sorted((place[start], place[end]) for start, end in links)
    return Weave(tuple(vertices[vertex] for vertex in order), tuple(moved), join)


def _dominators(order: Sequence[int], before: Callable[[int], list[int]]) -> dict[int, int]:
    """Return for each vertex the last one that all ways from the first to it pass.

    Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm", 2001; once, without circles.
    """
    position = {vertex: index for index, vertex in enumerate(order)}
    found = {order[0]: order[0]}
    for vertex in order[1:]:
        one, *others = before(vertex)
        for each in others:
            other = each
            while one != other:
                if position[one] < position[other]:
                    other = found[other]
                else:
                    one = found[one]
        found[vertex] = one
    return found
