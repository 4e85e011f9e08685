"""How large boxes are and how far apart; lengths are points."""

from resnet_cli.draw.page import BOLD, SIZES, text_width
from resnet_cli.draw.parts import Node
from resnet_cli.draw.style import Category

MARGIN = 8.0
BOX_HEIGHT = 20.0
SIDE_LINE = 9.0
"""What a line of text adds to the height of a box on a shortcut."""
CIRCLE = 11.0
BOX_GAP = 9.0
"""Between boxes where the arrow has no label."""
SHAPE_GAP = 21.0
"""Between boxes where the arrow has a shape beside it."""
FORK_GAP = 28.0
"""Above a residual unit: the shape, then the fork of the shortcut."""
FORK = 11.0
"""From the fork down to the first box."""
FRAME_GAP = 7.0
"""From a frame to what is inside, and to what is outside."""
GUTTER = 26.0
TERMINAL = 11.0
"""Height of the shape that enters or leaves the figure."""
BAR_HEIGHT = 13.0
"""Of a concatenation."""
ARM_GAP = 16.0
"""Between arms beside each other."""
LANE = 11.0
"""From what stands in arms to the line that leads around them."""
CLEAR = 3.0
"""From any line to what it passes."""

NO_CHANGE = (Category.NORM, Category.OTHER_NORM, Category.RELU, Category.POINTWISE)
"""What gives the shape that it takes, so that its arrow needs no label."""


def gap_below(node: Node) -> float:
    """Return the gap below a node: a shape stands there where it may have changed."""
    return BOX_GAP if node.category in NO_CHANGE else SHAPE_GAP


def width_of(text: str, style: str) -> float:
    """Return about how wide a text is in its style."""
    return text_width(text, SIZES[style], bold=style in BOLD)
