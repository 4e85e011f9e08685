"""Which known network is this: by counts and structure alone."""

from dataclasses import replace

import pytest

from resnet_cli.analysis.identify import caption
from resnet_cli.analysis.network import predict
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.modes import Stem
from resnet_cli.family.presets import preset

# What has gates, average pools or norms before its convolutions is not told by its counts.
COUNTED = [
    *("d2l-resnet18", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
    *("resnext50_32x4d", "resnext101_32x8d", "wide_resnet50_2", "resnet20_cifar10"),
]


def unnamed(config: ResNetConfig, **changes: object):
    """Return a network's summary as one that has no name, as a module's is."""
    return predict(replace(config, **changes)).summary._replace(name="mine")


@pytest.mark.parametrize("name", COUNTED)
def test_every_preset_is_known_by_its_counts(name):
    family = preset(name).family
    assert caption(unnamed(preset(name).config)) == f"The counts of {family}'s {name}."


def test_a_preset_is_known_at_another_size_and_batch():
    summary = unnamed(preset("resnet50").config, input=(4, 3, 97, 97))
    assert caption(summary) == "The counts of torchvision's resnet50."


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({"classes": 7}, "7 classes (not 1000)"),
        ({"stem": Stem.CIFAR}, "another stem"),
        ({"input": (1, 1, 224, 224)}, "1 input channel (not 3)"),
        ({"stem": Stem.CIFAR, "classes": 7}, "another stem and 7 classes (not 1000)"),
    ],
)
def test_a_near_network_says_what_differs(changes, differs):
    summary = unnamed(preset("resnet50").config, **changes)
    assert caption(summary) == f"Like torchvision's resnet50, but {differs}."


def test_other_stages_are_no_known_network():
    config = preset("resnet50").config
    assert caption(unnamed(config, blocks=(3, 4, 7, 3))) is None
    assert caption(unnamed(config, width_per_group=96)) is None
    assert caption(unnamed(config, channels=(64, 128, 256, 500))) is None


def test_a_network_that_has_its_presets_name_needs_no_caption():
    assert caption(predict(preset("resnet50").config).summary) is None


def test_more_parameters_in_the_stages_are_told():
    summary = unnamed(preset("resnet50").config, conv_bias=True, classes=1000)
    assert "more parameters in its stages" in caption(summary)
