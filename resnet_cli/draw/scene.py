"""What a figure of a network shows: its stages and blocks with their boxes, or some of them."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from resnet_cli.draw.boxes import MINOR, Boxes, Level
from resnet_cli.draw.flow import flow
from resnet_cli.draw.homes import Home, Homes
from resnet_cli.draw.merge import as_block, as_one, drawn, merged
from resnet_cli.draw.parts import (
    Component,
    Fork,
    Node,
    Scene,
    Section,
    Series,
    Unit,
    Weave,
    inner,
    joins,
    nodes,
    residual,
    shape_of,
    titled,
)
from resnet_cli.draw.style import Category
from resnet_cli.errors import FigureError
from resnet_cli.graph.graph import Graph
from resnet_cli.text import human_text

NOTE = "Batch norms and ReLUs are not drawn."
PLAIN = (Category.POOL, Category.FLATTEN, Category.PAD)
"""What alone makes no part of a network that a frame would have to name."""

LONG_NOTE = "Norms, activations and views are not drawn."


def network(graph: Graph, title: str, level: Level, *, folded: bool) -> Scene:
    """Return the whole network: stages, and what stands before, between and behind them.

    Raises `FigureError` where nothing is done to the input.
    """
    reader = _Reader(graph, level, folded=folded)
    if not reader.boxes.nodes and level is not Level.LAYERS:  # norms and activations alone
        return network(graph, title, Level.LAYERS, folded=folded)
    sections = reader.sections()
    if not sections:
        raise FigureError("there is no layer in this network that a figure shows")
    note = NOTE if reader.boxes.hidden <= {Category.NORM, Category.RELU} else LONG_NOTE
    return Scene(_full(graph, title), tuple(sections), notes=(note,))


def stages(graph: Graph) -> list[str]:
    """Return the names of the network's stages: modules around blocks that follow each other."""
    return [section.title for section in _stages(graph, folded=True)]


def stage(graph: Graph, title: str, number: int | None, *, folded: bool) -> Scene:
    """Return a stage's kinds of block in a row; by default the one that shows most."""
    staged = _staged(graph, folded=folded)
    number = number or _telling(_staged(graph, folded=True))
    units = staged[number - 1].units
    sections, first = [], 1
    for unit in units:
        sections.append(Section(_blocks(first, unit.times), (unit,)))
        first += unit.times
    title = f"{_full(graph, title)}: stage {number}"
    return Scene(title, tuple(sections), columns=len(units) <= 4)


def block(graph: Graph, title: str, number: int | None) -> Scene:
    """Return the kinds of residual block beside each other: identity, and changed shape."""
    staged = _staged(graph, folded=True)
    numbers = (number,) if number else range(1, len(staged) + 1)
    telling, kinds = _telling(staged), dict[bool, Section]()
    for each in sorted(numbers, key=lambda n: n != telling):
        first = 1
        for unit in staged[each - 1].units:
            where = f"{_shortcut_name(unit)}\nstage {each}, {_blocks(first, unit.times)}"
            kinds.setdefault(_is_changed(unit), Section(where, (unit._replace(times=1),)))
            first += unit.times
    sections = tuple(kinds[is_changed] for is_changed in sorted(kinds))
    return Scene(_full(graph, title), sections, chained=False, columns=True)


def _staged(graph: Graph, *, folded: bool) -> list[Section]:
    """Return the stages, every layer drawn. Raises `FigureError` where there are none."""
    found = _stages(graph, folded=folded)
    if not found:
        raise FigureError("this network has no stages of blocks that follow each other")
    return found


def _stages(graph: Graph, *, folded: bool) -> list[Section]:
    reader = _Reader(graph, Level.LAYERS, folded=folded)
    names = {_name(graph, path) for path in reader.homes.stages}
    return [section for section in reader.sections() if section.title in names]


def _full(graph: Graph, title: str) -> str:
    return f"{title}, input {', '.join(map(human_text, graph.inputs))}"


def _blocks(first: int, times: int) -> str:
    if times == 1:
        return f"block {first}"
    return f"blocks {first} {'and' if times == 2 else 'to'} {first + times - 1}"


def _shortcut(unit: Unit) -> Sequence[Node]:
    """Return the boxes on the shortcut of a residual block."""
    found = next((each for part in unit.parts if (each := residual(part))), None)
    return found.shortcut if found else ()


def _is_changed(unit: Unit) -> bool:
    return bool(_shortcut(unit))


def _shortcut_name(unit: Unit) -> str:
    if not _is_changed(unit):
        return "identity shortcut"
    match _shortcut(unit)[0].category:
        case Category.PAD:
            return "zero padding"
        case Category.POOL:
            return "average pool and 1x1 convolution"
    return "1x1 convolution shortcut"


def _telling(staged: Sequence[Section]) -> int:
    """Return the first stage with both kinds of block and a stride, or the nearest to that."""

    def score(number: int) -> tuple[bool, bool]:
        return len({_is_changed(unit) for unit in staged[number - 1].units}) == 2, number > 1

    return max(range(1, len(staged) + 1), key=score)


