"""Which kind of operation a module or a function of PyTorch is, and on which of its arguments.

What is not here has no name: it is captured as an opaque operation with the shapes that it
gave. Names are by what runs (`forward`, the function), so that a subclass that keeps its
parent's `forward` is what its parent is.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from resnet_cli.graph.kinds import Kind, Sides, Window
from resnet_cli.graph.moves import Flatten, Pad, Subsample
from resnet_cli.graph.pointwise import Activation, Add, BatchNorm, Identity, Multiply, ReLU
from resnet_cli.graph.pooling import AdaptiveAvgPool, AvgPool, MaxPool
from resnet_cli.graph.products import Conv, Linear


def layer(module: nn.Module) -> Kind | None:
    """Return the kind of a module that is one operation on its one input, or None."""
    # A scripted module's class has none that could be asked for.
    rule = _LAYERS.get(getattr(type(module), "forward", None))
    if rule is None or "forward" in module.__dict__:
        return None
    return rule(module)


def window(module: nn.Module | None) -> Window | None:
    """Return the window of a module that slides one, or None."""
    kind = None if module is None else layer(module)
    return getattr(kind, "window", None)


def _conv(module: Any) -> Kind | None:
    if isinstance(module.padding, str):
        return None  # "same" may pad one side more than the other
    return Conv(
        module.out_channels,
        module.kernel_size,
        module.stride,
        module.padding,
        module.dilation,
        module.groups,
        module.bias is not None,
        module.padding_mode,
    )


def _batch_norm(module: Any) -> Kind | None:
    dimensions = next((int(d) for d in "123" if type(module).__name__.endswith(f"{d}d")), 0)
    return BatchNorm(dimensions or 2, module.affine, module.track_running_stats)


def _max_pool(rank: int) -> "Callable[[Any], Kind | None]":
    def rule(module: Any) -> Kind | None:
        if module.return_indices:
            return None
        kernel = sides(module.kernel_size, rank)
        stride = kernel if module.stride is None else sides(module.stride, rank)
        padding, dilation = sides(module.padding, rank), sides(module.dilation, rank)
        return MaxPool(kernel, stride, padding, dilation, bool(module.ceil_mode))

    return rule


def _avg_pool(rank: int) -> "Callable[[Any], Kind | None]":
    def rule(module: Any) -> Kind | None:
        if getattr(module, "divisor_override", None):
            return None
        kernel, stride = sides(module.kernel_size, rank), sides(module.stride, rank)
        padding = sides(module.padding, rank)
        return AvgPool(kernel, stride, padding, bool(module.ceil_mode), module.count_include_pad)

    return rule


def _adaptive(rank: int) -> "Callable[[Any], Kind | None]":
    def rule(module: Any) -> Kind | None:
        size = sides(module.output_size, rank)
        return None if any(side is None for side in size) else AdaptiveAvgPool(size)

    return rule


def _pointwise(module: Any) -> Kind:
    return Activation(type(module).__name__, bool(getattr(module, "inplace", False)))


def _dropout(module: Any) -> Kind | None:
    return None if module.training else Identity(type(module).__name__)


_LAYERS: Mapping[Any, Callable[[Any], Kind | None]] = {
    **dict.fromkeys((nn.Conv1d.forward, nn.Conv2d.forward, nn.Conv3d.forward), _conv),
    nn.modules.batchnorm._BatchNorm.forward: _batch_norm,
    nn.Linear.forward: lambda module: Linear(module.out_features, module.bias is not None),
    nn.ReLU.forward: lambda module: ReLU(bool(module.inplace)),
    nn.Flatten.forward: lambda module: Flatten(module.start_dim, module.end_dim),
    nn.Identity.forward: lambda module: Identity(type(module).__name__),
    **{
        kind.forward: _dropout
        for kind in (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)
    },
    **{
        kind.forward: _pointwise
        for kind in (
            *(nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU),
            *(nn.Mish, nn.Hardswish, nn.Hardsigmoid, nn.Hardtanh, nn.Sigmoid, nn.Tanh),
            *(nn.Softplus, nn.Softsign, nn.LogSigmoid, nn.Hardshrink, nn.Softshrink),
        )
    },
    nn.MaxPool1d.forward: _max_pool(1),
    nn.MaxPool2d.forward: _max_pool(2),
    nn.MaxPool3d.forward: _max_pool(3),
    nn.AvgPool1d.forward: _avg_pool(1),
    nn.AvgPool2d.forward: _avg_pool(2),
    nn.AvgPool3d.forward: _avg_pool(3),
    nn.AdaptiveAvgPool1d.forward: _adaptive(1),
    nn.AdaptiveAvgPool2d.forward: _adaptive(2),
    nn.AdaptiveAvgPool3d.forward: _adaptive(3),
}


def sides(value: Any, rank: int) -> Sides:
    """Return a number for each side, as PyTorch takes one for all, a tuple or a list."""
    return tuple(value) if isinstance(value, tuple | list) else (value,) * rank


class Named(NamedTuple):
    """A function's kind, and the tensors that it works on."""

    kind: Kind
    tensors: tuple[Tensor, ...]


