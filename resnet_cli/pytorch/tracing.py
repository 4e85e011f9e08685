"""Where sizes with formulas come from while a network runs, and what is made of them."""

import builtins
import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from resnet_cli.graph.graph import Value
from resnet_cli.graph.sizes import Read
from resnet_cli.pytorch.sized import Ledger, Ratio, Sized


def plain(given: Any) -> Any:
    """Return arguments with mere numbers in them, for what is not the network's code."""
    kind = type(given)
    if kind is Sized:
        return int.__index__(given)
    if kind is Ratio:
        return float.__pos__(given)
    if kind is tuple or kind is list:
        return kind([plain(each) for each in given])
    if kind is torch.Size:
        return torch.Size([plain(each) for each in given])
    if kind is dict:
        return {name: plain(each) for name, each in given.items()}
    if kind is slice:
        return slice(plain(given.start), plain(given.stop), plain(given.step))
    return given


def sized(given: Any) -> Iterator[Sized]:
    """Give every number with a formula in arguments."""
    if isinstance(given, Sized):
        yield given
    elif isinstance(given, Ratio):
        for part in given.parts:
            yield from sized(part)
    elif isinstance(given, tuple | list):
        for each in given:
            yield from sized(each)
    elif isinstance(given, dict):
        for each in given.values():
            yield from sized(each)
    elif isinstance(given, slice):
        yield from sized((given.start, given.stop, given.step))


def formulas(given: Any) -> Any:
    """Return an attribute of a kind with each number's formula in its place."""
    if isinstance(given, Sized):
        return given.formula
    if isinstance(given, tuple):
        parts = [formulas(each) for each in given]
        return type(given)(*parts) if hasattr(given, "_fields") else tuple(parts)
    return given


class _Ranges(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, _RANGE)


_RANGE = builtins.range


class _Range(metaclass=_Ranges):
    """`range`, which is given a size without the size hearing of it."""

    def __new__(cls, *numbers: Any) -> Any:
        for number in numbers:
            if type(number) is Sized:
                number.escape("range()")
        return _RANGE(*map(plain, numbers))


@contextlib.contextmanager
def ranges() -> Iterator[None]:
    """Hear of every `range` over a size meanwhile: a loop runs as often as it says."""
    before = builtins.range
    builtins.range = _Range  # type: ignore[misc]
    try:
        yield
    finally:
        builtins.range = before  # type: ignore[misc]


def _shape(ledger: Ledger, value: Value, tensor: Tensor, *_: Any) -> torch.Size:
    with torch._C.DisableTorchFunction():
        return ledger.shape(value, tensor.shape)


def _size(ledger: Ledger, value: Value, tensor: Tensor, dim: Any = None) -> Any:
    shape = _shape(ledger, value, tensor)
    return shape if dim is None else shape[dim]


def _numel(ledger: Ledger, value: Value, tensor: Tensor) -> Any:
    return math.prod(_shape(ledger, value, tensor))


def _length(ledger: Ledger, value: Value, tensor: Tensor) -> int:
    """Note that Python makes a mere number of what `len` gives."""
    size = int(tensor.size(0))
    ledger.left(Read(value, 0), size, "len()")
    return size


READERS: Mapping[Any, Callable[..., Any]] = {
    Tensor.shape.__get__: _shape,  # type: ignore[attr-defined]
    Tensor.size: _size,
    Tensor.numel: _numel,
    Tensor.nelement: _numel,
    Tensor.__len__: _length,
}
"""What gives the sizes of a tensor."""

_OF_VALUES = frozenset(
    (
        *("item", "tolist", "bool", "int", "float", "index", "numpy", "nonzero", "argwhere"),
        *("masked_select", "unique", "unique_consecutive", "bincount", "nms", "batched_nms"),
    )
)
"""Functions that give values of a tensor, or as many elements as its values say."""


def is_of_values(func: Any, given: Sequence[Any]) -> bool:
    """Say whether a function gives values, or as much as they say: what follows depends on them."""
    name = getattr(func, "__name__", "").partition(".")[0]
    if name.strip("_") in _OF_VALUES:
        return name not in ("bool", "int", "float")  # these make another tensor
    if name != "__getitem__":
        return False
    index = given[1] if isinstance(given[1], tuple) else (given[1],)
    return any(isinstance(each, Tensor) and each.dtype is torch.bool for each in index)
