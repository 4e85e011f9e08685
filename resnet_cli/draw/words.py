"""What the box of an operation says, and which category it is of: one `case` a kind."""

from collections.abc import Sequence
from typing import NamedTuple

from resnet_cli.draw.style import Category
from resnet_cli.graph.kinds import Kind, Shape, Sides
from resnet_cli.graph.moves import Flatten, Pad, Subsample
from resnet_cli.graph.pointwise import Add, BatchNorm, ReLU
from resnet_cli.graph.pooling import AdaptiveAvgPool, AvgPool, MaxPool
from resnet_cli.graph.products import Conv, Linear
from resnet_cli.text import format_shape


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
            more += f", {groups} groups" if groups != 1 else ""
            return Words(f"{_sides(kernel)} {noun}, {channels}{more}", noun, Category.CONV)
        case MaxPool(kernel, stride):
            return _pool("max pool", kernel, stride)
        case AvgPool(kernel, stride):
            return _pool("average pool", kernel, stride)
        case AdaptiveAvgPool(size):
            noun = "average pool"
            text = f"global {noun}" if {*size} == {1} else f"{noun} to {_sides(size)}"
            return Words(text, noun, Category.POOL)
        case Linear(features):
            return Words(f"linear, {features}", "linear", Category.LINEAR)
        case Pad(before, behind, mode):
            noun = "zero-pad" if mode == "constant" else f"{mode}-pad"
            return Words(f"{noun}, {_padded(before, behind, out)}", noun, Category.PAD)
        case Subsample(stride):
            return _plain(f"subsample{over(stride)}", Category.OTHER)
        case Flatten():
            return _plain("flatten", Category.FLATTEN)
        case BatchNorm():
            return _plain("batch norm", Category.NORM)
        case ReLU():
            return _plain("ReLU", Category.RELU)
        case Add():
            return _plain("add", Category.ADD)
        case _:
            return _plain(kind.name, Category.OTHER)


def over(stride: Sides) -> str:
    """Return what a stride adds to a box's text, nothing for a stride of one."""
    return "" if {*stride} == {1} else f", /{_single(stride)}"


def _plain(noun: str, category: Category) -> Words:
    return Words(noun, noun, category)


def _pool(noun: str, kernel: Sides, stride: Sides) -> Words:
    return Words(f"{_sides(kernel)} {noun}{over(stride)}", noun, Category.POOL)


def _wide(dilation: Sides) -> str:
    return "" if {*dilation} == {1} else f", dilation {_single(dilation)}"


def _padded(before: Sides, behind: Sides, out: Shape) -> str:
    """Return what padding changes: the channels, or the map."""
    only_channels = not any((*before[:1], *before[2:], *behind[:1], *behind[2:]))
    return str(out[1]) if only_channels else format_shape(out[2:])


def _single(sides: Sequence[int]) -> str:
    return str(sides[0]) if len({*sides}) == 1 else _sides(sides)


def _sides(sides: Sequence[int]) -> str:
    return "x".join(map(str, sides))
