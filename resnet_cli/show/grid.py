"""Tables that fit: a narrow terminal loses columns and never digits, a pipe none.

Widths are computed here and not left to Rich, which would cut numbers.
"""

from collections.abc import Iterable, Sequence
from io import StringIO
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.text import Text

from resnet_cli.show.columns import Value
from resnet_cli.text import Look, harmless, human_text

GAP = 2
"""Spaces between columns."""


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


class Grid:
    """A table that sheds columns of the highest rank until it fits the look's width.

    Its lines are made here: Rich's own table takes the time of all its layout, 15 ms at
    every start, to find widths that are known.
    """

    def __init__(
        self,
        heads: Sequence[Head],
        rows: Iterable[Sequence[Cell]],
        total: Sequence[Cell] | None,
        look: Look,
    ) -> None:
        self.total = total
        self.look = look
        table = [[Cell(head.title, "bold") for head in heads], *rows, *([total] if total else [])]
        widths = [max(row[i].width for row in table) for i in range(len(heads))]
        kept = _fitting(heads, widths, look.width)
        self.heads = [heads[i] for i in kept]
        self.rows = [[row[i] for i in kept] for row in table]
        self.width = sum(widths[i] + GAP for i in kept) - GAP

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rule = Text(("-" if self.look.ascii else "\N{BOX DRAWINGS LIGHT HORIZONTAL}") * self.width)
        head, *lines = aligned(self.rows, [head.right for head in self.heads])
        yield head
        yield rule
        yield from lines[:-1] if self.total else lines
        if self.total:
            yield rule
            yield lines[-1]


def aligned(rows: Sequence[Sequence[Cell]], right: Sequence[bool]) -> list[Text]:
    """Return a text a row, its cells below those of the other rows; a cell may have lines."""
    widths = [max(row[i].width for row in rows) for i in range(len(right))]
    return [_row(row, widths, right) for row in rows]


def _row(row: Sequence[Cell], widths: Sequence[int], right: Sequence[bool]) -> Text:
    cells = [cell.text.split("\n") for cell in row]
    text = Text(no_wrap=True, overflow="ignore")
    for line in range(max(map(len, cells))):
        text.append("\n" if line else "")
        for i, pieces in enumerate(cells):
            piece = pieces[line] if line < len(pieces) else ""
            pad = " " * (widths[i] - cell_len(piece))
            text.append(" " * GAP if i else "")
            text.append(pad if right[i] else "")
            text.append(piece, row[i].style or None)
            text.append("" if right[i] else pad)
    return text


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
    table = Grid(heads, rows, None, look)
    return Group(table, Text(f"\n{note}", "dim")) if note else table


class _Harmless(NamedTuple):
    """A renderable without what would steer a terminal or a log: colours alone are its own."""

    inner: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for text, style, control in console.render(self.inner, options):
            yield Segment(harmless(text), style, control)


def rendered(renderable: RenderableType, *, colored: bool) -> str:
    """Return what Rich makes of it, as wide as it is by nature."""
    # Tables fit themselves to the look's width, so no line is wrapped or cut here; with a
    # height Rich does not overrule the width under TERM=dumb.
    console = Console(
        file=StringIO(),
        width=10_000,
        height=100,
        color_system="standard" if colored else None,
        force_terminal=colored,
        no_color=False,  # decided by the caller; Rich would ask NO_COLOR once more
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    with console.capture() as capture:
        console.print(_Harmless(renderable), soft_wrap=False)
    return "".join(line.rstrip(" ") + "\n" for line in capture.get().splitlines())
