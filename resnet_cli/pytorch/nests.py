"""Whatever a module takes or gives: one tensor, several, nested, or none."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from torch import Tensor

from resnet_cli.text import format_shape, short

if TYPE_CHECKING:
    from resnet_cli.graph.graph import Nest, Value

MAX_DEPTH = 8


def tensors(value: Any, depth: int = MAX_DEPTH) -> Iterator[Tensor]:
    """Give every tensor in `value`, in order."""
    if isinstance(value, Tensor) and not value.is_nested:
        yield value
    elif depth:
        for _, child in _children(value):
            yield from tensors(child, depth - 1)


def has_nested(given: Iterable[Any]) -> bool:
    """Say whether a nested tensor is among these: several of different shapes in one."""
    return any(isinstance(each, Tensor) and each.is_nested for each in given)


def nested(value: Any, name: "Callable[[Tensor], Value]", depth: int = MAX_DEPTH) -> "Nest":
    """Return what each tensor in `value` is called, nested as they are; other things by class."""
    if isinstance(value, Tensor) and not value.is_nested:
        return name(value)
    children = list(_children(value)) if depth else []
    if not children:
        return None if value is None else type(value).__name__
    if isinstance(children[0][0], str):
        return {str(key): nested(child, name, depth - 1) for key, child in children}
    return [nested(child, name, depth - 1) for _, child in children]


def describe(tensor: Tensor) -> str:
    """Write a tensor as `--input` takes it: `1x16:int64`, without the type where it is float32."""
    kind = str(tensor.dtype).removeprefix("torch.")
    text = format_shape(tuple(tensor.shape))
    return text if kind == "float32" else f"{text}:{kind}"


def written(value: Any, depth: int = MAX_DEPTH) -> str:
    """Write an input as `--input` takes it; what is no tensor as Python shows it, cut short."""
    if isinstance(value, Tensor):
        return describe(value)
    if not depth or not isinstance(value, Mapping | list | tuple):
        return short(value) if isinstance(value, _PLAIN) else type(value).__name__
    if isinstance(value, Mapping):
        parts = (f"{key}: {written(each, depth - 1)}" for key, each in value.items())
        return "{" + _cut(parts) + "}"
    text = _cut(written(each, depth - 1) for each in value)
    if isinstance(value, tuple):
        return f"({text}{',' * (len(value) == 1)})"
    return f"[{text}]"


_PLAIN = str | bytes | int | float | complex | None
_MOST = 8


def _cut(parts: Iterable[str]) -> str:
    """Write the first few of many."""
    first = [*islice(parts, _MOST + 1)]
    return ", ".join(first if len(first) <= _MOST else [*first[:_MOST], "…"])


def _parts(nested: Tensor) -> Sequence[Tensor]:
    """Return the tensors in a nested one, which has no shape of its own: each time the same."""
    known = vars(nested)
    if "_resnet_shapes_parts" not in known:
        try:
            known["_resnet_shapes_parts"] = nested.detach().unbind()
        except (RuntimeError, NotImplementedError):  # on the meta device nobody knows where to cut
            return ()
    parts: Sequence[Tensor] = known["_resnet_shapes_parts"]
    return parts


def _children(value: Any) -> Iterator[tuple[str | int, Any]]:
    """Give what a container holds: by name where it has names, by position where not."""
    if isinstance(value, Tensor):
        yield from enumerate(_parts(value))
    elif isinstance(value, Mapping):
        yield from ((str(name), child) for name, child in value.items())
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        yield from zip(value._fields, value, strict=True)
    elif isinstance(value, list | tuple):
        yield from enumerate(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        yield from ((field.name, getattr(value, field.name)) for field in fields)
