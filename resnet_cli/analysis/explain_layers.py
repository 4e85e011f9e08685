"""The arithmetic behind one layer's numbers: a rule with names for each, and the numbers put in.

Names are those of PyTorch's arguments and of papers: of a window kernel k, stride s, padding p and
dilation d; `in` and `out` are channels or features. The map that comes in has sides H and W, each
element of it sees r of the network's input, and two neighbours are j apart there (Araujo, Norris,
Sim 2019).
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, TypeAlias

from resnet_cli.analysis.explanation import Quantity, ruled
from resnet_cli.analysis.summary import LayerRow
from resnet_cli.analysis.walk import Sight
from resnet_cli.graph.filters import ConvTranspose
from resnet_cli.graph.kinds import Facts, Kind
from resnet_cli.graph.matmul import MultiheadAttention
from resnet_cli.graph.moves import Flatten
from resnet_cli.graph.pointwise import BatchNorm, ReLU
from resnet_cli.graph.pooling import AdaptiveAvgPool, AvgPool, MaxPool
from resnet_cli.graph.products import Conv, Linear
from resnet_cli.text import format_shape

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size

Filter: TypeAlias = Conv | ConvTranspose
Pool: TypeAlias = MaxPool | AvgPool

LEGEND = (
    "k kernel, s stride, p padding, d dilation. H, W: the sides of the map that comes in, of which "
    "an element sees r pixels of the input, and its neighbour stands j on."
)
"""What the names in the rules of windows are."""


def arithmetic(kind: Kind, row: LayerRow, seen: Sight, macs: str) -> tuple[str, Iterator[Quantity]]:
    """Return what follows a layer's type in its headline, and its quantities; `macs` is a formula.

    Of a kind without a case here the counts stand without a formula.
    """
    match kind:
        case Conv():
            return _window(kind) + _grouped(kind), _convolution(kind, row, seen)
        case ConvTranspose():
            return _window(kind) + _grouped(kind), _spread(kind, row)
        case MultiheadAttention(width, heads):
            return f" {width}, {heads} heads", _attention(kind, row, macs)
        case MaxPool() | AvgPool():
            return _window(kind), _pooling(kind, row, seen)
        case BatchNorm():
            return ", learned scale and shift" if kind.affine else "", _norm(kind, row)
        case ReLU():
            return ", the shape stays", iter(())
        case AdaptiveAvgPool() if {*kind.output_size} == {1}:
            return f" to {format_shape(kind.output_size)}", _average(row)
        case Flatten():
            return "", _flat(kind, row)
        case Linear():
            return f" {_features(kind, row)} to {kind.out_features}", _linear(kind, row)
    return "", counts(row, macs)


def held(facts: Facts, found: Iterator[Quantity]) -> Iterator[Quantity]:
    """Give quantities, without a formula where one call of the kind is not all that counts.

    Weights may be tied or parametrised, and a module may run several times.
    """
    ones = {"params": facts.params, "buffers": facts.buffer_elements, "MACs": facts.macs}
    for each in found:
        differs = each.name in ones and each.value != ones[each.name]
        yield each._replace(formula="", rule="") if differs else each


def trained(row: LayerRow, found: Iterator[Quantity]) -> Iterator[Quantity]:
    """Give quantities, of a layer's parameters those that train; the frozen ones apart."""
    for each in found:
        if each.name != "params" or not row.frozen:
            yield each
            continue
        rule = each.rule and f"{each.rule} - frozen"
        formula = each.formula and f"{each.formula} - {row.frozen}"
        yield each._replace(rule=rule, formula=formula, value=row.params)
        yield Quantity("frozen", "", row.frozen)


def counts(row: LayerRow, macs: str = "") -> Iterator[Quantity]:
    """Give what a layer holds, where no arithmetic says how that comes about, and multiplies."""
    found = (("params", "", row.params), ("buffers", "", row.buffers), ("MACs", macs, row.macs))
    yield from (Quantity(*each) for each in found if each[-1])


def known(row: LayerRow, found: Iterator[Quantity]) -> Iterator[Quantity]:
    """Give the quantities whose value is known, and a field of the whole input without a rule."""
    for each in found:
        if each.value is not None:
            yield each
        elif each.name == "field" and row.is_global:
            yield Quantity("field", "", None)


