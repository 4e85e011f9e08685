"""A page as SVG: a file of its own, or a figure inside of an HTML page.

Both are the same elements with classes, and `style` says what boxes and texts look like. The
colours of ink, lines and ground are the file's own, and in an HTML page those of its style sheet.
"""

from collections.abc import Callable, Iterator
from html import escape
from typing import NamedTuple

from resnet_cli.draw.page import BOLD, FONTS, SIZES, Arrow, Box, Label, Page, Place, toward
from resnet_cli.draw.sized import Sized
from resnet_cli.draw.style import CIRCLES, DASHES, EDGE, FAINT, GROUND, INK, LINE, TINTS, Category
from resnet_cli.graph.kinds import Shape
from resnet_cli.text import printable

MIDDLE = 0.36
"""From a text's middle height down to its baseline, in ems: renderers differ in what they centre
by themselves."""

HEAD = (5.0, 2.2)
"""The length of an arrow's head, and half of its width."""

OF_A_FILE = f"""\
.figure text {{ fill: {INK}; font-family: {FONTS}; }}
.ground {{ fill: #fff; }}
.frames rect {{ fill: {GROUND}; stroke: {EDGE}; stroke-width: 0.6; }}
.lines, .sign {{ fill: none; stroke: {LINE}; stroke-width: 0.9; }}
.heads {{ fill: {LINE}; }}
.faint {{ fill: none; stroke: {FAINT}; stroke-width: 0.5; }}
"""


class Bound(NamedTuple):
    """What gives the attributes of a module's boxes by its path, and of a shape with names."""

    box: Callable[[str], str]
    shape: Callable[[Shape], str]


UNBOUND = Bound(lambda _: "", lambda _: "")


def to_file(page: Page, title: str, command: str) -> str:
    """Return the SVG file of a page; `command` is what made it."""
    width, height = (f"{page.scale * side:.6g}pt" for side in page[:2])
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" class="figure" role="img" width="{width}" '
        f'height="{height}" {_box_of(page)}>\n'
        f"<title>{_text(title)}</title>\n<desc>{_text(command)}</desc>\n"
        # Behind the own rules, so that text which stands in a box has the box's colour.
        f"<style>\n{OF_A_FILE}{style(page)}</style>\n"
        f'<rect class="ground" width="{_n(page.width)}" height="{_n(page.height)}"/>\n'
        f"{_elements(page, UNBOUND)}\n</svg>\n"
    )


def to_svg(page: Page, title: str, bound: Bound) -> str:
    """Return the SVG of a page to stand in HTML that has `style` among its rules."""
    return (
        f'<svg class="figure" role="img" aria-label="{_text(title)}" width="{_n(page.width)}pt" '
        f"{_box_of(page)}>{_elements(page, bound)}</svg>"
    )


def style(page: Page) -> str:
    """Return the rules for the texts and boxes of a page."""
    used = {box.category for box in page.boxes}
    rules = [
        ".figure text { text-anchor: middle; }",
        ".figure .left { text-anchor: start; } .figure .right { text-anchor: end; }",
        f".figure .box {{ stroke: {LINE}; stroke-width: 0.8; }}",
    ]
    for name, size in SIZES.items():
        weight = " font-weight: bold;" if name in BOLD else ""
        rules.append(f".figure .{name} {{ font-size: {size:g}px;{weight} }}")
    for category, tint in TINTS.items():
        if category in used:
            name, dash = category.name.lower(), DASHES[tint.line]
            dashed = f" stroke-dasharray: {dash};" if dash else ""
            rules.append(f".figure .{name} {{ fill: {tint.fill};{dashed} }}")
            rules.append(f".figure .on-{name} {{ fill: {tint.text}; }}")
    return "\n".join([*rules, ""])


def _box_of(page: Page) -> str:
    return f'viewBox="0 0 {_n(page.width)} {_n(page.height)}"'


def _elements(page: Page, bound: Bound) -> str:
    frames = "".join(
        f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" rx="5"/>'
        for x, y, width, height in page.clusters
    )
    lines = "".join(_way(arrow) for arrow in page.arrows if not arrow.faint)
    faint = "".join(_way(arrow) for arrow in page.arrows if arrow.faint)
    heads = "".join(_head(*arrow.points[-2:]) for arrow in page.arrows if arrow.head)
    return "\n".join(
        (
            f'<g class="frames">{frames}</g>',
            *([f'<path class="faint" d="{faint}"/>'] if faint else ()),
            f'<path class="lines" d="{lines}"/><path class="heads" d="{heads}"/>',
            *(_box(box, bound) for box in page.boxes),
            *(_label(label, bound) for label in page.labels),
        )
    )


def _way(arrow: Arrow) -> str:
    """Return the line of an arrow with round corners, up to the middle of its head."""
    *points, end = arrow.points
    if arrow.head:
        end = _before(points[-1], end, HEAD[0] / 2)
    points.append(end)
    parts = [f"M{_at(points[0])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        parts.append(f"L{_at(toward(corner, before))}")
        parts.append(f"Q{_at(corner)} {_at(toward(corner, after))}")
    return "".join([*parts, f"L{_at(points[-1])}"])


def _before(start: Place, end: Place, length: float) -> Place:
    """Return the place so far before the end of a line, which runs across or down."""
    (x, y), (dx, dy) = end, (end[0] - start[0], end[1] - start[1])
    whole = abs(dx) + abs(dy)
    return (x - length * dx / whole, y - length * dy / whole) if whole else end


def _head(start: Place, end: Place) -> str:
    """Return the head of an arrow: a triangle whose tip is the end."""
    length, half = HEAD
    x, y = _before(start, end, length)
    dx, dy = (half, 0.0) if start[0] == end[0] else (0.0, half)
    return f"M{_at(end)}L{_at((x - dx, y - dy))}L{_at((x + dx, y + dy))}Z"


def _box(box: Box, bound: Bound) -> str:
    path = bound.box(box.path) if box.path else ""
    name = f'class="box {box.category.name.lower()}"{path}'
    x, y, width, height = map(_n, box[:4])
    if box.category not in CIRCLES:
        corner = f'x="{x}" y="{y}" width="{width}" height="{height}" rx="{_n(box.rounding)}"'
        return f"<rect {name} {corner}/>"
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
    y = label.y + MIDDLE * SIZES[label.style]
    return (
        f'<text class="{" ".join(names)}" x="{_n(label.x)}" y="{_n(y)}"{more}>'
        f"{_text(label.text)}</text>"
    )


def _text(text: str) -> str:
    return escape(printable(text))


def _at(place: Place) -> str:
    return f"{_n(place[0])} {_n(place[1])}"


def _n(value: float) -> str:
    """Write a length to a tenth of a point."""
    return f"{round(value, 1):g}"
