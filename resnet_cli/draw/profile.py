"""What each layer costs: params, MACs and output bytes as three aligned panels of bars."""

import operator
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from resnet_cli.analysis.summary import LayerRow, Summary
from resnet_cli.draw.page import text_width, wrapped
from resnet_cli.draw.paint import LINE, settings, write
from resnet_cli.draw.style import INK, TINTS, Category
from resnet_cli.draw.words import Words, words
from resnet_cli.errors import FigureError
from resnet_cli.graph.graph import Graph
from resnet_cli.text import format_shape, human_bytes, human_count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
        "output_bytes",
        "Output bytes",
        BYTES,
        lambda net: human_bytes(operator.index(net.activation_bytes)),
    ),
)

ROW = 9.0
WIDTH = 504.0
MARGIN, TOP, BOTTOM = 8.0, 40.0, 58.0
SMALL = 6.5


class Bar(NamedTuple):
    """A layer's row of bars, and what a box of it would say."""

    row: LayerRow
    words: Words

    @property
    def name(self) -> str:
        """The layer's path, with what it is where the path does not say."""
        return self.row.path if self.row.depth > 2 else f"{self.row.path} {self.words.noun}"

    @property
    def part(self) -> str:
        """The part of the network that it stands in."""
        return "head" if self.row.role == "pool" else self.row.role


def draw(graph: Graph, summary: Summary, ending: str, command: str) -> bytes:
    """Return the file of a network's profile: SVG, PDF or PNG by its ending."""
    title = f"{summary.name}, input {format_shape(summary.input_shape)}"
    with settings():
        return write(plot(bars(graph, summary), summary, title), ending, title, command)


def bars(graph: Graph, summary: Summary) -> list[Bar]:
    """Return the layers that have bars, each by the first operation that it does."""
    kinds = {operation.path: operation.kind for operation in reversed(graph.operations)}
    leaves = (row for row in summary.rows if row.leaf and row.path in kinds)
    found = (Bar(row, words(kinds[row.path], row.output_shape)) for row in leaves)
    return [bar for bar in found if bar.words.category in BARS]


def plot(rows: Sequence[Bar], summary: Summary, title: str) -> Figure:
    """Return the figure: a row a layer, as tall as the network is deep.

    Raises `FigureError` where no layer has a bar.
    """
    if not rows:
        raise FigureError("there is no layer in this network that has a bar")
    left = MARGIN + 4 + max(text_width(bar.name, SMALL) for bar in rows)
    right = MARGIN + 6 + max(text_width(bar.row.role, SMALL, bold=True) for bar in rows)
    lines = wrapped(title, 10, WIDTH - 2 * MARGIN, bold=True)
    top = TOP + 13 * (len(lines) - 1)
    height = top + len(rows) * ROW + BOTTOM
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    for index, line in enumerate(lines):
        y = 1 - (13 + 13 * index) / height
        figure.text(MARGIN / WIDTH, y, line, fontsize=10, fontweight="bold", color=INK)
    panels = figure.subplots(1, len(PANELS), sharey=True)
    figure.subplots_adjust(
        left / WIDTH, BOTTOM / height, 1 - right / WIDTH, 1 - top / height, wspace=0.12
    )
    panels[0].set_ylim(len(rows) - 0.5, -0.5)
    panels[0].set_yticks(range(len(rows)), [bar.name for bar in rows], fontsize=SMALL)
    for axes, panel in zip(panels, PANELS, strict=True):
        _bars(axes, panel, rows)
        heading = f"{panel.title}: {panel.total(summary)}"
        axes.set_title(heading, fontsize=8, fontweight="bold", color=INK, loc="left", pad=5)
    _stages(panels, rows)
    _legend(figure, rows, _left_out(summary, rows), height)
    return figure


def _bars(axes: "Axes", panel: Panel, rows: Sequence[Bar]) -> None:
    """Draw a panel's bars and its scale, in the unit in which the largest has few digits."""
    values = [getattr(bar.row, panel.name) for bar in rows]
    base, names = panel.units
    power = 0
    while max(values) >= base ** (power + 1) and power + 1 < len(names):
        power += 1
    axes.barh(
        range(len(rows)),
        [value / base**power for value in values],
        height=0.72,
        color=[TINTS[bar.words.category].fill for bar in rows],
        edgecolor=LINE,
        linewidth=0.4,
        zorder=2,
    )
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.grid(axis="x", color="#d0d0d0", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.tick_params(axis="both", length=0, labelsize=SMALL, labelcolor=INK)
    axes.set_xlabel(names[power], fontsize=SMALL, color=INK, labelpad=2)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set(color=LINE, linewidth=0.6)


def _stages(panels: Sequence["Axes"], rows: Sequence[Bar]) -> None:
    """Shade every other part of the network across the panels, and name each on the right."""
    first = 0
    for index, (role, run) in enumerate(groupby(rows, key=attrgetter("part"))):
        last = first + len(list(run))
        for axes in panels if index % 2 else ():
            axes.axhspan(first - 0.5, last - 0.5, color="#ececec", linewidth=0, zorder=0)
        panels[-1].annotate(
            role,
            (1, (first + last - 1) / 2),
            (6, 0),
            xycoords=panels[-1].get_yaxis_transform(),
            textcoords="offset points",
            fontsize=SMALL,
            fontweight="bold",
            color=INK,
            verticalalignment="center_baseline",
            annotation_clip=False,
        )
        first = last


def _left_out(summary: Summary, rows: Sequence[Bar]) -> str:
    """Say what has no bar, so that bars and totals can be held against each other."""
    params = summary.params - sum(bar.row.params for bar in rows)
    share = f"{100 * params / summary.params:.1f}% of the parameters"
    return f"Totals are of all layers. Batch norms ({share}), ReLUs and views have no bar."


def _legend(figure: Figure, rows: Sequence[Bar], note: str, height: float) -> None:
    used = {bar.words.category for bar in rows}
    patches = [
        Patch(facecolor=TINTS[each].fill, edgecolor=LINE, linewidth=0.6, label=each.value)
        for each in Category
        if each in used
    ]
    figure.legend(
        handles=patches,
        loc="lower left",
        bbox_to_anchor=(2 / WIDTH, 14 / height),
        ncols=len(patches),
        fontsize=7,
        frameon=False,
        handlelength=1.6,
        columnspacing=1.4,
        labelcolor=INK,
    )
    figure.text(MARGIN / WIDTH, 8 / height, note, fontsize=7, color=INK)
