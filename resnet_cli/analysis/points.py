"""The sizes at which a network with names in its input is evaluated and proved."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from resnet_cli.analysis.network import Network
from resnet_cli.analysis.summary import Point, Sizes, Summary, label
from resnet_cli.errors import ConfigError, SizeError
from resnet_cli.graph.graph import Graph
from resnet_cli.graph.graph import at as resized
from resnet_cli.graph.kinds import Shape
from resnet_cli.text import nearest

if TYPE_CHECKING:
    from resnet_cli.analysis.network import OfNames


def evaluate(config: "OfNames", network: Network, sizes: Sizes) -> Point:
    """Return a network at these sizes. Raises `ConfigError` of the field `at`."""
    sizes = ordered(config, sizes)
    if network.recorded is not None:
        _held(network.graph, network.recorded, sizes)
    elif network.summary.conditions:
        _walked(network, sizes)
    return Point(sizes, at(network, sizes))


def _held(graph: Graph, recorded: Graph, sizes: Sizes) -> None:
    """Raise `ConfigError` where a network that ran cannot take these sizes, or would differ."""
    from resnet_cli.analysis.symbols import predicted  # only a network that ran needs it

    try:
        predicted(resized(graph, sizes), recorded)
    except SizeError as error:
        raise ConfigError("at", f"{label(sizes)}: {error}") from None


def _walked(network: Network, sizes: Sizes) -> None:
    """Raise `ConfigError` where a predicted network cannot take these sizes."""
    from resnet_cli.analysis.walk import walk

    try:
        walk(resized(network.graph, sizes), network.summary.itemsize)
    except SizeError as error:
        raise ConfigError("at", f"{label(sizes)}: {error}") from None


def at(network: Network, sizes: Sizes) -> Summary:
    """Return a network's summary at sizes for all names, its training step as well."""
    summary = network.summary
    if summary.training is None:
        return summary.at(sizes)
    from resnet_cli.analysis.train import evaluated  # only a training step needs its walk

    return evaluated(network.graph, summary, sizes)


def ordered(config: "OfNames", sizes: Sizes) -> Sizes:
    """Return the sizes in the order of the input's names.

    Raises `ConfigError` of the field `at` unless they are one right number for each name.
    """
    given = label(sizes)
    if not config.named:
        raise ConfigError("at", f"{given}: the input has no names; give one, as in Nx3xHxW")
    for name in sizes:
        if name not in config.named:
            raise ConfigError(
                "at",
                f"{given}: the input has no {name}{nearest(name, config.named)}; "
                f"its names are {', '.join(config.named)}",
            )
        if type(sizes[name]) is not int:  # True is one as well
            raise ConfigError("at", f"{given}: {sizes[name]!r} is not a whole number")
    if missing := [name for name in config.named if name not in sizes]:
        raise ConfigError("at", f"{given} says nothing for {' and '.join(missing)}")
    try:
        config.at(sizes)
    except ConfigError as error:
        raise ConfigError("at", error.message) from None
    return {name: sizes[name] for name in config.named}


def separating(shape: Shape, strides: Sequence[int | None]) -> tuple[Sizes, Sizes]:
    """Return two sets of sizes for the names in an input's shape, `(N, C, H, W)`.

    They tell roundings up and down, and the dimensions, apart.

    With the network's total stride s, the largest of the layers' cumulative `strides`: 2 s
    and 2 s + 1 for each name along height or width, never both at once, since height and
    width could be swapped; 1 and 2 for the batch.
    """
    stride = max(stride or 1 for stride in strides)
    spatial = [str(size) for size in shape[2:]]
    names = dict.fromkeys(str(size) for size in shape if not isinstance(size, int))
    first: dict[str, int] = {}
    second: dict[str, int] = {}
    for position, name in enumerate(names):
        low = 2 * stride if name in spatial else 1
        even = position % 2 == 0
        first[name], second[name] = (low, low + 1) if even else (low + 1, low)
    return first, second
