"""Kinds that multiply by weights: convolutions and linear layers."""

from math import prod
from typing import NamedTuple

from resnet_cli.graph.kinds import (
    KEEPS_INPUT,
    Facts,
    Keeps,
    Shape,
    Sides,
    Weights,
    Window,
    kind,
    sliding,
    together,
)


@kind
class Conv(NamedTuple):
    """A grouped convolution in one to three dimensions, as many as its kernel has sides."""

    out_channels: int
    kernel: Sides
    stride: Sides = (1, 1)
    padding: Sides = (0, 0)
    dilation: Sides = (1, 1)
    groups: int = 1
    bias: bool = True
    padding_mode: str = "zeros"

    @property
    def name(self) -> str:
        return f"Conv{len(self.kernel)}d"

    @property
    def window(self) -> Window:
        """What slides over the map."""
        return sliding(self.kernel, self.stride, self.padding, self.dilation)

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(N, C, *map)`; each output element costs one filter's MACs."""
        batch, channels, *sizes = shapes[0]
        window = self.window
        out = (batch, self.out_channels, *window.slide(tuple(sizes)))
        filter_shape = (int(channels) // self.groups, *self.kernel)
        weights: Weights = (("weight", (self.out_channels, *filter_shape)),)
        if self.bias:
            weights += (("bias", (self.out_channels,)),)
        # Padded by zeros it keeps its input, frozen weights or not; else a padded copy.
        keeps = KEEPS_INPUT if self.padding_mode == "zeros" else None
        macs = prod(out) * prod(filter_shape)
        return Facts((out,), weights, macs=macs, window=window, mixes=(1,), keeps=keeps)

    def printed(self, shape: Shape) -> str:
        """Write it as PyTorch does on an input of `shape`."""
        text = f"{self.name}({shape[1]}, {self.out_channels}, kernel_size={self.kernel}"
        text += f", stride={self.stride}"
        text += f", padding={self.padding}" if any(self.padding) else ""
        text += f", dilation={self.dilation}" if {*self.dilation} != {1} else ""
        text += f", groups={self.groups}" if self.groups != 1 else ""
        text += "" if self.bias else ", bias=False"
        text += f", padding_mode={self.padding_mode}" if self.padding_mode != "zeros" else ""
        return f"{text})"


_LINEAR = Keeps(for_weights=(0,))


@kind
class Linear(NamedTuple):
    """A fully connected layer on the last dimension, which has to be `in_features` where given."""

    out_features: int
    bias: bool = True
    in_features: int | None = None

    @property
    def name(self) -> str:
        return "Linear"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(…, in_features)`."""
        *others, given = shapes[0]
        features = given if self.in_features is None else self.in_features
        out = (*others, self.out_features)
        weights: Weights = (("weight", (self.out_features, int(features))),)
        if self.bias:
            weights += (("bias", (self.out_features,)),)
        equal = () if self.in_features is None else together(given, features)
        mixes = (len(others),)
        macs = prod(out) * features
        return Facts((out,), weights, macs=macs, mixes=mixes, equal=equal, keeps=_LINEAR)

    def printed(self, shape: Shape) -> str:
        """Write it as PyTorch does on an input of `shape`."""
        return (
            f"Linear(in_features={shape[-1]}, out_features={self.out_features}, bias={self.bias})"
        )
