"""Kinds that compute with elements, along axes or over them, and sources of a size of their own."""

from typing import NamedTuple

from resnet_cli.graph.kinds import Facts, Keeps, Shape, Sides, kind
from resnet_cli.graph.pointwise import broadcast
from resnet_cli.graph.sizes import Formula, value

_CROSSWISE, _COPIED_CROSSWISE = Keeps(crosswise=True), Keeps(crosswise=True, copies=True)


@kind
class Multiply(NamedTuple):
    """The product element by element, as where a gate meets the map that it weighs."""

    inplace: bool = False

    @property
    def name(self) -> str:
        return "mul"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from two shapes that are equal, or of which one is stretched."""
        out, equal = broadcast(*shapes)
        keeps = _COPIED_CROSSWISE if self.inplace else _CROSSWISE
        return Facts((out,), is_gate=True, is_view=self.inplace, equal=equal, keeps=keeps)


@kind
class Elementwise(NamedTuple):
    """Any function of several tensors element by element, by its name: sub, div, where."""

    function: str
    inplace: bool = False

    @property
    def name(self) -> str:
        return self.function

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from shapes that are equal, or of which some are stretched."""
        out, equal = broadcast(*shapes)
        return Facts((out,), is_view=self.inplace, equal=equal, is_gate=self.function == "div")


@kind
class Along(NamedTuple):
    """A function along axes that keeps the shape, by its name: softmax, cumsum, roll."""

    function: str
    dims: Sides
    outputs: int = 1

    @property
    def name(self) -> str:
        return self.function

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from any shape; each element sees all along these axes."""
        rank = len(shapes[0])
        mixes = tuple(dim % rank for dim in self.dims)
        return Facts((shapes[0],) * self.outputs, mixes=mixes)

    def printed(self, _: Shape) -> str:
        """Write it as PyTorch does."""
        return f"{self.function}(dim={self.dims[0]})"


@kind
class Reduce(NamedTuple):
    """A function over whole axes, by its name: mean, sum, amax; `dims` is None for all.

    With several outputs each has the same shape, as `max` gives values and places.
    """

    function: str
    dims: Sides | None = None
    keepdim: bool = False
    outputs: int = 1

    @property
    def name(self) -> str:
        return self.function

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from any shape; the axes go, or keep a size of one."""
        shape = shapes[0]
        rank = len(shape)
        gone = range(rank) if self.dims is None else [dim % rank for dim in self.dims]
        if self.keepdim:
            out = tuple(1 if axis in gone else size for axis, size in enumerate(shape))
            axes: tuple[int | None, ...] | None = None
        else:
            axes = tuple(axis for axis in range(rank) if axis not in gone)
            out = tuple(shape[axis] for axis in axes if axis is not None)
        return Facts((out,) * self.outputs, axes=axes, mixes=tuple(gone))


@kind
class Made(NamedTuple):
    """A tensor that a function makes from sizes alone, by its name: zeros, arange."""

    function: str
    sizes: tuple[Formula, ...]

    @property
    def name(self) -> str:
        return self.function

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from the shapes of what it reads sizes of."""
        out = tuple(value(size, shapes) for size in self.sizes)
        return Facts((out,), is_global=True)
