"""The arithmetic behind what an operation multiplies, from the shapes that come in."""

from collections.abc import Sequence
from itertools import chain, groupby
from typing import TYPE_CHECKING

from resnet_cli.graph.filters import ConvFunction, ConvTransposeFunction, LinearFunction
from resnet_cli.graph.kinds import Kind, Shape
from resnet_cli.graph.matmul import Attention, Einsum, MatMul, MultiheadAttention

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size


def product(kind: Kind, shapes: Sequence[Shape], out: Shape) -> str:
    """Return how an operation's MACs come about; nothing where it has no formula here."""
    match kind:
        case ConvFunction():
            return f"{_times(out)} * {_times(shapes[1][1:])}"
        case ConvTransposeFunction():
            return f"{_times(shapes[0])} * {_times(shapes[1][1:])}"
        case LinearFunction():
            return f"{_times(out)} * {shapes[0][-1]}"
        case MatMul():
            return f"{_times(out)} * {shapes[-2][-1]}"
        case Einsum(equation):
            letters = equation.split("->")[0].replace(",", "")
            sizes = dict(zip(letters, chain.from_iterable(shapes), strict=True))
            return _times([*sizes.values()])
        case Attention():
            query, key, value = shapes[:3]
            return f"{_times((*query[:-1], key[-2]))} * ({query[-1]} + {value[-1]})"
        case MultiheadAttention(width, batch_first=first):
            batch, length = shapes[0][:2] if first else shapes[0][1::-1]
            source = shapes[1][1 if first else 0]
            both = f"2*({length} + {source})*{width} + 2*{length}*{source}"
            return f"{_times((batch, width))} * ({both})"
    return ""


def products(formulas: Sequence[str]) -> str:
    """Return the formula of several calls together, equal neighbours once; nothing if one has none.

    A single one stands as it is.
    """
    if not all(formulas):
        return ""
    if len(formulas) == 1:
        return formulas[0]
    runs = ((formula, len([*run])) for formula, run in groupby(formulas))
    return " + ".join(f"{n}*({formula})" if n > 1 else f"({formula})" for formula, n in runs)


def _times(sizes: "Sequence[Size]") -> str:
    """Write a product, without the ones that stand before it."""
    first = next((place for place, size in enumerate(sizes) if size != 1), len(sizes))
    return "*".join(map(str, sizes[first:])) or "1"
