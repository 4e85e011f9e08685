"""A layer's numbers and how they come about, and how people read that."""

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size
    from resnet_cli.graph.kinds import Shape


class Quantity(NamedTuple):
    """One number of a layer: its name, how it comes about, and what the table says."""

    name: str
    formula: str
    value: "Size | Shape | None"


class Explanation(NamedTuple):
    """A layer's numbers; `text` says in words what the layer is."""

    path: str
    role: str
    type: str
    text: str
    quantities: tuple[Quantity, ...]


def pretty(formula: str) -> str:
    """Return a formula with the multiplication dot, minus sign and roundings of print."""
    signs = formula.replace("*", "\N{MIDDLE DOT}").replace("-", "\N{MINUS SIGN}")
    shown: list[str] = []
    closing: list[str] = []
    for part in re.split(r"((?:ceil|floor)?\(|\))", signs):
        if part in _OPENING:
            opening, closes = _OPENING[part]
            closing.append(closes)
            shown.append(opening)
        else:
            # A page writes a formula in pieces: what closes may have been opened before.
            shown.append(closing.pop() if part == ")" and closing else part)
    return "".join(shown)


_OPENING = {
    "(": ("(", ")"),
    "ceil(": ("\N{LEFT CEILING}", "\N{RIGHT CEILING}"),
    "floor(": ("\N{LEFT FLOOR}", "\N{RIGHT FLOOR}"),
}
