"""The sizes that a network can have: what its conditions allow, and no map below a window."""

from collections.abc import Mapping

from resnet_cli.analysis.conditions import ANY, FAR, SIGNS, Allowed, Need, allowed, both, needs
from resnet_cli.graph.dims import evaluate
from resnet_cli.graph.graph import Graph, infer
from resnet_cli.graph.residues import never_less


def possible(graph: Graph) -> tuple[dict[str, Allowed], list[Need]]:
    """Return the sizes that each name can have by itself, and what binds several of them."""
    facts = infer(graph)
    maps = {size for each in facts if each.window for size in each.outputs[0][2:]}
    windows = [Need("", size, ">=", 1) for size in maps if not never_less(size, 1)]
    sizes, others = allowed([*needs(graph, facts), *windows])
    several: list[Need] = []
    for need in others:
        more = need.left - need.right
        names = () if isinstance(more, int) else more.names
        if len(names) == 1:
            before = sizes.get(names[0], ANY)
            sizes[names[0]] = both(before, _tried(need, names[0]))
        else:
            several.append(need)
    return sizes, several


def holds(need: Need, sizes: Mapping[str, int]) -> bool:
    """Say whether a need is met at sizes for its names."""
    return SIGNS[need.sign](evaluate(need.left, sizes), evaluate(need.right, sizes))


def at_least(sizes: Allowed, size: int) -> int | None:
    """Return the first of the sizes from this one on."""
    below = [each for each in sizes.below if each >= size]
    first = max(size, sizes.start)
    others = (each for each in range(first, first + sizes.period) if each in sizes)
    return min(below, default=None) or next(others, None)


def at_most(sizes: Allowed, size: int) -> int:
    """Return the last of the sizes up to this one, 0 where there is none."""
    last = range(size, max(size - sizes.period, sizes.start - 1), -1)
    below = [each for each in sizes.below if each <= size]
    return next((each for each in last if each in sizes), max(below, default=0))


def _tried(need: Need, name: str) -> Allowed:
    """Return the sizes of an equation that is no line: each is tried, and beyond as the last."""
    found = frozenset(size for size in range(1, FAR) if holds(need, {name: size}))
    return Allowed(FAR, found, 1, frozenset((0,) if FAR - 1 in found else ()))
