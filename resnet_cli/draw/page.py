"""A page with everything in its place: boxes, labels, arrows and frames; no matplotlib.

Lengths are points (1/72 inch); x grows to the right, y downwards.
"""

from typing import NamedTuple

from resnet_cli.draw.style import Category

Place = tuple[float, float]

SIZES = {"title": 10.0, "heading": 8.5, "count": 9.5, "stage": 8.5, "text": 8.0, "shape": 7.0}
"""A style's size of type."""

BOLD = ("title", "heading", "count", "stage")


class Box(NamedTuple):
    """A box, or the circle of a category in `CIRCLES`, by its upper left corner.

    `path` is the module that it stands for; a sample in the legend has none.
    """

    x: float
    y: float
    width: float
    height: float
    category: Category
    path: str = ""


class Label(NamedTuple):
    """A text by its middle height and its left end, middle or right end (`align`)."""

    x: float
    y: float
    text: str
    style: str
    align: str = "center"
    category: Category | None = None
    """The category of the box that it stands in, which sets its colour."""


class Arrow(NamedTuple):
    """A line with round corners; with `head` an arrow at its end."""

    points: tuple[Place, ...]
    head: bool = True


class Frame(NamedTuple):
    """The background of a stage."""

    x: float
    y: float
    width: float
    height: float


class Page(NamedTuple):
    """A figure with everything in its place."""

    width: float
    height: float
    boxes: list[Box]
    labels: list[Label]
    arrows: list[Arrow]
    frames: list[Frame]


RADIUS = 7
"""Of a line's corners."""


def toward(corner: Place, end: Place) -> Place:
    """Return where the rounding of a corner begins on the way to `end`, half of it at most."""
    x, y = end[0] - corner[0], end[1] - corner[1]
    length = abs(x) + abs(y)  # the lines are horizontal or vertical
    share = min(RADIUS / length, 0.5) if length else 0
    return corner[0] + share * x, corner[1] + share * y


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return about how wide a text is in DejaVu Sans, rather too wide than too narrow."""
    ems = sum(_EMS.get(char, 0.8 if char.isupper() else 0.645) for char in text)
    return ems * size * (1.14 if bold else 1)


_EMS = {
    **dict.fromkeys("ijl' ,.:;/·|", 0.34),
    **dict.fromkeys("ftr()-[]", 0.42),
    **dict.fromkeys("mwMW%", 0.99),
    **dict.fromkeys("+=\N{MULTIPLICATION SIGN}", 0.84),
}


def wrapped(text: str, size: float, width: float, *, bold: bool = False) -> list[str]:
    """Return a text in lines no wider than `width`, but for a word that alone is."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size, bold=bold) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
