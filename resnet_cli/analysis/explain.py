"""The arithmetic behind a table's numbers, with the numbers put in.

A formula is text that Python evaluates (`(56 + 2*1 - 3) // 2 + 1`), but for a sum of
shapes; what stands beside it is the table's own number, from the same `Summary`. People
read it with the signs of `pretty`.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import prod
from typing import TYPE_CHECKING

from resnet_cli.analysis.explain_products import product, products
from resnet_cli.analysis.explanation import Explanation, Quantity
from resnet_cli.analysis.paths import suggestion
from resnet_cli.analysis.rows import FUNCTION, ROOT
from resnet_cli.analysis.summary import LayerRow, Summary
from resnet_cli.analysis.walk import Sight, Walk, walk
from resnet_cli.graph.branches import Branches, branches
from resnet_cli.graph.filters import ConvTranspose
from resnet_cli.graph.graph import Graph, Module
from resnet_cli.graph.kinds import Facts, Kind, Window
from resnet_cli.graph.matmul import MultiheadAttention
from resnet_cli.graph.moves import Flatten, Pad
from resnet_cli.graph.pointwise import BatchNorm, ReLU
from resnet_cli.graph.pooling import AdaptiveAvgPool, AvgPool, MaxPool
from resnet_cli.graph.products import Conv, Linear
from resnet_cli.text import factor, format_shape, nearest

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size


def explain(graph: Graph, summary: Summary, walked: Walk | None = None) -> list[Explanation]:
    """Return every layer's arithmetic in the order of execution, sums after their parts.

    Whoever has `walked` over the graph already gives that.
    """
    lesson = _Lesson(graph, summary, walked or walk(graph, summary.itemsize))
    inner: list[int] = []  # the modules around a row: each is explained when its last part was
    found: list[Explanation] = []
    for position, row in enumerate(summary.rows):
        while inner and summary.rows[inner[-1]].depth >= row.depth:
            found.append(lesson.explained(inner.pop()))
        if row.leaf:
            found.append(lesson.explained(position))
        else:
            inner.append(position)
    return [*found, *map(lesson.explained, reversed(inner))]


def select(explanations: Sequence[Explanation], words: Sequence[str]) -> list[Explanation]:
    """Return what the words name: a path with all below it, a role, or a type.

    Without words everything. Raises `ValueError` with the nearest name for an unknown one.
    """
    for word in words:
        if not any(_is_named(explanation, word) for explanation in explanations):
            known = [(each.path, each.role) for each in explanations]
            types = sorted({each.type for each in explanations})
            raise ValueError(
                f"{word!r} is no layer's path, role or type"
                f"{suggestion(word, known) or nearest(word, types)}; "
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


class _Lesson:
    """A network whose layers are explained: what each does, and what its input sees."""

    def __init__(self, graph: Graph, summary: Summary, walked: Walk) -> None:
        self.graph = graph
        self.rows = summary.rows
        self.walked = walked
        self.modules = {module.path: module for module in graph.modules}
        self.first = {each.path: index for index, each in reversed([*enumerate(graph.operations)])}
        self.calls: dict[str, list[int]] = {}  # of a function's row, by its path there
        for index, (kind, _, path, *_) in enumerate(graph.operations):
            if self.walked.facts[index].macs != 0:
                self.calls.setdefault(f"{path}.{kind.name}()".lstrip("."), []).append(index)

    def explained(self, position: int) -> Explanation:
        """Return the arithmetic of the row at that position."""
        row = self.rows[position]
        path = "" if row.path == ROOT else row.path
        first = self.first.get(path)
        if row.type == FUNCTION:
            formulas = products([*map(self._product, self.calls.get(path, ()))])
            text, quantities = "", iter([Quantity("MACs", formulas, row.macs)])
        elif not row.leaf:
            text, quantities = self._container(self.modules[path], row, position)
        elif first is None:  # a weight beside modules, or what never ran
            text, quantities = "", _counts(row)
        else:
            operation = self.graph.operations[first]
            seen = self._sight(operation.inputs[0].operation) if operation.inputs else Sight()
            row = row._replace(params=row.params + row.frozen)
            text, quantities = _arithmetic(operation.kind, row, seen, self._product(first))
            quantities = _held(self.walked.facts[first], row, quantities)
        return Explanation(row.path, row.role, row.type, f"{row.type}{text}", tuple(quantities))

    def _container(
        self, module: Module, row: LayerRow, position: int
    ) -> tuple[str, Iterator[Quantity]]:
        block = branches(self.graph, module)
        sums = self._sums(row, position)
        if block is None:
            return ", the sum of its layers", sums
        return f", main path + {self._shortcut(block)}", self._addition(block, row, sums)

    def _shortcut(self, block: Branches) -> str:
        if not block.side:
            return "identity"
        is_pad = any(isinstance(self.graph.operations[i].kind, Pad) for i in block.side)
        return "strided identity, zeros for new channels" if is_pad else "projection"

    def _addition(
        self, block: Branches, row: LayerRow, sums: Iterator[Quantity]
    ) -> Iterator[Quantity]:
        """Explain where the branches meet: two equal shapes, the larger of the two fields."""
        inputs = self.graph.operations[block.addition].inputs
        for index in block.side:
            operation = self.graph.operations[index]
            if isinstance(operation.kind, Pad):
                before = self.walked.shape(operation.inputs[0])[1]
                after = self.walked.facts[index].outputs[0][1]
                yield Quantity("channels", f"{before} + {after - before}", after)
        shapes = (format_shape(self.walked.shape(value)) for value in inputs)
        yield Quantity("shape", " + ".join(shapes), row.output_shape)
        yield from sums
        main, side = (_number(self._sight(value.operation).field) for value in inputs)
        yield Quantity("field", f"max({main}, {side})", row.receptive_field)

    def _sums(self, row: LayerRow, position: int) -> Iterator[Quantity]:
        """Explain a container's counts; a term that follows its equal is multiplied."""
        parts = []
        for part in self.rows[position + 1 :]:
            if part.depth <= row.depth:
                break
            parts += [part] if part.depth == row.depth + 1 else []
        yield Quantity("params", _sum([part.params for part in parts]), row.params)
        if row.macs is not None:  # nothing in it is counted
            yield Quantity("MACs", _sum([part.macs for part in parts]), row.macs)

    def _product(self, number: int) -> str:
        """Return how an operation's MACs come about, from its inputs' shapes."""
        operation, (out, *_) = self.graph.operations[number], self.walked.facts[number].outputs
        return product(operation.kind, [*map(self.walked.shape, operation.inputs)], out)

    def _sight(self, operation: int) -> Sight:
        return self.walked.sights[operation] or Sight()


