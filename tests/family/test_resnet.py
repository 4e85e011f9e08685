"""The graph is the notebook's and the papers'."""

from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given

from resnet_cli.analysis.network import predict
from resnet_cli.family import resnet
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.modes import Block, Names, Shortcut, StrideOn
from resnet_cli.family.presets import preset, title
from resnet_cli.graph.branches import branches
from resnet_cli.graph.graph import Graph, Module, children, infer
from resnet_cli.graph.kinds import Kind
from resnet_cli.graph.moves import Pad, Subsample
from resnet_cli.graph.pointwise import Add, BatchNorm, ReLU
from resnet_cli.graph.printed import printed
from resnet_cli.graph.products import Conv
from tests.strategies import configs

BLOCKS = ("Residual", "BasicBlock", "Bottleneck", "PreActBasic", "PreActBottleneck")
SEED = Path(__file__).parents[1] / "seed"


class Found(NamedTuple):
    """A residual block: its module, and the kinds on its two branches and behind them."""

    module: Module
    main: list[Kind]
    side: list[Kind]
    after: list[Kind]


def blocks(graph: Graph) -> list[Found]:
    """Return the residual blocks, in the order of execution."""
    found = []
    for module in graph.modules:
        if module.type in BLOCKS:
            block = branches(graph, module)
            assert block is not None
            kinds = (
                [graph.operations[i].kind for i in way]
                for way in (block.main, block.side, block.after)
            )
            found.append(Found(module, *kinds))
    return found


@pytest.mark.parametrize(
    "name",
    [
        *("resnetblur50", "resnetaa50", "seresnet50", "ecaresnet50d", "resnetrs50", "resnet50_gn"),
        *("resnetv2_50d", "regnet_y_400mf", "regnetx_002", "wrn16_4_cifar10"),
    ],
)
def test_every_block_of_a_preset_is_a_residual_block(name):
    config = preset(name).config
    graph = resnet.build(config)
    stages = {module.path for module in graph.modules if module.role.startswith("stage")}
    inside = [module for module in graph.modules if module.path.rpartition(".")[0] in stages]
    assert len(inside) == sum(config.blocks)
    assert None not in [branches(graph, module) for module in inside]


def test_a_regnets_gate_prints_as_torchvisions_does():
    shown = printed(resnet.build(preset("regnet_y_400mf").config))
    assert "(avgpool): AdaptiveAvgPool2d(output_size=1)" in shown
    assert shown.index("(fc2): Conv2d(8, 48") < shown.index("(activation): ReLU()")


def test_the_default_network_prints_as_the_notebook_did():
    assert f"{printed(resnet.build(ResNetConfig()))}\n" == (SEED / "print_net.txt").read_text()


@pytest.mark.parametrize(
    ("name", "registered"),
    [
        ("d2l-resnet18", ("conv1", "conv2", "conv3", "bn1", "bn2")),
        ("resnet18", ("conv1", "bn1", "relu", "conv2", "bn2", "downsample")),
        ("resnet50", ("conv1", "bn1", "conv2", "bn2", "conv3", "bn3", "relu", "downsample")),
        ("resnet20_cifar10", ("conv1", "bn1", "relu", "conv2", "bn2")),
    ],
)
def test_a_block_that_changes_shape_has_the_published_names(name, registered):
    graph = resnet.build(preset(name).config)
    below = children(graph.modules)
    changing = [block.module for block in blocks(graph) if block.side]
    names = {tuple(m.path.rpartition(".")[2] for m in below[module.path]) for module in changing}
    assert names == {registered}


def test_a_block_is_figure_2_and_the_shortcut_waits_for_its_second_norm():
    (first, *_) = blocks(resnet.build(ResNetConfig()))
    assert [type(kind) for kind in first.main] == [Conv, BatchNorm, ReLU, Conv, BatchNorm]
    assert (first.side, first.after) == ([], [ReLU()])


def test_a_zero_padded_shortcut_is_every_second_pixel_and_zeros():
    changing = [b for b in blocks(resnet.build(preset("resnet20_cifar10").config)) if b.side]
    assert [block.side for block in changing] == [
        [Subsample((2, 2)), Pad((0, 0, 0, 0), (0, channels, 0, 0))] for channels in (16, 32)
    ]


def test_a_bottleneck_without_shortcut_norm_has_a_downsample_of_one_layer():
    graph = resnet.build(ResNetConfig(block=Block.BOTTLENECK))
    assert (
        "(downsample): Sequential(\n"
        "        (0): Conv2d(64, 256, kernel_size=(1, 1), stride=(1, 1))\n      )"
    ) in printed(graph)


@given(configs())
def test_only_blocks_that_change_shape_have_a_shortcut_of_their_own(config):
    width = config.stem_widths[-1]
    stages = zip(config.widths, config.blocks, strict=True)
    expected = []
    for index, (planes, count) in enumerate(stages):
        out = planes * config.block.expansion
        expected += [index > 0 or width != out, *[False] * (count - 1)]
        width = out
    found = blocks(resnet.build(config))
    assert [bool(block.side) for block in found] == expected


@given(configs())
def test_each_branchs_shape_fits_the_other(config):
    graph = resnet.build(config)
    facts = infer(graph)
    for operation in graph.operations:
        if isinstance(operation.kind, Add):
            main, side = (facts[value.operation].outputs[0] for value in operation.inputs)
            assert main == side
    pads = [kind for block in blocks(graph) for kind in block.side if isinstance(kind, Pad)]
    assert bool(pads) <= (config.shortcut is Shortcut.PAD)


@pytest.mark.parametrize(
    ("on", "strides"), [(StrideOn.SECOND, (1, 2, 1)), (StrideOn.FIRST, (2, 1, 1))]
)
def test_the_stride_stands_where_it_was_asked_for(on, strides):
    config = ResNetConfig(block=Block.BOTTLENECK, blocks=(3, 4, 6, 3), stride_on=on)
    main = blocks(resnet.build(config))[3].main
    assert tuple(kind.stride[0] for kind in main if isinstance(kind, Conv)) == strides


def test_every_stage_has_its_role():
    graph = resnet.build(ResNetConfig(channels=(8, 8, 8), blocks=(1, 2, 1)))
    roles = tuple(module.role for module in children(graph.modules)[""])
    assert roles == ("stem", "stage 1", "stage 2", "stage 3", "pool", "flatten", "head")


def test_torchvisions_network_has_one_relu_a_block_and_writes_over_its_input():
    graph = resnet.build(preset("resnet50").config)
    (relu,) = (module for module in graph.modules if module.path == "layer1.0.relu")
    assert (relu.type, len(relu.calls)) == ("ReLU", 3)
    assert predict(preset("resnet18").config).summary.activation_bytes == 20_678_560


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "resnet20_cifar10"])
def test_whose_names_it_has_changes_no_count(name):
    config = preset(name).config
    notebook = config._replace(names=Names.NOTEBOOK)
    ours, theirs = predict(config).summary, predict(notebook).summary
    for total in ("params", "buffers", "macs"):
        assert getattr(ours, total) == getattr(theirs, total)
    assert title(notebook) == name
    assert {row.path for row in theirs.rows} >= {"0.0", "1.0.conv1"}
