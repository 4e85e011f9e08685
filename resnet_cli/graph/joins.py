"""Kinds that lay tensors side by side, and take them apart: cat, stack, split, index."""

import itertools
from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.graph.kinds import Facts, Shape, Sides, Window, kind, together
from resnet_cli.graph.pointwise import broadcast
from resnet_cli.graph.sizes import Calc, Formula, Read, value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from resnet_cli.graph.dims import Size


@kind
class Cat(NamedTuple):
    """Tensors one behind the other along an axis."""

    dim: int = 0

    @property
    def name(self) -> str:
        return "cat"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from shapes that are equal but for that axis; a lone `(0,)` is passed over."""
        parts = [shape for shape in shapes if shape != (0,)] or [shapes[0]]
        place = self.dim % len(parts[0])
        out = list(parts[0])
        equal: tuple[tuple[Size, Size], ...] = ()
        for shape in parts[1:]:
            for axis, size in enumerate(shape):
                if axis != place:
                    equal += together(size, out[axis])
                    out[axis] = size if isinstance(size, int) else out[axis]
        out[place] = sum(shape[place] for shape in parts)
        return Facts((tuple(out),), shifts=(place,), equal=equal)


@kind
class Stack(NamedTuple):
    """Tensors one behind the other along a new axis."""

    dim: int = 0

    @property
    def name(self) -> str:
        return "stack"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from equal shapes."""
        first, rank = shapes[0], len(shapes[0])
        place = self.dim % (rank + 1)
        pairs = [pair for shape in shapes[1:] for pair in zip(shape, first, strict=True)]
        equal = tuple(each for pair in pairs for each in together(*pair))
        axes = (*range(place), None, *range(place, rank))
        return Facts(((*first[:place], len(shapes), *first[place:]),), axes=axes, equal=equal)


@kind
class Split(NamedTuple):
    """Parts of one length along an axis, the last what is left; or of the lengths in `sizes`.

    `parts` are how many there have to be, None as many as there are.
    """

    sizes: "Formula | tuple[Formula, ...]"
    dim: int = 0
    parts: int | None = None

    @property
    def name(self) -> str:
        return "split"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from a shape; there is an output for each part."""
        place, given = self.dim % len(shapes[0]), self.sizes
        size = shapes[0][place]
        if isinstance(given, int | Read | Calc):
            lengths = _lengths(size, value(given, shapes), self.parts)
            return _parts(shapes[0], place, lengths)
        lengths = [value(each, shapes) for each in given]
        return _parts(shapes[0], place, lengths, together(size, sum(lengths)))


@kind
class TensorSplit(NamedTuple):
    """Parts that begin at these places of an axis, the first one at its begin."""

    places: tuple[Formula, ...]
    dim: int = 0

    @property
    def name(self) -> str:
        return "tensor_split"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from a shape; the places lie within the axis, in their order."""
        axis = self.dim % len(shapes[0])
        bounds = [0, *(value(place, shapes) for place in self.places), shapes[0][axis]]
        return _parts(shapes[0], axis, [b - a for a, b in itertools.pairwise(bounds)])


@kind
class Chunk(NamedTuple):
    """So many parts of one length along an axis, the last ones shorter or missing.

    `parts` are how many there have to be, None as many as there are.
    """

    chunks: int
    dim: int = 0
    parts: int | None = None

    @property
    def name(self) -> str:
        return "chunk"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from a shape; there is an output for each part."""
        place = self.dim % len(shapes[0])
        size = shapes[0][place]
        lengths = _lengths(size, (size + (self.chunks - 1)) // self.chunks, self.parts)
        return _parts(shapes[0], place, lengths)


@kind
class Unbind(NamedTuple):
    """An output for each place along an axis, without that axis; `parts` has to be its size."""

    dim: int = 0
    parts: int | None = None

    @property
    def name(self) -> str:
        return "unbind"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from a shape."""
        place = self.dim % len(shapes[0])
        axes = tuple(axis for axis in range(len(shapes[0])) if axis != place)
        part = tuple(shapes[0][axis] for axis in axes)
        count = int(shapes[0][place]) if self.parts is None else self.parts
        equal = together(shapes[0][place], count)
        return Facts((part,) * count, is_view=True, axes=axes, equal=equal)


