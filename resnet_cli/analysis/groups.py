"""Layers added up: all of one type, all of one stage."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.analysis.summary import UNKNOWN, By, LayerRow, Summary, added

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size


class Groups(NamedTuple):
    """A network whose rows are groups of its layers, and of how many layers each is."""

    summary: Summary
    layers: Mapping[str, int]


class _Part(NamedTuple):
    """A layer, or a module around layers with what its own functions save for backward."""

    row: LayerRow
    saved: "Size | None"


def grouped(summary: Summary, by: By) -> Groups:
    """Return a network's layers added up, groups in the order in which they run first.

    A group's row has its name as the path, and sums; what does not add up (shapes, windows,
    receptive fields) is absent. What functions of a module around layers save is its type's own.
    """
    found: dict[str, list[_Part]] = {}
    for part in _parts(summary.rows):
        row = part.row
        name = row.type if row.leaf else f"{row.type} itself"
        if by is By.STAGE:
            name = row.role or row.path.split(".")[0] or row.path
        found.setdefault(name, []).append(part)
    rows = tuple(_row(name, parts) for name, parts in found.items())
    layers = {name: sum(part.row.leaf for part in parts) for name, parts in found.items()}
    return Groups(summary._replace(rows=rows), layers)


def _parts(rows: Sequence[LayerRow]) -> Iterator[_Part]:
    """Give every layer, and every module around layers that saves something itself."""
    own: list[Size | None] = [row.saved_bytes for row in rows]
    around: list[int] = []
    for index, row in enumerate(rows):
        while around and rows[around[-1]].depth >= row.depth:
            around.pop()
        if around and row.saved_bytes is not None and (outer := own[around[-1]]) is not None:
            own[around[-1]] = outer - row.saved_bytes
        around.append(index)
    for row, saved in zip(rows, own, strict=True):
        if row.leaf or saved:
            yield _Part(row, saved)


def _row(name: str, parts: Sequence[_Part]) -> LayerRow:
    """Return the sums of a group as one row."""
    layers = [part.row for part in parts if part.row.leaf]
    saved = [part.saved for part in parts if part.saved is not None]
    macs = [row.macs for row in layers if row.macs is not None]  # of what is counted
    return LayerRow(
        path=name,
        depth=1,
        leaf=True,
        role="",
        type="",
        input_shape=(),
        output_shape=(),
        params=added(row.params for row in layers),
        buffers=added(row.buffers for row in layers),
        macs=added(macs) if macs or not layers else UNKNOWN,
        output_bytes=added(row.output_bytes for row in layers),
        activation_bytes=added(row.activation_bytes for row in layers),
        receptive_field=None,
        stride=None,
        window=None,
        frozen=sum(row.frozen for row in layers),
        saved_bytes=added(saved) if saved else None,
    )
