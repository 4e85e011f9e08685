"""What the box of an operation says, and which category it is of: one `case` a kind."""

from collections.abc import Sequence
from typing import NamedTuple

from resnet_cli.draw.style import Category
from resnet_cli.graph.activations import Activation, Identity
from resnet_cli.graph.elementwise import Along, Elementwise, Multiply
from resnet_cli.graph.filters import ConvTranspose
from resnet_cli.graph.kinds import Kind, Shape, Sides
from resnet_cli.graph.matmul import Attention, MultiheadAttention
from resnet_cli.graph.moves import Flatten, Pad, Subsample
from resnet_cli.graph.norms import GroupNorm, InstanceNorm, LayerNorm
from resnet_cli.graph.pointwise import Add, BatchNorm, ReLU
from resnet_cli.graph.pooling import AdaptiveAvgPool, AvgPool, MaxPool
from resnet_cli.graph.products import Conv, Linear
from resnet_cli.graph.resample import AdaptivePool, PadBy
from resnet_cli.graph.views import (
    Expand,
    Permute,
    Repeat,
    Squeeze,
    Transpose,
    Unsqueeze,
    View,
)
from resnet_cli.text import human_text

NAMES = {
    **dict.fromkeys(("cat", "concat", "concatenate"), Category.CONCAT),
    **dict.fromkeys(("interpolate", "upsample", "upsamplingnearest2d"), Category.RESIZE),
    **dict.fromkeys(("pixelshuffle", "pixel_shuffle"), Category.RESIZE),
    **dict.fromkeys(("convtranspose2d", "conv_transpose2d", "conv2d", "conv1d"), Category.CONV),
    **dict.fromkeys(("layer_norm", "layernorm", "group_norm", "groupnorm"), Category.OTHER_NORM),
    **dict.fromkeys(("instance_norm", "instancenorm2d", "rms_norm"), Category.OTHER_NORM),
    "batch_norm": Category.NORM,
    **dict.fromkeys(("mean", "avg_pool2d", "max_pool2d", "adaptive_avg_pool2d"), Category.POOL),
    **dict.fromkeys(("adaptive_max_pool2d", "adaptivemaxpool2d"), Category.POOL),
    **dict.fromkeys(("view", "reshape", "permute", "transpose", "contiguous"), Category.MOVE),
    **dict.fromkeys(("squeeze", "unsqueeze", "expand", "roll", "swapaxes"), Category.MOVE),
    **dict.fromkeys(("flatten", "unflatten"), Category.FLATTEN),
    **dict.fromkeys(("softmax", "sigmoid", "tanh", "gelu", "silu"), Category.POINTWISE),
    "linear": Category.LINEAR,
}
"""Categories of operations by their name, where their kind says no more."""


class Words(NamedTuple):
    """What a box says, the noun in it, and the box's category."""

    text: str
    noun: str
    category: Category


def words(kind: Kind, out: Shape) -> Words:
    """Return what the box of a kind says that gives `out`: He et al. 2015, figure 3.

    What has no `case` is drawn as what it is: its name in a box of no colour.
    """
    match kind:
        case Conv(channels, kernel, stride, _, dilation, groups):
            noun, more = "conv", f"{over(stride)}{_wide(dilation)}"
            if groups == channels != 1:
                noun = f"depthwise {noun}"
            elif groups != 1:
                more += f", {groups} groups"
            return Words(f"{_sides(kernel)} {noun}, {channels}{more}", noun, Category.CONV)
        case ConvTranspose(channels, kernel, stride):
            noun, more = "transposed conv", "" if {*stride} == {1} else f", x{_single(stride)}"
            return Words(f"{_sides(kernel)} {noun}, {channels}{more}", noun, Category.CONV)
        case MaxPool(kernel, stride):
            return _pool("max pool", kernel, stride)
        case AvgPool(kernel, stride):
            return _pool("average pool", kernel, stride)
        case AdaptiveAvgPool():
            return _adaptive("average pool", out)
        case Linear(features):
            return Words(f"linear, {features}", "linear", Category.LINEAR)
        case AdaptivePool(function):
            return _adaptive(f"{'max' if 'max' in function.lower() else 'average'} pool", out)
        case PadBy(_, _, mode):
            noun = "zero-pad" if mode == "constant" else f"{mode}-pad"
            return Words(f"{noun}, {human_text(out[2:])}", noun, Category.PAD)
        case Pad(before, behind, mode):
            noun = "zero-pad" if mode == "constant" else f"{mode}-pad"
            return Words(f"{noun}, {_padded(before, behind, out)}", noun, Category.PAD)
        case _:
            return _light(kind, out)


