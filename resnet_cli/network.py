"""Where a summary comes from: a network that can be predicted, printed and proved."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from resnet_cli import presets, resnet
from resnet_cli.config import ResNetConfig, Shortcut, check_widening
from resnet_cli.errors import BackendError
from resnet_cli.infer import addends, infer
from resnet_cli.layers import Residual, Sequential, Shape
from resnet_cli.summary import LayerRow, Summary

if TYPE_CHECKING:
    from types import ModuleType

    from resnet_cli.forward import Proof

MAIN, SHORTCUT, ADDITION = "main path", "shortcut", "addition"
"""The roles of a block's rows."""


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


@dataclass(frozen=True)
class BlockNetwork(Network):
    """One residual block on its own, `block`; `identity` leaves its shortcut bare."""

    stride: int = 1
    identity: bool = False

    def __post_init__(self) -> None:
        """Refuse a zero-padded shortcut that would drop channels. Raises `ConfigError`."""
        if self.config.shortcut is Shortcut.PAD and not self.identity:
            out_channels = self.config.channels[0] * self.config.block.expansion
            check_widening(self.config.image_channels, out_channels)

    @property
    def title(self) -> str:
        return f"one {self.config.block} block"

    @property
    def roles(self) -> tuple[str, ...]:
        return ("block",)

    @cached_property
    def block(self) -> Residual:
        """The block itself."""
        in_channels, planes = self.config.image_channels, self.config.channels[0]
        return resnet.residual_block(
            self.config, in_channels, planes, self.stride, identity=self.identity
        )

    @cached_property
    def tree(self) -> Sequential:
        """The block as the only child of a network."""
        return Sequential((("block", self.block),))

    @cached_property
    def summary(self) -> Summary:
        """The prediction, the rows' roles the block's branches; up to an addition that fails."""
        main = tuple(f"block.{name}" for name, _ in self.block.main)

        def role(path: str) -> str:
            return "block" if path == "block" else MAIN if path in main else SHORTCUT

        summary: Summary = super().summary
        rows = summary.rows if self.adds else summary.rows[1:]
        return replace(summary, rows=tuple(row._replace(role=role(row.path)) for row in rows))

    @property
    def shown(self) -> Summary:
        """The rows as people read them: main path, shortcut, and the addition.

        A shortcut that is no module has a row as well. The addition has one a branch, and
        one for the sum where the shapes are equal.
        """
        rows = self.summary.rows
        parts = [row for row in rows if row.path != "block"]
        main = [row for row in parts if row.role == MAIN][-1]
        if parts[-1] is main:
            is_pad = self.block.shortcut is not None
            kind, stride = ("zero-padded", self.stride) if is_pad else ("identity", 1)
            bare = self._free(parts[0], SHORTCUT, kind, self.addends[1])
            parts.append(bare._replace(receptive_field=1, stride=stride))
        side = parts[-1]
        parts += [
            self._free(main, ADDITION, MAIN, main.output_shape),
            self._free(side, ADDITION, f"+ {SHORTCUT}", side.output_shape),
        ]
        if self.adds:
            total = self._free(rows[0], ADDITION, "= sum", rows[0].output_shape)
            parts.append(total._replace(path="block"))
        return replace(self.summary, rows=tuple(parts))

    def _free(self, row: LayerRow, role: str, kind: str, shape: Shape) -> LayerRow:
        """Return a row like `row` for what is no module and costs nothing."""
        return row._replace(
            path="",
            role=role,
            type=kind,
            output_shape=shape,
            params=0,
            buffers=0,
            macs=0,
            output_bytes=math.prod(shape) * self.summary.itemsize,
            activation_bytes=0,
            window=None,
        )

    @property
    def addends(self) -> tuple[Shape, Shape]:
        """The shapes that meet at the addition: the main path's and the shortcut's."""
        return addends(self.block, self.config.input)

    @property
    def adds(self) -> bool:
        """Whether they are equal; PyTorch would stretch one channel, which is no shortcut."""
        main, side = self.addends
        return main == side


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
