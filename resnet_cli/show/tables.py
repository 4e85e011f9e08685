"""A network for people: its table, and what it adds up to. No Console, no print."""

from collections.abc import Sequence
from operator import index
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from resnet_cli.analysis.fold import Folded, fold
from resnet_cli.analysis.remarks import remarks
from resnet_cli.analysis.summary import Point, Summary
from resnet_cli.show.columns import Column, Notation, Totals, Value, total_texts
from resnet_cli.show.grid import Cell, Grid, Head, aligned, records_table
from resnet_cli.show.seen import FIELD, FIELD_NOTE, field_text, side_of
from resnet_cli.show.training import training_block
from resnet_cli.text import Look, broken, human_bytes, human_count, human_text, printable

if TYPE_CHECKING:
    from resnet_cli.analysis.conventions import Count
    from resnet_cli.graph.dims import Size

MACS_NOTE = (
    "MACs: multiply-accumulates of convolutions and linear layers, without bias and "
    "normalisation (torchvision's convention); FLOPs = 2 x MACs."
)


BAR_CELLS = 12
"""A bar's full length, that of its header."""

CELL_FORMULA, TOTAL_FORMULA = 32, 48
"""The width from which a formula goes on below itself, in a table's cell and in the totals."""

_TOTALS = {
    "Params": "params",
    "Buffers": "buffers",
    "MACs": "macs",
    "FLOPs": "flops",
    "Activations": "activation_bytes",
    "Peak": "peak_bytes",
}

_TRAINING = {
    "Saved for backward": "saved_bytes",
    "Training peak": "train_peak_bytes",
    "Training FLOPs": "train_flops",
}
"""What stands among the totals of an input with names; with numbers it is a block of its own."""


def summary_table(
    summary: Summary,
    columns: Sequence[Column],
    *,
    depth: int,
    folded: bool,
    look: Look,
    red: str | None = None,
    points: Sequence[Point] = (),
) -> RenderableType:
    """Return a network's title, its table and what it adds up to, at `points` as well.

    Rows of role `red` are red.
    """
    totals = summary.totals()
    rows = fold(summary.rows, depth, folded=folded)
    heads = [
        Head(c.header, c.is_right, 0 if _is_why(c, summary) else c.rank, c.beside) for c in columns
    ]
    side = side_of(summary)
    cells = [[_cell(column, row, totals, side, look) for column in columns] for row in rows]
    for row, row_cells in zip(rows, cells, strict=True):
        if row.row.role == red:
            row_cells[:] = [cell._replace(style="bold red") for cell in row_cells]
    total = [Cell(text, "bold") for text in total_texts(columns, totals, _number)]
    shown = Grid(heads, cells, total, look)
    said = remarks(summary, ascii_only=look.ascii)
    notes = [broken(printable(each), look.width) for each in said[bool(summary.error) :]]
    notes += [broken(MACS_NOTE, look.prose)] if summary.ran else []
    failure = broken(printable(said[0]), look.width) if summary.error else ""
    sums = _formulas(summary, points, look) if summary.held else _sums(summary)
    kept = {head.title for head in shown.heads}
    if any(head.title in kept and _is_marked(cells, i) for i, head in enumerate(heads)):
        notes.append(FIELD_NOTE)
    return Group(
        Text(printable(summary.heading), "bold"),
        Text(),
        shown,
        *([Text("\n" + failure, "bold red")] if summary.error else []),
        *([Text(), sums] if sums else []),
        *(training_block(summary.training, summary.held, look) if summary.training else ()),
        Text("\n" + "\n".join(notes), "dim") if notes else Text(),
    )


