"""A page with everything in its place: boxes, labels, arrows and clusters; no matplotlib.

Lengths are points (1/72 inch); x grows to the right, y downwards.
"""

from typing import NamedTuple

from resnet_cli.draw.style import Category
from resnet_cli.errors import FigureError

Place = tuple[float, float]

SIZES = {"title": 10.0, "heading": 8.5, "count": 9.5, "stage": 8.5, "text": 8.0, "shape": 7.0}
"""A style's size of type."""

BOLD = ("title", "heading", "count", "stage")

FONTS = '"DejaVu Sans", Verdana, sans-serif'
"""Verdana is as wide as DejaVu Sans, which `text_width` knows."""


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
    rounding: float = 2.5


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
    """A line with round corners; with `head` an arrow at its end, `faint` one of a scale."""

    points: tuple[Place, ...]
    head: bool = True
    faint: bool = False


class Cluster(NamedTuple):
    """The frame of what belongs together, as a stage, behind it."""

    x: float
    y: float
    width: float
    height: float


class Page(NamedTuple):
    """A figure with everything in its place; on paper each length is `scale` times as long."""

    width: float
    height: float
    boxes: list[Box]
    labels: list[Label]
    arrows: list[Arrow]
    clusters: list[Cluster]
    scale: float = 1.0


class Paper(NamedTuple):
    """What a figure is to be on paper, in points; None where nobody says.

    `font_size` is that of the texts in boxes.
    """

    title: bool = True
    legend: bool = True
    width: float | None = None
    columns: int | None = None
    font_size: float | None = None

    @property
    def scale(self) -> float:
        """How many points a length of 1 has on paper as far as the type says."""
        return 1.0 if self.font_size is None else self.font_size / SIZES["text"]

    @property
    def room(self) -> float | None:
        """The width in the figure's own lengths, where type and width are both given."""
        both = self.width is not None and self.font_size is not None
        return (self.width or 0) / self.scale if both else None

    def takes(self, columns: int) -> bool:
        """Say whether it may have so many columns."""
        return self.columns in (None, columns)

    def fitted(self, page: Page) -> Page:
        """Return a page as large as it is to be. Raises `FigureError` where it has no room."""
        if self.room is not None and page.width > self.room + 0.1:
            raise FigureError(
                f"--width: with type of {self.font_size:g} pt the figure is "
                f"{page.width * self.scale * 25.4 / 72:.0f} mm wide at least, "
                f"{page.width * self.scale:.0f} pt; give that, or a smaller --font-size"
            )
        is_scaled = self.width is not None and self.font_size is None
        return page._replace(scale=(self.width or 0) / page.width if is_scaled else self.scale)


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
