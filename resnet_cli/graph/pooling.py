"""Kinds that pool a map."""

from math import prod
from typing import NamedTuple

from resnet_cli.graph.kinds import (
    KEEPS_INPUT,
    KEEPS_NOTHING,
    Facts,
    Keeps,
    Shape,
    Sides,
    Window,
    kind,
    sliding,
)


@kind
class MaxPool(NamedTuple):
    """Max pooling in one to three dimensions, as many as its kernel has sides."""

    kernel: Sides
    stride: Sides
    padding: Sides = (0, 0)
    dilation: Sides = (1, 1)
    ceil_mode: bool = False

    @property
    def name(self) -> str:
        return f"MaxPool{len(self.kernel)}d"

    @property
    def window(self) -> Window:
        """What slides over the map."""
        window = sliding(self.kernel, self.stride, self.padding, self.dilation)
        return _rounded(window) if self.ceil_mode else window

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(N, C, *map)`; channels stay, the map shrinks with the stride."""
        facts = _pooled(shapes[0], self.window)
        # Which input each output was: an int64 an element of the output.
        return facts._replace(keeps=Keeps((0,), indices=prod(facts.outputs[0])))

    def printed(self, _: Shape) -> str:
        """Write it as PyTorch does where it was given single numbers."""
        kernel, stride, padding, dilation = map(
            _single, (self.kernel, self.stride, self.padding, self.dilation)
        )
        return (
            f"{self.name}(kernel_size={kernel}, stride={stride}, padding={padding}, "
            f"dilation={dilation}, ceil_mode={self.ceil_mode})"
        )


@kind
class AvgPool(NamedTuple):
    """Average pooling in one to three dimensions, as many as its kernel has sides."""

    kernel: Sides
    stride: Sides
    padding: Sides = (0, 0)
    ceil_mode: bool = False
    count_include_pad: bool = True

    @property
    def name(self) -> str:
        return f"AvgPool{len(self.kernel)}d"

    @property
    def window(self) -> Window:
        """What slides over the map."""
        window = Window(self.kernel, self.stride, self.padding)
        return _rounded(window) if self.ceil_mode else window

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(N, C, *map)`; channels stay, the map shrinks with the stride."""
        return _pooled(shapes[0], self.window)._replace(keeps=KEEPS_INPUT)

    def printed(self, _: Shape) -> str:
        """Write it as PyTorch does where it was given single numbers."""
        kernel, stride, padding = map(_single, (self.kernel, self.stride, self.padding))
        return f"{self.name}(kernel_size={kernel}, stride={stride}, padding={padding})"


@kind
class AdaptiveAvgPool(NamedTuple):
    """Average pooling to a map of a given size; with one pixel of the whole map.

    `is_number` says that a module was given one number for all sides, which PyTorch prints.
    """

    output_size: Sides = (1, 1)
    is_number: bool = False

    @property
    def name(self) -> str:
        return f"AdaptiveAvgPool{len(self.output_size)}d"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(N, C, *map)`: taken together the output pixels see the whole map."""
        batch, channels, *_ = shapes[0]
        # To one pixel PyTorch takes the mean, whose gradient needs no map.
        keeps = KEEPS_NOTHING if {*self.output_size} == {1} else KEEPS_INPUT
        out = (batch, channels, *self.output_size)
        return Facts((out,), is_global=True, mixes=to_one(self.output_size), keeps=keeps)

    def printed(self, _: Shape) -> str:
        size = self.output_size[0] if self.is_number else self.output_size
        return f"{self.name}(output_size={size})"


def to_one(sides: Shape) -> Sides:
    """Return the axes of a map of these sides along which one element stands for all."""
    return tuple(axis for axis, side in enumerate(sides, 2) if side == 1)


def _rounded(window: Window) -> Window:
    """Return a pool's window where it rounds up.

    It may begin in the input or the padding before it, and not behind:
    ceil((size + 2p - k) / s) there is floor((size + 2p - k + min(s - 1, k - p - 1)) / s).
    """
    sides = zip(*window[:3], strict=True)
    return window._replace(extra=tuple(min(s - 1, k - p - 1) for k, s, p in sides))


def _pooled(shape: Shape, window: Window) -> Facts:
    """Return what pooling does to `(N, C, *map)`. Raises `ValueError` for too small a map."""
    batch, channels, *sizes = shape
    out = window.slide(tuple(sizes))
    if any(isinstance(size, int) and size < 1 for size in out):
        raise ValueError("the map is smaller than the window")
    return Facts(((batch, channels, *out),), window=window)


def _single(sides: Sides) -> Sides | int:
    """Return the number that all sides share, as PyTorch's pooling keeps what it was given."""
    return sides[0] if len({*sides}) == 1 else sides
