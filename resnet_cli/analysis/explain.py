"""The arithmetic behind a table's numbers: the rule, with the numbers put in, and the result.

A formula is text that Python evaluates (`floor((56 + 2*1 - 3)/2) + 1`), but for a sum of
shapes; what stands beside it is the table's own number, from the same `Summary`. People
read it with the signs of `pretty`.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from resnet_cli.analysis.explain_layers import arithmetic, counts, held, known, sees, trained
from resnet_cli.analysis.explain_products import product, products
from resnet_cli.analysis.explanation import Explanation, Quantity, ruled
from resnet_cli.analysis.fold import fold
from resnet_cli.analysis.paths import is_at, suggestion
from resnet_cli.analysis.rows import FUNCTION, ROOT
from resnet_cli.analysis.summary import LayerRow, Summary
from resnet_cli.analysis.walk import Sight, Walk, walk
from resnet_cli.family import origins
from resnet_cli.family.config import ResNetConfig
from resnet_cli.graph.branches import Branches, branches
from resnet_cli.graph.filters import ConvTranspose
from resnet_cli.graph.graph import Graph, Module, Value
from resnet_cli.graph.kinds import Input
from resnet_cli.graph.moves import Pad
from resnet_cli.graph.pointwise import Add
from resnet_cli.graph.products import Conv, Linear
from resnet_cli.text import factor, format_shape, nearest

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size

MANY = 3
"""Equal parts of a sum that are all named."""


def explain(
    graph: Graph, summary: Summary, walked: Walk | None = None, config: object = None
) -> list[Explanation]:
    """Return every layer's arithmetic in the order of execution, sums after their parts.

    Whoever has `walked` over the graph already gives that. A configuration of the family says
    where widths come from.
    """
    lesson = _Lesson(graph, summary, walked or walk(graph, summary.itemsize), config)
    inner: list[LayerRow] = []  # the modules around a row: each is explained behind its last part
    found: list[Explanation] = []
    for row in summary.rows:
        while inner and inner[-1].depth >= row.depth:
            found.append(lesson.explained(inner.pop()))
        if row.leaf:
            found.append(lesson.explained(row))
        else:
            inner.append(row)
    return [*found, *map(lesson.explained, reversed(inner))]


def select(
    explanations: Sequence[Explanation], words: Sequence[str], rows: Sequence[LayerRow] = ()
) -> list[Explanation]:
    """Return what the words name: a path with all below it, a role, or a type.

    The path may be that of a row which stands for several of the `rows`. Without words everything.
    Raises `ValueError` with the nearest name for an unknown one.
    """
    unknown = [word for word in words if not any(_is_named(each, word) for each in explanations)]
    runs = [*_folded(explanations, rows)] if unknown else []
    for word in unknown:
        if not any(is_at(run.path, word) for run in runs):
            near = [(each.path, each.role) for each in explanations]
            types = sorted({each.type for each in explanations})
            raise ValueError(
                f"{word!r} is no layer's path, role or type"
                f"{suggestion(word, near) or nearest(word, types)}; "
                "'resnet-shapes --depth all' lists them"
            )
    found = [e for e in explanations if not words or any(_is_named(e, word) for word in words)]
    return [*found, *(run for run in runs if any(is_at(run.path, word) for word in unknown))]


def _is_named(explanation: Explanation, word: str) -> bool:
    names = (_bare(explanation.role), _bare(explanation.type))
    return is_at(explanation.path, word) or _bare(word) in names


def _folded(explanations: Sequence[Explanation], rows: Sequence[LayerRow]) -> Iterator[Explanation]:
    """Explain each row that stands for several: its counts are theirs together."""
    depth = max((row.depth for row in rows), default=1)
    runs = {run.paths[-1]: run for run in fold(rows, depth, folded=True) if run.times > 1}
    for last in explanations:
        if last.path in runs:
            row, times, paths, _ = runs[last.path]
            alike = " and ".join(paths) if times == 2 else f"{paths[0]} to {paths[-1]}"
            sums: dict[str, Size | None] = {"params": row.params, "frozen": row.frozen}
            sums |= {"buffers": row.buffers, "MACs": row.macs, "saved": row.saved_bytes}
            yield last._replace(
                path=row.path,
                text=f"{times} x {last.text}: the same in {alike}",
                quantities=tuple(_times(each, times, sums, paths) for each in last.quantities),
            )


def _times(
    quantity: Quantity, times: int, sums: "Mapping[str, Size | None]", paths: Sequence[str]
) -> Quantity:
    """Return a quantity of one layer for as many; what is no sum is the last one's."""
    name, formula, value, rule, *_ = quantity
    if name == "field":
        return quantity._replace(note=f"of {paths[-1]}, the last")
    if name not in sums:
        return quantity
    formula = f"{times}*({formula})" if formula else f"{times}*{factor(value)}"
    return Quantity(name, formula, sums[name], f"{times}*({rule})" if rule else "")


