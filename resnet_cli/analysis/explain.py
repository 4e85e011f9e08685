"""The arithmetic behind a table's numbers, with the numbers put in.

A formula is text that Python evaluates (`(56 + 2*1 - 3) // 2 + 1`), but for a sum of
shapes; what stands beside it is the table's own number, from the same `Summary`. People
read it with the signs of `pretty`.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from resnet_cli.analysis.infer import addends
from resnet_cli.analysis.summary import LayerRow, Summary
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
from resnet_cli.text import format_shape, nearest

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size

Rows: TypeAlias = Mapping[str, LayerRow]


class Quantity(NamedTuple):
    """One number of a layer: its name, how it comes about, and what the table says."""

    name: str
    formula: str
    value: "Size | Shape | None"


class Explanation(NamedTuple):
    """A layer's numbers; `text` says in words what the layer is."""

    path: str
    role: str
    type: str
    text: str
    quantities: tuple[Quantity, ...]


class Seen(NamedTuple):
    """What one pixel of a layer's input sees: its field, and the pixels between two of them."""

    field: int | None
    stride: int | None


def explain(tree: Sequential, summary: Summary) -> list[Explanation]:
    """Return every layer's arithmetic in the order of execution, sums after their parts."""
    rows = {row.path: row for row in summary.rows}
    return list(_in_a_row(tree.children, "", rows, Seen(1, 1)))


def pretty(formula: str) -> str:
    """Return a formula with the multiplication dot and the minus sign of print."""
    return formula.replace("*", "\N{MIDDLE DOT}").replace("-", "\N{MINUS SIGN}")


def select(explanations: Sequence[Explanation], words: Sequence[str]) -> list[Explanation]:
    """Return what the words name: a path with all below it, a role, or a type.

    Without words everything. Raises `ValueError` with the nearest name for an unknown one.
    """
    for word in words:
        if not any(_is_named(explanation, word) for explanation in explanations):
            paths = [explanation.path for explanation in explanations]
            others = sorted({name for e in explanations for name in (e.role, e.type)})
            raise ValueError(
                f"{word!r} is no layer's path, role or type"
                f"{nearest(word, paths) or nearest(word, others)}; "
                "'resnet-shapes --depth all' lists them"
            )
    return [e for e in explanations if not words or any(_is_named(e, word) for word in words)]


def _is_named(explanation: Explanation, word: str) -> bool:
    path = f"{explanation.path}."
    return path.startswith(f"{word}.") or _bare(word) in (
        _bare(explanation.role),
        _bare(explanation.type),
    )


def _bare(name: str) -> str:
    return name.lower().replace(" ", "").replace("-", "").replace("_", "")


def _in_a_row(
    children: Sequence[tuple[str, Layer]], prefix: str, rows: Rows, seen: Seen
) -> Iterator[Explanation]:
    """Explain layers that follow one another."""
    for name, layer in children:
        yield from _visit(layer, prefix + name, rows, seen)
        row = rows[prefix + name]
        seen = Seen(row.receptive_field, row.stride)


def _visit(layer: Layer, path: str, rows: Rows, seen: Seen) -> Iterator[Explanation]:
    row, prefix = rows[path], f"{path}."
    if isinstance(layer, Sequential):
        yield from _in_a_row(layer.children, prefix, rows, seen)
    elif isinstance(layer, Residual):
        yield from _in_a_row(layer.main, prefix, rows, seen)
        yield from _in_a_row(tuple(layer.beside()), prefix, rows, seen)
    text, quantities = _arithmetic(layer, row, rows, seen)
    yield Explanation(path, row.role, row.type, f"{row.type}{text}", tuple(quantities))


def _arithmetic(
    layer: Layer, row: LayerRow, rows: Rows, seen: Seen
) -> tuple[str, Iterator[Quantity]]:
    """Return what follows a layer's type in its headline, and its quantities."""
    match layer:
        case Conv2d():
            groups = f", groups {layer.groups}" if layer.groups != 1 else ""
            return _window(layer) + groups, _convolution(layer, row, seen)
        case MaxPool2d():
            return _window(layer), _pooling(layer, row, seen)
        case BatchNorm2d():
            return ", learned scale and shift", _norm(layer, row)
        case ReLU():
            return ", the shape stays", iter(())
        case AdaptiveAvgPool2d():
            return f" to {format_shape(layer.output_size)}", _average(row)
        case Flatten():
            return "", _flat(row)
        case Linear():
            return f" {layer.in_features} to {layer.out_features}", _linear(layer, row)
        case Residual():
            return f", main path + {_shortcut(layer)}", _addition(layer, row, rows, seen)
        case Sequential():
            return ", the sum of its layers", _sums(layer, row, rows)


