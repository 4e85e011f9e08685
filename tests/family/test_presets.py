"""Published numbers: that the trees are the networks of the papers."""

import json
from pathlib import Path

import pytest

from resnet_cli.analysis.count import counts
from resnet_cli.analysis.network import predict
from resnet_cli.analysis.summary import find
from resnet_cli.family import presets
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.modes import Block, Downsample, DType, Shortcut, Stem, StrideOn

# torchvision's weights metadata, `num_params`, and `_ops` exactly (1x3x224x224, 1000 classes).
TORCHVISION = {
    "resnet18": (11_689_512, 1_814_073_344),
    "resnet50": (25_557_032, 4_089_184_256),
    "resnet152": (60_192_808, 11_513_626_624),
    "resnext50_32x4d": (25_028_904, 4_230_479_872),
    "wide_resnet50_2": (68_883_240, 11_398_021_120),
}
# The notebook's network: Dive into Deep Learning, section 8.6, biased convolutions.
NOTEBOOK = {"d2l-resnet18": (11_178_378, 1_734_890_496)}
# He et al. 2015, table 6: 0.27M, 0.85M and 1.7M parameters.
CIFAR = {
    "resnet20_cifar10": (269_722, 40_551_040),
    "resnet56_cifar10": (853_018, 125_485_696),
    "resnet110_cifar10": (1_727_962, 252_887_680),
}
LIBRARIES = json.loads(Path(__file__).with_name("published.json").read_text(encoding="utf-8"))
PUBLISHED = TORCHVISION | NOTEBOOK | CIFAR


def summary(name, **changes):
    """Return what a preset, changed, comes to."""
    return predict(presets.preset(name).config._replace(**changes)).summary


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_preset_has_its_published_parameters_and_macs(name):
    found = summary(name)
    assert (found.params, found.macs) == PUBLISHED[name]


# He et al. 2015, table 1 gives 1.8e9, 3.6e9, 3.8e9, 7.6e9 and 11.3e9 "FLOPs", which are MACs.
@pytest.mark.parametrize(
    ("name", "macs", "table"),
    [
        ("resnet50", 3_857_973_248, 3.8),
        ("resnet101", 7_570_194_432, 7.6),
        ("resnet152", 11_282_415_616, 11.3),
    ],
)
def test_the_papers_own_bottlenecks_stride_on_the_first_1x1(name, macs, table):
    found = summary(name, stride_on=StrideOn.FIRST)
    assert found.macs == macs
    assert found.macs / 1e9 == pytest.approx(table, abs=0.06)
    assert found.params == summary(name).params


@pytest.mark.parametrize(
    ("name", "params", "macs"),
    [("resnet18", 11_515_688, 1_794_805_760), ("resnet34", 21_623_848, 3_644_493_824)],
)
def test_option_a_saves_the_projections(name, params, macs):
    found = summary(name, shortcut=Shortcut.PAD)
    assert (found.params, found.macs) == (params, macs)


def test_resnet20_with_projections_has_its_published_parameters():
    assert summary("resnet20_cifar10", shortcut=Shortcut.PROJECTION).params == 272_474


def test_the_notebooks_network_has_7825_buffer_elements():
    assert summary("d2l-resnet18").buffers == 7_825


# TorchLens and DeLF report 435 and 427 for the last.
@pytest.mark.parametrize(
    ("name", "changes", "fields"),
    [
        ("resnet18", {}, [11, 43, 99, 211, 435]),
        ("resnet34", {}, [11, 59, 179, 547, 899]),
        ("resnet50", {}, [11, 35, 91, 267, 427]),
        ("resnet50", {"stride_on": StrideOn.FIRST}, [11, 35, 99, 291, 483]),
    ],
)
def test_stem_and_stages_have_their_receptive_fields(name, changes, fields):
    found = summary(name, **changes)
    parts = ("stem", *(f"stage {number}" for number in range(1, 5)), "pool", "head")
    assert [find(found, part).receptive_field for part in parts] == [*fields, None, None]


def test_stem_and_stages_have_the_papers_output_sizes():
    rows = {row.path: row for row in summary("resnet50").rows}
    paths = ("conv1", "layer1", "layer2", "layer3", "layer4", "avgpool")
    assert [rows[path].output_shape[2] for path in paths] == [
        112,
        56,
        28,
        14,
        7,
        1,
    ]


