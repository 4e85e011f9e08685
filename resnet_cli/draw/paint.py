"""A page drawn by matplotlib: PDF or PNG, the same byte for byte from run to run."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Transform

from resnet_cli.draw.page import BOLD, SIZES, Arrow, Box, Cluster, Label, Page, Place, toward
from resnet_cli.draw.style import CIRCLES, EDGE, FAINT, GROUND, INK, LINE, TINTS, Category

DPI = 200
MAX_PIXELS = 60_000_000
MAX_SIDE = 60_000
"""A larger PNG gets fewer dots an inch; matplotlib's own limit is 2**16 a side."""


SETTINGS: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "pdf.fonttype": 42,
    "path.simplify": False,
}


def draw(page: Page, ending: str, title: str, command: str, *, dpi: float = DPI) -> bytes:
    """Return the file of a page: PDF or PNG by its ending. No date: runs must not differ."""
    metadata: dict[str, dict[str, str | None]] = {
        "pdf": {"Title": title, "Subject": command, "CreationDate": None},
        "png": {"Title": title, "Description": command},
    }
    width, height = (page.scale * side / 72 for side in page[:2])
    dpi = min(dpi, (MAX_PIXELS / (width * height)) ** 0.5, MAX_SIDE / max(width, height))
    file = BytesIO()
    with settings():
        paint(page).savefig(
            file, format=ending, dpi=dpi if ending == "png" else 72, metadata=metadata[ending]
        )
    return file.getvalue()


@contextmanager
def settings() -> Iterator[None]:
    """Put the figures' settings in the place of the user's own."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(SETTINGS)  # type: ignore[arg-type]  # names checked when it runs
        yield


def paint(page: Page) -> Figure:
    """Return the figure of a page."""
    scale = page.scale
    figure = Figure(figsize=(page.width * scale / 72, page.height * scale / 72))
    place = Affine2D().scale(1, -1).translate(0, page.height).scale(scale / 72)
    transform = place + figure.dpi_scale_trans
    for frame in page.clusters:
        figure.add_artist(_frame(frame, transform, scale))
    for arrow in sorted(page.arrows, key=lambda arrow: not arrow.faint):
        figure.add_artist(_arrow(arrow, transform, scale))
    for box in page.boxes:
        _box(figure, box, transform, scale)
    for label in page.labels:
        _label(figure, label, transform, scale)
    return figure


def _frame(frame: Cluster, transform: Transform, scale: float) -> FancyBboxPatch:
    return FancyBboxPatch(
        (frame.x, frame.y),
        frame.width,
        frame.height,
        boxstyle="round,pad=0,rounding_size=5",
        facecolor=GROUND,
        edgecolor=EDGE,
        linewidth=0.6 * scale,
        transform=transform,
    )


def _box(figure: Figure, box: Box, transform: Transform, scale: float) -> None:
    tint = TINTS[box.category]
    edge: dict[str, Any] = {
        "facecolor": tint.fill,
        "edgecolor": LINE,
        "linewidth": 0.8 * scale,
        "linestyle": tint.line,
    }
    if box.category not in CIRCLES:
        rounding = f"round,pad=0,rounding_size={box.rounding}"
        corner = (box.x, box.y)
        figure.add_artist(
            FancyBboxPatch(
                corner, box.width, box.height, boxstyle=rounding, transform=transform, **edge
            )
        )
        return
    x, y, radius = box.x + box.width / 2, box.y + box.height / 2, box.width / 2
    figure.add_artist(Ellipse((x, y), box.width, box.height, transform=transform, **edge))
    arm = radius * 0.55
    ends = ((arm, 0.0), (0.0, arm))
    if box.category is Category.MULTIPLY:
        ends = ((0.7 * arm, 0.7 * arm), (0.7 * arm, -0.7 * arm))
    lines = (((x - dx, y - dy), (x + dx, y + dy)) for dx, dy in ends)
    for points in lines:
        figure.add_artist(_arrow(Arrow(points, head=False), transform, scale))


def _arrow(arrow: Arrow, transform: Transform, scale: float) -> FancyArrowPatch:
    return FancyArrowPatch(
        path=_rounded(arrow.points),
        arrowstyle="-|>,head_length=4,head_width=1.8" if arrow.head else "-",
        mutation_scale=scale,
        linewidth=(0.5 if arrow.faint else 0.9) * scale,
        color=FAINT if arrow.faint else LINE,
        fill=arrow.head,
        joinstyle="miter",
        capstyle="butt",
        transform=transform,
    )


def _rounded(points: tuple[Place, ...]) -> Path:
    """Return the path through the points with every corner rounded."""
    vertices, codes = [points[0]], [Path.MOVETO]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        vertices += [toward(corner, before), corner, toward(corner, after)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    return Path([*vertices, points[-1]], [*codes, Path.LINETO])


def _label(figure: Figure, label: Label, transform: Transform, scale: float) -> None:
    figure.text(
        label.x,
        label.y,
        label.text,
        transform=transform,
        fontsize=SIZES[label.style] * scale,
        fontweight="bold" if label.style in BOLD else "normal",
        color=TINTS[label.category].text if label.category else INK,
        horizontalalignment=label.align,
        verticalalignment="center_baseline",
        parse_math=False,
    )
