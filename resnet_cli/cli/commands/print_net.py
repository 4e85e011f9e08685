"""`print-net`: the architecture, as PyTorch prints it."""

from typing import Any

import click

from resnet_cli.cli.commands.show import report_proof
from resnet_cli.cli.flags import shared
from resnet_cli.cli.options import Command, Heading
from resnet_cli.cli.settings import resolve
from resnet_cli.cli.values import Format, ProofOptions


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
    screen = settings.output(Format.TABLE, Format.PLAIN).screen()
    screen.write(f"{network.tree}\n")
    return report_proof(network, settings.read(ProofOptions, "print-net"), screen)
