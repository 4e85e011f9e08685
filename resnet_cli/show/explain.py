"""Rich renderables of `explain`: the arithmetic as people read it."""

from collections.abc import Sequence

from rich.segment import Segment, Segments
from rich.style import Style

from resnet_cli.analysis.explanation import Explanation, pretty
from resnet_cli.text import Look, human_text, printable

LABEL = 9
"""The widest quantity's name, and a space."""


def arithmetic(explanations: Sequence[Explanation], notes: Sequence[str], look: Look) -> Segments:
    """Return a headline a layer and a line a quantity, broken at spaces to fit the look.

    Thousands of short lines: segments render in a tenth of the time of a `Text`.
    """
    strong, dim, shown = Style.parse("bold cyan"), Style.parse("dim"), []
    for number, (path, _, _, text, quantities) in enumerate(explanations):
        shown += [Segment("\n" if number else ""), Segment(path, strong), Segment(f"  {text}\n")]
        for name, formula, value in quantities:
            line = "global" if value is None else human_text(value, ascii_only=look.ascii)
            line = f"{formula} = {line}" if formula else line
            line = line if look.ascii else pretty(line)
            shown += [Segment(f"  {name:<{LABEL}}", dim), Segment(f"{_broken(line, look)}\n")]
    if notes:
        shown += [Segment("\n"), *(Segment(f"{printable(note)}\n", dim) for note in notes)]
    return Segments(shown)


def _broken(line: str, look: Look) -> str:
    """Return a quantity's line with breaks where the look is narrower."""
    if look.width is None or len(line) + LABEL + 2 <= look.width:
        return line
    from textwrap import wrap

    lines = wrap(line, max(look.width - LABEL - 2, 1), break_long_words=False)
    return ("\n" + " " * (LABEL + 2)).join(lines)
