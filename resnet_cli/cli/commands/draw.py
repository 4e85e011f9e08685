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
from resnet_cli.cli.screen import Screen
from resnet_cli.cli.settings import Settings, resolve
from resnet_cli.cli.values import FIGURES, Output, TableOptions
from resnet_cli.errors import FigureError
from resnet_cli.text import nearest, printable

if TYPE_CHECKING:
    from pathlib import Path

    from resnet_cli.draw.page import Page
    from resnet_cli.draw.parts import Scene

MAX_BOXES = 5_000


class Subject(StrEnum):
    """What is drawn."""

    NETWORK = "network"
    STAGE = "stage"
    """A stage's kinds of block in a row."""
    BLOCK = "block"
    """The two kinds of residual block beside each other."""


class Width(NamedTuple):
    """A width on paper in points; a PNG has its pixels where it was given in those."""

    points: float
    unit: str


UNITS = {"mm": 72 / 25.4, "cm": 720 / 25.4, "in": 72.0, "pt": 1.0, "px": 0.75}
"""Points in each unit of length; a pixel is that of CSS, 1/96 inch."""


def _width(value: object) -> Width:
    """Parse `85mm`: a number and its unit, a centimetre at least and five metres at most."""
    form = "a number and its unit, mm, cm, in, pt or px, as in 85mm"
    number, unit = str(value).strip()[:-2], str(value).strip()[-2:].lower()
    points = _decimal(number) * UNITS.get(unit, 0)
    if not points:
        raise ValueError(f"{value!r} is no width; give {form}")
    if not 1 <= points / UNITS["cm"] <= 500:
        raise ValueError(f"{value!r} is not between 1cm and 500cm; give {form}")
    return Width(points, unit)


def _font_size(value: object) -> float:
    """Parse `7` or `7.5pt`."""
    size = _decimal(str(value).strip().lower().removesuffix("pt"))
    if not 1 <= size <= 100:
        raise ValueError(f"{value!r} is no size of type; give points from 1 to 100, as in 7")
    return size


def _decimal(text: str) -> float:
    """Return a number without a sign, or 0 for what is none."""
    text = text.strip()
    is_number = text.isascii() and text.replace(".", "", 1).isdigit() and len(text) < 20
    return float(text) if is_number else 0.0


def _columns(value: object) -> int:
    """Parse a number of columns."""
    count = parse.number(value)
    if count < 1:
        raise ValueError(f"{value!r} is no number of columns; give 1 or more")
    return count


class FigureOptions(NamedTuple):
    """What is drawn, in which detail, and how; without a `stage` the one that shows the most."""

    part: Subject = Subject.NETWORK
    stage: int | None = None
    blocks_detail: bool = False
    profile: bool = False
    title: bool = True
    legend: bool = True
    width: Width | None = None
    figure_columns: int | None = None
    font_size: float | None = None
    open: bool = False


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
    Option("title", parse.flag, "Whether the network's name stands above."),
    Option("legend", parse.flag, "Whether what colours mean stands below, and notes."),
    Option(
        "width",
        _width,
        "How wide on paper, in mm, cm, in, pt or px, as in 85mm; type grows and shrinks with it.",
        metavar="LENGTH",
    ),
    Option("columns", _columns, "In how many columns.", metavar="N", key="figure_columns"),
    Option(
        "font-size",
        _font_size,
        "Points of the type in boxes, 8 where no width is given either.",
        metavar="N",
    ),
    Option("open", parse.flag, "Open the file with the system's viewer."),
)

ALSO = [
    option
    for option in shared(Heading.NETWORK, Heading.GENERAL, "device", "output", "fold")
    if option.name != "columns"  # those of a table
]


@click.command(
    "draw",
    cls=Command,
    examples=("draw -o net.svg", "draw --preset resnet50 --part block -o block.mmd"),
    params=[*OPTIONS, *ALSO],
    instead={
        "format": "the ending of -o FILE says how to draw",
        "columns": "behind 'draw' it is the number of the figure's columns",
    },
)
@click.pass_context
def command(ctx: click.Context, /, **_: Any) -> int:
    """Draw the network; the ending of -o FILE says how: .svg, .png, .pdf or .mmd (Mermaid).

    Only .png and .pdf need matplotlib (the extra 'draw'), and none needs PyTorch.
    """
    settings = resolve(ctx).untrained()
    path, screen = _target(settings), settings.read(Output).screen()
    found = known(settings, screen, symbolic=True)
    network = found.network
    if network.summary.error is not None:
        raise FigureError(f"cannot be drawn: {network.summary.error}")
    line = _command_line()
    figure = settings.read(FigureOptions)
    _check_figure(figure, network, settings, path)
    if path.suffix.lower() == ".mmd":
        scene = _scene(network, figure, settings)
        scene = scene if figure.title else scene._replace(title="")
        _write_mermaid(scene, path, line, screen)
    else:
        screen.save(path, _file(network, figure, settings, path, line))
    for limit in network.summary.limits():
        screen.note(limit)
    if figure.open:
        _open(path, screen)
    return told(found, screen)


