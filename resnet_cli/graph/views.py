"""Kinds that give the same elements under other axes: view, permute, squeeze, expand."""

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.errors import SymbolError
from resnet_cli.graph.kinds import PASSES, Facts, Shape, Sides, kind, together
from resnet_cli.graph.sizes import Formula, value

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size


@kind
class View(NamedTuple):
    """The elements in their order under other sizes, of which one may be -1: what is left.

    `function` is what does it: view, reshape, unflatten.
    """

    sizes: tuple[Formula, ...]
    is_copy: bool = False
    function: str = "view"

    @property
    def name(self) -> str:
        return self.function

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from any shape of as many elements; a map's axes stay where their sizes do."""
        shape = shapes[0]
        sizes: list[Size] = [value(size, shapes) for size in self.sizes]
        equal: tuple[tuple[Size, Size], ...] = ()
        if -1 in sizes:
            place = sizes.index(-1)
            sizes[place], equal = _left(shape, sizes[:place] + sizes[place + 1 :])
        else:
            equal = together(prod(shape), prod(sizes))
        axes = _kept(shape, sizes)
        return Facts((tuple(sizes),), is_view=not self.is_copy, axes=axes, equal=equal)


def _left(shape: Shape, sizes: "list[Size]") -> "tuple[Size, tuple[tuple[Size, Size], ...]]":
    """Return how many elements are left when all of `shape` are shared out among `sizes`.

    What is on both sides goes first, so that formulas are divided as little as possible.
    """
    factors, divisors = list(shape), []
    for size in sizes:
        if size in factors:
            factors.remove(size)
        else:
            divisors.append(size)
    whole, rest = prod(factors), prod(divisors)
    if rest == 1:
        return whole, ()
    try:
        left = whole // rest
    except SymbolError:
        if shape[0] not in factors:
            raise
        # `view(-1, 400)`: images stay images, so that each has to have so many elements.
        left = shape[0]
    return left, together(whole, left * rest)


def _kept(shape: Shape, sizes: "list[Size]") -> tuple[int | None, ...]:
    """Return for each axis behind the one before it that it is: those alike from either end."""
    most = min(len(shape), len(sizes))
    behind = 0
    while behind < most and shape[-1 - behind] == sizes[-1 - behind]:
        behind += 1
    front = 0
    while front < most - behind and shape[front] == sizes[front]:
        front += 1
    middle = (None,) * (len(sizes) - front - behind)
    return (*range(front), *middle, *range(len(shape) - behind, len(shape)))


@kind
class Permute(NamedTuple):
    """The axes in another order: that of each, by the axis that it was."""

    dims: Sides

    @property
    def name(self) -> str:
        return "permute"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from any shape of as many axes."""
        rank = len(shapes[0])
        axes = tuple(dim % rank for dim in self.dims)
        if sorted(axes) != [*range(rank)]:
            raise ValueError(f"{self.dims} is no order of {rank} axes")
        return Facts((tuple(shapes[0][axis] for axis in axes),), axes=axes, is_view=True)


@kind
class Transpose(NamedTuple):
    """Two axes that change places."""

    first: int = -2
    second: int = -1

    @property
    def name(self) -> str:
        return "transpose"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from any shape that has both axes."""
        axes = [*range(len(shapes[0]))]
        axes[self.first], axes[self.second] = axes[self.second], axes[self.first]
        out = tuple(shapes[0][axis] for axis in axes)
        return Facts((out,), axes=tuple(axes), is_view=True, keeps=PASSES)


@kind
class Squeeze(NamedTuple):
    """Axes of size one left out; those `kept` would be as well if they had that size."""

    dims: Sides
    kept: Sides = ()

    @property
    def name(self) -> str:
        return "squeeze"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from any shape that has these axes."""
        rank = len(shapes[0])
        gone = {dim % rank for dim in self.dims}
        if any(shapes[0][axis] == 1 for axis in self.kept):
            raise ValueError(f"{shapes[0]} has more sizes of one than it was seen to have")
        equal = tuple(pair for axis in gone for pair in together(shapes[0][axis], 1))
        axes = tuple(axis for axis in range(rank) if axis not in gone)
        out = tuple(shapes[0][axis] for axis in axes)
        return Facts((out,), is_view=True, axes=axes, equal=equal, keeps=PASSES)


@kind
class Unsqueeze(NamedTuple):
    """A new axis of size one before `dim`."""

    dim: int

    @property
    def name(self) -> str:
        return "unsqueeze"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from any shape."""
        rank = len(shapes[0])
        place = self.dim % (rank + 1)
        axes = (*range(place), None, *range(place, rank))
        out = (*shapes[0][:place], 1, *shapes[0][place:])
        return Facts((out,), is_view=True, axes=axes, keeps=PASSES)


@kind
class Expand(NamedTuple):
    """Axes of size one stretched to other sizes; -1 leaves a size as it is."""

    sizes: tuple[Formula, ...]

    @property
    def name(self) -> str:
        return "expand"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from a shape of as many axes or fewer."""
        sizes = [value(size, shapes) for size in self.sizes]
        new = len(sizes) - len(shapes[0])
        padded = (1,) * new + tuple(shapes[0])
        equal: tuple[tuple[Size, Size], ...] = ()
        out: list[Size] = []
        for size, given in zip(sizes, padded, strict=True):
            out.append(given if size == -1 else size)
            equal += () if given == 1 else together(given, out[-1])
        axes = (*(None,) * new, *range(len(shapes[0])))
        return Facts((tuple(out),), is_view=True, axes=axes, equal=equal)


@kind
class Repeat(NamedTuple):
    """A tensor laid side by side, so often along each axis: a copy."""

    times: tuple[Formula, ...]

    @property
    def name(self) -> str:
        return "repeat"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from a shape of as many axes or fewer."""
        times = [value(number, shapes) for number in self.times]
        new = len(times) - len(shapes[0])
        padded = (1,) * new + tuple(shapes[0])
        out = tuple(size * number for size, number in zip(padded, times, strict=True))
        return Facts((out,), is_global=True)
