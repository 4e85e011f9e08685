"""Expectations: what they look like, when they hold, and layers that are not there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli.analysis.step import Optimizer, Step
from resnet_cli.analysis.summary import find
from resnet_cli.analysis.train import predict
from resnet_cli.cli.flags import EXPECTATIONS
from resnet_cli.errors import ExpectationError
from resnet_cli.family.config import ResNetConfig
from resnet_cli.gate.expectations import BUDGETS, Expectations, verdicts
from resnet_cli.parse import LayerExpectation

CONFIG = ResNetConfig(input=(2, 1, 32, 32), channels=(8, 16), blocks=(1, 1))
SUMMARY = predict(CONFIG, Step(Optimizer.ADAMW)).summary
TOTALS = SUMMARY.totals()


def holds(expected):
    return [verdict.holds for verdict in verdicts(SUMMARY, Expectations(**expected))]


@pytest.mark.parametrize(
    ("wanted", "held"),
    [
        ((2, 10), True),
        ((None, 10), True),
        ((None, None), True),
        ((2, 11), False),
        ((2,), False),
        ((2, 10, 1), False),
    ],
)
def test_a_shape_holds_in_rank_and_in_every_number(wanted, held):
    assert holds({"expect_output": wanted}) == [held]


def test_a_name_is_the_same_number_each_time():
    assert holds({"expect_output": ("N", 10)}) == [True]
    stem, head = (
        LayerExpectation("stem", ("N", 8, "N", "N")),
        LayerExpectation("stem", (2, 8, 8, 8)),
    )
    assert holds({"expect": (stem, head)}) == [False, True]
    square = LayerExpectation("stem", (2, 8, "N", "N"))
    assert holds({"expect": (square,)}) == [True]
    assert holds({"expect_output": ("N", 10), "expect": (square,)}) == [True, False]


@given(st.sampled_from(SUMMARY.rows), st.data())
def test_every_layer_can_be_expected_by_its_path(row, data):
    hidden = data.draw(st.sets(st.sampled_from(range(len(row.output_shape)))))
    wanted = tuple(None if i in hidden else size for i, size in enumerate(row.output_shape))
    assert holds({"expect": (LayerExpectation(row.path, wanted),)}) == [True]
    wrong = (*wanted[:-1], row.output_shape[-1] + 1)
    assert holds({"expect": (LayerExpectation(row.path, wrong),)}) == [False]


def test_a_role_names_its_row_at_depth_one():
    assert find(SUMMARY, "stem").path == "0"
    assert find(SUMMARY, "stage 2").path == "2"
    assert find(SUMMARY, "2.0.conv1").output_shape == (2, 16, 4, 4)


def test_a_layer_that_is_not_there_is_an_error_with_the_nearest():
    with pytest.raises(ExpectationError, match=r"'stage 3' is no layer .*did you mean 'stage 2'"):
        find(SUMMARY, "stage 3")
    with pytest.raises(ExpectationError, match=r"give a path, as in 2\.0\.conv1, or a role"):
        list(verdicts(SUMMARY, Expectations(expect=(LayerExpectation("9", (1,)),))))


@pytest.mark.parametrize(("flag", "total"), BUDGETS.items())
def test_a_budget_holds_up_to_its_own_number(flag, total):
    option = next(option for option in EXPECTATIONS if option.key == flag)
    limit = option.parse(str(TOTALS[total]))
    (verdict,) = verdicts(SUMMARY, Expectations(**{flag: limit}))
    assert verdict == (total, "<=", limit, limit, True, "")
    assert (verdict.limit, verdict.found) == (f"<= {limit:,}", f"{limit:,}")
    assert holds({flag: limit - 1}) == [False]
    assert holds({flag: 0}) == [False]


def test_units_are_those_of_the_quantity():
    parse = {option.dashed: option.parse for option in EXPECTATIONS}
    assert parse["max-params"]("1.5M") == 1_500_000
    assert parse["max-peak"]("1.5MiB") == 1_572_864
    assert parse["max-peak"]("1.5MB") == 1_500_000
    with pytest.raises(ValueError, match="is not a count"):
        parse["max-params"]("40MiB")
    with pytest.raises(ValueError, match="is not bytes"):
        parse["max-peak"]("40M")
