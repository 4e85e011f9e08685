"""Text and TOML values to typed ones; wrong ones say what would be right."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli import parse
from resnet_cli.family.modes import Block, Stem
from resnet_cli.parse import LayerExpectation, layer_pattern, pattern
from resnet_cli.text import format_shape

PARSERS = [
    parse.shape,
    parse.counts,
    parse.number,
    parse.depth,
    parse.flag,
    parse.path,
    parse.one_of(Block),
]


@pytest.mark.parametrize(
    ("parse", "value", "result"),
    [
        (parse.shape, "1x3x224x224", (1, 3, 224, 224)),
        (parse.shape, "1X3X8X9", (1, 3, 8, 9)),
        (parse.shape, [1, 3, 8, 9], (1, 3, 8, 9)),
        (parse.shape, "-1x1x2x2", (-1, 1, 2, 2)),
        (parse.counts, "64, 128", (64, 128)),
        (parse.counts, [64, 128], (64, 128)),
        (parse.counts, "8", (8,)),
        (parse.number, " 12 ", 12),
        (parse.number, 12, 12),
        (parse.depth, "3", 3),
        (parse.depth, 3, 3),
        (parse.depth, "all", parse.ALL_DEPTHS),
        (parse.flag, True, True),
        (parse.flag, "off", False),
        (parse.flag, "Yes", True),
        (parse.path, "a b.json", Path("a b.json")),
        (parse.one_of(Stem), "CIFAR", Stem.CIFAR),
        *(
            (parse.shape, pasted, (1, 3, 224, 224))
            for pasted in (
                "(1, 3, 224, 224)",
                "[1,3,224,224]",
                "torch.Size([1, 3, 224, 224])",
                "1, 3, 224, 224",
                "1×3×224×224",  # noqa: RUF001
                "1 x 3 x 224 x 224",
            )
        ),
        (parse.shape, "(7,)", (7,)),
    ],
)
def test_a_right_value_is_parsed(parse, value, result):
    assert parse(value) == result


@pytest.mark.parametrize(
    ("parse", "value", "said"),
    [
        (parse.shape, "", "'' is empty; give NxCxHxW"),
        *(
            (parse.shape, f"{word}x3xHxW", f"'{word}' is no name for a size: formulas are Python")
            for word in ("if", "None", "lambda", "ceil", "floor", "math")
        ),
        (parse.shape, "1x1x8x8px", "'1x1x8x8px' is not of the form NxCxHxW"),
        (parse.shape, "1x3x8x8,1x3x8x8", "'1x3x8x8,1x3x8x8' is not of the form NxCxHxW"),
        (parse.shape, "(1, 3, 8", "is not of the form NxCxHxW"),
        (parse.shape, "torch.Size()", "is not of the form NxCxHxW"),
        (parse.parse_bytes, "8G", r"'8G' is not bytes yet: give 8GB \(powers of 1000\) or 8GiB"),
        (parse.parse_bytes, "40m", "give 40mB"),
        (parse.shape, "1x3x224x999999999999", r"too large: numbers stay below 2\*\*31"),
        (parse.shape, "1x3x٣x224", "is not of the form"),
        (parse.shape, 224, "224 is not NxCxHxW"),
        (parse.counts, "64,,128", "'64,,128' is not a list of whole numbers with commas"),
        (parse.counts, "64,1.5", "is not a list of whole numbers"),
        (parse.counts, [64, "128"], r"\[64, '128'\] is not whole numbers"),
        (parse.counts, [64, True], "is not whole numbers"),
        (parse.number, "ten", "'ten' is not a whole number"),
        (parse.number, True, "True is not a whole number"),
        (parse.number, "9" * 5000, "too large"),
        (parse.depth, "0", "'0' is not a depth: give 1"),
        (parse.depth, "-1", "is not a depth"),
        (parse.depth, "deep", "or more, all, or operations"),
        (parse.depth, 2**31, "is not a depth"),
        (parse.flag, "maybe", "'maybe' is not a switch: give true or false"),
        (parse.path, " ", "is empty; give a file's path"),
        (parse.one_of(Block), "botleneck", r"basic, bottleneck \(did you mean 'bottleneck'\?\)"),
    ],
)
def test_a_wrong_value_says_what_was_given_and_what_is_right(parse, value, said):
    with pytest.raises(ValueError, match=said):
        parse(value)


@given(st.lists(st.integers(-(2**31), 2**31), min_size=1))
def test_a_shape_and_a_list_read_back_as_written(numbers):
    assert parse.shape(format_shape(tuple(numbers))) == tuple(numbers)
    assert parse.counts(",".join(map(str, numbers))) == tuple(numbers)


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


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12M", 12_000_000),
        ("1.5G", 1_500_000_000),
        ("25_557_032", 25_557_032),
        ("25,557,032", 25_557_032),
        (7, 7),
        ("0.1k", 100),
    ],
)
def test_counts_are_read_exactly(text, value):
    assert parse.parse_count(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("40MiB", 40 * 2**20),
        ("1.5 GB", 1_500_000_000),
        ("4096", 4096),
        ("16b", 16),
        ("2kB", 2000),
        ("1TiB", 2**40),
    ],
)
def test_bytes_are_read_exactly(text, value):
    assert parse.parse_bytes(text) == value


@pytest.mark.parametrize("text", ["", "x", "-1", "1e3", "1.", ".5", "12MB", "1 2", True, None, []])
def test_what_is_no_count_says_what_would_be(text):
    with pytest.raises(ValueError, match="12M"):
        parse.parse_count(text)


shapes = st.lists(st.integers(1, 2**31 - 1), min_size=1, max_size=5)
wildcards = st.lists(st.integers(1, 9) | st.none(), min_size=1, max_size=5)


@given(shapes)
def test_a_shape_is_read_as_it_is_written(sizes):
    assert pattern("x".join(map(str, sizes))) == pattern(sizes) == tuple(sizes)


@given(wildcards)
def test_a_wildcard_matches_any_number(sizes):
    text = "x".join("?" if size is None else str(size) for size in sizes)
    assert pattern(text) == tuple(sizes)
    assert layer_pattern(f" stage 1 = {text} ") == LayerExpectation("stage 1", tuple(sizes))


@pytest.mark.parametrize(
    "size", ["N", "ceil(H/2)", "2*floor(H/4)", "(H - 2)", "H-2", "-H + 8", "4*ceil(H/4) - H"]
)
def test_a_size_may_be_a_formula(size):
    assert pattern(f"?x8x{size}") == (None, 8, size)


@pytest.mark.parametrize(
    "text",
    ["", "x", "1x", "-1x2", "7O7", "2*3x1", "1x*", "1.5x2", "1 x 2", "²x2", [], [1.5], None, 5, {}],
)
def test_what_is_no_shape_is_refused(text):
    with pytest.raises(ValueError, match="is not an output shape, as in 1x10"):
        pattern(text)


def test_a_number_without_end_is_refused_unparsed():
    with pytest.raises(ValueError, match="is too large: numbers stay below"):
        pattern("1x" + "9" * 5000)


@pytest.mark.parametrize("text", ["4", "=1x2", "4:1x2", None])
def test_a_layers_expectation_has_both_sides(text):
    with pytest.raises(ValueError, match="is not LAYER=SHAPE, as in 4=1x512x7x7"):
        layer_pattern(text)
