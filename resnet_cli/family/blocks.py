"""Residual blocks: the basic one, the bottleneck, both with their norms before, and RegNet's.

The shapes in the comments are those of a map of (H, W) that comes in; C is the block's output
channels.
"""

from collections.abc import Callable
from typing import TypeAlias

from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.layers import attention, blur, conv, norm, squeeze_excitation
from resnet_cli.family.modes import AntiAlias, Block, Downsample, Names, Shortcut, StrideOn
from resnet_cli.family.names import Net
from resnet_cli.graph.graph import Value
from resnet_cli.graph.moves import Pad, Subsample
from resnet_cli.graph.pointwise import Add
from resnet_cli.graph.pooling import AvgPool
from resnet_cli.graph.products import Conv

Run: TypeAlias = Callable[[Net, ResNetConfig, str, Value, int, int, int], Value]
"""What runs a block: its name, what it takes with its channels, its planes and its stride."""


def block_of(config: ResNetConfig) -> Run:
    """Return what runs a network's blocks."""
    return residual_block if config.regnet is None else regnet_block


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
        if config.pre_activation:
            return net.apply(Add(), y, side)
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
    out_channels = planes * config.expansion
    changes = not identity and (stride != 1 or in_channels != out_channels)
    if config.regnet is not None:
        return _regnet_branches(net, config, x, in_channels, planes, stride, changes)
    run = _basic if config.block is Block.BASIC else _bottleneck
    if not config.pre_activation:
        y = run(net, config, x, planes, stride)
        return y, _shortcut(net, config, x, in_channels, out_channels, stride) if changes else x
    taken = norm_relu(net, config, 1, x)  # He et al. 2016, figure 4e
    side = x
    if changes:
        start = x if config.shortcut is Shortcut.PAD else taken
        side = _shortcut(net, config, start, in_channels, out_channels, stride)
    return run(net, config, taken, planes, stride), side


def _basic(net: Net, config: ResNetConfig, x: Value, planes: int, stride: int) -> Value:
    """Run 3x3, 3x3: figure 5, left."""
    y = _strided(net, config, 1, x, planes, stride)  # (N, planes, H/stride, W/stride)
    if config.pre_activation:
        y = norm_relu(net, config, 2, y)
        return net.layer("conv2", conv(config, planes, 3), y)
    y = unit(net, config, 2, conv(config, planes, 3), y, is_last=True)
    return attention(net, config, planes, y)


def _bottleneck(net: Net, config: ResNetConfig, x: Value, planes: int, stride: int) -> Value:
    """Run 1x1, 3x3, 1x1: figure 5, right; the 3x3 grouped as in ResNeXt."""
    width, out_channels = config.inner_width(planes), planes * config.expansion
    # v1 has the stride on the first 1x1, v1.5 on the 3x3.
    first, second = (stride, 1) if config.stride_on is StrideOn.FIRST else (1, stride)
    if config.pre_activation:
        y = net.layer("conv1", conv(config, width, 1, first), x)
        y = norm_relu(net, config, 2, y)
        y = _strided(net, config, 2, y, width, second, config.groups)
        y = norm_relu(net, config, 3, y)
        return net.layer("conv3", conv(config, out_channels, 1), y)
    y = unit(net, config, 1, conv(config, width, 1, first), x)  # (N, width, H, W) in v1.5
    y = _strided(net, config, 2, y, width, second, config.groups)
    y = unit(net, config, 3, conv(config, out_channels, 1), y, is_last=True)
    return attention(net, config, out_channels, y)  # (N, 4 planes, H/stride, W/stride)


def _strided(
    net: Net, config: ResNetConfig, number: int, x: Value, width: int, stride: int, groups: int = 1
) -> Value:
    """Run a 3x3 with the block's stride, or with what has the stride behind it."""
    if config.pre_activation:
        return net.layer(f"conv{number}", conv(config, width, 3, stride, groups), x)
    if stride == 1 or config.anti_alias is AntiAlias.NONE:
        return unit(net, config, number, conv(config, width, 3, stride, groups), x)
    y = unit(net, config, number, conv(config, width, 3, 1, groups), x)
    return anti_alias(net, config, "aa", width, y, stride)


