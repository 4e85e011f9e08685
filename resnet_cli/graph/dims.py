"""Sizes with names in them: exact closed forms for inputs such as `Nx3xHxW`.

A sliding window keeps a size in the form `floor((H + a) / s) + c`, and every count of a
network is made of sums and products of those. So a `Dim` is a polynomial with integer
coefficients over such floors, kept in one canonical form: `0 <= a < s`, terms sorted, none
zero; what has no name left is an `int` again. Two equal formulas of windows are equal values.

Where a map was made larger before (`2*floor(H/2)`) a window stands over a sum: a floor within
a floor. It is a multiple of one floor, or several of one name, with coefficients from 1 to
s - 1 that share no factor with s, and is kept only where no rule makes it simpler:
floor((g*x + a) / (g*s)) is floor((x + floor(a/g)) / s), floors of floors are floors, and
floor(-x / s) is -ceil(x / s). Two of these may be equal in value and not in form: `residues.py`
decides that.

`str` writes a formula as the machine formats have it:

    formula = ["-"] term { (" + " | " - ") term }
    term    = factor { "*" factor }
    factor  = integer | name | rounded | "(" formula ")"
    rounded = ("ceil(" | "floor(") over "/" integer ")"
    over    = name | term | "(" formula ")"

which is Python as well, with `math.ceil` and `math.floor`. `format(dim, ",")` writes it for
people: `N·(117,600·⌈H/2⌉·⌈W/2⌉ + 5,120)`. Nothing here is imported until a name is given.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import gcd, prod
from typing import Any, NamedTuple, TypeAlias

from resnet_cli.errors import SymbolError

Size: TypeAlias = "int | Dim"


class Atom(NamedTuple):
    """`floor((name + add) / divisor)`; `axis` only orders the factors: N before H before W.

    With `inner` terms it is their sum that is divided, and the name is how that is written.
    """

    divisor: int
    axis: int
    name: str
    add: int
    inner: "Terms" = ()

    def at(self, sizes: Mapping[str, int]) -> int:
        """Return its value at these sizes."""
        over = Dim(self.inner).at(sizes) if self.inner else sizes[self.name]
        return (over + self.add) // self.divisor

    @property
    def names(self) -> tuple[str, ...]:
        """The names in it."""
        return Dim(self.inner).names if self.inner else (self.name,)


Monomial: TypeAlias = tuple[Atom, ...]
Terms: TypeAlias = tuple[tuple[Monomial, int], ...]


class Signs(NamedTuple):
    """How formulas are written."""

    times: str
    floor: tuple[str, str]
    ceil: tuple[str, str]
    number: str

    def atom(self, atom: Atom) -> str:
        """Write a name, rounded where it is divided."""
        if atom.divisor == 1:
            return atom.name
        name = self.sum(atom.inner) if atom.inner else atom.name
        if atom.add == atom.divisor - 1:
            top = f"({name})" if len(atom.inner) > 1 else name
            return f"{top}/{atom.divisor}".join(self.ceil)
        top = f"({name} + {atom.add})" if atom.add else name
        top = f"({top})" if len(atom.inner) > 1 and not atom.add else top
        return f"{top}/{atom.divisor}".join(self.floor)

    def product(self, coefficient: int, atoms: Monomial) -> str:
        """Write a term without its sign; a factor 1 is left out."""
        number = [f"{abs(coefficient):{self.number}}"] if abs(coefficient) != 1 or not atoms else []
        return self.times.join([*number, *map(self.atom, atoms)])

    def sum(self, terms: Iterable[tuple[Monomial, int]]) -> str:
        """Write terms with their signs."""
        text = ""
        for atoms, coefficient in terms:
            sign = "-" if coefficient < 0 else "+"
            lead = f" {sign} " if text else sign.replace("+", "")
            text += lead + self.product(coefficient, atoms)
        return text

    def formula(self, dim: "Dim") -> str:
        """Write a formula, what all its terms share before a bracket."""
        shared = dim.common()
        if len(dim.terms) == 1 or not shared:
            return self.sum(dim.terms)
        rest = self.sum((_without(atoms, shared), count) for atoms, count in dim.terms)
        return f"{self.product(1, shared)}{self.times}({rest})"


MACHINE = Signs("*", ("floor(", ")"), ("ceil(", ")"), "d")
HUMAN = Signs("·", ("⌊", "⌋"), ("⌈", "⌉"), ",")


@dataclass(frozen=True, slots=True, repr=False)
class Dim:
    """A size or count with names in it. Integers and sizes mix under `+`, `-`, `*` and `//`.

    It has a value only `at` sizes: comparing it, or using it as a number, raises `SymbolError`.
    """

    terms: Terms

    @classmethod
    def named(cls, name: str, axis: int) -> "Dim":
        """Return the size of that name along an axis of the input."""
        return cls((((Atom(1, axis, name, 0),), 1),))

    @property
    def names(self) -> tuple[str, ...]:
        """The names in it, by axis."""
        atoms = {atom for monomial, _ in self.terms for atom in monomial}
        ordered = sorted(atoms, key=lambda atom: (atom.axis, atom.name))
        return tuple(dict.fromkeys(name for atom in ordered for name in atom.names))

    def at(self, sizes: Mapping[str, int]) -> int:
        """Return its value at these sizes; every name needs one."""
        return sum(count * prod(atom.at(sizes) for atom in atoms) for atoms, count in self.terms)

    @property
    def is_sum(self) -> bool:
        """Whether it is written as a sum, which needs brackets where it is multiplied."""
        return len(self.terms) > 1 and not self.common()

    def common(self) -> Monomial:
        """Return the atoms that every term has."""
        shared = self.terms[0][0]
        for monomial, _ in self.terms[1:]:
            shared = _without(shared, _without(shared, monomial))
        return shared

    def __add__(self, other: Size) -> Size:
        sums = dict(self.terms)
        for monomial, count in _terms(other):
            sums[monomial] = sums.get(monomial, 0) + count
        return _size(sums)

    def __mul__(self, other: Size) -> Size:
        sums: dict[Monomial, int] = {}
        for left, count in self.terms:
            for right, times in _terms(other):
                atoms = tuple(sorted(left + right, key=_order))
                sums[atoms] = sums.get(atoms, 0) + count * times
        return _size(sums)

    def __floordiv__(self, divisor: Size) -> Size:
        """Round down, exactly: `floor((D * k + r) / k) = D + floor(r / k)`.

        By a formula there is no rounding: it has to be a factor.
        """
        if isinstance(divisor, Dim):
            return _quotient(self, divisor)
        if divisor < 1:
            raise SymbolError(f"{self} cannot be divided by {divisor}")
        whole = {atoms: count // divisor for atoms, count in self.terms}
        rest = {atoms: count % divisor for atoms, count in self.terms if count % divisor}
        constant = rest.pop((), 0)
        if not rest:
            return _size(whole)
        shared = gcd(divisor, *rest.values())
        rest = {atoms: count // shared for atoms, count in rest.items()}
        floored = _over(_size(rest), constant // shared, divisor // shared)
        if floored is None:
            raise SymbolError(f"{self} divided by {divisor} has no closed form here")
        return _size(whole) + floored

    def __rfloordiv__(self, other: int) -> Size:
        raise SymbolError(f"{other} divided by {self} has no closed form here")

    def __neg__(self) -> Size:
        return self * -1

    def __sub__(self, other: Size) -> Size:
        return self + -other

    def __rsub__(self, other: int) -> Size:
        return -self + other

    __radd__, __rmul__ = __add__, __mul__

    def __lt__(self, other: Size) -> bool:
        raise SymbolError(f"{self} cannot be compared with {other}: that needs numbers for names")

    __le__ = __gt__ = __ge__ = __lt__

    def __index__(self) -> int:
        raise SymbolError(f"{self} is no number: its names have no sizes here")

    def __str__(self) -> str:
        return MACHINE.formula(self)

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        """Write it for people with the spec that groups an integer's digits, `,`."""
        return (HUMAN if spec == "," else MACHINE).formula(self)


