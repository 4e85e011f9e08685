"""A configuration accepts what can be built and says by name what cannot."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli.cli.flags import SHARED
from resnet_cli.errors import ConfigError
from resnet_cli.family import resnet
from resnet_cli.family.config import FIELDS, ResNetConfig
from resnet_cli.family.modes import Block, DType, Shortcut, StrideOn
from resnet_cli.parse import LIMIT
from resnet_cli.text import format_shape
from tests.strategies import configs


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"input": (224,)}, "input", "'224' has 1 dimension;"),
        ({"input": (1, 3, 224)}, "input", "has 3 dimensions; an input has four, NxCxHxW"),
        ({"input": (1, 1, 3, 224, 224)}, "input", "has 5 dimensions"),
        ({"input": (1, 1, 0, 224)}, "input", "0 (height of 1x1x0x224) is not a positive number"),
        ({"input": (-1, 1, 2, 2)}, "input", "-1 (batch of -1x1x2x2) is not"),
        ({"input": (1, 1, 2, LIMIT)}, "input", "below 2**31 = 2147483648"),
        ({"channels": ()}, "channels", "is empty"),
        ({"channels": (64, 0, 1, 1)}, "channels", "0 (in 64,0,1,1) is not a positive number"),
        ({"blocks": (2, -2, 2, 2)}, "blocks", "-2 (in 2,-2,2,2)"),
        (
            {"channels": (64, 128)},
            "blocks",
            "2,2,2,2 names 4 stages, but --channels 64,128 names 2",
        ),
        ({"classes": 0}, "classes", "0 is not a positive number"),
        ({"blocks": (25_000,) * 4}, "blocks", "500,012 layers; at most 100,000"),
        ({"blocks": (1,) * 14_001, "channels": (1,) * 14_001}, "blocks", "names 14,001 stages;"),
        ({"groups": 2}, "groups", "2 needs --block bottleneck"),
        ({"width_per_group": 4}, "width_per_group", "4 needs --block bottleneck"),
        ({"stride_on": StrideOn.FIRST}, "stride_on", "1x1 needs --block bottleneck"),
        ({"block": Block.BOTTLENECK, "groups": 0}, "groups", "0 is not a positive number"),
        (
            {"block": Block.BOTTLENECK, "channels": (8, 16, 32, 64), "width_per_group": 7},
            "width_per_group",
            "a width of 0 at 8 channels: int(8 * 7 / 64) is 0; give at least 8",
        ),
        ({"block": Block.BOTTLENECK, "channels": (LIMIT // 4,) * 4}, "channels", "x 4, as a block"),
        ({"channels": (LIMIT // 2,) * 4, "widen": 4}, "channels", f"({LIMIT // 2} x 4, "),
        ({"block": Block.BOTTLENECK, "groups": LIMIT - 1}, "groups", "the resulting width"),
        (
            {"shortcut": Shortcut.PAD, "channels": (64, 32, 64, 64)},
            "shortcut",
            "cannot go from 64 to 32",
        ),
    ],
)
def test_a_wrong_field_is_named_with_what_would_be_right(values, field, said):
    with pytest.raises(ConfigError) as caught:
        ResNetConfig(**values)
    assert caught.value.field == field
    assert said in caught.value.message


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "input": st.lists(st.integers(-2, LIMIT), max_size=5).map(tuple),
            "channels": st.lists(st.integers(-2, LIMIT), max_size=5).map(tuple),
            "blocks": st.lists(st.integers(-2, 20_000), max_size=5).map(tuple),
            "classes": st.integers(-2, LIMIT),
            "block": st.sampled_from(Block),
            "shortcut": st.sampled_from(Shortcut),
            "groups": st.integers(-2, LIMIT),
            "width_per_group": st.integers(-2, LIMIT),
            "stride_on": st.sampled_from(StrideOn),
        },
    )
)
def test_wrong_numbers_raise_nothing_but_config_error(values):
    try:
        config = ResNetConfig(**values)
    except ConfigError as error:
        wrong = error.field
    else:
        wrong = None
        assert min(*config.input, *config.channels, *config.blocks) >= 1
    assert wrong is None or wrong in FIELDS


@given(configs(dtypes=tuple(DType)))
def test_the_plain_values_rebuild_the_same_network(config):
    plain = json.loads(json.dumps(config.to_dict()))
    parsed = {
        key: {option.key: option for option in SHARED}[key].parse(value)
        for key, value in plain.items()
        if value is not None
    }
    parsed["input"] = parsed["input"].shape
    again = ResNetConfig(**parsed)
    assert again == config
    assert resnet.build(again) == resnet.build(config)


def test_a_bottleneck_has_its_stride_on_the_3x3_unless_told():
    assert ResNetConfig(block=Block.BOTTLENECK).stride_on is StrideOn.SECOND
    assert ResNetConfig().stride_on is None


@pytest.mark.parametrize(
    ("blocks", "block", "depth"),
    [
        ((2, 2, 2, 2), Block.BASIC, 18),
        ((3, 4, 6, 3), Block.BASIC, 34),
        ((3, 4, 6, 3), Block.BOTTLENECK, 50),
        ((3, 8, 36, 3), Block.BOTTLENECK, 152),
    ],
)
def test_depth_is_the_papers_count_of_layers(blocks, block, depth):
    assert ResNetConfig(blocks=blocks, block=block).depth == depth


@pytest.mark.parametrize(
    ("dtype", "size"), [("float32", 4), ("float16", 2), ("bfloat16", 2), ("float64", 8)]
)
def test_an_element_type_knows_its_bytes(dtype, size):
    assert DType(dtype).itemsize == size


def test_the_largest_network_is_built_and_one_layer_more_is_not():
    assert ResNetConfig(channels=(1,), blocks=(19_998,)).depth == 39_998
    with pytest.raises(ConfigError, match="100,004 layers"):
        ResNetConfig(channels=(1,), blocks=(19_999,))


def test_a_shape_is_written_with_the_letter_x():
    assert format_shape((1, 64, 56, 56)) == "1x64x56x56"


def test_a_mode_may_be_its_plain_word():
    config = ResNetConfig(block="bottleneck", stride_on="1x1")
    assert config.block is Block.BOTTLENECK
    assert config.stride_on is StrideOn.FIRST


def test_a_network_with_other_fields_is_checked_as_every_one_is():
    config = ResNetConfig()._replace(block="bottleneck")
    assert (config.block, config.stride_on) == (Block.BOTTLENECK, StrideOn.SECOND)
    assert type(config) is ResNetConfig
    with pytest.raises(ConfigError, match="0 is not a positive number"):
        config._replace(classes=0)


def test_a_word_that_is_no_mode_is_refused():
    with pytest.raises(ConfigError, match="'tall' is not one of basic, bottleneck"):
        ResNetConfig(block="tall")
