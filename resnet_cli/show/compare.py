"""Rich renderables of `compare`: the paper's table 1, a column a network."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from resnet_cli.analysis.compare import Entry, Part, figure, labels, roles
from resnet_cli.show.grid import GAP, Cell, Grid, Head
from resnet_cli.show.tables import MACS_NOTE
from resnet_cli.text import Look, format_shape, printable


def comparison_table(entries: Sequence[Entry], look: Look) -> RenderableType:
    """Return a column a network; a narrow terminal gets taller cells, then several tables."""
    every = roles(entries)
    first = ["", *every, *labels(entries).values()]  # nothing over it, the stages, the figures
    columns = [_column(entry, every, tall=False) for entry in entries]
    if not _fits([first, *columns], look):
        columns = [_column(entry, every, tall=True) for entry in entries]
    tables = [columns[:1]]
    for column in columns[1:]:
        if _fits([first, *tables[-1], column], look):
            tables[-1].append(column)
        else:
            tables.append([column])
    shown = [part for table in tables for part in (_table([first, *table], look), Text())]
    limits = [f"{printable(each.name)}: {limit}" for each in entries for limit in each.limits]
    return Group(*shown, Text("\n".join([*limits, MACS_NOTE]), "dim"))


def _table(columns: Sequence[list[str]], look: Look) -> RenderableType:
    heads, *rows = zip(*columns, strict=True)
    cells = [[Cell(label, "bold"), *map(Cell, texts)] for label, *texts in rows]
    return Grid([Head(head) for head in heads], cells, None, look)


def _column(entry: Entry, every: Sequence[str], *, tall: bool) -> list[str]:
    """Return one network's texts: its name, its stages, its figures with aligned ratios.

    `tall` gives each flag and each layer a line of its own, as the paper does for layers.
    """
    name = printable(entry.name)
    size_width = max((len(format_shape(part.size)) for part in entry.parts), default=0)
    figures = [figure(entry, key) for key in entry.figures]
    value_width, ratio_width = (max(map(len, texts)) for texts in zip(*figures, strict=True))
    return [
        name.replace(" --", "\n--") if tall else name,
        *(_stage(entry.part(role), 0 if tall else size_width) for role in every),
        *(f"{value:>{value_width}}  {ratio:>{ratio_width}}" for value, ratio in figures),
    ]


def _stage(part: Part | None, size_width: int) -> str:
    """Return a stage's size, padded, and its layers; with no width one under the other."""
    if part is None:
        return ""
    size = format_shape(part.size)
    if size_width:
        return f"{size:<{size_width}}  {part.layers}"
    layers = part.layers.replace("; ", ";\n ").replace("pool, ", "pool,\n ")
    return f"{size}\n{layers}"


def _fits(columns: Sequence[Sequence[str]], look: Look) -> bool:
    widths = (max(Cell(text).width for text in column) for column in columns)
    return look.width is None or sum(width + GAP for width in widths) - GAP <= look.width
