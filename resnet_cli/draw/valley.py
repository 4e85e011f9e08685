"""A network that narrows and widens again, drawn as the U that it is called after.

Ronneberger, Fischer, Brox, "U-Net", 2015, figure 1: what narrows runs down on the left, what
widens up on the right, and each skip leads straight across to where it joins.
"""

from collections.abc import Sequence
from typing import NamedTuple

from resnet_cli.draw.fragments import Fragment, Way, extended, fragment
from resnet_cli.draw.page import Box, Label, Page
from resnet_cli.draw.parts import Component, Fork, Node, Scene, Series, residual, shape_of, titled
from resnet_cli.draw.spacing import (
    BAR_HEIGHT,
    BOX_GAP,
    CIRCLE,
    CLEAR,
    FORK,
    FORK_GAP,
    SHAPE_GAP,
    TERMINAL,
    width_of,
)
from resnet_cli.draw.style import CIRCLES, Category

ACROSS = 34.0
"""Between both sides, for the skips."""
LEAVE = 16.0
"""The arrow out of the figure."""


class Skip(NamedTuple):
    """What leads down to a skip, where the skip joins, and what leads up from there."""

    down: Series
    join: Node
    up: Series


def valley(scene: Scene, width: float) -> Fragment | None:
    """Return a scene as a U, its boxes `width` wide; None where there are no nested skips."""
    if not scene.chained or scene.columns:
        return None
    skips, bottom = _skips(_series(scene))
    if len(skips) < 2:
        return None
    return _Valley(skips, bottom, width).draw(scene.sections[0].units[0].input)


def _series(scene: Scene) -> Series:
    """Return a scene's sections as parts, the framed ones as units with a title."""
    return tuple(part for title, units in scene.sections for part in titled(title, units))


def _skips(series: Series) -> tuple[list[Skip], Series]:
    """Return the skips within each other, the outermost first, and what is within the last."""
    skips: list[Skip] = []
    while True:
        depths = [_depth(part) for part in series]
        if not any(depths):
            return skips, series
        index = depths.index(max(depths))
        fork = series[index]
        assert isinstance(fork, Fork)
        assert fork.join is not None
        skips.append(Skip(series[:index], fork.join, series[index + 1 :]))
        series = fork.arms[0]


def _depth(part: Component) -> int:
    """Return how many skips are within each other, this one among them."""
    if not isinstance(part, Fork) or len(part.arms) != 2 or part.arms[1] or residual(part):
        return 0
    if part.join is None or part.join.category not in (Category.CONCAT, Category.ADD):
        return 0
    return 1 + max(map(_depth, part.arms[0]))


