"""The main job: the per-layer table, at once, then the proof."""

import click

from resnet_cli import columns, fields
from resnet_cli.network import Network
from resnet_cli.options import SUMMARY_FORMATS, Format
from resnet_cli.proving import attempt, outcome, prove
from resnet_cli.screen import Screen
from resnet_cli.settings import Settings, resolve
from resnet_cli.summary import Summary

_ALL = tuple(columns.COLUMNS)


def show(ctx: click.Context) -> int:
    """Print the network's layers; return 0, or 1 where the proof disagrees."""
    settings = resolve(ctx)
    network = Network(settings.config())
    screen = settings.screen()
    if settings.format(*SUMMARY_FORMATS) is Format.JSON:
        return _show_json(network, settings, screen)
    _show_text(network, settings, screen)
    if not settings.get("run", True):
        return 0
    return report_proof(network, settings, screen)


def report_proof(network: Network, settings: Settings, screen: Screen) -> int:
    """Prove the network and say on stderr how it went; return 0 or 1."""
    proof = prove(network, settings.get("device", "auto"), screen)
    screen.note(*outcome(proof))
    return 0 if proof.agrees else 1


def _show_text(network: Network, settings: Settings, screen: Screen) -> None:
    kind = settings.format(*SUMMARY_FORMATS)
    depth = settings.get("depth", fields.ALL_DEPTHS if kind is Format.CSV else 1)
    if kind is not Format.TABLE:
        write_text(network.summary, kind, depth, settings, screen)
        return
    from resnet_cli import render

    screen.show(
        render.summary_table(
            network.summary,
            table_columns(settings),
            depth=depth,
            folded=settings.get("fold", True),
            look=screen.look(),
        )
    )


def table_columns(settings: Settings) -> list[columns.Column]:
    """Return the columns of a table for people."""
    picked = columns.pick(settings.get("columns", columns.DEFAULT))
    return [*picked, *(columns.BARS if settings.get("bars", False) else ())]


def write_text(
    summary: Summary, kind: Format, depth: int, settings: Settings, screen: Screen
) -> None:
    """Write a summary's rows down to `depth` as plain text, CSV or Markdown."""
    from resnet_cli import export

    if kind is Format.PLAIN:
        screen.write(export.to_plain(summary, depth))
    elif kind is Format.CSV:
        picked = columns.pick(settings.get("columns", _ALL))
        screen.write(export.to_csv(summary, picked, depth))
    else:
        picked = columns.pick(settings.get("columns", columns.DEFAULT))
        screen.write(export.to_markdown(summary, picked, depth))


def _show_json(network: Network, settings: Settings, screen: Screen) -> int:
    """Prove first, so that the one document has the outcome; it comes in any case."""
    from resnet_cli import export

    forward, code = proof_for_document(network, settings, screen)
    depth = settings.get("depth", fields.ALL_DEPTHS)
    screen.write(export.to_json(network.summary, network.config.to_dict(), forward, depth))
    return code


def proof_for_document(
    network: Network, settings: Settings, screen: Screen
) -> tuple[dict[str, object] | None, int]:
    """Prove the network unless that is off; return what JSON's `forward` says, and the code."""
    from resnet_cli import export

    if not settings.get("run", True):
        return None, 0
    proof, error = attempt(network, settings.get("device", "auto"), screen)
    if proof is not None:
        return export.proof_dict(proof), 0 if proof.agrees else 1
    screen.note(f"resnet-shapes: {error}")
    return {"error": error}, 2
