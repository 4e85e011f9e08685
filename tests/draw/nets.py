"""Graphs of networks that are no chain of residual blocks, small, as a run would record them."""

from resnet_cli.graph.activations import Activation
from resnet_cli.graph.builder import Builder
from resnet_cli.graph.captured import Opaque, Source
from resnet_cli.graph.elementwise import Multiply
from resnet_cli.graph.graph import Graph
from resnet_cli.graph.kinds import Input
from resnet_cli.graph.moves import Flatten
from resnet_cli.graph.pointwise import Add, BatchNorm, ReLU
from resnet_cli.graph.pooling import AdaptiveAvgPool, MaxPool
from resnet_cli.graph.products import Conv, Linear

SAME = ((3, 3), (1, 1), (1, 1))
ONE = ((1, 1), (1, 1), (0, 0))


def concat(net, *values):
    shapes = [_shape(net, value) for value in values]
    out = (shapes[0][0], sum(shape[1] for shape in shapes), *shapes[0][2:])
    return net.apply(Opaque("cat", (out,)), *values)


def _shape(net, value):
    shapes = []
    for operation in net.operations[: value.operation + 1]:
        inputs = [shapes[i][o] for i, o in operation.inputs]
        shapes.append(operation.kind.facts(*inputs).outputs)
    return shapes[value.operation][value.output]


def _conv(net, name, x, channels, window=SAME):
    x = net.layer(f"{name}", Conv(channels, *window), x)
    x = net.layer(f"{name}_norm", BatchNorm(), x)
    return net.apply(ReLU(), x)


def _double(net, name, x, channels):
    with net.inside(name, "DoubleConv", x):
        x = _conv(net, "conv1", x, channels)
        return _conv(net, "conv2", x, channels)


