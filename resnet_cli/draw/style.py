"""The kinds of box, and how each looks."""

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
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


INK = "#1a1a1a"


class Look(NamedTuple):
    """How a kind of box looks: fill, line style and text colour."""

    fill: str
    style: str = "-"
    text: str = INK


# Tints of Okabe and Ito's palette (2008), which colour-blind readers can tell apart; the
# lightness falls from one to the next, so that they survive grey printing as well.
LOOKS = {
    Kind.RELU: Look("#ffffff", "--"),
    Kind.NORM: Look("#f8f1a6"),
    Kind.PAD: Look("#e0e0e0", ":"),
    Kind.CONV: Look("#a3d5f5"),
    Kind.FLATTEN: Look("#bdbdbd"),
    Kind.POOL: Look("#e39b1f"),
    Kind.BLOCK: Look("#3fa582"),
    Kind.LINEAR: Look("#00609c", text="#ffffff"),
    Kind.ADD: Look("#ffffff"),
}
