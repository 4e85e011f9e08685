"""Sizes that a network's own code works out from the sizes of its tensors.

`x.view(x.shape[0], -1)` has a size that is no number of the network's: it is read off a tensor
of the run. So an attribute of a kind may be a formula over the shapes of the operation's own
inputs, and `value` gives what it is for these shapes, be they of numbers or of names.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from resnet_cli.graph.kinds import kind

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size
    from resnet_cli.graph.graph import Value
    from resnet_cli.graph.kinds import Shape


@kind
class Read(NamedTuple):
    """The size of a tensor along an axis.

    `of` is the position among an operation's inputs and what it reads beside them or, where no
    operation is meant, the value itself.
    """

    of: "int | Value"
    axis: int


@kind
class Calc(NamedTuple):
    """Two formulas with a sign between them: `+`, `-`, `*`, `//` or `%`."""

    sign: str
    left: "Formula"
    right: "Formula"


Formula: TypeAlias = int | Read | Calc

SIGNS: Mapping[str, "Callable[[Any, Any], Any]"] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": lambda left, right: left - left // right * right,
}


def value(formula: Formula, shapes: "Sequence[Shape] | Callable[[Any], Shape]") -> "Size":
    """Return a formula's value where the operation takes, and reads, these shapes.

    A function gives the shape of what `Read.of` names.
    """
    match formula:
        case Read(of, axis):
            return shapes(of)[axis] if callable(shapes) else shapes[of][axis]  # type: ignore[index]
        case Calc(sign, left, right):
            result: Size = SIGNS[sign](value(left, shapes), value(right, shapes))
            return result
    return formula


def replaced(given: Any, place: "Callable[[Read], Formula]") -> Any:
    """Return an attribute of a kind with each size that it reads put somewhere else."""
    match given:
        case Read():
            return place(given)
        case Calc(sign, left, right):
            return Calc(sign, replaced(left, place), replaced(right, place))
        case tuple():
            parts = [replaced(part, place) for part in given]
            return type(given)(*parts) if hasattr(given, "_fields") else tuple(parts)
    return given
