"""Text or TOML to typed values: one parser a kind of field, for flags, variables and files.

Each parser takes what a flag (text) or a TOML file (text, number, boolean, list) gives and
raises `ValueError` with what was given and what would be right; the caller names the flag.
"""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from operator import index
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from resnet_cli.text import format_shape, nearest, short

if TYPE_CHECKING:
    from pathlib import Path

    from resnet_cli.graph.dims import Dim
    from resnet_cli.graph.kinds import Shape

LIMIT = 2**31
"""Every number of a configuration stays below this, as PyTorch's own indices do."""

Parser: TypeAlias = Callable[[object], object]

E = TypeVar("E", bound=StrEnum)

ALL_DEPTHS, OPERATIONS = sys.maxsize - 1, sys.maxsize
DEPTHS = {"all": ALL_DEPTHS, "operations": OPERATIONS}

INPUT_TYPES = (
    *("float32", "float16", "bfloat16", "float64", "complex64"),
    *("int64", "int32", "int16", "int8", "uint8", "bool"),
)

ALIASES = {
    "fp16": "float16",
    "half": "float16",
    "fp32": "float32",
    "fp64": "float64",
    "double": "float64",
    "bf16": "bfloat16",
    "md": "markdown",
    "txt": "plain",
    "yaml": "json",
    "yml": "json",
}
"""What other tools call one of our words; the message that refuses it names ours."""

COUNT_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
BYTE_UNITS = {
    "": 1,
    "b": 1,
    **{f"{prefix}b": 1000**power for power, prefix in enumerate("kmgt", 1)},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgt", 1)},
}

Pattern: TypeAlias = tuple[int | str | None, ...]

_FUNCTIONS = ("ceil", "floor", "math")
"""What stands in formulas beside names (`dims.py`)."""

# A size of an input with names as the machine formats write it (`dims.py`).
_FORMULA = r"-?(\d+\*)?[(A-WYZa-wyz_][\w()/+* -]*"

_SHAPE_FORM = "NxCxHxW (batch x channels x height x width), as in 1x3x224x224 or Nx3xHxW"
# Text: at a start that needs none of them each takes 0.1 ms to compile.
_BETWEEN = r"[xX,*\N{MULTIPLICATION SIGN}]"
_PASTED = r"(?:torch\.Size\(?)?[(\[](.*?),?\s*[)\]]\)?"
_NAME = r"\w[\w .+-]{0,99}"


def shape(value: object) -> "Shape":
    """Parse `1x3x224x224`; a size may be a name (a word without an x), as in `Nx3xHxW`.

    What Python and PyTorch print is understood as well, `(1, 3, 224, 224)` and `torch.Size([…])`.
    """
    if isinstance(value, list):
        return counts(value)
    text = _text(value, _SHAPE_FORM)
    pasted = re.fullmatch(_PASTED, text.strip())
    parts = [part.strip() for part in re.split(_BETWEEN, pasted[1] if pasted else text)]
    is_mixed = len({*re.findall(_BETWEEN, text.lower())}) > 1
    if is_mixed or not all(_is_number(part) or _is_name(part) for part in parts):
        raise ValueError(f"{text!r} is not of the form {_SHAPE_FORM}")
    return tuple(_int(p) if _is_number(p) else _named(p, parts.index(p)) for p in parts)


def is_one_shape(text: str) -> bool:
    """Say whether an input is one shape, plain or as Python prints it, and not named or nested."""
    pasted = re.fullmatch(_PASTED, text.partition(":")[0].strip())
    if pasted is None:
        return not set(text) & set("=[({") and "scalar" not in text
    parts = [part.strip() for part in pasted[1].split(",")]
    return any(map(_is_number, parts)) and all(_is_number(p) or _is_name(p) for p in parts)


def sizes(value: object) -> dict[str, int]:
    """Parse `N=8,H=512,W=512`: a number for each of the input's names."""
    form = "sizes for the input's names, as in N=8,H=512,W=512"
    text = _text(value, form)
    pairs = [part.split("=") for part in text.replace(" ", "").split(",")]
    if not all(len(pair) == 2 and _is_name(pair[0]) and _is_number(pair[1]) for pair in pairs):
        raise ValueError(f"{text!r} is not {form}")
    given = {name: _int(size) for name, size in pairs}
    if len(given) < len(pairs):
        raise ValueError(f"{text!r} gives a name twice; give each once")
    return given


