"""What each layer costs: params, MACs and output bytes as three aligned panels of bars."""

import operator
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from resnet_cli.analysis.summary import LayerRow, Summary
from resnet_cli.draw.page import text_width, wrapped
from resnet_cli.draw.paint import LINE, settings, write
from resnet_cli.draw.style import INK, LOOKS, Kind
from resnet_cli.text import format_shape, human_bytes, human_count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = {
    "Conv2d": (Kind.CONV, "conv"),
    "MaxPool2d": (Kind.POOL, "max pool"),
    "AdaptiveAvgPool2d": (Kind.POOL, "average pool"),
    "Linear": (Kind.LINEAR, "linear"),
}
"""The layers that have a bar; norms and ReLUs would double the rows and show next to nothing."""

COUNTS = (1000, ("", "k", "M", "G", "T", "P", "E"))
BYTES = (1024, ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"))


class Panel(NamedTuple):
    """One panel: the quantity of a row, its name, its units and the network's total of it."""

    name: str
    title: str
    units: tuple[int, tuple[str, ...]]
    total: Callable[[Summary], str]


PANELS = (
    Panel("params", "Parameters", COUNTS, lambda net: human_count(net.params)),
    Panel("macs", "MACs", COUNTS, lambda net: human_count(operator.index(net.macs))),
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


def draw(summary: Summary, kind: str, command: str) -> bytes:
    """Return the file of a network's profile: SVG, PDF or PNG by `kind`."""
    title = f"{summary.name}, input {format_shape(summary.input_shape)}"
    with settings():
        return write(paint(summary, title), kind, title, command)


def paint(summary: Summary, title: str) -> Figure:
    """Return the figure: a row a layer, as tall as the network is deep."""
    rows = [row for row in summary.rows if row.type in KINDS]
    names = [_name(row) for row in rows]
    left = MARGIN + 4 + max(text_width(name, SMALL) for name in names)
    right = MARGIN + 6 + max(text_width(row.role, SMALL, bold=True) for row in rows)
    lines = wrapped(title, 10, WIDTH - 2 * MARGIN)
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
    panels[0].set_yticks(range(len(rows)), names, fontsize=SMALL)
    for axes, panel in zip(panels, PANELS, strict=True):
        _bars(axes, panel, rows)
        heading = f"{panel.title}: {panel.total(summary)}"
        axes.set_title(heading, fontsize=8, fontweight="bold", color=INK, loc="left", pad=5)
    _stages(panels, rows)
    _legend(figure, rows, _left_out(summary, rows), height)
    return figure


def _name(row: LayerRow) -> str:
    """Return a layer's path, with what it is where the path does not say."""
    return row.path if row.depth > 2 else f"{row.path} {KINDS[row.type][1]}"


def _bars(axes: "Axes", panel: Panel, rows: Sequence[LayerRow]) -> None:
    """Draw a panel's bars and its scale, in the unit in which the largest has few digits."""
    values = [getattr(row, panel.name) for row in rows]
    base, names = panel.units
    power = 0
    while max(values) >= base ** (power + 1) and power + 1 < len(names):
        power += 1
    axes.barh(
        range(len(rows)),
        [value / base**power for value in values],
        height=0.72,
        color=[LOOKS[KINDS[row.type][0]].fill for row in rows],
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


def _stages(panels: Sequence["Axes"], rows: Sequence[LayerRow]) -> None:
    """Shade every other part of the network across the panels, and name each on the right."""
    first = 0
    for index, (role, run) in enumerate(groupby(rows, key=_part)):
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


def _part(row: LayerRow) -> str:
    return "head" if row.role == "pool" else row.role


def _left_out(summary: Summary, rows: Sequence[LayerRow]) -> str:
    """Say what has no bar, so that bars and totals can be held against each other."""
    params = summary.params - sum(row.params for row in rows)
    share = f"{100 * params / summary.params:.1f}% of the parameters"
    return f"Totals are of all layers. Batch norms ({share}), ReLUs and views have no bar."


def _legend(figure: Figure, rows: Sequence[LayerRow], note: str, height: float) -> None:
    kinds = {KINDS[row.type][0] for row in rows}
    patches = [
        Patch(facecolor=LOOKS[kind].fill, edgecolor=LINE, linewidth=0.6, label=kind.value)
        for kind in Kind
        if kind in kinds
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
