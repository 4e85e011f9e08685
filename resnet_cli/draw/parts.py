"""What a figure consists of before it has a place: nodes, forks, units, sections, the scene.

`layout.py` gives it places on a page; `mermaid.py` writes it as text.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias, TypeGuard

from resnet_cli.draw.style import Category


class Node(NamedTuple):
    """One box: what it says and the shape that leaves it.

    `path` is the module that it is of, or around all that it stands for.
    """

    text: str
    category: Category
    shape: str
    path: str = ""


class Fork(NamedTuple):
    """Arms beside each other, from where the flow divides to the node where they meet.

    Without a join they meet in that of a fork further out.
    """

    arms: "tuple[Series, ...]"
    join: Node | None


class Weave(NamedTuple):
    """Vertices that no forks within forks describe, until the node where all meet.

    A link leads from a vertex to a later one; -1 is what enters, and the join the last.
    """

    vertices: "tuple[Series, ...]"
    links: tuple[tuple[int, int], ...]
    join: Node


class Unit(NamedTuple):
    """Parts that belong together; `times` counts the identical neighbours that they stand for.

    Inside of an arm a unit with a title has a frame.
    """

    parts: "Series"
    input: str = ""
    times: int = 1
    title: str = ""

    @property
    def output(self) -> str:
        """The shape that leaves the unit."""
        return shape_of(self.parts)

    @property
    def repeats(self) -> str:
        """How often the unit stands there, for people."""
        return f"\N{MULTIPLICATION SIGN} {self.times}"


Component: TypeAlias = Node | Fork | Weave | Unit
Series: TypeAlias = tuple[Component, ...]
"""Parts one after another; none is the identity."""


def titled(title: str, units: Sequence[Unit]) -> Series:
    """Return units as parts: under a title one unit, else what is in those that stand alone."""
    if title:
        return ((units[0] if len(units) == 1 else Unit((*units,)))._replace(title=title),)
    return tuple(part for unit in units for part in ((unit,) if unit.times > 1 else unit.parts))


class Section(NamedTuple):
    """Units that belong together: a stage, or the stem; only a stage has a frame and a title."""

    title: str
    units: tuple[Unit, ...]


class Scene(NamedTuple):
    """A whole figure. Without `chained` each section is a picture of its own.

    `columns` puts every section into a column of its own, `single` all into one. The `notes`
    stand below the legend.
    """

    title: str
    sections: tuple[Section, ...]
    chained: bool = True
    columns: bool = False
    single: bool = False
    notes: tuple[str, ...] = ()

    def nodes(self) -> Iterator[Node]:
        """Give every box once; a join that is drawn as a circle is none."""
        for section in self.sections:
            for unit in section.units:
                yield from nodes(unit.parts)

    def categories(self) -> set[Category]:
        """Return what the legend explains."""
        units = (unit for section in self.sections for unit in section.units)
        found = {join.category for unit in units for join in joins(unit.parts)}
        return found | {node.category for node in self.nodes()}


class Residual(NamedTuple):
    """A fork as a residual block draws it: the shortcut's small boxes beside the main path.

    That is nodes, and gates behind the first.
    """

    main: "tuple[Node | Fork, ...]"
    shortcut: tuple[Node, ...]
    join: Node


def residual(part: Component) -> Residual | None:
    """Return a fork of two arms of which the second is short and the sum of both is taken."""
    if not isinstance(part, Fork) or part.join is None or len(part.arms) != 2:
        return None
    arm, shortcut = part.arms[0], nodes_alone(part.arms[1])
    main = tuple(each for each in arm if isinstance(each, Node) or _is_gate(each))
    begins = isinstance(arm[0], Node) if arm else False
    if not begins or len(main) < len(arm) or part.join.category is not Category.ADD:
        return None
    is_short = shortcut is not None and len(shortcut) <= MOST_BESIDE
    return Residual(main, shortcut or (), part.join) if is_short else None


def _is_gate(part: Component) -> TypeGuard[Fork]:
    return isinstance(part, Fork) and is_gate(part)


MOST_BESIDE = 3
"""As many boxes a shortcut has at the side: average pool, convolution, norm."""


def nodes_alone(series: Series) -> tuple[Node, ...] | None:
    """Return a series that is nodes alone, None for any other."""
    found = tuple(part for part in series if isinstance(part, Node))
    return found if len(found) == len(series) else None


def on_axis(series: Iterable[Component]) -> Iterator[Node]:
    """Give the boxes that stand below each other, in the one arm that does something as well."""
    for part in series:
        if isinstance(part, Node):
            yield part
        elif isinstance(part, Unit):
            yield from on_axis(part.parts)
        elif isinstance(part, Fork) and not is_gate(part):
            arms = [arm for arm in part.arms if arm]
            is_residual = residual(part) is not None
            if len(arms) == 1 or is_residual:
                yield from on_axis(arms[0])


def shortcuts(series: Iterable[Component]) -> Iterator[Node]:
    """Give the boxes on the shortcuts of residual blocks."""
    for part in series:
        if found := residual(part):
            yield from found.shortcut
        for each in inner(part):
            yield from shortcuts(each)


def is_gate(fork: Fork) -> bool:
    """Say whether arms weigh what passes beside them unchanged."""
    is_product = fork.join is not None and fork.join.category is Category.MULTIPLY
    return is_product and () in fork.arms


def inner(part: Component) -> tuple[Series, ...]:
    """Return the series inside of a part."""
    match part:
        case Node():
            return ()
        case Fork(arms):
            return arms
        case Weave(vertices):
            return vertices
        case Unit(parts):
            return (parts,)


def nodes(series: Iterable[Component]) -> Iterator[Node]:
    """Give every box of a series, in order; joins are not among them."""
    for part in series:
        if isinstance(part, Node):
            yield part
        for each in inner(part):
            yield from nodes(each)


def joins(series: Iterable[Component]) -> Iterator[Node]:
    """Give every node where arms meet."""
    for part in series:
        if isinstance(part, Fork | Weave) and part.join is not None:
            yield part.join
        for each in inner(part):
            yield from joins(each)


def shape_of(series: Series) -> str:
    """Return the shape that leaves a series; of arms that meet further on, the first's."""
    match series[-1:]:
        case (Node(shape=shape),) | (Fork(join=Node(shape=shape)),):
            return shape
        case (Weave(join=join),):
            return join.shape
        case (Fork(arms),):
            return next((shape for arm in arms if (shape := shape_of(arm))), "")
        case (Unit(parts),):
            return shape_of(parts)
    return ""
