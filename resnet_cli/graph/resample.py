"""Kinds that give a map other sides: interpolation, pooling to a size, shuffled pixels, windows."""

from math import floor, prod
from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.graph.filters import UPSAMPLED
from resnet_cli.graph.kinds import Facts, Shape, Sides, dilated, kind, together
from resnet_cli.graph.pooling import to_one
from resnet_cli.graph.sizes import Formula, value

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size


@kind
class Interpolate(NamedTuple):
    """A map at other sizes, or at its own times a scale factor for each side."""

    sizes: tuple[Formula, ...] | None = None
    scales: tuple[float, ...] | None = None
    mode: str = "nearest"

    @property
    def name(self) -> str:
        return "interpolate"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(N, C, *map)`."""
        batch, channels, *sides = shapes[0]
        if self.sizes is not None:
            out = [value(size, shapes) for size in self.sizes]
        else:
            scales = self.scales or ()
            out = [scaled(size, scale) for size, scale in zip(sides, scales, strict=True)]
        if len(out) != len(sides):
            raise ValueError(f"{len(out)} sizes for a map of {len(sides)} sides")
        return Facts(((batch, channels, *out),), why=UPSAMPLED)


def scaled(size: "Size", scale: float) -> "Size":
    """Return `floor(size * scale)` as PyTorch computes it, in double precision.

    Raises `SymbolError` for a formula unless the scale is a fraction of a power of two.
    """
    if isinstance(size, int):
        return floor(float(size) * scale)
    top, bottom = float(scale).as_integer_ratio()
    if bottom > 1024:
        from resnet_cli.errors import SymbolError

        raise SymbolError(f"{size} times {scale} has no closed form here")
    return (size * top) // bottom


@kind
class AdaptivePool(NamedTuple):
    """Pooling to a map of a given size, by its module's class; None leaves a side as it is."""

    function: str
    output_size: tuple[Formula | None, ...]

    @property
    def name(self) -> str:
        return self.function

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(N, C, *map)`: taken together the output pixels see the whole map."""
        batch, channels, *sides = shapes[0]
        pairs = zip(self.output_size, sides, strict=True)
        out = tuple(side if size is None else value(size, shapes) for size, side in pairs)
        return Facts(((batch, channels, *out),), is_global=True, mixes=to_one(out))

    def printed(self, _: Shape) -> str:
        """Write it as PyTorch does where it was given a number a side."""
        return f"{self.function}(output_size={self.output_size})"


@kind
class PadBy(NamedTuple):
    """Padding of which some sides are worked out from sizes; the first dimension first."""

    before: tuple[Formula, ...]
    behind: tuple[Formula, ...]
    mode: str = "constant"

    @property
    def name(self) -> str:
        return "pad"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from a shape of as many dimensions as there are paddings."""
        sides = zip(shapes[0], self.before, self.behind, strict=True)
        out = tuple(size + value(a, shapes) + value(b, shapes) for size, a, b in sides)
        return Facts((out,))


@kind
class PixelShuffle(NamedTuple):
    """Channels laid out as pixels, `factor` along each side (Shi et al. 2016)."""

    factor: int

    @property
    def name(self) -> str:
        return "PixelShuffle"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(N, C * factor * factor, H, W)`."""
        *others, channels, height, width = shapes[0]
        fewer = channels // (self.factor * self.factor)
        out = (*others, fewer, height * self.factor, width * self.factor)
        equal = together(channels, fewer * (self.factor * self.factor))
        return Facts((out,), why=UPSAMPLED, equal=equal)

    def printed(self, _: Shape) -> str:
        """Write it as PyTorch does."""
        return f"PixelShuffle(upscale_factor={self.factor})"


@kind
class PixelUnshuffle(NamedTuple):
    """Pixels laid out as channels, `factor` along each side."""

    factor: int

    @property
    def name(self) -> str:
        return "PixelUnshuffle"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(N, C, H, W)`, whose sides are multiples of the factor."""
        *others, channels, height, width = shapes[0]
        sides = tuple(side // self.factor for side in (height, width))
        pairs = zip((height, width), sides, strict=True)
        equal = tuple(each for side, out in pairs for each in together(side, out * self.factor))
        out = (*others, channels * (self.factor * self.factor), *sides)
        return Facts((out,), is_global=True, equal=equal)

    def printed(self, _: Shape) -> str:
        """Write it as PyTorch does."""
        return f"PixelUnshuffle(downscale_factor={self.factor})"


@kind
class Fold(NamedTuple):
    """Patches added up where they lie in a map of that size (`nn.Fold`): Unfold backwards."""

    output_size: tuple[Formula, ...]
    kernel: Sides

    @property
    def name(self) -> str:
        return "fold"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(N, C * kernel, places)` to `(N, C, H, W)`."""
        batch, channels, _ = shapes[0]
        sides = [value(size, shapes) for size in self.output_size]
        return Facts(((batch, channels // prod(self.kernel), *sides),), is_global=True)


@kind
class Unfold(NamedTuple):
    """The patches of a map side by side, each as one column (`nn.Unfold`)."""

    kernel: Sides
    dilation: Sides
    padding: Sides
    stride: Sides

    @property
    def name(self) -> str:
        return "Unfold"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(N, C, H, W)` to `(N, C * kernel, places)`."""
        batch, channels, *sides = shapes[0]
        windows = zip(sides, dilated(self.kernel, self.dilation), *self[2:], strict=True)
        places = [(side + (2 * p - k)) // s + 1 for side, k, p, s in windows]
        return Facts(((batch, channels * prod(self.kernel), prod(places)),), is_global=True)

    def printed(self, _: Shape) -> str:
        """Write it as PyTorch does where it was given a number a side."""
        return (
            f"Unfold(kernel_size={self.kernel}, dilation={self.dilation}, "
            f"padding={self.padding}, stride={self.stride})"
        )
