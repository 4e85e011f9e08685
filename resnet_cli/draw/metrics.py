"""How large the parts of a scene are, and where it is broken into columns."""

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from resnet_cli.draw.page import BOLD, SIZES, text_width
from resnet_cli.draw.scene import Scene, Section, Step, Unit
from resnet_cli.draw.style import Category

PAPER = (504.0, 680.0)
"""What a figure has on a page of a paper; a larger one will be shrunk to that."""

MARGIN = 8.0
BOX_HEIGHT = 20.0
SIDE_LINE = 9.0
"""What a line of text adds to the height of a box on a shortcut."""
CIRCLE = 11.0
GAP = 9.0
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
AROUND = 100.0
"""About what title, legend, entry and exit add to a column."""
TERMINAL = 11.0
"""Height of the shape that enters or leaves the figure."""


class Metrics(NamedTuple):
    """What all columns of a figure have in common; offsets are from a column's left side.

    The boxes, `box` wide, begin at `left`; the shortcuts run down at `line`, and their boxes
    are `side` wide.
    """

    left: float
    box: float
    line: float
    side: float
    width: float

    @property
    def middle(self) -> float:
        """Where the arrows run down."""
        return self.left + self.box / 2


def fit(scene: Scene) -> Metrics:
    """Return what a scene's columns have in common: its widest texts touch nothing."""
    units = [unit for section in scene.sections for unit in section.units]
    half = max(90.0, *(_width(step.text, "text") + 14 for u in units for step in u.steps)) / 2
    heads = [section.title.split("\n")[0] for section in scene.sections]
    counts = [_width(unit.repeats, "count") + 16 for unit in units if unit.times > 1]
    framed = scene.chained and any(heads)
    shape = 5 + max(_width(step.shape, "shape") for step in scene.steps())
    # What stands across the middle of a column: its entry, its exit, its heading.
    across = [_width(shape, "text") for unit in units for shape in (unit.input, unit.output)]
    across += [] if scene.chained else [_width(head, "heading") for head in heads]
    # A frame's title ends before the arrow that runs down beside it.
    before = max(_width(head, "stage") for head in heads) + 8 if framed else 0.0
    edge = FRAME_GAP if framed else 0.0
    left = edge + max(2.0, max(across) / 2 - half, before - half, *counts)
    sides = [two_lines(step.text).split("\n") for unit in units for step in unit.shortcut]
    side = max(_width(line, "shape") for line in ["identity", *itertools.chain(*sides)]) + 8
    line = left + half + max(half + 9, shape + 7) + side / 2
    width = max(line + side / 2, left + half + max(shape + 4, max(across) / 2)) + edge
    return Metrics(left, 2 * half, line, side, width)


def _width(text: str, style: str) -> float:
    return text_width(text, SIZES[style], bold=style in BOLD)


def break_columns(scene: Scene, metrics: Metrics) -> list[list[Section]]:
    """Break a figure into columns: paper shrinks it little, and the columns are even.

    Evenness is worth a tenth of the size.
    """
    if scene.columns:
        return [[section] for section in scene.sections]
    limit = total = sum(map(_height, scene.sections))
    lowest = max(_unit_height(unit) for section in scene.sections for unit in section.units)
    best, best_score = [[*scene.sections]], 0.0
    while limit > lowest * 0.97:
        columns = _filled(scene.sections, limit)
        height = max(sum(map(_height, column)) for column in columns)
        wide = PAPER[0] / (len(columns) * (metrics.width + GUTTER))
        tall = PAPER[1] / (height + AROUND)
        if wide < best_score:
            break  # and more columns are wider still
        score = min(1, wide, tall) * (0.9 + 0.1 * total / (len(columns) * height))
        if score > best_score:
            best, best_score = columns, score
        limit *= 0.97
    return best


def _filled(sections: Iterable[Section], limit: float) -> list[list[Section]]:
    """Fill columns up to `limit`; a stage is broken only where it is taller than a column."""
    columns: list[list[Section]] = [[]]
    used = 0.0
    for section in (piece for whole in sections for piece in _pieces(whole, limit)):
        height = _height(section)
        if used and used + height > limit:
            columns.append([])
            used = 0.0
        columns[-1].append(section)
        used += height
    return columns


def _pieces(section: Section, limit: float) -> Iterable[Section]:
    """Give a section in equal pieces that fit, itself if it does."""
    units = section.units
    size = -(-len(units) // -int(-_height(section) // limit))
    for start in range(0, len(units), size):
        yield section._replace(units=units[start : start + size])


def _height(section: Section) -> float:
    frame = 3 * FRAME_GAP if section.title else 0
    return frame + sum(_unit_height(unit) for unit in section.units)


def _unit_height(unit: Unit) -> float:
    inside = _stack_height(unit.steps)
    if not unit.residual:
        return SHAPE_GAP + inside
    after = len(unit.after) * (GAP + BOX_HEIGHT)
    return FORK_GAP + max(inside + GAP, side_height(unit) - FORK) + CIRCLE + after


def _stack_height(steps: Sequence[Step]) -> float:
    gaps = (gap_below(step) for step in steps[:-1])
    return len(steps) * BOX_HEIGHT + sum(gaps)


def side_height(unit: Unit) -> float:
    """Return what the shortcut's boxes need from the fork down to the circle."""
    return sum(side_box_height(step) + GAP for step in unit.shortcut)


def side_box_height(step: Step) -> float:
    """Return the height of a box on a shortcut."""
    return 8 + SIDE_LINE * (1 + two_lines(step.text).count("\n"))


def gap_below(step: Step) -> float:
    """Return the gap below a step: a shape stands there where it may have changed."""
    return GAP if step.category in (Category.NORM, Category.RELU) else SHAPE_GAP


def two_lines(text: str) -> str:
    """Return a shortcut's text with what it gives on a line of its own."""
    return text.replace(" conv, ", " conv\n").replace("pad, ", "pad\n")
