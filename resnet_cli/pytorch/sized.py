"""Sizes that carry their formula while a network runs, and what its code does with them.

What `x.shape` gives is a number, so that any code goes on as it does, which knows how it was
worked out. A comparison is noted, since another size may go the other way; so is where a number
leaves this arithmetic (a root, `int`, a loop), since nobody knows what becomes of it.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from resnet_cli.graph.graph import Guard, Value
from resnet_cli.graph.sizes import Calc, Formula, Read

_COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": int.__eq__,
    "!=": int.__ne__,
    "<": int.__lt__,
    "<=": int.__le__,
    ">": int.__gt__,
    ">=": int.__ge__,
}
_CALCULATED: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": int.__add__,
    "-": int.__sub__,
    "*": int.__mul__,
    "//": int.__floordiv__,
    "%": int.__mod__,
}


class Ledger:
    """What a network's code does with sizes: comparisons, and where they leave the arithmetic.

    `place` gives how many operations there are by now and the path of the module that runs.
    """

    def __init__(self, place: Callable[[], tuple[int, str]]) -> None:
        self.place = place
        self.guards: dict[Guard, None] = {}
        self.is_open = True
        self.is_used = False

    def compared(self, left: Formula, sign: str, right: Formula, *, held: bool) -> None:
        """Note a comparison and how it came out; between numbers alone there is nothing to note."""
        if self.is_open and not (isinstance(left, int) and isinstance(right, int)):
            self.guards.setdefault(Guard(*self.place(), left, sign, right, held))

    def left(self, formula: Formula, value: int, way: str) -> None:
        """Note that a size became a mere number, and which way."""
        if self.is_open and not isinstance(formula, int):
            self.guards.setdefault(Guard(*self.place(), formula, "==", value, True, way))

    def depends(self, way: str) -> None:
        """Note that from here on it depends on values what runs, and why."""
        if self.is_open:
            self.guards.setdefault(Guard(*self.place(), 0, "", 0, True, way))

    def shape(self, value: Value, shape: Sequence[int]) -> torch.Size:
        """Return a shape whose sizes know that they are read off a value."""
        self.is_used = True
        return torch.Size([Sized(n, Read(value, axis), self) for axis, n in enumerate(shape)])

    @contextlib.contextmanager
    def closed(self) -> Iterator[None]:
        """Note nothing meanwhile: what runs is not the network's code."""
        self.is_open, before = False, self.is_open
        try:
            yield
        finally:
            self.is_open = before


class Sized(int):
    """A number with the formula that it comes from."""

    formula: Formula
    ledger: Ledger

    def __new__(cls, number: int, formula: Formula, ledger: Ledger) -> "Sized":
        made = super().__new__(cls, number)
        made.formula, made.ledger = formula, ledger
        return made

    def escape(self, way: str) -> None:
        """Note that it leaves this arithmetic, and which way."""
        self.ledger.left(self.formula, int.__index__(self), way)

    __hash__ = int.__hash__

    def __bool__(self) -> bool:
        held = int.__bool__(self)
        self.ledger.compared(self.formula, "!=", 0, held=held)
        return held

    def __int__(self) -> int:
        self.escape("int()")
        return int.__index__(self)

    def __float__(self) -> float:
        self.escape("float()")
        return float(int.__index__(self))

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, int) and int.__bool__(other):
            return Ratio(self, other)
        return self._unknown("/", int.__truediv__, other)

    def __rtruediv__(self, other: Any) -> Any:
        if isinstance(other, int) and int.__bool__(self):
            return Ratio(other, self)
        return self._unknown("/", int.__rtruediv__, other)

    def __pow__(self, other: Any, modulo: Any = None) -> Any:
        if type(other) is int and 0 <= other <= 3 and modulo is None:
            result: Any = 1
            for _ in range(other):
                result = self * result
            return result
        return self._unknown("**", int.__pow__, other)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __rshift__(self, other: Any) -> Any:
        return (
            self // 2**other if type(other) is int else self._unknown(">>", int.__rshift__, other)
        )

    def __lshift__(self, other: Any) -> Any:
        return self * 2**other if type(other) is int else self._unknown("<<", int.__lshift__, other)

    def __neg__(self) -> Any:
        return 0 - self

    def __abs__(self) -> Any:
        return self if self >= 0 else -self

    def __pos__(self) -> Any:
        return self

    __ceil__ = __floor__ = __trunc__ = __pos__

    def __round__(self, digits: Any = None) -> Any:
        return self if digits is None else self._unknown("round()", int.__round__, digits)

    def __copy__(self) -> int:
        return int.__index__(self)

    def __deepcopy__(self, _: Any) -> int:
        return int.__index__(self)

    def __reduce__(self) -> Any:
        return int, (int.__index__(self),)

    def _unknown(self, way: str, function: Callable[[Any, Any], Any], other: Any) -> Any:
        """Do what there is no formula for; a tensor on the other side is no matter of sizes."""
        if not isinstance(other, Tensor):
            self.escape(way)
        return function(self, other)


