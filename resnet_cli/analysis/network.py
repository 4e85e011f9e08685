"""A network with all that is known of it, whoever made it."""

from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.analysis.rows import summarise
from resnet_cli.analysis.summary import Sizes, Summary
from resnet_cli.family import presets, resnet
from resnet_cli.family.config import ResNetConfig
from resnet_cli.graph.graph import Graph

if TYPE_CHECKING:
    from typing import Protocol

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


class Network(NamedTuple):
    """A network: what was asked for, its graph, and what that adds up to.

    Where its input has names and PyTorch made it known, `recorded` is the graph that ran.
    """

    config: "Asked"
    graph: Graph
    summary: Summary
    recorded: Graph | None = None


def predict(config: ResNetConfig) -> Network:
    """Return the network of a configuration by arithmetic alone."""
    graph = resnet.build(config)
    return Network(config, graph, summarise(graph, presets.title(config), dtype=config.dtype))
