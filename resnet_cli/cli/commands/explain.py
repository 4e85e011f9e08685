"""`explain`: the arithmetic behind a layer's numbers."""

from typing import Any

import click

from resnet_cli.analysis.explain import explain, select
from resnet_cli.cli.commands.show import points_of
from resnet_cli.cli.flags import shared
from resnet_cli.cli.networks import known, told
from resnet_cli.cli.options import Command, Heading
from resnet_cli.cli.settings import resolve
from resnet_cli.cli.values import Format, TableOptions
from resnet_cli.show import lesson

FORMATS = (Format.TABLE, Format.PLAIN, Format.JSON, Format.MARKDOWN, Format.LATEX)


@click.command(
    "explain",
    cls=Command,
    examples=("explain 2.0.conv1", "explain --preset resnet50 'stage 2'"),
    params=[
        click.Argument(["layers"], nargs=-1, metavar="[LAYER]..."),
        *shared(
            *(Heading.NETWORK, Heading.TRAINING, Heading.GENERAL),
            *("at", "device", "output"),
            formats=FORMATS,
        ),
    ],
    instead=dict.fromkeys(("depth", "fold"), "a LAYER says which rows: 2.0, 'stage 2', 1.0-1"),
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
    every = explain(network.graph, network.summary, config=network.config)
    if network.summary.training is not None:
        from resnet_cli.analysis.explain_training import with_saved

        every = with_saved(network.graph, network.summary, every)
    try:
        explanations = select(every, layers, network.summary.rows)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="LAYER") from None
    points = [point.sizes for point in points_of(network, settings.read(TableOptions), settings)]
    ascii_only = screen.is_ascii()
    if kind is Format.TABLE:
        from resnet_cli.show.explain import arithmetic

        notes = network.summary.limits(ascii_only=ascii_only)
        screen.show(arithmetic(explanations, notes, screen.look(), points))
    elif kind is Format.PLAIN:
        screen.write(lesson.to_plain(explanations, points))
    elif kind is Format.MARKDOWN:
        screen.write(lesson.to_markdown(explanations, points, ascii_only=ascii_only))
    elif kind is Format.LATEX:
        screen.write(lesson.to_latex(explanations, points))
    else:
        screen.write(lesson.to_json(network, explanations, points))
    return told(found, screen)
