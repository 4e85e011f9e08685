"""Tables that fit: a narrow terminal loses columns and never digits, a pipe none.

Widths are computed here and not left to Rich, which would cut numbers.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from resnet_cli.columns import Value, human_text

ASCII_SIMPLE = box.Box("    \n    \n -- \n    \n    \n -- \n    \n    \n", ascii=True)

GAP = 2
"""Spaces between columns: a cell's padding and the box's divider."""


class Look(NamedTuple):
    """What the output can show: its width in columns (None: any), and whether only ASCII."""

    width: int | None = None
    ascii: bool = False

    @property
    def box(self) -> box.Box:
        """Rules under the header and over the footer, nothing else."""
        return ASCII_SIMPLE if self.ascii else box.SIMPLE


class Cell(NamedTuple):
    """One text of a table with its style."""

    text: str
    style: str = ""

    @property
    def width(self) -> int:
        """Its longest line."""
        return max(map(cell_len, self.text.split("\n")))


class Head(NamedTuple):
    """One column of a table: its header, its side, and how long a narrow terminal keeps it."""

    title: str
    right: bool = False
    rank: int = 0


def grid(
    heads: Sequence[Head],
    rows: Iterable[Sequence[Cell]],
    total: Sequence[Cell] | None,
    look: Look,
) -> Table:
    """Return a table that fits the look's width by shedding columns of the highest rank."""
    rows = list(rows)
    titles = [Cell(head.title) for head in heads]
    all_rows = [titles, *rows, *([total] if total else [])]
    widths = [max(row[i].width for row in all_rows) for i in range(len(heads))]
    kept = _fitting(heads, widths, look.width)
    table = Table(
        box=look.box,
        show_edge=False,
        show_footer=total is not None,
        pad_edge=False,
        padding=(0, GAP - 1, 0, 0),
        header_style="bold",
    )
    for i in kept:
        table.add_column(
            Text(heads[i].title),
            footer=Text(total[i].text, total[i].style) if total else "",
            justify="right" if heads[i].right else "left",
            no_wrap=True,
            min_width=widths[i],
        )
    for row in rows:
        table.add_row(*(Text(row[i].text, row[i].style) for i in kept))
    return table


def _fitting(heads: Sequence[Head], widths: Sequence[int], width: int | None) -> list[int]:
    """Return which columns fit: those of the highest rank go first, of rank 0 none."""
    kept = list(range(len(heads)))
    while width is not None and sum(widths[i] + GAP for i in kept) - GAP > width:
        last = max(kept, key=lambda i: heads[i].rank)
        if heads[last].rank == 0:
            break
        kept.remove(last)
    return kept


def records_table(
    heads: Sequence[Head], records: Iterable[Iterable[Value]], look: Look, note: str = ""
) -> RenderableType:
    """Return a table of records, with a note below it."""
    rows = [[Cell(human_text(value)) for value in record] for record in records]
    table = grid(heads, rows, None, look)
    return Group(table, Text(f"\n{note}", "dim")) if note else table