def _formula(number: Any) -> Formula:
    return number.formula if isinstance(number, Sized) else int(number)


def _reader(sign: str, function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def compared(self: Sized, other: Any) -> Any:
        held = function(self, other)
        if isinstance(other, int):
            self.ledger.compared(self.formula, sign, _formula(other), held=held)
        elif isinstance(other, float):
            self.escape(sign)
        return held

    return compared


def _calculator(
    sign: str, function: Callable[[Any, Any], Any], *, swapped: bool
) -> Callable[[Any, Any], Any]:
    def calculated(self: Sized, other: Any) -> Any:
        if not isinstance(other, int):
            return self._unknown(sign, function, other)
        left, right = (other, self) if swapped else (self, other)
        number = function(int.__index__(left), int.__index__(right))
        return Sized(number, Calc(sign, _formula(left), _formula(right)), self.ledger)

    return calculated


def _leaver(name: str) -> Callable[..., Any]:
    function = getattr(int, name)

    def left(self: Sized, *others: Any) -> Any:
        self.escape(name.strip("_"))
        return function(self, *others)

    return left


for _sign, _name in zip(_COMPARED, ("eq", "ne", "lt", "le", "gt", "ge"), strict=True):
    setattr(Sized, f"__{_name}__", _reader(_sign, _COMPARED[_sign]))
for _sign, _name in zip(_CALCULATED, ("add", "sub", "mul", "floordiv", "mod"), strict=True):
    setattr(Sized, f"__{_name}__", _calculator(_sign, _CALCULATED[_sign], swapped=False))
    setattr(Sized, f"__r{_name}__", _calculator(_sign, _CALCULATED[_sign], swapped=True))
for _name in ("rpow", "rlshift", "rrshift", "and", "rand", "or", "ror", "xor", "rxor", "invert"):
    setattr(Sized, f"__{_name}__", _leaver(f"__{_name}__"))
for _name in ("bit_length", "to_bytes", "bit_count"):
    setattr(Sized, _name, _leaver(_name))


class Ratio(float):
    """A quotient of two sizes until it is rounded."""

    parts: tuple[int, int]

    def __new__(cls, top: int, bottom: int) -> "Ratio":
        made = super().__new__(cls, int.__index__(top) / int.__index__(bottom))
        made.parts = (top, bottom)
        return made

    def __floor__(self) -> Any:
        return self.parts[0] // self.parts[1]

    def __ceil__(self) -> Any:
        return -(-self.parts[0] // self.parts[1])

    def escape(self, way: str) -> None:
        """Note that its sizes leave this arithmetic, and which way."""
        for part in self.parts:
            if isinstance(part, Sized):
                part.escape(way)

    __hash__ = float.__hash__

    def __copy__(self) -> float:
        return float.__pos__(self)

    def __deepcopy__(self, _: Any) -> float:
        return float.__pos__(self)

    def __reduce__(self) -> Any:
        return float, (float.__pos__(self),)


def _leaving(name: str) -> Callable[..., Any]:
    function = getattr(float, f"__{name}__")

    def left(self: Ratio, *others: Any) -> Any:
        if not (others and isinstance(others[0], Tensor)):
            self.escape(name)
        return function(self, *others)

    return left


for _name in (
    *("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "floordiv", "rfloordiv"),
    *("mod", "rmod", "pow", "rpow", "neg", "abs", "int", "trunc", "round", "bool", "float"),
    *("eq", "ne", "lt", "le", "gt", "ge"),
):
    setattr(Ratio, f"__{_name}__", _leaving(_name))