class Cut(NamedTuple):
    """A slice `start:stop:step` of an axis; None is where the axis begins or ends.

    One `inside` was seen to stop before the axis ends, as in a table of positions. Where no
    formula says which of both is smaller, that is what sizes with names need.
    """

    start: Formula | None = None
    stop: Formula | None = None
    step: int = 1
    inside: bool = False

    def length(self, size: "Size", shapes: tuple[Shape, ...]) -> "Size":
        """Return how many places of an axis of that size it takes."""
        start = 0 if self.start is None else value(self.start, shapes)
        stop = size if self.stop is None else value(self.stop, shapes)
        if all(isinstance(each, int) for each in (size, start, stop)):
            return len(range(*slice(start, stop, self.step).indices(size)))
        start = size + start if isinstance(start, int) and start < 0 else start
        if isinstance(stop, int) and stop < 0:
            stop = size + stop
        elif not self.within(size, shapes):
            from resnet_cli.graph.residues import smaller  # a formula is there already

            stop = smaller(stop, size)
        return (stop - start + (self.step - 1)) // self.step

    def within(self, size: "Size", shapes: tuple[Shape, ...]) -> "tuple[tuple[Size, Size], ...]":
        """Return what must not exceed the axis's size, and that; nothing where formulas say it."""
        if not self.inside or self.stop is None or not isinstance(size, int):
            return ()
        stop = value(self.stop, shapes)
        return () if isinstance(stop, int) else ((stop, size),)


@kind
class Index(NamedTuple):
    """`x[…]` with an entry for each axis: a place, a slice, or "new" for an axis of size one."""

    entries: tuple[Formula | Cut | str, ...]

    @property
    def name(self) -> str:
        return "getitem"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from a shape; a view."""
        out: list[Size] = []
        axes: list[int | None] = []
        within: tuple[tuple[Size, Size], ...] = ()
        taken = iter(range(len(shapes[0])))
        for entry in self.entries:
            axis = None if entry == "new" else next(taken)
            if axis is None:
                out.append(1)
            elif isinstance(entry, Cut):
                out.append(entry.length(shapes[0][axis], shapes))
                within += entry.within(shapes[0][axis], shapes)
            if axis is None or isinstance(entry, Cut):
                axes.append(axis)
        if [*taken]:
            raise IndexError(f"{self.entries} has not an entry for each axis")
        window = self._window
        return Facts((tuple(out),), window=window, is_view=True, axes=tuple(axes), within=within)

    @property
    def _window(self) -> Window | None:
        """What its steps are, as a window of one pixel, over the axes that come in."""
        steps = tuple(e.step if isinstance(e, Cut) else 1 for e in self.entries if e != "new")
        if {*steps} <= {1}:
            return None
        return Window((1,) * len(steps), steps, (0,) * len(steps))


@kind
class Gather(NamedTuple):
    """Places of an axis by numbers in a tensor, as `x[:, index]`: a copy.

    Several tensors are for as many axes side by side, from `dim` on.
    """

    dim: int = 0
    function: str = "getitem"

    @property
    def name(self) -> str:
        return self.function

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from a shape and those of the numbers, which stand in the place of the axes."""
        shape, *indices = shapes
        place = self.dim % len(shape)
        index, equal = broadcast(*indices)
        out = (*shape[:place], *index, *shape[place + len(indices) :])
        return Facts((out,), is_global=True, equal=equal)


@kind
class Pick(NamedTuple):
    """An element for each number in a tensor, by `torch.gather` along an axis."""

    dim: int = 0

    @property
    def name(self) -> str:
        return "gather"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from a shape and that of the numbers, which is the output's."""
        return Facts((shapes[1],), is_global=True)


def _lengths(size: "Size", length: "Size", parts: int | None) -> "Sequence[Size]":
    """Return the lengths of parts of one length, the last one of what is left."""
    if size == length:
        found: list[Size] = [size]
    elif parts is not None and size == length * parts:
        found = [length] * parts
    else:
        full, rest = divmod(int(size), int(length))
        found = [*[length] * full, *([rest] if rest else [])]
    if parts not in (None, len(found)):
        raise ValueError(f"{size} in parts of {length} are {len(found)}, not {parts}")
    return found


def _parts(
    shape: Shape,
    place: int,
    lengths: "Sequence[Size]",
    equal: "tuple[tuple[Size, Size], ...]" = (),
) -> Facts:
    outputs = tuple((*shape[:place], each, *shape[place + 1 :]) for each in lengths)
    shifts: Sides = (place,) if len(lengths) > 1 else ()
    return Facts(outputs, is_view=True, shifts=shifts, equal=equal)