class LayerExpectation(NamedTuple):
    """A layer by path or role, and the output shape that it should have."""

    layer: str
    pattern: Pattern


class Input(NamedTuple):
    """An input of a network: its shape, and its element type where one is named."""

    shape: "Shape"
    dtype: str = ""

    @property
    def sizes(self) -> tuple[int, ...]:
        """The shape where it has no names."""
        return tuple(map(index, self.shape))

    def __str__(self) -> str:
        text = format_shape(self.shape)
        return f"{text}:{self.dtype}" if self.dtype else text


def typed_shape(value: object) -> Input:
    """Parse `1x3x224x224`, or `1x16:int64` with an element type."""
    if not isinstance(value, str) or ":" not in value:
        return Input(shape(value))
    text, _, dtype = value.rpartition(":")
    if dtype not in INPUT_TYPES:
        raise ValueError(
            f"{dtype!r} in {value!r} is no element type{nearest(dtype, INPUT_TYPES)}; they are "
            + ", ".join(INPUT_TYPES)
        )
    return Input(shape(text), dtype)


def counts(value: object) -> tuple[int, ...]:
    """Parse `64,128,256,512` or a list of numbers."""
    form = "whole numbers with commas between them, as in 64,128,256,512"
    if isinstance(value, list) and all(type(item) is int for item in value):
        return tuple(value)
    text = _text(value, form)
    parts = [part.strip() for part in text.split(",")]
    if not all(_is_number(part) for part in parts):
        raise ValueError(f"{text!r} is not a list of {form}")
    return tuple(_int(part) for part in parts)


def number(value: object) -> int:
    """Parse a whole number; whether it is in range is the configuration's to say."""
    if type(value) is int:
        return value
    text = _text(value, "a whole number")
    if not _is_number(text.strip()):
        raise ValueError(f"{text!r} is not a whole number")
    return _int(text.strip())


def share(value: object) -> float:
    """Parse a share: 0.25 or 1/16."""
    over, _, under = str(value).partition("/")
    try:
        return float(over) / float(under or 1)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{value!r} is no share; give 0.25 or 1/16") from None


def depth(value: object) -> int:
    """Parse how deep a table goes: 1 or more, `all` modules, or `operations` below them."""
    if isinstance(value, str) and value in DEPTHS:
        return DEPTHS[value]
    try:
        level = number(value)
    except ValueError:
        level = 0
    if not 1 <= level < LIMIT:
        raise ValueError(
            f"{value!r} is not a depth: give 1 (the network's own layers) or more, all, or "
            "operations"
        )
    return level


def flag(value: object) -> bool:
    """Parse a switch."""
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise ValueError(f"{value!r} is not a switch: give true or false")


def path(value: object) -> "Path":
    """Parse a file's path."""
    from pathlib import Path  # 6 ms, and only a file's name needs it

    text = _text(value, "a file's path")
    if "\0" in text:
        raise ValueError(f"{text!r} is not a file's path: it has a null character")
    return Path(text)


def name(value: object) -> str:
    """Parse a network's name: nothing in it that a terminal, table or log could obey."""
    if not isinstance(value, str) or not re.fullmatch(_NAME, value):
        raise ValueError(
            f"{short(value)} is not a network's name: give up to 100 letters, digits, spaces, "
            "or any of _ . + -, a letter or digit first"
        )
    return value


def parse_count(value: object) -> int:
    """Parse `12M`, `1.5G`, `25_557_032` or a number. Raises `ValueError`."""
    return _figure(value, COUNT_UNITS, "a count, as in 25557032, 12M or 1.5G (units k, M, G, T)")


def parse_bytes(value: object) -> int:
    """Parse `40MiB`, `1.5GB`, `4096` or a number. Raises `ValueError`."""
    text = str(value).strip()
    if text[-1:].lower() in COUNT_UNITS and text[-1:].isalpha() and text[:1].isdigit():
        raise ValueError(
            f"{value!r} is not bytes yet: give {text}B (powers of 1000) or {text}iB (of 1024)"
        )
    return _figure(
        value, BYTE_UNITS, "bytes, as in 4096, 40MiB or 1.5GB (units kB … TB, KiB … TiB)"
    )


