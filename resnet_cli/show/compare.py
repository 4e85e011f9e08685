"""Rich renderables of `compare`: the paper's table 1, a column a network."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from resnet_cli.analysis.compare import Entry, Part, best, figure, labels, roles
from resnet_cli.show.grid import GAP, Cell, Grid, Head
from resnet_cli.show.tables import MACS_NOTE, formula_lines
from resnet_cli.text import Look, broken, human_text, printable

INPUT_NOTE = "* another input than the first network's: the figures compare that, too."


def comparison_table(entries: Sequence[Entry], look: Look) -> RenderableType:
    """Return a column a network, each as wide as the terminal lets it.

    Where its stages do not fit in a line each, what the networks add up to comes first; where
    the columns do not fit beside each other, there are several tables.
    """
    every = roles(entries)
    names, keys = [Cell(role, "bold") for role in every], labels(entries)
    figures = [Cell(label, "bold") for label in keys.values()]
    top, empty = [Cell(""), Cell("input", "bold")], [Cell("")]
    first, columns = [*top, *names, *figures], _columns(entries, every, look, None)
    if not _fits([first, *columns], look):
        assert look.width is not None
        first = [*top, *figures, *empty, *names]
        label = max(cell.width for cell in first)
        columns = _columns(entries, every, look, (look.width - label) // len(entries) - GAP)
        if not _fits([first, *columns], look):
            columns = _columns(entries, every, look, 0)
    tables = [columns[:1]]
    for column in columns[1:]:
        if _fits([first, *tables[-1], column], look):
            tables[-1].append(column)
        else:
            tables.append([column])
    shown = [part for table in tables for part in (_table([first, *table], look), Text())]
    notes = [f"{printable(each.name)}: {limit}" for each in entries for limit in each.limits]
    if any(best(entries, key) for key in keys):
        notes.append(f"{_mark(look)} the least of its row.")
    if any(entry.input != entries[0].input for entry in entries):
        notes.append(INPUT_NOTE)
    said = [broken(note, look.width) for note in notes]
    return Group(*shown, Text("\n".join([*said, broken(MACS_NOTE, look.prose)]), "dim"))


def _table(columns: Sequence[list[Cell]], look: Look) -> RenderableType:
    heads, *rows = zip(*columns, strict=True)
    return Grid([Head(head.text) for head in heads], rows, None, look)


def _columns(
    entries: Sequence[Entry], every: Sequence[str], look: Look, room: int | None
) -> list[list[Cell]]:
    """Return each network's cells: its name, its input, its stages and its figures.

    With `room` for so many characters a stage's layers go on below its size, and the figures
    stand before the stages, an empty cell between them.
    """
    found = []
    for place, entry in enumerate(entries):
        name, taken = printable(entry.name), printable(entry.input)
        differs = entry.input != entries[0].input
        top = [
            Cell(name if room is None else _filled(name.replace(" --", "\n--"), room, "")),
            Cell(f"{taken} *", "yellow") if differs else Cell(taken),
        ]
        sizes = {part.role: human_text(part.size, ascii_only=look.ascii) for part in entry.parts}
        width = max(map(len, sizes.values()), default=0)
        stages = [
            Cell(_stage(entry.part(role), sizes.get(role, ""), width, room)) for role in every
        ]
        figures = _figures(entries, place, look)
        below = [*stages, *figures] if room is None else [*figures, Cell(""), *stages]
        found.append([*top, *below])
    return found


def _figures(entries: Sequence[Entry], place: int, look: Look) -> list[Cell]:
    """Return a network's figures, numbers to the right, a formula in lines, and their ratios."""
    entry = entries[place]
    found: list[tuple[str, str]] = []
    for key, value in entry.figures.items():
        text, ratio = figure(entry, key)
        is_number = value is None or isinstance(value, int)
        found.append((text if is_number else formula_lines(value, look), ratio))
    value_width = max(Cell(text).width for text, _ in found)
    ratio_width = max(len(ratio) for _, ratio in found)
    shown = []
    for key, (text, ratio) in zip(entry.figures, found, strict=True):
        first, *more = text.split("\n")
        first = first.ljust(value_width) if more else first.rjust(value_width)
        is_best = place in best(entries, key)
        mark = f" {_mark(look)}" if is_best else ""
        lines = [f"{first}  {ratio:>{ratio_width}}{mark}", *more]
        shown.append(Cell("\n".join(lines), "bold green" if is_best else ""))
    return shown


def _mark(look: Look) -> str:
    return "<" if look.ascii else "\N{BLACK LEFT-POINTING SMALL TRIANGLE}"


def _stage(part: Part | None, size: str, size_width: int, room: int | None) -> str:
    """Return a stage's size, padded, and its layers; with `room` one under the other."""
    if part is None:
        return ""
    if room is None:
        return f"{size:<{size_width}}  {part.layers}"
    layers = part.layers.replace("; ", ";\n").replace("pool, ", "pool,\n")
    return f"{size}\n{_filled(layers, room, ' ')}"


def _filled(text: str, room: int, indent: str) -> str:
    """Join lines again where there is room for both."""
    first, *others = text.split("\n")
    lines = [first]
    for line in others:
        if len(lines[-1]) + 1 + len(line) <= room:
            lines[-1] += f" {line}"
        else:
            lines.append(indent + line)
    return "\n".join(lines)


def _fits(columns: Sequence[Sequence[Cell]], look: Look) -> bool:
    widths = (max(cell.width for cell in column) for column in columns)
    return look.width is None or sum(width + GAP for width in widths) - GAP <= look.width
