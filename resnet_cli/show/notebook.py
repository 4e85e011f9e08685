"""A summary that shows itself: in a terminal, in a notebook, and in one line."""

from collections.abc import Iterable, Sequence
from html import escape

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

from resnet_cli.analysis.remarks import remarks
from resnet_cli.analysis.summary import LayerRow, Summary
from resnet_cli.show.columns import Column, Totals, default, pick, total_texts
from resnet_cli.show.grid import rendered
from resnet_cli.show.tables import summary_table
from resnet_cli.text import Look, human_text, printable

MOST = 60
"""Characters of one part of the one line, which stays below 200."""


class Inspected(Summary):
    """What `inspect` returns: a summary whose text is its table."""

    __slots__ = ()

    @classmethod
    def of(cls, summary: Summary) -> "Inspected":
        """Return the same summary as one that shows itself."""
        return cls(*summary)

    def __str__(self) -> str:
        return rendered(_table(self, Look()), colored=False).rstrip("\n")

    def __repr__(self) -> str:
        layers = sum(row.leaf for row in self.rows)
        figures = (("params", self.params), ("MACs", self.macs))
        counts = ", ".join(f"{human_text(n)} {what}" for what, n in figures if n is not None)
        known = f"{_cut(counts, MOST)}, " if counts else ""
        return f"<{_cut(self.heading, 2 * MOST)}: {known}{layers} layers>"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Show the network's own layers, fitted to the console."""
        yield _table(self, Look(options.max_width, ascii=options.ascii_only))

    def _repr_html_(self) -> str:
        """Show the table in a notebook."""
        return to_html(self, pick(default(self)), depth=1)


def to_html(summary: Summary, columns: Sequence[Column], depth: int) -> str:
    """Return a table for a notebook, with the network's name above and the total below."""
    totals = summary.totals()
    sides = [f"text-align: {'right' if c.is_right else 'left'}" for c in columns]

    def line(tag: str, texts: Iterable[str], style: str = "") -> str:
        cells = "".join(
            f'<{tag} style="{side}">{escape(text)}</{tag}>'
            for text, side in zip(texts, sides, strict=True)
        )
        return f"<tr{style}>{cells}</tr>"

    rows = [
        line(
            "td",
            (_text(column, row, totals) for column in columns),
            ' style="color: #c00"' if row.error else "",
        )
        for row in summary.at_depth(depth)
    ]
    total = total_texts(columns, totals)
    below = "".join(f"<p>{escape(text)}</p>" for text in remarks(summary))
    return (
        f"<table><caption>{escape(summary.heading)}</caption>"
        f"<thead>{line('th', (column.header for column in columns))}</thead>"
        f"<tbody>{''.join(rows)}</tbody><tfoot>{line('th', total)}</tfoot></table>{below}"
    )


def _text(column: Column, row: LayerRow, totals: Totals) -> str:
    """Write one cell; why a layer failed stands below the table."""
    if row.error is not None and column.name == "note":
        return "FAILED"
    return human_text(column.value(row, totals))


def _table(summary: Summary, look: Look) -> RenderableType:
    return summary_table(summary, pick(default(summary)), depth=1, folded=True, look=look)


def _cut(text: str, most: int) -> str:
    text = printable(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"
