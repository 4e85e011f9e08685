"""The result: a row a layer, and the totals, whoever computed them.

Shapes are tuples, counts are elements, bytes are at the network's dtype. Absence is None.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from resnet_cli.analysis.paths import named, suggestion
from resnet_cli.errors import ExpectationError, SymbolError
from resnet_cli.text import Tree

if TYPE_CHECKING:
    from resnet_cli.analysis.conditions import Condition
    from resnet_cli.analysis.memory import Training
    from resnet_cli.graph.dims import Size
    from resnet_cli.graph.kinds import Shape, Window
else:  # not as text in annotations, which typing compiles one by one
    Condition = Training = Size = Shape = Window = object

Sizes: TypeAlias = Mapping[str, int]
"""A number for each of the input's names."""


UNKNOWN: Any = None
"""A figure of a module that did not run (`Summary.ran`), or whose weights have no shapes yet.

Sums that it is part of are unknown as well: totals, columns and formats bear it, and whoever
computes with figures has a network that ran.
"""


class LayerRow(NamedTuple):
    """One module: what goes in, what comes out, what it costs.

    A container's counts are the sums over its leaves. `depth` is 1 for the network's own
    children; `role` is that of the ancestor at depth 1. `params` are trainable elements,
    `buffers` running statistics; `macs` count convolutions and linear layers without bias
    and normalisation (the convention of torchvision's `_ops`); `output_bytes` is the row's
    own output, `activation_bytes` the sum over its leaves, a view counting none.
    `receptive_field` is in input pixels, along one side; it and `stride`, the cumulative
    one, are None from the global pool on, where each element sees the whole input (`is_global`).

    `saved_bytes` are what autograd keeps of it for a training step, None where none was asked for.

    The others at the end say something where PyTorch measured: `frozen` are parameters that do
    not train, `calls` is 0 for a module that did not run, `note` says what is special, `error`
    why it failed; the trees stand where it takes or gives other than one tensor with
    dimensions. The shapes are then those of the first tensor, empty where there is none.

    `takes_from` names the operations that give its inputs, where rows are those of operations
    (`operations.py`).
    """

    path: str
    depth: int
    leaf: bool
    role: str
    type: str
    input_shape: Shape
    output_shape: Shape
    params: int
    buffers: int
    macs: Size
    output_bytes: Size
    activation_bytes: Size
    receptive_field: int | None
    stride: int | None
    window: Window | None
    frozen: int = 0
    calls: int = 1
    note: str = ""
    error: str | None = None
    saved_bytes: Size | None = None
    is_global: bool = False
    input_tree: Tree = None
    output_tree: Tree = None
    takes_from: tuple[str, ...] = ()

    @property
    def flops(self) -> Size:
        """Floating-point operations: a multiply and an add for each MAC."""
        return UNKNOWN if self.macs is None else 2 * self.macs

    def elsewhere(self, path: str, field: int | None, stride: int | None) -> "LayerRow":
        """Return the row of a module like this one at another place, quicker than `_replace`."""
        fields = (path, *self[1:_SEEN], field, stride, *self[_SEEN + 2 :])
        return tuple.__new__(LayerRow, fields)

    def at(self, sizes: Sizes) -> "LayerRow":
        """Return the row with its formulas evaluated."""
        from resnet_cli.graph.dims import evaluate  # only a network with names in its input has any

        return LayerRow(*evaluate(tuple(self), sizes))


_SEEN = LayerRow._fields.index("receptive_field")


class By(StrEnum):
    """What layers are added up by."""

    TYPE = "type"
    """The class of the module."""
    STAGE = "stage"
    """The role of the network's own module that it is in, or its name where that has no role."""


