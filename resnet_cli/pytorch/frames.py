"""What a recorder knows of tensors, of modules while they run, and of one function's call."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from torch import Tensor, nn

from resnet_cli.pytorch import naming
from resnet_cli.pytorch.calls import Named
from resnet_cli.pytorch.modules import is_one_layer
from resnet_cli.pytorch.sized import Sized


class Frame:
    """A module while it runs; a closed one is one operation, seen from outside."""

    def __init__(self, module: nn.Module, path: str, call: int, *, is_part: bool) -> None:
        self.module = module
        self.path = path
        self.call = call
        self.is_part = is_part
        self.layer = None if is_part else naming.layer(module)
        self.is_closed = is_part or self.layer is not None or is_one_layer(module)
        self.macs: int | None = 0
        self._exception = sys.exception()

    def has_failed(self) -> bool:
        """Say whether the module leaves by an exception."""
        return sys.exception() is not self._exception

    def add(self, macs: int | None) -> None:
        """Add what a function inside multiplies; None where no rule says how often."""
        self.macs = None if macs is None or self.macs is None else self.macs + macs


class Called(NamedTuple):
    """A function's call: its name here, and what it multiplies; plain arguments, traced sizes."""

    name: str
    named: Named | None
    macs: int | None
    arguments: tuple[Sequence[Any], Mapping[str, Any]]
    sizes: tuple[Sized, ...]


def taken(args: Any, kwargs: dict[str, Any]) -> Any:
    """Return what a module was given: the one positional argument, or all there are."""
    if not kwargs:
        return args[0] if len(args) == 1 else args or None
    if not args:
        return kwargs
    return (*args, kwargs)


def version(value: Any) -> int:
    """Return how often a tensor was written into; inference tensors do not know."""
    return value._version if isinstance(value, Tensor) and not value.is_inference() else 0


def alias(tensor: Tensor) -> Tensor:
    """Return the same tensor as another object; itself where its layout has no views."""
    try:
        return tensor.view_as(tensor)
    except (RuntimeError, NotImplementedError):  # sparse, mkldnn
        return tensor


def storage_of(tensor: Tensor) -> int:
    """Return what stands for a tensor's memory, 0 where it has no one storage."""
    try:
        return int(tensor.untyped_storage()._cdata)
    except (RuntimeError, NotImplementedError, ValueError):  # sparse, or lazy: no size yet
        return 0


def is_same(a: Tensor, b: Tensor) -> bool:
    """Say whether two tensors that share memory are the same elements of it, in the same places."""
    if (a.shape, a.dtype, a.storage_offset()) != (b.shape, b.dtype, b.storage_offset()):
        return False
    steps = zip(a.shape, a.stride(), b.stride(), strict=True)
    return all(ours == theirs for size, ours, theirs in steps if size != 1)


def share(a: Tensor, b: Tensor) -> bool:
    """Say whether two tensors share memory."""
    return a is b or storage_of(a) == storage_of(b) != 0