def anti_alias(
    net: Net, config: ResNetConfig, name: str, channels: int, x: Value, stride: int = 2
) -> Value:
    """Shrink a map behind a convolution that kept it."""
    if config.anti_alias is AntiAlias.BLUR:
        return blur(net, name, channels, x, stride)
    return net.layer(name, AvgPool((stride, stride), (stride, stride)), x)


def _shortcut(
    net: Net, config: ResNetConfig, x: Value, in_channels: int, out_channels: int, stride: int
) -> Value:
    """Run option A or B of section 3.3, where the shape changes."""
    if config.shortcut is Shortcut.PAD:
        x = net.apply(Subsample((stride, stride)), x) if stride != 1 else x
        return net.apply(Pad((0, 0, 0, 0), (0, out_channels - in_channels, 0, 0)), x)
    pooled = config.downsample is Downsample.AVGPOOL
    project = conv(config, out_channels, 1, 1 if pooled else stride)
    bare = not (config.shortcut_norm or pooled or config.pre_activation or config.regnet)
    if config.names is Names.NOTEBOOK and config.block is Block.BASIC and bare:
        return net.layer("conv3", project, x)  # the notebook's name; a bottleneck has it already
    with net.within("downsample", x):
        if pooled and stride != 1:
            pool = AvgPool((2, 2), (stride, stride), ceil_mode=True, count_include_pad=False)
            x = net.layer("pool", pool, x)
        x = net.layer("1" if pooled else "0", project, x)
        return net.layer("2" if pooled else "1", norm(config), x) if config.shortcut_norm else x


def regnet_block(
    net: Net,
    config: ResNetConfig,
    name: str,
    x: Value,
    in_channels: int,
    width: int,
    stride: int,
) -> Value:
    """Run a bottleneck that keeps its width (Radosavovic et al. 2020, figure 4)."""
    with net.within("block", x, name):
        y, side = branches(net, config, x, in_channels, width, stride)
        return net.relu(net.apply(Add(), side, y))  # (N, width, H/stride, W/stride)


def _regnet_branches(
    net: Net,
    config: ResNetConfig,
    x: Value,
    in_channels: int,
    width: int,
    stride: int,
    changes: bool,
) -> tuple[Value, Value]:
    """Run a RegNet's main path, and its shortcut where the shape changes."""
    regnet, side = config.regnet, x
    assert regnet is not None
    comes_first = config.names is not Names.TIMM  # which of two branches a library runs first
    if changes and comes_first:
        side = _shortcut(net, config, x, in_channels, width, stride)
    groups = width // min(regnet.group_size, width)
    with net.within("f", x):
        y = unit(net, config, 1, conv(config, width, 1), x)
        y = unit(net, config, 2, conv(config, width, 3, stride, groups), y)
        if regnet.se_ratio:  # of the block's input, whatever its own width
            y = squeeze_excitation(net, width, round(in_channels * regnet.se_ratio), y)
        y = unit(net, config, 3, conv(config, width, 1), y, is_last=True)
    if changes and not comes_first:
        side = _shortcut(net, config, x, in_channels, width, stride)
    return y, side


def unit(
    net: Net, config: ResNetConfig, number: int, kind: Conv, x: Value, *, is_last: bool = False
) -> Value:
    """Run a convolution and its norm, and ReLU unless the addition comes first."""
    with net.within("unit", x, f"conv{number}"):
        x = net.layer(f"conv{number}", kind, x)
        x = net.layer(f"bn{number}", norm(config), x)
        return x if is_last else net.relu(x)


def norm_relu(net: Net, config: ResNetConfig, number: int, x: Value) -> Value:
    """Run a norm and ReLU."""
    return net.relu(net.layer(f"bn{number}", norm(config), x))