def sees(kind: Kind, row: LayerRow, given: Sight) -> str:
    """Say what one element sees that a window gives: here, and of the network's input."""
    if not isinstance(kind, Conv | Pool):
        return ""
    channels = row.input_shape[1]
    if not isinstance(kind, Conv) or kind.groups == channels:
        depth = "its channel"
    elif kind.groups == 1:
        depth = f"each of {channels} channels"
    else:
        depth = f"each of the {int(channels) // kind.groups} channels of its group"
    apart = getattr(kind, "dilation", (1,))
    spread = f", {_sides(apart)} apart," if {*apart} != {1} else ""
    text = f"{format_shape(kind.kernel)}{spread} of {depth}"
    if not given.field:
        return text
    field, stride = format_shape(given.field), _sides(given.stride)
    return f"{text}; {field} of the network's input, the next one {stride} on"


def _window(kind: Filter | Pool) -> str:
    stride, padding = _sides(kind.stride), _sides(kind.padding)
    text = f" {format_shape(kind.kernel)}, stride {stride}, padding {padding}"
    dilation = getattr(kind, "dilation", (1,))
    return text + (f", dilation {_sides(dilation)}" if {*dilation} != {1} else "")


def _grouped(kind: Filter) -> str:
    return f", groups {kind.groups}" if kind.groups != 1 else ""


def _sides(sides: Sequence[int]) -> str:
    """Write the number that all sides share, or each."""
    return str(sides[0]) if len({*sides}) == 1 else format_shape(sides)


_AXES = (("L",), ("H", "W"), ("D", "H", "W"))
_WORDS = {"L": "length", "D": "depth", "H": "height", "W": "width"}


def _convolution(kind: Conv, row: LayerRow, seen: Sight) -> Iterator[Quantity]:
    batch, channels, *_ = row.input_shape
    axes = _AXES[len(kind.kernel) - 1]
    inner = "in" if kind.groups == 1 else "(in // groups)"
    kernel, numbers = _kernel(kind, axes)
    numbers |= {"N": batch, "in": channels, "out": kind.out_channels, "groups": kind.groups}
    numbers |= {f"{axis}_out": size for axis, size in zip(axes, row.output_shape[2:], strict=True)}
    yield from _sliding(kind, row)
    yield _params(f"out*{inner}*{kernel}", numbers, row, has_bias=kind.bias)
    sizes = "*".join(f"{axis}_out" for axis in axes)
    yield ruled("MACs", f"N*out*{sizes} * {inner}*{kernel}", numbers, row.macs)
    yield from _field(kind, row, seen)


def _spread(kind: ConvTranspose, row: LayerRow) -> Iterator[Quantity]:
    """Explain a transposed convolution; a side only where it is not as the first."""
    batch, channels, *sizes = row.input_shape
    axes = _AXES[len(kind.kernel) - 1]
    sides = [*zip(sizes, *kind[1:6], strict=True)]
    for axis, side, out in zip(axes, sides, row.output_shape[2:], strict=True):
        if side != sides[0] or axis == axes[0]:
            numbers = dict(zip((axis, "k", "s", "p", "o", "d"), side, strict=True))
            reach = "k - 1" if numbers["d"] == 1 else "d*(k - 1)"
            more = " + o" if numbers["o"] else ""
            rule = f"{axis}_out = ({axis} - 1)*s - 2*p + {reach}{more} + 1"
            note = "o: output padding" if more else ""
            yield ruled(_WORDS[axis], rule, numbers, out, note)
    inner = "out" if kind.groups == 1 else "(out // groups)"
    kernel, values = _kernel(kind, axes)
    values |= {"N": batch, "in": channels, "out": kind.out_channels, "groups": kind.groups}
    values |= dict(zip(axes, sizes, strict=True))
    yield _params(f"in*{inner}*{kernel}", values, row, has_bias=kind.bias)
    yield ruled("MACs", f"N*in*{'*'.join(axes)} * {inner}*{kernel}", values, row.macs)


def _kernel(kind: Filter, axes: Sequence[str]) -> "tuple[str, dict[str, Size]]":
    """Return a kernel's elements as a product of names, and the number for each."""
    if len({*kind.kernel}) == 1:
        return "*".join("k" for _ in axes), {"k": kind.kernel[0]}
    names = [f"k_{axis}" for axis in axes]
    return "*".join(names), dict(zip(names, kind.kernel, strict=True))


