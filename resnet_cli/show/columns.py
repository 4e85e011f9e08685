"""The columns of every table, CSV and Markdown file: a row in a table here, not an `if`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from resnet_cli.analysis.summary import LayerRow, Summary
from resnet_cli.parse import ALL_DEPTHS
from resnet_cli.show.seen import FIELD, field_text, window_text
from resnet_cli.text import Tree, factor, human_text, nearest, tree_text

if TYPE_CHECKING:
    from resnet_cli.analysis.fold import Folded
    from resnet_cli.analysis.groups import Groups
    from resnet_cli.analysis.summary import By, Point
    from resnet_cli.graph.dims import Size
    from resnet_cli.graph.kinds import Shape

Value: TypeAlias = "Size | float | str | tuple[Size, ...] | None"
Totals: TypeAlias = "Mapping[str, Size | None]"


class Notation(StrEnum):
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
    notation: Notation
    value: Callable[[LayerRow, Totals], Value]
    rank: int = 1
    fixed: "Totals | None" = None
    beside: str = ""
    """The header of the column without which it is not shown."""

    @property
    def is_right(self) -> bool:
        """Whether its values stand at the right, digit below digit."""
        return self.notation in (Notation.COUNT, Notation.PERCENT)

    @property
    def is_sum(self) -> bool:
        """Whether its values are sums where a row stands for several."""
        return self.name.partition("@")[0] in _SUMS

    def text(self, folded: "Folded", totals: Totals, *, ascii_only: bool = False) -> str:
        """Write a row's value for people; a sum over `n` equal neighbours as `n x 36,928`."""
        write = partial(human_text, ascii_only=ascii_only)
        if folded.times > 1 and self.is_sum:
            one = self.value(folded.last, totals)
            return f"{folded.times} x {factor(one, write)}" if one else write(one)
        return write(self.value(folded.row, totals))

    def total(self, totals: Totals) -> Value:
        """Return the column's sum over the network, None where there is none."""
        if self.notation is Notation.BAR:
            return None
        if self.fixed is not None:
            totals = self.fixed
        name = self.name.partition("@")[0]
        if self.notation is Notation.PERCENT:
            whole = totals[name.removesuffix("_percent")]
            return _percent(whole, whole)
        return totals.get(name)


def _percent(part: "Size | None", whole: "Size | None") -> float | None:
    """Return a share, None of nothing and where names keep it unknown."""
    if isinstance(part, int) and isinstance(whole, int) and whole:
        return 100 * part / whole
    return None


def _shapes(shape: "Shape", tree: Tree) -> Value:
    """Return one shape, several as text, None where there is none."""
    return tree_text(tree) if tree is not None else shape or None


def cell_text(
    column: Column,
    row: LayerRow,
    totals: Totals,
    side: int | None,
    write: "Callable[[Value], str]",
) -> str:
    """Write one row's value for people."""
    return field_text(row, side) if column.name == FIELD else write(column.value(row, totals))


_ALL = (
    Column("path", "Path", Notation.TEXT, lambda row, _: row.path, 0),
    Column("role", "Role", Notation.TEXT, lambda row, _: row.role, 5),
    Column("type", "Type", Notation.TEXT, lambda row, _: row.type, 2),
    Column(
        "input_shape",
        "Input shape",
        Notation.SHAPE,
        lambda row, _: _shapes(row.input_shape, row.input_tree),
        8,
    ),
    Column(
        "output_shape",
        "Output shape",
        Notation.SHAPE,
        lambda row, _: _shapes(row.output_shape, row.output_tree),
        0,
    ),
    Column("params", "Params", Notation.COUNT, lambda row, _: row.params, 1),
    Column(
        "params_percent",
        "Params %",
        Notation.PERCENT,
        lambda row, totals: _percent(row.params, totals["params"]),
        9,
    ),
    Column("buffers", "Buffers", Notation.COUNT, lambda row, _: row.buffers, 9),
    Column("macs", "MACs", Notation.COUNT, lambda row, _: row.macs, 3),
    Column(
        "macs_percent",
        "MACs %",
        Notation.PERCENT,
        lambda row, totals: _percent(row.macs, totals["macs"]),
        9,
    ),
    Column("flops", "FLOPs", Notation.COUNT, lambda row, _: row.flops, 7),
    Column("receptive_field", "Field", Notation.COUNT, lambda row, _: row.receptive_field, 6),
    Column("stride", "Stride", Notation.COUNT, lambda row, _: row.stride, 8),
    Column("output_bytes", "Output bytes", Notation.COUNT, lambda row, _: row.output_bytes, 7),
    Column("saved_bytes", "Saved", Notation.COUNT, lambda row, _: row.saved_bytes, 2),
    Column("window", "Window", Notation.TEXT, lambda row, _: window_text(row), 4),
    Column("frozen", "Frozen", Notation.COUNT, lambda row, _: row.frozen, 1),
    Column("calls", "Calls", Notation.COUNT, lambda row, _: row.calls, 4),
    Column("takes_from", "Takes from", Notation.TEXT, lambda row, _: ", ".join(row.takes_from), 1),
    Column("note", "Note", Notation.TEXT, lambda row, _: row.error or row.note or None, 4),
)

