"""What goes into a module of the user's own, as `--input` says it; without torch.

    given  = [name "="] nest
    nest   = shape [":" type] | "[" nests "]" | "(" nests ")" | "{" key ":" nest, … "}"

A shape is written as everywhere, and `scalar` where it has no dimensions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from resnet_cli.parse import Input, typed_shape

if TYPE_CHECKING:
    from resnet_cli.graph.kinds import Shape

FORM = (
    "an input, as in 1x3x224x224, 1x16:int64, mask=1x16:bool, '[3x480x640, 3x320x320]' or "
    "'{image: 1x3x64x64, tokens: 1x16:int64}'"
)
MAX_DEPTH = 6


class Several(NamedTuple):
    """A list of inputs, or a tuple."""

    parts: "tuple[Nest, ...]"
    is_tuple: bool = False

    def __str__(self) -> str:
        text = ", ".join(map(str, self.parts))
        if self.is_tuple:
            return f"({text}{',' * (len(self.parts) == 1)})"
        return f"[{text}]"


class Keyed(NamedTuple):
    """A dictionary of inputs, as a data loader gives a batch."""

    parts: "tuple[tuple[str, Nest], ...]"

    def __str__(self) -> str:
        return "{" + ", ".join(f"{key}: {value}" for key, value in self.parts) + "}"


class Named(NamedTuple):
    """An input that `forward` takes by its name."""

    name: str
    value: "Nest"

    def __str__(self) -> str:
        return f"{self.name}={self.value}"


Nest: TypeAlias = "Input | Several | Keyed"
Given: TypeAlias = "Nest | Named"


def parse(value: object) -> Given:
    """Parse an input: text, or a list or table of a TOML file. Raises `ValueError`."""
    text = written(value)
    name, equals, rest = text.partition("=")
    if equals and name.strip().isidentifier():
        return Named(name.strip(), _whole(rest))
    return _whole(text)


def written(value: object) -> str:
    """Write what a TOML file has as the flag takes it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {written(each)}" for key, each in value.items()) + "}"
    if not isinstance(value, list):
        return str(value)
    if value and all(type(size) is int for size in value):
        return "x".join(map(str, value))
    return "[" + ", ".join(map(written, value)) + "]"


def leaves(given: Any) -> Iterator[Input]:
    """Give the tensors of an input, in order."""
    if isinstance(given, Input):
        yield given
    elif isinstance(given, Named):
        yield from leaves(given.value)
    else:
        for part in given.parts:
            yield from leaves(part[1] if isinstance(given, Keyed) else part)


def at(given: Any, sizes: Mapping[str, int]) -> Any:
    """Return an input with numbers for the names in its shapes."""
    from resnet_cli.graph.dims import evaluate  # only an input with names has any

    return changed(given, lambda shape: evaluate(shape, sizes))


def changed(given: Any, change: "Callable[[Shape], Shape]") -> Any:
    """Return an input with each of its shapes changed."""
    if isinstance(given, Input):
        return given._replace(shape=change(given.shape))
    if isinstance(given, Named):
        return given._replace(value=changed(given.value, change))
    if isinstance(given, Keyed):
        return given._replace(
            parts=tuple((key, changed(part, change)) for key, part in given.parts)
        )
    return given._replace(parts=tuple(changed(part, change) for part in given.parts))


def ordered(inputs: Sequence[Given]) -> list[Input]:
    """Return the tensors of all inputs as a run numbers them: those with names come last."""
    apart = sorted(inputs, key=lambda one: isinstance(one, Named))
    return [leaf for one in apart for leaf in leaves(one)]


def _whole(text: str) -> Nest:
    if not any(bracket in text for bracket in "[({"):
        return _tensor(text.strip())
    try:
        nest, rest = _nest(text, MAX_DEPTH)
        if rest.strip():
            raise ValueError
    except (ValueError, IndexError) as error:
        why = f": {error}" if str(error) and not isinstance(error, IndexError) else ""
        raise ValueError(f"{text.strip()!r} is not {FORM}{why}") from None
    return nest


def _tensor(text: str) -> Input:
    name, colon, dtype = text.partition(":")
    if name.strip() == "scalar":
        return typed_shape(f"1{colon}{dtype}")._replace(shape=())
    return typed_shape(text)


def _nest(text: str, depth: int) -> tuple[Nest, str]:
    """Parse the nest that a text begins with; return it and what follows."""
    text = text.lstrip()
    if text[0] not in "[({":
        end = next((i for i, char in enumerate(text) if char in ",])}"), len(text))
        return _tensor(text[:end].strip()), text[end:]
    if not depth:
        raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
    opening, closing, text = text[0], {"[": "]", "(": ")", "{": "}"}[text[0]], text[1:].lstrip()
    parts: list[Any] = []
    while text[0] != closing:
        key = ""
        if opening == "{":
            key, colon, text = text.partition(":")
            if not colon:
                raise ValueError(f"{key.strip(' }')!r} has no value; give {{name: 1x3x64x64}}")
        part, text = _nest(text, depth - 1)
        parts.append((key.strip(" '\""), part) if opening == "{" else part)
        text = text.lstrip()
        if text[0] == ",":
            text = text[1:].lstrip()
        elif text[0] != closing:
            raise ValueError
    if opening == "{":
        return Keyed(tuple(parts)), text[1:]
    return Several(tuple(parts), opening == "("), text[1:]
