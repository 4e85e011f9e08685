"""The lock file: what the networks are, and how they differ from it now.

    {"schema_version": 2,
     "networks": {NAME: {"dtype": …, "lines": [LINE, …]}}}

Networks are sorted by name; `lines.py` says what a line has. No version of a tool is in it.
"""

import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from resnet_cli import parse
from resnet_cli.errors import FileError
from resnet_cli.files import decode, read_bytes
from resnet_cli.gate import changes, earlier
from resnet_cli.gate.earlier import Earlier
from resnet_cli.gate.lines import TRAINING, Locked, line_of
from resnet_cli.text import short

if TYPE_CHECKING:
    from pathlib import Path

    from resnet_cli.analysis.network import Network

LOCK_VERSION = 2
DEFAULT_NAME = "resnet-shapes.lock.json"
MAX_BYTES = 2**24
"""ResNet-1202, of 4,200 operations, takes 0.6 MB; a project of ten usual networks 0.3 MB."""

Networks: TypeAlias = Mapping[str, Locked | Earlier]

_CONFLICT = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)


def to_text(locked: Networks) -> str:
    """Return the lock file's text: sorted, stable, a line an operation, ASCII.

    Raises `FileError` where it would be larger than what `read` reads, or a network is of the
    earlier form.
    """
    import json

    encode = json.JSONEncoder().encode
    networks = []
    for name in sorted(locked):
        network = locked[name]
        if isinstance(network, Earlier):
            raise FileError(f"{name} is of the earlier form; lock all networks to renew it")
        head: dict[str, Any] = {"dtype": network.dtype}
        if network.gives != 1:
            head["gives"] = network.gives
        if network.training:
            head["training"] = network.training
        fields = "".join(f"      {encode(key)}: {encode(value)},\n" for key, value in head.items())
        lines = ",\n".join("        " + encode(line) for line in network.lines)
        networks.append(
            f'    {encode(name)}: {{\n{fields}      "lines": [\n{lines}\n      ]\n    }}'
        )
    body = ",\n".join(networks)
    text = f'{{\n  "schema_version": {LOCK_VERSION},\n  "networks": {{\n{body}\n  }}\n}}\n'
    if len(text) > MAX_BYTES:
        raise FileError(
            f"the lock would be over {MAX_BYTES:,} bytes; lock fewer networks in one file"
        )
    return text


def read(path: "Path", command: str = "resnet-shapes lock") -> Networks:
    """Read a lock file. Raises `FileError` that says which command writes it."""
    if not os.path.exists(path):
        raise FileError(f"there is no lock file {path}; run '{command}' to write it")
    try:
        return _networks(path, _document(path))
    except FileError as error:
        raise FileError(f"{error}; run '{command}' to write it anew") from error


def differences(old: Locked | Earlier | None, network: "Network") -> list[changes.Change]:
    """Return how a network differs from what was locked of it, if anything was."""
    if isinstance(old, Earlier):
        return earlier.changes(old, network.summary)
    now = Locked.of(network)
    return changes.changes(old or now._replace(training={}, lines=()), now)


def _document(path: "Path") -> Any:
    import json

    text = decode(path, read_bytes(path, MAX_BYTES))
    if found := _CONFLICT.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise FileError(f"{path}: has a merge conflict, in line {line}")
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except RecursionError as error:
        raise FileError(f"{path}: is nested too deeply") from error
    except ValueError as error:
        raise FileError(f"{path}: is damaged: {error}") from error


def _networks(path: "Path", document: Any) -> dict[str, Locked | Earlier]:
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
        each: Callable[[Any], Locked | Earlier] = _network if version > 1 else earlier.network
        return {parse.name(name): each(data) for name, data in document["networks"].items()}
    except KeyError as error:
        raise FileError(f"{path}: is damaged: {error} is missing") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise FileError(f"{path}: is damaged: {error}") from error


def _network(data: Mapping[str, Any]) -> Locked:
    """Return a network of the document. Raises what `read` turns into a `FileError`."""
    if unknown := {*data} - {"dtype", "gives", "training", "lines"}:
        raise ValueError(f"{short(min(unknown))} is no field of a network")
    training = dict(data.get("training", {}))
    if not all(name in TRAINING and isinstance(n, int) for name, n in training.items()):
        raise ValueError(f"training is {short(training)}")
    if not isinstance(data["dtype"], str):
        raise ValueError(f"dtype is {short(data['dtype'])}")
    return Locked(data["dtype"], data.get("gives", 1), training, [*map(line_of, data["lines"])])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that stands twice: JSON would silently keep the last."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{short(name)} stands twice")
        found[name] = value
    return found
