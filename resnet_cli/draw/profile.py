"""What each layer costs: params, MACs and output bytes as three aligned panels of bars."""

import operator
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from resnet_cli.analysis.fold import fold
from resnet_cli.analysis.summary import LayerRow, Summary
from resnet_cli.draw.boxes import Boxes, Level
from resnet_cli.draw.flow import flow
from resnet_cli.draw.layout import finished, heading
from resnet_cli.draw.page import Arrow, Box, Cluster, Label, Page, Paper
from resnet_cli.draw.parts import shortcuts
from resnet_cli.draw.spacing import MARGIN, width_of
from resnet_cli.draw.style import Category
from resnet_cli.draw.words import Words, words
from resnet_cli.errors import FigureError
from resnet_cli.graph.graph import Graph
from resnet_cli.parse import ALL_DEPTHS
from resnet_cli.text import format_shape, human_bytes, human_count

BARS = (Category.CONV, Category.POOL, Category.LINEAR)
"""The layers that have a bar; norms and ReLUs would double the rows and show next to nothing."""

COUNTS = (1000, ("", "k", "M", "G", "T", "P", "E"))
BYTES = (1024, ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"))


class Panel(NamedTuple):
    """One panel: the quantity of a row, its name, its units and the network's total of it."""

    name: str
    title: str
    units: tuple[int, tuple[str, ...]]
    total: Callable[[Summary], str]


def _macs(net: Summary) -> str:
    return "not known" if net.macs is None else human_count(operator.index(net.macs))


PANELS = (
    Panel("params", "Parameters", COUNTS, lambda net: human_count(net.params)),
    Panel("macs", "MACs", COUNTS, _macs),
    Panel(
        "activation_bytes",
        "Output bytes",
        BYTES,
        lambda net: human_bytes(operator.index(net.activation_bytes)),
    ),
)

ROW, BAR = 9.5, 6.5
"""The height of a layer's row, and of the bar in it."""
WIDE = 112.0
"""A panel."""
APART = 22.0
"""From one panel to the next."""
TICKS = 4
"""As many steps a scale has at most."""
LEAST_SEGMENT = 2.5
"""A folded layer's bar is divided into those that it stands for unless they are shorter."""


class Bar(NamedTuple):
    """A row of bars: a layer, or `times` equal ones, and what a box of one would say."""

    row: LayerRow
    times: int
    words: Words

    @property
    def name(self) -> str:
        """The layer's path, with what it is where that is a number alone."""
        is_number = self.row.path.rpartition(".")[2].isdigit()
        name = f"{self.row.path} {self.words.noun}" if is_number else self.row.path
        return f"{name} \N{MULTIPLICATION SIGN} {self.times}" if self.times > 1 else name

    @property
    def part(self) -> str:
        """The part of the network that it stands in."""
        if self.row.role == "pool":
            return "head"
        return self.row.role or self.row.path.partition(".")[0]


def profile(graph: Graph, summary: Summary, paper: Paper, *, folded: bool) -> Page:
    """Return the page of a network's profile: a row a layer, equal ones in one if `folded`.

    Raises `FigureError` where no layer has a bar.
    """
    rows = bars(graph, summary, folded=folded)
    if not rows:
        raise FigureError("there is no layer in this network that has a bar")
    page = Page(0, 0, [], [], [], [])
    left = MARGIN + 5 + max(width_of(bar.name, "shape") for bar in rows)
    right = 6 + max(width_of(bar.part, "stage") for bar in rows)
    width = left + len(PANELS) * (WIDE + APART) + right + MARGIN
    title = f"{summary.name}, input {format_shape(summary.input_shape)}"
    top = heading(page, title, width, paper) + 18
    _names(page, rows, left, top, width - MARGIN)
    for index, panel in enumerate(PANELS):
        x = left + index * (WIDE + APART)
        text = f"{panel.title}: {panel.total(summary)}"
        page.labels.append(Label(x, top - 9, text, "heading", "left"))
        _panel(page, panel, rows, x, top)
    notes = [_left_out(summary, rows)]
    if any(bar.times > 1 for bar in rows):
        notes.append("A row with \N{MULTIPLICATION SIGN} is the sum of so many equal layers.")
    categories = {bar.words.category for bar in rows}
    bottom = top + len(rows) * ROW + 12
    return finished(page, categories, (*notes, *summary.limits()), width, bottom, paper)


def bars(graph: Graph, summary: Summary, *, folded: bool) -> list[Bar]:
    """Return the layers that have bars, each by the first operation that it does."""
    kinds = {operation.path: operation.kind for operation in reversed(graph.operations)}
    beside = {node.path for node in shortcuts(flow(*Boxes(graph, Level.CONVOLUTIONS).flow()))}
    found: list[Bar] = []
    for row, times, paths, _ in fold(summary.rows, ALL_DEPTHS, folded=folded):
        if row.leaf and paths[0] in kinds:
            said = words(kinds[paths[0]], row.output_shape)
            if said.category in BARS:
                is_beside = paths[0] in beside
                said = said._replace(category=Category.SHORTCUT) if is_beside else said
                found.append(Bar(row, times, said))
    return found


def _names(page: Page, rows: Sequence[Bar], left: float, top: float, end: float) -> None:
    """Write the layers' names, and shade every other part of the network, named on the right."""
    first = 0
    for index, (part, run) in enumerate(groupby(rows, key=attrgetter("part"))):
        inside = [*run]
        y, height = top + first * ROW, len(inside) * ROW
        if index % 2:
            page.clusters.append(Cluster(MARGIN, y, end - MARGIN, height))
        if len(inside) > 1 or inside[0].row.role:
            x = left + len(PANELS) * (WIDE + APART) - APART + 6
            page.labels.append(Label(x, y + height / 2, part, "stage", "left"))
        for number, bar in enumerate(inside):
            middle = y + (number + 0.5) * ROW
            page.labels.append(Label(left - 4, middle, bar.name, "shape", "right"))
        first += len(inside)


def _panel(page: Page, panel: Panel, rows: Sequence[Bar], left: float, top: float) -> None:
    """Draw a panel's bars and its scale, in the unit in which the largest has few digits."""
    values = [int(getattr(bar.row, panel.name)) for bar in rows]
    most, (base, names) = max(*values, 1), panel.units
    power = 0
    while most >= base ** (power + 1) and power + 1 < len(names):
        power += 1
    unit = base**power
    bottom = top + len(rows) * ROW
    ticks = _ticks(most / unit)
    for tick in ticks:
        x = left + WIDE * tick * unit / most
        page.arrows.append(Arrow(((x, top), (x, bottom)), head=False, faint=tick > 0))
        text = f"{tick:g} {names[power]}" if tick == ticks[-1] else f"{tick:g}"
        page.labels.append(Label(x, bottom + 7, text.strip(), "shape"))
    for index, (bar, value) in enumerate(zip(rows, values, strict=True)):
        length = WIDE * value / most
        count = bar.times if length / bar.times >= LEAST_SEGMENT else 1
        y, category = top + index * ROW + (ROW - BAR) / 2, bar.words.category
        page.boxes.extend(
            Box(left + each * length / count, y, length / count, BAR, category, bar.row.path, 0)
            for each in range(count if value else 0)
        )


def _ticks(most: float) -> list[float]:
    """Return round numbers from 0 to `most`: few steps of 1, 2, 2.5 or 5 times a power of ten."""
    step = next(
        step
        for power in range(-3, 24)
        for digit in (1, 2, 2.5, 5)
        if most / (step := digit * 10.0**power) <= TICKS
    )
    return [round(number * step, 6) for number in range(int(most / step) + 1)]


def _left_out(summary: Summary, rows: Sequence[Bar]) -> str:
    """Say what has no bar, so that bars and totals can be held against each other."""
    params = summary.params - sum(bar.row.params for bar in rows)
    share = f" ({100 * params / summary.params:.1f}% of the parameters)" if summary.params else ""
    return f"Totals are of all layers. Norms{share}, activations and views have no bar."
