"""A layer's numbers and how they come about, and how people read that."""

import re
from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.text import factor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from resnet_cli.graph.dims import Size
    from resnet_cli.graph.kinds import Shape


class Quantity(NamedTuple):
    """One number of a layer: how it comes about, and what the table says.

    The `rule` has names, as in `H_out = floor((H + 2*p - k)/s) + 1`, and the `formula` the numbers
    for them. Of a sum `parts` are the layers that it adds up, in the formula's order. A `note` says
    in words where it is from.
    """

    name: str
    formula: str
    value: "Size | Shape | None"
    rule: str = ""
    parts: tuple[str, ...] = ()
    note: str = ""


class Explanation(NamedTuple):
    """A layer's numbers; `text` says in words what the layer is.

    `channels` are those that it takes and gives, where its weights decide on them; `sees` is in
    words what one element that it gives sees.
    """

    path: str
    role: str
    type: str
    text: str
    input_shape: "Shape"
    output_shape: "Shape"
    channels: tuple[Quantity, ...]
    quantities: tuple[Quantity, ...]
    sees: str = ""


def ruled(
    name: str,
    rule: str,
    numbers: "Mapping[str, Size | None]",
    value: "Size | Shape | None",
    note: str = "",
) -> Quantity:
    """Return a quantity whose formula is its rule, behind its own name, with the numbers put in."""

    def number(found: re.Match[str]) -> str:
        return factor(numbers[found[0]]) if found[0] in numbers else found[0]

    formula = re.sub(r"[A-Za-z_]\w*(?:\[\d+\])?", number, rule.rpartition(" = ")[2])
    return Quantity(name, formula, value, rule, note=note)


class Signs(NamedTuple):
    """How a formula is written."""

    times: str
    minus: str
    floor: tuple[str, str]
    ceil: tuple[str, str]
    thousands: str
    name: "Callable[[str], str]"


_PARTS = re.compile(
    r"((?:ceil|floor)?\(|\)|[*-]|\b\d{4,}\b|(?<!\d)[A-Za-z_]\w*?(?=(?:ceil|floor)\(|\W|$))"
)

PRINT = Signs(
    "\N{MIDDLE DOT}",
    "\N{MINUS SIGN}",
    ("\N{LEFT FLOOR}", "\N{RIGHT FLOOR}"),
    ("\N{LEFT CEILING}", "\N{RIGHT CEILING}"),
    ",",
    str,
)


def pretty(formula: str, signs: Signs = PRINT) -> str:
    """Return a formula with the multiplication dot, minus sign and roundings of print.

    A number stands before a rule's letter as in `2p`, and an exact division is a fraction.
    """
    opening = {"(": ("(", ")"), "ceil(": signs.ceil, "floor(": signs.floor}
    text = re.sub(r"(?<=[ (]\d)\*(?=[a-z]\b)", "", formula.replace(" // ", "/"))
    shown: list[str] = []
    closing: list[str] = []
    for part in _PARTS.split(text):
        if part in opening:
            begin, end = opening[part]
            closing.append(end)
            shown.append(begin)
        elif part == ")" and closing:
            shown.append(closing.pop())
        elif part.isdecimal():
            shown.append(f"{int(part):,}".replace(",", signs.thousands))
        elif part.isidentifier():
            shown.append(signs.name(part))
        else:
            shown.append({"*": signs.times, "-": signs.minus}.get(part, part))
    return "".join(shown)
