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

        Raises `BackendError` where PyTorch is missing or broken, and before it is imported
        where the run has no room.
        """
        points = self._proof_points()
        if device in ("cpu", "mps"):
            from resnet_cli.room import free_memory, refuse_too_large

            for _, summary in points:
                refuse_too_large(summary, device, free_memory())
        run = backend(", or leave the proof out with --no-run").prove
        labels: list[str] = []
        seconds = 0.0
        for label, summary in points:
            proof: Proof = run(self.tree, summary, device, on_layer)
            labels += [label] if label else []
            seconds += proof.seconds
            if not proof.agrees:
                break
        return proof._replace(seconds=seconds, at=tuple(labels))

    def _proof_points(self) -> list[tuple[str, Summary]]:
        """Return what is held against PyTorch: where the input has names, at sizes for them."""
        if not self.config.names:
            return [("", self.summary)]
        from resnet_cli import points

        strides = [row.stride for row in self.summary.rows]
        sizes = points.separating(self.config, strides)
        return [(points.label(each), self.summary.at(each)) for each in sizes]


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
