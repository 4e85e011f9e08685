"""Hold a network against its expectations and its lock, and say what does not hold."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.analysis.network import Network
from resnet_cli.gate import lockfile
from resnet_cli.gate.changes import TOTAL, Change, Told, told
from resnet_cli.gate.expectations import EQUAL, NOT_KNOWN, Expectations, Verdict, verdicts
from resnet_cli.gate.lines import Locked
from resnet_cli.gate.weights import Fit
from resnet_cli.text import place_text

if TYPE_CHECKING:
    from resnet_cli.pytorch.proof import Proof


class Report(NamedTuple):
    """A network's verdicts, its layers' changes since they were locked, how its weights fit.

    `error` says why something `fails`: what it is, and what was wanted; `skipped` that nobody
    tried. Its `place` is the file that configures it, and the line. Its check `began` at a
    time since the epoch, and took so many `seconds`. `limits` say what names in its input must
    be, where closed forms end, and what a lock holds by name and shape alone.
    """

    name: str
    title: str = ""
    verdicts: tuple[Verdict, ...] = ()
    changes: tuple[Change, ...] = ()
    weights: Fit | None = None
    proof: "Proof | None" = None
    error: str | None = None
    fails: tuple[str, str] = ("network", "can be built")
    skipped: bool = False
    place: tuple[str, int] = ("", 0)
    began: float = 0.0
    seconds: float = 0.0
    limits: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every expectation holds, the proof among them."""
        return all(verdict.holds for verdict in self.all_verdicts)

    @property
    def all_verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts and, where it ran or could not, the proof as one more."""
        if self.error is not None:
            what, wanted = self.fails
            return (*self.verdicts, Verdict(what, EQUAL, wanted, self.error, False))
        if self.proof is None:
            return self.verdicts
        found = self.proof.difference
        what, expected = ("forward pass", "runs") if self.proof.measured else ("proof", "agrees")
        path = found and (place_text(found.path) if self.proof.measured else found.path)
        actual = expected if found is None else f"{path}: {found.what} {found.actual}"
        return (*self.verdicts, Verdict(what, EQUAL, expected, actual, self.proof.agrees))

    @property
    def told(self) -> list[Told]:
        """What changed since it was locked, as people say it."""
        return told(self.changes)


def judge(
    name: str,
    network: Network,
    expected: Expectations,
    lock: lockfile.Networks | None,
    weights: Fit | None = None,
) -> Report:
    """Return the report of one network. Raises `ExpectationError` for an unknown layer."""
    summary = network.summary
    found = list(verdicts(summary, expected))
    changes: list[Change] = []
    if lock is not None and name not in lock:
        found.append(_lock("locked", "not in the lock file"))
    elif lock is not None and not summary.ran:
        found.append(_lock("as locked", NOT_KNOWN))
    elif lock is not None:
        changes = lockfile.differences(lock[name], network)
        layers = told(change for change in changes if change.where != TOTAL) or changes
        actual = f"{len(layers)} difference{'s' * (len(layers) != 1)}" if layers else "as locked"
        found.append(_lock("as locked", actual))
    if weights is not None:
        found.append(Verdict("weights", EQUAL, "all fit", weights.said, weights.holds))
    limits = summary.limits(ascii_only=True)
    held = lock and lock.get(name)
    if isinstance(held, Locked) and held.unseen:  # nobody takes them for the same unsaid
        limits += (f"the lock holds by name and shape alone: {', '.join(held.unseen)}",)
    return Report(name, summary.name, tuple(found), tuple(changes), weights, limits=limits)


def skipped(name: str, *, allowed: bool) -> Report:
    """Return the report of a network that was not looked at."""
    said = "skipped, since only a run makes it known"
    return Report(
        name, verdicts=(Verdict("network", EQUAL, "checked", said, allowed),), skipped=True
    )


def forgotten(lock: lockfile.Networks, names: Mapping[str, object]) -> list[Report]:
    """Return a failing report for each locked network that is no longer configured."""
    verdict = _lock("configured", "only in the lock file")
    return [Report(name, verdicts=(verdict,)) for name in lock if name not in names]


def _lock(expected: str, actual: str) -> Verdict:
    return Verdict("lock", EQUAL, expected, actual, expected == actual)
