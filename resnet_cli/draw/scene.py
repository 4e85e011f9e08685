"""What a figure of a network shows, before it has a place: steps, units, sections.

`layout.py` gives it places on a page; `mermaid.py` writes it as text.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple, TypeAlias

from resnet_cli.draw.style import Category
from resnet_cli.draw.words import over, words
from resnet_cli.graph.branches import branches
from resnet_cli.graph.graph import Graph, Module, Value, children, infer
from resnet_cli.graph.kinds import Kind, Shape
from resnet_cli.graph.moves import Pad, Subsample
from resnet_cli.text import format_shape


class Level(StrEnum):
    """How much of a block a figure shows."""

    BLOCKS = "a box a block"
    CONVOLUTIONS = "a box a convolution"
    LAYERS = "a box a layer"


class Step(NamedTuple):
    """One box: what it says and the shape that leaves it."""

    text: str
    category: Category
    shape: str


class Unit(NamedTuple):
    """Steps one after another; in a residual unit a shortcut leads around them.

    `shortcut` is empty for the identity; `after` stands behind the addition; `times` counts
    the identical neighbours that the unit stands for.
    """

    steps: tuple[Step, ...]
    input: str
    residual: bool = False
    shortcut: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()
    times: int = 1

    @property
    def output(self) -> str:
        """The shape that leaves the unit."""
        return self.steps[-1].shape

    @property
    def repeats(self) -> str:
        """How often the unit stands there, for people."""
        return f"\N{MULTIPLICATION SIGN} {self.times}"


class Section(NamedTuple):
    """Units that belong together: a stage, or the stem; only a stage has a frame and a title."""

    title: str
    units: tuple[Unit, ...]


class Scene(NamedTuple):
    """A whole figure. Without `chained` each section is a picture of its own.

    `columns` puts every section into a column of its own.
    """

    title: str
    sections: tuple[Section, ...]
    chained: bool = True
    columns: bool = False
    note: str = ""

    def steps(self) -> Iterator[Step]:
        """Give every box once."""
        for section in self.sections:
            for unit in section.units:
                yield from (*unit.steps, *unit.shortcut, *unit.after)


NOTE = "Batch norms and ReLUs are not drawn."


Signature: TypeAlias = tuple[tuple[Kind, tuple[tuple[int, int], ...], tuple[Shape, ...]], ...]
"""What a block does, wherever it stands: kinds, inputs counted from its first, shapes."""


def network(graph: Graph, title: str, level: Level, *, folded: bool) -> Scene:
    """Return the whole network: stages, and what stands before, between and behind them."""
    boxes = _Boxes(graph, level)
    sections: list[Section] = []
    first = len(graph.inputs)
    for each in stages(graph):
        sections.extend(boxes.loose(first, each.calls[0].first))
        sections.append(Section(each.role, boxes.units(each, folded=folded)))
        first = _end(each)
    sections.extend(boxes.loose(first, len(graph.operations)))
    return Scene(_full(graph, title), tuple(sections), note=NOTE)


def stage(graph: Graph, title: str, number: int | None, *, folded: bool) -> Scene:
    """Return a stage's kinds of block in a row; by default the one that shows most."""
    number = number or _telling(graph)
    units = _units(graph, number, folded=folded)
    sections, first = [], 1
    for unit in units:
        sections.append(Section(_blocks(first, unit.times), (unit,)))
        first += unit.times
    title = f"{_full(graph, title)}: stage {number}"
    return Scene(title, tuple(sections), columns=len(units) <= 4)


def block(graph: Graph, title: str, number: int | None) -> Scene:
    """Return the kinds of residual block beside each other: identity, and changed shape."""
    numbers = (number,) if number else range(1, len(stages(graph)) + 1)
    telling, kinds = _telling(graph), dict[bool, Section]()
    for each in sorted(numbers, key=lambda n: n != telling):
        first = 1
        for unit in _units(graph, each, folded=True):
            where = f"{_shortcut_name(unit)}\nstage {each}, {_blocks(first, unit.times)}"
            kinds.setdefault(bool(unit.shortcut), Section(where, (unit._replace(times=1),)))
            first += unit.times
    sections = tuple(kinds[is_changed] for is_changed in sorted(kinds))
    return Scene(_full(graph, title), sections, chained=False, columns=True)


def stages(graph: Graph) -> list[Module]:
    """Return the network's stages: its own modules of that role."""
    own = children(graph.modules).get("", ())
    return [module for module in own if module.role.startswith("stage") and not module.is_leaf]


