"""Geometry of a figure: boxes, arrows, labels and frames on a page, without matplotlib.

Lengths are points (1/72 inch); x grows to the right, y downwards. A column reads from top to
bottom; what does not fit goes on in the next one.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from resnet_cli.figures.scene import Kind, Scene, Section, Step, Unit

Point = tuple[float, float]

PAPER = (504.0, 680.0)
"""What a figure has on a page of a paper: the columns are chosen so that it is shrunk least."""

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

TEXT = 8.0
SIZES = {"title": 10.0, "heading": 8.5, "count": 9.5, "stage": 8.5, "text": TEXT, "shape": 7.0}


class Box(NamedTuple):
    """A box, or with `Kind.ADD` the circle of an addition, by its upper left corner."""

    x: float
    y: float
    width: float
    height: float
    kind: Kind


class Label(NamedTuple):
    """A text by its middle height and its left end, middle or right end (`align`)."""

    x: float
    y: float
    text: str
    style: str
    align: str = "center"
    kind: Kind | None = None
    """The kind of box that it stands in, which sets its colour."""


class Arrow(NamedTuple):
    """A line with round corners; with `head` an arrow at its end."""

    points: tuple[Point, ...]
    head: bool = True


class Frame(NamedTuple):
    """The background of a stage."""

    x: float
    y: float
    width: float
    height: float


class Page(NamedTuple):
    """A figure with everything in its place."""

    width: float
    height: float
    boxes: list[Box]
    labels: list[Label]
    arrows: list[Arrow]
    frames: list[Frame]


class Metrics(NamedTuple):
    """What all columns of a figure have in common; offsets are from a column's left side."""

    count: float
    box: float
    shape: float
    side: float
    framed: bool

    @property
    def left(self) -> float:
        """Where the main boxes begin."""
        return max(self.count, 2.0) + (FRAME_GAP if self.framed else 0)

    @property
    def middle(self) -> float:
        """Where the arrows run down."""
        return self.left + self.box / 2

    @property
    def line(self) -> float:
        """Where the shortcuts run down; their boxes touch neither main boxes nor shapes."""
        return self.middle + max(self.box / 2 + 9, self.shape + 12) + self.side / 2

    @property
    def width(self) -> float:
        """Of a whole column."""
        return self.line + self.side / 2 + (FRAME_GAP if self.framed else 0)


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return about how wide a text is in DejaVu Sans, rather too wide than too narrow."""
    ems = sum(_EMS.get(char, 0.8 if char.isupper() else 0.645) for char in text)
    return ems * size * (1.12 if bold else 1)


_EMS = {
    **dict.fromkeys("ijl' ,.:;/·|", 0.34),
    **dict.fromkeys("ftr()-[]", 0.42),
    **dict.fromkeys("mwMW%", 0.99),
    **dict.fromkeys("+×=", 0.84),
}


def arrange(scene: Scene) -> Page:
    """Return the page of a scene: title, columns, legend."""
    metrics = _metrics(scene)
    columns = _columns(scene, metrics)
    page = Page(0, 0, [], [], [], [])
    width = 2 * MARGIN + len(columns) * (metrics.width + GUTTER) - GUTTER
    top = _title(page, scene.title, max(width, 240))
    bottom, before = top, None
    for index, sections in enumerate(columns):
        left = MARGIN + index * (metrics.width + GUTTER)
        column = _Column(page, metrics, left, top, before)
        column.draw(sections, is_picture=not scene.chained)
        before = column if scene.chained else None
        if before is None or sections is columns[-1]:
            column.leave()
        bottom = max(bottom, column.y + GAP)
    ends = (_end(label) for label in page.labels if label.style == "title")
    width = max(width, *ends)
    bottom = _legend(page, scene, width, bottom + 6)
    return page._replace(width=width, height=bottom + MARGIN)


def _title(page: Page, title: str, width: float) -> float:
    """Draw the title, on more lines if need be; return where the columns begin."""
    y, line = MARGIN + 5, ""
    for word in title.split():
        longer = f"{line} {word}".strip()
        if line and text_width(longer, SIZES["title"], bold=True) > width - 2 * MARGIN:
            page.labels.append(Label(MARGIN, y, line, "title", "left"))
            y, longer = y + 13, word
        line = longer
    page.labels.append(Label(MARGIN, y, line, "title", "left"))
    return y + 16


def _end(label: Label) -> float:
    return label.x + text_width(label.text, SIZES[label.style], bold=True) + MARGIN


def _metrics(scene: Scene) -> Metrics:
    units = [unit for section in scene.sections for unit in section.units]
    steps = [step for unit in units for step in unit.steps]
    side = [_two_lines(step.text) for unit in units for step in unit.shortcut]
    residual = [unit for unit in units if unit.residual]
    framed = scene.chained and any(section.title for section in scene.sections)
    counts = [text_width(_count(u), SIZES["count"], bold=True) for u in units if u.times > 1]
    shapes = (step.shape for unit in residual for step in unit.steps[:-1])
    return Metrics(
        count=max(counts) + 16 if counts else 0.0,
        box=max(90.0, *(text_width(step.text, TEXT) + 14 for step in steps)),
        shape=max((text_width(shape, SIZES["shape"]) for shape in shapes), default=0.0),
        side=max(
            text_width("identity", SIZES["shape"]) if residual else 0.0,
            *(_widest(text, SIZES["shape"]) + 8 for text in side),
            0.0,
        ),
        framed=framed,
    )


def _columns(scene: Scene, metrics: Metrics) -> list[list[Section]]:
    """Break a figure into the columns with which paper shrinks it least; fewer if it is equal."""
    if scene.columns:
        return [[section] for section in scene.sections]
    limit = sum(map(_height, scene.sections))
    lowest = max(_unit_height(unit) for section in scene.sections for unit in section.units)
    ways = []
    while True:
        columns = _filled(scene.sections, limit)
        height = max(sum(map(_height, column)) for column in columns)
        wide = PAPER[0] / (len(columns) * (metrics.width + GUTTER))
        tall = PAPER[1] / (height + AROUND)
        ways.append((round(min(1, wide, tall), 3), -len(columns), -height, columns))
        if wide <= tall or limit <= lowest:
            return max(ways, key=lambda way: way[:3])[3]
        limit *= 0.97


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
    return FORK_GAP + max(inside + GAP, _side_height(unit) - FORK) + CIRCLE + after


def _stack_height(steps: Sequence[Step]) -> float:
    gaps = (_gap(step) for step in steps[:-1])
    return len(steps) * BOX_HEIGHT + sum(gaps)


def _side_height(unit: Unit) -> float:
    """Return what the shortcut's boxes need from the fork down to the circle."""
    return sum(_box_height(step) + GAP for step in unit.shortcut)


