"""One residual block as a network of its own: its branches, and where they meet."""

import math
from dataclasses import dataclass, replace
from functools import cached_property

from resnet_cli.analysis.infer import addends
from resnet_cli.analysis.network import Network
from resnet_cli.analysis.summary import LayerRow, Summary
from resnet_cli.family import tree as resnet
from resnet_cli.family.config import Shortcut, check_widening
from resnet_cli.graph.layers import Residual, Sequential, Shape

MAIN, SHORTCUT, ADDITION = "main path", "shortcut", "addition"
"""The roles of a block's rows."""


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
