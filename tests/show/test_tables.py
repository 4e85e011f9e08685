"""Tables that fit: columns go, digits stay."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.text import Text

from resnet_cli.analysis import conventions, points, train
from resnet_cli.analysis.network import predict
from resnet_cli.analysis.step import Optimizer, Step
from resnet_cli.analysis.tools import Tool
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.presets import preset
from resnet_cli.parse import shape
from resnet_cli.show import columns, seen, tables
from resnet_cli.show.grid import Cell, Grid, Head, rendered
from resnet_cli.text import Look
from tests.strategies import configs

SUMMARY = predict(ResNetConfig()).summary


def table(summary, names=None, *, depth=1, folded=True, width=None, plain=False):
    """Return a network's screen."""
    look = Look(width, ascii=plain)
    picked = columns.pick(names or columns.default(summary, depth))
    shown = tables.summary_table(summary, picked, depth=depth, folded=folded, look=look)
    return rendered(shown, colored=False)


def test_a_pipe_gets_every_column_whole():
    screen = table(SUMMARY, tuple(columns.COLUMNS), depth=99)
    for column in columns.COLUMNS.values():
        assert column.header in screen
    assert "…" not in screen
    assert "1,734,890,496" in screen


@pytest.mark.parametrize(
    ("width", "said"),
    [
        (100, ""),
        (80, "2 columns hidden (MACs %, Field): 89 columns show all"),
        (65, "3 columns hidden (Role, MACs %, Field): 89 columns show all"),
        (40, "4 columns hidden (Type, MACs, MACs %,\nField): 89 columns show all"),
    ],
)
def test_a_narrow_terminal_says_which_columns_it_hides(width, said):
    screen = table(SUMMARY, width=width)
    found = screen[screen.index("columns hidden") - 2 :] if "columns hidden" in screen else ""
    assert found.split("\n\n")[0] == said


@settings(max_examples=30)
@given(st.sets(st.sampled_from([*columns.COLUMNS]), min_size=2), st.integers(1, 4), st.booleans())
def test_the_width_said_to_show_all_columns_is_the_least(names, depth, bars):
    picked = [*columns.pick(sorted(names)), *(columns.BARS if bars else ())]

    def screen(width):
        shown = tables.summary_table(SUMMARY, picked, depth=depth, folded=True, look=Look(width))
        return rendered(shown, colored=False)

    said = re.search(r"hidden \(.*\): (\d+) columns show all", screen(20).replace("\n", " "))
    if said is None:
        return  # columns that stay at any width
    least = int(said[1])
    assert "hidden (" not in screen(least)
    assert max(map(len, screen(least).split("\n\n")[1].splitlines())) == least
    fewer = screen(least - 1).replace("\n", " ")
    assert re.search(rf"1 column hidden \(.*\): {least} columns show all", fewer)


def test_headers_wrap_before_a_column_is_hidden():
    titles = ("Receptive field", "Output bytes")
    heads = [Head("Path"), *(Head(title, True, 1) for title in titles)]
    rows = [[Cell("fc"), Cell("435"), Cell("2,048")]]
    wide, narrow = (
        rendered(Grid(heads, rows, None, Look(width)), colored=False) for width in (35, 23)
    )
    assert wide.splitlines()[0] == "Path  Receptive field  Output bytes"
    assert narrow.splitlines()[:2] == ["      Receptive  Output", "Path      field   bytes"]
    assert "hidden" not in wide + narrow


@settings(max_examples=30)  # Rich takes its time
@given(configs(), st.integers(1, 4), st.integers(60, 160), st.booleans())
def test_no_line_is_wider_than_the_terminal_and_no_digit_is_lost(config, depth, width, plain):
    summary = predict(config).summary
    names = ("path", "role", "type", "params", "macs", "flops", "receptive_field", "window")
    screen = table(summary, names, depth=depth, width=width, plain=plain)
    title, grid, *_ = screen.split("\n\n")
    assert title.startswith(summary.name)
    assert all(len(line) <= width for line in grid.splitlines())
    assert not any(line.endswith(" ") for line in screen.splitlines())
    assert f"{summary.params:,}" in screen
    assert f"{summary.macs:,}" in screen
    assert not plain or screen.isascii()


