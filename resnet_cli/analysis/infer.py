"""Layer tree and input shape to Summary: the prediction.

One walk over the tree in the order of execution, integers only. The receptive field grows
by `(kernel - 1) * stride_so_far` at each window (Araujo, Norris, Sim, "Computing Receptive
Fields of Convolutional Neural Networks", Distill 2019, eq. 2); where a block's branches
meet, the larger one counts.
"""

import math
from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.analysis.summary import LayerRow, Summary
from resnet_cli.graph.layers import (
    Facts,
    Layer,
    Leaf,
    PadShortcut,
    Residual,
    Sequential,
    Shape,
    Window,
)

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size


class Tensor(NamedTuple):
    """A value on its way through the network: shape, bytes, and what it sees of the input."""

    shape: Shape
    nbytes: "Size"
    field: int | None
    stride: int | None


class Sums(NamedTuple):
    """What a subtree adds up to; `activations` are elements of its leaves' outputs."""

    output_shape: Shape
    params: int
    buffers: int
    macs: "Size"
    activations: "Size"


def infer(
    network: Sequential,
    input_shape: Shape,
    *,
    name: str = "network",
    roles: tuple[str, ...] = (),
    dtype: str = "float32",
    itemsize: int = 4,
) -> Summary:
    """Predict every layer of `network` on an input of `input_shape`, `(N, C, H, W)`."""
    walk = _Walk(itemsize)
    value = Tensor(input_shape, math.prod(input_shape) * itemsize, field=1, stride=1)
    for (path, layer), role in zip(
        network.children, roles or [""] * len(network.children), strict=True
    ):
        value = walk.visit(Place(path, 1, role), layer, value, ())
    return Summary(
        name=name,
        input_shape=input_shape,
        output_shape=value.shape,
        dtype=dtype,
        itemsize=itemsize,
        rows=tuple(walk.rows),
        peak_bytes=walk.peak_bytes,
        held=frozenset(walk.formulas),
    )


class Place(NamedTuple):
    """Where a layer stands in the tree."""

    path: str
    depth: int
    role: str

    def child(self, name: str) -> "Place":
        return Place(f"{self.path}.{name}", self.depth + 1, self.role)