class _Valley:
    """Draws both sides from the top down; what stands on the right was drawn upside down."""

    def __init__(self, skips: Sequence[Skip], bottom: Series, width: float) -> None:
        self.skips = skips
        self.width = width
        self.found = Fragment()
        low, high = _halves(bottom)
        self.down = [fragment(skips[0].down, width, "", SHAPE_GAP)]
        self.down += [fragment(skip.down, width, "", FORK) for skip in skips[1:]]
        self.down.append(fragment(low, width, "", FORK))
        self.up = [flipped(fragment(skip.up, width, skip.join.shape, SHAPE_GAP)) for skip in skips]
        self.up.append(flipped(fragment(high, width, shape_of(low), SHAPE_GAP)))
        shapes = [shape for each in (*self.down, *self.up) if (shape := each.shape)]
        beside = 5 + max((width_of(shape, "shape") for shape in shapes), default=0.0) + CLEAR
        reach = max(beside, *(each.right for each in self.down))
        self.x = reach + ACROSS + max(width / 2, *(each.left for each in self.up))
        self.found.reach(0, self.x + beside)

    def draw(self, entry: str) -> Fragment:
        """Draw all skips; what enters has the shape `entry`."""
        found = self.found
        found.page.labels.append(Label(0, TERMINAL / 2, entry, "text"))
        found.reach(width_of(entry, "text") / 2, width_of(entry, "text") / 2)
        y = TERMINAL
        way: Way = ((0.0, y),)
        # How far up the right side reaches from the last join: the figure's exit for the first.
        above = TERMINAL + LEAVE
        places: list[float] = []
        for skip, down, up in zip(self.skips, self.down, self.up, strict=False):
            (way,) = found.put(down, 0, y, way)
            end, half = y + down.height, _half(skip.join)
            y = max(end + FORK_GAP - FORK, above + up.height + half)
            self._skip(skip.join, way, down.shape, end, y)
            places.append(y)
            above = y + half + SHAPE_GAP
            way = extended(way, ((0.0, y),))
        self._bottom(way, y, above)
        for index, y in enumerate(places):
            self._climb(index, y, places[index - 1] if index else None)
        return found

    def _skip(self, join: Node, way: Way, shape: str, end: float, y: float) -> None:
        """Draw a skip from the left side, and where it joins on the right."""
        if shape:
            self.found.label(5, end + SHAPE_GAP / 2 - 1.5, shape)
        wide, half = self.width / 2, _half(join)
        if join.category in CIRCLES:
            wide = half
        self.found.arrow(extended(way, ((0, y), (self.x - wide, y))))
        box = Box(self.x - wide, y - half, 2 * wide, 2 * half, join.category, join.path)
        self.found.box(box, "" if join.category in CIRCLES else join.text, "shape")

    def _bottom(self, way: Way, y: float, above: float) -> None:
        """Draw what is below the last skip, from one side to the other and up to its join."""
        down, up, join = self.down[-1], self.up[-1], self.skips[-1].join
        (way,) = self.found.put(down, 0, y, way)
        low = max(y + down.height + BOX_GAP, above + up.height)
        way = extended(way, ((0, low), (self.x, low)))
        (way,) = self.found.put(up, self.x, low, way)
        self._rise(way, y + _half(join), up.shape)
        self.found.height = low

    def _climb(self, index: int, y: float, above: float | None) -> None:
        """Draw what leads up from a join to the next one, from the first out of the figure."""
        skip, up = self.skips[index], self.up[index]
        top = y - _half(skip.join)
        (way,) = self.found.put(up, self.x, top, ((self.x, top),))
        if above is not None:
            self._rise(way, above + _half(self.skips[index - 1].join), up.shape)
            return
        self.found.arrow(extended(way, ((self.x, TERMINAL),)))
        self.found.page.labels.append(Label(self.x, TERMINAL / 2, up.shape, "text"))
        half = width_of(up.shape, "text") / 2
        self.found.reach(0, self.x + half)

    def _rise(self, way: Way, end: float, shape: str) -> None:
        """Draw an arrow up to a join, with the shape that it carries."""
        self.found.arrow(extended(way, ((self.x, end),)))
        if shape:
            self.found.label(self.x + 5, end + SHAPE_GAP / 2 + 1.5, shape)


def _half(join: Node) -> float:
    return (CIRCLE if join.category in CIRCLES else BAR_HEIGHT) / 2


def _halves(series: Series) -> tuple[Series, Series]:
    """Return the parts that narrow, and those behind the smallest map."""
    sizes = [_pixels(shape_of((part,))) for part in series]
    smallest = len(sizes) - sizes[::-1].index(min(sizes))
    return series[:smallest], series[smallest:]


def _pixels(shape: str) -> int:
    """Return the size of a map; formulas have none."""
    count = 1
    for side in shape.split("x")[2:]:
        count *= int(side) if side.isdigit() else 0
    return count


def flipped(found: Fragment) -> Fragment:
    """Return a fragment that grows upwards."""
    page = Page(0, 0, [], [], [], [])
    page.boxes.extend(box._replace(y=-box.y - box.height) for box in found.page.boxes)
    page.labels.extend(label._replace(y=-label.y) for label in found.page.labels)
    page.clusters.extend(frame._replace(y=-frame.y - frame.height) for frame in found.page.clusters)
    page.arrows.extend(a._replace(points=_flipped(a.points)) for a in found.page.arrows)
    ways = tuple(map(_flipped, found.ways))
    return Fragment(
        page, found.left, found.right, found.height, [*found.entries], ways, found.shape
    )


def _flipped(way: Way) -> Way:
    return tuple((x, -y if y else 0.0) for x, y in way)
