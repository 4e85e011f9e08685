"""Rich renderables of `explain`: the arithmetic as people read it."""

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.segment import Segment, Segments
from rich.style import Style

from resnet_cli.analysis.explain_layers import LEGEND
from resnet_cli.analysis.summary import label
from resnet_cli.show.lesson import Points, at, steps
from resnet_cli.text import Look, broken, human_text, printable

if TYPE_CHECKING:
    from resnet_cli.analysis.explanation import Explanation

LABEL = 9
"""The widest quantity's name, and a space."""


def arithmetic(
    explanations: "Sequence[Explanation]",
    notes: Sequence[str],
    look: Look,
    points: Points = (),
) -> Segments:
    """Return a headline a layer and a line a quantity, broken at spaces to fit the look.

    Thousands of short lines: segments render in a tenth of the time of a `Text`.
    """
    strong, dim, shown = Style.parse("bold cyan"), Style.parse("dim"), []
    for number, each in enumerate(explanations):
        shown += [Segment("\n" if number else ""), Segment(each.path, strong)]
        shown.append(Segment(f"  {each.text}\n"))
        for name, line in _lines(each, look, points):
            shown += [Segment(f"  {name:<{LABEL}}", dim), Segment(f"{_broken(line, look)}\n")]
    if any(each.sees for each in explanations):
        legend = broken(LEGEND, look.prose)
        shown.append(Segment(f"\n{legend}\n", dim))
    if notes:
        said = broken("\n".join(map(printable, notes)), look.width)
        shown.append(Segment(f"\n{said}\n", dim))
    return Segments(shown)


def _lines(each: "Explanation", look: Look, points: Points) -> Iterator[tuple[str, str]]:
    """Give each line below a headline, behind its label."""
    if each.input_shape and each.output_shape:
        arrow = " -> " if look.ascii else " \N{RIGHTWARDS ARROW} "
        shapes = (each.input_shape, each.output_shape)
        yield "shapes", arrow.join(human_text(shape, ascii_only=look.ascii) for shape in shapes)
        for sizes in points:
            there = (human_text(at(shape, sizes)) for shape in shapes)
            yield "", f"{arrow.join(there)} at {label(sizes)}"
    for quantity in (*each.channels, *each.quantities):
        yield quantity.name, " = ".join(steps(quantity, points, ascii_only=look.ascii))
    if each.sees:
        yield "sees", each.sees


def _broken(line: str, look: Look) -> str:
    """Return a quantity's line with breaks where the look is narrower, at equal signs if it can."""
    room = None if look.width is None else max(look.width - LABEL - 2, 1)
    if room is None or len(line) <= room:
        return line
    lines: list[str] = []
    first, *others = line.split(" = ")
    for step in (first, *(f"= {other}" for other in others)):
        if lines and len(lines[-1]) + 1 + len(step) <= room:
            lines[-1] += f" {step}"
        else:
            lines += wrap(step, room, break_long_words=False, break_on_hyphens=False)
    return ("\n" + " " * (LABEL + 2)).join(lines)
