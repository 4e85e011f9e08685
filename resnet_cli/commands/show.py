"""The main job: the per-layer table, at once, then the proof."""

import click

from resnet_cli import columns, fields
from resnet_cli.network import Network
from resnet_cli.options import SUMMARY_FORMATS, Format
from resnet_cli.proving import attempt, outcome, prove
from resnet_cli.screen import Screen
from resnet_cli.settings import Settings, resolve

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
    if kind is Format.TABLE:
        from resnet_cli import render

        picked = columns.pick(settings.get("columns", columns.DEFAULT))
        look = screen.look()
        screen.show(
            render.summary_table(
                network.summary,
                picked,
                depth=depth,
                folded=settings.get("fold", True),
                look=look,
            )
        )
        return
    from resnet_cli import export

    if kind is Format.PLAIN:
        screen.write(export.to_plain(network.summary, depth))
    elif kind is Format.CSV:
        picked = columns.pick(settings.get("columns", _ALL))
        screen.write(export.to_csv(network.summary, picked, depth))
    else:
        picked = columns.pick(settings.get("columns", columns.DEFAULT))
        screen.write(export.to_markdown(network.summary, picked, depth))


def _show_json(network: Network, settings: Settings, screen: Screen) -> int:
    """Prove first, so that the one document has the outcome; it comes in any case."""
    from resnet_cli import export

    forward: dict[str, object] | None = None
    code = 0
    if settings.get("run", True):
        proof, error = attempt(network, settings.get("device", "auto"), screen)
        if proof is not None:
            forward, code = export.proof_dict(proof), 0 if proof.agrees else 1
        else:
            forward, code = {"error": error}, 2
            screen.note(f"resnet-shapes: {error}")
    depth = settings.get("depth", fields.ALL_DEPTHS)
    screen.write(export.to_json(network.summary, network.config.to_dict(), forward, depth))
    return code