def _target(settings: Settings) -> "Path":
    """Return the figure's file. Raises `click.BadParameter` for none, or an unknown ending."""
    path: Path | None = settings.get("output")
    endings = ", ".join(FIGURES)
    if path is None:
        raise click.BadParameter(
            "is missing; give a file, its ending says how to draw: .svg or .mmd (Mermaid text), "
            f".png or .pdf (by matplotlib), as in '{_command_line()} -o net.svg'",
            param_hint="-o",
        )
    if path.suffix.lower() not in FIGURES:
        hint = nearest(path.suffix, FIGURES) if path.suffix else ""
        raise click.BadParameter(
            f"'{path}' does not end in one of {endings}{hint}", param_hint=settings.name("output")
        )
    return path


MERMAID_LACKS = ("legend", "width", "figure_columns", "font_size")


def _check_figure(
    figure: FigureOptions, network: Network, settings: Settings, path: "Path"
) -> None:
    """Refuse what a file's format or a plot of all layers cannot have.

    Raises `click.BadParameter`.
    """
    is_mermaid = path.suffix.lower() == ".mmd"
    refused: dict[str, str] = {}
    if is_mermaid:
        message = "Mermaid has no such thing, its reader lays it out; draw .svg, .png or .pdf"
        refused = dict.fromkeys(MERMAID_LACKS, message)
    if figure.part is Subject.BLOCK:
        refused["figure_columns"] = "--part block has a column for each kind of block"
    if figure.profile:
        message = "--profile plots every layer of the network in one column; leave this out"
        refused |= dict.fromkeys(("part", "stage", "blocks_detail", "figure_columns"), message)
    # A variable says it for every file, and is passed over where there is no such thing.
    refused = {key: text for key, text in refused.items() if settings.name(key).startswith("--")}
    if figure.profile and is_mermaid:
        refused["profile"] = (
            "plots bars, which Mermaid cannot; give a file that ends in .svg, .png or .pdf"
        )
    if figure.profile and network.summary.held:
        refused["profile"] = (
            "plots bars, and the length of a bar is a number: give numbers in "
            f"{settings.name('input')}"
        )
    for key, message in refused.items():
        if key in settings.values:
            raise click.BadParameter(message, param_hint=settings.name(key))


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
    if (boxes := sum(1 for _ in found.nodes())) > MAX_BOXES:
        raise FigureError(
            f"the figure would have {boxes:,} boxes, more than {MAX_BOXES:,}; "
            "leave out --no-fold or --blocks-detail"
        )
    return found._replace(notes=(*found.notes, *network.summary.limits()))


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


def _write_mermaid(scene: "Scene", path: "Path", line: str, screen: Screen) -> None:
    from resnet_cli.draw import mermaid

    text = mermaid.to_mermaid(scene, line)
    screen.save(path, text.encode())
    if (arrows := mermaid.count_arrows(text)) > mermaid.MAX_ARROWS:
        message = f"{arrows} arrows: GitHub renders at most {mermaid.MAX_ARROWS}"
        screen.note(message, "yellow")


def _file(
    network: Network, figure: FigureOptions, settings: Settings, path: "Path", line: str
) -> bytes:
    """Return the file of a figure or a profile: SVG, PNG or PDF by its ending."""
    from resnet_cli.draw import svg
    from resnet_cli.draw.backend import require_matplotlib

    ending = path.suffix.lower()[1:]
    if ending != "svg":
        require_matplotlib(path)
    title, page = _page(network, figure, settings)
    if ending == "svg":
        return svg.to_file(page, title, line).encode()
    from resnet_cli.draw import paint

    in_pixels = figure.width is not None and figure.width.unit == "px"
    return paint.draw(page, ending, title, line, dpi=96 if in_pixels else paint.DPI)


def _page(network: Network, figure: FigureOptions, settings: Settings) -> "tuple[str, Page]":
    """Return the figure's title, and the figure with everything in its place."""
    from resnet_cli.draw import layout
    from resnet_cli.draw.page import Paper

    width = None if figure.width is None else figure.width.points
    paper = Paper(figure.title, figure.legend, width, figure.figure_columns, figure.font_size)
    if figure.profile:
        from resnet_cli.draw.profile import profile

        folded = settings.read(TableOptions).fold
        page = profile(network.graph, network.summary, paper, folded=folded)
        return f"{network.summary.name}: what each layer costs", page
    scene = _scene(network, figure, settings)
    return scene.title, layout.arrange(scene, paper)


def _open(path: "Path", screen: Screen) -> None:
    """Open a file with what the system has for it: xdg-open, open, or what Windows starts."""
    import webbrowser

    if not webbrowser.open(path.resolve().as_uri()):
        screen.note(f"--open: this system has no viewer for {path}", "yellow")


def _command_line() -> str:
    """Return the command that makes the figure again, on one line."""
    import shlex

    return printable("resnet-shapes " + shlex.join(sys.argv[1:]))
