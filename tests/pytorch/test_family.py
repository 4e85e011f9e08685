"""Each variation of the family is proved in PyTorch, where it is usual and where sizes are odd."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from resnet_cli.analysis.network import predict
from resnet_cli.errors import ConfigError
from resnet_cli.family import presets, resnet
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.regnet import parse
from resnet_cli.pytorch.build import build
from resnet_cli.pytorch.prove import prove

SMALL = {"channels": (32, 64), "blocks": (1, 2), "classes": 7}
LINE = "w0=24,wa=36.44,wm=2.49,depth=5,group-size=8,se-ratio=0.25,min-ratio=0.9"

VARIATIONS = [
    {"stem": "deep", "downsample": "avgpool"},
    {"stem": "deep-tiered", "stem_pool": "conv", "stem_width": 8},
    {"attention": "se", "attention_ratio": 0.25, "block": "bottleneck"},
    {"attention": "eca"},
    {"anti_alias": "blur"},
    {"anti_alias": "blur", "stem_pool": "conv", "block": "bottleneck", "groups": 2},
    {"pre_activation": True, "names": "timm", "block": "bottleneck"},
    {"pre_activation": True, "widen": 2, "stem": "cifar"},
    {"pre_activation": True, "shortcut": "pad"},
    {"norm": "group"},
]


def agrees(config, device="cpu"):
    """Say whether PyTorch runs what is predicted."""
    return prove(predict(config), device, lambda path: None).difference is None


@pytest.mark.parametrize("names", ["notebook", "torchvision"])
@pytest.mark.parametrize("changes", VARIATIONS, ids=str)
def test_a_variation_is_proved_at_two_sizes(names, changes):
    for shape in ((2, 3, 64, 64), (1, 3, 45, 71)):
        assert agrees(ResNetConfig(**{"input": shape, "names": names, **SMALL, **changes}))


@pytest.mark.parametrize("names", ["notebook", "torchvision", "timm"])
def test_a_regnet_is_proved(names):
    line = parse(LINE)
    assert agrees(ResNetConfig(input=(1, 3, 65, 47), regnet=line, names=names, shortcut_norm=True))


def test_average_pools_that_do_not_meet_are_refused_with_the_layer_and_both_sizes():
    config = presets.preset("resnetaa50").config
    assert agrees(config._replace(input=(1, 3, 96, 128)))
    said = "layer layer2.0 .add, given 1x512x12x16 and 1x512x12x17"
    with pytest.raises(ConfigError, match=said):
        predict(config._replace(input=(1, 3, 97, 131)))


@pytest.mark.slow
@pytest.mark.parametrize("name", presets.NAMES)
def test_every_preset_is_proved_at_its_own_size_and_an_odd_one(name):
    config = presets.preset(name).config
    _, channels, height, width = config.input
    # Average pools round down where a shortcut rounds up: a side that is 1 more than 32 n.
    odd = (1, channels, height + 1, width + 33)
    assert all(agrees(config._replace(input=shape), "meta") for shape in (config.input, odd))


@pytest.mark.slow
@pytest.mark.parametrize("name", presets.NAMES)
def test_every_presets_macs_are_half_of_pytorchs_flops(name):
    config = presets.preset(name).config
    with FlopCounterMode(display=False) as counter, torch.no_grad(), torch.device("meta"):
        build(resnet.build(config)).eval()(torch.empty(config.input))
    assert counter.get_total_flops() == 2 * predict(config).summary.macs