def with_counts(shown: RenderableType, counts: "Sequence[Count]", look: Look) -> RenderableType:
    """Return what other tools would count below a table, and the terms of their formulas."""
    from resnet_cli.analysis.conventions import HEADS, legend

    heads = [Head(title, title == "Total", title == "Formula") for title in HEADS]
    others = 27  # columns of a tool, what it counts, and the gaps
    room = TOTAL_FORMULA if look.width is None else max((look.width - others) // 2, 1)
    rows = ([broken(formula_lines(e, look, room), room) for e in c.row] for c in counts)
    terms = legend(count.tool for count in counts)
    return Group(shown, Text(), records_table(heads, rows, look, terms))


def _is_why(column: Column, summary: Summary) -> bool:
    """Say whether a column has why a layer failed, which no terminal is too narrow for."""
    return column.name == "note" and summary.error is not None


def _is_marked(rows: Sequence[Sequence[Cell]], column: int) -> bool:
    return any(row[column].text.endswith("*") for row in rows)


def bar(percent: float, look: Look) -> str:
    """Return a bar whose full length stands for 100 %; eighths of a cell where there are any."""
    if look.ascii:
        return "#" * round(percent / 100 * BAR_CELLS)
    whole, eighths = divmod(round(percent / 100 * BAR_CELLS * 8), 8)
    return "\N{FULL BLOCK}" * whole + (chr(ord("\N{FULL BLOCK}") + 8 - eighths) if eighths else "")


def _cell(column: Column, folded: Folded, totals: Totals, side: int | None, look: Look) -> Cell:
    """Return one cell; a receptive field is marked where it exceeds the input's `side`."""
    row = folded.row
    if column.notation is Notation.BAR:
        share = column.value(row, totals)
        return Cell(bar(share, look) if isinstance(share, float) else "", "blue")
    whole = column.text(folded, totals, ascii_only=look.ascii)
    lines = formula_lines(whole, look, CELL_FORMULA).split("\n")
    text = "\n".join(map(printable, lines))
    if row.error is not None:
        return Cell("FAILED" if column.name == "note" else text, "bold red")
    style = "" if row.leaf else "bold" if row.depth == 1 else ""
    if column.name == "type" and folded.times > 1:
        text += f" x {folded.times}"
    elif column.name == "path":
        style = "cyan"
    elif column.name == FIELD:
        text = field_text(row, side)
        style = "dim" if row.receptive_field is None else "yellow" if text.endswith("*") else style
    elif text == "0":
        style = "dim"
    return Cell(text, style)


def _number(value: Value) -> str:
    """Write a number; a formula stands among the totals below, where it has the room."""
    return human_text(value) if isinstance(value, int | float) else ""


def formula_lines(value: Value, look: Look, width: int = TOTAL_FORMULA) -> str:
    """Write a value; a formula longer than `width` goes on in the next line, before a plus."""
    first, *terms = human_text(value, ascii_only=look.ascii).split(" + ")
    lines = [first]
    for term in terms:
        if len(f"{lines[-1]} + {term}") > width:
            lines.append(f"+ {term}")
        else:
            lines[-1] += f" + {term}"
    return "\n".join(lines)


def _formulas(summary: Summary, points: Sequence[Point], look: Look) -> Grid:
    """Return the totals of a network whose input has names, and their values at `points`."""
    heads = [Head("Total"), Head("Formula"), *(Head(p.label, True, 1) for p in points)]
    every = [summary.totals(), *(point.summary.totals() for point in points)]
    rows = [
        [Cell(label, "dim"), *(Cell(formula_lines(t[name], look)) for t in every)]
        for label, name in {**_TOTALS, **(_TRAINING if summary.training else {})}.items()
        if any(totals[name] is not None for totals in every)
    ]
    return Grid(heads, rows, None, look)


def _sums(summary: Summary) -> Group | None:
    """Return the totals, exact and with units; None where nothing is known."""
    figures = totals_of(summary)
    if not figures:
        return None
    pairs = [figures[start : start + 2] for start in range(0, len(figures), 2)]
    rows = [[cell for figure in pair for cell in _figure(*figure)] for pair in pairs]
    width = max(map(len, rows))
    filled = [[*row, *[Cell("")] * (width - len(row))] for row in rows]
    return Group(*aligned(filled, (False, True, True) * 2))


def totals_of(summary: Summary) -> list[tuple[str, str, str]]:
    """Return what a network adds up to: what it is, exactly, and in a unit."""
    totals = summary.totals()
    figures = [
        (_label(label, summary), human_text(total), _unit(label, total, summary))
        for label, name in _TOTALS.items()
        if (total := totals[name]) is not None
    ]
    if summary.frozen:
        figures.append(("Params (frozen)", human_text(summary.frozen), ""))
    if summary.frozen and totals["params"] is not None:
        figures.append(("Params (all)", human_text(summary.params + summary.frozen), ""))
    return figures


def _unit(label: str, total: "Size", summary: Summary) -> str:
    """Write a total with its unit; of the params, which are exact, their bytes."""
    match label:
        case "Buffers":
            return ""
        case "Params":
            return human_bytes(summary.param_bytes)
        case "MACs" | "FLOPs":
            return human_count(index(total))
    return human_bytes(index(total))


def _label(label: str, summary: Summary) -> str:
    """Return a total's label, with what it leaves out."""
    if summary.not_counted and label in ("MACs", "FLOPs"):
        return f"{label} (at least)"
    return "Params (trainable)" if summary.frozen and label == "Params" else label


def _figure(label: str, value: str, with_unit: str) -> tuple[Cell, ...]:
    return Cell(label, "dim"), Cell(value), Cell(with_unit, "dim")
