"""Kinds that move elements and compute none."""

from math import prod
from typing import NamedTuple

from resnet_cli.graph.kinds import Facts, Shape, Sides, Window, kind


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
        return Facts((flat,), is_global=True, is_view=not self.is_copy)

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
        return Facts((out,), window=window, is_view=True)


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
        sizes = zip(shapes[0], self.before, self.behind, strict=True)
        return Facts((tuple(size + (first + last) for size, first, last in sizes),))
