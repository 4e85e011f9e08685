"""What a layer sees, for people: its window, and the field of the network's input."""

from operator import index
from typing import TYPE_CHECKING

from resnet_cli.analysis.summary import LayerRow, Summary
from resnet_cli.text import format_shape, human_text

if TYPE_CHECKING:
    from resnet_cli.graph.kinds import Sides

FIELD = "receptive_field"
FIELD_NOTE = "* receptive field larger than the input."


def window_text(row: LayerRow) -> str | None:
    """Write a layer's kernel, stride, padding, dilation: `7x7 s2 p3`, `3x3 s1 p0x2 d2`."""
    if row.window is None:
        return None
    kernel, stride, padding, _, dilation = row.window
    gaps = ""
    if dilation is not None:
        kernel = tuple((k - 1) // d + 1 for k, d in zip(kernel, dilation, strict=True))
        gaps = f" d{_sides(dilation)}"
    return f"{format_shape(kernel)} s{_sides(stride)} p{_sides(padding)}{gaps}"


def _sides(sides: "Sides") -> str:
    return str(sides[0]) if len({*sides}) == 1 else format_shape(sides)


def side_of(summary: "Summary") -> int | None:
    """Return the input's smaller side, None where it has none or names."""
    sides = summary.input_shape[2:]
    return min(map(index, sides), default=None) if not summary.held else None


def field_text(row: LayerRow, side: int | None) -> str:
    """Write a receptive field for people, marked where it exceeds the input's `side`."""
    if row.receptive_field is None:
        return "global" if row.is_global else ""
    is_larger = side is not None and row.receptive_field > side
    return human_text(row.receptive_field) + "*" * is_larger
