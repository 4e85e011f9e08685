"""The categories of box, and how each looks."""

from enum import StrEnum
from typing import NamedTuple


class Category(StrEnum):
    """What a box stands for; its value is what the legend says."""

    CONV = "convolution"
    NORM = "batch norm"
    RELU = "ReLU"
    BLOCK = "residual block"
    POOL = "pooling"
    FLATTEN = "flatten"
    LINEAR = "linear"
    PAD = "zero padding"
    ADD = "addition"
    OTHER = "other operation"


INK = "#1a1a1a"


class Tint(NamedTuple):
    """How a category of box looks: fill, line style and text colour."""

    fill: str
    line: str = "-"
    text: str = INK


# Tints of Okabe and Ito's palette (2008), which colour-blind readers can tell apart; the
# lightness falls from one to the next, so that they survive grey printing as well.
TINTS = {
    Category.RELU: Tint("#ffffff", "--"),
    Category.NORM: Tint("#f8f1a6"),
    Category.PAD: Tint("#e0e0e0", ":"),
    Category.CONV: Tint("#a3d5f5"),
    Category.FLATTEN: Tint("#bdbdbd"),
    Category.POOL: Tint("#e39b1f"),
    Category.BLOCK: Tint("#3fa582"),
    Category.LINEAR: Tint("#00609c", text="#ffffff"),
    Category.ADD: Tint("#ffffff"),
    Category.OTHER: Tint("#ffffff"),
}
