"""A page as SVG inside of an HTML page: classes for its style sheet, and no style of its own.

Who asks for it says what a box and a shape bear. Their colours stand in `show/page/page.css`.
"""

from collections.abc import Callable, Iterator
from html import escape
from typing import NamedTuple

from resnet_cli.draw.page import Arrow, Box, Label, Page, Place, toward
from resnet_cli.draw.sized import Sized
from resnet_cli.draw.style import CIRCLES, Category
from resnet_cli.graph.kinds import Shape
from resnet_cli.text import printable

HEAD = (
    '<defs><marker id="head" viewBox="0 0 4 4" refX="3.6" refY="2" markerWidth="5" '
    'markerHeight="5" orient="auto"><path d="M0 .2 4 2 0 3.8Z"/></marker></defs>'
)


class Bound(NamedTuple):
    """What gives the attributes of a module's boxes by its path, and of a shape with names."""

    box: Callable[[str], str]
    shape: Callable[[Shape], str]


def to_svg(page: Page, title: str, bound: Bound) -> str:
    """Return the SVG of a page."""
    lines = {True: "", False: ""}
    for arrow in page.arrows:
        lines[arrow.head] += f'<path d="{_way(arrow)}"/>'
    frames = "".join(
        f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" rx="5"/>'
        for x, y, width, height in page.frames
    )
    return (
        f'<svg class="figure" role="img" aria-label="{escape(printable(title))}" '
        f'width="{_n(page.width)}pt" viewBox="0 0 {_n(page.width)} {_n(page.height)}">{HEAD}'
        f'<g class="frames">{frames}</g>'
        f'<g class="lines">{lines[False]}</g><g class="arrows">{lines[True]}</g>'
        f"{''.join(_box(box, bound) for box in page.boxes)}"
        f"{''.join(_label(label, bound) for label in page.labels)}</svg>"
    )


def _way(arrow: Arrow) -> str:
    """Return the line of an arrow with round corners."""
    points = arrow.points
    parts = [f"M{_at(points[0])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        parts.append(f"L{_at(toward(corner, before))}")
        parts.append(f"Q{_at(corner)} {_at(toward(corner, after))}")
    return "".join([*parts, f"L{_at(points[-1])}"])


def _box(box: Box, bound: Bound) -> str:
    path = bound.box(box.path) if box.path else ""
    name = f'class="box {box.category.name.lower()}"{path}'
    x, y, width, height = map(_n, box[:4])
    if box.category not in CIRCLES:
        return f'<rect {name} x="{x}" y="{y}" width="{width}" height="{height}" rx="2.5"/>'
    middle, radius = (box.x + box.width / 2, box.y + box.height / 2), box.width / 2
    circle = f'<circle {name} cx="{_n(middle[0])}" cy="{_n(middle[1])}" r="{_n(radius)}"/>'
    return f'{circle}<path class="sign" d="{"".join(_sign(box, middle, 0.55 * radius))}"/>'


def _sign(box: Box, middle: Place, arm: float) -> Iterator[str]:
    """Give the two lines of a plus, or of a cross."""
    is_cross = box.category is Category.MULTIPLY
    for x, y in ((0.7, 0.7), (0.7, -0.7)) if is_cross else ((1, 0), (0, 1)):
        dx, dy = arm * x, arm * y
        ends = ((middle[0] - dx, middle[1] - dy), (middle[0] + dx, middle[1] + dy))
        yield "M{}L{}".format(*map(_at, ends))


def _label(label: Label, bound: Bound) -> str:
    names = [label.style, *([label.align] if label.align != "center" else [])]
    names += [f"on-{label.category.name.lower()}"] if label.category else []
    more = bound.shape(label.text.shape) if isinstance(label.text, Sized) else ""
    return (
        f'<text class="{" ".join(names)}" x="{_n(label.x)}" y="{_n(label.y)}"{more}>'
        f"{escape(printable(label.text))}</text>"
    )


def _at(place: Place) -> str:
    return f"{_n(place[0])} {_n(place[1])}"


def _n(value: float) -> str:
    """Write a length to a tenth of a point."""
    return f"{round(value, 1):g}"
