"""Fold identical neighbouring blocks into one row, for people."""

from collections.abc import Sequence
from typing import NamedTuple

from resnet_cli.analysis.summary import LayerRow, added


class Folded(NamedTuple):
    """A row that stands for `times` identical neighbours: their sums, the last one's field.

    `paths` are theirs, in order, and `last` is the row of the last of them.
    """

    row: LayerRow
    times: int
    paths: tuple[str, ...]
    last: LayerRow


def fold(rows: Sequence[LayerRow], depth: int, *, folded: bool) -> list[Folded]:
    """Return the rows down to `depth`, runs of identical neighbouring blocks as one.

    A block is a container below depth 1. Its neighbours are identical when all that lies
    below them is, seen or not, but for position and receptive field.
    """
    if not folded or depth == 1:
        return [_merged([row]) for row in rows if _is_shown(row, depth)]
    shown: list[Folded] = []
    position = 0
    while position < len(rows):
        run = _run(rows, position)
        size = _size(rows, position) if len(run) > 1 else 1
        for offset in range(size):
            if _is_shown(rows[position + offset], depth):
                shown.append(_merged([rows[start + offset] for start in run]))
        position = run[-1] + size
    return shown


def _is_shown(row: LayerRow, depth: int) -> bool:
    """Say whether a row is not too deep, or on the way down to a layer that failed."""
    return row.depth <= depth or row.error is not None


def _run(rows: Sequence[LayerRow], start: int) -> list[int]:
    """Return where the blocks begin that are like the one at `start`, itself first."""
    run = [start]
    if rows[start].leaf or rows[start].depth == 1:
        return run
    size = _size(rows, start)
    signature = _signature(rows, start, size)
    while (last := run[-1] + size) < len(rows) and _signature(rows, last, size) == signature:
        run.append(last)
    return run


def _size(rows: Sequence[LayerRow], start: int) -> int:
    """Return how many rows the subtree at `start` has, itself among them."""
    end = start + 1
    while end < len(rows) and rows[end].depth > rows[start].depth:
        end += 1
    return end - start


def _signature(rows: Sequence[LayerRow], start: int, size: int) -> list[LayerRow]:
    """Return the subtree's rows without what may differ between identical blocks."""
    around = rows[start].path
    prefix = len(around)
    return [
        row._replace(
            path=row.path[prefix:],
            receptive_field=None,
            takes_from=tuple([_inside(around, name) for name in row.takes_from]),
        )
        for row in rows[start : start + size]
    ]


def _inside(around: str, name: str) -> str:
    """Return a name within a block, nothing for one outside it."""
    return name.removeprefix(around) if name.startswith(f"{around}.") else ""


def _merged(rows: Sequence[LayerRow]) -> Folded:
    """Return one row for all: counts summed, `2.1` to `2.7` named `2.1-7`."""
    first, last = rows[0], rows[-1]
    if len(rows) == 1:
        return Folded(first, 1, (first.path,), first)
    return Folded(
        last._replace(
            path=_range(first.path, last.path),
            takes_from=tuple(map(_both, first.takes_from, last.takes_from)),
            params=added(row.params for row in rows),
            frozen=sum(row.frozen for row in rows),
            buffers=added(row.buffers for row in rows),
            macs=added(row.macs for row in rows),
            activation_bytes=added(row.activation_bytes for row in rows),
            saved_bytes=None if last.saved_bytes is None else sum(r.saved_bytes or 0 for r in rows),
        ),
        len(rows),
        tuple([row.path for row in rows]),
        last,
    )


def _range(first: str, last: str) -> str:
    """Return one path for both: where they differ, `first-last`."""
    pairs = zip(first.split("."), last.split("."), strict=True)
    return ".".join(a if a == b else f"{a}-{b}" for a, b in pairs)


def _both(first: str, last: str) -> str:
    """Return one name for what the first and the last of blocks take something from."""
    if first.count(".") == last.count("."):
        return _range(first, last)
    return f"{first} then {last}"
