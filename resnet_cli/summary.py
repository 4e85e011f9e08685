"""The result: a row a layer, and the totals, whoever computed them.

Shapes are tuples, counts are elements, bytes are at the network's dtype. Absence is None.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


class LayerRow(NamedTuple):
    """One module: what goes in, what comes out, what it costs.

    A container's counts are the sums over its leaves. `depth` is 1 for the network's own
    children; `role` is that of the ancestor at depth 1. `params` are trainable elements,
    `buffers` running statistics; `macs` count convolutions and linear layers without bias
    and normalisation (the convention of torchvision's `_ops`); `output_bytes` is the row's
    own output, `activation_bytes` the sum over its leaves, a view counting none.
    `receptive_field` is in input pixels, along one side; it and `stride`, the cumulative
    one, are None from the global pool on. `window` is (kernel, stride, padding).
    """

    path: str
    depth: int
    leaf: bool
    role: str
    type: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    params: int
    buffers: int
    macs: int
    output_bytes: int
    activation_bytes: int
    receptive_field: int | None
    stride: int | None
    window: tuple[int, int, int] | None

    @property
    def flops(self) -> int:
        """Floating-point operations: a multiply and an add for each MAC."""
        return 2 * self.macs


@dataclass(frozen=True, slots=True)
class Summary:
    """A network's rows, in the order of execution, and what they add up to.

    `peak_bytes` is the most that an inference pass holds at once at module boundaries: a
    layer's input and output, and what waits for the addition.
    """

    name: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    dtype: str
    itemsize: int
    rows: tuple[LayerRow, ...]
    peak_bytes: int

    def _total(self, count: Callable[[LayerRow], int]) -> int:
        return sum(count(row) for row in self.rows if row.leaf)

    @property
    def params(self) -> int:
        """Trainable elements."""
        return self._total(lambda row: row.params)

    @property
    def buffers(self) -> int:
        """Elements of running statistics, batch norm's counter among them."""
        return self._total(lambda row: row.buffers)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of convolutions and linear layers."""
        return self._total(lambda row: row.macs)

    @property
    def flops(self) -> int:
        """Twice the MACs."""
        return 2 * self.macs

    @property
    def param_bytes(self) -> int:
        """Bytes of the trainable elements."""
        return self.params * self.itemsize

    @property
    def activation_bytes(self) -> int:
        """Bytes of all leaves' outputs together, views left out."""
        return self._total(lambda row: row.activation_bytes)

    def totals(self) -> dict[str, int]:
        """Return every total under its name in the machine formats."""
        return {name: getattr(self, name) for name in TOTALS}

    def at_depth(self, depth: int) -> list[LayerRow]:
        """Return the rows down to `depth`; deeper ones are part of their ancestor's counts."""
        return [row for row in self.rows if row.depth <= depth]


TOTALS = (
    "params",
    "buffers",
    "macs",
    "flops",
    "param_bytes",
    "activation_bytes",
    "peak_bytes",
)