class Summary(NamedTuple):
    """A network's rows, in the order of execution, and what they add up to.

    `peak_bytes` is the most that an inference pass holds at once at module boundaries: a
    layer's input and output, and what waits for the addition; `peak_at` is the path of the layer
    that runs then. Where the input has names in it there is no largest (None), and `held` has
    the amounts that could be, each with its layer. Where nobody knows it, `no_peak` says why.

    The last seven say something where PyTorch `measured`: `inputs` are all inputs as text,
    `bytes_of_params` is exact where element types are mixed, `not_counted` names the
    operations that the MACs leave out, and `error` says where and why the run failed: the
    rows then end there. Where it never `ran` the modules and what they hold are all there is.

    Where a recorded network has names in its input, `conditions` say what they must be, in
    words or as equations (`format(condition, ",")` is for people), and `ends` where the closed
    forms end: the rows behind it, and what of the totals is theirs, are those of the recorded
    input. `by_values` names what decides by values of tensors how much runs. `known_as` is the
    title of the preset that its graph is (`identify.py`).

    `training` is a step of training it, where one was asked for (`train.py`). `sums` are the
    totals of a document, whose rows need not go down to the leaves (`reading.py`).
    """

    name: str
    input_shape: Shape
    output_shape: Shape
    dtype: str
    itemsize: int
    rows: tuple[LayerRow, ...]
    peak_bytes: int | None
    peak_at: str | None = None
    held: Mapping[Size, str] = {}
    no_peak: str = ""
    inputs: tuple[str, ...] = ()
    output_tree: Tree = None
    bytes_of_params: int | None = None
    not_counted: tuple[str, ...] = ()
    error: str | None = None
    measured: bool = False
    ran: bool = True
    conditions: tuple[Condition, ...] = ()
    ends: str = ""
    by_values: tuple[str, ...] = ()
    known_as: str | None = None
    training: Training | None = None
    sums: Mapping[str, Size | None] | None = None

    def at(self, sizes: Sizes) -> "Summary":
        """Return the summary with its formulas evaluated, and the peak with them.

        Raises `SymbolError` for a document's.
        """
        if self.sums is not None:
            message = f"{self.name}: a document has formulas, and not what is held at once"
            raise SymbolError(message)
        from resnet_cli.graph.dims import evaluate

        peak, path = self.peak_bytes, self.peak_at
        if self.held and not self.no_peak:
            amounts = zip(evaluate(tuple(self.held), sizes), self.held.values(), strict=True)
            peak, path = max(amounts, key=lambda found: found[0])
        return self._replace(
            input_shape=evaluate(self.input_shape, sizes),
            output_shape=evaluate(self.output_shape, sizes),
            rows=tuple(row.at(sizes) for row in self.rows),
            peak_bytes=peak,
            peak_at=path,
            held={},
            inputs=(),
            conditions=(),
        )

    @property
    def params(self) -> int:
        """Trainable elements."""
        return self._added("params")  # type: ignore[no-any-return]

    @property
    def frozen(self) -> int:
        """Elements of parameters that do not train."""
        return self._added("frozen") or 0 if self.sums else self._added("frozen")

    @property
    def buffers(self) -> int:
        """Elements of running statistics, batch norm's counter among them."""
        return self._added("buffers")  # type: ignore[no-any-return]

    @property
    def macs(self) -> Size:
        """Multiply-accumulates of convolutions and linear layers, of what is counted.

        Where nothing of what multiplies is counted they are not known.
        """
        macs = [row.macs for row in self.rows if row.leaf]
        if self.sums is not None or not self.ran or self.error is not None:
            return self._added("macs")  # type: ignore[no-any-return]
        counted = added(each for each in macs if each is not None)
        return UNKNOWN if self.not_counted and counted == 0 else counted

    @property
    def flops(self) -> Size:
        """Twice the MACs."""
        return UNKNOWN if (macs := self.macs) is None else 2 * macs

    @property
    def param_bytes(self) -> int:
        """Bytes of the trainable elements."""
        if self.bytes_of_params is not None:
            return self.bytes_of_params
        return UNKNOWN if (params := self.params) is None else params * self.itemsize

    @property
    def buffer_bytes(self) -> int:
        """Bytes of running statistics; batch norm's counter has 8 at every dtype."""
        if self.buffers is None:
            return UNKNOWN
        counters = sum(row.type.startswith("BatchNorm") and row.buffers > 0 for row in self.rows)
        return (self.buffers - counters) * self.itemsize + counters * 8

    @property
    def memory_bytes(self) -> int:
        """Bytes that an inference pass needs: parameters, running statistics and the peak.

        Raises `SymbolError` where the input has names or nobody knows the peak.
        """
        if self.no_peak:
            raise SymbolError(f"{self.name}: the peak is not known: {self.no_peak}")
        if self.peak_bytes is None:
            raise SymbolError(f"{self.name}: the memory of an input with names has no number")
        frozen = self.frozen * self.itemsize
        return self.param_bytes + frozen + self.buffer_bytes + self.peak_bytes

    @property
    def activation_bytes(self) -> Size:
        """Bytes of all leaves' outputs together, views left out."""
        return self._added("activation_bytes")  # type: ignore[no-any-return]

    def _added(self, figure: str) -> Any:
        """Return the sum over the leaves; those of a run that failed are not all."""
        if self.sums is not None:
            return self.sums.get(figure)
        if self.error is not None:
            return UNKNOWN
        return added(getattr(row, figure) for row in self.rows if row.leaf)

    def totals(self) -> dict[str, Size | None]:
        """Return every total under its name in the machine formats.

        `frozen` is there where any are, a training step's where one was asked for.
        """
        if self.sums is not None:
            return {**self.sums}
        totals = {name: getattr(self, name) for name in TOTALS}
        if frozen := self.frozen:
            totals["frozen"] = frozen
        if (step := self.training) is not None:
            totals["saved_bytes"] = step.saved_bytes
            totals["train_peak_bytes"] = step.peak_bytes
            totals["train_flops"] = step.flops
        return totals

    def at_depth(self, depth: int) -> list[LayerRow]:
        """Return the rows down to `depth`; deeper ones are part of their ancestor's counts.

        The way down to a layer that failed is always among them.
        """
        return [row for row in self.rows if row.depth <= depth or row.error is not None]

    def limits(self, *, ascii_only: bool = False) -> tuple[str, ...]:
        """Return what the names in its input must be, and where its closed forms end."""
        write = str if ascii_only else "{:,}".format
        ends = (f"{self.ends}.",) if self.ends else ()
        return (*map(write, self.conditions), *ends)

    @property
    def heading(self) -> str:
        """The network's name, which known one it is, its inputs if any, and its element type."""
        name = f"{self.name} ({self.known_as})" if self.known_as else self.name
        inputs = ", ".join(self.inputs) or "x".join(map(str, self.input_shape))
        return "  ".join((name, *([f"input {inputs}"] if inputs else []), self.dtype))


