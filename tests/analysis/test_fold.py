"""Folding shortens a table and changes no sum."""

from hypothesis import given
from hypothesis import strategies as st

from resnet_cli.analysis.fold import Folded, fold
from resnet_cli.analysis.network import predict
from resnet_cli.family.config import ResNetConfig
from tests.strategies import configs

COUNTS = ("params", "buffers", "macs", "activation_bytes")


def shown_leaves(rows: list[Folded], depth: int) -> list[Folded]:
    """Return the rows of a table that no other row of it contains."""
    return [shown for shown in rows if shown.row.leaf or shown.row.depth == depth]


@given(configs(), st.integers(1, 5), st.booleans())
def test_every_table_sums_to_the_same_totals(config, depth, folded):
    summary = predict(config).summary
    rows = shown_leaves(fold(summary.rows, depth, folded=folded), depth)
    for count in COUNTS:
        assert sum(getattr(shown.row, count) for shown in rows) == getattr(summary, count)


@given(configs(), st.integers(1, 5))
def test_folded_rows_stand_for_all_rows(config, depth):
    summary = predict(config).summary
    assert sum(shown.times for shown in fold(summary.rows, depth, folded=True)) == len(
        summary.at_depth(depth)
    )


@given(configs(), st.integers(1, 5))
def test_unfolded_rows_are_the_summarys(config, depth):
    summary = predict(config).summary
    rows = fold(summary.rows, depth, folded=False)
    assert [shown.row for shown in rows] == summary.at_depth(depth)
    assert {shown.times for shown in rows} == {1}


def test_identical_neighbours_are_one_row_with_the_last_ones_field():
    summary = predict(ResNetConfig(channels=(8, 16), blocks=(3, 4))).summary
    rows = {row.path: row for row in summary.rows}
    folded = {shown.row.path: shown for shown in fold(summary.rows, 3, folded=True)}
    blocks = folded["2.1-3"]
    assert blocks.times == 3
    assert blocks.row.params == sum(rows[path].params for path in ("2.1", "2.2", "2.3"))
    assert blocks.row.receptive_field == rows["2.3"].receptive_field
    assert blocks.row.output_bytes == rows["2.3"].output_bytes
    assert folded["2.1-3.conv1"].times == 3
    assert folded["2.0"].times == 1
    assert folded["1.0-2"].times == 3


def test_stages_and_leaves_are_never_folded():
    summary = predict(ResNetConfig(channels=(8, 8, 8), blocks=(1, 1, 1))).summary
    shown = fold(summary.rows, 4, folded=True)
    assert all(s.times == 1 for s in shown)


def test_a_block_that_differs_below_what_is_shown_is_not_folded():
    summary = predict(ResNetConfig(channels=(8,), blocks=(3,))).summary
    rows = [
        row._replace(params=row.params + 1) if row.path == "1.1.conv2" else row
        for row in summary.rows
    ]
    paths = [shown.row.path for shown in fold(rows, 2, folded=True)]
    assert [path for path in paths if path.startswith("1.")] == ["1.0", "1.1", "1.2"]
