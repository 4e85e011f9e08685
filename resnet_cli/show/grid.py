"""Tables that fit: a narrow terminal loses columns, which is said, and never digits; a pipe none.

Widths are computed here and not left to Rich, which would cut numbers.
"""

import textwrap
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.text import Text

from resnet_cli.show.columns import Value
from resnet_cli.text import Look, broken, harmless, human_text

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
    beside: str = ""
    """The title of the column that it goes with."""


class Grid:
    """A table that fits the look's width: first headers wrap, then columns are left out.

    The lowest ranks stay, and a line below the table says what is hidden. Its lines are made
    here: Rich's own table takes the time of all its layout, 15 ms at every start, to find
    widths that are known.
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
        body = [*rows, *([total] if total else [])]
        inside = [max((row[i].width for row in body), default=0) for i in range(len(heads))]
        titles = [Cell(head.title, "bold") for head in heads]
        kept = _fitting(heads, _widths(titles, inside), look.width)
        self.all = _width(_widths(titles, inside))
        if len(kept) < len(heads):
            wrapped = [*map(_wrapped, titles, inside)]
            more = _fitting(heads, _widths(wrapped, inside), look.width)
            self.all = _width(_widths(wrapped, inside))
            if more != kept:
                titles, kept = wrapped, more
        self.heads = [heads[i] for i in kept]
        self.hidden = [head.title for i, head in enumerate(heads) if i not in kept]
        self.rows = [_level([titles[i] for i in kept]), *([row[i] for i in kept] for row in body)]
        self.width = _width([max(row[i].width for row in self.rows) for i in range(len(kept))])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rule = Text(("-" if self.look.ascii else "\N{BOX DRAWINGS LIGHT HORIZONTAL}") * self.width)
        head, *lines = aligned(self.rows, [head.right for head in self.heads])
        yield head
        yield rule
        yield from lines[:-1] if self.total else lines
        if self.total:
            yield rule
            yield lines[-1]
        if self.hidden:
            count = f"{len(self.hidden)} column{'s' if len(self.hidden) > 1 else ''} hidden"
            said = f"{count} ({', '.join(self.hidden)}): {self.all} columns show all"
            yield Text(broken(said, self.look.width), "dim")


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


def _width(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _widths(titles: Sequence[Cell], inside: Sequence[int]) -> list[int]:
    return [max(title.width, width) for title, width in zip(titles, inside, strict=True)]


def _wrapped(title: Cell, width: int) -> Cell:
    """Break a header between words, into the fewest lines that make its column no wider."""
    longest = max(width, *map(len, title.text.split()), 1)
    lines = textwrap.wrap(title.text, longest, break_long_words=False, break_on_hyphens=False)
    return title._replace(text="\n".join(lines))


def _level(titles: Sequence[Cell]) -> list[Cell]:
    """Return headers that all end in one line."""
    tallest = max(title.text.count("\n") for title in titles)
    return [
        title._replace(text="\n" * (tallest - title.text.count("\n")) + title.text)
        for title in titles
    ]


def _fitting(heads: Sequence[Head], widths: Sequence[int], width: int | None) -> list[int]:
    """Return which columns fit, asked in the order of their ranks; those of rank 0 stay."""
    kept: list[int] = []
    dropped: set[str] = set()
    for i in sorted(range(len(heads)), key=lambda i: heads[i].rank):
        if heads[i].beside in dropped:
            continue
        if not heads[i].rank or width is None or _width([widths[j] for j in (*kept, i)]) <= width:
            kept.append(i)
        else:
            dropped.add(heads[i].title)
    return sorted(kept)


def records_table(
    heads: Sequence[Head],
    records: Iterable[Iterable[Value]],
    look: Look,
    note: str = "",
    groups: Sequence[str] = (),
) -> RenderableType:
    """Return a table of records, with a note below it.

    A column without a value is left out. With `groups`, one a record, their names are headings
    where the next one begins.
    """
    rows = [[Cell(human_text(value)) for value in record] for record in records]
    said = [i for i in range(len(heads)) if not rows or any(row[i].text for row in rows)]
    heads, rows = [heads[i] for i in said], [[row[i] for i in said] for row in rows]
    empty = [Cell("")] * len(heads)
    starts = [i for i, group in enumerate(groups) if group not in groups[i - 1 : i]]
    for start in reversed(starts):
        above = [empty] if start else []
        rows[start:start] = [*above, [Cell(groups[start], "bold"), *empty[1:]]]
    table = Grid(heads, rows, None, look)
    return Group(table, Text(f"\n{broken(note, look.prose)}", "dim")) if note else table


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
