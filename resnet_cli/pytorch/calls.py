"""What a rule for calls of functions is made of."""

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from resnet_cli.graph.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Named(NamedTuple):
    """A function's kind, and the tensors that it works on."""

    kind: Kind
    tensors: tuple[Tensor, ...]


Arguments: TypeAlias = "Mapping[str, Any]"
Rule: TypeAlias = "Callable[[Arguments], Named | None]"

Entry: TypeAlias = "tuple[tuple[str, ...], Rule]"
"""The names of a function's arguments, and its rule; a starred one takes all that follow."""


def tensors_of(given: Arguments) -> tuple[Tensor, ...]:
    """Return the tensors among arguments, in their order."""
    return tuple(each for each in given.values() if isinstance(each, Tensor))


def owners(name: str) -> list[Any]:
    """Return every function of that name: torch's, a tensor's, a functional one."""
    found = (getattr(owner, name, None) for owner in (torch, Tensor, F))
    return [each for each in found if callable(each)]


def table(rules: "Mapping[str, tuple[tuple[str, ...], Rule]]") -> "dict[Any, Entry]":
    """Return rules under each function that has their name."""
    return {func: entry for name, entry in rules.items() for func in owners(name)}
