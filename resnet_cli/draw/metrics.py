"""How large the parts of a scene are, and where it is broken into columns."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from resnet_cli.draw.fragments import Fragment, fragment
from resnet_cli.draw.page import Paper
from resnet_cli.draw.parts import (
    Component,
    Node,
    Residual,
    Scene,
    Section,
    Unit,
    joins,
    on_axis,
    residual,
)
from resnet_cli.draw.spacing import (
    BOX_GAP,
    BOX_HEIGHT,
    CIRCLE,
    FORK,
    FORK_GAP,
    FRAME_GAP,
    GUTTER,
    MARGIN,
    NO_CHANGE,
    SHAPE_GAP,
    SIDE_LINE,
    gap_below,
    width_of,
)
from resnet_cli.errors import FigureError

FULL_PAGE = (504.0, 680.0)
"""What a figure has on a page of a paper; a larger one will be shrunk to that."""

AROUND = 100.0
"""About what title, legend, entry and exit add to a column."""


WORTH_OF_CUT = 0.95
"""What a figure with a stage that goes on in the next column is worth against one without."""

Heights: TypeAlias = Mapping[int, float]
"""The height of each unit, by its identity: equal ones are drawn as often as they stand there."""


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
    forks = [found for unit in units for part in unit.parts if (found := residual(part))]
    texts = [node.text for node in on_axis(units)]
    half = max(90.0, *(width_of(text, "text") + 14 for text in texts), 0.0) / 2
    heads = [section.title.split("\n")[0] for section in scene.sections]
    framed = scene.chained and any(heads)
    meets = [join for unit in units for join in joins(unit.parts)]
    shapes = [node.shape for node in (*scene.nodes(), *meets)]
    shape = 5 + max((width_of(shape, "shape") for shape in shapes), default=0.0)
    # What stands across the middle of a column: its entry, its exit, its heading.
    across = [width_of(shape, "text") for unit in units for shape in (unit.input, unit.output)]
    across += [] if scene.chained else [width_of(head, "heading") for head in heads]
    # A frame's title ends before the arrow that runs down beside it.
    before = max(width_of(head, "stage") for head in heads) + 8 if framed else 0.0
    edge = FRAME_GAP if framed else 0.0
    reach = [reach_of(unit, 2 * half) for unit in units]
    left = edge + max(2.0, max(across) / 2 - half, before - half, *(each.left for each in reach))
    gates = [gate for fork in forks for part in fork.main if (gate := general(part, 2 * half))]
    inside = max(half + 9, shape + 7, *(gate.right + 9 for gate in gates))
    side, line, width = _beside(forks, left + half, inside)
    right = max(half, shape + 4, max(across) / 2, *(each.right for each in reach))
    width = max(width, left + half + right) + edge
    return Metrics(left, 2 * half, line, side, width)


def _beside(forks: Sequence[Residual], middle: float, inside: float) -> tuple[float, float, float]:
    """Return the width of shortcuts' boxes, where they run down, and where they end.

    The main path is `inside` that far from the middle.
    """
    if not forks:
        return 0.0, 0.0, middle
    sides = [two_lines(node.text).split("\n") for fork in forks for node in fork.shortcut]
    lines = ["identity", *itertools.chain(*sides)]
    side = max(width_of(line, "shape") for line in lines) + 8
    line = middle + inside + side / 2
    return side, line, line + side / 2


class Reach(NamedTuple):
    """How far a unit reaches to the left of the boxes on the axis, and right of the axis.

    What a residual block has at its right is no part of that.
    """

    left: float
    right: float


def reach_of(unit: Unit, width: float) -> Reach:
    """Return how far what is no residual block of a unit reaches, and its bracket."""
    drawn = [found for part in unit.parts if (found := general(part, width))]
    left = max((each.left - width / 2 for each in drawn), default=0.0)
    right = max((each.right for each in drawn), default=0.0)
    if unit.times > 1:
        left = max(left, 0.0) + (width_of(unit.repeats, "count") + 16)
    return Reach(left, right)


def frame_of(section: Section, whole: Metrics) -> tuple[float, float]:
    """Return where a stage's frame begins in its column, and its width: all as wide as can be.

    Beside something far wider one is as wide as what is in it.
    """
    own = fit(Scene("", (section,)))
    grown = whole.box / 2 - own.box / 2
    left, right = own.middle + grown, own.width - own.middle + grown
    if 1.6 * (left + right) > whole.width:
        return 0.0, whole.width
    return whole.middle - left, left + right


def general(part: Component, width: float, shape: str = "0x0x0x0") -> Fragment | None:
    """Return a part drawn that is no node and no residual block, None for these."""
    if isinstance(part, Node) or residual(part):
        return None
    return fragment((part,), width, shape, SHAPE_GAP)


def break_columns(scene: Scene, metrics: Metrics, paper: Paper) -> list[list[Section]]:
    """Break a figure into columns: paper shrinks it little, and the columns are even.

    Raises `FigureError` where it cannot have as many as the paper is to have.
    """
    if scene.single:
        return [[*scene.sections]]
    if scene.columns and paper.columns is None:
        return [[section] for section in scene.sections]
    units = [unit for section in scene.sections for unit in section.units]
    heights = {id(unit): _unit_height(unit, metrics.box) for unit in units}
    limit = total = sum(_height(section, heights) for section in scene.sections)
    lowest = max(heights.values())
    best, best_score, counts = [[*scene.sections]], -1.0, set[int]()
    while limit > lowest * 0.97:
        for fill, worth in ((_filled, 1.0), (_cut, WORTH_OF_CUT)):
            columns = fill(scene.sections, limit, heights)
            count = len(columns)
            tallest = max(sum(_height(section, heights) for section in each) for each in columns)
            wide, tall = _shrinking(count, tallest, metrics, paper)
            even = total / (count * tallest)
            score = worth * min(wide, tall) * (0.8 + 0.2 * even)
            if score > best_score and paper.takes(count):
                best, best_score = columns, score
            counts.add(count)
        if paper.columns is None and wide < best_score:
            break  # and more columns are wider still
        limit *= 0.97
    if not paper.takes(len(best)):
        may = ", ".join(map(str, sorted(counts)))
        raise FigureError(f"--columns: {paper.columns} is not what this figure can have: {may}")
    return best


def _shrinking(count: int, tallest: float, metrics: Metrics, paper: Paper) -> tuple[float, float]:
    """Return how much paper shrinks columns because of their width, and of their height.

    Where type and width are both given, what is too wide is worth next to nothing.
    """
    width, height = (paper.width or FULL_PAGE[0]) / paper.scale, FULL_PAGE[1] / paper.scale
    wide = width / (count * (metrics.width + GUTTER) + MARGIN)
    tall = height / (tallest + AROUND)
    if paper.room is not None and wide < 1:
        return wide / 1000, tall
    is_free = paper.width is not None and paper.font_size is None
    return (wide, tall) if is_free else (min(1, wide), min(1, tall))


def _filled(sections: Iterable[Section], limit: float, heights: Heights) -> list[list[Section]]:
    """Fill columns up to `limit`; a stage is broken only where it is taller than a column."""
    columns: list[list[Section]] = [[]]
    used = 0.0
    for section in (piece for whole in sections for piece in _pieces(whole, limit, heights)):
        height = _height(section, heights)
        if used and used + height > limit:
            columns.append([])
            used = 0.0
        columns[-1].append(section)
        used += height
    return columns


def _cut(sections: Iterable[Section], limit: float, heights: Heights) -> list[list[Section]]:
    """Fill columns up to `limit`, the last stage in each broken where that is full."""
    columns: list[list[Section]] = [[]]
    used = 0.0
    for section in sections:
        start = 0
        used += _height(section._replace(units=()), heights)
        for end, unit in enumerate(section.units):
            if used + heights[id(unit)] > limit and (end > start or columns[-1]):
                columns[-1] += (
                    [section._replace(units=section.units[start:end])] if end > start else []
                )
                columns.append([])
                start, used = end, _height(section._replace(units=()), heights)
            used += heights[id(unit)]
        columns[-1].append(section._replace(units=section.units[start:]))
    return columns


def _pieces(section: Section, limit: float, heights: Heights) -> Iterable[Section]:
    """Give a section in about equal pieces that fit, itself if it does."""
    units = section.units
    size = -(-len(units) // -int(-_height(section, heights) // limit))
    share = size / len(units) * sum(heights[id(unit)] for unit in units)
    start, used = 0, 0.0
    for end, unit in enumerate(units):
        if end > start and used + heights[id(unit)] / 2 > share:
            yield section._replace(units=units[start:end])
            start, used = end, 0.0
        used += heights[id(unit)]
    yield section._replace(units=units[start:])


def _height(section: Section, heights: Heights) -> float:
    frame = 3 * FRAME_GAP if section.title else 0
    return frame + sum(heights[id(unit)] for unit in section.units)


def _unit_height(unit: Unit, width: float) -> float:
    height, before = 0.0, None
    for part in unit.parts:
        found = general(part, width)
        if isinstance(part, Node):
            height += gap_above(before, part) + BOX_HEIGHT
        elif fork := residual(part):
            inside = _main_height(fork, width)
            height += FORK_GAP + max(inside + BOX_GAP, side_height(fork) - FORK) + CIRCLE
        elif found:
            height += found.height
        before = part
    return height


def gap_above(before: Component | None, node: Node) -> float:
    """Return the gap above a node of a unit: none that gives what it takes needs a label."""
    if before is None:
        return SHAPE_GAP
    if isinstance(before, Node):
        return gap_below(before)
    return BOX_GAP if node.category in NO_CHANGE else SHAPE_GAP


def _main_height(fork: Residual, width: float) -> float:
    """Return the height of a main path, without the gap above it."""
    height, before = 0.0, None
    for part in fork.main:
        if isinstance(part, Node):
            height += (gap_above(before, part) if before else 0) + BOX_HEIGHT
        elif found := general(part, width):
            height += found.height
        before = part
    return height


def side_height(fork: Residual) -> float:
    """Return what the shortcut's boxes need from the fork down to the circle."""
    return sum(side_box_height(node) + BOX_GAP for node in fork.shortcut)


def side_box_height(node: Node) -> float:
    """Return the height of a box on a shortcut."""
    return 8 + SIDE_LINE * (1 + two_lines(node.text).count("\n"))


def two_lines(text: str) -> str:
    """Return a shortcut's text with what it gives on a line of its own."""
    return text.replace(" conv, ", " conv\n").replace("pad, ", "pad\n")
