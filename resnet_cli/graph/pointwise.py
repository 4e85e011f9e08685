"""Kinds that work element by element and that every residual network has."""

from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.graph.kinds import (
    KEEPS_OUTPUT,
    PASSES,
    Facts,
    Keeps,
    Shape,
    Weights,
    kind,
    together,
)

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size


@kind
class BatchNorm(NamedTuple):
    """Batch normalisation: learned scale and shift; running mean and variance, and a counter."""

    dimensions: int = 2
    affine: bool = True
    track_running_stats: bool = True

    @property
    def name(self) -> str:
        return f"BatchNorm{self.dimensions}d"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(N, C, *map)`; the shape stays."""
        features = (int(shapes[0][1]),)
        weights: Weights = (("weight", features), ("bias", features)) if self.affine else ()
        buffers: Weights = ()
        if self.track_running_stats:
            buffers = (
                ("running_mean", features),
                ("running_var", features),
                ("num_batches_tracked", ()),
            )
        # The batch's mean and inverse deviation stand beside the input, where they are used.
        batch = 2 * features[0]
        track = self.track_running_stats
        keeps = Keeps((0,), extra=0 if track else batch, statistics=batch if track else 0)
        return Facts((shapes[0],), weights, buffers, keeps=keeps)

    def printed(self, shape: Shape) -> str:
        """Write it as PyTorch does on an input of `shape`, without the field that 2.13 added."""
        return (
            f"{self.name}({shape[1]}, eps=1e-05, momentum=0.1, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats})"
        )


@kind
class ReLU(NamedTuple):
    """The rectifier; in place it writes into its input and gives that."""

    inplace: bool = False

    @property
    def name(self) -> str:
        return "ReLU"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from any shape; the shape stays."""
        return Facts((shapes[0],), is_view=self.inplace, keeps=KEEPS_OUTPUT)

    def printed(self, _: Shape) -> str:
        """Write it as PyTorch does."""
        return f"ReLU({'inplace=True' if self.inplace else ''})"


@kind
class Add(NamedTuple):
    """The sum of two tensors, as where a shortcut meets the main path."""

    inplace: bool = False

    @property
    def name(self) -> str:
        return "add"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from two shapes that are equal, or of which one is stretched."""
        out, equal = broadcast(*shapes)
        return Facts((out,), is_view=self.inplace, equal=equal, keeps=PASSES)


def broadcast(*shapes: Shape) -> "tuple[Shape, tuple[tuple[Size, Size], ...]]":
    """Return the shape of an operation element by element: sizes of one are stretched.

    With it the formulas that have to be equal. Raises `ValueError` for shapes that do not go
    together.
    """
    if len(shapes) == 2 and shapes[0] == shapes[1]:
        return shapes[0], ()
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    out: list[Size] = []
    equal: list[tuple[Size, Size]] = []
    for sizes in zip(*padded, strict=True):
        wide = [size for size in sizes if size != 1] or [1]
        # A number is what the others have to be.
        first = next((size for size in wide if isinstance(size, int)), wide[0])
        try:
            equal += [pair for size in wide for pair in together(size, first)]
        except ValueError:
            raise ValueError(f"{' and '.join(map(str, shapes))} cannot be combined") from None
        out.append(first)
    return tuple(out), tuple(equal)
