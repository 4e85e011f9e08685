"""The sizes at which a recorded network with names in its input is proved."""

from collections.abc import Iterator
from itertools import product

from resnet_cli.analysis.conditions import allowed, needs
from resnet_cli.analysis.summary import Sizes
from resnet_cli.analysis.symbols import predicted
from resnet_cli.errors import SizeError
from resnet_cli.graph.dims import Dim
from resnet_cli.graph.graph import Graph, at, infer

FURTHEST = 512
"""How far beyond the recorded size another one is looked for."""


def trial(recorded: Graph, named: Graph, stride: int = 1) -> tuple[Sizes, ...]:
    """Return two sets of sizes that tell roundings up and down, and the dimensions, apart.

    Each name along a map has the first sizes from twice the largest cumulative `stride` on that
    the conditions allow, never alike for two names, and the other way about in the second set.
    Where the closed forms end, or only the recorded sizes will do, these are all.
    """
    axes = _axes(recorded, named)
    known = {name: size for name, (_, size) in axes.items()}
    if named.ends:
        return (known,)
    sizes, _ = allowed(needs(named, infer(named)))
    choices = []
    for name, (axis, size) in axes.items():
        first = 2 * stride if axis > 1 else 1
        some = (n for n in range(first, size + FURTHEST) if name not in sizes or n in sizes[name])
        low = next(some, size)
        choices.append((low, next(some, size)))
    found = [each for each in _turns(known, choices) if runs(recorded, named, each)]
    if not found:
        return (known,)
    one, *others = found
    apart = [each for each in others if all(each[name] != one[name] for name in each)]
    return (one, *(apart or others)[:1])


def _axes(recorded: Graph, named: Graph) -> dict[str, tuple[int, int]]:
    """Return the axis and the recorded size of each name."""
    found: dict[str, tuple[int, int]] = {}
    for before, now in zip(recorded.inputs, named.inputs, strict=True):
        for axis, (number, size) in enumerate(zip(before, now, strict=True)):
            if isinstance(size, Dim):
                assert isinstance(number, int)
                found[str(size)] = (axis, number)
    return found


def _turns(known: Sizes, choices: list[tuple[int, int]]) -> Iterator[Sizes]:
    """Give choices for all names: low and high in turn first, then whatever else there is."""
    turns = [[position % 2 for position in range(len(choices))]]
    turns.append([1 - turn for turn in turns[0]])
    turns += [[*each] for each in product((0, 1), repeat=len(choices)) if [*each] not in turns[:2]]
    for turn in turns[:16]:
        yield {
            name: choice[which] for name, choice, which in zip(known, choices, turn, strict=True)
        }


def runs(recorded: Graph, named: Graph, sizes: Sizes) -> bool:
    """Say whether a recorded network runs at these sizes as it was seen to."""
    try:
        predicted(at(named, sizes), recorded)
    except SizeError:
        return False
    return True
