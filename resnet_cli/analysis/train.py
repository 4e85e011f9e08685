"""A network's summary with a step of training it: what each row keeps, and the sums."""

from typing import TYPE_CHECKING

from resnet_cli.analysis.memory import Training, training
from resnet_cli.analysis.network import Network, walked_over
from resnet_cli.analysis.rows import FUNCTION, ROOT, summarise
from resnet_cli.analysis.summary import LayerRow
from resnet_cli.family import presets, resnet
from resnet_cli.family.config import ResNetConfig
from resnet_cli.graph.graph import Graph, at

if TYPE_CHECKING:
    from resnet_cli.analysis.step import Step
    from resnet_cli.analysis.summary import Sizes, Summary


def predict(config: ResNetConfig, step: "Step") -> Network:
    """Return the network of a configuration with a step of training it, in one walk.

    Raises `ConfigError` where it cannot be trained so.
    """
    graph = resnet.build(config)
    walked = walked_over(graph, config)
    summary = summarise(graph, presets.title(config), dtype=config.dtype, walked=walked)
    found = training(graph, step, config.dtype, walked=walked)
    return Network(config, graph, with_training(summary, found))


def evaluated(graph: Graph, summary: "Summary", sizes: "Sizes") -> "Summary":
    """Return a summary at sizes for the names in its input, its training step as well."""
    found, step = summary.at(sizes), summary.training
    if step is None:
        return found
    numbers = training(at(graph, sizes), step.step, summary.dtype)
    return with_training(found, numbers)


def with_training(summary: "Summary", found: Training) -> "Summary":
    """Return a summary whose rows have what each keeps; a function's is with its module."""
    rows = tuple([_row(row, found) for row in summary.rows])
    return summary._replace(rows=rows, training=found)


_PLACE = LayerRow._fields.index("saved_bytes")


def _row(row: LayerRow, found: Training) -> LayerRow:
    if row.type == FUNCTION:
        return row
    kept = found.saved.get(row.path, 0)
    if row.path == ROOT:
        kept = found.saved_bytes - found.loss_bytes
    return LayerRow._make((*row[:_PLACE], kept, *row[_PLACE + 1 :]))  # quicker than _replace
