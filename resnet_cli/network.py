"""Where a summary comes from: a network that can be predicted, printed and proved."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from resnet_cli import presets, resnet
from resnet_cli.config import ResNetConfig
from resnet_cli.errors import BackendError
from resnet_cli.infer import infer
from resnet_cli.layers import Sequential
from resnet_cli.summary import Summary

if TYPE_CHECKING:
    from resnet_cli.forward import Proof


@dataclass(frozen=True)
class Network:
    """A network that comes from a configuration: prediction first, proof on demand."""

    config: ResNetConfig

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
            name=presets.title(self.config),
            roles=resnet.roles(self.config),
            dtype=self.config.dtype,
            itemsize=self.config.dtype.itemsize,
        )

    def prove(self, device: str, on_layer: Callable[[str], None]) -> "Proof":
        """Run the network in PyTorch against the prediction.

        Raises `BackendError` where PyTorch is missing or broken.
        """
        try:
            from resnet_cli import forward
        except ImportError as error:
            raise BackendError(f"PyTorch could not be imported ({error}); {_REMEDY}") from error
        except Exception as error:  # a broken installation raises anything: OSError, RuntimeError
            message = f"PyTorch failed while it was imported ({error}); {_REMEDY}"
            raise BackendError(message) from error
        return forward.prove(self.tree, self.summary, device, on_layer)


_REMEDY = "install it (pip install torch), or leave the proof out with --no-run"
