"""One walk over a graph: what every operation gives, what that sees, and what memory holds.

The receptive field grows by `(kernel - 1) * stride_so_far` at each window (Araujo, Norris,
Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019, eq. 2);
where branches meet, the larger one counts.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from math import prod
from operator import mul
from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.graph.graph import Graph, Operation, Value, infer, values
from resnet_cli.graph.kinds import Facts, Input, Shape, Sides, Window

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size


@cache
def item_size(dtype: str) -> int:
    """Return the bytes of an element of a type that PyTorch calls so: its bits are in its name."""
    if dtype == "bool":
        return 1
    return max(1, int(re.findall(r"\d+", dtype)[0]) // 8)


class Sight(NamedTuple):
    """What one element of a map sees: input pixels, and those between two neighbours.

    Both have a number for each dimension of the map, and none where that is not known; `why`
    says why where a reader could expect it. `axes` are those of the tensor that the map has,
    counted from the last one: ConvNeXt moves them before its channels.
    """

    field: Sides = ()
    stride: Sides = ()
    why: str = ""
    axes: Sides = ()

    @property
    def widest(self) -> int | None:
        """The field along its longest side."""
        return max(self.field) if self.field else None

    @property
    def step(self) -> int | None:
        """The stride, where all sides share it."""
        stride = self.stride
        return stride[0] if stride and stride.count(stride[0]) == len(stride) else None


UNSEEN = Sight()
NO_MAP = Sight(axes=(0,))
"""Where there is no map of which an element could see a part."""
GLOBAL = Sight(axes=(0,))
"""What a global pool gives: every element sees the whole input, whatever comes behind it."""


class Walk(NamedTuple):
    """What a walk finds, a figure for each operation, and the most that is held at once.

    `sights` are None for what no input reaches. Operations of one storage share memory, and
    `nbytes` are those of an operation's outputs, whoever has their memory. `held` are the bytes
    held while each operation runs that takes memory: inputs, outputs, and what waits for others.
    `last` is the last operation that needs a storage, behind them all for what the network gives.
    """

    graph: Graph
    itemsize: int
    facts: Sequence[Facts]
    nbytes: "Sequence[Size]"
    sights: Sequence[Sight | None]
    storages: Sequence[int]
    held: "Sequence[Size]"
    last: Sequence[int]

    def shape(self, value: Value) -> Shape:
        """Return the shape of a value."""
        return self.facts[value.operation].outputs[value.output]

    def peaks(self) -> "Iterator[tuple[Size, str]]":
        """Give what is held while each operation runs that takes memory, and who runs it."""
        pairs = zip(self.graph.operations, self.facts, strict=True)
        paths = (operation.path for operation, found in pairs if not found.is_view)
        return zip(self.held, paths, strict=True)

    def bytes_of(self, value: Value) -> "Size":
        """Return the bytes of a value's elements, whatever memory they share."""
        index, output = value
        if len(self.facts[index].outputs) == 1:
            return self.nbytes[index]
        dtypes = self.graph.operations[index].dtypes
        size = item_size(dtypes[output]) if dtypes else self.itemsize
        return prod(self.facts[index].outputs[output]) * size


def walk(graph: Graph, itemsize: int = 4) -> Walk:
    """Walk over a graph whose elements take `itemsize` bytes unless an operation says another."""
    facts = infer(graph)
    nbytes = _sizes(graph, facts, itemsize)
    sights: list[Sight | None] = []
    storages: list[int] = []
    kinds = {id(found): found for found in facts}  # what repeats is one object
    pointwise = {number: found.is_pointwise for number, found in kinds.items()}
    for index, (operation, found) in enumerate(zip(graph.operations, facts, strict=True)):
        inputs = operation.inputs
        if len(inputs) == 1 and pointwise[id(found)]:  # most operations
            sights.append(sights[inputs[0][0]])
        else:
            rank = len(facts[inputs[0][0]].outputs[inputs[0][1]]) if inputs else 0
            taken = [sights[before] for before, _ in inputs]
            sights.append(_sight(operation, found, taken, rank))
        storages.append(storages[inputs[0][0]] if found.is_view and inputs else index)
    last = _last(graph, storages)
    held = _held(facts, nbytes, last)
    return Walk(graph, itemsize, facts, nbytes, sights, storages, held, last)


def _sizes(graph: Graph, facts: Sequence[Facts], itemsize: int) -> "list[Size]":
    """Return the bytes of each operation's outputs."""
    known: dict[int, Size] = {}  # what repeats has the same facts
    sizes: list[Size] = []
    for operation, found in zip(graph.operations, facts, strict=True):
        if operation.dtypes:
            items = [*map(item_size, operation.dtypes)]
            sizes.append(sum(map(mul, map(prod, found.outputs), items)))
            continue
        size = known.get(id(found))
        if size is None:
            size = known[id(found)] = sum(map(prod, found.outputs)) * itemsize
        sizes.append(size)
    return sizes