def _full(graph: Graph, title: str) -> str:
    return f"{title}, input {', '.join(map(format_shape, graph.inputs))}"


def _blocks(first: int, times: int) -> str:
    if times == 1:
        return f"block {first}"
    return f"blocks {first} {'and' if times == 2 else 'to'} {first + times - 1}"


def _shortcut_name(unit: Unit) -> str:
    if not unit.shortcut:
        return "identity shortcut"
    is_padded = unit.shortcut[0].category is Category.PAD
    return "zero padding" if is_padded else "1x1 convolution shortcut"


def _telling(graph: Graph) -> int:
    """Return the first stage with both kinds of block and a stride, or the nearest to that."""

    def score(number: int) -> tuple[bool, bool]:
        units = _units(graph, number, folded=True)
        return len({bool(unit.shortcut) for unit in units}) == 2, number > 1

    return max(range(1, len(stages(graph)) + 1), key=score)


def _units(graph: Graph, number: int, *, folded: bool) -> tuple[Unit, ...]:
    """Return a stage's units, every layer drawn."""
    return _Boxes(graph, Level.LAYERS).units(stages(graph)[number - 1], folded=folded)


def _end(module: Module) -> int:
    """Return the operation behind a module's last."""
    gives = module.calls[0].gives
    assert isinstance(gives, Value)
    return gives.operation + 1


class _Boxes:
    """A graph's operations as boxes, norms and ReLUs only where every layer is drawn."""

    def __init__(self, graph: Graph, level: Level) -> None:
        self.graph = graph
        self.level = level
        self.facts = infer(graph)
        self.below = children(graph.modules)

    def loose(self, first: int, end: int) -> list[Section]:
        """Return what stands outside of the stages as a section, if there is anything."""
        if first == end:
            return []
        unit = Unit(self._steps(range(first, end)), self._input(first))
        return [Section("", (unit,))]

    def units(self, stage: Module, *, folded: bool) -> tuple[Unit, ...]:
        """Return a stage's blocks, identical neighbours as one."""
        blocks = self.below[stage.path]
        runs = [[*run] for _, run in groupby(blocks, self._signature)]
        if not folded:
            runs = [[block] for block in blocks]
        return tuple(self._unit(run[0], len(run)) for run in runs)

    def _signature(self, block: Module) -> Signature:
        first, end = block.calls[0].first, _end(block)
        return tuple(
            (
                kind,
                tuple((value - first, output) for value, output in inputs),
                (*map(self._shape, inputs), *self.facts[index].outputs),
            )
            for index, (kind, inputs, _, _) in enumerate(self.graph.operations[first:end], first)
        )

    def _unit(self, block: Module, times: int) -> Unit:
        first, entry = block.calls[0].first, self._input(block.calls[0].first)
        found = branches(self.graph, block)
        if found is None:
            return Unit(self._steps(range(first, _end(block))), entry, times=times)
        steps, shortcut = self._steps(found.main), self._steps(found.side)
        if self.level is Level.BLOCKS:
            text = " · ".join(step.text.replace(" conv", "") for step in steps)
            steps = (Step(text, Category.BLOCK, steps[-1].shape),)
        return Unit(steps, entry, True, shortcut, self._steps(found.after), times)

    def _steps(self, indices: Sequence[int]) -> tuple[Step, ...]:
        """Return the boxes of operations one after another."""
        steps, stride = [], ""
        for index in indices:
            kind, (out, *_) = self.graph.operations[index].kind, self.facts[index].outputs
            if isinstance(kind, Subsample) and self._is_before_pad(index):
                stride = over(kind.stride)  # one box for both: they are one shortcut
                continue
            text, _, category = words(kind, out)
            if self.level is Level.LAYERS or category not in (Category.NORM, Category.RELU):
                steps.append(Step(text + stride, category, format_shape(out)))
            stride = ""
        return tuple(steps)

    def _is_before_pad(self, index: int) -> bool:
        following = self.graph.operations[index + 1 : index + 2]
        return any(isinstance(op.kind, Pad) and op.inputs == (Value(index),) for op in following)

    def _input(self, index: int) -> str:
        """Return the shape that an operation takes."""
        return format_shape(self._shape(self.graph.operations[index].inputs[0]))

    def _shape(self, value: Value) -> Shape:
        return self.facts[value.operation].outputs[value.output]
