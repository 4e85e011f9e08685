"""`explain`: the arithmetic behind a layer's numbers."""

from collections.abc import Sequence
from typing import Any

import click

from resnet_cli.analysis.explain import explain, select
from resnet_cli.analysis.explanation import Explanation, pretty
from resnet_cli.analysis.network import Network
from resnet_cli.cli.flags import shared
from resnet_cli.cli.networks import known, told
from resnet_cli.cli.options import Command, Heading
from resnet_cli.cli.settings import resolve
from resnet_cli.cli.values import Format
from resnet_cli.show import formats
from resnet_cli.text import human_text, plain_text

FORMATS = (Format.TABLE, Format.PLAIN, Format.JSON, Format.MARKDOWN)


@click.command(
    "explain",
    cls=Command,
    examples=("explain 2.0.conv1", "explain --preset resnet50 'stage 2'"),
    params=[
        click.Argument(["layers"], nargs=-1, metavar="[LAYER]..."),
        *shared(Heading.NETWORK, Heading.TRAINING, Heading.TABLE, Heading.GENERAL),
    ],
)
@click.pass_context
def command(ctx: click.Context, /, layers: tuple[str, ...], **_: Any) -> int:
    """Show the arithmetic behind each LAYER's numbers; no PyTorch needed.

    LAYER is a path (2.0.conv1; 2.0 is the block with all in it), a role (stem, 'stage 2')
    or a type (Conv2d, Residual for the additions). Without one: every layer.
    """
    settings = resolve(ctx)
    output = settings.output(*FORMATS)
    kind, screen = output.format, output.screen()
    found = known(settings, screen, symbolic=True)
    network = found.network
    every = explain(network.graph, network.summary)
    if network.summary.training is not None:
        from resnet_cli.analysis.explain_training import with_saved

        every = with_saved(network.graph, network.summary, every)
    try:
        explanations = select(every, layers)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="LAYER") from None
    if kind is Format.TABLE:
        from resnet_cli.show.explain import arithmetic

        notes = network.summary.limits(ascii_only=screen.is_ascii())
        screen.show(arithmetic(explanations, notes, screen.look()))
    elif kind is Format.PLAIN:
        screen.write(to_plain(explanations))
    elif kind is Format.MARKDOWN:
        screen.write(to_markdown(explanations, ascii_only=screen.is_ascii()))
    else:
        screen.write(to_json(network, explanations))
    return told(found, screen)


def to_plain(explanations: Sequence[Explanation]) -> str:
    """Return a line a quantity: path, name, formula and value, with tabs between them."""
    return "".join(
        "\t".join((path, name, formula, plain_text(value))) + "\n"
        for path, _, _, _, quantities in explanations
        for name, formula, value in quantities
    )


def to_markdown(explanations: Sequence[Explanation], *, ascii_only: bool) -> str:
    """Return a table with a line a quantity; a layer is named in its first."""
    rows = []
    for path, _, _, text, quantities in explanations:
        first = [path, text]
        for name, formula, value in quantities or [("", "", "")]:
            number = "global" if value is None else human_text(value)
            signs = formula if ascii_only else pretty(formula)
            rows.append([*first, name, signs, number])
            first = ["", ""]
    heads = ["Path", "Layer", "Quantity", "Arithmetic", "Value"]
    return formats.markdown_table(heads, rows, [False] * 4 + [True])


def to_json(network: Network, explanations: Sequence[Explanation]) -> str:
    """Return one JSON document, a line a layer; each formula as Python evaluates it."""
    head = formats.document_head(network.summary, network.config.to_dict())
    return formats.json_text(head, "explanations", map(_record, explanations), {})


def _record(explanation: Explanation) -> dict[str, object]:
    quantities = [quantity._asdict() for quantity in explanation.quantities]
    return {**explanation._asdict(), "quantities": quantities}