S = TypeVar("S", bound=Size)


def added(figures: "Iterable[S]") -> S:
    """Return a sum, unknown where a part of it is."""
    parts: list[Any] = [*figures]
    kinds = {*map(type, parts)}
    if kinds <= {int}:
        return sum(parts)  # type: ignore[no-any-return]
    if type(UNKNOWN) in kinds:
        return UNKNOWN  # type: ignore[no-any-return]
    from resnet_cli.graph.dims import total  # only a name needs it

    return total(parts)  # type: ignore[return-value]


class Point(NamedTuple):
    """A network evaluated at sizes for its names."""

    sizes: Sizes
    summary: Summary

    @property
    def label(self) -> str:
        """The sizes as `--at` takes them."""
        return label(self.sizes)


def label(sizes: Sizes) -> str:
    """Write sizes as `--at` takes them: `N=8,H=512,W=512`."""
    return ",".join(f"{name}={size}" for name, size in sizes.items())


TOTALS = (
    "params",
    "buffers",
    "macs",
    "flops",
    "param_bytes",
    "activation_bytes",
    "peak_bytes",
)


def find(summary: Summary, layer: str) -> LayerRow:
    """Return the row of a path, or of what gives a role's output. Raises `ExpectationError`."""
    known = [(row.path, row.role) for row in summary.rows]
    path = named(layer, known)
    for row in summary.rows:
        if row.path == path:
            return row
    leaves = [row for row in summary.rows if row.leaf]
    if not leaves:
        raise ExpectationError(f"{layer!r} is not known: no layer of this network ran")
    example = next((row.path for row in leaves if row.role == "stage 2"), leaves[-1].path)
    raise ExpectationError(
        f"{layer!r} is no layer of this network{suggestion(layer, known)}; "
        f"give a path, as in {example}, or a role, as in 'stage 2'"
    )
