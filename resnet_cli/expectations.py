"""What `check` can be told to expect, and whether it holds."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from resnet_cli import parse
from resnet_cli.errors import ResNetShapesError, SymbolError
from resnet_cli.parse import LIMIT
from resnet_cli.specs import Spec
from resnet_cli.summary import LayerRow, Summary
from resnet_cli.text import format_shape, nearest

if TYPE_CHECKING:
    from resnet_cli.layers import Shape

Pattern: TypeAlias = tuple[int | str | None, ...]

_ANY = ("?", "N")

# A size of an input with names: a name, or one rounded after a division (`dims.py`).
_FORMULA = r"[A-WYZa-wyz_][\w()/+ ]*"

HEADING = "Expectations"

BUDGETS = {
    "max_params": "params",
    "max_macs": "macs",
    "max_flops": "flops",
    "max_param_bytes": "param_bytes",
    "max_activations": "activation_bytes",
    "max_peak": "peak_bytes",
}


class ExpectationError(ResNetShapesError):
    """An expectation of something that the network does not have."""


class LayerExpectation(NamedTuple):
    """A layer by path or role, and the output shape that it should have."""

    layer: str
    pattern: Pattern


class Verdict(NamedTuple):
    """One expectation, what is, and whether it holds."""

    what: str
    expected: str
    actual: str
    holds: bool


def pattern(value: object) -> Pattern:
    """Parse an output shape of any rank; `?` or `N` matches any size.

    Where the input has names, a size is a formula as the machine formats write it.
    """
    form = "an output shape, as in 1x10 or ?x512x7x7 (? or N matches any number)"
    if isinstance(value, list) and all(type(size) in (int, str) for size in value):
        value = "x".join(map(str, value))
    parts = value.strip().split("x") if isinstance(value, str) else []
    if not parts or not all(part in _ANY or _is_size(part) for part in parts):
        raise ValueError(f"{value!r} is not {form}")
    if any(part.isdigit() and len(part) > len(str(LIMIT)) for part in parts):
        raise ValueError(f"{value!r} is too large: numbers stay below 2**31 = {LIMIT}")
    return tuple(None if part in _ANY else int(part) if part.isdigit() else part for part in parts)


def _is_size(part: str) -> bool:
    return part.isascii() and (part.isdigit() or re.fullmatch(_FORMULA, part) is not None)


def layer_pattern(value: object) -> LayerExpectation:
    """Parse `4=1x512x7x7` or `stage 2=?x128x28x28`."""
    layer, equals, shape = str(value).rpartition("=")
    if not equals or not layer.strip():
        raise ValueError(
            f"{value!r} is not LAYER=SHAPE, as in 4=1x512x7x7 or 'stage 2=?x128x28x28'"
        )
    return LayerExpectation(layer.strip(), pattern(shape.strip()))


def _budget(name: str, what: str, parser: parse.Parser, *others: str) -> Spec:
    metavar = "BYTES" if parser is parse.parse_bytes else "COUNT"
    return Spec(name, parser, HEADING, f"At most so many {what}.", metavar=metavar, others=others)


EXPECTATIONS = (
    Spec("expect-output", pattern, HEADING, "The output's shape.", metavar="SHAPE"),
    Spec(
        "expect",
        layer_pattern,
        HEADING,
        "A layer's output shape, the layer by path or role; ? or N matches any number. Repeatable, "
        "in the environment with ; between.",
        metavar="LAYER=SHAPE",
        multiple=True,
    ),
    _budget("max-params", "trainable parameters, as in 12M", parse.parse_count),
    _budget("max-macs", "MACs, as in 2G", parse.parse_count),
    _budget("max-flops", "FLOPs, as in 4G", parse.parse_count),
    _budget("max-param-bytes", "bytes of parameters, as in 40MiB", parse.parse_bytes),
    _budget(
        "max-activations",
        "bytes of all activations",
        parse.parse_bytes,
        "--max-activation-bytes",
    ),
    _budget("max-peak", "bytes held at once", parse.parse_bytes, "--max-peak-bytes"),
    Spec(
        "lock",
        parse.path,
        HEADING,
        "A lock file that 'lock' wrote.",
        metavar="FILE",
    ),
)


def verdicts(summary: Summary, expected: Mapping[str, Any]) -> Iterator[Verdict]:
    """Give a verdict for each expectation. Raises `ExpectationError` for an unknown layer."""
    if (wanted := expected.get("expect_output")) is not None:
        yield _shape("output", wanted, summary.output_shape)
    for layer, wanted in expected.get("expect") or ():
        yield _shape(layer, wanted, find(summary, layer).output_shape)
    totals = summary.totals()
    for key, total in BUDGETS.items():
        if (limit := expected.get(key)) is not None:
            actual = totals[total]
            if actual is None and summary.measured:
                yield Verdict(total, f"<= {limit:,}", "not measured", False)
                continue
            if not isinstance(actual, int):
                raise SymbolError(
                    f"--{key.replace('_', '-')}: {total} is a formula where the input has names, "
                    "and a budget needs a number"
                )
            yield Verdict(total, f"<= {limit:,}", f"{actual:,}", actual <= limit)


def find(summary: Summary, layer: str) -> LayerRow:
    """Return the row of a path, or the row at depth 1 of a role. Raises `ExpectationError`."""
    for row in summary.rows:
        if row.path == layer or (row.depth == 1 and row.role == layer):
            return row
    known = [row.path for row in summary.rows] + [row.role for row in summary.at_depth(1)]
    raise ExpectationError(
        f"{layer!r} is no layer of this network{nearest(layer, known)}; "
        "give a path, as in 2.0.conv1, or a role, as in 'stage 2'"
    )


def _shape(what: str, wanted: Pattern, actual: "Shape") -> Verdict:
    holds = len(wanted) == len(actual) and all(
        size is None or str(size) == str(is_) for size, is_ in zip(wanted, actual, strict=True)
    )
    expected = "x".join("?" if size is None else str(size) for size in wanted)
    return Verdict(what, expected, format_shape(actual) if actual else "none", holds)