def _last(graph: Graph, storages: Sequence[int]) -> list[int]:
    """Return which operation is the last to need each storage."""
    last = [*range(len(storages))]
    for index, operation in enumerate(graph.operations):
        for before, _ in operation.inputs:
            last[storages[before]] = index
    for value in values(graph.output):
        last[storages[value.operation]] = len(storages)
    return last


def _held(
    facts: Sequence[Facts],
    nbytes: "Sequence[Size]",
    last: Sequence[int],
) -> "list[Size]":
    """Return what is alive while each operation runs that takes memory, until its last use.

    Liveness as a compiler's: a storage begins where it is made and ends behind its last reader;
    an operation holds its inputs and its output at once.
    """
    ends: dict[int, list[Size]] = {}
    for storage, found in enumerate(facts):
        if not found.is_view:
            ends.setdefault(last[storage], []).append(nbytes[storage])
    alive: Size = 0
    held: list[Size] = []
    for index, found in enumerate(facts):
        if not found.is_view:
            alive = alive + nbytes[index]
            held.append(alive)
        for gone in ends.get(index, ()):
            alive = alive - gone
    return held


def _sight(
    operation: Operation, facts: Facts, inputs: Sequence[Sight | None], rank: int
) -> Sight | None:
    """Return what an operation's output sees, from what its inputs see; the first has `rank`."""
    if isinstance(operation.kind, Input):
        sides = len(facts.outputs[0]) - 2  # (N, C, *map): a pixel sees itself
        return Sight((1,) * sides, (1,) * sides, axes=(*range(-sides, 0),)) if sides > 0 else NO_MAP
    if not inputs:
        return None if facts.is_known else UNSEEN
    if len(inputs) == 1:
        sight = inputs[0]
    else:
        sight = _joined([each for each in inputs if each is not None], is_gate=facts.is_gate)
    if sight is None or not sight.field:
        return sight
    mixes, axes = facts.mixes, sight.axes
    if len(mixes) >= len(axes) and all(axis + rank in mixes for axis in axes):
        return GLOBAL
    if facts.is_global:
        return NO_MAP
    if not facts.is_known or any(each - rank in axes for each in mixes + facts.shifts):
        return UNSEEN
    if facts.why:
        return Sight(why=facts.why)
    if facts.window is not None:
        sight = _grown(sight, facts.window)
    return sight if facts.axes is None else _moved(sight, facts.axes, rank)


def _joined(inputs: Sequence[Sight], *, is_gate: bool) -> Sight | None:
    """Return what the elements see where several maps meet."""
    if is_gate:  # one without a map only weighs; of one that is not known nobody can say so
        inputs = [s for s in inputs if s is not NO_MAP and s is not GLOBAL] or inputs
    if others := [sight for sight in inputs if not sight.field]:
        if any(sight is GLOBAL for sight in others):
            return GLOBAL
        return others[0] if others[0] is not NO_MAP else others[-1]
    if len(inputs) < 2:
        return inputs[0] if inputs else None
    fields, strides, _, axes = zip(*inputs, strict=True)
    if len({*axes}) > 1:
        return UNSEEN
    if len({*strides}) > 1:
        meeting = " and ".join(dict.fromkeys(map(_sides, strides)))
        return Sight(why=f"maps of strides {meeting} meet: no one receptive field")
    return Sight(tuple(map(max, *fields)), *inputs[0][1:])


def _grown(sight: Sight, window: Window) -> Sight:
    """Return what the elements see after one more window, which slides over the last axes."""
    (field, stride, why, axes), kernel, steps = sight, window.kernel, window.stride
    sides = len(kernel)
    if len(axes) == sides == -axes[0]:  # the last ones, in order: most windows
        # r += (k - 1) * j, then j *= s (Araujo et al. 2019, eq. 2; j is their product of strides).
        pairs = zip(field, kernel, stride, strict=True)
        grown = tuple([seen + (size - 1) * step for seen, size, step in pairs])
        return Sight(grown, tuple(map(mul, stride, steps)), why, axes)
    if {*kernel} != {1} or any(axis < -sides for axis in axes):
        return UNSEEN  # a window over axes that are not the map's
    slid = [step * steps[axis] for step, axis in zip(stride, axes, strict=True)]
    return Sight(field, tuple(slid), why, axes)


def _moved(sight: Sight, axes: Sequence[int | None], rank: int) -> Sight:
    """Return a sight with the map's axes where they are now; UNSEEN where one is gone."""
    # Axes count from the last one, since a window slides over those: -1 is the width.
    now = {axis - rank: place - len(axes) for place, axis in enumerate(axes) if axis is not None}
    if any(axis not in now for axis in sight.axes):
        return UNSEEN
    found = sorted(
        zip([now[a] for a in sight.axes], sight.field, sight.stride, strict=True),
    )
    places, field, stride = zip(*found, strict=True)
    return Sight(field, stride, axes=places)


def _sides(sides: Iterable[int]) -> str:
    return "x".join(map(str, sides))
