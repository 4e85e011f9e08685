"""`draw`: the network as a figure: SVG, PNG, PDF, or Mermaid text."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from resnet_cli import parse
from resnet_cli.analysis.network import Network
from resnet_cli.cli.flags import shared
from resnet_cli.cli.networks import known, told
from resnet_cli.cli.options import Command, Heading, Option, under
from resnet_cli.cli.settings import Settings, resolve
from resnet_cli.cli.values import FIGURES, Output, TableOptions
from resnet_cli.errors import FigureError
from resnet_cli.text import nearest, printable

if TYPE_CHECKING:
    from pathlib import Path

    from resnet_cli.draw.parts import Scene

MAX_BOXES = 5_000


class Subject(StrEnum):
    """What is drawn."""

    NETWORK = "network"
    STAGE = "stage"
    """A stage's kinds of block in a row."""
    BLOCK = "block"
    """The two kinds of residual block beside each other."""


class FigureOptions(NamedTuple):
    """What is drawn, and in which detail; without a `stage` the one that shows the most."""

    part: Subject = Subject.NETWORK
    stage: int | None = None
    blocks_detail: bool = False
    profile: bool = False


OPTIONS = under(
    Heading.FIGURE,
    (FigureOptions(),),
    Option("part", Subject, "What to draw."),
    Option(
        "stage",
        parse.number,
        "Which stage --part takes.",
        usual="the first with a stride and both kinds of block",
    ),
    Option(
        "blocks-detail",
        parse.flag,
        "Draw every convolution of the network's blocks; with --no-fold of every block.",
    ),
    Option("profile", parse.flag, "Plot each layer's params, MACs and output bytes instead."),
)


@click.command(
    "draw",
    cls=Command,
    examples=("draw -o net.svg", "draw --preset resnet50 --part block -o block.mmd"),
    params=[*OPTIONS, *shared(Heading.NETWORK, Heading.GENERAL, "device", "output", "fold")],
    instead={"format": "the ending of -o FILE says how to draw"},
)
@click.pass_context
def command(ctx: click.Context, /, **_: Any) -> int:
    """Draw the network; the ending of -o FILE says how: .svg, .png, .pdf or .mmd (Mermaid).

    All but .mmd need matplotlib: pip install "resnet-shapes[draw]". No PyTorch needed.
    """
    settings = resolve(ctx).untrained()
    path, screen = _target(settings), settings.read(Output).screen()
    found = known(settings, screen, symbolic=True)
    network = found.network
    if network.summary.error is not None:
        raise FigureError(f"cannot be drawn: {network.summary.error}")
    line = _command_line()
    figure = settings.read(FigureOptions)
    if figure.profile:
        _refuse_beside_profile(network, settings, path)
        screen.save(path, _profile(network, path, line))
        return 0
    limits = network.summary.limits()
    scene = _scene(network, figure, settings)
    scene = scene._replace(notes=(*scene.notes, *limits))
    if path.suffix.lower() == ".mmd":
        from resnet_cli.draw import mermaid

        text = mermaid.to_mermaid(scene, line)
        screen.save(path, text.encode())
        if (arrows := mermaid.count_arrows(text)) > mermaid.MAX_ARROWS:
            message = f"{arrows} arrows: GitHub renders at most {mermaid.MAX_ARROWS}"
            screen.note(message, "yellow")
    else:
        screen.save(path, _drawn(scene, path, line))
    for limit in limits:
        screen.note(limit)
    return told(found, screen)


def _target(settings: Settings) -> "Path":
    """Return the figure's file. Raises `click.BadParameter` for none, or an unknown ending."""
    path: Path | None = settings.get("output")
    endings = ", ".join(FIGURES)
    if path is None:
        raise click.BadParameter(
            f"is missing; give a file, its ending says how to draw: {endings}", param_hint="-o"
        )
    if path.suffix.lower() not in FIGURES:
        hint = nearest(path.suffix, FIGURES) if path.suffix else ""
        raise click.BadParameter(
            f"'{path}' does not end in one of {endings}{hint}", param_hint=settings.name("output")
        )
    return path


def _refuse_beside_profile(network: Network, settings: Settings, path: "Path") -> None:
    """Refuse what a plot of all layers cannot have. Raises `click.BadParameter`."""
    if network.summary.held:
        raise click.BadParameter(
            "plots bars, and the length of a bar is a number: give numbers in "
            f"{settings.name('input')}",
            param_hint=settings.name("profile"),
        )
    if path.suffix.lower() == ".mmd":
        raise click.BadParameter(
            "plots bars, which Mermaid cannot; give a file that ends in .svg, .png or .pdf",
            param_hint=settings.name("profile"),
        )
    for key in ("part", "stage", "blocks_detail"):
        if key in settings.values:
            raise click.BadParameter(
                f"plots every layer of the network; leave out {settings.name(key)}",
                param_hint=settings.name("profile"),
            )


def _scene(network: Network, figure: FigureOptions, settings: Settings) -> "Scene":
    """Return what to draw. Raises `click.BadParameter`, or `FigureError` where it is too much."""
    from resnet_cli.draw import scene
    from resnet_cli.draw.boxes import Level

    number, folded = figure.stage, settings.read(TableOptions).fold
    graph, title = network.graph, network.summary.name
    if number is not None or figure.part is not Subject.NETWORK:
        _check_stages(len(scene.stages(graph)), figure, settings)
    if number is not None and figure.part is Subject.NETWORK:
        raise click.BadParameter(
            "needs --part stage or --part block", param_hint=settings.name("stage")
        )
    if figure.part is Subject.BLOCK:
        found = scene.block(graph, title, number)
    elif figure.part is Subject.STAGE:
        found = scene.stage(graph, title, number, folded=folded)
    else:
        level = Level.CONVOLUTIONS if figure.blocks_detail else Level.BLOCKS
        found = scene.network(graph, title, level, folded=folded)
    if (boxes := sum(1 for _ in found.steps())) > MAX_BOXES:
        raise FigureError(
            f"the figure would have {boxes:,} boxes, more than {MAX_BOXES:,}; "
            "leave out --no-fold or --blocks-detail"
        )
    return found


def _check_stages(count: int, figure: FigureOptions, settings: Settings) -> None:
    """Refuse a stage that the network does not have. Raises `click.BadParameter`."""
    if not count and figure.part is not Subject.NETWORK:
        raise click.BadParameter(
            f"{figure.part} is for networks with stages, which are blocks that follow each other",
            param_hint=settings.name("part"),
        )
    if figure.stage is not None and not 1 <= figure.stage <= count:
        raise click.BadParameter(
            f"{figure.stage} is no stage of this network; it has 1 to {count}",
            param_hint=settings.name("stage"),
        )


def _drawn(scene: "Scene", path: "Path", line: str) -> bytes:
    from resnet_cli.draw import layout
    from resnet_cli.draw.backend import require_matplotlib

    require_matplotlib(path)
    from resnet_cli.draw import paint

    return paint.draw(layout.arrange(scene), path.suffix.lower()[1:], scene.title, line)


def _profile(network: Network, path: "Path", line: str) -> bytes:
    from resnet_cli.draw.backend import require_matplotlib

    require_matplotlib(path)
    from resnet_cli.draw import profile

    return profile.draw(network.graph, network.summary, path.suffix.lower()[1:], line)


def _command_line() -> str:
    """Return the command that makes the figure again, on one line."""
    import shlex

    return printable("resnet-shapes " + shlex.join(sys.argv[1:]))
