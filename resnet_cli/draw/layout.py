"""Geometry of a figure: a scene's parts in their places on a page, without matplotlib.

A column reads from top to bottom; what does not fit goes on in the next one.
"""

from collections.abc import Iterable, Sequence

from resnet_cli.draw.fragments import Fragment, bracket
from resnet_cli.draw.metrics import (
    Metrics,
    break_columns,
    fit,
    frame_of,
    gap_above,
    general,
    side_box_height,
    side_height,
    two_lines,
)
from resnet_cli.draw.page import (
    SIZES,
    Arrow,
    Box,
    Cluster,
    Label,
    Page,
    Paper,
    Place,
    text_width,
    wrapped,
)
from resnet_cli.draw.parts import Component, Node, Residual, Scene, Section, Unit, residual
from resnet_cli.draw.spacing import (
    BOX_GAP,
    BOX_HEIGHT,
    CIRCLE,
    FORK,
    FORK_GAP,
    FRAME_GAP,
    GUTTER,
    MARGIN,
    SHAPE_GAP,
    TERMINAL,
    gap_below,
)
from resnet_cli.draw.style import CIRCLES, Category
from resnet_cli.draw.valley import valley

PLAIN = Paper()

NOTE = 300.0
"""How wide a note may make a page; a longer one goes on in the next line."""


def arrange(scene: Scene, paper: Paper = PLAIN) -> Page:
    """Return the page of a scene: title, columns, legend. Raises `FigureError`: it has no room."""
    metrics = fit(scene)
    page = Page(0, 0, [], [], [], [])
    if paper.columns is None and (drawn := valley(scene, metrics.box)):
        width = 2 * MARGIN + drawn.left + drawn.right
        wide = max(width, 240, paper.room or 0)
        top = heading(page, scene.title, wide, paper)
        x = MARGIN + drawn.left + max((paper.room or 0) - width, 0) / 2
        Fragment(page).put(drawn, x, top, ((x, top),))
        bottom = top + drawn.height + BOX_GAP
        return finished(page, scene.categories(), scene.notes, width, bottom, paper)
    columns = break_columns(scene, metrics, paper)
    width = 2 * MARGIN + len(columns) * (metrics.width + GUTTER) - GUTTER
    top = heading(page, scene.title, max(width, 240, paper.room or 0), paper)
    bottom, before = top, None
    for index, sections in enumerate(columns):
        left = MARGIN + index * (metrics.width + GUTTER) + max((paper.room or 0) - width, 0) / 2
        column = _Column(page, metrics, left, top, before)
        column.draw(sections, is_picture=not scene.chained)
        before = column if scene.chained else None
        if before is None or sections is columns[-1]:
            column.leave()
        bottom = max(bottom, column.y + BOX_GAP)
    return finished(page, scene.categories(), scene.notes, width, bottom, paper)


def finished(
    page: Page,
    categories: set[Category],
    notes: Sequence[str],
    width: float,
    bottom: float,
    paper: Paper,
) -> Page:
    """Return the page with its legend, as wide as that and the title need, or as it is to be."""
    notes = notes if paper.legend else ()
    ends = (_end(label) for label in page.labels if label.style == "title")
    wide = (min(text_width(note, SIZES["shape"]), NOTE) for note in notes)
    width = max((width, paper.room or 0, *ends, *(2 * MARGIN + each for each in wide)))
    if paper.legend:
        bottom = _legend(page, categories, notes, width, bottom + 10)
    return paper.fitted(page._replace(width=width, height=bottom + MARGIN))


def heading(page: Page, title: str, width: float, paper: Paper) -> float:
    """Draw the title, on more lines if need be; return where the columns begin."""
    if not paper.title:
        return MARGIN
    lines = wrapped(title, SIZES["title"], width - 2 * MARGIN, bold=True)
    for index, line in enumerate(lines):
        page.labels.append(Label(MARGIN, MARGIN + 5 + 13 * index, line, "title", "left"))
    return MARGIN + 8 + 13 * len(lines)


