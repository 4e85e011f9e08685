"""Rich renderables of `compare`: the paper's table 1, a column a network."""

from collections.abc import Sequence
from functools import partial

from rich.console import Group, RenderableType
from rich.text import Text

from resnet_cli.analysis.compare import Entry, Part, figure, labels, roles
from resnet_cli.show.grid import GAP, Cell, Grid, Head
from resnet_cli.show.tables import MACS_NOTE, formula_lines
from resnet_cli.text import Look, human_text, printable


def comparison_table(entries: Sequence[Entry], look: Look) -> RenderableType:
    """Return a column a network; a narrow terminal gets taller cells, then several tables."""
    every = roles(entries)
    first = ["", *every, *labels(entries).values()]  # nothing over it, the stages, the figures
    columns = [_column(entry, every, look, tall=False) for entry in entries]
    if not _fits([first, *columns], look):
        columns = [_column(entry, every, look, tall=True) for entry in entries]
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


def _column(entry: Entry, every: Sequence[str], look: Look, *, tall: bool) -> list[str]:
    """Return one network's texts: its name, its stages, its figures with aligned ratios.

    `tall` gives each flag and each layer a line of its own, as the paper does for layers.
    """
    name, write = printable(entry.name), partial(human_text, ascii_only=look.ascii)
    sizes = {part.role: write(part.size) for part in entry.parts}
    size_width = 0 if tall else max(map(len, sizes.values()), default=0)
    return [
        name.replace(" --", "\n--") if tall else name,
        *(_stage(entry.part(role), sizes.get(role, ""), size_width) for role in every),
        *_figures(entry, look),
    ]


def _figures(entry: Entry, look: Look) -> list[str]:
    """Return an entry's figures, numbers to the right, a formula in lines, and their ratios."""
    found: list[tuple[str, str]] = []
    for key, value in entry.figures.items():
        text, ratio = figure(entry, key)
        is_number = value is None or isinstance(value, int)
        found.append((text if is_number else formula_lines(value, look), ratio))
    value_width = max(Cell(text).width for text, _ in found)
    ratio_width = max(len(ratio) for _, ratio in found)
    shown = []
    for text, ratio in found:
        first, *more = text.split("\n")
        first = first.ljust(value_width) if more else first.rjust(value_width)
        shown.append("\n".join([f"{first}  {ratio:>{ratio_width}}", *more]))
    return shown


def _stage(part: Part | None, size: str, size_width: int) -> str:
    """Return a stage's size, padded, and its layers; with no width one under the other."""
    if part is None:
        return ""
    if size_width:
        return f"{size:<{size_width}}  {part.layers}"
    layers = part.layers.replace("; ", ";\n ").replace("pool, ", "pool,\n ")
    return f"{size}\n{layers}"


def _fits(columns: Sequence[Sequence[str]], look: Look) -> bool:
    widths = (max(Cell(text).width for text in column) for column in columns)
    return look.width is None or sum(width + GAP for width in widths) - GAP <= look.width
