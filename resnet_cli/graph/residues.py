"""What a formula of one name does: on every class of sizes with the same remainder it is a line.

`floor((H + a) / s)` grows by one each s sizes, so a sum of such floors grows by the same amount
each period, the least common multiple of their divisors. Two points a class say all of it, for
every size from one on; no algebra is needed.
"""

from math import gcd, lcm
from typing import NamedTuple

from resnet_cli.errors import SymbolError
from resnet_cli.graph.dims import Atom, Dim, Size

MOST = 8192
"""The longest period that is looked at."""


class Classes(NamedTuple):
    """A formula of one name: for each size from 1 to the period its value, and the growth."""

    name: str
    period: int
    values: tuple[int, ...]
    growth: int


def classes(dim: Dim) -> Classes | None:
    """Return a formula's classes; None with several names, products, or too long a period."""
    names = dim.names
    if len(names) != 1 or any(len(atoms) > 1 for atoms, _ in dim.terms):
        return None
    period = _period(dim)
    if period > MOST:
        return None
    name = names[0]
    values = tuple(dim.at({name: size}) for size in range(1, period + 1))
    return Classes(name, period, values, dim.at({name: 1 + period}) - values[0])


def _period(dim: Dim) -> int:
    return lcm(*(period_of(atom) for atoms, _ in dim.terms for atom in atoms))


def period_of(atom: Atom) -> int:
    """Return after how many sizes a floor has grown by a whole number, and so all it is made of."""
    if not atom.inner:
        return atom.divisor
    inner = Dim(atom.inner)
    period, (name,) = _period(inner), inner.names
    growth = inner.at({name: period}) - inner.at({name: 0})
    return period * atom.divisor // gcd(growth, atom.divisor)


def never_less(one: Size, other: Size) -> bool:
    """Say whether a size is at least another one whatever the names are, where that can be said."""
    more = one - other
    if isinstance(more, int):
        return more >= 0
    found = classes(more)
    if found is not None:
        return found.growth >= 0 and min(found.values) >= 0
    grows = all(count > 0 for atoms, count in more.terms if atoms)
    return grows and more.at(dict.fromkeys(more.names, 1)) >= 0


def smaller(one: Size, other: Size) -> Size:
    """Return the smaller of two sizes. Raises `SymbolError` where that depends on the names."""
    if never_less(other, one):
        return one
    if never_less(one, other):
        return other
    raise SymbolError(f"the smaller of {one} and {other} has no closed form here")
