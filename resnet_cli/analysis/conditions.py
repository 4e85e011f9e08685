"""What has to hold of the sizes of a network's input, exactly, and in words.

An addition needs two sizes to be equal, code compares sizes, and where these are formulas that
differ the input is bound: a U-Net's skip of `2*floor(H/2)` and `H` needs an even H. One name
alone is decided on the classes of its remainders (`residues.py`); what binds several names, or
names multiplied, stands as the equation itself.
"""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import product
from math import gcd, lcm, prod
from typing import Any, NamedTuple

from resnet_cli.errors import SymbolError
from resnet_cli.graph.dims import Dim, Size
from resnet_cli.graph.graph import Graph, Guard, Value
from resnet_cli.graph.kinds import Facts, Shape
from resnet_cli.graph.residues import Classes, classes, never_less, period_of
from resnet_cli.graph.sizes import value

SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}

FAR = 50_000
"""The largest size up to which a condition is tried size by size."""


class Need(NamedTuple):
    """`left sign right` has to hold, for an operation or the code at `path`."""

    path: str
    left: Size
    sign: str
    right: Size


class Condition(str):
    """A condition as the machine formats have it; `format(condition, ",")` is for people."""

    __slots__ = ("human",)
    human: str

    def __new__(cls, machine: str, human: str = "") -> "Condition":
        made = super().__new__(cls, machine)
        made.human = human or machine
        return made

    def __format__(self, spec: str) -> str:
        return self.human if spec == "," else str.__format__(self, spec)


class Allowed(NamedTuple):
    """The sizes that a name may have: some below `start`, and from there on these remainders."""

    start: int
    below: frozenset[int]
    period: int
    remainders: frozenset[int]

    def __contains__(self, size: object) -> bool:
        assert isinstance(size, int)
        if size < self.start:
            return size in self.below
        return size % self.period in self.remainders


ANY = Allowed(1, frozenset(), 1, frozenset((0,)))
"""Every size."""


def needs(graph: Graph, facts: Sequence[Facts]) -> list[Need]:
    """Return what operations and code need of the sizes, where they have names in them."""
    found = [
        Need(operation.path, left, "==", right)
        for index, operation in enumerate(graph.operations)
        for left, right in facts[index].equal
    ]
    found += [
        Need(operation.path, left, "<=", right)
        for index, operation in enumerate(graph.operations)
        for left, right in facts[index].within
    ]
    for guard in graph.guards:
        if guard.sign and not guard.way:
            with suppress(SymbolError, ValueError):  # closed forms end there, and say so
                found += asked(guard, facts)
    return list({need[1:]: need for need in reversed(found)}.values())[::-1]


def asked(guard: Guard, facts: Sequence[Facts]) -> list[Need]:
    """Return what a comparison needs to come out as it was seen to; nothing among numbers.

    Raises `ValueError` for numbers that come out the other way.
    """

    def shape(of: Value) -> Shape:
        return facts[of.operation].outputs[of.output]

    left, right = value(guard.left, shape), value(guard.right, shape)
    sign = guard.sign if guard.held else OPPOSITE[guard.sign]
    if isinstance(left, int) and isinstance(right, int):
        if not SIGNS[sign](left, right):
            asks = f"its code asks whether {left} {guard.sign} {right}"
            raise ValueError(f"{asks}, and went the other way where it was recorded")
        return []
    return (
        []
        if left == right and sign in ("==", "<=", ">=")
        else [Need(guard.path, left, sign, right)]
    )


def allowed(found: Iterable[Need]) -> tuple[dict[str, Allowed], list[Need]]:
    """Return the sizes that each name may have by itself, and what binds names otherwise."""
    sizes: dict[str, Allowed] = {}
    others: list[Need] = []
    for need in found:
        more = need.left - need.right
        known = None if isinstance(more, int) else classes(more)
        one = None if known is None else _allowed(known, need.sign)
        if known is None or one is None:
            others += [] if _always(need) else [need]
        else:
            before = sizes.get(known.name)
            sizes[known.name] = one if before is None else both(before, one)
    return sizes, [need for need in others if not _follows(need, sizes)]


def conditions(found: Sequence[Need]) -> tuple[Condition, ...]:
    """Return what needs come to, in words: one sentence for names that are bound alike."""
    sizes, others = allowed(found)
    alike: dict[tuple[str, str], list[str]] = {}
    for name, one in sizes.items():
        body = _body(one)
        if body is None:  # no short words for it
            others += [need for need in found if _names(need) == {name}]
        elif body[0]:
            alike.setdefault(body, []).append(name)
    words = [
        f"{_listed(names, 'and')} must {several if len(names) > 1 else one}"
        for (one, several), names in alike.items()
    ]
    return tuple(dict.fromkeys((*map(Condition, words), *map(_equation, others))))


def _names(need: Need) -> set[str]:
    more = need.left - need.right
    return set() if isinstance(more, int) else {*more.names}


def _follows(need: Need, sizes: Mapping[str, Allowed]) -> bool:
    """Say whether an equation holds anyway where each name has a size that it may have.

    With one factor of a name in each term it is a line in each name on each class of remainders,
    so that two sizes a class decide. It is not tried where there are too many.
    """
    more = need.left - need.right
    if need.sign != "==" or isinstance(more, int):
        return False
    if any(len({atom.names for atom in atoms}) < len(atoms) for atoms, _ in more.terms):
        return False
    tried: list[list[int]] = []
    for name in more.names:
        atoms = {atom for found, _ in more.terms for atom in found if name in atom.names}
        one = sizes.get(name, ANY)
        period = lcm(one.period, *(period_of(atom) for atom in atoms))
        last = range(one.start, one.start + 2 * period)
        tried.append([*one.below, *(size for size in last if size in one)])
    if prod(map(len, tried)) > 1 << 14:
        return False
    return all(more.at(dict(zip(more.names, each, strict=True))) == 0 for each in product(*tried))


