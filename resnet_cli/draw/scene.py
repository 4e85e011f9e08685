"""What a figure of a network shows, before it has a place: steps, units, sections.

`layout.py` gives it places on a page; `mermaid.py` writes it as text.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from resnet_cli.analysis.network import Network
from resnet_cli.draw.style import Kind
from resnet_cli.family import tree as resnet
from resnet_cli.graph.layers import (
    AdaptiveAvgPool2d,
    BatchNorm2d,
    Conv2d,
    Flatten,
    Layer,
    Linear,
    MaxPool2d,
    PadShortcut,
    ReLU,
    Residual,
    Sequential,
    Shape,
)
from resnet_cli.text import format_shape


class Level(StrEnum):
    """How much of a block a figure shows."""

    BLOCKS = "a box a block"
    CONVOLUTIONS = "a box a convolution"
    LAYERS = "a box a layer"


class Step(NamedTuple):
    """One box: what it says and the shape that leaves it."""

    text: str
    kind: Kind
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


def network(source: Network, level: Level, *, folded: bool) -> Scene:
    """Return the whole network: stem, stages, head."""
    shape = source.config.input
    sections: list[Section] = []
    loose: list[Step] = []
    for (_, layer), role in zip(source.tree.children, resnet.roles(source.config), strict=True):
        if role.startswith("stage") and isinstance(layer, Sequential):
            units, shape = _stage(layer, shape, level, folded=folded)
            sections.append(Section(role, units))
        else:
            entry = format_shape(shape)
            steps, shape = _plain(layer, shape, level)
            loose.extend(steps)
            if role in ("stem", "head"):
                first = format_shape(source.config.input) if role == "stem" else entry
                sections.append(Section("", (Unit(tuple(loose), first),)))
                loose = []
    return Scene(_title(source), tuple(sections), note=NOTE)


def stage(source: Network, number: int | None, *, folded: bool) -> Scene:
    """Return a stage's kinds of block in a row; by default the one that shows most."""
    number = number or _telling(source)
    units = _units(source, number, folded=folded)
    sections, first = [], 1
    for unit in units:
        sections.append(Section(_blocks(first, unit.times), (unit,)))
        first += unit.times
    title = f"{_title(source)}: stage {number}"
    return Scene(title, tuple(sections), columns=len(units) <= 4)


def block(source: Network, number: int | None) -> Scene:
    """Return the kinds of residual block beside each other: identity, and changed shape."""
    numbers = (number,) if number else range(1, len(source.config.blocks) + 1)
    kinds: dict[bool, Section] = {}
    for each in sorted(numbers, key=lambda n: n != _telling(source)):
        first = 1
        for unit in _units(source, each, folded=True):
            where = f"{_shortcut_name(unit)}\nstage {each}, {_blocks(first, unit.times)}"
            kinds.setdefault(bool(unit.shortcut), Section(where, (unit._replace(times=1),)))
            first += unit.times
    sections = tuple(kinds[is_changed] for is_changed in sorted(kinds))
    return Scene(_title(source), sections, chained=False, columns=True)


def _title(source: Network) -> str:
    return f"{source.summary.name}, input {format_shape(source.config.input)}"


def _blocks(first: int, times: int) -> str:
    if times == 1:
        return f"block {first}"
    return f"blocks {first} {'and' if times == 2 else 'to'} {first + times - 1}"


def _shortcut_name(unit: Unit) -> str:
    if not unit.shortcut:
        return "identity shortcut"
    return "zero padding" if unit.shortcut[0].kind is Kind.PAD else "1x1 convolution shortcut"


def _telling(source: Network) -> int:
    """Return the first stage with both kinds of block and a stride, or the nearest to that."""

    def score(number: int) -> tuple[bool, bool]:
        units = _units(source, number, folded=True)
        return len({bool(unit.shortcut) for unit in units}) == 2, number > 1

    return max(range(1, len(source.config.blocks) + 1), key=score)


