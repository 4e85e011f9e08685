"""`print-net`: the architecture, as PyTorch prints it."""

from typing import Any

import click

from resnet_cli.cli.commands.show import report_proof
from resnet_cli.cli.flags import Format, shared
from resnet_cli.cli.options import Command, Heading
from resnet_cli.cli.settings import resolve


@click.command(
    "print-net",
    cls=Command,
    params=shared(Heading.NETWORK, "output", Heading.PROOF, Heading.GENERAL),
)
@click.pass_context
def command(ctx: click.Context, /, **_: Any) -> int:
    """Print the architecture, as PyTorch prints it; no PyTorch needed."""
    settings = resolve(ctx)
    network = settings.network(symbolic=True)
    settings.format(Format.TABLE, Format.PLAIN)
    screen = settings.screen()
    screen.write(f"{network.printed}\n")
    return report_proof(network, settings, screen) if settings.get("run", False) else 0
