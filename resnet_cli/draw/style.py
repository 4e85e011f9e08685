"""The categories of box, and how each looks."""

from enum import StrEnum
from typing import NamedTuple


class Category(StrEnum):
    """What a box stands for; its value is what the legend says."""

    CONV = "convolution"
    SHORTCUT = "shortcut"
    NORM = "batch norm"
    OTHER_NORM = "other norm"
    RELU = "ReLU"
    POINTWISE = "element by element"
    BLOCK = "residual block"
    CHAIN = "layers in a row"
    POOL = "pooling"
    RESIZE = "upsampling"
    MOVE = "view or reshape"
    FLATTEN = "flatten"
    LINEAR = "linear"
    PAD = "zero padding"
    ADD = "addition"
    MULTIPLY = "multiplication"
    CONCAT = "concatenation"
    OTHER = "other operation"


CIRCLES = (Category.ADD, Category.MULTIPLY)
"""What is drawn as a circle with its sign."""

INK = "#1a1a1a"
LINE = "#404040"
GROUND, EDGE = "#f4f4f4", "#b0b0b0"
"""Of a frame."""
FAINT = "#d0d0d0"

DASHES = {"-": "", "--": "3 1.4", ":": "0.9 1.3"}
"""The lengths of dashes and gaps in each style of line, in points."""


class Tint(NamedTuple):
    """How a category of box looks: fill, line style and text colour."""

    fill: str
    line: str = "-"
    text: str = INK


# Tints of Okabe and Ito's palette (2008), which colour-blind readers can tell apart; the
# lightness falls from one to the next, so that they survive grey printing as well. Those
# that share a lightness have another line around them.
TINTS = {
    Category.RELU: Tint("#ffffff", "--"),
    Category.POINTWISE: Tint("#ffffff", ":"),
    Category.NORM: Tint("#f8f1a6"),
    Category.OTHER_NORM: Tint("#f8f1a6", "--"),
    Category.PAD: Tint("#e0e0e0", ":"),
    Category.CONV: Tint("#a3d5f5"),
    Category.CHAIN: Tint("#8fd3bb", "--"),
    Category.FLATTEN: Tint("#bdbdbd"),
    Category.MOVE: Tint("#bdbdbd", ":"),
    Category.POOL: Tint("#e39b1f"),
    Category.SHORTCUT: Tint("#b85c92", text="#ffffff"),
    Category.BLOCK: Tint("#3fa582"),
    Category.RESIZE: Tint("#d9662f"),
    Category.CONCAT: Tint("#9c4f86", text="#ffffff"),
    Category.LINEAR: Tint("#00609c", text="#ffffff"),
    Category.ADD: Tint("#ffffff"),
    Category.MULTIPLY: Tint("#ffffff"),
    Category.OTHER: Tint("#ffffff"),
}
