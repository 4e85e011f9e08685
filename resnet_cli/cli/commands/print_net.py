"""`print-net`: the architecture, as PyTorch prints it."""

from typing import Any

import click

from resnet_cli.cli.commands.show import report_proof
from resnet_cli.cli.flags import shared
from resnet_cli.cli.networks import known, module
from resnet_cli.cli.options import Command, Heading
from resnet_cli.cli.settings import resolve
from resnet_cli.cli.values import Format, ProofOptions
from resnet_cli.family import resnet
from resnet_cli.graph.printed import printed


@click.command(
    "print-net",
    cls=Command,
    examples=("print-net", "print-net --preset resnet50"),
    params=shared(Heading.NETWORK, "output", Heading.PROOF, Heading.GENERAL, but=("dtype",)),
    instead={
        "dtype": "an architecture is the same in each",
        "format": "it writes what PyTorch prints",
    },
)
@click.pass_context
def command(ctx: click.Context, /, **_: Any) -> int:
    """Print the architecture, as PyTorch prints it; no PyTorch needed."""
    settings = resolve(ctx).untrained()
    screen = settings.output(Format.TABLE, Format.PLAIN).screen()
    proof = settings.read(ProofOptions, "print-net")
    config = module(settings, symbolic=True)
    if config is None:
        text = printed(resnet.build(settings.config(symbolic=True)))
    else:  # printed without a run
        from resnet_cli.pytorch import user

        text = user.printed(config, proof.device)
    screen.write(f"{text}\n")
    if not proof.run:
        return 0
    if "BatchNorm" in text:
        screen.note(
            "From version 2.13 on PyTorch prints one field more for batch norm, 'bias=True'."
        )
    return report_proof(known(settings, screen, symbolic=True), proof, screen)
