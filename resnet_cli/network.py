"""Where a summary comes from: a network that can be predicted, printed and proved."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from resnet_cli import presets, resnet
from resnet_cli.config import ResNetConfig
from resnet_cli.errors import BackendError
from resnet_cli.infer import infer
from resnet_cli.layers import Sequential
from resnet_cli.summary import Summary

if TYPE_CHECKING:
    from types import ModuleType

    from resnet_cli.proof import Proof


@dataclass(frozen=True)
class Network:
    """A network that comes from a configuration: prediction first, proof on demand."""

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

    def prove(self, device: str, on_layer: Callable[[str], None]) -> "Proof":
        """Run the network in PyTorch against the prediction.

        Raises `BackendError` where PyTorch is missing or broken.
        """
        run = backend(", or leave the proof out with --no-run").prove
        if not self.config.names:
            proof: Proof = run(self.tree, self.summary, device, on_layer)
            return proof
        return self._prove_at_points(run, device, on_layer)

    def _prove_at_points(
        self, prove: "Callable[..., Proof]", device: str, on_layer: Callable[[str], None]
    ) -> "Proof":
        """Hold the evaluated formulas against runs at sizes that tell them apart."""
        from resnet_cli import points

        strides = [row.stride for row in self.summary.rows]
        labels: list[str] = []
        seconds = 0.0
        for sizes in points.separating(self.config, strides):
            proof = prove(self.tree, self.summary.at(sizes), device, on_layer)
            labels.append(points.label(sizes))
            seconds += proof.seconds
            if not proof.agrees:
                break
        return proof._replace(seconds=seconds, at=tuple(labels))


def backend(remedy: str = "") -> "ModuleType":
    """Import `forward`, and torch with it. Raises `BackendError` where that is not possible."""
    install = f"install it (pip install torch){remedy}"
    try:
        from resnet_cli import forward
    except ImportError as error:
        raise BackendError(f"PyTorch could not be imported ({error}); {install}") from error
    except Exception as error:  # a broken installation raises anything: OSError, RuntimeError
        message = f"PyTorch failed while it was imported ({error}); {install}"
        raise BackendError(message) from error
    return forward
