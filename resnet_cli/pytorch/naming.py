"""Which kind of operation a module of PyTorch is.

What is not here has no name: it is captured as an opaque operation with the shapes that it
gave. Names are by what runs (`forward`), so that a subclass that keeps its parent's `forward`
is what its parent is. Functions have theirs in `functions.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import nn

from resnet_cli.graph.activations import Activation, Identity
from resnet_cli.graph.elementwise import Along
from resnet_cli.graph.filters import ConvTranspose, Embedding
from resnet_cli.graph.kinds import Kind, Shape, Sides, Window
from resnet_cli.graph.matmul import MultiheadAttention
from resnet_cli.graph.moves import Flatten
from resnet_cli.graph.norms import GroupNorm, InstanceNorm, LayerNorm
from resnet_cli.graph.pointwise import BatchNorm, ReLU
from resnet_cli.graph.pooling import AdaptiveAvgPool, AvgPool, MaxPool
from resnet_cli.graph.products import Conv, Linear
from resnet_cli.graph.resample import AdaptivePool, PixelShuffle, PixelUnshuffle, Unfold


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


def seen(kind: Kind | None, shapes: Sequence[Shape], *, is_view: bool) -> Kind | None:
    """Return a kind with what only the run shows: a view or a copy, and how much it gave."""
    match kind:
        case Activation(function, False) if is_view:
            return Identity(function)
        case MultiheadAttention() if len(shapes) == 2:
            return kind._replace(weights="averaged" if len(shapes[1]) == 3 else "each")
    if hasattr(kind, "parts"):
        return kind._replace(parts=len(shapes))  # type: ignore[union-attr, no-any-return]
    if getattr(kind, "is_copy", not is_view) == is_view:
        return kind._replace(is_copy=not is_view)  # type: ignore[union-attr, no-any-return]
    return kind


def padded(padding: Any, kernel: Sides, dilation: Sides) -> Sides | None:
    """Return a convolution's padding; None where "same" pads one side more than the other."""
    if not isinstance(padding, str):
        return sides(padding, len(kernel))
    if padding == "valid":
        return (0,) * len(kernel)
    both = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return None if any(total % 2 for total in both) else tuple(total // 2 for total in both)


def _conv(module: Any) -> Kind | None:
    padding = padded(module.padding, module.kernel_size, module.dilation)
    if padding is None:
        return None
    return Conv(
        module.out_channels,
        module.kernel_size,
        module.stride,
        padding,
        module.dilation,
        module.groups,
        module.bias is not None,
        module.padding_mode,
    )


def _batch_norm(module: Any) -> Kind | None:
    return BatchNorm(_rank(module), module.affine, module.track_running_stats)


def _rank(module: nn.Module) -> int:
    """Return how many sides a norm is over, as the nearest class that says so is called."""
    names = [each.__name__ for each in type(module).__mro__]
    return next((d for name in names for d in (1, 2, 3) if name.endswith(f"{d}d")), 2)


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


def adaptive(which: str, size: Sides) -> Kind:
    """Return pooling to a size, "Avg" or "Max"; a side of None stays as it is."""
    if which == "Avg" and all(type(side) is int for side in size):
        return AdaptiveAvgPool(size)
    return AdaptivePool(f"Adaptive{which}Pool{len(size)}d", size)


def _adaptive(which: str, rank: int) -> "Callable[[Any], Kind | None]":
    def rule(module: Any) -> Kind | None:
        if getattr(module, "return_indices", False):
            return None
        found = adaptive(which, sides(module.output_size, rank))
        is_number = isinstance(module.output_size, int)
        return found._replace(is_number=is_number) if isinstance(found, AdaptiveAvgPool) else found

    return rule


def _transposed(module: Any) -> Kind:
    return ConvTranspose(
        module.out_channels,
        module.kernel_size,
        module.stride,
        module.padding,
        module.output_padding,
        module.dilation,
        module.groups,
        module.bias is not None,
    )


def _instance_norm(module: Any) -> Kind:
    return InstanceNorm(_rank(module), module.affine, module.track_running_stats)


def _layer_norm(module: Any) -> Kind:
    bias = getattr(module, "bias", None) is not None
    return LayerNorm(tuple(module.normalized_shape), module.elementwise_affine, bias)


def _rms_norm(module: Any) -> Kind:
    shape = tuple(module.normalized_shape)
    return LayerNorm(shape, module.elementwise_affine, bias=False, function="RMSNorm")


def _attention(module: Any) -> Kind | None:
    if not module._qkv_same_embed_dim or module.bias_k is not None or module.add_zero_attn:
        return None
    bias = module.in_proj_bias is not None
    return MultiheadAttention(module.embed_dim, module.num_heads, module.batch_first, bias)


def _along(module: Any) -> Kind | None:
    return None if module.dim is None else Along(type(module).__name__, (module.dim,))


def _unfold(module: Any) -> Kind:
    given = (module.kernel_size, module.dilation, module.padding, module.stride)
    return Unfold(*(sides(each, 2) for each in given))


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
            *(nn.Tanhshrink, nn.Threshold, nn.LocalResponseNorm),
        )
    },
    nn.MaxPool1d.forward: _max_pool(1),
    nn.MaxPool2d.forward: _max_pool(2),
    nn.MaxPool3d.forward: _max_pool(3),
    nn.AvgPool1d.forward: _avg_pool(1),
    nn.AvgPool2d.forward: _avg_pool(2),
    nn.AvgPool3d.forward: _avg_pool(3),
    nn.AdaptiveAvgPool1d.forward: _adaptive("Avg", 1),
    nn.AdaptiveAvgPool2d.forward: _adaptive("Avg", 2),
    nn.AdaptiveAvgPool3d.forward: _adaptive("Avg", 3),
    nn.AdaptiveMaxPool1d.forward: _adaptive("Max", 1),
    nn.AdaptiveMaxPool2d.forward: _adaptive("Max", 2),
    nn.AdaptiveMaxPool3d.forward: _adaptive("Max", 3),
    nn.ConvTranspose1d.forward: _transposed,
    nn.ConvTranspose2d.forward: _transposed,
    nn.ConvTranspose3d.forward: _transposed,
    nn.GroupNorm.forward: lambda module: GroupNorm(module.num_groups, module.affine),
    nn.LayerNorm.forward: _layer_norm,
    nn.RMSNorm.forward: _rms_norm,
    nn.modules.instancenorm._InstanceNorm.forward: _instance_norm,
    nn.Softmax.forward: _along,
    nn.LogSoftmax.forward: _along,
    nn.Softmin.forward: _along,
    nn.Softmax2d.forward: lambda module: Along("Softmax2d", (-3,)),
    nn.Embedding.forward: lambda module: Embedding(module.num_embeddings, module.embedding_dim),
    nn.PixelShuffle.forward: lambda module: PixelShuffle(module.upscale_factor),
    nn.PixelUnshuffle.forward: lambda module: PixelUnshuffle(module.downscale_factor),
    nn.Unfold.forward: _unfold,
    nn.MultiheadAttention.forward: _attention,
}


def sides(value: Any, rank: int) -> Sides:
    """Return a number for each side, as PyTorch takes one for all, a tuple or a list."""
    return tuple(value) if isinstance(value, tuple | list) else (value,) * rank
