"""The columns of every table, CSV and Markdown file: a row in a table here, not an `if`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from resnet_cli.config import format_shape
from resnet_cli.errors import nearest
from resnet_cli.summary import LayerRow

Value: TypeAlias = int | float | str | tuple[int, ...] | None
Totals: TypeAlias = Mapping[str, int]


class Kind(StrEnum):
    """How a column's values are written."""

    TEXT = "text"
    SHAPE = "shape"
    """`1x64x56x56`."""
    COUNT = "count"
    """With thousands separators where people read it."""
    PERCENT = "percent"
    """One decimal where people read it."""
    BAR = "bar"
    """A percentage that people see as a bar's length."""


class Column(NamedTuple):
    """One quantity of a row.

    `name` is its name in `--columns`, JSON and CSV; `rank` says how long a narrow terminal
    keeps it: the highest goes first.
    """

    name: str
    header: str
    kind: Kind
    value: Callable[[LayerRow, Totals], Value]
    rank: int = 1

    def total(self, totals: Totals) -> Value:
        """Return the column's sum over the network, None where there is none."""
        if self.kind is Kind.BAR:
            return None
        if self.kind is Kind.PERCENT:
            return 100.0 if totals[self.name.removesuffix("_percent")] else None
        return totals.get(self.name)


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _window(row: LayerRow, _: Totals) -> str | None:
    if row.window is None:
        return None
    kernel, stride, padding = row.window
    return f"k{kernel} s{stride} p{padding}"


_ALL = (
    Column("path", "Path", Kind.TEXT, lambda row, _: row.path, 0),
    Column("role", "Role", Kind.TEXT, lambda row, _: row.role, 5),
    Column("type", "Type", Kind.TEXT, lambda row, _: row.type, 2),
    Column("input_shape", "Input shape", Kind.SHAPE, lambda row, _: row.input_shape, 8),
    Column("output_shape", "Output shape", Kind.SHAPE, lambda row, _: row.output_shape, 0),
    Column("params", "Params", Kind.COUNT, lambda row, _: row.params, 1),
    Column(
        "params_percent",
        "Params %",
        Kind.PERCENT,
        lambda row, totals: _percent(row.params, totals["params"]),
        9,
    ),
    Column("buffers", "Buffers", Kind.COUNT, lambda row, _: row.buffers, 9),
    Column("macs", "MACs", Kind.COUNT, lambda row, _: row.macs, 3),
    Column(
        "macs_percent",
        "MACs %",
        Kind.PERCENT,
        lambda row, totals: _percent(row.macs, totals["macs"]),
        9,
    ),
    Column("flops", "FLOPs", Kind.COUNT, lambda row, _: row.flops, 7),
    Column("receptive_field", "Field", Kind.COUNT, lambda row, _: row.receptive_field, 6),
    Column("stride", "Stride", Kind.COUNT, lambda row, _: row.stride, 8),
    Column("output_bytes", "Output bytes", Kind.COUNT, lambda row, _: row.output_bytes, 7),
    Column("window", "Window", Kind.TEXT, _window, 8),
)

COLUMNS = {column.name: column for column in _ALL}

BARS = tuple(
    COLUMNS[name]._replace(header=header, kind=Kind.BAR, rank=2)
    for name, header in (("params_percent", "Params share"), ("macs_percent", "MACs share"))
)

DEFAULT = (
    "path",
    "role",
    "type",
    "output_shape",
    "params",
    "macs",
    "macs_percent",
    "receptive_field",
)

_SHORT = {
    "input": "input_shape",
    "output": "output_shape",
    "shape": "output_shape",
    "field": "receptive_field",
    "cumulative_stride": "stride",
    "bytes": "output_bytes",
}


def parse(value: object) -> tuple[str, ...]:
    """Parse `path,output_shape,params`; the headers' spelling does as well.

    Raises `ValueError` for a column that is unknown or named twice.
    """
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError(f"{value!r} is not a list of columns, as in path,output_shape,params")
    names = tuple(_name(word) for word in words)
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name!r} is named {names.count(name)} times; name a column once")
    return names


def pick(names: Iterable[str]) -> list[Column]:
    """Return the columns of these names."""
    return [COLUMNS[name] for name in names]


def total_texts(columns: Sequence[Column], totals: Totals) -> list[str]:
    """Return a table's last row: the sums, and "Total" where the first column has none."""
    texts = [human_text(column.total(totals)) for column in columns]
    return [texts[0] or "Total", *texts[1:]]


def _name(word: str) -> str:
    name = word.strip().lower().replace("%", " percent").replace("-", " ")
    name = "_".join(name.replace("_", " ").split())
    name = _SHORT.get(name, name)
    if name not in COLUMNS:
        raise ValueError(
            f"{word.strip()!r} is no column{nearest(name, COLUMNS)}; they are {', '.join(COLUMNS)}"
        )
    return name


def plain_text(value: Value) -> str:
    """Write a value for machines: no separators, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return format_shape(value)
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def human_text(value: Value) -> str:
    """Write a value for people."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.1f}%" if isinstance(value, float) else plain_text(value)
