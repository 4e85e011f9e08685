"""The lock file: what the networks' layers were, and how they differ from it now.

    {"schema_version": 1,
     "networks": {NAME: {"config": …, "input_shape": […], "totals": …, "layers": [ROW, …]}}}

A row has path, type, output shape, params and MACs. Networks are sorted by name, layers
stand in the order of execution, one line each, so that a diff in review reads well.
"""

import os
from collections.abc import Mapping, Sequence
from operator import index
from typing import TYPE_CHECKING, Any, NamedTuple

from resnet_cli import parse
from resnet_cli.analysis.summary import LayerRow, Summary
from resnet_cli.errors import FileError
from resnet_cli.files import decode, read_bytes
from resnet_cli.text import short, tree_text

if TYPE_CHECKING:
    from pathlib import Path

LOCK_VERSION = 1
DEFAULT_NAME = "resnet-shapes.lock.json"
MAX_BYTES = 2**24
"""A network of 100,000 layers takes 13 MB; a project of ten usual ones 0.2 MB."""

_METRICS = ("type", "output_shape", "params", "macs")
_TOTALS = ("params", "macs")
_TRAINING = ("saved_bytes", "train_peak_bytes")
"""What a lock holds as well where a training step was asked for."""


class Change(NamedTuple):
    """One difference between lock and network; `old` is None where something is new.

    `where` is a layer's path, `input`, `total`, or `config`.
    """

    where: str
    metric: str
    old: str | None
    new: str | None


class Locked(NamedTuple):
    """A network as a lock file holds it."""

    config: Mapping[str, Any]
    input_shape: Sequence[int]
    totals: Mapping[str, int]
    layers: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, summary: Summary, config: Mapping[str, Any]) -> "Locked":
        """Return a network as the lock would hold it now."""
        totals = summary.totals()
        return cls(
            config,
            [*map(index, summary.input_shape)],
            {
                **{name: index(totals[name] or 0) for name in _TOTALS},
                **{n: index(t) for n in _TRAINING if (t := totals.get(n)) is not None},
            },
            {row.path: _layer(row) for row in summary.rows},
        )


def to_text(locked: Mapping[str, Locked]) -> str:
    """Return the lock file's text: sorted, stable, a line a layer, ASCII.

    Raises `FileError` where it would be larger than what `read` reads.
    """
    import json

    encode = json.JSONEncoder(sort_keys=True).encode
    networks = []
    for name in sorted(locked):
        config, input_shape, totals, layers = locked[name]
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
    text = f'{{\n  "schema_version": {LOCK_VERSION},\n  "networks": {{\n{body}\n  }}\n}}\n'
    if len(text) > MAX_BYTES:
        raise FileError(
            f"the lock would be over {MAX_BYTES:,} bytes; lock fewer networks in one file"
        )
    return text


def read(path: "Path") -> dict[str, Locked]:
    """Read a lock file. Raises `FileError` that says what to do."""
    if not os.path.exists(path):
        raise FileError(f"there is no lock file {path}; run 'resnet-shapes lock' to write it")
    try:
        return _networks(path, _document(path))
    except FileError as error:
        raise FileError(f"{error}; run 'resnet-shapes lock' to write it anew") from error


def _document(path: "Path") -> Any:
    import json

    text = decode(path, read_bytes(path, MAX_BYTES))
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except RecursionError as error:
        raise FileError(f"{path}: is nested too deeply") from error
    except ValueError as error:
        raise FileError(f"{path}: is damaged: {error}") from error


def _networks(path: "Path", document: Any) -> dict[str, Locked]:
    """Return the networks of a document, each field of the type that is compared later."""
    try:
        version = document["schema_version"]
        if type(version) is not int or version < 1:
            raise ValueError(f"schema_version is {short(version)}")
        if version > LOCK_VERSION:
            raise FileError(
                f"{path}: has schema version {short(version)}, and this resnet-shapes reads "
                f"{LOCK_VERSION}: upgrade resnet-shapes, or lock with this one"
            )
        return {
            parse.name(name): _network(network) for name, network in document["networks"].items()
        }
    except KeyError as error:
        raise FileError(f"{path}: is damaged: {error} is missing") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise FileError(f"{path}: is damaged: {error}") from error


def changes(locked: Locked, now: Locked) -> list[Change]:
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
    for metric in (*_TOTALS, *_TRAINING):  # of a training step where both ask for one
        if metric in locked.totals and metric in now.totals:
            found += _changed("total", metric, locked.totals[metric], now.totals[metric])
    return [*_reasons(locked, now), *found] if found else []


def _reasons(locked: Locked, now: Locked) -> list[Change]:
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
    return f"{value:,}" if metric in (*_TOTALS, *_TRAINING) else str(value)


def _described(row: Mapping[str, Any]) -> str:
    shape = _text("output_shape", row["output_shape"])
    return f"{row['type']} {shape}, {row['params']:,} params"


def _layer(row: LayerRow) -> dict[str, Any]:
    return {
        "type": row.type,
        "output_shape": _output(row),
        "params": row.params,
        "macs": row.macs or 0,  # a lock has numbers
    }


def _output(row: LayerRow) -> list[int] | str | None:
    """Return the output's shape, several as text, None where the layer gives none."""
    if row.output_tree is not None:
        return tree_text(row.output_tree)
    return [*map(index, row.output_shape)] or None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that stands twice: JSON would silently keep the last."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{short(name)} stands twice")
        found[name] = value
    return found


def _network(network: Mapping[str, Any]) -> Locked:
    """Return a network of the document. Raises what `read` turns into a `FileError`."""
    layers = {}
    for row in network["layers"]:
        for metric, kind in (("path", str), ("type", str), ("params", int), ("macs", int)):
            if not isinstance(row[metric], kind):
                raise ValueError(f"{metric} is {short(row[metric])}")
        if not isinstance(row["output_shape"], str | None):
            _check_shape(row["output_shape"])
        if row["path"] in layers:
            raise ValueError(f"layer {short(row['path'])} stands twice")
        layers[row["path"]] = row
    _check_shape(network["input_shape"])
    totals = {name: network["totals"][name] for name in _TOTALS}
    totals |= {n: network["totals"][n] for n in _TRAINING if n in network["totals"]}
    if not all(isinstance(total, int) for total in totals.values()):
        raise ValueError(f"totals are {short(totals)}")
    return Locked(dict(network["config"]), network["input_shape"], totals, layers)


def _check_shape(shape: Any) -> None:
    if not isinstance(shape, list) or not all(type(size) is int for size in shape):
        raise ValueError(f"{short(shape)} is no shape")