def _end(label: Label) -> float:
    return label.x + text_width(label.text, SIZES[label.style], bold=True) + MARGIN


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
        self.way: tuple[Place, ...] = ()
        if before is not None:
            gutter, low = left - GUTTER / 2, before.y + BOX_GAP
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
        left, width = frame_of(section, self.metrics)
        self.page.clusters.append(Cluster(self.left + left, top, width, self.y - top))
        corner = (self.left + left + FRAME_GAP, top + 10)
        self.page.labels.append(Label(*corner, section.title, "stage", "left"))

    def _units(self, units: Iterable[Unit]) -> None:
        for unit in units:
            self._unit(unit)

    def _unit(self, unit: Unit) -> None:
        """Draw a unit's parts below each other, and a bracket where it stands for several."""
        first = len(self.page.boxes)
        self._series(unit.parts)
        if unit.parts and self.shape == "":
            self.shape = unit.output
        if unit.times > 1:
            top = self.page.boxes[first].y
            self._repeats(unit, top, self.y)

    def _series(self, series: Iterable[Component], gap: float | None = None) -> None:
        """Draw parts below each other, the first one `gap` below what is there if it is given."""
        before: Component | None = None
        for part in series:
            if isinstance(part, Node):
                above = gap_above(before, part)
                self._arrow_down(above if before or gap is None else gap)
                self._box(part)
            elif fork := residual(part):
                self._residual(fork)
            elif drawn := general(part, self.metrics.box, self.shape):
                self._general(drawn)
            before = part

    def _general(self, drawn: Fragment) -> None:
        """Put a fragment below what is there."""
        placed = Fragment(self.page)
        (self.way,) = placed.put(drawn, self.x, self.y, self.way)
        self.y += drawn.height
        self.shape = drawn.shape

    def _box(self, node: Node) -> None:
        metrics = self.metrics
        x, width = self.left + metrics.left, metrics.box
        box = Box(x, self.y, width, BOX_HEIGHT, node.category, node.path)
        self._put(box, node.text, "text")
        self.y += BOX_HEIGHT
        self.way = ((self.x, self.y),)
        self.shape = node.shape if gap_below(node) == SHAPE_GAP else ""

    def _put(self, box: Box, text: str, style: str) -> None:
        self.page.boxes.append(box)
        lines = text.split("\n")
        for index, line in enumerate(lines):
            y = box.y + box.height / 2 + (index - (len(lines) - 1) / 2) * SIZES[style] * 1.3
            middle = box.x + box.width / 2
            self.page.labels.append(Label(middle, y, line, style, category=box.category))

    def _arrow_down(self, gap: float) -> None:
        """Draw an arrow to `gap` below, the shape that it carries beside it."""
        if self.shape and self.way and gap >= SHAPE_GAP:
            self.page.labels.append(
                Label(self.x + 5, self.y + SHAPE_GAP / 2 - 1.5, self.shape, "shape", "left")
            )
        self.y += gap
        self.page.arrows.append(Arrow((*self.way, (self.x, self.y))))

    def _residual(self, fork: Residual) -> None:
        """Draw main path, shortcut and addition."""
        top = self.y + FORK_GAP
        start = top - FORK
        self._series(fork.main, FORK_GAP)
        self.shape = ""
        circle = max(self.y + BOX_GAP, start + side_height(fork))
        self._arrow_down(circle - self.y)
        middle = circle + CIRCLE / 2
        x, join = self.x - CIRCLE / 2, fork.join
        self.page.boxes.append(Box(x, circle, CIRCLE, CIRCLE, join.category, join.path))
        self._shortcut(fork, start, middle)
        self.y = circle + CIRCLE
        self.way, self.shape = ((self.x, self.y),), fork.join.shape

    def _shortcut(self, fork: Residual, start: float, end: float) -> None:
        """Draw the arc from the fork around the main path to the circle, its boxes on the way."""
        line = self.left + self.metrics.line
        way: tuple[Place, ...] = ((self.x, start), (line, start))
        if not fork.shortcut:
            middle = (start + end) / 2
            self.page.labels.append(Label(line, middle, "identity", "shape"))
            self.page.arrows.append(Arrow((*way, (line, middle - 6)), head=False))
            way = ((line, middle + 6),)
        else:
            inside = sum(side_box_height(node) + BOX_GAP for node in fork.shortcut) - BOX_GAP
            y, side = (start + end - inside) / 2, self.metrics.side
            for node in fork.shortcut:
                self.page.arrows.append(Arrow((*way, (line, y))))
                x, height = line - side / 2, side_box_height(node)
                box = Box(x, y, side, height, node.category, node.path)
                self._put(box, two_lines(node.text), "shape")
                y += box.height
                way = ((line, y),)
                y += BOX_GAP
        self.page.arrows.append(Arrow((*way, (line, end), (self.x + CIRCLE / 2, end))))

    def _repeats(self, unit: Unit, top: float, end: float) -> None:
        """Draw a bracket on the left of a unit that stands for several."""
        width = self.metrics.box
        drawn = (general(part, width) for part in unit.parts)
        beyond = max((found.left - width / 2 for found in drawn if found), default=0.0)
        left = self.left + self.metrics.left - max(beyond, 0.0)
        bracket(Fragment(self.page), left, top, end, unit.repeats)


def _legend(
    page: Page, categories: set[Category], notes: Sequence[str], width: float, top: float
) -> float:
    """Draw a sample of each category of box with its name; return where the legend ends."""
    x, y = MARGIN, top
    for category in (each for each in Category if each in categories):
        size = 10.0 if category in CIRCLES else 14.0
        space = size + 4 + text_width(category, SIZES["shape"]) + 12
        if x > MARGIN and x + space - 12 > width - MARGIN:
            x, y = MARGIN, y + 14
        page.boxes.append(Box(x, y, size, 10, category))
        page.labels.append(Label(x + size + 4, y + 5, category, "shape", "left"))
        x += space
    y += 10
    space = width - 2 * MARGIN
    lines = [line for note in notes for line in wrapped(note, SIZES["shape"], space)]
    for index, line in enumerate(lines):
        page.labels.append(Label(MARGIN, y + 11 + 10 * index, line, "shape", "left"))
    return y + 6 + 10 * len(lines) if lines else y