class Counter:
    """Adds up subtrees; a block that the tree shares is counted once and remembered."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, Shape], Sums] = {}

    def sums(self, layer: Layer, shape: Shape) -> Sums:
        """Return what `layer` and all below it add up to on an input of `shape`."""
        key = (id(layer), shape)
        if key not in self.known:
            self.known[key] = self._sums(layer, shape)
        return self.known[key]

    def _sums(self, layer: Layer, shape: Shape) -> Sums:
        if not isinstance(layer, Sequential | Residual):
            facts = layer.facts(shape)
            held = 0 if facts.is_view else math.prod(facts.output_shape)
            return Sums(facts.output_shape, facts.params, facts.buffers, facts.macs, held)
        children = layer.main if isinstance(layer, Residual) else layer.children
        out, parts = shape, []
        for _, child in children:
            parts.append(self.sums(child, out))
            out = parts[-1].output_shape
        if isinstance(layer, Residual):
            parts.extend(self.sums(child, shape) for _, child in layer.beside())
        return Sums(
            out,
            params=sum(part.params for part in parts),
            buffers=sum(part.buffers for part in parts),
            macs=sum(part.macs for part in parts),
            activations=sum(part.activations for part in parts),
        )


class _Walk:
    """The rows so far, and the most bytes held at once so far, or what could be the most."""

    def __init__(self, itemsize: int) -> None:
        self.itemsize = itemsize
        self.counter = Counter()
        self.rows: list[LayerRow] = []
        self.peak_bytes: int | None = 0
        self.formulas: set[Size] = set()

    def visit(
        self, place: Place, layer: Layer, value: Tensor, waiting: tuple[Tensor, ...]
    ) -> Tensor:
        """Add the layer's rows; return its output. `waiting` tensors are held meanwhile."""
        if not isinstance(layer, Sequential | Residual):
            return self._leaf(place, layer, value, waiting)
        position = len(self.rows)
        if isinstance(layer, Residual):
            out = self._residual(place, layer, value, waiting)
        else:
            out = value
            for name, child in layer.children:
                out = self.visit(place.child(name), child, out, waiting)
        sums = self.counter.sums(layer, value.shape)
        row = _row(place, layer, value, out, sums, sums.activations * self.itemsize)
        self.rows.insert(position, row)
        return out

    def _residual(
        self, place: Place, block: Residual, value: Tensor, waiting: tuple[Tensor, ...]
    ) -> Tensor:
        """Walk the main path while the block's input waits, then the shortcut."""
        main = side = value
        for name, child in block.main:
            main = self.visit(place.child(name), child, main, (*waiting, value))
        if block.shortcut is not None:
            name, layer = block.shortcut
            if isinstance(layer, PadShortcut):
                side = self._apply(layer.facts(value.shape), value)
                self._hold(value, side, (*waiting, main))
            else:
                side = self.visit(place.child(name), layer, value, (*waiting, main))
        return add(main, side)

    def _leaf(
        self, place: Place, layer: Leaf, value: Tensor, waiting: tuple[Tensor, ...]
    ) -> Tensor:
        facts = layer.facts(value.shape)
        out = self._apply(facts, value)
        if not facts.is_view:
            self._hold(value, out, waiting)
        activation_bytes = 0 if facts.is_view else out.nbytes
        self.rows.append(_row(place, layer, value, out, facts, activation_bytes))
        return out

    def _apply(self, facts: Facts, value: Tensor) -> Tensor:
        """Return the leaf's output."""
        nbytes = math.prod(facts.output_shape) * self.itemsize
        if facts.is_global or value.field is None or value.stride is None:
            return Tensor(facts.output_shape, nbytes, None, None)
        window = facts.window or Window(1, 1, 0)
        return Tensor(
            facts.output_shape,
            nbytes,
            grown_field(value.field, value.stride, window),
            value.stride * window.stride,
        )

    def _hold(self, value: Tensor, out: Tensor, waiting: tuple[Tensor, ...]) -> None:
        """Note what is held while one leaf runs; a waiting tensor may be its input."""
        held = value.nbytes + out.nbytes
        held += sum(tensor.nbytes for tensor in waiting if tensor is not value)
        if isinstance(held, int) and self.peak_bytes is not None:
            self.peak_bytes = max(self.peak_bytes, held)
        else:
            self.peak_bytes = None
            self.formulas.add(held)


def _row(
    place: Place,
    layer: Layer,
    value: Tensor,
    out: Tensor,
    counts: Facts | Sums,
    activation_bytes: "Size",
) -> LayerRow:
    return LayerRow(
        path=place.path,
        depth=place.depth,
        leaf=not isinstance(layer, Sequential | Residual),
        role=place.role,
        type=type(layer).__name__,
        input_shape=value.shape,
        output_shape=out.shape,
        params=counts.params,
        buffers=counts.buffers,
        macs=counts.macs,
        output_bytes=out.nbytes,
        activation_bytes=activation_bytes,
        receptive_field=out.field,
        stride=out.stride,
        window=counts.window if isinstance(counts, Facts) else None,
    )


def grown_field(field: int, stride_so_far: int, window: Window) -> int:
    """Return the receptive field, in input pixels, after one more window."""
    return field + (window.kernel - 1) * stride_so_far


def addends(block: Residual, shape: Shape) -> tuple[Shape, Shape]:
    """Return the shapes that a block on an input of `shape` adds: main path's, shortcut's."""
    counter = Counter()
    main = counter.sums(Sequential(block.main), shape).output_shape
    if block.shortcut is None:
        return main, shape
    layer = block.shortcut[1]
    if isinstance(layer, PadShortcut):
        return main, layer.facts(shape).output_shape
    return main, counter.sums(layer, shape).output_shape


def add(main: Tensor, side: Tensor) -> Tensor:
    """Return the sum of a block's two branches: their one shape, the larger field."""
    if main.field is None or side.field is None:
        return main
    return main._replace(field=max(main.field, side.field))
