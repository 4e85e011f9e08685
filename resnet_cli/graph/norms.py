"""Kinds that normalise, besides batch norm: an element keeps its place, and its window.

The statistics are over more than one element; what pixels see leaves them out, as it does
batch norm's, unless a norm is along the map's own axes.
"""

from typing import NamedTuple

from resnet_cli.graph.kinds import Facts, Keeps, Shape, Sides, Weights, kind, together
from resnet_cli.graph.sizes import Formula, value


def _affine(shape: Sides, *names: str) -> Weights:
    return tuple((name, shape) for name in names)


@kind
class GroupNorm(NamedTuple):
    """Normalisation over groups of channels (Wu and He 2018)."""

    groups: int
    affine: bool = True

    @property
    def name(self) -> str:
        return "GroupNorm"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(N, C, *map)`; the shape stays."""
        weights = _affine((int(shapes[0][1]),), "weight", "bias") if self.affine else ()
        # Each group's mean and inverse deviation stand beside the input.
        keeps = Keeps((0,), extra=2 * shapes[0][0] * self.groups)
        return Facts((shapes[0],), weights, keeps=keeps)

    def printed(self, shape: Shape) -> str:
        """Write it as PyTorch does on an input of `shape`."""
        return f"GroupNorm({self.groups}, {shape[1]}, eps=1e-05, affine={self.affine})"


@kind
class InstanceNorm(NamedTuple):
    """Normalisation of each channel of each image (Ulyanov et al. 2016)."""

    dimensions: int = 2
    affine: bool = False
    track_running_stats: bool = False

    @property
    def name(self) -> str:
        return f"InstanceNorm{self.dimensions}d"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(N, C, *map)`; the shape stays."""
        features = (int(shapes[0][1]),)
        weights = _affine(features, "weight", "bias") if self.affine else ()
        buffers: Weights = ()
        if self.track_running_stats:
            buffers = (
                *_affine(features, "running_mean", "running_var"),
                ("num_batches_tracked", ()),
            )
        return Facts((shapes[0],), weights, buffers)

    def printed(self, shape: Shape) -> str:
        """Write it as PyTorch does on an input of `shape`."""
        return (
            f"{self.name}({shape[1]}, eps=1e-05, momentum=0.1, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats})"
        )


@kind
class LayerNorm(NamedTuple):
    """Normalisation over the last dimensions, which have the sizes `normalized`.

    Layer norm (Ba et al. 2016) and RMS norm, by their classes in PyTorch.
    """

    normalized: tuple[Formula, ...]
    affine: bool = True
    bias: bool = True
    function: str = "LayerNorm"

    @property
    def name(self) -> str:
        return self.function

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(…, *normalized)`; the shape stays."""
        shape, count = shapes[0], len(self.normalized)
        rank = len(shape)
        normalized = tuple(value(size, shapes) for size in self.normalized)
        pairs = zip(shape[rank - count :], normalized, strict=True)
        equal = tuple(each for pair in pairs for each in together(*pair))
        names = ("weight", "bias") if self.bias else ("weight",)
        weights = _affine(tuple(map(int, normalized)), *names) if self.affine else ()
        out = (*shape[: rank - count], *normalized)
        return Facts((out,), weights, mixes=tuple(range(rank - count, rank)), equal=equal)

    def printed(self, _: Shape) -> str:
        """Write it as PyTorch does."""
        eps = "None" if self.function == "RMSNorm" else "1e-05"
        return f"{self.function}({self.normalized}, eps={eps}, elementwise_affine={self.affine}" + (
            ", bias=True)" if self.bias and self.function == "LayerNorm" else ")"
        )
