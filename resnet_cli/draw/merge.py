"""Blocks in few boxes: layers in a row as one, and what two blocks that fold have in common."""

from collections.abc import Iterable, Sequence
from itertools import groupby, takewhile

from resnet_cli.draw.parts import (
    Component,
    Fork,
    Node,
    Section,
    Series,
    Unit,
    Weave,
    nodes_alone,
    residual,
)
from resnet_cli.draw.style import CIRCLES, Category

MOST_IN_A_BOX = 5
"""As many layers as one box can name."""

ALONE = (*CIRCLES, Category.CONCAT, Category.FLATTEN, Category.CHAIN, Category.BLOCK)


def merged(series: Iterable[Component]) -> Series:
    """Return a series with its layers in a row, gates among them, as one box each."""
    found: list[Component] = []
    for is_layers, run in groupby(series, lambda part: _layer(part) is not None):
        parts = [*run]
        layers = [layer for part in parts if (layer := _layer(part))]
        found += (
            [_one(layers, Category.CHAIN)]
            if is_layers and 1 < len(layers) <= MOST_IN_A_BOX
            else parts
        )
    return tuple(found)


def as_block(fork: Fork) -> Fork:
    """Return a fork that is a residual block with its main path, if that is short, as one box."""
    found = residual(Fork((merged(fork.arms[0]), *fork.arms[1:]), fork.join))
    main = nodes_alone(found.main) if found else None
    if found is None or main is None or len(main) > 1:
        return Fork(tuple(map(merged, fork.arms)), fork.join)
    return Fork(((_one(main, Category.BLOCK),), found.shortcut), found.join)


def drawn(unit: Unit) -> tuple[object, ...]:
    """Return what is the same where two units fold: all that is drawn, whosever it is.

    A sum with what enters has its shape, however the next one views it. What a layer of a
    dense block adds to grows from one to the next, and may.
    """
    *parts, fork = map(_nameless, unit.parts)
    entry = unit.input
    if isinstance(fork, Fork) and fork.join is not None and () in fork.arms:
        entry = "" if fork.join.category is Category.CONCAT else entry
        fork = fork._replace(join=fork.join._replace(shape=""))
    return entry, *parts, fork


def _nameless(part: Component) -> Component:
    """Return a part without the paths of its modules."""
    match part:
        case Node():
            return part._replace(path="")
        case Fork(arms, join):
            return Fork(tuple(map(_all_nameless, arms)), join and join._replace(path=""))
        case Weave(vertices, links, join):
            return Weave(tuple(map(_all_nameless, vertices)), links, join._replace(path=""))
        case Unit(parts):
            return part._replace(parts=_all_nameless(parts))


def _all_nameless(series: Series) -> Series:
    return tuple(map(_nameless, series))


def as_one(one: Section, other: Section) -> Section | None:
    """Return two framed blocks that are drawn the same as one, None where they are not."""
    if not one.title or not other.title or len(one.units) != 1 or len(other.units) != 1:
        return None
    (first,), (second,) = one.units, other.units
    if second.times != 1 or drawn(first) != drawn(second):
        return None
    unit = second._replace(input=first.input, times=first.times + 1)
    begin, between = (
        one.title.split(" and ")[0].split(" to ")[0],
        "and" if unit.times == 2 else "to",
    )
    return Section(f"{begin} {between} {other.title}", (unit,))


def _layer(part: Component) -> Node | None:
    """Return a part as a layer of one box: a node of one, or a gate."""
    if isinstance(part, Node):
        return None if part.category in ALONE else part
    if isinstance(part, Fork) and part.join is not None and len(part.arms) == 2:
        gate, through = part.arms
        if (
            part.join.category is Category.MULTIPLY
            and not through
            and nodes_alone(gate) is not None
        ):
            return Node("gate", Category.OTHER, part.join.shape, part.join.path)
    return None


def _one(layers: Iterable[Node], category: Category) -> Node:
    """Return one box for layers in a row."""
    layers = [*layers]
    text = " · ".join(layer.text.replace(" conv", "") for layer in layers)
    return Node(text, category, layers[-1].shape, _innermost(layers))


def _innermost(layers: Sequence[Node]) -> str:
    """Return the path of the innermost module around them all."""
    paths = [layer.path.split(".") for layer in layers]
    same = takewhile(lambda names: len({*names}) == 1, zip(*paths, strict=False))
    return ".".join(names[0] for names in same)