@settings(max_examples=20)
@given(st.integers(40, 120), st.sampled_from([None, *Optimizer]))
def test_a_note_breaks_between_words_where_the_terminal_ends(width, optimizer):
    step = None if optimizer is None else Step(optimizer)
    summary = SUMMARY if step is None else train.predict(ResNetConfig(), step).summary
    notes = table(summary, ("path", "params"), width=width).split("\n\n")
    said = [part for part in notes if "MACs:" in part or "Not in it:" in part]
    assert len(said) == 1 + (step is not None)
    for part in said:
        assert max(map(len, part.splitlines())) <= min(width, 88)
    words = " ".join(" ".join(said).split())
    assert tables.MACS_NOTE in words
    assert words.count("Saved counts the input") == (step is not None)


@pytest.mark.parametrize("width", range(60, 130, 5))
def test_a_bar_goes_with_its_column(width):
    picked = [*columns.pick(columns.default(SUMMARY, 1)), *columns.BARS]
    shown = tables.summary_table(SUMMARY, picked, depth=1, folded=True, look=Look(width))
    hidden = "".join(re.findall(r"hidden \(([^)]*)\)", rendered(shown, colored=False)))
    titles = [title.strip() for title in hidden.replace("\n", " ").split(", ")]
    for name in ("Params", "MACs"):
        assert name not in titles or f"{name} share" in titles


@pytest.mark.parametrize("width", [80, 100, 120])
def test_what_at_asks_for_is_hidden_after_the_formulas(width):
    config = preset("resnet18").config._replace(input=shape("Nx3xHxW"))
    network = predict(config)
    point = points.evaluate(config, network, {"N": 8, "H": 224, "W": 224})
    names = columns.default(network.summary, 1, evaluated=True)
    picked = [*columns.beside(columns.pick(names), [point])]
    shown = tables.summary_table(
        network.summary, picked, depth=1, folded=True, look=Look(width), points=[point]
    )
    screen = rendered(shown, colored=False)
    assert "8x64x112x112" in screen
    assert "944,111,616" in screen
    assert "100.0%" in screen


def test_what_other_tools_cannot_count_is_said_in_eighty_columns():
    unknown = tuple(f"LayerOfKind{number}" for number in range(12))
    counts = [conventions.Count(Tool.TORCHINFO, None, unknown)]
    screen = rendered(tables.with_counts(Text(), counts, Look(80)), colored=False)
    assert max(map(len, screen.splitlines())) <= 80
    assert "hidden" not in screen
    assert all(name in screen for name in unknown)


def test_a_field_larger_than_the_input_is_marked():
    big = table(SUMMARY)
    assert "435*" in big
    assert seen.FIELD_NOTE in big
    assert seen.FIELD_NOTE not in table(SUMMARY, width=80)  # which has no room for the field
    whole = table(predict(ResNetConfig(input=(1, 1, 512, 512))).summary)
    assert "435" in whole
    assert "*" not in whole


def test_from_the_global_pool_on_the_field_is_global():
    assert table(SUMMARY).count("global") == 3


def test_the_caption_says_what_a_mac_is_since_the_totals_have_them():
    assert "FLOPs = 2 x MACs" in table(SUMMARY)
    assert "FLOPs = 2 x MACs" in table(SUMMARY, ("path", "params"))


def test_folded_blocks_are_marked_with_their_number():
    summary = predict(preset("resnet50").config).summary
    screen = table(summary, depth=2)
    assert "Bottleneck x 5" in screen
    assert "3.1-5" in screen
    assert "5 x 1,117,184  5 x 218,365,952" in screen
    assert " x " not in table(summary, depth=2, folded=False).split("FLOPs =")[0]


def test_a_sum_of_formulas_has_its_number_before_it():
    screen = table(
        predict(preset("resnet50").config._replace(input=shape("Nx3xHxW"))).summary,
        depth=2,
        plain=True,
    )
    assert "5 x 1114112*N*ceil(H/16)*ceil(W/16)" in screen


def test_text_of_others_is_never_markup():
    head = [Head("[bold]")]
    shown = Grid(head, [[Cell("[red]n, 64[/red]")]], None, Look())
    screen = rendered(shown, colored=False)
    assert "[bold]" in screen
    assert "[red]n, 64[/red]" in screen


def test_a_table_without_rows_is_its_header():
    assert "Name" in rendered(Grid([Head("Name")], [], None, Look()), colored=False)


def test_the_sum_of_a_first_column_of_numbers_stays():
    assert "11,178,378" in table(SUMMARY, ("params", "path")).split("Activations")[0]


def test_colours_are_written_where_they_were_asked_for():
    assert rendered(Text("ok", "green"), colored=True) == "\x1b[32mok\x1b[0m\n"
    assert rendered(Text("ok", "green"), colored=False) == "ok\n"
