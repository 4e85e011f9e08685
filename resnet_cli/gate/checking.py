"""Hold a network against its expectations and its lock, and say what does not hold."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from resnet_cli.analysis.summary import Summary
from resnet_cli.gate import lockfile
from resnet_cli.gate.expectations import NOT_KNOWN, Expectations, Verdict, verdicts
from resnet_cli.gate.weights import Fit
from resnet_cli.text import place_text

if TYPE_CHECKING:
    from resnet_cli.pytorch.proof import Proof


class Report(NamedTuple):
    """A network's verdicts, its layers' changes since they were locked, how its weights fit.

    `limits` say what names in its input must be, and where closed forms end.
    """

    name: str
    title: str
    verdicts: tuple[Verdict, ...]
    changes: tuple[lockfile.Change, ...] = ()
    weights: Fit | None = None
    proof: "Proof | None" = None
    error: str | None = None
    limits: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every expectation holds, the proof among them."""
        return all(verdict.holds for verdict in self.all_verdicts)

    @property
    def all_verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts and, where it ran or could not, the proof as one more."""
        if self.error is not None:
            return (*self.verdicts, Verdict("proof", "agrees", self.error, False))
        if self.proof is None:
            return self.verdicts
        found = self.proof.difference
        what, expected = ("forward pass", "runs") if self.proof.measured else ("proof", "agrees")
        path = found and (place_text(found.path) if self.proof.measured else found.path)
        actual = expected if found is None else f"{path}: {found.what} {found.actual}"
        return (*self.verdicts, Verdict(what, expected, actual, self.proof.agrees))


def judge(
    name: str,
    summary: Summary,
    config: Mapping[str, Any],
    expected: Expectations,
    lock: Mapping[str, lockfile.Locked] | None,
    weights: Fit | None = None,
) -> Report:
    """Return the report of one network. Raises `ExpectationError` for an unknown layer."""
    found = list(verdicts(summary, expected))
    changes: list[lockfile.Change] = []
    if lock is not None and name not in lock:
        found.append(Verdict("lock", "locked", "not in the lock file", False))
    elif lock is not None and not summary.ran:
        found.append(Verdict("lock", "as locked", NOT_KNOWN, False))
    elif lock is not None:
        changes = lockfile.changes(lock[name], lockfile.Locked.of(summary, config))
        count = sum(change.where != "config" for change in changes)
        actual = f"{count} difference{'s' * (count != 1)}" if count else "as locked"
        found.append(Verdict("lock", "as locked", actual, not count))
    if weights is not None:
        found.append(Verdict("weights", "all fit", weights.said, weights.holds))
    limits = summary.limits(ascii_only=True)
    return Report(name, summary.name, tuple(found), tuple(changes), weights, limits=limits)


def forgotten(lock: Mapping[str, lockfile.Locked], names: Mapping[str, object]) -> list[Report]:
    """Return a failing report for each locked network that is no longer configured."""
    verdict = Verdict("lock", "configured", "only in the lock file", False)
    return [Report(name, "", (verdict,)) for name in lock if name not in names]
