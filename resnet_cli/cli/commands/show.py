"""The main job: the per-layer table, at once, then the proof."""

from typing import TYPE_CHECKING, cast

import click

from resnet_cli.analysis.network import Network
from resnet_cli.analysis.summary import Summary
from resnet_cli.cli.networks import Known, attempt, known, prove, step_of
from resnet_cli.cli.progress import outcome
from resnet_cli.cli.screen import Screen
from resnet_cli.cli.settings import Settings, resolve
from resnet_cli.cli.values import SUMMARY_FORMATS, Format, ProofOptions, TableOptions
from resnet_cli.errors import ConfigError
from resnet_cli.show import columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from resnet_cli.analysis.network import OfNames
    from resnet_cli.analysis.summary import Point


def show(ctx: click.Context) -> int:
    """Print the network's layers; return 0, or 1 where the proof disagrees."""
    settings = resolve(ctx)
    output = settings.output(*SUMMARY_FORMATS, Format.HTML)
    proof = settings.read(ProofOptions)
    table, screen = settings.read(TableOptions, output.format), output.screen()
    if columns.TRAINED in table.columns and step_of(settings) is None:
        message = f"{columns.TRAINED!r} needs --train and its optimiser"
        raise click.BadParameter(message, param_hint=settings.name("columns"))
    found = known(settings, screen, symbolic=True, unrun=True)
    if output.format is Format.HTML:
        from resnet_cli.cli import page

        return report_proof(page.write(found, table, settings, screen), proof, screen)
    points = _points(found.network, table, settings)
    if output.format is Format.JSON:
        return _show_json(found, table, proof, screen, points)
    _show_text(found.network.summary, output.format, table, screen, points)
    return report_proof(found, proof, screen, told=output == (Format.TABLE, output.color, None))


def report_proof(found: Known, options: ProofOptions, screen: Screen, *, told: bool = False) -> int:
    """Prove the network unless that is off, say on stderr how it went, and return 0 or 1.

    Why a run failed may be `told` on stdout.
    """
    if not options.run:
        return 0
    proof = prove(found, options.device, screen)
    screen.note(*outcome(proof, told=told))
    return 0 if proof.agrees else 1


def _points(network: Network, table: TableOptions, settings: Settings) -> "list[Point]":
    """Return the network evaluated at each `--at`. Raises `click.BadParameter`."""
    if not table.at:
        return []
    from resnet_cli.analysis import points

    config = cast("OfNames", network.config)  # that of a family or of a module, never of a block

    try:
        return [points.evaluate(config, network, sizes) for sizes in table.at]
    except ConfigError as error:
        raise settings.wrong(error) from None


def _show_text(
    summary: Summary,
    kind: Format,
    table: TableOptions,
    screen: Screen,
    points: "Sequence[Point]",
) -> None:
    if kind is not Format.TABLE:
        write_text(summary, kind, table, screen, points)
        return
    from resnet_cli.show import tables

    screen.show(
        tables.summary_table(
            summary,
            table_columns(summary, table, points),
            depth=table.depth,
            folded=table.fold,
            look=screen.look(),
            points=points,
        )
    )


def table_columns(
    summary: Summary, table: TableOptions, points: "Sequence[Point]" = ()
) -> list[columns.Column]:
    """Return the columns of a table for people."""
    bars = columns.BARS if table.bars else ()
    return [*_picked(summary, table, points), *columns.beside(bars, points)]


def _picked(
    summary: Summary, table: TableOptions, points: "Sequence[Point]"
) -> list[columns.Column]:
    usual = columns.every_size(summary) if points else columns.default(summary)
    names = table.columns or usual
    return [*columns.beside(columns.pick(names), points)]


def write_text(
    summary: Summary,
    kind: Format,
    table: TableOptions,
    screen: Screen,
    points: "Sequence[Point]" = (),
) -> None:
    """Write a summary's rows as plain text, CSV or Markdown."""
    from resnet_cli.show import formats

    if kind is Format.PLAIN:
        screen.write(formats.to_plain(summary, table.depth))
    elif kind is Format.CSV:
        every = columns.pick(table.columns or columns.every(summary))
        screen.write(formats.to_csv(summary, [*columns.beside(every, points)], table.depth))
    else:
        picked = _picked(summary, table, points)
        text = formats.to_markdown(summary, picked, table.depth, ascii_only=screen.is_ascii())
        screen.write(text)


def _show_json(
    found: Known,
    table: TableOptions,
    proof: ProofOptions,
    screen: Screen,
    points: "Sequence[Point]",
) -> int:
    """Prove first, so that the one document has the outcome; it comes in any case."""
    from resnet_cli.show import formats

    forward, code = proof_for_document(found, proof, screen)
    summary, config = found.network.summary, found.network.config.to_dict()
    more = {"at": [formats.point_dict(point, table.depth) for point in points]} if points else {}
    screen.write(formats.to_json(summary, config, forward, table.depth, more))
    return code


def proof_for_document(
    found: Known, options: ProofOptions, screen: Screen
) -> tuple[dict[str, object] | None, int]:
    """Prove the network unless that is off; return what JSON's `forward` says, and the code."""
    from resnet_cli.show import formats

    if not options.run:
        return None, 0
    proof, error = attempt(found, options.device, screen)
    if proof is not None:
        screen.note(*outcome(proof))
        return formats.proof_dict(proof), 0 if proof.agrees else 1
    screen.note(f"resnet-shapes: {error}")
    return {"error": error}, 2