def _light(kind: Kind, out: Shape) -> Words:
    """Return what a box says whose kind neither multiplies by weights nor has a window."""
    match kind:
        case Subsample(stride):
            return _plain(f"subsample{over(stride)}", Category.OTHER)
        case Flatten():
            return _plain("flatten", Category.FLATTEN)
        case BatchNorm():
            return _plain("batch norm", Category.NORM)
        case ReLU():
            return _plain("ReLU", Category.RELU)
        case GroupNorm() | InstanceNorm() | LayerNorm():
            return _plain(kind.name, Category.OTHER_NORM)
        case View() | Permute() | Transpose() | Squeeze() | Unsqueeze() | Expand() | Repeat():
            return _plain(kind.name, Category.MOVE)
        case Attention():
            return _plain("attention", Category.OTHER)
        case MultiheadAttention(_, heads):
            return Words(f"attention, {heads} heads", "attention", Category.OTHER)
        case Add():
            return _plain("add", Category.ADD)
        case Multiply():
            return _plain("multiply", Category.MULTIPLY)
        case Activation() | Identity() | Elementwise() | Along():
            return _plain(kind.name.strip("_"), Category.POINTWISE)
        case _:
            return _named(kind.name.strip("_"), out)


def _named(name: str, out: Shape) -> Words:
    """Return what a box says by the operation's name alone, and the map that a resize gives."""
    category = NAMES.get(name.lower(), Category.OTHER)
    match category:
        case Category.CONCAT:
            return _plain("concat", category)
        case Category.RESIZE:
            return Words(f"resize to {human_text(out[2:])}", "resize", category)
        case Category.CONV | Category.LINEAR:
            channels = out[1] if category is Category.CONV else out[-1]
            noun = "linear" if category is Category.LINEAR else "conv"
            noun = f"transposed {noun}" if "transpose" in name.lower() else noun
            return Words(f"{noun}, {channels}", noun, category)
        case _:
            return _plain(name, category)


def over(stride: Sides) -> str:
    """Return what a stride adds to a box's text, nothing for a stride of one."""
    return "" if {*stride} == {1} else f", /{_single(stride)}"


def _plain(noun: str, category: Category) -> Words:
    return Words(noun, noun, category)


def _pool(noun: str, kernel: Sides, stride: Sides) -> Words:
    return Words(f"{_sides(kernel)} {noun}{over(stride)}", noun, Category.POOL)


def _adaptive(noun: str, out: Shape) -> Words:
    is_global = all(size == 1 for size in out[2:])
    text = f"global {noun}" if is_global else f"{noun} to {human_text(out[2:])}"
    return Words(text, noun, Category.POOL)


def _wide(dilation: Sides) -> str:
    return "" if {*dilation} == {1} else f", dilation {_single(dilation)}"


def _padded(before: Sides, behind: Sides, out: Shape) -> str:
    """Return what padding changes: the channels, or the map."""
    only_channels = not any((*before[:1], *before[2:], *behind[:1], *behind[2:]))
    return str(out[1]) if only_channels else human_text(out[2:])


def _single(sides: Sequence[int]) -> str:
    return str(sides[0]) if len({*sides}) == 1 else _sides(sides)


def _sides(sides: Sequence[int]) -> str:
    return f"{sides[0]}-wide" if len(sides) == 1 else "x".join(map(str, sides))