def _arithmetic(
    kind: Kind, row: LayerRow, seen: Sight, macs: str
) -> tuple[str, Iterator[Quantity]]:
    """Return what follows a layer's type in its headline, and its quantities; `macs` is a formula.

    Of a kind without a case here the counts stand without a formula.
    """
    match kind:
        case Conv():
            groups = f", groups {kind.groups}" if kind.groups != 1 else ""
            return _window(kind) + groups, _convolution(kind, row, seen)
        case ConvTranspose():
            groups = f", groups {kind.groups}" if kind.groups != 1 else ""
            return _window(kind) + groups, _spread(kind, row, macs)
        case MultiheadAttention(width, heads):
            return f" {width}, {heads} heads", _attention(kind, row, macs)
        case MaxPool() | AvgPool():
            return _window(kind), _pooling(kind, row, seen)
        case BatchNorm():
            return ", learned scale and shift", _norm(row)
        case ReLU():
            return ", the shape stays", iter(())
        case AdaptiveAvgPool() if {*kind.output_size} == {1}:
            return f" to {format_shape(kind.output_size)}", _average(row)
        case Flatten():
            return "", _flat(row)
        case Linear():
            return f" {_features(kind, row)} to {kind.out_features}", _linear(kind, row)
    return "", _counts(row, macs)


def _held(facts: Facts, row: LayerRow, found: Iterator[Quantity]) -> Iterator[Quantity]:
    """Give quantities, without a formula where one call of the kind is not all that counts.

    Weights may be tied or parametrised, and a module may run several times.
    """
    ones = {"params": facts.params, "buffers": facts.buffer_elements, "MACs": facts.macs}
    for each in found:
        differs = each.name in ones and each.value != ones[each.name]
        yield each._replace(formula="") if differs else each


def _counts(row: LayerRow, macs: str = "") -> Iterator[Quantity]:
    """Give what a layer holds, where no arithmetic says how that comes about, and multiplies."""
    counts = (("params", "", row.params), ("buffers", "", row.buffers), ("MACs", macs, row.macs))
    yield from (Quantity(*count) for count in counts if count[-1])


def _window(kind: Conv | ConvTranspose | MaxPool | AvgPool) -> str:
    stride, padding = _sides(kind.stride), _sides(kind.padding)
    text = f" {format_shape(kind.kernel)}, stride {stride}, padding {padding}"
    dilation = getattr(kind, "dilation", (1,))
    return text + (f", dilation {_sides(dilation)}" if {*dilation} != {1} else "")


def _sides(sides: Sequence[int]) -> str:
    """Write the number that all sides share, or each."""
    return str(sides[0]) if len({*sides}) == 1 else format_shape(sides)


def _convolution(kind: Conv, row: LayerRow, seen: Sight) -> Iterator[Quantity]:
    channels, out, groups = row.input_shape[1], kind.out_channels, kind.groups
    inner = str(channels) if groups == 1 else f"({channels} // {groups})"
    weights = "*".join([inner, *map(str, kind.kernel)])
    batch, _, *sizes = row.output_shape
    yield from _sliding(kind.window, row)
    yield Quantity("params", f"{out}*{weights}" + (f" + {out}" if kind.bias else ""), row.params)
    elements = "*".join(map(factor, [out, *sizes]))
    yield Quantity("MACs", f"{_times(batch)}{elements} * {weights}", row.macs)
    yield from _field(kind.window, row, seen)


