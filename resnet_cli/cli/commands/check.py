"""`check`: hold networks against expectations and a lock file; 0 all hold, 1 one does not."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from resnet_cli.cli.flags import EXPECTATIONS, shared
from resnet_cli.cli.networks import Known, attempt, known
from resnet_cli.cli.options import Command, Heading
from resnet_cli.cli.progress import outcome
from resnet_cli.cli.screen import Screen
from resnet_cli.cli.settings import Settings, request
from resnet_cli.cli.values import Device, Format, ProofOptions
from resnet_cli.errors import ExpectationError
from resnet_cli.gate import lockfile, reports
from resnet_cli.gate.checking import Report, forgotten, judge
from resnet_cli.gate.expectations import Expectations

if TYPE_CHECKING:
    from pathlib import Path

_FORMATS = (Format.TABLE, Format.JSON, Format.JUNIT, Format.MARKDOWN)

_WRITERS = {
    Format.JSON: reports.to_json,
    Format.JUNIT: reports.to_junit,
    Format.MARKDOWN: reports.to_markdown,
}

Networks: TypeAlias = Mapping[str, tuple[Known, Settings]]


@click.command(
    "check",
    cls=Command,
    params=[
        *EXPECTATIONS,
        *shared(
            Heading.NETWORK, Heading.TRAINING, Heading.PROOF, Heading.GENERAL, "format", "output"
        ),
    ],
)
@click.pass_context
def command(ctx: click.Context, /, **_: Any) -> int:
    """Hold networks against expectations and a lock file, and prove them.

    Without network flags: every network of the configuration file. Exit code 0 when all
    holds, 1 when something does not, 2 when the request is wrong.
    """
    asked = request(ctx)
    settings = asked.settings(asked.picked())
    output, proof = settings.output(*_FORMATS), settings.read(ProofOptions)
    kind, screen = output.format, output.screen()
    # A lock holds numbers; an expectation may hold formulas.
    networks = {
        name: (known(own, screen, symbolic=own.get("lock") is None, unrun=True), own)
        for name, own in asked.networks().items()
    }
    found = _judged(networks, picked=asked.picked() is not None)
    if kind is Format.TABLE:
        _show(found, screen)
    if proof.run:
        found = [_proved(report, networks, proof.device, screen) for report in found]
    if kind is not Format.TABLE:
        screen.write(_WRITERS[kind](found))
    _tell(found, screen, proofs=kind is Format.TABLE)
    if any(report.error for report in found):
        return 2
    return 0 if all(report.holds for report in found) else 1


def _judged(networks: Networks, *, picked: bool) -> list[Report]:
    """Return a report a network, and one for each that only a lock file still has."""
    locks: dict[Path, dict[str, lockfile.Locked]] = {}
    found = []
    for name, ((network, _), own) in networks.items():
        expected, path = own.read(Expectations), own.get("lock")
        if expected._replace(allow_not_counted=False) == Expectations() and path is None:
            raise click.UsageError(
                f"there is nothing to check in {name!r}: give an expectation (--expect-output, "
                "--expect, --max-params …) or a lock file (--lock)"
            )
        if path is not None and path not in locks:
            locks[path] = lockfile.read(path)
        try:
            lock = None if path is None else locks[path]
            config = network.config.to_dict()
            found.append(judge(name, network.summary, config, expected, lock))
        except ExpectationError as error:
            raise click.BadParameter(str(error), param_hint=own.name("expect")) from error
    for lock in () if picked else locks.values():
        found += forgotten(lock, networks)
    return found


def _show(found: list[Report], screen: Screen) -> None:
    """Show the verdicts, then each network's changes as a diff."""
    from rich.console import Group

    from resnet_cli.show import check

    look = screen.look()
    # One renderable, since -o FILE holds what is shown last.
    screen.show(
        Group(
            check.verdicts_table(reports.HEADS, reports.rows(found), look),
            *(
                check.changes_table(
                    report.name, reports.CHANGE_HEADS, list(reports.change_rows(report)), look
                )
                for report in found
                if report.changes
            ),
        )
    )


def _proved(report: Report, networks: Networks, device: Device, screen: Screen) -> Report:
    """Return the report with the proof, or with why there is none."""
    if report.name not in networks:
        return report
    found, _ = networks[report.name]
    proof, error = attempt(found, device, screen)
    return report._replace(proof=proof, error=error)


def _tell(found: list[Report], screen: Screen, *, proofs: bool) -> None:
    """Say on stderr how the proofs went, and tell GitHub what failed."""
    for report in found:
        if report.proof is not None and proofs:
            message, style = outcome(report.proof)
            screen.note(f"{report.name}: {message}", style)
        if report.error is not None:
            screen.note(f"resnet-shapes: {report.name}: {report.error}")
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in reports.annotations(found):
            screen.note(line)
        if problem := reports.append_step_summary(found):
            screen.note(f"resnet-shapes: {problem}")