def _bare(name: str) -> str:
    return name.lower().replace(" ", "").replace("-", "").replace("_", "")


class _Lesson:
    """A network whose layers are explained: what each does, and what its input sees."""

    def __init__(self, graph: Graph, summary: Summary, walked: Walk, config: object) -> None:
        self.graph = graph
        self.parts = parts(summary.rows)
        self.walked = walked
        self.config = config
        self.modules = {module.path: module for module in graph.modules}
        self.first = {each.path: index for index, each in reversed([*enumerate(graph.operations)])}
        self.makers: dict[int, list[tuple[int, ...]]] = {}  # by axis
        self.calls: dict[str, list[int]] = {}  # of a function's row, by its path there
        for index, (kind, _, path, *_) in enumerate(graph.operations):
            if self.walked.facts[index].macs != 0:
                self.calls.setdefault(f"{path}.{kind.name}()".lstrip("."), []).append(index)

    def explained(self, row: LayerRow) -> Explanation:
        """Return a row's arithmetic."""
        path = "" if row.path == ROOT else row.path
        first = self.first.get(path)
        channels: tuple[Quantity, ...] = ()
        seen = ""
        if row.type == FUNCTION:
            formulas = products([*map(self._product, self.calls.get(path, ()))])
            text, quantities = "", iter([Quantity("MACs", formulas, row.macs)])
        elif not row.leaf:
            text, quantities = self._container(self.modules[path], row)
        elif first is None:  # a weight beside modules, or what never ran
            text, quantities = "", counts(row)
        else:
            operation = self.graph.operations[first]
            given = self._sight(operation.inputs[0].operation) if operation.inputs else Sight()
            whole = row._replace(params=row.params + row.frozen)
            text, quantities = arithmetic(operation.kind, whole, given, self._product(first))
            quantities = trained(row, held(self.walked.facts[first], quantities))
            channels = tuple(self._channels(first, row))
            seen = sees(operation.kind, row, self._sight(first))
        return Explanation(
            row.path,
            row.role,
            row.type,
            f"{row.type}{text}",
            row.input_shape,
            row.output_shape,
            channels,
            tuple(known(row, quantities)),
            seen,
        )

    def _channels(self, number: int, row: LayerRow) -> Iterator[Quantity]:
        """Explain the channels, or features, that a layer with weights takes and gives."""
        operation = self.graph.operations[number]
        match operation.kind:
            case Conv(width) | ConvTranspose(width):
                axis, own = 1, "out_channels"
            case Linear(width):
                axis, own = len(row.input_shape) - 1, "out_features"
            case _:
                return
        (value, *_) = operation.inputs
        taken, maker = self.walked.shape(value)[axis], self._maker(value, axis)
        yield Quantity("in", "", taken, note=f"from {maker}")
        if not isinstance(self.config, ResNetConfig):
            yield Quantity("out", "", width, note=f"its own {own}")
            return
        # What a global pool has behind it is a gate, or the head.
        is_gate = row.role != "head" and not self._sight(value.operation).field
        is_last = number in self.last
        rule = "" if is_gate else origins.origin(self.config, row.role, width, is_last=is_last)
        yield ruled("out", rule, origins.numbers(self.config), width)

    def _maker(self, value: Value, axis: int) -> str:
        """Return what made the channels along an axis of a value."""
        kind, _, path, *_ = self.graph.operations[self._made(value, axis)]
        if isinstance(kind, Input):
            return "the input"
        return path if self.modules[path].is_leaf else f"{kind.name} in {path or ROOT}"

    def _made(self, value: Value, axis: int) -> int:
        if axis not in self.makers:
            self.makers[axis] = makers(self.walked, axis)
        return self.makers[axis][value.operation][value.output]

    @cached_property
    def last(self) -> set[int]:
        """The operations that make the channels of what additions take: the last of a branch."""
        found = (each for each in self.graph.operations if isinstance(each.kind, Add))
        return {self._made(value, 1) for each in found for value in each.inputs}

    def _container(self, module: Module, row: LayerRow) -> tuple[str, Iterator[Quantity]]:
        block = branches(self.graph, module)
        sums = self._sums(row)
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
                zeros = Quantity("channels", f"{before} + {after - before}", after)
                yield zeros._replace(parts=("in", "zeros"))
        shapes = (format_shape(self.walked.shape(value)) for value in inputs)
        parts = ("main path", "shortcut")
        yield Quantity("shape", " + ".join(shapes), row.output_shape, parts=parts)
        yield from sums
        main, side = (_number(self._sight(value.operation).field) for value in inputs)
        rule = "max(main, shortcut)"
        yield ruled("field", rule, {"main": main, "shortcut": side}, row.receptive_field)

    def _sums(self, row: LayerRow) -> Iterator[Quantity]:
        """Explain a container's counts by the names of what it adds up."""
        inner = self.parts[row.path]
        names = [part.path.removeprefix(f"{row.path}.") for part in inner]
        names = [f"[{name}]" if name.isdecimal() else name for name in names]  # no number in a sum
        if row.params is not None:  # its run did not end early
            yield summed("params", names, [part.params for part in inner], row.params)
        if row.frozen:
            yield summed("frozen", names, [part.frozen for part in inner], row.frozen)
        if row.macs is not None:  # nothing in it is counted
            yield summed("MACs", names, [part.macs for part in inner], row.macs)

    def _product(self, number: int) -> str:
        """Return how an operation's MACs come about, from its inputs' shapes."""
        operation, (out, *_) = self.graph.operations[number], self.walked.facts[number].outputs
        return product(operation.kind, [*map(self.walked.shape, operation.inputs)], out)

    def _sight(self, operation: int) -> Sight:
        return self.walked.sights[operation] or Sight()


