"""Where a summary comes from: a network that can be predicted and printed."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from resnet_cli.analysis.rows import summarise
from resnet_cli.analysis.summary import Summary
from resnet_cli.family import presets, resnet
from resnet_cli.family.config import ResNetConfig
from resnet_cli.graph.graph import Graph
from resnet_cli.graph.printed import printed


@dataclass(frozen=True)
class Network:
    """A network that comes from a configuration: the prediction is made once."""

    config: ResNetConfig
    measured: ClassVar[bool] = False

    @property
    def title(self) -> str:
        """What people call it."""
        return presets.title(self.config)

    @cached_property
    def graph(self) -> Graph:
        """Its operations and modules."""
        return resnet.build(self.config)

    @cached_property
    def summary(self) -> Summary:
        """The prediction; never imports torch."""
        return summarise(self.graph, self.title, dtype=self.config.dtype)

    @property
    def printed(self) -> str:
        """Its modules as PyTorch prints them."""
        return printed(self.graph)