def _box_height(step: Step) -> float:
    """Return the height of a box on a shortcut."""
    return 8 + SIDE_LINE * (1 + _two_lines(step.text).count("\n"))


def _gap(step: Step) -> float:
    """Return the gap below a step: a shape stands there where it may have changed."""
    return GAP if step.kind in (Kind.NORM, Kind.RELU) or not step.shape else SHAPE_GAP


def _count(unit: Unit) -> str:
    return f"× {unit.times}"


def _two_lines(text: str) -> str:
    """Return a shortcut's text with what it gives on a line of its own."""
    return text.replace(" conv, ", " conv\n").replace("pad, ", "pad\n")


def _widest(text: str, size: float) -> float:
    return max(text_width(line, size) for line in text.split("\n"))


class _Column:
    """Draws sections downwards; `y` is where the next thing may begin."""

    def __init__(
        self, page: Page, metrics: Metrics, left: float, top: float, before: "_Column | None"
    ) -> None:
        self.page = page
        self.metrics = metrics
        self.left = left
        self.x = left + metrics.middle
        self.y = top
        self.shape = ""
        self.way: tuple[Point, ...] = ()
        if before is not None:
            gutter, low = left - GUTTER / 2, before.y + GAP
            # As low as the first column's input, so that what stands below is level.
            self.y = top = top + TERMINAL
            self.way = (*before.way, (before.x, low), (gutter, low), (gutter, top), (self.x, top))
            self.shape = before.shape

    def draw(self, sections: Sequence[Section], *, is_picture: bool) -> None:
        """Draw a column; where it is a picture of its own its title stands above."""
        if is_picture:
            for line in sections[0].title.split("\n"):
                style = "heading" if line == sections[0].title.split("\n")[0] else "shape"
                self.page.labels.append(Label(self.x, self.y + 5, line, style))
                self.y += 11
            self.y += 4
        if not self.way:
            self._enter_figure(sections[0].units[0].input)
        for section in sections:
            if section.title and not is_picture:
                self._framed(section)
            else:
                self._units(section.units)

    def leave(self) -> None:
        """Draw the arrow out of the figure."""
        self._arrow_down(16)
        self.page.labels.append(Label(self.x, self.y + TERMINAL / 2 + 1, self.shape, "text"))
        self.y += TERMINAL

    def _enter_figure(self, shape: str) -> None:
        self.page.labels.append(Label(self.x, self.y + TERMINAL / 2, shape, "text"))
        self.y += TERMINAL
        self.way = ((self.x, self.y),)

    def _framed(self, section: Section) -> None:
        """Draw a stage: its units before a background with its name in the corner."""
        top = self.y = self.y + FRAME_GAP
        self._units(section.units)
        self.y += FRAME_GAP
        frame = Frame(self.left, top, self.metrics.width, self.y - top)
        self.page.frames.append(frame)
        corner = (self.left + FRAME_GAP, top + 10)
        self.page.labels.append(Label(*corner, section.title, "stage", "left"))

    def _units(self, units: Iterable[Unit]) -> None:
        for unit in units:
            if unit.residual:
                self._residual(unit)
            else:
                self._stack(unit.steps, SHAPE_GAP)

    def _stack(self, steps: Sequence[Step], gap: float) -> None:
        """Draw steps below each other, the first one `gap` below what is there."""
        for step in steps:
            self._arrow_down(gap)
            self._box(step)
            gap = _gap(step)

    def _box(self, step: Step) -> None:
        metrics = self.metrics
        box = Box(self.left + metrics.left, self.y, metrics.box, BOX_HEIGHT, step.kind)
        self._put(box, step.text, "text")
        self.y += BOX_HEIGHT
        self.way = ((self.x, self.y),)
        self.shape = step.shape if _gap(step) == SHAPE_GAP else ""

    def _put(self, box: Box, text: str, style: str) -> None:
        self.page.boxes.append(box)
        lines = text.split("\n")
        for index, line in enumerate(lines):
            y = box.y + box.height / 2 + (index - (len(lines) - 1) / 2) * SIZES[style] * 1.3
            middle = box.x + box.width / 2
            self.page.labels.append(Label(middle, y, line, style, kind=box.kind))

    def _arrow_down(self, gap: float) -> None:
        """Draw an arrow to `gap` below, the shape that it carries beside it."""
        if self.shape and self.way and gap >= SHAPE_GAP:
            self.page.labels.append(
                Label(self.x + 5, self.y + SHAPE_GAP / 2 - 1.5, self.shape, "shape", "left")
            )
        self.y += gap
        self.page.arrows.append(Arrow((*self.way, (self.x, self.y))))

    def _residual(self, unit: Unit) -> None:
        """Draw main path, shortcut and addition."""
        top = self.y + FORK_GAP
        fork = top - FORK
        self._stack(unit.steps, FORK_GAP)
        shape = unit.steps[-1].shape
        self.shape = ""
        circle = max(self.y + GAP, fork + _side_height(unit))
        self._arrow_down(circle - self.y)
        middle = circle + CIRCLE / 2
        self.page.boxes.append(Box(self.x - CIRCLE / 2, circle, CIRCLE, CIRCLE, Kind.ADD))
        self._shortcut(unit, fork, middle)
        self.y = circle + CIRCLE
        self.way, self.shape = ((self.x, self.y),), ""
        self._stack(unit.after, GAP)
        self.shape = shape
        self._repeats(unit, top, self.y)

    def _shortcut(self, unit: Unit, fork: float, end: float) -> None:
        """Draw the arc from the fork around the main path to the circle, its boxes on the way."""
        line = self.left + self.metrics.line
        way: tuple[Point, ...] = ((self.x, fork), (line, fork))
        if not unit.shortcut:
            middle = (fork + end) / 2
            self.page.labels.append(Label(line, middle, "identity", "shape"))
            self.page.arrows.append(Arrow((*way, (line, middle - 6)), head=False))
            way = ((line, middle + 6),)
        else:
            inside = sum(_box_height(step) + GAP for step in unit.shortcut) - GAP
            y, side = (fork + end - inside) / 2, self.metrics.side
            for step in unit.shortcut:
                self.page.arrows.append(Arrow((*way, (line, y))))
                box = Box(line - side / 2, y, side, _box_height(step), step.kind)
                self._put(box, _two_lines(step.text), "shape")
                y += box.height
                way = ((line, y),)
                y += GAP
        self.page.arrows.append(Arrow((*way, (line, end), (self.x + CIRCLE / 2, end))))

    def _repeats(self, unit: Unit, top: float, end: float) -> None:
        """Draw a bracket on the left of a unit that stands for several."""
        if unit.times == 1:
            return
        right = self.left + self.metrics.left - 3
        left = right - 4
        points = ((right, top), (left, top), (left, end), (right, end))
        self.page.arrows.append(Arrow(points, head=False))
        self.page.labels.append(Label(left - 3, (top + end) / 2, _count(unit), "count", "right"))


def _legend(page: Page, scene: Scene, width: float, top: float) -> float:
    """Draw a sample of each kind of box with its name; return where the legend ends."""
    kinds = {step.kind for step in scene.steps()}
    if any(unit.residual for section in scene.sections for unit in section.units):
        kinds.add(Kind.ADD)
    x, y = MARGIN, top
    for kind in (kind for kind in Kind if kind in kinds):
        size = 10.0 if kind is Kind.ADD else 14.0
        space = size + 4 + text_width(kind, SIZES["shape"]) + 12
        if x > MARGIN and x + space - 12 > width - MARGIN:
            x, y = MARGIN, y + 14
        page.boxes.append(Box(x, y, size, 10, kind))
        page.labels.append(Label(x + size + 4, y + 5, kind, "shape", "left"))
        x += space
    y += 10
    if scene.note:
        page.labels.append(Label(MARGIN, y + 11, scene.note, "shape", "left"))
        y += 16
    return y