Arguments: TypeAlias = "Mapping[str, Any]"


def function(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Named | None:
    """Return what a call of a function is, or None where it has no name here."""
    rule = _FUNCTIONS.get(func)
    if rule is None:
        return None
    names, named = rule
    if len(args) > len(names):
        return None
    return named({**dict(zip(names, args, strict=False)), **kwargs})


def _relu(given: Arguments) -> Named | None:
    return Named(ReLU(bool(given.get("inplace", False))), (given["input"],))


def _combined(
    kind: type[Add] | type[Multiply], *, inplace: bool = False
) -> "Callable[[Arguments], Named | None]":
    def named(given: Arguments) -> Named | None:
        left, right = given["input"], given["other"]
        if given.get("alpha", 1) != 1 or given.get("out") is not None:
            return None
        both = tuple(each for each in (left, right) if isinstance(each, Tensor))
        if len(both) == 2:
            return Named(kind(inplace), both)
        return Named(Activation(kind.__name__.lower(), inplace), both)

    return named


def _flatten(given: Arguments) -> Named | None:
    if not all(type(given.get(name, 0)) is int for name in ("start_dim", "end_dim")):
        return None
    return Named(Flatten(given.get("start_dim", 0), given.get("end_dim", -1)), (given["input"],))


def _index(given: Arguments) -> Named | None:
    """Name `x[:, :, ::2, ::2]`, and no other index."""
    tensor, index = given["input"], given["index"]
    if not isinstance(index, tuple) or len(index) != tensor.dim() or tensor.dim() < 3:
        return None
    if not all(isinstance(each, slice) and each.start is each.stop is None for each in index):
        return None
    steps = tuple(1 if each.step is None else each.step for each in index)
    if steps[:2] != (1, 1) or not all(type(step) is int for step in steps):
        return None
    return Named(Subsample(steps[2:]), (tensor,))


def _pad(given: Arguments) -> Named | None:
    """Name `F.pad`, which gives the last dimension's sides first."""
    tensor, pad = given["input"], [*given["pad"]]
    if not all(type(side) is int for side in pad):
        return None
    pad += [0] * (2 * tensor.dim() - len(pad))
    kind = Pad(tuple(pad[0::2][::-1]), tuple(pad[1::2][::-1]), given.get("mode", "constant"))
    return Named(kind, (tensor,))


_Rule: TypeAlias = "tuple[tuple[str, ...], Callable[[Arguments], Named | None]]"

_TWO = ("input", "other")

_FUNCTIONS: Mapping[Any, _Rule] = {
    F.relu: (("input", "inplace"), _relu),
    **dict.fromkeys((torch.relu, Tensor.relu), (("input",), _relu)),
    **dict.fromkeys(
        (torch.relu_, Tensor.relu_), (("input",), lambda given: _relu({**given, "inplace": True}))
    ),
    **dict.fromkeys(
        (torch.add, Tensor.add, Tensor.__add__, Tensor.__radd__),
        (_TWO, _combined(Add)),
    ),
    **dict.fromkeys((Tensor.add_, Tensor.__iadd__), (_TWO, _combined(Add, inplace=True))),
    **dict.fromkeys(
        (torch.mul, Tensor.mul, Tensor.__mul__, Tensor.__rmul__),
        (_TWO, _combined(Multiply)),
    ),
    **dict.fromkeys((Tensor.mul_, Tensor.__imul__), (_TWO, _combined(Multiply, inplace=True))),
    **dict.fromkeys((torch.flatten, Tensor.flatten), (("input", "start_dim", "end_dim"), _flatten)),
    Tensor.__getitem__: (("input", "index"), _index),
    F.pad: (("input", "pad", "mode", "value"), _pad),
}
