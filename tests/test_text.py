"""Values as text: with the unit that fits, for machines and for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli.parse import parse_bytes
from resnet_cli.text import (
    broken,
    harmless,
    human_bytes,
    human_count,
    human_text,
    plain_text,
    printable,
)


@given(st.integers(0, 10**18))
def test_a_written_figure_never_needs_the_next_unit(value):
    figure, _, unit = human_bytes(value).partition(" ")
    assert float(figure.replace(",", "")) < 1024 or unit == "TiB"
    figure, _, unit = human_count(value).partition(" ")
    assert float(figure.replace(",", "")) < 1000 or unit == "T"


WORDS = st.lists(st.sampled_from(["--no-run", "a", "that", "H/32"]), min_size=1).map(" ".join)


@given(st.lists(WORDS, min_size=1).map("\n".join), st.integers(8, 90))
def test_lines_break_between_words_alone(text, width):
    lines = broken(text, width).split("\n")
    assert max(map(len, lines)) <= width
    assert " ".join(lines).split(" ") == text.replace("\n", " ").split(" ")
    assert broken(text, None) == text


@given(st.integers(0, 10**15))
def test_a_written_figure_is_near_the_value(value):
    text = human_bytes(value).replace(" ", "")
    assert parse_bytes(text) == pytest.approx(value, rel=0.05, abs=30)


@pytest.mark.parametrize(
    ("value", "machine", "human"),
    [
        (1_234_567, "1234567", "1,234,567"),
        (26.74, "26.7400", "26.7%"),
        ((1, 64, 56, 56), "1x64x56x56", "1x64x56x56"),
        (None, "", ""),
        ("stem", "stem", "stem"),
    ],
)
def test_a_value_is_written_for_machines_and_for_people(value, machine, human):
    assert (plain_text(value), human_text(value)) == (machine, human)


def test_control_characters_cannot_steer_the_terminal():
    assert printable("a\x1b[31mb\x07\tc\n\u202e") == r"a\x1b[31mb\x07\tc\n\u202e"


def test_no_line_of_a_text_steers_a_terminal_or_a_log():
    assert harmless("a\tb\n  c: d") == "a\tb\n  c: d"
    assert harmless("a\x1b[1m\n ::error::x::\n##[group]\r") == (
        "a\\x1b[1m\n \\x3a:error::x::\n\\x23#[group]\\r"
    )