def _params(weights: str, numbers: "dict[str, Size]", row: LayerRow, *, has_bias: bool) -> Quantity:
    """Explain a filter's parameters: its weights, and a bias for each output."""
    rule = f"{weights} + bias" if has_bias else weights
    return ruled("params", rule, {**numbers, "bias": numbers["out"]}, row.params)


def _attention(kind: MultiheadAttention, row: LayerRow, macs: str) -> Iterator[Quantity]:
    """Explain attention with its four projections: of query, key, value, and what they give."""
    bias = " + 4*E" if kind.bias else ""
    yield ruled("params", f"4*E*E{bias}", {"E": kind.width}, row.params)
    yield Quantity("MACs", macs, row.macs)


def _pooling(kind: Pool, row: LayerRow, seen: Sight) -> Iterator[Quantity]:
    yield from _sliding(kind, row)
    yield from _field(kind, row, seen)


def _norm(kind: BatchNorm, row: LayerRow) -> Iterator[Quantity]:
    numbers = {"in": row.input_shape[1]}
    if kind.affine:
        yield ruled("params", "2*in", numbers, row.params)
    if kind.track_running_stats:
        yield ruled("buffers", "2*in + 1", numbers, row.buffers)


def _average(row: LayerRow) -> Iterator[Quantity]:
    sizes = row.input_shape[2:]
    axes = _AXES[len(sizes) - 1]
    yield ruled("averaged", "*".join(axes), dict(zip(axes, sizes, strict=True)), prod(sizes))
    yield Quantity("field", "", None)


def _flat(kind: Flatten, row: LayerRow) -> Iterator[Quantity]:
    rank = len(row.input_shape)
    start, end = kind.start_dim % rank, kind.end_dim % rank + 1
    names = ["N", "C", *_AXES[rank - 3]] if 2 < rank < 6 else []
    formula = "*".join(format_shape([size]) for size in row.input_shape[start:end])
    yield Quantity("features", formula, row.output_shape[start], "*".join(names[start:end]))


def _linear(kind: Linear, row: LayerRow) -> Iterator[Quantity]:
    numbers: dict[str, Size] = {"in": _features(kind, row), "out": kind.out_features}
    yield _params("out*in", numbers, row, has_bias=kind.bias)
    *others, _ = row.output_shape
    names = ["N", *(f"L_{number}" for number in range(1, len(others)))][: len(others)]
    numbers |= dict(zip(names, others, strict=True))
    yield ruled("MACs", "*".join((*names, "out", "in")), numbers, row.macs)


def _features(kind: Linear, row: LayerRow) -> "Size":
    """Return how many features go in: what a formula of the map's size has to come to."""
    return row.input_shape[-1] if kind.in_features is None else kind.in_features


def _sliding(kind: Conv | Pool, row: LayerRow) -> Iterator[Quantity]:
    """Explain a window's output size; a side only where it is not as the first."""
    sides, axes = len(kind.kernel), _AXES[len(kind.kernel) - 1]
    dilation = getattr(kind, "dilation", (1,) * sides)
    extra = kind.window.extra or (0,) * sides
    given = zip(
        row.input_shape[2:], kind.kernel, kind.stride, kind.padding, dilation, extra, strict=True
    )
    first = None
    for axis, side, out in zip(axes, given, row.output_shape[2:], strict=True):
        if side != first:
            numbers = dict(zip((axis, "k", "s", "p", "d", "more"), side, strict=True))
            reach = "k" if numbers["d"] == 1 else "d*(k - 1) - 1"
            over = f"({axis} + 2*p - {reach}{' + more' if numbers['more'] else ''})"
            rule = f"{axis}_out = floor({over}/s) + 1"
            note = "more: ceil_mode's min(s - 1, k - p - 1)" if numbers["more"] else ""
            yield ruled(_WORDS[axis], rule, numbers, out, note)
        first = first or side


def _field(kind: Conv | Pool, row: LayerRow, seen: Sight) -> Iterator[Quantity]:
    """Explain the receptive field, of two sides the larger, where it is known."""
    dilation = getattr(kind, "dilation", (1,) * len(kind.kernel))
    sides = zip(seen.field, kind.kernel, dilation, seen.stride, strict=False)
    largest = max(sides, key=lambda side: side[0] + side[2] * (side[1] - 1) * side[3], default=None)
    if largest is not None:
        numbers = dict(zip(("r", "k", "d", "j"), largest, strict=True))
        times = "" if numbers["d"] == 1 else "d*"
        yield ruled("field", f"r + {times}(k - 1)*j", numbers, row.receptive_field)
