"""A network's summary with a step of training it: what each row keeps, and the sums."""

from typing import TYPE_CHECKING

from resnet_cli.analysis.memory import Training, training
from resnet_cli.analysis.network import Network
from resnet_cli.analysis.rows import FUNCTION, ROOT
from resnet_cli.family.config import Block, ResNetConfig
from resnet_cli.graph.graph import Graph, at

if TYPE_CHECKING:
    from resnet_cli.analysis.step import Step
    from resnet_cli.analysis.summary import LayerRow, Sizes, Summary


def trained(network: Network, step: "Step") -> Network:
    """Return a network with a step of training it. Raises `ConfigError` where it cannot be."""
    graph, summary = network.graph, network.summary
    registered = is_registered_so(network.config)
    found = training(graph, step, summary.dtype, registered=registered)
    return network._replace(summary=with_training(summary, found))


def evaluated(graph: Graph, summary: "Summary", sizes: "Sizes") -> "Summary":
    """Return a summary at sizes for the names in its input, its training step as well."""
    found, step = summary.at(sizes), summary.training
    if step is None:
        return found
    numbers = training(at(graph, sizes), step.step, summary.dtype, registered=step.registered)
    return with_training(found, numbers)


def with_training(summary: "Summary", found: Training) -> "Summary":
    """Return a summary whose rows have what each keeps; a function's is with its module."""
    rows = tuple([_row(row, found) for row in summary.rows])
    return summary._replace(rows=rows, training=found)


def _row(row: "LayerRow", found: Training) -> "LayerRow":
    if row.type == FUNCTION:
        return row
    if row.path == ROOT:
        return row._replace(saved_bytes=found.saved_bytes - found.loss_bytes)
    return row._replace(saved_bytes=found.saved.get(row.path, 0))


def is_registered_so(config: object) -> bool:
    """Say whether an optimiser gets a network's weights in its modules' order.

    A basic block here is registered as the notebook's is, its convolutions first, while
    torchvision's networks have each norm behind its convolution, as they run.
    """
    if not isinstance(config, ResNetConfig) or config.block is not Block.BASIC:
        return True
    return not config.shortcut_norm
