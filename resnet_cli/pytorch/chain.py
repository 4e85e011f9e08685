"""Receptive field and cumulative stride of what is known to be a chain of windows.

A tensor is known from the moment a known module gives it until something else makes a new
one of it or writes into it; from there on both figures are None.
"""

import weakref
from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import Tensor, nn

from resnet_cli.analysis.infer import grown_field
from resnet_cli.graph.layers import Window

# nn.modules has no common class for what looks at one element at a time.
_ELEMENTWISE = (
    nn.Identity,
    nn.modules.batchnorm._BatchNorm,
    nn.modules.dropout._DropoutNd,
    nn.ReLU,
    nn.ReLU6,
    nn.LeakyReLU,
    nn.PReLU,
    nn.ELU,
    nn.GELU,
    nn.SiLU,
    nn.Mish,
    nn.Hardswish,
    nn.Hardsigmoid,
    nn.Sigmoid,
    nn.Tanh,
    nn.Softplus,
)
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_POOLS = (
    nn.MaxPool1d,
    nn.MaxPool2d,
    nn.MaxPool3d,
    nn.AvgPool1d,
    nn.AvgPool2d,
    nn.AvgPool3d,
)


class Sight(NamedTuple):
    """What an element sees of the input: its receptive field and the map's stride."""

    field: int
    stride: int


class Known(NamedTuple):
    """A tensor, its version when it was given, and what it sees."""

    tensor: "weakref.ref[Tensor]"
    version: int
    sight: Sight


class Chain:
    """What is known about the tensors of a run."""

    def __init__(self) -> None:
        self.known: dict[int, Known] = {}

    def begin(self, inputs: Sequence[Any]) -> None:
        """Begin a chain at a single map, whose pixels see themselves."""
        if len(inputs) == 1 and isinstance(inputs[0], Tensor) and inputs[0].dim() >= 3:
            self._remember(inputs[0], Sight(1, 1))

    def find(self, value: Any) -> Sight | None:
        """Return what a tensor sees, None where that is not known."""
        found = self.known.get(id(value))
        tensor = None if found is None else found.tensor()
        if found is None or tensor is None or tensor is not value:
            return None
        return found.sight if found.version == version(tensor) else None

    def follow(self, module: nn.Module, before: Sight | None, given: Any) -> Sight | None:
        """Return what `module`'s output sees; `before` is what its input saw."""
        if not isinstance(given, Tensor):
            return None
        after = self.find(given)  # a container gives what its last module gave
        if after is None and before is not None:
            after = _after(module, before)
        if after is not None:
            self._remember(given, after)
        return after

    def _remember(self, tensor: Tensor, sight: Sight) -> None:
        self.known[id(tensor)] = Known(weakref.ref(tensor), version(tensor), sight)


def version(tensor: Tensor) -> int:
    """Return how often a tensor was written into; inference tensors do not know."""
    return 0 if tensor.is_inference() else tensor._version


def _after(module: nn.Module, before: Sight) -> Sight | None:
    if isinstance(module, _ELEMENTWISE):
        return before
    window = window_of(module)
    if window is None:
        return None
    field, stride = before
    return Sight(grown_field(field, stride, window), stride * window.stride)


def window_of(module: nn.Module) -> Window | None:
    """Return the square window of a convolution or pooling, dilation included, or None."""
    if not isinstance(module, _CONVOLUTIONS + _POOLS) or isinstance(module.padding, str):
        return None
    kernel, stride, padding, dilation = (
        _one(value)
        for value in (
            module.kernel_size,
            module.stride,
            module.padding,
            getattr(module, "dilation", 1),
        )
    )
    if kernel is None or stride is None or padding is None or dilation is None:
        return None
    return Window(dilation * (kernel - 1) + 1, stride, padding)


def _one(value: Any) -> int | None:
    """Return the number that all dimensions share, or None."""
    values = set(value) if isinstance(value, tuple) else {value}
    return values.pop() if len(values) == 1 else None
