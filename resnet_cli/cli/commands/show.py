"""The main job: the per-layer table, at once, then the proof."""

from typing import TYPE_CHECKING

import click

from resnet_cli import parse
from resnet_cli.analysis.network import Network
from resnet_cli.analysis.summary import Summary
from resnet_cli.cli.flags import SUMMARY_FORMATS, Format
from resnet_cli.cli.progress import attempt, outcome, watch
from resnet_cli.cli.screen import Screen
from resnet_cli.cli.settings import AnyNetwork, Settings, resolve
from resnet_cli.errors import ConfigError
from resnet_cli.show import columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from resnet_cli.analysis.summary import Point


def show(ctx: click.Context) -> int:
    """Print the network's layers; return 0, or 1 where the proof disagrees."""
    settings = resolve(ctx)
    network = settings.network(symbolic=True)
    points = _points(network, settings)
    screen = settings.screen()
    if settings.format(*SUMMARY_FORMATS) is Format.JSON:
        return _show_json(network, settings, screen, points)
    if network.measured:
        watch(network, settings.get("device", "auto"), screen)  # measures, under a spinner
    _show_text(network, settings, screen, points)
    if not settings.get("run", True):
        return 0
    return report_proof(network, settings, screen)


def report_proof(network: AnyNetwork, settings: Settings, screen: Screen) -> int:
    """Prove the network and say on stderr how it went; return 0 or 1."""
    proof = watch(network, settings.get("device", "auto"), screen)
    screen.note(*outcome(proof))
    return 0 if proof.agrees else 1


def _points(network: AnyNetwork, settings: Settings) -> "list[Point]":
    """Return the network evaluated at each `--at`. Raises `click.BadParameter`."""
    if not (given := settings.get("at")):
        return []
    if not isinstance(network, Network):
        message = "is for an input with names, and a module's input has numbers"
        raise click.BadParameter(message, param_hint=settings.name("at"))
    from resnet_cli.analysis import points

    try:
        return [points.evaluate(network, sizes) for sizes in given]
    except ConfigError as error:
        raise settings.wrong(error) from None


def _show_text(
    network: AnyNetwork, settings: Settings, screen: Screen, points: "Sequence[Point]"
) -> None:
    kind = settings.format(*SUMMARY_FORMATS)
    depth = settings.get("depth", parse.ALL_DEPTHS if kind is Format.CSV else 1)
    if kind is not Format.TABLE:
        write_text(network.summary, kind, depth, settings, screen, points)
        return
    from resnet_cli.show import tables

    screen.show(
        tables.summary_table(
            network.summary,
            table_columns(network.summary, settings, points),
            depth=depth,
            folded=settings.get("fold", True),
            look=screen.look(),
            points=points,
        )
    )


def table_columns(
    summary: Summary, settings: Settings, points: "Sequence[Point]" = ()
) -> list[columns.Column]:
    """Return the columns of a table for people."""
    bars = columns.BARS if settings.get("bars", False) else ()
    return [*_picked(summary, settings, points), *columns.beside(bars, points)]


def _picked(
    summary: Summary, settings: Settings, points: "Sequence[Point]"
) -> list[columns.Column]:
    default = columns.DEFAULT if points else columns.default(summary)
    return [*columns.beside(columns.pick(settings.get("columns", default)), points)]


def write_text(
    summary: Summary,
    kind: Format,
    depth: int,
    settings: Settings,
    screen: Screen,
    points: "Sequence[Point]" = (),
) -> None:
    """Write a summary's rows down to `depth` as plain text, CSV or Markdown."""
    from resnet_cli.show import formats

    if kind is Format.PLAIN:
        screen.write(formats.to_plain(summary, depth))
    elif kind is Format.CSV:
        picked = [
            *columns.beside(columns.pick(settings.get("columns") or columns.every(summary)), points)
        ]
        screen.write(formats.to_csv(summary, picked, depth))
    else:
        picked = _picked(summary, settings, points)
        screen.write(formats.to_markdown(summary, picked, depth, ascii_only=screen.is_ascii()))


def _show_json(
    network: AnyNetwork, settings: Settings, screen: Screen, points: "Sequence[Point]"
) -> int:
    """Prove first, so that the one document has the outcome; it comes in any case."""
    from resnet_cli.show import formats

    forward, code = proof_for_document(network, settings, screen)
    depth = settings.get("depth", parse.ALL_DEPTHS)
    config = network.config.to_dict()
    more = {"at": [formats.point_dict(point, depth) for point in points]} if points else {}
    screen.write(formats.to_json(network.summary, config, forward, depth, more))
    return code


def proof_for_document(
    network: AnyNetwork, settings: Settings, screen: Screen
) -> tuple[dict[str, object] | None, int]:
    """Prove the network unless that is off; return what JSON's `forward` says, and the code."""
    from resnet_cli.show import formats

    if not settings.get("run", True):
        return None, 0
    proof, error = attempt(network, settings.get("device", "auto"), screen)
    if proof is not None:
        screen.note(*outcome(proof))
        return formats.proof_dict(proof), 0 if proof.agrees else 1
    screen.note(f"resnet-shapes: {error}")
    return {"error": error}, 2