def evaluate(value: Any, sizes: Mapping[str, int]) -> Any:
    """Return a value, or a tuple of values, with every formula in it at these sizes."""
    if isinstance(value, tuple):
        return tuple(evaluate(item, sizes) for item in value)
    return value.at(sizes) if isinstance(value, Dim) else value


def total(sizes: Iterable[Size]) -> Size:
    """Return the sum of many, in the time of its terms."""
    sums: dict[Monomial, int] = {}
    for size in sizes:
        for monomial, count in _terms(size):
            sums[monomial] = sums.get(monomial, 0) + count
    return _size(sums)


def _over(rest: Size, add: int, divisor: int) -> "Size | None":
    """Return `floor((rest + add) / divisor)`, None where it has no closed form.

    The coefficients in `rest` are below the divisor and share no factor with it.
    """
    if divisor == 1 or isinstance(rest, int):
        return (rest + add) // divisor
    (atoms, count), *others = rest.terms
    if not others and len(atoms) == 1:
        if count == 1:
            return _floor(atoms[0], add, divisor)
        if count == divisor - 1:
            return _size({atoms: 1}) - _floor(atoms[0], divisor - 1 - add, divisor)
    if len(rest.names) > 1 or any(len(atoms) > 1 for atoms, _ in rest.terms):
        return None
    return _size({(Atom(divisor, atoms[0].axis, str(rest), add, rest.terms),): 1})


def _quotient(dim: Dim, divisor: Dim) -> Size:
    """Return how often a factor goes into a formula, as with polynomials on paper."""
    (lead, times), *_ = divisor.terms
    left: Size = dim
    found: dict[Monomial, int] = {}
    for _ in range(len(dim.terms) + 8):
        if left == 0:
            return _size(found)
        atoms, count = _terms(left)[0]
        rest = _without(atoms, lead)
        if count % times or len(rest) != len(atoms) - len(lead):
            break
        found[rest] = found.get(rest, 0) + count // times
        left = left - divisor * _size({rest: count // times})
    raise SymbolError(f"{dim} divided by {divisor} has no closed form here")


def _floor(atom: Atom, add: int, divisor: int) -> Size:
    """Return `floor((atom + add) / divisor)`: one floor, since floors of floors are floors."""
    divisor, add = divisor * atom.divisor, atom.add + add * atom.divisor
    if atom.inner:
        return (Dim(atom.inner) + add) // divisor
    rounded = Atom(divisor, atom.axis, atom.name, add % divisor)
    return _size({(rounded,): 1, (): add // divisor})


def _terms(value: Size) -> Terms:
    return value.terms if isinstance(value, Dim) else (((), value),)


def _size(sums: Mapping[Monomial, int]) -> Size:
    """Return the canonical form: from the largest maps to the smallest, a constant last."""
    terms = sorted(((atoms, count) for atoms, count in sums.items() if count), key=_rank)
    if not terms or terms == [((), terms[0][1])]:
        return terms[0][1] if terms else 0
    return Dim(tuple(terms))


def _rank(term: tuple[Monomial, int]) -> tuple[int, Monomial]:
    return -len(term[0]), term[0]


def _order(atom: Atom) -> tuple[int, Atom]:
    return atom.axis, atom


def _without(monomial: Monomial, taken: Monomial) -> Monomial:
    """Return the atoms that are left when others are taken, each as often as it is there."""
    left = list(monomial)
    for atom in taken:
        if atom in left:
            left.remove(atom)
    return tuple(left)
