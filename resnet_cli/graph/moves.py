"""Kinds that move elements and compute none."""

from math import prod
from typing import NamedTuple

from resnet_cli.graph.kinds import (
    KEEPS_INPUT,
    KEEPS_NOTHING,
    PASSES,
    Facts,
    Keeps,
    Shape,
    Sides,
    Window,
    kind,
)


@kind
class Flatten(NamedTuple):
    """Neighbouring dimensions made one; a view unless memory has them in another order."""

    start_dim: int = 1
    end_dim: int = -1
    is_copy: bool = False

    @property
    def name(self) -> str:
        return "Flatten"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(N, C, H, W)` to `(N, C * H * W)`."""
        shape = shapes[0]
        start, end = self.start_dim % len(shape), self.end_dim % len(shape)
        flat = (*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :])
        return Facts((flat,), is_global=True, is_view=not self.is_copy, keeps=PASSES)

    def printed(self, _: Shape) -> str:
        """Write it as PyTorch does."""
        return f"Flatten(start_dim={self.start_dim}, end_dim={self.end_dim})"


@kind
class Subsample(NamedTuple):
    """Every stride-th pixel, `x[:, :, ::2, ::2]`: a view."""

    stride: Sides

    @property
    def name(self) -> str:
        return "getitem"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(N, C, *map)`; as a window of one pixel would, without a copy."""
        batch, channels, *sizes = shapes[0]
        ones, zeros = (1,) * len(sizes), (0,) * len(sizes)
        window = Window(ones, self.stride, zeros)
        out = (batch, channels, *window.slide(tuple(sizes)))
        # One slice after another: backward writes each one's gradient into zeros of full size.
        steps = [axis for axis, step in enumerate(self.stride, 2) if step != 1]
        between = tuple([prod((*out[:axis], *shapes[0][axis:])) for axis in steps[:0:-1]])
        keeps = Keeps(between=between) if steps else PASSES
        return Facts((out,), window=window, is_view=True, keeps=keeps)


@kind
class Pad(NamedTuple):
    """Elements added before and behind each dimension, the first dimension first."""

    before: Sides
    behind: Sides
    mode: str = "constant"

    @property
    def name(self) -> str:
        return "pad"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from a shape of as many dimensions as there are paddings."""
        sizes = [*zip(shapes[0], self.before, self.behind, strict=True)]
        reflects = self.mode == "reflect"
        if reflects and any(isinstance(size, int) and max(pads) >= size for size, *pads in sizes):
            raise ValueError("the map is no larger than its padding by reflection")
        out = tuple(size + (first + last) for size, first, last in sizes)
        # What repeats the border keeps its input, and so may what goes round it.
        keeps = {"constant": KEEPS_NOTHING, "reflect": KEEPS_INPUT}.get(self.mode)
        return Facts((out,), keeps=keeps)
