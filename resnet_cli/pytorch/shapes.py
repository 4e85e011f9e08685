"""Whatever a module takes or gives, as shapes: one tensor, several, nested, or none."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from resnet_cli.text import Tree, format_shape

MAX_DEPTH = 8


def shape_of(value: Any) -> tuple[int, ...]:
    """Return the shape of the first tensor in `value`, empty without one."""
    if isinstance(value, Tensor):
        return tuple(value.shape)
    first = next(tensors(value), None)
    return () if first is None else tuple(first.shape)


def tree_of(value: Any) -> Tree:
    """Return the shapes in `value` as it nests them, None where it is one with dimensions."""
    if value is None or (isinstance(value, Tensor) and value.dim()):
        return None
    return _tree(value, MAX_DEPTH)


def bytes_of(value: Any) -> int:
    """Return the bytes of every tensor in `value`."""
    if isinstance(value, Tensor):
        return value.numel() * value.element_size()
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors(value))


def is_view(taken: Any, given: Any) -> bool:
    """Say whether what a module gives shares memory with what it took."""
    if isinstance(taken, Tensor) and isinstance(given, Tensor):
        return _aliases(taken, given)
    return any(_aliases(a, b) for a in tensors(taken) for b in tensors(given))


def tensors(value: Any, depth: int = MAX_DEPTH) -> Iterator[Tensor]:
    """Give every tensor in `value`, in order."""
    if isinstance(value, Tensor):
        yield value
    elif depth:
        for _, child in _children(value):
            yield from tensors(child, depth - 1)


def describe(tensor: Tensor) -> str:
    """Write a tensor as `--input` takes it: `1x16:int64`, without the type where it is float32."""
    kind = str(tensor.dtype).removeprefix("torch.")
    text = format_shape(tuple(tensor.shape))
    return text if kind == "float32" else f"{text}:{kind}"


def _tree(value: Any, depth: int) -> Tree:
    if isinstance(value, Tensor):
        return format_shape(tuple(value.shape))
    children = list(_children(value)) if depth else []
    if not children:
        return None if value is None else type(value).__name__
    if isinstance(children[0][0], str):
        return {str(name): _tree(child, depth - 1) for name, child in children}
    return [_tree(child, depth - 1) for _, child in children]


def _children(value: Any) -> Iterator[tuple[str | int, Any]]:
    """Give what a container holds: by name where it has names, by position where not."""
    if isinstance(value, Mapping):
        yield from ((str(name), child) for name, child in value.items())
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        yield from zip(value._fields, value, strict=True)
    elif isinstance(value, list | tuple):
        yield from enumerate(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        yield from ((field.name, getattr(value, field.name)) for field in fields)


def _aliases(a: Tensor, b: Tensor) -> bool:
    return a is b or a.untyped_storage()._cdata == b.untyped_storage()._cdata