def _units(source: Network, number: int, *, folded: bool) -> tuple[Unit, ...]:
    """Return a stage's units, every layer drawn."""
    layer = source.tree.children[number][1]
    row = next(row for row in source.summary.rows if row.path == str(number))
    if not isinstance(layer, Sequential):  # pragma: no cover - the tree has its stages there
        raise TypeError(f"layer {number} is no stage")
    return _stage(layer, row.input_shape, Level.LAYERS, folded=folded)[0]


def _stage(
    layer: Sequential, shape: Shape, level: Level, *, folded: bool
) -> tuple[tuple[Unit, ...], Shape]:
    """Return a stage's blocks, identical neighbours as one, and the shape that leaves it."""
    blocks: list[tuple[Residual, Shape]] = []
    for _, child in layer.children:
        if isinstance(child, Residual):
            blocks.append((child, shape))
            shape = _through([inner for _, inner in child.main], shape)
    # Equal values, and the tree shares them: comparing is cheap.
    runs = [(key, len(list(run))) for key, run in groupby(blocks)]
    if not folded:
        runs = [(key, 1) for key in blocks]
    return tuple(_unit(key[0], key[1], level, times) for key, times in runs), shape


def _unit(residual: Residual, shape: Shape, level: Level, times: int) -> Unit:
    main: list[Layer] = []
    for _, layer in residual.main:
        main.append(layer)
        if isinstance(layer, BatchNorm2d):
            main.append(ReLU())
    # The last ReLU of a block stands behind the addition (He et al. 2015, figure 2).
    steps, out = _steps(main[:-1], shape, level)
    shortcut: Sequence[Step] = ()
    if residual.shortcut is not None:
        beside = residual.shortcut[1]
        inner = [c for _, c in beside.children] if isinstance(beside, Sequential) else [beside]
        shortcut, _ = _steps(inner, shape, level)
    if level is Level.BLOCKS:
        text = " · ".join(step.text.replace(" conv", "") for step in steps)
        steps = [Step(text, Kind.BLOCK, format_shape(out))]
    after, _ = _steps([ReLU()], out, level)
    return Unit(tuple(steps), format_shape(shape), True, tuple(shortcut), tuple(after), times)


def _plain(layer: Layer, shape: Shape, level: Level) -> tuple[list[Step], Shape]:
    """Return the steps of the stem or of one layer of the head."""
    inner = [child for _, child in layer.children] if isinstance(layer, Sequential) else [layer]
    return _steps(inner, shape, level)


def _steps(
    layers: Sequence[Layer | PadShortcut], shape: Shape, level: Level
) -> tuple[list[Step], Shape]:
    """Return the boxes of layers, norms and ReLUs only where every layer is drawn."""
    steps = []
    for layer in layers:
        shape = _through([layer], shape)
        text, kind = _words(layer)
        if level is Level.LAYERS or kind not in (Kind.NORM, Kind.RELU):
            steps.append(Step(text, kind, format_shape(shape)))
    return steps, shape


def _through(layers: Sequence[Layer | PadShortcut], shape: Shape) -> Shape:
    for layer in layers:
        if not isinstance(layer, Sequential | Residual):
            shape = layer.facts(shape).output_shape
    return shape


def _words(layer: Layer | PadShortcut) -> tuple[str, Kind]:
    """Return what a layer's box says, in the notation of He et al. 2015, figure 3."""
    match layer:
        case Conv2d(_, out, kernel, stride, _, groups):
            text = f"{kernel}x{kernel} conv, {out}{_over(stride)}"
            return text + (f", {groups} groups" if groups != 1 else ""), Kind.CONV
        case MaxPool2d(kernel, stride):
            return f"{kernel}x{kernel} max pool{_over(stride)}", Kind.POOL
        case PadShortcut(_, out, stride):
            return f"zero-pad, {out}{_over(stride)}", Kind.PAD
        case Linear(_, out):
            return f"linear, {out}", Kind.LINEAR
        case AdaptiveAvgPool2d():
            return "global average pool", Kind.POOL
        case Flatten():
            return "flatten", Kind.FLATTEN
        case BatchNorm2d():
            return "batch norm", Kind.NORM
        case _:
            return "ReLU", Kind.RELU


def _over(stride: int) -> str:
    return f", /{stride}" if stride != 1 else ""
