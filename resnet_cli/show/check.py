"""What `check` found, for people: the verdicts, and what differs."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from resnet_cli.show.grid import Cell, Grid, Head
from resnet_cli.text import Look, printable

VERDICT_STYLES = {"yes": "green", "skipped": "yellow", "NO": "bold red"}
CHANGE_STYLES = {"+": "green", "-": "red", "~": "yellow"}
MAX_CHANGES = 60


def verdicts_table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], notes: Iterable[str], look: Look
) -> RenderableType:
    """Return what was expected, what is, and whether it holds, with notes below."""
    cells = [
        [*(Cell(printable(text)) for text in row[:-1]), Cell(row[-1], VERDICT_STYLES[row[-1]])]
        for row in rows
    ]
    table = Grid([Head(head) for head in heads], cells, None, look)
    return Group(table, *(Text(f"\n{note}", "dim") for note in notes))


def changes_list(name: str, told: Sequence[Sequence[str]], look: Look) -> RenderableType:
    """Return the first changes since a network was locked: a diff's line, and what follows."""
    rest = len(told) - MAX_CHANGES
    # The totals stand last, and stay when the middle is left out.
    kept = told if rest <= 0 else [*told[: MAX_CHANGES - 1], told[-1]]
    lines = [Text(f"\n{name}, since it was locked:\n", "bold")]
    for said in kept:
        first, *behind = (line.replace("→", "->") if look.ascii else line for line in said)
        lines.append(Text(printable(first), CHANGE_STYLES[first[0]]))
        lines += [Text(printable(line), "dim") for line in behind]
    if rest > 0:
        lines.append(Text(f"and {rest} more; --format json has them all", "dim"))
    return Group(*lines)


def differences_table(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], look: Look
) -> RenderableType:
    """Return the first differences, as a diff marks them."""
    cells = [[Cell(printable(text), CHANGE_STYLES[row[0]]) for text in row] for row in rows]
    rest = len(rows) - MAX_CHANGES
    more = f"and {rest} more; --format json has them all" if rest > 0 else ""
    # The totals stand last, and stay when the middle is left out.
    kept = cells[: MAX_CHANGES - 2] + cells[-2:] if rest > 0 else cells
    return Group(
        Text(f"\n{printable(title)}\n", "bold"),
        Grid([Head(head) for head in heads], kept, None, look),
        Text(more, "dim"),
    )
