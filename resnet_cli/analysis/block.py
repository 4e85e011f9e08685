"""One residual block as a network of its own: its branches, and where they meet."""

from typing import NamedTuple

from resnet_cli.analysis.network import Network
from resnet_cli.analysis.paths import is_at
from resnet_cli.analysis.rows import summarise
from resnet_cli.analysis.summary import LayerRow, Summary
from resnet_cli.analysis.walk import Walk, walk
from resnet_cli.family import blocks
from resnet_cli.family.checks import check_widening
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.modes import Shortcut
from resnet_cli.family.names import Net, scheme
from resnet_cli.graph.branches import way
from resnet_cli.graph.graph import Value
from resnet_cli.graph.kinds import Input, Shape

MAIN, SHORTCUT, ADDITION = "main path", "shortcut", "addition"
"""The roles of a block's rows."""

PATH = "block"

IMAGE = Value(0)
"""What the block takes."""


class BlockConfig(NamedTuple):
    """What the flags say about one block; `identity` leaves its shortcut bare.

    `config` is that of a network whose first stage is the block.
    """

    config: ResNetConfig
    stride: int = 1
    identity: bool = False

    def to_dict(self) -> dict[str, object]:
        """Return plain values under the flags' names, those that a block has."""
        values = self.config.to_dict()
        for name in ("blocks", "classes", "stem"):
            del values[name]
        bare = {"shortcut": "none"} if self.identity else {}
        return {**values, "channels": self.config.channels[0], "stride": self.stride, **bare}


class BlockNetwork(NamedTuple):
    """One residual block as a network; `branches` is the block up to what is to be added."""

    network: Network
    branches: Walk
    main: Value
    side: Value

    @property
    def addends(self) -> tuple[Shape, Shape]:
        """The shapes that meet at the addition: the main path's and the shortcut's."""
        return self.branches.shape(self.main), self.branches.shape(self.side)

    @property
    def adds(self) -> bool:
        """Whether they are equal; PyTorch would stretch one channel, which is no shortcut."""
        main, side = self.addends
        return main == side

    @property
    def shown(self) -> Summary:
        """The rows as people read them: main path, shortcut, and the addition.

        A shortcut that is no module has a row as well. The addition has one a branch, and
        one for the sum where the shapes are equal.
        """
        summary = self.network.summary
        rows = summary.rows
        parts = [row for row in rows if row.role == MAIN]
        main = parts[-1]
        parts += [row for row in rows if row.role == SHORTCUT]
        if parts[-1] is main:
            sight = self.branches.sights[self.side.operation]
            assert sight is not None
            kind = "identity" if self.side == IMAGE else "zero-padded"
            bare = self._free(parts[0], SHORTCUT, kind, self.side)
            parts.append(bare._replace(receptive_field=1, stride=sight.stride[0]))
        parts += [
            self._free(main, ADDITION, MAIN, self.main),
            self._free(parts[-1], ADDITION, f"+ {SHORTCUT}", self.side),
        ]
        if self.adds:
            total = self._free(rows[0], ADDITION, "= sum", self.main)
            parts.append(total._replace(path=PATH))
        return summary._replace(rows=tuple(parts))

    def _free(self, row: LayerRow, role: str, kind: str, value: Value) -> LayerRow:
        """Return a row like `row` for what gives `value`, is no module and costs nothing."""
        return row._replace(
            path="",
            role=role,
            type=kind,
            output_shape=self.branches.shape(value),
            params=0,
            buffers=0,
            macs=0,
            output_bytes=self.branches.bytes_of(value),
            activation_bytes=0,
            window=None,
        )


def predict_block(asked: BlockConfig) -> BlockNetwork:
    """Return one residual block, the rows' roles its branches; a bare shortcut may not add.

    Raises `ConfigError` for a zero-padded shortcut that would drop channels.
    """
    config, stride = asked.config, asked.stride
    channels, planes = config.image_channels, config.widths[0]
    if config.shortcut is Shortcut.PAD and not asked.identity:
        check_widening(channels, planes * config.expansion)
    net = Net(scheme(config), PATH)
    x = net.apply(Input(config.input))
    part = "block" if config.regnet else config.block
    with net.within(part, x, PATH, PATH):
        main, side = blocks.branches(
            net, config, x, channels, planes, stride, identity=asked.identity
        )
    graph = net.graph("Sequential", x, (main, side))
    branches = walk(graph, config.dtype.itemsize)
    on_main, on_side = (
        {graph.operations[index].path for index in way(graph, x, end) or ()} for end in (main, side)
    )
    adds = branches.shape(main) == branches.shape(side)
    if adds:
        net = Net(scheme(config), PATH)
        x = net.apply(Input(config.input))
        y = blocks.block_of(config)(net, config, PATH, x, channels, planes, stride)
        graph = net.graph("Sequential", x, y)
    name = f"one {'RegNet' if config.regnet else config.block} block"
    summary = summarise(graph, name, dtype=config.dtype)
    rows = summary.rows if adds else summary.rows[1:]
    roles = (
        PATH
        if row.path == PATH
        else SHORTCUT
        if any(is_at(path, row.path) for path in on_side - on_main)
        else MAIN
        for row in rows
    )
    summary = summary._replace(
        rows=tuple(row._replace(role=role) for row, role in zip(rows, roles, strict=True)),
        output_tree=None,  # two branches that do not meet are no output of two tensors
    )
    return BlockNetwork(Network(asked, graph, summary), branches, main, side)
