"""One residual block as a network of its own: its branches, and where they meet."""

from dataclasses import dataclass, replace
from functools import cached_property

from resnet_cli.analysis.network import Network
from resnet_cli.analysis.rows import summarise
from resnet_cli.analysis.summary import LayerRow, Summary
from resnet_cli.analysis.walk import Walk, walk
from resnet_cli.family import resnet
from resnet_cli.family.config import Shortcut, check_widening
from resnet_cli.graph.branches import way
from resnet_cli.graph.builder import Builder
from resnet_cli.graph.graph import Graph, Value
from resnet_cli.graph.kinds import Input, Shape

MAIN, SHORTCUT, ADDITION = "main path", "shortcut", "addition"
"""The roles of a block's rows."""

PATH = "block"


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

    @cached_property
    def _branches(self) -> tuple[Graph, Value, Value]:
        """The block without its addition, and the two values that are to be added."""
        net = Builder()
        x = net.apply(Input(self.config.input))
        with net.inside(PATH, "Residual", x, resnet.registered(self.config), role=PATH):
            y, side = resnet.branches(
                net,
                self.config,
                x,
                self.config.image_channels,
                self.config.channels[0],
                self.stride,
                identity=self.identity,
            )
        return net.graph("Sequential", x, (y, side)), y, side

    @cached_property
    def graph(self) -> Graph:
        """The block as the only child of a network; two shapes that differ are not added."""
        if not self.adds:
            return self._branches[0]
        net, planes = Builder(), self.config.channels[0]
        x = net.apply(Input(self.config.input))
        y = resnet.residual_block(
            net, self.config, PATH, x, self.config.image_channels, planes, self.stride
        )
        return net.graph("Sequential", x, y)

    @cached_property
    def _walk(self) -> Walk:
        return walk(self._branches[0], self.config.dtype.itemsize)

    @property
    def addends(self) -> tuple[Shape, Shape]:
        """The shapes that meet at the addition: the main path's and the shortcut's."""
        _, main, side = self._branches
        return self._walk.shape(main), self._walk.shape(side)

    @property
    def adds(self) -> bool:
        """Whether they are equal; PyTorch would stretch one channel, which is no shortcut."""
        main, side = self.addends
        return main == side

    @cached_property
    def summary(self) -> Summary:
        """The prediction, the rows' roles the block's branches; up to an addition that fails."""
        graph, value, _ = self._branches
        main = {graph.operations[i].path for i in way(graph, Value(0), value) or ()}

        def role(path: str) -> str:
            return PATH if path == PATH else MAIN if path in main else SHORTCUT

        summary = summarise(self.graph, self.title, dtype=self.config.dtype)
        rows = summary.rows if self.adds else summary.rows[1:]
        return replace(
            summary,
            rows=tuple(row._replace(role=role(row.path)) for row in rows),
            output_tree=None,  # two branches that do not meet are no output of two tensors
        )

    @property
    def shown(self) -> Summary:
        """The rows as people read them: main path, shortcut, and the addition.

        A shortcut that is no module has a row as well. The addition has one a branch, and
        one for the sum where the shapes are equal.
        """
        rows = self.summary.rows
        parts = [row for row in rows if row.path != PATH]
        main = [row for row in parts if row.role == MAIN][-1]
        if parts[-1] is main:
            is_bare = self._branches[2] == Value(0)
            kind, stride = ("identity", 1) if is_bare else ("zero-padded", self.stride)
            bare = self._free(parts[0], SHORTCUT, kind, self._branches[2])
            parts.append(bare._replace(receptive_field=1, stride=stride))
        _, first, second = self._branches
        parts += [
            self._free(main, ADDITION, MAIN, first),
            self._free(parts[-1], ADDITION, f"+ {SHORTCUT}", second),
        ]
        if self.adds:
            total = self._free(rows[0], ADDITION, "= sum", first)
            parts.append(total._replace(path=PATH))
        return replace(self.summary, rows=tuple(parts))

    def _free(self, row: LayerRow, role: str, kind: str, value: Value) -> LayerRow:
        """Return a row like `row` for what gives `value`, is no module and costs nothing."""
        shape = self._walk.shape(value)
        return row._replace(
            path="",
            role=role,
            type=kind,
            output_shape=shape,
            params=0,
            buffers=0,
            macs=0,
            output_bytes=self._walk.bytes_of(value),
            activation_bytes=0,
            window=None,
        )
