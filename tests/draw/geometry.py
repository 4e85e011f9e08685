"""What overlaps on a page: boxes, labels, arrows and frames as rectangles."""

from itertools import combinations, pairwise

from resnet_cli.draw.page import BOLD, SIZES, text_width

FINE = 10
"""Pixels a point at which texts are measured: extents are whole pixels."""


def extents(page):
    """Return each label's rectangle as matplotlib measures it, in the page's own points."""
    from matplotlib.backends.backend_agg import RendererAgg

    from resnet_cli.draw.paint import paint
    from resnet_cli.draw.paint import settings as figure_settings

    with figure_settings():
        figure = paint(page)
        figure.set_dpi(72 * FINE)
        renderer = RendererAgg(1, 1, 72 * FINE)
        for text in figure.texts:
            box = text.get_window_extent(renderer)
            x0, y0, x1, y1 = (value / FINE for value in box.extents)
            yield x0, page.height - y1, x1, page.height - y0


def estimates(page):
    for label in page.labels:
        size = SIZES[label.style]
        width = text_width(label.text, size, bold=label.style in BOLD)
        x = label.x - {"left": 0, "center": width / 2, "right": width}[label.align]
        yield x, label.y - size / 2, x + width, label.y + size / 2


def rectangles(boxes):
    return [(box.x, box.y, box.x + box.width, box.y + box.height) for box in boxes]


def overlap(one, other, slack=0.01):
    return (
        one[0] < other[2] - slack
        and other[0] < one[2] - slack
        and one[1] < other[3] - slack
        and other[1] < one[3] - slack
    )


def lines(page):
    """Give each straight part of each arrow as a rectangle without a width."""
    for arrow in page.arrows:
        for (x0, y0), (x1, y1) in pairwise(arrow.points):
            yield min(x0, x1) - 0.1, min(y0, y1) - 0.1, max(x0, x1) + 0.1, max(y0, y1) + 0.1


def clashes(page, labels):
    """Return what overlaps: boxes and labels pairwise, arrows with both, anything with the edge."""
    boxes, drawn = rectangles(page.boxes), list(lines(page))
    framed = rectangles(page.clusters)
    free = [
        rectangle
        for rectangle, label in zip(labels, page.labels, strict=True)
        if label.category is None
    ]
    found = [pair for pair in combinations(boxes, 2) if overlap(*pair)]
    found += [pair for pair in combinations(labels, 2) if overlap(*pair)]
    found += [pair for pair in combinations(framed, 2) if overlap(*pair)]
    found += [(a, b) for a in free for b in [*boxes, *drawn] if overlap(a, b)]
    # An arrow touches a box where it begins and ends, and there only.
    found += [(a, b) for a in drawn for b in boxes if overlap(a, b, 0.15)]
    found += [
        (0, 0, page.width, page.height, rectangle)
        for rectangle in [*boxes, *labels, *drawn, *framed]
        if rectangle[0] < 0
        or rectangle[1] < 0
        or rectangle[2] > page.width
        or rectangle[3] > page.height
    ]
    return found


def overlapping_neighbours(page):
    """Check a huge page by bands of height, or the pairs would be millions."""
    found = []
    for drawn in (rectangles(page.boxes), list(estimates(page))):
        ordered = sorted(drawn, key=lambda r: r[1])
        for index, one in enumerate(ordered):
            for other in ordered[index + 1 :]:
                if other[1] >= one[3]:
                    break
                if overlap(one, other):
                    found.append((one, other))
    return found


def loose_ends(page):
    """Return the ends of arrows that touch no box, no other arrow and no shape of the figure's."""
    found = []
    for arrow in page.arrows:
        others = [each for each in page.arrows if each is not arrow]
        for end in (arrow.points[0], arrow.points[-1]):
            boxes = ((box.x, box.y, box.x + box.width, box.y + box.height) for box in page.boxes)
            parts = ((*a, *b) for each in others for a, b in pairwise(each.points))
            shapes = (_around(label) for label in page.labels if label.text.startswith("1x"))
            names = (_around(label) for label in page.labels if label.text == "identity")
            if not any(_touches(end, each) for each in (*boxes, *parts, *shapes, *names)):
                found.append((end, arrow))
    return found


def _around(label):
    return label.x - 30, label.y - 9, label.x + 30, label.y + 9


def _touches(point, rectangle):
    (x, y), (x0, y0, x1, y1) = point, rectangle
    return (
        min(x0, x1) - 0.2 <= x <= max(x0, x1) + 0.2 and min(y0, y1) - 0.2 <= y <= max(y0, y1) + 0.2
    )
