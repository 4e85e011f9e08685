"""A network's page: what its reader can vary, the figure beside the table, and the file."""

import shlex
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import click

from resnet_cli.analysis import points
from resnet_cli.analysis.network import Network, predict
from resnet_cli.analysis.remarks import remarks
from resnet_cli.analysis.step import Optimizer, Step
from resnet_cli.analysis.variable import variable
from resnet_cli.cli.networks import Known, step_of
from resnet_cli.cli.progress import Progress
from resnet_cli.cli.screen import Screen
from resnet_cli.cli.settings import Settings
from resnet_cli.cli.values import ProofOptions, TableOptions
from resnet_cli.errors import BackendError, ConfigError, FigureError, TargetError
from resnet_cli.family.config import ResNetConfig
from resnet_cli.graph.dims import Dim
from resnet_cli.parse import Input
from resnet_cli.show.page.document import Figure, to_html
from resnet_cli.show.page.sheet import Sheet, Start
from resnet_cli.text import format_shape, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from resnet_cli.analysis.network import OfNames
    from resnet_cli.graph.kinds import Shape
    from resnet_cli.pytorch.user import ModuleConfig

IMAGE = {0: "N", 2: "H", 3: "W"}
"""The names of an image's sizes, by their axes."""

MOST_BOXES = 1_500
"""A larger figure is left out of the page."""


def write(found: Known, table: TableOptions, settings: Settings, screen: Screen) -> Known:
    """Write the page of a network; return what is to be proved: its formulas, or its step.

    Raises `click.BadParameter`.
    """
    step = step_of(settings)
    shown, sizes = _varied(found, table, settings, screen)
    network = shown.network
    config = network.config
    can_train = isinstance(config, ResNetConfig) or network.summary.training is not None
    varied = variable(
        network,
        depth=table.depth,
        folded=table.fold,
        step=(step or Step(Optimizer.SGD)) if isinstance(config, ResNetConfig) else None,
    )
    shape = network.graph.inputs[0] if network.graph.inputs else ()
    axes = {str(size): axis for axis, size in enumerate(shape) if not isinstance(size, int)}
    sheet = Sheet(varied, Start(sizes, axes, network.summary.dtype, step if can_train else None))
    said = remarks(found.network.summary._replace(conditions=network.summary.conditions))
    if not sizes and network.summary.ran:
        why = "a module's training is measured" if step else "there are no closed forms"
        said.append(f"The sizes are those of the run: {why}.")
    command = printable("resnet-shapes " + shlex.join(sys.argv[1:]))
    figure = _figure(network, sheet, folded=table.fold)
    screen.write(to_html(sheet, figure, said, command))
    return found if step else shown


def _varied(
    found: Known, table: TableOptions, settings: Settings, screen: Screen
) -> "tuple[Known, Mapping[str, int]]":
    """Return the network on an input with names, and what stands for them at first."""
    network = found.network
    config = cast("OfNames", network.config)  # that of a family or of a module, never of a block
    if config.named:
        if not table.at:
            example = ",".join(f"{name}=..." for name in config.named)
            message = f"has names in it, and a page begins at numbers; add --at {example}"
            raise click.BadParameter(message, param_hint=settings.name("input"))
        try:
            return found, points.evaluate(config, network, table.at[0]).sizes
        except ConfigError as error:
            raise settings.wrong(error) from None
    if isinstance(config, ResNetConfig):
        shape, sizes = _named(config.input, IMAGE)
        return Known(predict(config._replace(input=shape))), sizes
    if network.summary.ran and network.summary.error is None and step_of(settings) is None:
        return _recorded(found, settings, screen)
    return found, {}


def _named(shape: "Shape", names: "Mapping[int, str]") -> "tuple[Shape, Mapping[str, int]]":
    """Return a shape with names on some axes, and the numbers that stood there."""
    found = (Dim.named(names[i], i) if i in names else size for i, size in enumerate(shape))
    return tuple(found), {name: int(shape[axis]) for axis, name in names.items()}


def _recorded(
    found: Known, settings: Settings, screen: Screen
) -> "tuple[Known, Mapping[str, int]]":
    """Return a module in closed forms, proved at other sizes; as it ran where there are none."""
    from resnet_cli.pytorch import named

    config = cast("ModuleConfig", found.network.config)
    for given, sizes in _choices(config):
        asked = replace(config, input=(given,))
        try:
            with Progress(screen, "finding closed forms") as progress:
                device = settings.read(ProofOptions).device
                closed, run = named.capture(asked, device, progress.update)
        except (BackendError, TargetError):
            continue
        if run.agrees and not closed.summary.ends and _is_same(closed, found.network, sizes):
            return Known(closed, run), sizes
    return found, {}


def _choices(config: "ModuleConfig") -> "Iterator[tuple[Input, Mapping[str, int]]]":
    """Give the input with names in it: all sizes of an image, or else the batch alone."""
    one, *others = config.input
    if others or not isinstance(one, Input) or len(one.shape) < 2:
        return
    for names in (IMAGE, {0: IMAGE[0]}):
        if max(names) < len(one.shape) < 5:
            shape, sizes = _named(one.shape, names)
            yield one._replace(shape=shape), sizes


def _is_same(closed: Network, network: Network, sizes: "Mapping[str, int]") -> bool:
    """Say whether formulas have, at these sizes, what was seen there."""
    ours, theirs = closed.summary.at(sizes).rows, network.summary.rows
    return [(row.path, row.output_shape, row.params, row.macs) for row in ours] == [
        (row.path, row.output_shape, row.params, row.macs) for row in theirs
    ]


def _figure(network: Network, sheet: Sheet, *, folded: bool) -> Figure:
    """Return the network's figure, or nothing where there is none, or it is too large."""
    from resnet_cli.draw import layout, scene, sized, svg
    from resnet_cli.draw.boxes import Level

    graph, summary = network.graph, network.summary
    if not summary.ran or summary.error is not None:
        return Figure()
    try:
        found = scene.network(graph, summary.name, Level.BLOCKS, folded=folded)
    except FigureError:
        return Figure()
    if sum(1 for _ in found.nodes()) > MOST_BOXES:
        return Figure()
    plain = found._replace(title="", notes=(), single=True)
    page = layout.arrange(sized.at(plain, graph, sheet.start.sizes))
    title = f"{summary.name}, input {format_shape(sheet.at(summary.input_shape))}"
    return Figure(svg.to_svg(page, title, svg.Bound(sheet.box, sheet.shape)), svg.style(page))
