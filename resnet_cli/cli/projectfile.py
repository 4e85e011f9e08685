"""`[tool.resnet-shapes]` of pyproject.toml: defaults for every command, and named networks.

A plain TOML file given by `--config` has the same keys at its top. Values go through the
parsers of the flags that they are named after, so both refuse the same things.
"""

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from resnet_cli import parse
from resnet_cli.cli.flags import EXPECTATIONS, NETWORK, SHARED, TRAINING
from resnet_cli.cli.options import Option
from resnet_cli.errors import FileError
from resnet_cli.files import decode, read_bytes
from resnet_cli.text import nearest

if TYPE_CHECKING:
    from pathlib import Path

FILE = "pyproject.toml"
TOOL_TABLE = "resnet-shapes"

MAX_BYTES = 2**18
MAX_LINE = 20_000
MAX_DOTS = 16
"""A TOML parser's time may grow with the square of a line, and of the parts of a dotted key; no
configuration is near these.
"""

# Each part of a key is looked at once, and never given back: linear in the file.
_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')[ \t]*+"""
_DOTTED = rf"(?<![\w-]){_PART}(?:\.[ \t]*+{_PART}){{{MAX_DOTS}}}"

# What decides where a configuration is read from, or belongs to one run, is no key in it.
_FLAG_ONLY = ("config", "network", "show_config", "traceback", "output")
KEYS = {
    option.dashed: option for option in (*SHARED, *EXPECTATIONS) if option.key not in _FLAG_ONLY
}
NETWORK_KEYS = {
    name: option
    for name, option in KEYS.items()
    if option in (*NETWORK, *TRAINING, *EXPECTATIONS) and name != "lock"
}

# A file without this cannot have the table, and need not be parsed: the two names on one
# line, as in [tool.resnet-shapes], right or nearly so, or a table of all tools.
_MENTION = rb"(?mi)^(?>.*?tool).*resnet[-_]?shapes|^\s*\[\s*[\"']?tool[\"']?\s*\]"


class Values(NamedTuple):
    """A table's parsed values, and how the file spells each key."""

    values: Mapping[str, Any]
    names: Mapping[str, str]


class Project(NamedTuple):
    """A configuration file: its defaults and its networks, in the file's order.

    `table` are the keys of the tool's own table in it.
    """

    path: "Path"
    defaults: Values
    networks: Mapping[str, Values]
    table: tuple[str, ...] = ()


def load(config: "Path | None") -> Project | None:
    """Return the configuration that `--config` names, or the nearest one, or None.

    The nearest is the first pyproject.toml with a `[tool.resnet-shapes]` table, from the
    working directory up. Raises `FileError` that names file and key.
    """
    if config is None:
        return _nearest()
    data = _parsed(config, read_bytes(config, MAX_BYTES))
    table, where = _tool_table(config, data)
    return _project(config, data, "") if table is None else _project(config, table, where)


def line_of(project: Project, keys: tuple[str, ...]) -> int:
    """Return the line of the file that comes nearest to where a key stands, counted from 1."""
    wanted, best = (*project.table, *keys), (0, 1)
    table: tuple[str, ...] = ()
    text = decode(project.path, read_bytes(project.path, MAX_BYTES))
    for number, line in enumerate(text.splitlines(), 1):
        found = _LINE.match(line)
        if found is None:
            continue
        head, key = found.groups()
        if head is not None:
            table = place = _keys(head)
        else:
            place = (*table, *_keys(key))
        shared = max(n for n in range(len(wanted) + 1) if wanted[:n] == place[:n])
        if shared > best[0]:
            best = shared, number
    return best[1]


# A table's head, or the key of a value that begins in this line.
_LINE = re.compile(r"""\s*(?:\[\s*([^\[\]]+?)\s*\]|([\w.\s"'-]+?)\s*=)""")


def _keys(dotted: str) -> tuple[str, ...]:
    """Return the keys of a table's head or of a value, which may be quoted."""
    import tomllib

    try:
        inner = tomllib.loads(f"{dotted} = 0")
    except ValueError:  # a line of a longer text that looks like one
        return ()
    keys = []
    while isinstance(inner, dict):
        ((key, inner),) = inner.items()
        keys.append(key)
    return tuple(keys)


