"""A summary as Python shows it: printed, and in a notebook."""

from collections.abc import Iterable, Sequence
from html import escape

from rich.console import RenderableType

from resnet_cli.analysis.fold import Folded, fold
from resnet_cli.analysis.remarks import remarks
from resnet_cli.analysis.summary import Summary
from resnet_cli.parse import ALL_DEPTHS
from resnet_cli.show.columns import Column, Totals, default, pick, total_texts
from resnet_cli.show.grid import rendered
from resnet_cli.show.tables import summary_table, totals_of
from resnet_cli.text import Look, printable

RIGHT = ' class="right"'


def table(summary: Summary, look: Look) -> RenderableType:
    """Return the network's own layers as a table, equal neighbours as one row."""
    return summary_table(summary, pick(default(summary)), depth=1, folded=True, look=look)


def to_text(summary: Summary) -> str:
    """Return the table as a pipe gets it."""
    return rendered(table(summary, Look()), colored=False).rstrip("\n")


def to_html(summary: Summary) -> str:
    """Return a table for a notebook: a choice of depth above, the totals and remarks below.

    It is a part of the notebook's own page, without a script: the choice is its style sheet's.
    """
    columns = pick(default(summary))
    rows = fold(summary.rows, ALL_DEPTHS, folded=True)
    deepest = max((folded.row.depth for folded in rows), default=1)
    choices = "".join(
        f'<input type="radio" name="depth" value="{depth}" aria-label="depth {depth}"'
        f"{' checked' if depth == 1 else ''}> {depth} "
        for depth in range(1, deepest + 1)
    )
    totals = summary.totals()
    body = "".join(_row(columns, folded, totals) for folded in rows)
    heads = _line("th", columns, [column.header for column in columns])
    ends = _line("th", columns, total_texts(columns, totals))
    below = "".join(f"<p>{escape(printable(text))}</p>" for text in remarks(summary))
    sums = "".join(
        f"<tr><td>{label}</td><td>{exact}</td><td>{unit}</td></tr>"
        for label, exact, unit in totals_of(summary)
    )
    return (
        f'<form class="resnet-shapes"><style>{_style(deepest)}</style>'
        f"{f'Depth: {choices}' if deepest > 1 else ''}"
        f"<table><caption>{escape(printable(summary.heading))}</caption><thead>{heads}</thead><tbody>{body}</tbody><tfoot>{ends}</tfoot></table>"
        f"{f'<table>{sums}</table>' if sums else ''}{below}</form>"
    )


def _style(deepest: int) -> str:
    """Return the rules of a table; of a depth that is chosen, what is deeper is not shown."""
    hidden = ", ".join(
        f'.resnet-shapes input[value="{chosen}"]:checked ~ table .depth-{depth}'
        for chosen in range(1, deepest)
        for depth in range(chosen + 1, deepest + 1)
    )
    rules = (
        ".resnet-shapes table { font-variant-numeric: tabular-nums; margin: 8px 0 }",
        ".resnet-shapes :is(th, td) { text-align: left; white-space: nowrap; padding: 2px 8px }",
        ".resnet-shapes .right, .resnet-shapes table + table td + td { text-align: right }",
        ".resnet-shapes .failed { color: #c00 }",
        f"{hidden} {{ display: none }}" if hidden else "",
    )
    return "".join(rules)


def _row(columns: Sequence[Column], folded: Folded, totals: Totals) -> str:
    row = folded.row
    texts = [_text(column, folded, totals) for column in columns]
    if row.error:  # is shown at any depth
        return _line("td", columns, texts, ' class="failed"')
    return _line("td", columns, texts, f' class="depth-{row.depth}"')


def _line(tag: str, columns: Sequence[Column], texts: Iterable[str], more: str = "") -> str:
    """Return a row of cells, numbers at their right."""
    cells = "".join(
        f"<{tag}{RIGHT if column.is_right else ''}>{escape(printable(text))}</{tag}>"
        for column, text in zip(columns, texts, strict=True)
    )
    return f"<tr{more}>{cells}</tr>"


def _text(column: Column, folded: Folded, totals: Totals) -> str:
    """Write one cell; why a layer failed stands below the table."""
    if folded.row.error is not None and column.name == "note":
        return "FAILED"
    text = column.text(folded, totals)
    return f"{text} x {folded.times}" if column.name == "type" and folded.times > 1 else text
