"""Config to graph: stem, stages, blocks, head.

Reads like the paper's table 1 from top to bottom (He, Zhang, Ren, Sun, "Deep Residual
Learning for Image Recognition", 2015), and each part like its forward pass. The words are
torchvision's; what the modules are called in the end is a matter of `names.py`.

The shapes in the comments are those of an image of (H, W); C is a stage's output channels.
"""

from dataclasses import replace

from resnet_cli.family.config import Block, ResNetConfig, Shortcut, Stem, StrideOn
from resnet_cli.family.names import SCHEMES, Net
from resnet_cli.graph.graph import Graph, Value
from resnet_cli.graph.kinds import Input
from resnet_cli.graph.moves import Flatten, Pad, Subsample
from resnet_cli.graph.pointwise import Add, BatchNorm
from resnet_cli.graph.pooling import AdaptiveAvgPool, MaxPool
from resnet_cli.graph.products import Conv, Linear


def build(config: ResNetConfig) -> Graph:
    """Return the network's graph."""
    net = Net(SCHEMES[config.names])
    image = net.apply(Input(config.input))  # (N, image channels, H, W)
    x = _stem(net, config, image)  # (N, width, H/4, W/4)
    in_channels = config.channels[0]
    for number, (planes, count) in enumerate(zip(config.channels, config.blocks, strict=True), 1):
        with net.within("stage", x, f"layer{number}", role=f"stage {number}"):
            # The first block takes the stride and the change of width; section 3.3.
            stride = 1 if number == 1 else 2
            x = residual_block(net, config, "0", x, in_channels, planes, stride)
            in_channels = planes * config.block.expansion  # C
            if count > 1:  # (N, C, H/4, W/4), and half of it with each further stage
                x = residual_block(net, config, "1", x, in_channels, planes, 1)
                x = net.repeat("1", count - 2)
    x = net.layer("avgpool", AdaptiveAvgPool(), x, role="pool")  # (N, C, 1, 1)
    x = net.layer("flatten", Flatten(), x, role="flatten")  # (N, C)
    x = net.layer("fc", Linear(config.classes), x, role="head")  # (N, classes)
    return net.network(image, x)


def shortened(config: ResNetConfig) -> tuple[Graph, dict[str, int]]:
    """Return the network with at most two blocks a stage, and what each second stands for.

    All blocks but a stage's first are one block on one shape; the dictionary has the second's
    path and how often the network has it. Counts of a network of 1,202 layers need not walk
    over them all.
    """
    short = replace(config, blocks=tuple(min(count, 2) for count in config.blocks))
    graph = build(short)
    stages = (module.path for module in graph.modules if module.role.startswith("stage"))
    counts = zip(stages, config.blocks, strict=True)
    return graph, {f"{stage}.1": count - 1 for stage, count in counts if count > 1}


def _stem(net: Net, config: ResNetConfig, x: Value) -> Value:
    """Run the stem: table 1's conv1 with its max pool, or section 4.2's 3x3."""
    width = config.channels[0]
    kernel, stride = (3, 1) if config.stem is Stem.CIFAR else (7, 2)
    with net.within("stem", x, role="stem"):
        x = net.layer("conv1", _conv(config, width, kernel, stride), x)  # (N, width, H/2, W/2)
        x = net.layer("bn1", BatchNorm(), x)
        x = net.relu(x)
        if config.stem is Stem.IMAGENET:
            x = net.layer("maxpool", MaxPool((3, 3), (2, 2), (1, 1)), x)  # (N, width, H/4, W/4)
    return x


def residual_block(
    net: Net,
    config: ResNetConfig,
    name: str,
    x: Value,
    in_channels: int,
    planes: int,
    stride: int,
) -> Value:
    """Run one residual block of `config`'s kind on (N, in_channels, H, W): figures 2 and 5."""
    with net.within(config.block, x, name):
        y, side = branches(net, config, x, in_channels, planes, stride)
        y = net.apply(Add(inplace=True), y, side)  # (N, C, H/stride, W/stride)
        return net.relu(y)


def branches(
    net: Net,
    config: ResNetConfig,
    x: Value,
    in_channels: int,
    planes: int,
    stride: int,
    *,
    identity: bool = False,
) -> tuple[Value, Value]:
    """Run a main path and a shortcut, with `identity` a bare one; return what is added."""
    run = _basic if config.block is Block.BASIC else _bottleneck
    y = run(net, config, x, planes, stride)
    if identity:
        return y, x
    return y, _shortcut(net, config, x, in_channels, planes * config.block.expansion, stride)


def _basic(net: Net, config: ResNetConfig, x: Value, planes: int, stride: int) -> Value:
    """Run 3x3, 3x3: figure 5, left."""
    y = net.layer("conv1", _conv(config, planes, 3, stride), x)  # (N, planes, H/stride, W/stride)
    y = net.layer("bn1", BatchNorm(), y)
    y = net.relu(y)
    y = net.layer("conv2", _conv(config, planes, 3), y)
    return net.layer("bn2", BatchNorm(), y)


def _bottleneck(net: Net, config: ResNetConfig, x: Value, planes: int, stride: int) -> Value:
    """Run 1x1, 3x3, 1x1: figure 5, right; the 3x3 grouped as in ResNeXt."""
    width, out_channels = config.inner_width(planes), planes * config.block.expansion
    # v1 has the stride on the first 1x1, v1.5 on the 3x3.
    first, second = (stride, 1) if config.stride_on is StrideOn.FIRST else (1, stride)
    y = net.layer("conv1", _conv(config, width, 1, first), x)  # (N, width, H, W) in v1.5
    y = net.layer("bn1", BatchNorm(), y)
    y = net.relu(y)
    y = net.layer("conv2", _conv(config, width, 3, second, config.groups), y)
    y = net.layer("bn2", BatchNorm(), y)  # (N, width, H/stride, W/stride)
    y = net.relu(y)
    y = net.layer("conv3", _conv(config, out_channels, 1), y)
    return net.layer("bn3", BatchNorm(), y)  # (N, 4 planes, H/stride, W/stride)


def _shortcut(
    net: Net, config: ResNetConfig, x: Value, in_channels: int, out_channels: int, stride: int
) -> Value:
    """Run the identity, or option A or B of section 3.3 where the shape changes."""
    if stride == 1 and in_channels == out_channels:
        return x
    if config.shortcut is Shortcut.PAD:
        x = net.apply(Subsample((stride, stride)), x) if stride != 1 else x
        return net.apply(Pad((0, 0, 0, 0), (0, out_channels - in_channels, 0, 0)), x)
    conv = _conv(config, out_channels, 1, stride)
    if config.block is Block.BASIC and not config.shortcut_norm:
        return net.layer("conv3", conv, x)  # the notebook's name; a bottleneck has it already
    with net.within("downsample", x):
        x = net.layer("0", conv, x)
        return net.layer("1", BatchNorm(), x) if config.shortcut_norm else x


def _conv(
    config: ResNetConfig, out_channels: int, kernel: int, stride: int = 1, groups: int = 1
) -> Conv:
    """Return a square convolution that keeps the map but for its stride."""
    sides, steps, margin = (kernel, kernel), (stride, stride), (kernel // 2, kernel // 2)
    return Conv(out_channels, sides, steps, margin, groups=groups, bias=config.conv_bias)