def _spread(kind: ConvTranspose, row: LayerRow, macs: str) -> Iterator[Quantity]:
    """Explain a transposed convolution; a side only where it is not as the first."""
    sides = [*zip(row.input_shape[2:], *kind[1:6], strict=True)]
    names = _AXES[len(kind.kernel) - 1]
    for name, side, out in zip(names, sides, row.output_shape[2:], strict=True):
        if side != sides[0] or name == names[0]:
            size, kernel, stride, padding, more, dilation = side
            reach = f"{kernel} - 1" if dilation == 1 else f"{dilation}*({kernel} - 1)"
            up = f" + {more}" if more else ""
            formula = f"({size} - 1)*{stride} - 2*{padding} + {reach}{up} + 1"
            yield Quantity(name, formula, out)
    out, groups = kind.out_channels, kind.groups
    inner = str(out) if groups == 1 else f"({out} // {groups})"
    weights = "*".join([str(row.input_shape[1]), inner, *map(str, kind.kernel)])
    yield Quantity("params", weights + (f" + {out}" if kind.bias else ""), row.params)
    yield Quantity("MACs", macs, row.macs)


def _attention(kind: MultiheadAttention, row: LayerRow, macs: str) -> Iterator[Quantity]:
    """Explain attention with its four projections: of query, key, value, and what they give."""
    bias = f" + 4*{kind.width}" if kind.bias else ""
    yield Quantity("params", f"4*{kind.width}*{kind.width}{bias}", row.params)
    yield Quantity("MACs", macs, row.macs)


def _pooling(kind: MaxPool | AvgPool, row: LayerRow, seen: Sight) -> Iterator[Quantity]:
    yield from _sliding(kind.window, row)
    yield from _field(kind.window, row, seen)


def _norm(row: LayerRow) -> Iterator[Quantity]:
    features = row.input_shape[1]
    yield Quantity("params", f"2*{features}", row.params)
    yield Quantity("buffers", f"2*{features} + 1", row.buffers)


def _average(row: LayerRow) -> Iterator[Quantity]:
    sizes = row.input_shape[2:]
    yield Quantity("averaged", "*".join(map(factor, sizes)), prod(sizes))
    yield Quantity("field", "", None)


def _flat(row: LayerRow) -> Iterator[Quantity]:
    yield Quantity("features", "*".join(map(factor, row.input_shape[1:])), row.output_shape[1])


def _linear(kind: Linear, row: LayerRow) -> Iterator[Quantity]:
    weights = f"{kind.out_features}*{_features(kind, row)}"
    bias = f" + {kind.out_features}" if kind.bias else ""
    yield Quantity("params", weights + bias, row.params)
    times = "".join(map(_times, row.output_shape[:-1]))
    yield Quantity("MACs", f"{times}{weights}", row.macs)


def _features(kind: Linear, row: LayerRow) -> "Size":
    """Return how many features go in: what a formula of the map's size has to come to."""
    return row.input_shape[-1] if kind.in_features is None else kind.in_features


def _sum(terms: "Sequence[Size]") -> str:
    """Write a sum, equal neighbours once; nothing where there is but one term, or none."""
    runs = [(term, len(list(run))) for term, run in groupby(filter(None, terms))]
    texts = [f"{n}*{factor(term)}" if n > 1 else str(term) for term, n in runs]
    return "" if texts in ([], [str(term) for term, _ in runs[:1]]) else " + ".join(texts)


_AXES = (("length",), ("height", "width"), ("depth", "height", "width"))


def _sliding(window: Window, row: LayerRow) -> Iterator[Quantity]:
    """Explain a window's output size; a side only where it is not as the first."""
    extra = window.extra or (0,) * len(window.kernel)
    sides = zip(row.input_shape[2:], *window[:3], extra, strict=True)
    names, first = _AXES[len(window.kernel) - 1], None
    for name, side, out in zip(names, sides, row.output_shape[2:], strict=True):
        if side != first:
            size, kernel, stride, padding, more = side
            up = f" + {more}" if more else ""
            yield Quantity(name, f"({size} + 2*{padding} - {kernel}{up}) // {stride} + 1", out)
        first = first or side


def _field(window: Window, row: LayerRow, seen: Sight) -> Iterator[Quantity]:
    """Explain the receptive field, of two sides the larger, where it is known."""
    sides = zip(seen.field, window.kernel, seen.stride, strict=False)
    largest = max(sides, key=lambda side: side[0] + (side[1] - 1) * side[2], default=None)
    if largest is not None:
        field, kernel, stride = largest
        yield Quantity("field", f"{field} + ({kernel} - 1)*{stride}", row.receptive_field)


def _number(sides: Sequence[int]) -> int | None:
    """Return the larger side, as the table has it; None where it is not known."""
    return max(sides, default=None)


def _times(batch: "Size") -> str:
    return f"{factor(batch)}*" if batch != 1 else ""