def _nearest() -> Project | None:
    """Return the nearest pyproject.toml with our table; others are not even parsed."""
    try:
        folder = os.getcwd()
    except OSError:  # a working directory that was removed, or is closed to us, has no parents
        return None
    while True:
        name = os.path.join(folder, FILE)
        if os.path.isfile(name):
            from pathlib import Path  # 6 ms, and most folders have no such file

            path = Path(name)
            if re.search(_MENTION, data := read_bytes(path, MAX_BYTES)):
                table, where = _tool_table(path, _parsed(path, data))
                if table is not None:
                    return _found(_project(path, table, where))
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _found(project: Project) -> Project:
    """Return a project whose modules know that nobody named the file which names them."""

    def mark(values: Values) -> Values:
        target = values.values.get("module")
        if target is None:
            return values
        marked = {**values.values, "module": target._replace(is_found=True)}
        return values._replace(values=marked)

    networks = {name: mark(values) for name, values in project.networks.items()}
    return project._replace(defaults=mark(project.defaults), networks=networks)


def _tool_table(path: "Path", data: Mapping[str, Any]) -> tuple[Any, str]:
    """Return the tool's own table of a pyproject.toml, None if it has none, and its name.

    Raises `FileError` where its name is written otherwise.
    """
    tool = data.get("tool")
    tables = tool if isinstance(tool, dict) else {}
    for name in tables:
        if name != TOOL_TABLE and re.fullmatch("resnet[-_]?shapes", name, re.IGNORECASE):
            raise FileError(f"{path}: [tool.{name}] is not read; its name is [tool.{TOOL_TABLE}]")
    return tables.get(TOOL_TABLE), f"tool.{TOOL_TABLE}."


def _parsed(path: "Path", data: bytes) -> dict[str, Any]:
    import tomllib

    text = decode(path, data)
    if max(map(len, text.splitlines()), default=0) > MAX_LINE:
        raise FileError(f"{path}: has a line of over {MAX_LINE:,} characters")
    if re.search(_DOTTED, text):
        raise FileError(f"{path}: has a key of over {MAX_DOTS} parts with dots between them")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise FileError(f"{path}: is nested too deeply") from error
    except ValueError as error:  # TOMLDecodeError, and numbers too long to parse
        raise FileError(f"{path}: is not valid TOML: {error}") from error


def _project(path: "Path", table: Any, where: str) -> Project:
    """Return what the tool's table says."""
    if not isinstance(table, dict):
        raise FileError(f"{path}: {where.rstrip('.')}: is not a table")
    networks = table.get("networks", {})
    if not isinstance(networks, dict):
        raise FileError(f"{path}: {where}networks: is not a table of networks")
    defaults = {key: value for key, value in table.items() if key != "networks"}
    return Project(
        path,
        _values(path, where, defaults, KEYS, ("networks",)),
        {name: _network(path, where, name, keys) for name, keys in networks.items()},
        tuple(where.split(".")[:-1]),
    )


def _network(path: "Path", where: str, name: str, keys: Any) -> Values:
    try:
        parse.name(name)
    except ValueError as error:
        raise FileError(f"{path}: {where}networks: {error}") from error
    if not isinstance(keys, dict):
        raise FileError(f"{path}: {where}networks.{name}: is not a table")
    return _values(path, f"{where}networks.{name}.", keys, NETWORK_KEYS)


def _values(
    path: "Path",
    where: str,
    table: Mapping[str, Any],
    known: Mapping[str, Option],
    others: tuple[str, ...] = (),
) -> Values:
    """Parse a table's values with the parsers of their flags."""
    values, names = {}, {}
    for name, value in table.items():
        key = f"{path}: {where}{name}"
        if name not in known:
            raise FileError(f"{key}: is no key here{nearest(name, (*known, *others))}")
        option = known[name]
        try:
            values[option.key] = _parse(option, value, path)
        except ValueError as error:
            raise FileError(f"{key}: {error}") from error
        names[option.key] = key
    return Values(values, names)


def _written(option: Option, value: Any) -> str:
    """Write one value of a table as its flag takes it: an input may be nested."""
    if option.key != "input":
        return str(value)
    from resnet_cli.pytorch import inputs

    return inputs.written(value)


def _parse(option: Option, value: Any, path: "Path") -> Any:
    if option.multiple:
        # A table of layers reads better than a list of 'layer=shape'; both are taken.
        texts = value
        if isinstance(value, dict):
            texts = [f"{k}={_written(option, v)}" for k, v in value.items()]
        # A list of numbers is one shape.
        many = isinstance(texts, list) and not all(type(item) is int for item in texts)
        return tuple(option.parse(text) for text in (texts if many else [texts]))
    parsed: Any = option.parse(value)
    # A path in a file is relative to that file, and so is a module.
    if option.key == "module":
        return parsed._replace(folder=str(path.parent))
    return path.parent / parsed if option.parse is parse.path else parsed
