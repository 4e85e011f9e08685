"""Text and TOML values to typed ones; wrong ones say what would be right."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli import fields
from resnet_cli.config import Block, Stem, format_shape

PARSERS = [
    fields.shape,
    fields.counts,
    fields.number,
    fields.depth,
    fields.flag,
    fields.path,
    fields.one_of(Block),
]


@pytest.mark.parametrize(
    ("parse", "value", "result"),
    [
        (fields.shape, "1x3x224x224", (1, 3, 224, 224)),
        (fields.shape, "1X3X8X9", (1, 3, 8, 9)),
        (fields.shape, [1, 3, 8, 9], (1, 3, 8, 9)),
        (fields.shape, "-1x1x2x2", (-1, 1, 2, 2)),
        (fields.counts, "64, 128", (64, 128)),
        (fields.counts, [64, 128], (64, 128)),
        (fields.counts, "8", (8,)),
        (fields.number, " 12 ", 12),
        (fields.number, 12, 12),
        (fields.depth, "3", 3),
        (fields.depth, 3, 3),
        (fields.depth, "all", fields.ALL_DEPTHS),
        (fields.flag, True, True),
        (fields.flag, "off", False),
        (fields.flag, "Yes", True),
        (fields.path, "a b.json", Path("a b.json")),
        (fields.one_of(Stem), "CIFAR", Stem.CIFAR),
    ],
)
def test_a_right_value_is_parsed(parse, value, result):
    assert parse(value) == result


@pytest.mark.parametrize(
    ("parse", "value", "said"),
    [
        (fields.shape, "", "'' is empty; give NxCxHxW"),
        (fields.shape, "1x1x8x8px", "'1x1x8x8px' is not of the form NxCxHxW"),
        (fields.shape, "1,3,224,224", "has ',' between its numbers; separate them by the letter x"),
        (fields.shape, "1×3×224×224", "has '×' between its numbers"),  # noqa: RUF001
        (fields.shape, "1*3*224*224", r"has '\*' between its numbers"),
        (fields.shape, "1x3x224x999999999999", r"too large: numbers stay below 2\*\*31"),
        (fields.shape, "1x3x٣x224", "is not of the form"),
        (fields.shape, 224, "224 is not NxCxHxW"),
        (fields.counts, "64,,128", "'64,,128' is not a list of whole numbers with commas"),
        (fields.counts, "64,1.5", "is not a list of whole numbers"),
        (fields.counts, [64, "128"], r"\[64, '128'\] is not whole numbers"),
        (fields.counts, [64, True], "is not whole numbers"),
        (fields.number, "ten", "'ten' is not a whole number"),
        (fields.number, True, "True is not a whole number"),
        (fields.number, "9" * 5000, "too large"),
        (fields.depth, "0", "'0' is not a depth: give 1"),
        (fields.depth, "-1", "is not a depth"),
        (fields.depth, "deep", "or more, or all"),
        (fields.depth, 2**31, "is not a depth"),
        (fields.flag, "maybe", "'maybe' is not a switch: give true or false"),
        (fields.path, " ", "is empty; give a file's path"),
        (fields.one_of(Block), "botleneck", r"basic, bottleneck \(did you mean 'bottleneck'\?\)"),
    ],
)
def test_a_wrong_value_says_what_was_given_and_what_is_right(parse, value, said):
    with pytest.raises(ValueError, match=said):
        parse(value)


@given(st.lists(st.integers(-(2**31), 2**31), min_size=1))
def test_a_shape_and_a_list_read_back_as_written(numbers):
    assert fields.shape(format_shape(tuple(numbers))) == tuple(numbers)
    assert fields.counts(",".join(map(str, numbers))) == tuple(numbers)


@given(
    st.sampled_from(PARSERS),
    st.text()
    | st.integers()
    | st.booleans()
    | st.none()
    | st.floats()
    | st.lists(st.integers() | st.text()),
)
def test_no_value_raises_anything_but_value_error(parse, value):
    with contextlib.suppress(ValueError):
        parse(value)
