"""Which known network is this: by the graph alone."""

import pytest

from resnet_cli.analysis.identify import known
from resnet_cli.family import resnet
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.modes import Stem
from resnet_cli.family.presets import NAMES, preset, title
from resnet_cli.graph.activations import Identity
from resnet_cli.graph.graph import Weight, infer


def built(config: ResNetConfig, **changes: object):
    return resnet.build(config._replace(**changes))


@pytest.mark.parametrize("name", [name for name in NAMES if "1202" not in name])
def test_every_preset_is_known_by_its_graph(name):
    config = preset(name).config
    found = preset(known(built(config))).config
    # Some are in both libraries, under other names and other roundings of one line.
    assert found._replace(names=config.names, regnet=config.regnet) == config


def test_a_preset_is_known_at_another_size_and_batch():
    assert known(built(preset("resnet50").config, input=(4, 3, 97, 97))) == "resnet50"


@pytest.mark.parametrize(
    "changes", [{"classes": 7}, {"input": (1, 1, 64, 64)}, {"classes": 7, "input": (2, 5, 64, 64)}]
)
def test_what_differs_at_its_ends_is_said_as_for_flags(changes):
    config = preset("resnet50").config
    assert known(built(config, **changes)) == title(config._replace(**changes))


def test_another_stem_is_told():
    config = preset("resnet50").config
    assert known(built(config, stem=Stem.CIFAR)) == "resnet50, stem Conv2d 3x3 stride 1"
    assert known(built(config, stem=Stem.CIFAR, classes=7)) == (
        "resnet50, stem Conv2d 3x3 stride 1, 7 classes"
    )


def test_a_network_without_its_linear_layer_is_known():
    graph = built(preset("resnet18").config)
    *operations, head = graph.operations
    bare = graph._replace(operations=(*operations, head._replace(kind=Identity())))
    assert known(bare) == "resnet18, no linear layer"


@pytest.mark.parametrize(
    "changes",
    [
        {"blocks": (3, 4, 7, 3)},
        {"width_per_group": 96},
        {"channels": (64, 128, 256, 500)},
        {"conv_bias": True},
        {"groups": 2},
    ],
)
def test_other_stages_are_no_known_network(changes):
    assert known(built(preset("resnet50").config, **changes)) is None


def test_weights_that_are_shared_are_another_networks():
    graph = built(preset("resnet18").config)
    held = Weight(sum(facts.params for facts in infer(graph)) - 1)
    assert known(graph) == "resnet18"
    network = graph.modules[0]._replace(held=held)
    assert known(graph._replace(modules=(network, *graph.modules[1:]))) is None