def makers(walked: Walk, axis: int) -> list[tuple[int, ...]]:
    """Return which operation made the size along an axis, for each operation's outputs.

    The others hand it on; where what several made meets, as at an addition, that makes it anew.
    """
    found: list[tuple[int, ...]] = []
    for index, (operation, facts) in enumerate(
        zip(walked.graph.operations, walked.facts, strict=True)
    ):
        hands_on = facts.is_known and facts.axes is None and axis not in facts.mixes + facts.shifts
        made = []
        for shape in facts.outputs:
            size = shape[axis : axis + 1] if hands_on else ()
            alike = [v for v in operation.inputs if size and walked.shape(v)[axis:][:1] == size]
            # What a gate weighs is there before its weights are.
            alike = sorted(alike)[:1] if facts.is_gate else alike
            before = {found[value.operation][value.output] for value in alike}
            made.append(before.pop() if len(before) == 1 else index)
        found.append(tuple(made))
    return found


def parts(rows: Sequence[LayerRow]) -> dict[str, list[LayerRow]]:
    """Return the rows one level below each row, by its path."""
    found: dict[str, list[LayerRow]] = {}
    around: list[LayerRow] = []
    for row in rows:
        while around and around[-1].depth >= row.depth:
            around.pop()
        if around:
            found[around[-1].path].append(row)
        around.append(row)
        found[row.path] = []
    return found


def summed(name: str, names: Sequence[str], terms: "Sequence[Size]", value: "Size") -> Quantity:
    """Explain a sum of named terms, equal ones together; of one term there is nothing to say."""
    groups: dict[Size, list[str]] = {}
    for part, term in zip(names, terms, strict=True):
        if term:
            groups.setdefault(term, []).append(part)
    alike = [(factor(term), each) for term, each in groups.items()]
    texts = [f"{len(each)}*{term}" if len(each) > 1 else term for term, each in alike]
    if sum(map(len, groups.values())) < 2:
        return Quantity(name, "", value)
    shown = ([*n[:1], "...", n[-1]] if len(n) > MANY else n for n in groups.values())
    return Quantity(name, " + ".join(texts), value, parts=tuple(chain.from_iterable(shown)))


def _number(sides: Sequence[int]) -> int | None:
    """Return the larger side, as the table has it; None where it is not known."""
    return max(sides, default=None)