def _window(layer: Conv2d | MaxPool2d) -> str:
    size = layer.kernel_size
    return f" {size}x{size}, stride {layer.stride}, padding {layer.padding}"


def _convolution(layer: Conv2d, row: LayerRow, seen: Seen) -> Iterator[Quantity]:
    out, kernel, groups = layer.out_channels, layer.kernel_size, layer.groups
    inner = str(layer.in_channels) if groups == 1 else f"({layer.in_channels} // {groups})"
    weights = f"{inner}*{kernel}*{kernel}"
    batch, _, height, width = row.output_shape
    yield from _sliding(row)
    yield Quantity("params", f"{out}*{weights}" + (f" + {out}" if layer.bias else ""), row.params)
    yield Quantity("MACs", f"{_times(batch)}{out}*{height}*{width} * {weights}", row.macs)
    yield _field(row, seen)


def _pooling(layer: MaxPool2d, row: LayerRow, seen: Seen) -> Iterator[Quantity]:
    yield from _sliding(row)
    yield _field(row, seen)


def _norm(layer: BatchNorm2d, row: LayerRow) -> Iterator[Quantity]:
    yield Quantity("params", f"2*{layer.num_features}", row.params)
    yield Quantity("buffers", f"2*{layer.num_features} + 1", row.buffers)


def _average(row: LayerRow) -> Iterator[Quantity]:
    height, width = row.input_shape[2:]
    yield Quantity("averaged", f"{height}*{width}", height * width)
    yield Quantity("field", "", None)


def _flat(row: LayerRow) -> Iterator[Quantity]:
    yield Quantity("features", "*".join(map(str, row.input_shape[1:])), row.output_shape[1])


def _linear(layer: Linear, row: LayerRow) -> Iterator[Quantity]:
    weights = f"{layer.out_features}*{layer.in_features}"
    yield Quantity("params", f"{weights} + {layer.out_features}", row.params)
    yield Quantity("MACs", f"{_times(row.output_shape[0])}{weights}", row.macs)


def _shortcut(block: Residual) -> str:
    if block.shortcut is None:
        return "identity"
    is_pad = isinstance(block.shortcut[1], PadShortcut)
    return "strided identity, zeros for new channels" if is_pad else "projection"


def _addition(block: Residual, row: LayerRow, rows: Rows, seen: Seen) -> Iterator[Quantity]:
    """Explain where the branches meet: two equal shapes, the larger of the two fields."""
    side = seen.field
    if block.shortcut is not None:
        name, layer = block.shortcut
        if isinstance(layer, PadShortcut):
            added = layer.out_channels - layer.in_channels
            yield Quantity("channels", f"{layer.in_channels} + {added}", layer.out_channels)
        else:
            side = rows[f"{row.path}.{name}"].receptive_field
    shapes = map(format_shape, addends(block, row.input_shape))
    yield Quantity("shape", " + ".join(shapes), row.output_shape)
    yield from _sums(block, row, rows)
    main = rows[f"{row.path}.{block.main[-1][0]}"].receptive_field
    yield Quantity("field", f"max({main}, {side})", row.receptive_field)


def _sums(layer: Sequential | Residual, row: LayerRow, rows: Rows) -> Iterator[Quantity]:
    """Explain a container's counts; a term that follows its equal is multiplied."""
    children = (*layer.main, *layer.beside()) if isinstance(layer, Residual) else layer.children
    parts = [rows[f"{row.path}.{name}"] for name, _ in children]
    yield Quantity("params", _sum([part.params for part in parts]), row.params)
    yield Quantity("MACs", _sum([part.macs for part in parts]), row.macs)


def _sum(terms: "Sequence[Size]") -> str:
    runs = [(term, len(list(run))) for term, run in groupby(filter(None, terms))]
    return " + ".join(f"{n}*{term}" if n > 1 else str(term) for term, n in runs) or "0"


def _sliding(row: LayerRow) -> Iterator[Quantity]:
    """Explain a window's output size; the width only where it is not the height."""
    assert row.window is not None
    kernel, stride, padding = row.window
    sizes = row.input_shape[2:]
    names = ("height", "width") if sizes[0] != sizes[1] else ("height",)
    for name, size, out in zip(names, sizes, row.output_shape[2:], strict=False):
        yield Quantity(name, f"({size} + 2*{padding} - {kernel}) // {stride} + 1", out)


def _field(row: LayerRow, seen: Seen) -> Quantity:
    assert row.window is not None
    formula = f"{seen.field} + ({row.window[0]} - 1)*{seen.stride}"
    return Quantity("field", formula, row.receptive_field)


def _times(batch: "Size") -> str:
    return f"{batch}*" if batch != 1 else ""
