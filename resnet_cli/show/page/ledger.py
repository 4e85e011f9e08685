"""Formulas as tables of numbers, which a page only multiplies and adds.

An atom is a name, or earlier atoms times numbers, plus a constant, floored by a divisor; a
monomial multiplies atoms; a sum adds monomials times coefficients. What a page shows is a sum by
its number, or the largest of several.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from resnet_cli.graph.dims import Atom, Dim, Monomial

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size

SAFE = 2**53
"""From here on a number is text: JavaScript would round it."""


class Ledger:
    """The formulas of a page, each once, by their numbers."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = [*names]
        self.atoms: dict[Atom, int] = {}
        self.monomials: dict[Monomial, int] = {}
        self.sums: dict[Size, int] = {}
        self.tables: dict[str, list[list[object]]] = {"atoms": [], "monomials": [], "sums": []}

    def sum(self, size: "Size") -> int:
        """Return the number of a formula."""
        if size not in self.sums:
            terms = size.terms if isinstance(size, Dim) else (((), size),)
            row: list[object] = [
                part for atoms, count in terms for part in (self._monomial(atoms), _safe(count))
            ]
            self.tables["sums"].append(row)
            self.sums[size] = len(self.sums)
        return self.sums[size]

    def all(self, sizes: "Iterable[Size]") -> list[int]:
        """Return the numbers of several formulas."""
        return [*map(self.sum, sizes)]

    def to_dict(self) -> Mapping[str, object]:
        """Return all tables."""
        return {"names": self.names, **self.tables}

    def _monomial(self, atoms: Monomial) -> int:
        if atoms not in self.monomials:
            self.tables["monomials"].append([*map(self._atom, atoms)])
            self.monomials[atoms] = len(self.monomials)
        return self.monomials[atoms]

    def _atom(self, atom: Atom) -> int:
        if atom not in self.atoms:
            over: object = self.names.index(atom.name) if not atom.inner else self._inner(atom)
            self.tables["atoms"].append([over, atom.add, atom.divisor])
            self.atoms[atom] = len(self.atoms)
        return self.atoms[atom]

    def _inner(self, atom: Atom) -> list[int]:
        """Return what is divided where it is a sum: pairs of an earlier atom and its number."""
        return [part for (one,), count in atom.inner for part in (self._atom(one), count)]


def _safe(count: int) -> int | str:
    return count if abs(count) < SAFE else str(count)