def _name(graph: Graph, path: str) -> str:
    """Return what a stage is called: its role, or its name with what a number is of."""
    role = next(module.role for module in graph.modules if module.path == path)
    around, _, name = path.rpartition(".")
    while around and name.split(".")[0].isdigit():
        around, _, last = around.rpartition(".")
        name = f"{last}.{name}"
    return role or name


class _Mode(NamedTuple):
    """Where parts stand: within the frame of a stage, or of a block."""

    is_framed: bool
    is_block: bool


class _Reader:
    """A graph's parts, grouped by the modules that they are of."""

    def __init__(self, graph: Graph, level: Level, *, folded: bool) -> None:
        self.graph = graph
        self.level = level
        self.folded = folded
        self.boxes = Boxes(graph, level)
        self.homes = Homes(graph, self.boxes.major, self.boxes.joins)

    def sections(self) -> list[Section]:
        """Return the stages, and what stands outside of them."""
        inputs = self.graph.inputs
        shape = human_text(inputs[0]) if len(inputs) == 1 else f"{len(inputs)} inputs"
        found: list[Section] = []
        was_block = False
        series = flow(*self.boxes.flow())
        for frame, run in groupby(series, lambda part: self._home(part).stage):
            parts = [*run]
            units = self._units(parts, shape, is_framed=bool(frame))
            shape = units[-1].output
            found.append(Section(self._title(frame, parts, units), units))
            is_block = bool(frame) and self.homes.of(frame).block == frame
            if self.folded and is_block and was_block and (folded := as_one(*found[-2:])):
                found[-2:] = [folded]
            was_block = is_block
        return found

    def _title(self, path: str, parts: Sequence[Component], units: Sequence[Unit]) -> str:
        """Return the title of a frame: of a module that is whole, and more than one box or pool.

        A stage has one however many boxes its blocks are.
        """
        if not path:
            return ""
        inside = [*nodes(parts), *joins(parts)]
        own = [node for node in inside if f"{node.path}.".startswith(f"{path}.")]
        whole = sum(node.category not in MINOR for node in own) >= self.homes.boxes[path]
        drawn = [node for unit in units for node in nodes(unit.parts)]
        is_stage = self.homes.of(path).block != path and path in self.homes.stages
        is_large = len(drawn) > 1 and any(node.category not in PLAIN for node in drawn)
        return _name(self.graph, path) if whole and (is_stage or is_large) else ""

    def _units(
        self, parts: Sequence[Component], shape: str, *, is_framed: bool
    ) -> tuple[Unit, ...]:
        """Return parts as units, a block one each, and identical neighbours as one."""
        units: list[Unit] = []
        for block, run in groupby(parts, lambda part: self._home(part).block):
            mode = _Mode(is_framed, is_block=bool(block))
            unit = Unit(self._parts([*run], shape, mode), shape)
            shape = unit.output
            if block and self.folded and units and drawn(units[-1]) == drawn(unit):
                unit = unit._replace(input=units[-1].input, times=units[-1].times + 1)
                units.pop()
            units.append(unit)
        return tuple(units)

    def _parts(self, parts: Iterable[Component], shape: str, mode: "_Mode") -> Series:
        """Return the parts of a unit, their arms grouped; in blocks layers in a row are a box."""
        found = self._each(parts, shape, mode)
        return merged(found) if mode.is_block and self.level is Level.BLOCKS else tuple(found)

    def _each(self, parts: Iterable[Component], shape: str, mode: "_Mode") -> list[Component]:
        found: list[Component] = []
        for part in parts:
            found.append(self._part(part, shape, mode))
            shape = shape_of((found[-1],))
        return found

    def _part(self, part: Component, shape: str, mode: "_Mode") -> Component:
        if isinstance(part, Node):
            return part
        if isinstance(part, Fork):
            arms = tuple(self._arm(arm, shape, mode) for arm in part.arms)
            fork = Fork(arms, part.join)
            return as_block(fork) if mode.is_block and self.level is Level.BLOCKS else fork
        if isinstance(part, Weave):
            vertices = tuple(self._arm(vertex, "", mode) for vertex in part.vertices)
            if mode.is_block and self.level is Level.BLOCKS:
                vertices = tuple(map(merged, vertices))
            return Weave(vertices, part.links, part.join)
        return part

    def _arm(self, arm: Series, shape: str, mode: "_Mode") -> Series:
        """Return an arm's parts; outside of a block its stages and blocks stand in it as units."""
        if mode.is_block:
            return tuple(self._each(arm, shape, mode))
        found: list[Component] = []
        for frame, run in groupby(arm, lambda part: self._home(part).stage):
            parts = [*run]
            units = self._units(parts, shape, is_framed=mode.is_framed or bool(frame))
            shape = units[-1].output
            title = "" if mode.is_framed else self._title(frame, parts, units)
            found.extend(titled(title, units))
        return tuple(found)

    def _home(self, part: Component) -> Home:
        """Return where a part is drawn: a fork where all that is in its arms is."""
        if isinstance(part, Node):
            return self.homes.of(part.path)
        homes = {self.homes.of(node.path) for each in inner(part) for node in nodes(each)}
        stages, blocks = ({home[i] for home in homes} for i in range(2))
        stage = stages.pop() if len(stages) == 1 else ""
        return Home(stage, blocks.pop() if len(blocks) == 1 and stage else "")