COLUMNS = {column.name: column for column in _ALL}

BARS = tuple(
    COLUMNS[f"{name}_percent"]._replace(
        header=f"{COLUMNS[name].header} share",
        notation=Notation.BAR,
        rank=COLUMNS[name].rank + 1,
        beside=COLUMNS[name].header,
    )
    for name in ("params", "macs")
)

_SUMS = ("params", "buffers", "macs", "flops", "saved_bytes", "frozen")
"""The columns that are sums where a row stands for several."""

_SHARE = "macs_percent"
"""A share of formulas is known where they are evaluated alone."""

_SIZED = (
    *("input_shape", "output_shape", "macs", "macs_percent", "flops"),
    *("output_bytes", "saved_bytes"),
)
"""The columns that the input's size changes."""

TRAINED = "saved_bytes"
"""What only a network has of which a training step was asked for."""

TAKEN = "takes_from"
"""What only rows of operations have."""

MEASURED = ("frozen", "calls", "note")
"""What only a network has that PyTorch measured."""

DEFAULT = (
    "path",
    "role",
    "type",
    "window",
    "takes_from",
    "output_shape",
    "params",
    "macs",
    "macs_percent",
    "receptive_field",
)


def every(summary: Summary) -> tuple[str, ...]:
    """Return every column that can say something about this network."""
    return tuple(
        name
        for name in COLUMNS
        if (summary.measured or name not in MEASURED)
        and (summary.training or name != TRAINED)
        and (name != TAKEN or any(row.takes_from for row in summary.rows))
    )


def default(
    summary: Summary, depth: int = ALL_DEPTHS, *, evaluated: bool = False
) -> tuple[str, ...]:
    """Return the columns that people see: those that say something about its rows down to `depth`.

    Of one whose input has names there are no shares, unless they are `evaluated` beside it.
    """
    rows, totals = summary.at_depth(depth), summary.totals()
    names = [
        name
        for name in DEFAULT
        if (name == _SHARE and evaluated)
        or not (rows and all(COLUMNS[name].value(row, totals) in (None, "") for row in rows))
    ]
    if summary.held and not evaluated and _SHARE in names:
        names.remove(_SHARE)
    if summary.frozen:
        names.insert(names.index("params") + 1, "frozen")
    if summary.training is not None:
        names.append(TRAINED)
    if any(row.note or row.error for row in rows):
        names.append("note")
    return tuple(names)


def of_groups(groups: "Groups", by: "By") -> list[Column]:
    """Return the columns of layers that are added up: how many they are, and their sums."""
    names = ["params", "params_percent", "macs", "macs_percent"]
    if groups.summary.training is not None:
        names.append(TRAINED)
    if groups.summary.frozen:
        names.insert(2, "frozen")
    layers, whole = groups.layers, {"layers": sum(groups.layers.values())}
    return [
        COLUMNS["path"]._replace(name=by.value, header=by.title()),
        Column("layers", "Layers", Notation.COUNT, lambda row, _: layers[row.path], fixed=whole),
        *(COLUMNS[name]._replace(rank=2) for name in names),
    ]


_SHORT = {
    "input": "input_shape",
    "output": "output_shape",
    "shape": "output_shape",
    "field": "receptive_field",
    "cumulative_stride": "stride",
    "bytes": "output_bytes",
    "saved": "saved_bytes",
    "kernel": "window",
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


def total_texts(
    columns: Sequence[Column], totals: Totals, write: "Callable[[Value], str] | None" = None
) -> list[str]:
    """Return a table's last row: the sums, and "Total" where the first column has none."""
    texts = [(write or human_text)(column.total(totals)) for column in columns]
    return [texts[0] or "Total", *texts[1:]]


def beside(columns: Iterable[Column], points: "Sequence[Point]") -> Iterator[Column]:
    """Give each column, and after one that the size changes its evaluated copies.

    These are what was asked for: where a terminal has no room, the formulas go before them.
    """
    for column in columns:
        is_sized = column.name in _SIZED
        if not (points and column.name == _SHARE):
            yield column._replace(rank=9) if points and is_sized else column
        if is_sized:
            yield from (_evaluated(column, point) for point in points)


def _evaluated(column: Column, point: "Point") -> Column:
    """Return the column with a row's formulas evaluated at a point."""
    totals = point.summary.totals()
    return column._replace(
        name=f"{column.name}@{point.label}",
        header=f"{column.header} at {point.label}",
        rank=1,
        value=lambda row, _: column.value(row.at(point.sizes), totals),
        fixed=totals,
    )


def _name(word: str) -> str:
    name = word.strip().lower().replace("%", " percent").replace("-", " ")
    name = "_".join(name.replace("_", " ").split())
    name = _SHORT.get(name, name)
    if name not in COLUMNS:
        raise ValueError(
            f"{word.strip()!r} is no column{nearest(name, COLUMNS)}; they are {', '.join(COLUMNS)}"
        )
    return name
