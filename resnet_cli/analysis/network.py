"""A network with all that is known of it, whoever made it."""

from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.analysis.rows import summarise
from resnet_cli.analysis.summary import Sizes, Summary
from resnet_cli.analysis.walk import Walk, walk
from resnet_cli.errors import ConfigError, SizeError
from resnet_cli.family import presets, resnet
from resnet_cli.family.config import ResNetConfig
from resnet_cli.graph.graph import Graph

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Protocol

    from resnet_cli.analysis.conventions import Count
    from resnet_cli.analysis.tools import Tool

    class Asked(Protocol):
        """What was asked for, enough to have the same network again."""

        def to_dict(self) -> dict[str, object]:
            """Return plain values under the flags' names."""

    class OfNames(Asked, Protocol):
        """What was asked for of a network whose input may have names."""

        @property
        def named(self) -> tuple[str, ...]:
            """The input's sizes that are names."""

        def at(self, sizes: Sizes) -> "OfNames":
            """Return the same with numbers for the names. Raises `ConfigError`."""


class Plain(NamedTuple):
    """What was asked for, in plain values alone."""

    values: "Mapping[str, object]"

    def to_dict(self) -> dict[str, object]:
        """Return the values."""
        return dict(self.values)


class Network(NamedTuple):
    """A network: what was asked for, its graph, and what that adds up to.

    Where its input has names and PyTorch made it known, `recorded` is the graph that ran.
    """

    config: "Asked"
    graph: Graph
    summary: Summary
    recorded: Graph | None = None


def predict(config: ResNetConfig) -> Network:
    """Return the network of a configuration by arithmetic alone.

    Raises `ConfigError` for an input of a size that it cannot take.
    """
    graph = resnet.build(config)
    walked = walked_over(graph, config)
    name = presets.title(config)
    return Network(config, graph, summarise(graph, name, dtype=config.dtype, walked=walked))


def walked_over(graph: Graph, config: ResNetConfig) -> Walk:
    """Walk over a configuration's graph. Raises `ConfigError` for a size that it cannot take."""
    try:
        return walk(graph, config.dtype.itemsize)
    except SizeError as error:
        raise ConfigError("input", str(error)) from None


def counts_like(network: Network, tools: "Sequence[Tool]") -> "list[Count]":
    """Return what other tools would count of a network; not known where it did not run."""
    if not tools:
        return []
    from resnet_cli.analysis import conventions  # only other tools' counts need their formulas

    has_run = network.summary.ran and network.summary.error is None
    return conventions.counts(network.graph, tools, ran=has_run)