def pattern(value: object) -> Pattern:
    """Parse an output shape of any rank; `?` matches any size, and `N` the same one each time.

    Where the input has names, a size is a formula as the machine formats write it.
    """
    form = "an output shape, as in 1x10 or ?x512x7x7 (? matches any number, N each time the same)"
    if isinstance(value, list) and all(type(size) in (int, str) for size in value):
        value = "x".join(map(str, value))
    parts = value.strip().split("x") if isinstance(value, str) else []
    if not parts or not all(part == "?" or _is_size(part) for part in parts):
        raise ValueError(f"{value!r} is not {form}")
    if any(part.isdigit() and len(part) > len(str(LIMIT)) for part in parts):
        raise ValueError(f"{value!r} is too large: numbers stay below 2**31 = {LIMIT}")
    return tuple(None if part == "?" else int(part) if part.isdigit() else part for part in parts)


def layer_pattern(value: object) -> LayerExpectation:
    """Parse `4=1x512x7x7` or `stage 2=?x128x28x28`."""
    layer, equals, shape = str(value).rpartition("=")
    if not equals or not layer.strip():
        raise ValueError(
            f"{value!r} is not LAYER=SHAPE, as in 4=1x512x7x7 or 'stage 2=?x128x28x28'"
        )
    return LayerExpectation(layer.strip(), pattern(shape.strip()))


def one_of(kind: type[E]) -> Callable[[object], E]:
    """Return the parser of a mode's words."""

    def parse(value: object) -> E:
        words = [member.value for member in kind]
        text = _text(value, f"one of {', '.join(words)}")
        if text.lower() not in words:
            meant = ALIASES.get(text.lower(), text)
            raise ValueError(f"{text!r} is not one of {', '.join(words)}{nearest(meant, words)}")
        return kind(text.lower())

    return parse


def of_python(parser: Parser, value: object) -> Any:
    """Parse a value of Python's, whose sequences are what a file's lists are."""
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        value = [*value]
    return parser(value)


def _figure(value: object, units: Mapping[str, int], form: str) -> int:
    """Return a figure times its unit, exactly: no binary fraction comes between."""
    text = str(value).strip().replace("_", "").replace(",", "")
    match = re.fullmatch(r"(\d{1,30})(?:\.(\d{1,30}))?\s*([a-z]*)", text.lower())
    if isinstance(value, bool) or match is None or match[3] not in units:
        raise ValueError(f"{value!r} is not {form}")
    whole, fraction, unit = match[1], match[2] or "", match[3]
    scale: int = 10 ** len(fraction)
    return int(whole + fraction) * units[unit] // scale


def _text(value: object, form: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not {form}")
    if not value.strip():
        raise ValueError(f"{value!r} is empty; give {form}")
    return value


def _is_number(text: str) -> bool:
    """Say whether the text is a decimal number, negative ones too (refused later, by name)."""
    return text.isascii() and text.removeprefix("-").isdigit()


def _is_size(part: str) -> bool:
    return part.isascii() and (part.isdigit() or re.fullmatch(_FORMULA, part) is not None)


def _is_name(text: str) -> bool:
    return text.isascii() and text.isidentifier()


def _named(name: str, axis: int) -> "Dim":
    from keyword import iskeyword  # only a name needs them; 2 ms

    from resnet_cli.graph.dims import Dim

    if iskeyword(name) or name in _FUNCTIONS:
        raise ValueError(
            f"{name!r} is no name for a size: formulas are Python, which has its own meaning for "
            "that; give another, as in Nx3xHxW"
        )
    return Dim.named(name, axis)


def _int(text: str) -> int:
    # Python refuses to parse more than 4,300 digits, and the limit has ten.
    if len(text) > len(str(LIMIT)) + 1:
        raise ValueError(f"{text[:12]}… is too large: numbers stay below 2**31 = {LIMIT}")
    return int(text)
