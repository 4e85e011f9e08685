"""A lock of the first form, schema version 1: rows of modules with their shapes and counts.

It is compared on what it holds, and is to be written anew. The rows of a module of the user's own
go by their paths. Those of a configuration go by order and shape, its layers with weights alone:
its modules have had other names since.
"""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from resnet_cli.gate.changes import NETWORK, Change, shown, total
from resnet_cli.gate.lines import TRAINING, shape_of
from resnet_cli.text import short, tree_text

if TYPE_CHECKING:
    from resnet_cli.analysis.summary import LayerRow, Summary

Row: TypeAlias = Mapping[str, Any]

METRICS = ("type", "output_shape", "params", "macs")


class Earlier(NamedTuple):
    """A network as a lock of schema version 1 holds it."""

    is_module: bool
    input_shape: Sequence[int]
    totals: Mapping[str, int]
    rows: Mapping[str, Row]


def network(data: Mapping[str, Any]) -> Earlier:
    """Return a network of the document. Raises what `read` turns into a `FileError`."""
    rows: dict[str, Row] = {}
    for row in data["layers"]:
        for metric, kind in (("path", str), ("type", str), ("params", int), ("macs", int)):
            if not isinstance(row[metric], kind):
                raise ValueError(f"{metric} is {short(row[metric])}")
        if not isinstance(row["output_shape"], str | None):
            shape_of(row["output_shape"])
        if row["path"] in rows:
            raise ValueError(f"layer {short(row['path'])} stands twice")
        rows[row["path"]] = row
    totals = {name: data["totals"][name] for name in ("params", "macs")}
    totals |= {name: data["totals"][name] for name in TRAINING if name in data["totals"]}
    if not all(isinstance(number, int) for number in totals.values()):
        raise ValueError(f"totals are {short(totals)}")
    return Earlier("module" in data["config"], shape_of(data["input_shape"]), totals, rows)


def changes(old: Earlier, summary: "Summary") -> list[Change]:
    """Return how a network differs from what such a lock holds of it."""
    now: dict[str, Row] = {row.path: metrics(row) for row in summary.rows}
    found = _changed(NETWORK, "input", old.input_shape, [*map(int, summary.input_shape)])
    paths = {**old.rows, **now} if old.is_module else ()
    by_path = [(path, old.rows.get(path), now.get(path)) for path in paths]
    for path, was, row in by_path or _by_order(old, summary):
        if was is None or row is None:
            found.append(Change(path, "layer", _described(was), _described(row)))
        else:
            for metric in METRICS:
                found += _changed(path, metric, was[metric], row[metric])
    sums = summary.totals()
    for name, number in old.totals.items():
        if (is_now := sums.get(name)) is not None:
            found += total(name, number, int(is_now))
    return found


def _by_order(old: Earlier, summary: "Summary") -> list[tuple[str, Row | None, Row | None]]:
    """Return the layers with weights, the first of then with the first of now."""
    around = {path.rpartition(".")[0] for path in old.rows}
    ours = [row for path, row in old.rows.items() if row["params"] and path not in around]
    theirs = [metrics(row) for row in summary.rows if row.leaf and row.params]
    return [((now or was)["path"], was, now) for was, now in zip_longest(ours, theirs)]


def _described(row: Row | None) -> str | None:
    return None if row is None else f"{row['type']}, {row['params']:,} params"


def metrics(row: "LayerRow") -> dict[str, Any]:
    """Return what such a lock holds of a layer."""
    output = [*map(int, row.output_shape)] or None
    shape = output if row.output_tree is None else tree_text(row.output_tree)
    return {
        "path": row.path,
        "type": row.type,
        "output_shape": shape,
        "params": row.params,
        "macs": row.macs,
    }


def _changed(where: str, metric: str, old: Any, new: Any) -> list[Change]:
    return [] if old == new else [Change(where, metric, shown(old), shown(new))]