def unet(depth=4, width=16) -> Graph:
    net = Builder()
    image = x = net.apply(Input((1, 3, 128, 128)))
    skips = []
    for level in range(1, depth + 1):
        x = _double(net, f"down{level}", x, width * 2 ** (level - 1))
        skips.append(x)
        x = net.layer(f"pool{level}", MaxPool((2, 2), (2, 2)), x)
    x = _double(net, "bottom", x, width * 2**depth)
    for level in range(depth, 0, -1):
        batch, channels, height, wide = _shape(net, x)
        out = (batch, channels // 2, 2 * height, 2 * wide)
        x = net.layer(f"up{level}", Opaque("ConvTranspose2d", (out,)), x)
        x = concat(net, skips.pop(), x)
        x = _double(net, f"merge{level}", x, width * 2 ** (level - 1))
    x = net.layer("head", Conv(2, *ONE), x)
    return net.graph("UNet", image, x)


def inception(blocks=2) -> Graph:
    net = Builder()
    image = x = net.apply(Input((1, 3, 64, 64)))
    x = _conv(net, "stem", x, 32)
    for number in range(blocks):
        with net.inside(f"mixed{number}", "Inception", x):
            one = _conv(net, "branch1", x, 64, ONE)
            three = _conv(net, "branch2b", _conv(net, "branch2a", x, 96, ONE), 128)
            five = _conv(net, "branch3b", _conv(net, "branch3a", x, 16, ONE), 32)
            pooled = net.layer("pool", MaxPool((3, 3), (1, 1), (1, 1)), x)
            x = concat(net, one, three, five, _conv(net, "branch4", pooled, 32, ONE))
    return _classified(net, image, x, "Inceptions")


def _classified(net, image, x, name):
    x = net.layer("avgpool", AdaptiveAvgPool(), x)
    x = net.layer("flatten", Flatten(), x)
    x = net.layer("fc", Linear(10), x)
    return net.graph(name, image, x)


def squeeze(blocks=3) -> Graph:
    net = Builder()
    image = x = net.apply(Input((1, 3, 64, 64)))
    x = _conv(net, "stem", x, 64)
    with net.inside("layer1", "Sequential", x):
        for number in range(blocks):
            with net.inside(str(number), "SEBlock", x):
                y = _conv(net, "conv1", x, 64)
                y = net.layer("conv2", Conv(64, *SAME), y)
                y = net.layer("norm2", BatchNorm(), y)
                with net.inside("se", "SqueezeExcitation", y):
                    gate = net.layer("pool", AdaptiveAvgPool(), y)
                    gate = net.layer("fc1", Conv(4, *ONE), gate)
                    gate = net.layer("act", ReLU(), gate)
                    gate = net.layer("fc2", Conv(64, *ONE), gate)
                    gate = net.layer("scale", Activation("Sigmoid"), gate)
                    y = net.apply(Multiply(), gate, y)
                x = net.apply(ReLU(), net.apply(Add(), y, x))
    return _classified(net, image, x, "SENet")


def dense(layers=6) -> Graph:
    net = Builder()
    image = x = net.apply(Input((1, 3, 64, 64)))
    x = _conv(net, "stem", x, 64)
    with net.inside("denseblock1", "DenseBlock", x):
        features = [x]
        for number in range(layers):
            with net.inside(f"denselayer{number}", "DenseLayer", x):
                y = concat(net, *features)
                y = _conv(net, "conv1", y, 128, ONE)
                features.append(net.layer("conv2", Conv(32, *SAME), y))
        x = concat(net, *features)
    return _classified(net, image, x, "DenseNet")


def woven() -> Graph:
    """Return two streams that exchange what they have found: no forks within forks."""
    net = Builder()
    image = x = net.apply(Input((1, 3, 64, 64)))
    x = y = _conv(net, "stem", x, 32)
    for number in range(2):
        left = _conv(net, f"left{number}", x, 32)
        right = _conv(net, f"right{number}", y, 32)
        across = _conv(net, f"cross{number}", left, 32, ONE)
        x, y = net.apply(Add(), left, right), concat(net, across, right)
    x = concat(net, x, y)
    return _classified(net, image, x, "Streams")


def grown(links, width=8) -> Graph:
    """Return a graph of any links: each node convolves what it takes."""
    net = Builder()
    image = net.apply(Input((1, width, 16, 16)))
    values = [image]
    for number, taken in enumerate(links):
        inputs = [values[index % len(values)] for index in taken] or [image]
        inputs = [*dict.fromkeys(inputs)]
        x = _met(net, inputs, number)
        values.append(net.layer(f"conv{number}", Conv(width, *SAME), x))
    used = {value for operation in net.operations for value in operation.inputs}
    loose = [value for value in values if value not in used] or [values[-1]]
    return net.graph("Grown", image, _met(net, loose, len(links)))


def _met(net, values, number):
    """Return what several values give together: their concatenation, sum or product in turn."""
    if len(values) == 1 or number % 3 == 0:
        return concat(net, *values) if len(values) > 1 else values[0]
    x = values[0]
    for value in values[1:]:
        x = net.apply(Add() if number % 3 == 1 else Multiply(), x, value)
    return x


def two_inputs() -> Graph:
    """Return a convolution of a picture, weighed by a second input."""
    net = Builder()
    image = net.apply(Input((1, 3, 16, 16)))
    mask = net.apply(Input((1, 8, 16, 16), 1))
    x = net.layer("conv", Conv(8, *SAME), image)
    shift = net.apply(Source("parameter", (8, 1, 1)))
    x = net.apply(Add(), net.apply(Multiply(), x, mask), shift)
    return net.graph("Masked", image, x)


def two_outputs() -> Graph:
    net = Builder()
    image = x = net.apply(Input((1, 3, 16, 16)))
    x = net.layer("conv", Conv(8, *SAME), x)
    boxes = net.layer("boxes", Conv(4, *ONE), x)
    scores = net.layer("scores", Conv(10, *ONE), x)
    return net.graph("Detector", image, scores)._replace(output=(boxes, scores))
