"""What `check` can be told to expect, and whether it holds."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.analysis.summary import Summary, find
from resnet_cli.errors import SymbolError
from resnet_cli.parse import LayerExpectation, Pattern
from resnet_cli.text import format_shape

if TYPE_CHECKING:
    from resnet_cli.graph.kinds import Shape


BUDGETS = {
    "max_params": "params",
    "max_macs": "macs",
    "max_flops": "flops",
    "max_param_bytes": "param_bytes",
    "max_activations": "activation_bytes",
    "max_peak": "peak_bytes",
    "max_train_peak": "train_peak_bytes",
}


NOT_KNOWN = "not known"
"""What is of a figure that only a run would tell."""


class Expectations(NamedTuple):
    """What a network is held against: shapes, of which None is any size, and budgets."""

    expect_output: Pattern | None = None
    expect: tuple[LayerExpectation, ...] = ()
    max_params: int | None = None
    max_macs: int | None = None
    max_flops: int | None = None
    max_param_bytes: int | None = None
    max_activations: int | None = None
    max_peak: int | None = None
    max_train_peak: int | None = None
    allow_not_counted: bool = False


class Verdict(NamedTuple):
    """One expectation, what is, and whether it holds."""

    what: str
    expected: str
    actual: str
    holds: bool


def verdicts(summary: Summary, expected: Expectations) -> Iterator[Verdict]:
    """Give a verdict for each expectation. Raises `ExpectationError` for an unknown layer."""
    wanted_shapes = [
        (row, wanted, find(summary, row).output_shape) for row, wanted in expected.expect
    ]
    if expected.expect_output is not None:
        wanted_shapes.insert(0, ("output", expected.expect_output, summary.output_shape))
    for what, wanted, actual_shape in wanted_shapes:
        verdict = _shape(what, wanted, actual_shape)
        yield verdict if summary.ran else verdict._replace(actual=NOT_KNOWN, holds=False)
    totals = summary.totals()
    for key, total in BUDGETS.items():
        if (limit := getattr(expected, key)) is not None:
            actual = totals.get(total)
            if actual is None and summary.measured:
                why = "not measured" if summary.ran else NOT_KNOWN
                if total == "peak_bytes" and summary.no_peak:
                    why = f"not known: {summary.no_peak}"
                yield Verdict(total, f"<= {limit:,}", why, False)
                continue
            if not isinstance(actual, int):
                raise SymbolError(
                    f"--{key.replace('_', '-')}: {total} is a formula where the input has names, "
                    "and a budget needs a number"
                )
            yield _within(summary, total, actual, limit, allowed=expected.allow_not_counted)


def _within(summary: Summary, total: str, actual: int, limit: int, *, allowed: bool) -> Verdict:
    """Return whether a total stays within its limit; one that is "at least" this cannot say so."""
    if not summary.not_counted or total not in ("macs", "flops"):
        return Verdict(total, f"<= {limit:,}", f"{actual:,}", actual <= limit)
    names = ", ".join(summary.not_counted)
    found = f"at least {actual:,}, without {names}"
    return Verdict(total, f"<= {limit:,}", found, allowed and actual <= limit)


def _shape(what: str, wanted: Pattern, actual: "Shape") -> Verdict:
    holds = len(wanted) == len(actual) and all(
        size is None or str(size) == str(is_) for size, is_ in zip(wanted, actual, strict=True)
    )
    expected = "x".join("?" if size is None else str(size) for size in wanted)
    return Verdict(what, expected, format_shape(actual) if actual else "none", holds)
