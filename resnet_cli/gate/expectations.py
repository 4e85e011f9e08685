"""What `check` can be told to expect, and whether it holds."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from resnet_cli.analysis.summary import Summary, find
from resnet_cli.errors import SymbolError
from resnet_cli.parse import LayerExpectation, Pattern
from resnet_cli.text import factor, format_shape

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size
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
ENDS = f"{NOT_KNOWN} behind where closed forms end"

EQUAL, AT_MOST = "==", "<="


class Expectations(NamedTuple):
    """What a network is held against: shapes, of which None is any size, and budgets.

    The `allow_…` at the end say what may be missing.
    """

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
    allow_skipped: bool = False

    @property
    def are_none(self) -> bool:
        """Whether nothing is expected."""
        return self._replace(allow_not_counted=False, allow_skipped=False) == Expectations()


Figure: TypeAlias = "Sequence[Size | str | None] | Size | str | None"
"""A shape, of which None is any size; a number; words; or None where it is not known."""


class Verdict(NamedTuple):
    """One expectation as an operator and its right side, what is, and whether it holds.

    `note` says why it is not known, or what the number leaves out.
    """

    what: str
    operator: str
    expected: Figure
    actual: Figure
    holds: bool
    note: str = ""

    @property
    def limit(self) -> str:
        """What was expected, in words."""
        text = _text(self.expected)
        return text if self.operator == EQUAL else f"{self.operator} {text}"

    @property
    def found(self) -> str:
        """What is, in words."""
        if self.actual is None:
            return self.note
        return f"at least {_text(self.actual)}, {self.note}" if self.note else _text(self.actual)


def _text(figure: Figure) -> str:
    match figure:
        case str():
            return figure
        case int():
            return f"{figure:,}"
        case Sequence():
            return format_shape("?" if size is None else size for size in figure)
    return str(figure)


def verdicts(summary: Summary, expected: Expectations) -> Iterator[Verdict]:
    """Give a verdict for each expectation. Raises `ExpectationError` for an unknown layer."""
    yield from _shapes(summary, expected)
    totals = summary.totals()
    allowed = expected.allow_not_counted
    for key, total in BUDGETS.items():
        if (limit := getattr(expected, key)) is not None:
            actual = totals.get(total)
            if summary.error is not None:
                yield Verdict(total, AT_MOST, limit, None, False, f"{NOT_KNOWN}: the run failed")
                continue
            if summary.ends and total not in ("params", "param_bytes"):
                yield Verdict(total, AT_MOST, limit, None, False, ENDS)
                continue
            if actual is None and summary.not_counted and total in ("macs", "flops"):
                yield Verdict(total, AT_MOST, limit, None, allowed, _without(summary))
                continue
            if actual is None and summary.measured:
                why = "not measured" if summary.ran else NOT_KNOWN
                if total == "peak_bytes" and summary.no_peak:
                    why = f"{NOT_KNOWN}: {summary.no_peak}"
                yield Verdict(total, AT_MOST, limit, None, False, why)
                continue
            if not isinstance(actual, int):
                raise SymbolError(
                    f"--{key.replace('_', '-')}: {total} is a formula where the input has names, "
                    "and a budget needs a number"
                )
            yield _within(summary, total, actual, limit, allowed=allowed)


def _within(summary: Summary, total: str, actual: int, limit: int, *, allowed: bool) -> Verdict:
    """Return whether a total stays within its limit; one that is "at least" this cannot say so."""
    if not summary.not_counted or total not in ("macs", "flops"):
        return Verdict(total, AT_MOST, limit, actual, actual <= limit)
    return Verdict(total, AT_MOST, limit, actual, allowed and actual <= limit, _without(summary))


def _without(summary: Summary) -> str:
    return f"without {', '.join(summary.not_counted)}"


def _shapes(summary: Summary, expected: Expectations) -> Iterator[Verdict]:
    wanted_shapes = [
        (row, wanted, find(summary, row).output_shape) for row, wanted in expected.expect
    ]
    if expected.expect_output is not None:
        wanted_shapes.insert(0, ("output", expected.expect_output, summary.output_shape))
    # A name of the input is itself, and N is otherwise whatever it is first.
    bound = {"N": "N"} if _has_name(summary, "N") else dict[str, str]()
    for what, wanted, actual in wanted_shapes:
        if not summary.ran:
            yield Verdict(what, EQUAL, wanted, None, False, NOT_KNOWN)
        elif summary.ends and all(isinstance(size, int) for size in actual):
            yield Verdict(what, EQUAL, wanted, None, False, ENDS)
        else:
            yield _shape(what, wanted, actual, bound)


def _has_name(summary: Summary, name: str) -> bool:
    shapes = (summary.input_shape, *(row.input_shape for row in summary.rows))
    return any(not isinstance(s, int) and name in s.names for shape in shapes for s in shape)


def _shape(what: str, wanted: Pattern, actual: "Shape", bound: dict[str, str]) -> Verdict:
    holds = len(wanted) == len(actual) and all(map(partial(_is, bound), wanted, actual))
    if not actual:
        return Verdict(what, EQUAL, wanted, None, holds, "none")
    return Verdict(what, EQUAL, wanted, actual, holds)


def _is(bound: dict[str, str], wanted: int | str | None, actual: object) -> bool:
    """Say whether a size is as wanted; what is wanted may be the name of one met before."""
    if wanted is None:
        return True
    if wanted == "N":
        return bound.setdefault("N", str(actual)) == str(actual)
    text = str(wanted).replace(" ", "")
    return text in (str(actual).replace(" ", ""), factor(actual).replace(" ", ""))
