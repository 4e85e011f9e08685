"""The tree is the notebook's and the papers'."""

from pathlib import Path

import pytest
from hypothesis import given

from resnet_cli.family import tree as resnet
from resnet_cli.family.config import Block, ResNetConfig, StrideOn
from resnet_cli.family.presets import preset
from resnet_cli.graph.layers import BatchNorm2d, Conv2d, PadShortcut, Residual, Sequential
from tests.strategies import configs

SEED = Path(__file__).parents[1] / "seed"


def blocks(tree: Sequential) -> list[Residual]:
    """Return the residual blocks, in the order of execution."""
    stages = [stage for _, stage in tree.children if isinstance(stage, Sequential)]
    return [block for stage in stages for _, block in stage.children if isinstance(block, Residual)]


def test_the_default_network_prints_as_the_notebook_did():
    assert f"{resnet.build(ResNetConfig())}\n" == (SEED / "print_net.txt").read_text()


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("d2l-resnet18", ("conv1", "conv2", "conv3", "bn1", "bn2")),
        ("resnet18", ("conv1", "conv2", "downsample", "bn1", "bn2")),
        ("resnet50", ("conv1", "bn1", "conv2", "bn2", "conv3", "bn3", "downsample")),
        ("resnet20_cifar10", ("conv1", "conv2", "bn1", "bn2")),
    ],
)
def test_a_block_that_changes_shape_has_the_published_names(name, printed):
    changing = [b for b in blocks(resnet.build(preset(name).config)) if b.shortcut is not None]
    assert {block.printed for block in changing} == {printed}


def test_a_bottleneck_without_shortcut_norm_has_a_downsample_of_one_layer():
    config = ResNetConfig(block=Block.BOTTLENECK)
    name, shortcut = blocks(resnet.build(config))[0].shortcut
    assert (name, str(shortcut)) == (
        "downsample",
        "Sequential(\n  (0): Conv2d(64, 256, kernel_size=(1, 1), stride=(1, 1))\n)",
    )


@given(configs())
def test_only_blocks_that_change_shape_have_a_shortcut_of_their_own(config):
    width = config.channels[0]
    stages = zip(config.channels, config.blocks, strict=True)
    expected = []
    for index, (planes, count) in enumerate(stages):
        out = planes * config.block.expansion
        expected += [index > 0 or width != out, *[False] * (count - 1)]
        width = out
    found = blocks(resnet.build(config))
    assert [block.shortcut is not None for block in found] == expected


@given(configs())
def test_each_layers_width_fits_the_one_before(config):
    for block in blocks(resnet.build(config)):
        convs = [layer for _, layer in block.main if isinstance(layer, Conv2d)]
        norms = [layer for _, layer in block.main if isinstance(layer, BatchNorm2d)]
        assert [c.in_channels for c in convs[1:]] == [c.out_channels for c in convs[:-1]]
        assert [n.num_features for n in norms] == [c.out_channels for c in convs]
        if block.shortcut and isinstance(block.shortcut[1], PadShortcut):
            assert block.shortcut[1].out_channels == convs[-1].out_channels


@pytest.mark.parametrize(
    ("on", "strides"), [(StrideOn.SECOND, (1, 2, 1)), (StrideOn.FIRST, (2, 1, 1))]
)
def test_the_stride_stands_where_it_was_asked_for(on, strides):
    config = ResNetConfig(block=Block.BOTTLENECK, blocks=(3, 4, 6, 3), stride_on=on)
    main = blocks(resnet.build(config))[3].main
    assert tuple(layer.stride for _, layer in main if isinstance(layer, Conv2d)) == strides


def test_every_stage_has_its_role():
    config = ResNetConfig(channels=(8, 8, 8), blocks=(1, 2, 1))
    roles = resnet.roles(config)
    assert roles == ("stem", "stage 1", "stage 2", "stage 3", "pool", "flatten", "head")
    assert len(roles) == len(resnet.build(config).children)
