"""Config to graph: stem, stages, blocks, head.

Reads like the paper's table 1 from top to bottom (He, Zhang, Ren, Sun, "Deep Residual
Learning for Image Recognition", 2015), and each part like its forward pass. The words are
torchvision's; what the modules are called in the end is a matter of `names.py`.

The shapes in the comments are those of an image of (H, W); C is a stage's output channels.
"""

from resnet_cli.family.blocks import anti_alias, block_of, norm_relu
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.layers import blur, conv, norm
from resnet_cli.family.modes import AntiAlias, Stem, StemPool
from resnet_cli.family.names import Net, scheme
from resnet_cli.graph.graph import Graph, Value
from resnet_cli.graph.kinds import Input
from resnet_cli.graph.moves import Flatten
from resnet_cli.graph.pooling import AdaptiveAvgPool, AvgPool, MaxPool
from resnet_cli.graph.products import Conv, Linear

ALL = 1 << 31


def build(config: ResNetConfig, most: int = ALL) -> Graph:
    """Return the network's graph, with at most so many blocks a stage."""
    net = Net(scheme(config))
    image = net.apply(Input(config.input))  # (N, image channels, H, W)
    x = _stem(net, config, image)  # (N, width, H/4, W/4)
    with net.within("stages", x):
        x = _stages(net, config, x, most)  # (N, C, H/32, W/32)
    if config.pre_activation:
        x = norm_relu(net, config, 1, x)
    with net.within("head", x):
        x = net.layer("avgpool", AdaptiveAvgPool(), x, role="pool")  # (N, C, 1, 1)
        x = _head(net, config, x)  # (N, classes)
    return net.network(image, x)


def shortened(config: ResNetConfig) -> tuple[Graph, dict[str, int]]:
    """Return the network with at most two blocks a stage, and what each second stands for.

    All blocks but a stage's first are one block on one shape; the dictionary has the second's
    path and how often the network has it. Counts of a network of 1,202 layers need not walk
    over them all.
    """
    graph, names = build(config, 2), scheme(config)
    stages = (module.path for module in graph.modules if module.role.startswith("stage"))
    counts = enumerate(zip(stages, config.blocks, strict=True), 1)
    seconds = ((f"{path}.{names.block_of(n, 1)}", count - 1) for n, (path, count) in counts)
    return graph, {path: times for path, times in seconds if times}


def _stages(net: Net, config: ResNetConfig, x: Value, most: int) -> Value:
    """Run the stages: table 1's conv2_x to conv5_x."""
    in_channels = config.stem_widths[-1]
    run = block_of(config)
    for number, (planes, count) in enumerate(zip(config.widths, config.blocks, strict=True), 1):
        with net.stage(number, x):
            # The first block takes the stride and the change of width; section 3.3. The map of
            # a RegNet's stem is still as large as that before the others' pool.
            stride = 1 if number == 1 and not config.regnet else 2
            x = run(net, config, net.scheme.block_of(number, 0), x, in_channels, planes, stride)
            in_channels = planes * config.expansion  # C
            if count > 1 and most > 1:  # (N, C, H/4, W/4), and half of it with each further stage
                second = net.scheme.block_of(number, 1)
                x = run(net, config, second, x, in_channels, planes, 1)
                x = net.repeat(second, min(count, most) - 2)
    return x


def _stem(net: Net, config: ResNetConfig, x: Value) -> Value:
    """Run the stem: table 1's conv1 with its pool, or section 4.2's 3x3."""
    *deep, width = config.stem_widths
    stride = 1 if config.stem is Stem.CIFAR else 2
    with net.within("stem", x, role="stem"):
        if deep:
            x = _deep(net, config, x)
        else:
            kernel = 7 if config.stem is Stem.IMAGENET and not config.regnet else 3
            x = net.layer("conv1", conv(config, width, kernel, stride), x)  # (N, width, H/2, W/2)
        if not config.pre_activation:
            x = norm_relu(net, config, 1, x)
        if config.stem is Stem.CIFAR or config.regnet:
            return x
        return _stem_pool(net, config, width, x)  # (N, width, H/4, W/4)


def _deep(net: Net, config: ResNetConfig, x: Value) -> Value:
    """Run three 3x3 in the place of the 7x7 (He, T. et al. 2019, figure 2b)."""
    first, second, width = config.stem_widths
    with net.within("deep", x, "conv1"):
        x = net.layer("0", conv(config, first, 3, 2), x)  # (N, first, H/2, W/2)
        x = net.layer("1", norm(config), x)
        x = net.relu(x, "2")
        x = net.layer("3", conv(config, second, 3), x)
        x = net.layer("4", norm(config), x)
        x = net.relu(x, "5")
        return net.layer("6", conv(config, width, 3), x)  # (N, width, H/2, W/2)


def _stem_pool(net: Net, config: ResNetConfig, width: int, x: Value) -> Value:
    """Halve the map: table 1's max pool, or what stands in its place."""
    has_convolution, aa = config.stem_pool is StemPool.CONV, config.anti_alias
    if not has_convolution and aa is AntiAlias.NONE:
        return net.layer("maxpool", MaxPool((3, 3), (2, 2), (1, 1)), x)
    if not has_convolution and aa is AntiAlias.AVGPOOL:
        return net.layer("maxpool", AvgPool((2, 2), (2, 2)), x)
    with net.within("maxpool", x):
        if not has_convolution:
            x = net.layer("0", MaxPool((3, 3), (1, 1), (1, 1)), x)
            return blur(net, "1", width, x)
        x = net.layer("0", conv(config, width, 3, 2 if aa is AntiAlias.NONE else 1), x)
        if aa is not AntiAlias.NONE:
            x = anti_alias(net, config, "1", width, x)
        number = 1 if aa is AntiAlias.NONE else 2
        x = net.layer(str(number), norm(config), x)
        return net.relu(x, str(number + 1))


def _head(net: Net, config: ResNetConfig, x: Value) -> Value:
    """Run the linear layer, or the 1x1 convolution that timm has in its place."""
    if net.scheme.has_convolution_head:
        x = net.layer("fc", Conv(config.classes, (1, 1)), x, role="head")
        return net.layer("flatten", Flatten(), x, role="flatten")
    x = net.layer("flatten", Flatten(), x, role="flatten")  # (N, C)
    return net.layer("fc", Linear(config.classes), x, role="head")
