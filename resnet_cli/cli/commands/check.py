"""`check`: hold networks against expectations, a lock, weights; 0 all hold, 1 one does not."""

import os
import shlex
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from resnet_cli.cli.flags import EXPECTATIONS, NETWORK, SHARED, TRAINING, shared
from resnet_cli.cli.networks import Known, attempt, known
from resnet_cli.cli.options import Command, Heading, message
from resnet_cli.cli.progress import outcome
from resnet_cli.cli.screen import Screen
from resnet_cli.cli.settings import Request, Settings, given, request
from resnet_cli.cli.values import Device, Format, ProofOptions
from resnet_cli.errors import ExpectationError, FileError, ResNetShapesError
from resnet_cli.gate import lockfile, reports
from resnet_cli.gate.checking import Report, forgotten, judge, skipped
from resnet_cli.gate.earlier import Earlier
from resnet_cli.gate.expectations import Expectations
from resnet_cli.gate.weights import fit, read

if TYPE_CHECKING:
    from pathlib import Path

_FORMATS = (Format.TABLE, Format.JSON, Format.JUNIT, Format.MARKDOWN)

_WRITERS = {
    Format.JSON: reports.to_json,
    Format.JUNIT: reports.to_junit,
    Format.MARKDOWN: reports.to_markdown,
}

_GIVEN = ("--module", "RESNET_SHAPES_MODULE")

Locks: TypeAlias = Mapping["Path", lockfile.Networks]


@click.command(
    "check",
    cls=Command,
    examples=(
        "check --preset resnet50 --expect-output 1x1000 --max-macs 4.1G",
        "check --format junit -o shapes.xml",
    ),
    params=[
        *EXPECTATIONS,
        *shared(
            *(Heading.NETWORK, Heading.TRAINING, Heading.PROOF, Heading.GENERAL, "output"),
            formats=_FORMATS,
        ),
    ],
)
@click.pass_context
def command(ctx: click.Context, /, **_: Any) -> int:
    """Hold networks against expectations, a lock file and weights, and prove them.

    Without network flags: every network of the configuration file. Exit code 0 when all
    holds, 1 when something does not, 2 when one could not be checked; the others are.
    """
    try:
        asked = request(ctx)
        networks = asked.networks()
    except (click.UsageError, ResNetShapesError) as error:
        _report_anyway(ctx, _text(error))
        raise
    settings = asked.settings()
    output, proof = settings.output(*_FORMATS), settings.read(ProofOptions)
    kind, screen = output.format, output.screen()
    locks, found = _locks(networks)
    built: dict[str, Known] = {}
    found += [
        _judged(name, own, locks, built, screen)._replace(place=asked.place(name))
        for name, own in networks.items()
    ]
    for lock in () if asked.picked() else locks.values():
        found += forgotten(lock, networks)
    if kind is Format.TABLE and any(report.verdicts for report in found):
        _show(found, screen)
    if proof.run:
        found = [_proved(report, built, proof.device, screen) for report in found]
    if kind is not Format.TABLE:
        screen.write(_WRITERS[kind](found))
    for note in (*asked.overrides(), *_notes(asked, found, locks)):
        screen.note(note)
    _tell(found, screen, proofs=kind is Format.TABLE)
    if any(report.error for report in found):
        return 2
    return 0 if all(report.holds for report in found) else 1


def _report_anyway(ctx: click.Context, error: str) -> None:
    """Write the documents for a request that cannot even be understood."""
    output = given(ctx).settings().output(*_FORMATS)
    screen = output.screen()
    fails = ("configuration", "can be read")
    found = [Report("configuration", error=error, fails=fails, began=time.time())]
    if output.format is not Format.TABLE:
        screen.write(_WRITERS[output.format](found))
    _tell_github(found, screen)


def _text(error: Exception) -> str:
    return message(error) if isinstance(error, click.ClickException) else str(error)


def _locks(networks: Mapping[str, Settings]) -> tuple[Locks, list[Report]]:
    """Return the lock files that networks name, and a report for each that cannot be read."""
    locks: dict[Path, lockfile.Networks] = {}
    broken = []
    for path in dict.fromkeys(own.get("lock") for own in networks.values()):
        if path is not None:
            try:
                locks[path] = lockfile.read(path)
            except FileError as error:
                fails = ("lock", "can be read")
                broken.append(Report("lock", error=str(error), fails=fails))
    return locks, broken