def test_the_table_has_the_default_and_all_that_both_libraries_and_the_papers_have():
    families = [presets.preset(name).family for name in presets.NAMES]
    libraries = {**LIBRARIES["torchvision"], **LIBRARIES["timm"]}
    assert {*presets.NAMES} >= {*libraries}
    assert families.count("torchvision") == len(LIBRARIES["torchvision"]) == 25
    assert families.count("CIFAR-10") == 25
    assert presets.NAMES[0] == presets.DEFAULT
    assert len(families) == len(libraries) + 25 + 1


@pytest.mark.parametrize("library", ["torchvision", "timm"])
def test_every_network_of_a_library_has_its_parameters_to_the_digit(library):
    known = LIBRARIES[library]
    found = counts(presets.preset(name).config for name in known)
    assert dict(zip(known, (sums.params for sums in found), strict=True)) == known


# timm's own table has GMACs at 224; Zagoruyko and Komodakis 2016 and Xie et al. 2017 the others.
@pytest.mark.parametrize(
    ("name", "params", "gmacs"),
    [
        ("resnet10t", 5_435_488, 1.0973),
        ("resnet50s", 25_680_808, 5.4443),
        ("resnet200", 64_673_832, 15.0075),
        ("resnetv2_101", 44_541_480, 7.8014),
        ("seresnet50", 28_088_024, 4.0917),
        ("resnetblur50", 25_557_032, 5.1330),
        ("ecaresnet50d", 25_576_350, 4.3289),
        ("resnetrs50", 35_691_912, 4.4545),
        ("wrn16_4_cifar10", 2_748_890, None),
        ("wrn28_10_cifar10", 36_479_194, 5.243328768),
        ("wrn40_2_cifar10", 2_243_546, None),
        ("preact_resnet164_cifar10", 1_703_258, None),
        ("resnext29_8x64d_cifar10", 34_426_698, None),
    ],
)
def test_a_variation_has_its_published_numbers(name, params, gmacs):
    (found,) = counts([presets.preset(name).config])
    assert found.params == params
    assert gmacs is None or found.macs / 1e9 == pytest.approx(gmacs, abs=5e-5)


@pytest.mark.parametrize("name", presets.NAMES)
def test_a_preset_knows_itself_whatever_the_input_and_the_dtype(name):
    config = presets.preset(name).config
    bigger = config._replace(input=(7, config.input[1], 300, 301), dtype=DType.FLOAT16)
    assert presets.title(bigger) == name


def test_a_preset_decides_all_but_the_element_type():
    values = presets.preset("resnet50").values()
    assert "dtype" not in values
    assert ResNetConfig(**values) == presets.preset("resnet50").config


def test_a_network_without_a_name_is_called_by_its_layers():
    config = ResNetConfig(block=Block.BOTTLENECK, blocks=(1, 1), channels=(8, 16), groups=2)
    assert presets.title(config) == "ResNet-8 (bottleneck 1,1; channels 8,16, groups 2)"


@pytest.mark.parametrize(
    ("name", "change", "title"),
    [
        ("resnet50", {"stride_on": StrideOn.FIRST}, "resnet50, stride on 1x1"),
        ("resnet50", {"downsample": Downsample.AVGPOOL}, "resnet50, downsample avgpool"),
        ("resnet18", {"conv_bias": True, "classes": 1}, "resnet18, conv bias, 1 class"),
        ("resnet18", {"stem": Stem.CIFAR, "input": (1, 1, 8, 8)}, "resnet18, stem cifar, 1 input"),
        ("d2l-resnet18", {"shortcut_norm": True}, "d2l-resnet18, shortcut norm"),
        ("resnet50", {"groups": 32, "width_per_group": 4}, "resnext50_32x4d"),
        ("resnet18", {"channels": (8, 8, 8, 8)}, "ResNet-18 (basic 2,2,2,2; channels 8,8,8,8)"),
    ],
)
def test_a_title_names_the_preset_and_all_that_was_changed(name, change, title):
    found = presets.title(presets.preset(name).config._replace(**change))
    assert found.removesuffix(" channel") == title


def test_a_misspelt_preset_names_the_nearest():
    with pytest.raises(ValueError, match=r"'resnet5O' is no preset \(did you mean 'resnet5"):
        presets.preset("resnet5O")
