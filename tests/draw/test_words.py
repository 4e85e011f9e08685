"""What boxes say: every kind of operation as what it is."""

import pytest

from resnet_cli.draw.style import Category
from resnet_cli.draw.words import words
from resnet_cli.graph.activations import Activation, Identity
from resnet_cli.graph.captured import Opaque
from resnet_cli.graph.elementwise import Elementwise, Multiply
from resnet_cli.graph.filters import ConvTranspose
from resnet_cli.graph.matmul import MultiheadAttention
from resnet_cli.graph.moves import Flatten, Pad, Subsample
from resnet_cli.graph.norms import GroupNorm
from resnet_cli.graph.pointwise import Add, BatchNorm, ReLU
from resnet_cli.graph.pooling import AdaptiveAvgPool, AvgPool, MaxPool
from resnet_cli.graph.products import Conv, Linear
from resnet_cli.graph.resample import AdaptivePool
from resnet_cli.graph.views import Permute

MAP = (1, 64, 28, 28)
UP = ("2x2 transposed conv, 64, x2", Category.CONV)


@pytest.mark.parametrize(
    ("kind", "text", "category"),
    [
        (Conv(64, (3, 3), (2, 2), (1, 1)), "3x3 conv, 64, /2", Category.CONV),
        (Conv(64, (1, 7), padding=(0, 3)), "1x7 conv, 64", Category.CONV),
        (
            Conv(64, (3, 3), (2, 1), dilation=(2, 2)),
            "3x3 conv, 64, /2x1, dilation 2",
            "convolution",
        ),
        (Conv(64, (3, 3), groups=32), "3x3 conv, 64, 32 groups", Category.CONV),
        (Conv(64, (3,), (1,), (1,), (1,)), "3-wide conv, 64", Category.CONV),
        (Linear(10), "linear, 10", Category.LINEAR),
        (BatchNorm(), "batch norm", Category.NORM),
        (ReLU(), "ReLU", Category.RELU),
        (MaxPool((3, 3), (2, 2)), "3x3 max pool, /2", Category.POOL),
        (AvgPool((2, 2), (2, 2)), "2x2 average pool, /2", Category.POOL),
        (AdaptiveAvgPool((28, 28)), "average pool to 28x28", Category.POOL),
        (AdaptivePool("AdaptiveMaxPool2d", (28, 28)), "max pool to 28x28", Category.POOL),
        (ConvTranspose(64, (2, 2), (2, 2), (0, 0), (0, 0), (1, 1)), *UP),
        (GroupNorm(8), "GroupNorm", Category.OTHER_NORM),
        (Permute((0, 2, 3, 1)), "permute", Category.MOVE),
        (Elementwise("sub"), "sub", Category.POINTWISE),
        (MultiheadAttention(64, 8), "attention, 8 heads", Category.OTHER),
        (Flatten(), "flatten", Category.FLATTEN),
        (Pad((0, 0, 0, 0), (0, 32, 0, 0)), "zero-pad, 64", Category.PAD),
        (Pad((0, 0, 1, 1), (0, 0, 1, 1), "reflect"), "reflect-pad, 28x28", Category.PAD),
        (Subsample((2, 2)), "subsample, /2", Category.OTHER),
        (Add(), "add", Category.ADD),
        (Multiply(), "multiply", Category.MULTIPLY),
        (Activation("GELU"), "GELU", Category.POINTWISE),
        (Identity("Dropout"), "Dropout", Category.POINTWISE),
        (Conv(64, (3, 3), groups=64), "3x3 depthwise conv, 64", Category.CONV),
        (Opaque("cat", (MAP,)), "concat", Category.CONCAT),
        (Opaque("interpolate", (MAP,)), "resize to 28x28", Category.RESIZE),
        (Opaque("ConvTranspose2d", (MAP,)), "transposed conv, 64", Category.CONV),
        (Opaque("layer_norm", (MAP,)), "layer_norm", Category.OTHER_NORM),
        (Opaque("permute", (MAP,)), "permute", Category.MOVE),
        (Opaque("__getitem__", (MAP,)), "getitem", Category.OTHER),
        (Opaque("deform_conv2d", (MAP,), None), "deform_conv2d", Category.OTHER),
    ],
)
def test_a_box_says_what_its_operation_does(kind, text, category):
    found = words(kind, MAP)
    assert (found.text, found.category) == (text, category)
    assert found.noun in text


def test_a_pool_of_the_whole_map_is_global():
    assert words(AdaptiveAvgPool(), (1, 64, 1, 1)).text == "global average pool"
