"""The lock file: what the networks' layers were, and how they differ from it now.

    {"schema_version": 1,
     "networks": {NAME: {"config": …, "input_shape": […], "totals": …, "layers": [ROW, …]}}}

A row has path, type, output shape, params and MACs. Networks are sorted by name, layers
stand in the order of execution, one line each, so that a diff in review reads well.
"""

from collections.abc import Mapping, Sequence
from operator import index
from typing import TYPE_CHECKING, Any, NamedTuple

from resnet_cli.config import format_shape
from resnet_cli.errors import FileError
from resnet_cli.summary import LayerRow, Summary

if TYPE_CHECKING:
    from pathlib import Path

LOCK_VERSION = 1
DEFAULT_NAME = "resnet-shapes.lock.json"
MAX_BYTES = 2**26

_METRICS = ("type", "output_shape", "params", "macs")
_TOTALS = ("params", "macs")


class Change(NamedTuple):
    """One difference between lock and network; `old` is None where something is new.

    `where` is a layer's path, `input`, `total`, or `config`.
    """

    where: str
    metric: str
    old: str | None
    new: str | None


class Entry(NamedTuple):
    """One network of a lock file."""

    config: Mapping[str, Any]
    input_shape: Sequence[int]
    totals: Mapping[str, int]
    layers: Mapping[str, Mapping[str, Any]]


def entry(summary: Summary, config: Mapping[str, Any]) -> Entry:
    """Return a network as the lock holds it."""
    totals = summary.totals()
    return Entry(
        config,
        [*map(index, summary.input_shape)],
        {name: index(totals[name] or 0) for name in _TOTALS},
        {row.path: _layer(row) for row in summary.rows},
    )


def to_text(entries: Mapping[str, Entry]) -> str:
    """Return the lock file's text: sorted, stable, a line a layer."""
    import json

    encode = json.JSONEncoder(sort_keys=True).encode
    networks = []
    for name in sorted(entries):
        config, input_shape, totals, layers = entries[name]
        rows = ",\n".join(
            "        " + json.dumps({"path": path, **row}) for path, row in layers.items()
        )
        networks.append(
            f"    {encode(name)}: {{\n"
            f'      "config": {encode(config)},\n'
            f'      "input_shape": {encode(input_shape)},\n'
            f'      "totals": {encode(totals)},\n'
            f'      "layers": [\n{rows}\n      ]\n    }}'
        )
    body = ",\n".join(networks)
    return f'{{\n  "schema_version": {LOCK_VERSION},\n  "networks": {{\n{body}\n  }}\n}}\n'


def read(path: "Path") -> dict[str, Entry]:
    """Read a lock file. Raises `FileError` that says what to do."""
    again = "; run 'resnet-shapes lock' to write it anew"
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        message = f"there is no lock file {path}; run 'resnet-shapes lock' to write it"
        raise FileError(message) from error
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise FileError(f"{path}: is over {MAX_BYTES // 2**20} MiB; that is no lock file{again}")
    try:
        document = _decoded(data)
        version = document["schema_version"]
        if not isinstance(version, int) or version < 1:
            raise ValueError(f"schema_version is {version!r}")
        if version > LOCK_VERSION:
            raise FileError(
                f"{path}: has schema version {version}, and this resnet-shapes reads "
                f"{LOCK_VERSION}; upgrade resnet-shapes, or lock again with this one"
            )
        return {name: _entry(network) for name, network in document["networks"].items()}
    except RecursionError as error:
        raise FileError(f"{path}: is nested too deeply for a lock file{again}") from error
    except KeyError as error:
        raise FileError(f"{path}: is damaged: {error} is missing{again}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise FileError(f"{path}: is damaged: {error}{again}") from error


def changes(locked: Entry, now: Entry) -> list[Change]:
    """Return every difference, metric by metric: input, layers, totals last.

    A configuration that differs is told as the reason beside other differences; alone it
    is none, since the lock holds shapes and sizes.
    """
    found = _changed("input", "input_shape", locked.input_shape, now.input_shape)
    for path, row in now.layers.items():
        old = locked.layers.get(path)
        if old is None:
            found.append(Change(path, "layer", None, _described(row)))
        else:
            for metric in _METRICS:
                found += _changed(path, metric, old[metric], row[metric])
    for path, row in locked.layers.items():
        if path not in now.layers:
            found.append(Change(path, "layer", _described(row), None))
    for metric in _TOTALS:
        found += _changed("total", metric, locked.totals[metric], now.totals[metric])
    return [*_reasons(locked, now), *found] if found else []


def _reasons(locked: Entry, now: Entry) -> list[Change]:
    """Return what differs in the two configurations, where both have the field."""
    return [
        change
        for name, value in now.config.items()
        if name in locked.config
        for change in _changed("config", name, locked.config[name], value)
    ]


def _changed(where: str, metric: str, old: Any, new: Any) -> list[Change]:
    return [] if old == new else [Change(where, metric, _text(metric, old), _text(metric, new))]


def _text(metric: str, value: Any) -> str:
    """Write shapes as shapes, lists as their flags take them, counts with separators."""
    if isinstance(value, list):
        return ("x" if metric.endswith("_shape") else ",").join(map(str, value))
    return f"{value:,}" if metric in _TOTALS else str(value)


def _described(row: Mapping[str, Any]) -> str:
    return f"{row['type']} {format_shape(row['output_shape'])}, {row['params']:,} params"


def _layer(row: LayerRow) -> dict[str, Any]:
    return {
        "type": row.type,
        "output_shape": list(row.output_shape),
        "params": row.params,
        "macs": row.macs,
    }


def _decoded(data: bytes) -> Any:
    import json

    return json.loads(data.decode("utf-8-sig"), object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that stands twice: JSON would silently keep the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} stands twice")
    return found


def _entry(network: Mapping[str, Any]) -> Entry:
    """Return a network of the document. Raises what `read` turns into a `FileError`."""
    layers = {}
    for row in network["layers"]:
        for metric, kind in (("path", str), ("type", str), ("params", int), ("macs", int)):
            if not isinstance(row[metric], kind):
                raise ValueError(f"{metric} is {row[metric]!r}")
        _check_shape(row["output_shape"])
        if row["path"] in layers:
            raise ValueError(f"layer {row['path']!r} stands twice")
        layers[row["path"]] = row
    _check_shape(network["input_shape"])
    totals = {name: network["totals"][name] for name in _TOTALS}
    if not all(isinstance(total, int) for total in totals.values()):
        raise ValueError(f"totals are {totals!r}")
    return Entry(dict(network["config"]), network["input_shape"], totals, layers)


def _check_shape(shape: Any) -> None:
    if not isinstance(shape, list) or not all(type(size) is int for size in shape):
        raise ValueError(f"{shape!r} is no shape")
