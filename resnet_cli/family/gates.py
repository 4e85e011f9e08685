"""What stands in a block beside the residual network's own layers: gates, and a blur.

They have kinds of their own, which take 2 ms to import: only a network that has one does.
"""

from math import log2

from resnet_cli.family.names import Net
from resnet_cli.graph.activations import Activation
from resnet_cli.graph.captured import Source
from resnet_cli.graph.elementwise import Multiply
from resnet_cli.graph.filters import ConvFunction
from resnet_cli.graph.graph import Value, Weight
from resnet_cli.graph.moves import Pad
from resnet_cli.graph.pooling import AdaptiveAvgPool
from resnet_cli.graph.products import Conv
from resnet_cli.graph.views import Squeeze, Transpose, Unsqueeze


def squeeze_excitation(net: Net, channels: int, inner: int, x: Value) -> Value:
    """Weigh channels by two 1x1 convolutions of their means (Hu, Shen, Sun 2018, figure 3)."""
    with net.within("se", x):
        is_module = "se.avgpool" not in net.scheme.functions
        y = net.layer("avgpool", AdaptiveAvgPool(is_number=is_module), x)  # (N, channels, 1, 1)
        y = net.layer("fc1", Conv(inner, (1, 1)), y)
        y = net.relu(y)
        y = net.layer("fc2", Conv(channels, (1, 1)), y)
        y = net.layer("gate", Activation("Sigmoid"), y)
        return net.apply(Multiply(), x, y)


def channel_attention(net: Net, channels: int, x: Value) -> Value:
    """Weigh channels by a convolution along them (Wang et al. 2020, figure 2, equation 12)."""
    reach = max(3, int((log2(channels) + 1) / 2) | 1)
    with net.within("eca", x, "se"):
        y = net.layer("avgpool", AdaptiveAvgPool(), x)
        y = net.apply(Transpose(1, 2), net.apply(Squeeze((3,)), y))  # (N, 1, channels)
        along = Conv(1, (reach,), (1,), (reach // 2,), (1,), bias=False)
        y = net.layer("conv", along, y)
        y = net.layer("gate", Activation("Sigmoid"), y)
        y = net.apply(Unsqueeze(3), net.apply(Transpose(1, 2), y))  # (N, channels, 1, 1)
        return net.apply(Multiply(), x, y)


def blur(net: Net, name: str, channels: int, x: Value, stride: int = 2) -> Value:
    """Shrink a map behind a fixed filter, the same for each channel (Zhang 2019, section 3.2)."""
    with net.within("blur", x, name, held=Weight(buffers=9 * channels)):
        margin = (0, 0, (stride + 1) // 2, (stride + 1) // 2)
        y = net.apply(Pad(margin, margin, "reflect"), x)
        kernel = net.source(Source("buffer", (channels, 1, 3, 3)))
        return net.apply(ConvFunction((stride, stride), (0, 0), (1, 1), channels), y, kernel)