def _always(need: Need) -> bool:
    """Say whether a comparison holds whatever the sizes are."""
    left, sign, right = need[1:]
    if sign in (">=", "<="):
        return never_less(left, right) if sign == ">=" else never_less(right, left)
    if sign in (">", "<", "!="):
        larger = never_less(left - 1, right), never_less(right - 1, left)
        return {">": larger[0], "<": larger[1], "!=": any(larger)}[sign]
    return left == right


def _allowed(known: Classes, sign: str) -> Allowed | None:
    """Return the sizes at which a formula compares like that with 0; None where it is far out."""
    _, period, values, growth = known
    turns = 0 if not growth else max(map(abs, values)) // abs(growth) + 2
    start = period * turns + 1
    if start + period > FAR:
        return None
    holds = SIGNS[sign]

    def is_allowed(size: int) -> bool:
        return holds(values[(size - 1) % period] + growth * ((size - 1) // period), 0)

    return _gathered(is_allowed, start, period)


def both(one: Allowed, other: Allowed) -> Allowed:
    """Return the sizes that two have in common."""
    start, period = max(one.start, other.start), lcm(one.period, other.period)
    return _gathered(lambda size: size in one and size in other, start, period)


def _gathered(is_allowed: Callable[[int], bool], start: int, period: int) -> Allowed:
    below = frozenset(size for size in range(1, start) if is_allowed(size))
    last = range(start, start + period)
    return Allowed(start, below, period, frozenset(s % period for s in last if is_allowed(s)))


def _body(sizes: Allowed) -> tuple[str, str] | None:
    """Return what a name, and what several, must be; empty where all sizes will do."""
    start, below, period, remainders = sizes
    if not remainders:
        return _some(sorted(below))
    steps = [step for step in range(1, period + 1) if period % step == 0]
    step = next(
        s for s in steps if len({r % s for r in remainders}) * period == len(remainders) * s
    )
    classes_ = {remainder % step for remainder in remainders}
    first = min(below) if below else next(s for s in range(start, start + period) if s in sizes)
    if any((s in below) != (s >= first and s % step in classes_) for s in range(1, start)):
        return None
    least = next(s for s in range(1, step + 1) if s % step in classes_)
    more = f" of at least {first}" if first > least else ""
    if step == 1:
        return (f"be at least {first}",) * 2 if more else ("", "")
    if classes_ == {0}:
        one = "be even" if step == 2 else f"be a multiple of {step}"
        several = "be even" if step == 2 else f"be multiples of {step}"
        more = f" and at least {first}" if more and step == 2 else more
        return one + more, several + more
    if classes_ == {1} and step == 2:
        return ("be odd",) * 2 if not more else (f"be odd and at least {first}",) * 2
    if len(classes_) > 4:
        found = sorted(remainder or step for remainder in classes_)
        if more or found != [*range(found[0], found[-1] + 1)]:
            return None
        return (f"be from {found[0]} to {found[-1]} more than a multiple of {step}",) * 2
    text = f"leave {_listed(map(str, sorted(classes_)), 'or')} when divided by {step}"
    return (text + (f" and be at least {first}" if more else ""),) * 2


def _some(sizes: Sequence[int]) -> tuple[str, str] | None:
    """Return what a name must be that may have these sizes alone, if that is said in short."""
    if len(sizes) <= 4:
        return (f"be {_listed(map(str, sizes), 'or')}",) * 2 if sizes else None
    first, last, step = sizes[0], sizes[-1], sizes[1] - sizes[0]
    if [*sizes] != [*range(first, last + 1, step)] or first % step:
        return None
    if step == 1:
        return (f"be at most {last}" if first == 1 else f"be from {first} to {last}",) * 2
    return (
        f"be a multiple of {step} from {first} to {last}",
        f"be multiples of {step} from {first} to {last}",
    )


def _equation(need: Need) -> Condition:
    """Return a need as it stands, both sides without what they share."""
    left, sign, right = need[1:]
    sign = "=" if sign == "==" else sign
    more = left - right
    if isinstance(more, Dim) and sign == "=":
        shared = more.common()
        if shared and all(atom.divisor == 1 for atom in shared):  # no name is 0
            left, right = (_divided(side, Dim(((shared, 1),))) for side in (left, right))
        left, right = _reduced(left, right)
    return Condition(f"{left} {sign} {right}", f"{left:,} {sign} {right:,}")


def _divided(side: Size, by: Dim) -> Size:
    return side // by if isinstance(side, Dim) else side


def _reduced(left: Size, right: Size) -> tuple[Size, Size]:
    """Return both sides divided by what all their coefficients share."""
    counts = [
        count
        for side in (left, right)
        for count in ([n for _, n in side.terms] if isinstance(side, Dim) else [side])
    ]
    shared = gcd(*counts)
    try:
        return (left // shared, right // shared) if shared > 1 else (left, right)
    except SymbolError:
        return left, right


def _listed(names: Iterable[str], word: str) -> str:
    *first, last = names
    return f"{', '.join(first)} {word} {last}" if first else last
