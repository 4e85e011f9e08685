"""The vocabulary's arithmetic, by hand and by formula."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli.graph.layers import (
    AdaptiveAvgPool2d,
    BatchNorm2d,
    Conv2d,
    Facts,
    Flatten,
    Linear,
    MaxPool2d,
    PadShortcut,
    ReLU,
    Residual,
    Sequential,
    Window,
)


@pytest.mark.parametrize(
    ("layer", "shape", "facts"),
    [
        (
            Conv2d(1, 64, 7, stride=2, padding=3),
            (2, 1, 224, 224),
            # 64 filters of 7 x 7 + bias; 2 x 64 x 112 x 112 outputs of 49 products each.
            Facts((2, 64, 112, 112), 64 * 50, 0, 2 * 64 * 112 * 112 * 49, Window(7, 2, 3)),
        ),
        (
            Conv2d(8, 12, 3, padding=1, groups=4, bias=False),
            (1, 8, 5, 7),
            Facts((1, 12, 5, 7), 12 * 2 * 9, 0, 12 * 5 * 7 * 2 * 9, Window(3, 1, 1)),
        ),
        (BatchNorm2d(64), (1, 64, 9, 9), Facts((1, 64, 9, 9), 128, 129)),
        (ReLU(), (3, 5), Facts((3, 5))),
        (MaxPool2d(3, 2, 1), (1, 4, 7, 1), Facts((1, 4, 4, 1), window=Window(3, 2, 1))),
        (AdaptiveAvgPool2d(), (2, 4, 7, 3), Facts((2, 4, 1, 1), is_global=True)),
        (Flatten(), (2, 4, 3, 5), Facts((2, 60), is_view=True)),
        (Linear(512, 10), (4, 512), Facts((4, 10), 5130, 0, 4 * 5120)),
        (PadShortcut(4, 6, 2), (1, 4, 7, 8), Facts((1, 6, 4, 4), window=Window(1, 2, 0))),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_leaf_knows_its_shape_and_its_costs(layer, shape, facts):
    assert layer.facts(shape) == facts


@given(st.integers(1, 9), st.integers(1, 4), st.integers(0, 4), st.integers(1, 60))
def test_a_window_slides_as_often_as_it_fits(kernel, stride, padding, size):
    places = range(0, size + 2 * padding - kernel + 1, stride)
    if places:
        assert Window(kernel, stride, padding).slide(size) == len(places)


@given(st.integers(1, 5), st.sampled_from([Conv2d(3, 4, 3), MaxPool2d(2, 2, 0), BatchNorm2d(3)]))
def test_the_batch_multiplies_macs_and_leaves_parameters_alone(batch, layer):
    one, many = layer.facts((1, 3, 8, 8)), layer.facts((batch, 3, 8, 8))
    assert many.macs == batch * one.macs
    assert (many.params, many.buffers) == (one.params, one.buffers)
    assert many.output_shape == (batch, *one.output_shape[1:])


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (Window(3, 2, 1), "k3 s2 p1"),
        (Conv2d(3, 8, 1), "Conv2d(3, 8, kernel_size=(1, 1), stride=(1, 1))"),
        (
            Conv2d(32, 32, 3, 2, 1, groups=32, bias=False),
            "Conv2d(32, 32, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), groups=32, "
            "bias=False)",
        ),
        (
            BatchNorm2d(8),
            "BatchNorm2d(8, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)",
        ),
        (Linear(3, 2), "Linear(in_features=3, out_features=2, bias=True)"),
        (
            Sequential((("0", Sequential((("0", ReLU()),))), ("1", Flatten()))),
            "Sequential(\n  (0): Sequential(\n    (0): ReLU()\n  )\n"
            "  (1): Flatten(start_dim=1, end_dim=-1)\n)",
        ),
    ],
    ids=str,
)
def test_each_layer_prints_itself_as_pytorch_does(layer, text):
    assert str(layer) == text


def test_a_block_prints_its_modules_in_the_order_of_registration():
    conv, norm, side = Conv2d(2, 2, 3), BatchNorm2d(2), Conv2d(2, 2, 1)
    block = Residual((("conv1", conv), ("bn1", norm)), ("conv3", side), ("conv1", "conv3", "bn1"))
    assert block.children == (("conv1", conv), ("conv3", side), ("bn1", norm))


def test_a_pad_shortcut_is_no_module():
    block = Residual((("conv1", ReLU()),), ("", PadShortcut(2, 4, 2)), ("conv1",))
    assert list(block.beside()) == []
    assert [name for name, _ in block.children] == ["conv1"]
