"""Where a summary comes from: a network that can be predicted and printed."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from resnet_cli.analysis.infer import infer
from resnet_cli.analysis.summary import Summary
from resnet_cli.family import presets
from resnet_cli.family import tree as resnet
from resnet_cli.family.config import ResNetConfig
from resnet_cli.graph.layers import Sequential


@dataclass(frozen=True)
class Network:
    """A network that comes from a configuration: the prediction is made once."""

    config: ResNetConfig
    measured: ClassVar[bool] = False

    @property
    def title(self) -> str:
        """What people call it."""
        return presets.title(self.config)

    @property
    def roles(self) -> tuple[str, ...]:
        """What each of the tree's own children is for."""
        return resnet.roles(self.config)

    @cached_property
    def tree(self) -> Sequential:
        """The layer tree."""
        return resnet.build(self.config)

    @cached_property
    def summary(self) -> Summary:
        """The prediction; never imports torch."""
        return infer(
            self.tree,
            self.config.input,
            name=self.title,
            roles=self.roles,
            dtype=self.config.dtype,
            itemsize=self.config.dtype.itemsize,
        )
