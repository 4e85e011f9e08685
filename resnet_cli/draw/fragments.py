"""Forks of any form on a page: a fragment each, drawn around its own axis and put in its place.

A fragment begins at (0, 0), where an arrow comes in from above, and grows downwards.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from resnet_cli.draw.layers import Extent, in_layers
from resnet_cli.draw.page import Arrow, Box, Cluster, Label, Page, Place
from resnet_cli.draw.parts import Component, Fork, Node, Series, Unit, Weave, is_gate, on_axis
from resnet_cli.draw.spacing import (
    ARM_GAP,
    BAR_HEIGHT,
    BOX_GAP,
    BOX_HEIGHT,
    CIRCLE,
    CLEAR,
    FORK,
    FORK_GAP,
    FRAME_GAP,
    LANE,
    SHAPE_GAP,
    gap_below,
    width_of,
)
from resnet_cli.draw.style import CIRCLES, Category

Way = tuple[Place, ...]
"""A line that has begun: its corners so far, the last one where it goes on."""


@dataclass(slots=True)
class Fragment:
    """A part of a page around its axis: how far it reaches, the ways out of it, its last shape.

    The first point of each arrow in `entries` is where the fragment is entered.
    """

    page: Page = field(default_factory=lambda: Page(0, 0, [], [], [], []))
    left: float = 0.0
    right: float = 0.0
    height: float = 0.0
    entries: list[int] = field(default_factory=list)
    ways: tuple[Way, ...] = (((0.0, 0.0),),)
    shape: str = ""

    def reach(self, left: float, right: float) -> None:
        """Grow to both sides at least as far as given."""
        self.left, self.right = max(self.left, left), max(self.right, right)

    def arrow(self, points: Way, *, head: bool = True) -> None:
        """Draw an arrow; one from where the fragment is entered can be led there later."""
        if points[0] == (0.0, 0.0):
            self.entries.append(len(self.page.arrows))
        self.page.arrows.append(Arrow(points, head))
        self.reach(-min(x for x, _ in points) + 1, max(x for x, _ in points) + 1)

    def label(self, x: float, y: float, text: str) -> None:
        """Write a shape to the right of a line."""
        self.page.labels.append(Label(x, y, text, "shape", "left"))
        self.reach(0, x + width_of(text, "shape") + CLEAR)

    def box(self, box: Box, text: str, style: str) -> None:
        """Draw a box with its text."""
        self.page.boxes.append(box)
        if text:
            middle = (box.x + box.width / 2, box.y + box.height / 2)
            self.page.labels.append(Label(*middle, text, style, category=box.category))
        self.reach(-box.x, box.x + box.width)

    def put(self, other: "Fragment", x: float, y: float, way: Way) -> tuple[Way, ...]:
        """Put a fragment at a place to which a way leads; return the ways out of it."""
        entries = {*other.entries}
        for index, arrow in enumerate(other.page.arrows):
            points = _moved(arrow.points, x, y)
            if index in entries:
                self.arrow(extended(way, points), head=arrow.head)
            else:
                self.page.arrows.append(Arrow(points, arrow.head))
        for box in other.page.boxes:
            self.page.boxes.append(box._replace(x=box.x + x, y=box.y + y))
        for label in other.page.labels:
            self.page.labels.append(label._replace(x=label.x + x, y=label.y + y))
        for frame in other.page.clusters:
            self.page.clusters.append(frame._replace(x=frame.x + x, y=frame.y + y))
        self.reach(other.left - x, other.right + x)
        moved = (_moved(each, x, y) for each in other.ways)
        return tuple(extended(way, each) if each[0] == (x, y) else each for each in moved)


def _moved(points: Way, x: float, y: float) -> Way:
    return tuple((px + x, py + y) for px, py in points)


def extended(way: Way, points: Way) -> Way:
    """Return a way that goes on; a corner on a straight line is none."""
    found = [*way]
    for point in points:
        if point == found[-1]:
            continue
        if len(found) > 1 and _are_straight(found[-2], found[-1], point):
            found.pop()
        found.append(point)
    return tuple(found)


def _are_straight(one: Place, middle: Place, other: Place) -> bool:
    return one[0] == middle[0] == other[0] or one[1] == middle[1] == other[1]


def fragment(series: Iterable[Component], width: float, shape: str, gap: float) -> Fragment:
    """Return a series drawn, its boxes `width` wide, what enters bearing a shape.

    The first box is `gap` below where it is entered.
    """
    found = Fragment(shape=shape)
    for part in series:
        if isinstance(part, Node):
            _node(found, part, width, gap)
            gap = gap_below(part)
            continue
        found.shape = found.shape if gap >= SHAPE_GAP else ""
        if isinstance(part, Unit):
            _unit(found, part, width)
        elif isinstance(part, Weave):
            _weave(found, part, gap)
        else:
            _fork(found, part, width, gap)
        gap = SHAPE_GAP
    return found


def _node(found: Fragment, node: Node, width: float, gap: float) -> None:
    """Draw a box, and the arrow to it with the shape that it carries."""
    if found.shape and gap >= SHAPE_GAP:
        found.label(5, found.height + SHAPE_GAP / 2 - 1.5, found.shape)
    top = found.height + gap
    for way in found.ways:
        found.arrow(extended(way, ((0, top),)))
    if node.category in CIRCLES:
        found.box(Box(-CIRCLE / 2, top, CIRCLE, CIRCLE, node.category, node.path), "", "text")
        found.height = top + CIRCLE
    else:
        box = Box(-width / 2, top, width, BOX_HEIGHT, node.category, node.path)
        found.box(box, node.text, "text")
        found.height = top + BOX_HEIGHT
    found.ways = (((0, found.height),),)
    found.shape = node.shape if gap_below(node) == SHAPE_GAP else ""


def _unit(found: Fragment, unit: Unit, width: float) -> None:
    """Draw a unit in its frame, and with a bracket where it stands for several."""
    gap = FRAME_GAP if unit.title else 0.0
    inside = fragment(unit.parts, width, found.shape, SHAPE_GAP)
    if unit.times > 1:
        top = min(box.y for box in inside.page.boxes)
        bracket(inside, -inside.left, top, inside.height, unit.repeats)
    top = found.height + gap
    if unit.title:
        left = max(inside.left + FRAME_GAP, FRAME_GAP + width_of(unit.title, "stage") + 8)
        right = inside.right + FRAME_GAP
        end = top + inside.height + gap
        found.page.clusters.append(Cluster(-left, top, left + right, end - top))
        corner = (FRAME_GAP - left, top + 10)
        found.page.labels.append(Label(*corner, unit.title, "stage", "left"))
        found.reach(left + CLEAR, right + CLEAR)
    (way,) = found.ways
    found.ways = found.put(inside, 0, top, extended(way, ((0, top),)))
    found.height, found.shape = top + inside.height + gap, inside.shape


def bracket(found: Fragment, right: float, top: float, end: float, text: str) -> None:
    """Draw a bracket on the left of what stands for several."""
    right -= 3
    left = right - 4
    points = ((right, top), (left, top), (left, end), (right, end))
    found.page.arrows.append(Arrow(points, head=False))
    found.page.labels.append(Label(left - 3, (top + end) / 2, text, "count", "right"))
    found.reach(10 - right + width_of(text, "count"), 0)


def _fork(found: Fragment, fork: Fork, width: float, gap: float) -> None:
    """Draw arms beside each other, the lines that lead around them, and where they meet."""
    if found.shape:
        found.label(5, found.height + SHAPE_GAP / 2 - 1.5, found.shape)
    top = found.height + (FORK_GAP - FORK if gap >= SHAPE_GAP else BOX_GAP)
    (way,) = found.ways
    way = extended(way, ((0, top),))
    arms = _arms(fork, width, found.shape)
    lanes = sum(not arm for arm in fork.arms)
    gate = is_gate(fork)
    ways: list[Way] = [way] if gate else []
    places = _places(arms, beside=gate)
    for arm, x in zip(arms, places, strict=True):
        ways.extend(found.put(arm, x, top, extended(way, ((x, top),))))
        found.height = max(found.height, top + arm.height)
    right = max((arm.right + x for arm, x in zip(arms, places, strict=True)), default=0)
    for lane in range(lanes - gate):
        x = right + LANE * (lane + 1)
        ways.append(extended(way, ((x, top), (x, top + 1))))
    found.ways = tuple(ways)
    if fork.join is None:
        found.shape = ""
    elif fork.join.category in CIRCLES:
        _circle(found, fork.join)
    else:
        for arm, x in zip(arms, places, strict=True):
            if arm.shape and len(arm.ways) == 1:
                found.label(x + 5, found.height + SHAPE_GAP / 2 - 1.5, arm.shape)
        span = width / 2 if len(arms) == 1 else places[-1] + LANE
        _bar(found, fork.join, -span, span)


def _weave(found: Fragment, weave: Weave, gap: float) -> None:
    """Draw vertices in layers, each with the shape that leaves it, and where all meet."""
    if found.shape:
        found.label(5, found.height + SHAPE_GAP / 2 - 1.5, found.shape)
    top = found.height + (FORK_GAP - FORK if gap >= SHAPE_GAP else BOX_GAP)
    (entered,) = found.ways
    drawn = [_closed(fragment(vertex, _width(vertex, 0, 2), "", FORK)) for vertex in weave.vertices]
    for vertex in drawn:
        vertex.reach(0, 5 + width_of(vertex.shape, "shape") + CLEAR)
    sizes = [Extent(vertex.left, vertex.right, vertex.height) for vertex in drawn]
    layers = in_layers(sizes, weave.links)
    ends: list[Way] = []
    left = {-1: extended(entered, ((0, top),))}
    for (start, end), corners in sorted(layers.ways.items(), key=lambda item: item[0][1]):
        way = extended(left[start], _moved(tuple(corners[1:]), 0, top))
        if end == len(drawn):
            ends.append(way)
        elif end in left:
            x, y = way[-1]
            found.arrow(extended(way, ((x, y + FORK),)))
        else:
            x, y = layers.places[end]
            (left[end],) = found.put(drawn[end], x, y + top, way)
    for vertex, (x, y) in zip(drawn, layers.places, strict=True):
        if vertex.shape:
            found.label(x + 5, y + top + vertex.height + BOX_GAP - 1, vertex.shape)
    found.height = top + layers.height
    found.ways = tuple(ends)
    if weave.join.category in CIRCLES:
        found.height += BOX_GAP  # the shapes that leave the last vertices
        _circle(found, weave.join)
    else:
        arrive = [0.0, *(way[-1][0] for way in ends)]
        _bar(found, weave.join, min(arrive) - LANE, max(arrive) + LANE)


def _closed(found: Fragment) -> Fragment:
    """Let arms that meet further on meet below them, where but one way may lead on."""
    if len(found.ways) > 1:
        end = found.height + BOX_GAP
        for way in found.ways:
            found.arrow(extended(way, ((way[-1][0], end), (0, end))), head=False)
        found.height = end
        found.ways = (((0, end),),)
    return found


def _arms(fork: Fork, width: float, shape: str) -> list[Fragment]:
    """Return the arms that do something, with room for the shapes that leave them."""
    arms = [arm for arm in fork.arms if arm]
    drawn = [fragment(arm, _width(arm, width, len(arms)), shape, FORK) for arm in arms]
    for arm in drawn:
        for way in arm.ways:
            arm.reach(0, way[-1][0] + 5 + width_of(arm.shape, "shape") + CLEAR)
    return drawn


def _circle(found: Fragment, join: Node) -> None:
    """Let all ways meet in a circle on the axis: from above, or from their side."""
    middle, radius = found.height + BOX_GAP + CIRCLE / 2, CIRCLE / 2
    for way in found.ways:
        x = way[-1][0]
        if abs(x) < radius + CLEAR:
            turn = found.height + BOX_GAP / 2
            found.arrow(extended(way, ((x, turn), (0, turn), (0, middle - radius))))
        else:
            found.arrow(extended(way, ((x, middle), (radius if x > 0 else -radius, middle))))
    box = Box(-radius, middle - radius, CIRCLE, CIRCLE, join.category, join.path)
    found.box(box, "", "shape")
    found.height, found.shape = middle + radius, join.shape
    found.ways = (((0, found.height),),)


def _bar(found: Fragment, join: Node, low: float, high: float) -> None:
    """Let all ways meet in a bar below them, or at its side."""
    half = width_of(join.text, "text") / 2 + 7
    low, high = min(low, -half), max(high, half)
    is_thin = join.category is Category.CONCAT
    height, style = (BAR_HEIGHT, "shape") if is_thin else (BOX_HEIGHT, "text")
    top = found.height + SHAPE_GAP
    for way in found.ways:
        x = way[-1][0]
        if low < x < high:
            found.arrow(extended(way, ((x, top),)))
        else:
            side, middle = (high if x > 0 else low), top + height / 2
            found.arrow(extended(way, ((x, middle), (side, middle))))
    found.box(Box(low, top, high - low, height, join.category, join.path), join.text, style)
    found.height, found.shape = top + height, join.shape
    found.ways = (((0, found.height),),)


def _width(arm: Series, width: float, arms: int) -> float:
    """Return how wide an arm's boxes are: as those around it where it is the only one."""
    own = max((width_of(node.text, "text") + 12 for node in on_axis(arm)), default=40.0)
    return max(own, width) if arms == 1 else own


def _places(arms: Sequence[Fragment], *, beside: bool) -> list[float]:
    """Return where arms run down: one on the axis, several around it, a gate's beside it."""
    places: list[float] = []
    x = 0.0
    for index, arm in enumerate(arms):
        x += arm.left + (ARM_GAP if index or beside else 0)
        places.append(x)
        x += arm.right
    if beside or not places:
        return places
    middle = (places[0] + places[-1]) / 2
    return [place - middle for place in places]
