"""Figures with units: read exactly, written with the unit that fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli import units


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
    assert units.parse_count(text) == value


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
    assert units.parse_bytes(text) == value


@pytest.mark.parametrize("text", ["", "x", "-1", "1e3", "1.", ".5", "12MB", "1 2", True, None, []])
def test_what_is_no_count_says_what_would_be(text):
    with pytest.raises(ValueError, match="12M"):
        units.parse_count(text)


@given(st.integers(0, 10**18))
def test_a_written_figure_never_needs_the_next_unit(value):
    figure, _, unit = units.human_bytes(value).partition(" ")
    assert float(figure.replace(",", "")) < 1024 or unit == "TiB"
    figure, _, unit = units.human_count(value).partition(" ")
    assert float(figure.replace(",", "")) < 1000 or unit == "T"


@given(st.integers(0, 10**15))
def test_a_written_figure_is_near_the_value(value):
    text = units.human_bytes(value).replace(" ", "")
    assert units.parse_bytes(text) == pytest.approx(value, rel=0.05, abs=30)