def _judged(
    name: str, own: Settings, locks: Locks, built: dict[str, Known], screen: Screen
) -> Report:
    """Return a network's report, put what was built into `built`; a failure is its own."""
    began, start = time.time(), time.perf_counter()
    try:
        report = _report(name, own, locks, built, screen)
    except (click.UsageError, ResNetShapesError) as error:
        report = Report(name, error=_text(error))
    return report._replace(began=began, seconds=time.perf_counter() - start)


def _report(
    name: str, own: Settings, locks: Locks, built: dict[str, Known], screen: Screen
) -> Report:
    expected, path, weights = own.read(Expectations), own.get("lock"), own.get("weights")
    if expected.are_none and path is None and weights is None:
        raise click.UsageError(
            "there is nothing to check: give an expectation (--expect-output, "
            "--expect, --max-params …), a lock file (--lock) or weights (--weights)"
        )
    # A file's module that must not run is not even imported.
    if own.name("module") not in _GIVEN and own.get("module") and not own.read(ProofOptions).run:
        return skipped(name, allowed=expected.allow_skipped)
    # A lock holds numbers; an expectation may hold formulas.
    built[name] = known(own, screen, symbolic=path is None, unrun=True)
    network = built[name].network
    fits = None if weights is None else fit(read(weights), network.graph)
    try:
        report = judge(name, network, expected, locks.get(path), fits)
    except ExpectationError as error:
        raise click.BadParameter(str(error), param_hint=own.name("expect")) from error
    return report._replace(proof=built[name].run)  # a captured network ran already


def _show(found: list[Report], screen: Screen) -> None:
    """Show the verdicts, then what differs in each network as a diff."""
    from rich.console import Group

    from resnet_cli.show import check

    look = screen.look()
    # One renderable, since -o FILE holds what is shown last.
    screen.show(
        Group(
            check.verdicts_table(reports.HEADS, reports.rows(found), reports.limits(found), look),
            *(
                check.changes_list(report.name, [each.lines for each in report.told], look)
                for report in found
                if report.changes
            ),
            *(
                check.differences_table(title, reports.WEIGHT_HEADS, lines, look)
                for report in found
                for title, lines in reports.misfits(report)
            ),
        )
    )


def _proved(report: Report, built: Mapping[str, Known], device: Device, screen: Screen) -> Report:
    """Return the report with the proof, or with why there is none."""
    if report.name not in built or report.error is not None:
        return report
    start = time.perf_counter()
    proof, error = attempt(built[report.name], device, screen)
    seconds = report.seconds + time.perf_counter() - start
    return report._replace(proof=proof, error=error, fails=("proof", "agrees"), seconds=seconds)


def _notes(asked: Request, found: list[Report], locks: Locks) -> Iterator[str]:
    """Say which lock is of the earlier form, and how to accept what differs from one."""
    for path, lock in locks.items():
        if any(isinstance(network, Earlier) for network in lock.values()):
            yield (
                f"{path} is of an earlier form, which holds shapes and counts alone; "
                f"renew it: {_lock_command(asked, ())}"
            )
    differ = [
        report for report in found if any(v.what == "lock" and not v.holds for v in report.verdicts)
    ]
    if differ:
        names = tuple(report.name for report in differ if report.name in asked.configured)
        whole = len(names) < len(differ) or len(names) == len(asked.configured)
        yield f"to accept: {_lock_command(asked, () if whole else names)}"


def _lock_command(asked: Request, networks: tuple[str, ...]) -> str:
    """Return the command that locks these networks, or all that were asked for."""
    flags = {**asked.flags.values, "network": networks or asked.flags.values.get("network", ())}
    kept = [
        option for option in SHARED if option in (*NETWORK, *TRAINING) or option.key == "config"
    ]
    kept += [option for option in EXPECTATIONS if option.key == "lock"]
    words = [
        word for option in kept if option.key in flags for word in option.given(flags[option.key])
    ]
    return shlex.join(["resnet-shapes", "lock", *words])


def _tell(found: list[Report], screen: Screen, *, proofs: bool) -> None:
    """Say on stderr how the proofs went, and what failed."""
    for report in found:
        if report.proof is not None and proofs:
            text, style = outcome(report.proof)
            screen.note(f"{report.name}: {text}", style)
        if report.error is not None:
            screen.note(f"resnet-shapes: {report.name}: {report.error}")
    _tell_github(found, screen)


def _tell_github(found: list[Report], screen: Screen) -> None:
    """Annotate what failed, and append the tables to the job's summary."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in reports.annotations(found):
            screen.note(line)
        if problem := reports.append_step_summary(found):
            screen.note(f"resnet-shapes: {problem}")
