"""Config to layer tree: stem, stages, blocks, head.

Reads like the paper's table 1 from top to bottom (He, Zhang, Ren, Sun, "Deep Residual
Learning for Image Recognition", 2015). The tree is `Sequential(stem, stage 1 … stage n,
pool, flatten, linear)`, as in the notebook.
"""

from resnet_cli.family.config import Block, ResNetConfig, Shortcut, Stem, StrideOn
from resnet_cli.graph.layers import (
    AdaptiveAvgPool2d,
    BatchNorm2d,
    Conv2d,
    Flatten,
    Layer,
    Linear,
    MaxPool2d,
    PadShortcut,
    ReLU,
    Residual,
    Sequential,
)


def build(config: ResNetConfig) -> Sequential:
    """Return the network's layer tree."""
    stages = []
    in_channels = config.channels[0]
    for index, (planes, count) in enumerate(zip(config.channels, config.blocks, strict=True)):
        stages.append(_stage(config, in_channels, planes, count, stride=1 if index == 0 else 2))
        in_channels = planes * config.block.expansion
    return _sequence(
        _stem(config),
        *stages,
        AdaptiveAvgPool2d(),
        Flatten(),
        Linear(in_channels, config.classes),
    )


def roles(config: ResNetConfig) -> tuple[str, ...]:
    """Return what each layer of the tree is for, at depth 1."""
    stages = (f"stage {number}" for number in range(1, len(config.blocks) + 1))
    return ("stem", *stages, "pool", "flatten", "head")


def _stem(config: ResNetConfig) -> Sequential:
    """Return the stem: table 1's conv1 with its max pool, or section 4.2's 3x3."""
    image_channels, width = config.image_channels, config.channels[0]
    if config.stem is Stem.CIFAR:
        conv = Conv2d(image_channels, width, 3, padding=1, bias=config.conv_bias)
        return _sequence(conv, BatchNorm2d(width), ReLU())
    conv = Conv2d(image_channels, width, 7, stride=2, padding=3, bias=config.conv_bias)
    return _sequence(conv, BatchNorm2d(width), ReLU(), MaxPool2d(3, stride=2, padding=1))


def _stage(
    config: ResNetConfig, in_channels: int, planes: int, count: int, stride: int
) -> Sequential:
    """Return a stage: its first block takes the stride and the change of width."""
    first = residual_block(config, in_channels, planes, stride)
    # Every other block is the same value; the tree shares it.
    rest = residual_block(config, planes * config.block.expansion, planes, 1)
    return _sequence(first, *[rest] * (count - 1))


def residual_block(
    config: ResNetConfig, in_channels: int, planes: int, stride: int, *, identity: bool = False
) -> Residual:
    """Return one residual block of `config`'s kind (figure 5).

    With `identity` its shortcut is bare even where the shapes change, and cannot add.
    """
    main = (
        _basic(config, in_channels, planes, stride)
        if config.block is Block.BASIC
        else _bottleneck(config, in_channels, planes, stride)
    )
    out_channels = planes * config.block.expansion
    shortcut = None if identity else _shortcut(config, in_channels, out_channels, stride)
    # A basic block registers its modules as the notebook does, convolutions first; a
    # bottleneck as torchvision does, each norm behind its convolution.
    module = (shortcut[0],) if shortcut and shortcut[0] else ()
    names = tuple(name for name, _ in main)
    if config.block is Block.BASIC:
        return Residual(main, shortcut, (*names[::2], *module, *names[1::2]))
    return Residual(main, shortcut, (*names, *module))


def _basic(
    config: ResNetConfig, in_channels: int, planes: int, stride: int
) -> tuple[tuple[str, Layer], ...]:
    """Return 3x3, 3x3: figure 5, left."""
    bias = config.conv_bias
    return (
        ("conv1", Conv2d(in_channels, planes, 3, stride, padding=1, bias=bias)),
        ("bn1", BatchNorm2d(planes)),
        ("conv2", Conv2d(planes, planes, 3, padding=1, bias=bias)),
        ("bn2", BatchNorm2d(planes)),
    )


def _bottleneck(
    config: ResNetConfig, in_channels: int, planes: int, stride: int
) -> tuple[tuple[str, Layer], ...]:
    """Return 1x1, 3x3, 1x1: figure 5, right; the 3x3 grouped as in ResNeXt."""
    bias = config.conv_bias
    width, out_channels = config.inner_width(planes), planes * config.block.expansion
    first, second = (stride, 1) if config.stride_on is StrideOn.FIRST else (1, stride)
    return (
        ("conv1", Conv2d(in_channels, width, 1, first, bias=bias)),
        ("bn1", BatchNorm2d(width)),
        ("conv2", Conv2d(width, width, 3, second, padding=1, groups=config.groups, bias=bias)),
        ("bn2", BatchNorm2d(width)),
        ("conv3", Conv2d(width, out_channels, 1, bias=bias)),
        ("bn3", BatchNorm2d(out_channels)),
    )


def _shortcut(
    config: ResNetConfig, in_channels: int, out_channels: int, stride: int
) -> tuple[str, Conv2d | Sequential | PadShortcut] | None:
    """Return the identity (None), or option A or B of section 3.3 where the shape changes."""
    if stride == 1 and in_channels == out_channels:
        return None
    if config.shortcut is Shortcut.PAD:
        return "", PadShortcut(in_channels, out_channels, stride)
    conv = Conv2d(in_channels, out_channels, 1, stride, bias=config.conv_bias)
    if config.shortcut_norm:
        return "downsample", _sequence(conv, BatchNorm2d(out_channels))
    # The notebook's name; a bottleneck's third convolution has it already.
    return ("conv3", conv) if config.block is Block.BASIC else ("downsample", _sequence(conv))


def _sequence(*layers: Layer) -> Sequential:
    return Sequential(tuple((str(index), layer) for index, layer in enumerate(layers)))
