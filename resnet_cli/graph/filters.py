"""Kinds that multiply by weights besides those that every residual network has.

Transposed convolutions, and the functions: what a function multiplies by is an input of its
own, so that the shape of that says how many channels there are.
"""

from math import prod
from typing import NamedTuple

from resnet_cli.graph.kinds import (
    Facts,
    Keeps,
    Shape,
    Sides,
    Weights,
    Window,
    dilated,
    kind,
    sliding,
    together,
)

UPSAMPLED = "fractional stride"
"""Why pixels of a map that was made larger have no receptive field of one size and stride."""


@kind
class ConvTranspose(NamedTuple):
    """A transposed convolution: each pixel is spread over the places of a kernel."""

    out_channels: int
    kernel: Sides
    stride: Sides
    padding: Sides
    output_padding: Sides
    dilation: Sides
    groups: int = 1
    bias: bool = True

    @property
    def name(self) -> str:
        return f"ConvTranspose{len(self.kernel)}d"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(N, C, *map)`; each input element costs one filter's MACs."""
        batch, channels, *sizes = shapes[0]
        out = (batch, self.out_channels, *spread(tuple(sizes), *self[1:6]))
        filter_shape = (self.out_channels // self.groups, *self.kernel)
        weights: Weights = (("weight", (int(channels), *filter_shape)),)
        if self.bias:
            weights += (("bias", (self.out_channels,)),)
        macs = prod(shapes[0]) * prod(filter_shape)
        window, why = spread_sight(self.kernel, self.stride, self.dilation)
        return Facts((out,), weights, macs=macs, window=window, mixes=(1,), why=why)

    def printed(self, shape: Shape) -> str:
        """Write it as PyTorch does on an input of `shape`."""
        text = f"{self.name}({shape[1]}, {self.out_channels}, kernel_size={self.kernel}"
        text += f", stride={self.stride}"
        text += f", padding={self.padding}" if any(self.padding) else ""
        text += f", dilation={self.dilation}" if {*self.dilation} != {1} else ""
        text += f", output_padding={self.output_padding}" if any(self.output_padding) else ""
        text += f", groups={self.groups}" if self.groups != 1 else ""
        return text + ("" if self.bias else ", bias=False") + ")"


@kind
class ConvFunction(NamedTuple):
    """A convolution by weights that come as its second input, `(out, in / groups, *kernel)`."""

    stride: Sides
    padding: Sides
    dilation: Sides
    groups: int = 1

    @property
    def name(self) -> str:
        return f"conv{len(self.stride)}d"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(N, C, *map)` and the weights; bias may follow."""
        (batch, channels, *sizes), (out_channels, of_each, *kernel) = shapes[:2]
        sides = tuple(map(int, kernel))
        window = sliding(sides, self.stride, self.padding, self.dilation)
        out = (batch, out_channels, *window.slide(tuple(sizes)))
        equal = together(channels, of_each * self.groups)
        macs = prod(out) * of_each * prod(sides)
        mixes = () if self.groups == channels else (1,)  # a blur hands its channels on
        return Facts(
            (out,), macs=macs, window=window, mixes=mixes, equal=equal, keeps=Keeps((0, 1))
        )


@kind
class ConvTransposeFunction(NamedTuple):
    """A transposed convolution by weights that come as its second input."""

    stride: Sides
    padding: Sides
    output_padding: Sides
    dilation: Sides
    groups: int = 1

    @property
    def name(self) -> str:
        return f"conv_transpose{len(self.stride)}d"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(N, C, *map)` and `(C, out / groups, *kernel)`; bias may follow."""
        (batch, channels, *sizes), (takes, of_each, *kernel) = shapes[:2]
        sides = tuple(map(int, kernel))
        out = (batch, of_each * self.groups, *spread(tuple(sizes), sides, *self[:4]))
        macs = prod(shapes[0]) * of_each * prod(sides)
        equal = together(channels, takes)
        window, why = spread_sight(sides, self.stride, self.dilation)
        return Facts((out,), macs=macs, window=window, mixes=(1,), why=why, equal=equal)


@kind
class LinearFunction(NamedTuple):
    """The last dimension times weights that come as its second input, `(out, in)`."""

    @property
    def name(self) -> str:
        return "linear"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(…, in)` and `(out, in)`; bias may follow."""
        (*others, features), (*given, takes) = shapes[:2]
        out, equal = (*others, *given), together(features, takes)
        return Facts((out,), macs=prod(out) * takes, mixes=(len(others),), equal=equal)


@kind
class Embedding(NamedTuple):
    """A row of a table for each number that comes in; the table has the shape `(rows, width)`."""

    rows: int
    width: int

    @property
    def name(self) -> str:
        return "Embedding"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from any shape of whole numbers to `(…, width)`."""
        weights: Weights = (("weight", (self.rows, self.width)),)
        return Facts(((*shapes[0], self.width),), weights, is_global=True)

    def printed(self, _: Shape) -> str:
        """Write it as PyTorch does."""
        return f"Embedding({self.rows}, {self.width})"


@kind
class EmbeddingFunction(NamedTuple):
    """A row of the table that comes second for each number that comes in."""

    @property
    def name(self) -> str:
        return "embedding"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from any shape of whole numbers and `(rows, width)`."""
        return Facts(((*shapes[0], shapes[1][-1]),), is_global=True)


def spread(
    sizes: Shape, kernel: Sides, stride: Sides, padding: Sides, more: Sides, dilation: Sides
) -> Shape:
    """Return a map's sizes after a transposed convolution (Dumoulin and Visin 2016, rel. 14)."""
    sides = zip(sizes, dilated(kernel, dilation), stride, padding, more, strict=True)
    return tuple((size - 1) * s + (k + extra - 2 * p) for size, k, s, p, extra in sides)


def spread_sight(kernel: Sides, stride: Sides, dilation: Sides) -> tuple[Window | None, str]:
    """Return what its pixels see: with stride one it slides its window as any convolution."""
    if {*stride} != {1}:
        return None, UPSAMPLED
    return sliding(kernel, stride, (0,) * len(kernel), dilation), ""
