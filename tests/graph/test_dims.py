"""Formulas are exact: evaluated they equal the integers, and PyTorch's."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli import parse
from resnet_cli.analysis.network import predict
from resnet_cli.errors import SymbolError
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.modes import Block, Shortcut, StrideOn
from resnet_cli.graph.dims import Dim, total

N, H, W = (Dim.named(name, axis) for name, axis in (("N", 0), ("H", 2), ("W", 3)))

positive = st.integers(1, 3000)
sizes = st.fixed_dictionaries(dict.fromkeys("NHW", positive))


@st.composite
def formulas(draw):
    """Make a size such as arises in networks: windows over a name."""
    value = draw(st.sampled_from([N, H, W]))
    for _ in range(draw(st.integers(0, 3))):
        kernel, stride, padding = draw(st.tuples(*[st.integers(1, 7)] * 2, st.integers(0, 3)))
        value = (value + 2 * padding - kernel) // stride + 1
    return value


@st.composite
def networks(draw):
    """Make a small network, whatever its input."""
    block = draw(st.sampled_from(Block))
    stages = draw(st.integers(1, 4))
    return ResNetConfig(
        channels=tuple(sorted(draw(st.lists(st.integers(1, 9), min_size=stages, max_size=stages)))),
        blocks=tuple(draw(st.lists(st.integers(1, 2), min_size=stages, max_size=stages))),
        block=block,
        stem=draw(st.sampled_from(["imagenet", "cifar"])),
        shortcut=draw(st.sampled_from(Shortcut)),
        stride_on=draw(st.sampled_from(StrideOn)) if block is Block.BOTTLENECK else None,
        shortcut_norm=draw(st.booleans()),
        conv_bias=draw(st.booleans()),
    )


@given(formulas(), formulas(), st.integers(-50, 50), sizes)
def test_arithmetic_on_formulas_is_arithmetic_on_their_values(a, b, number, at):
    x, y = a.at(at), b.at(at)
    for formula, value in (
        (a + b, x + y),
        (a - b, x - y),
        (number - a, number - x),
        (a * b + number, x * y + number),
        (number * a * a - b, number * x * x - y),
        (-a, -x),
    ):
        assert (formula if isinstance(formula, int) else formula.at(at)) == value


@given(formulas(), st.integers(1, 9), st.integers(-20, 20), sizes)
def test_division_rounds_down_as_integers_do(a, divisor, number, at):
    assert ((a + number) // divisor).at(at) == (a.at(at) + number) // divisor
    assert ((divisor * a + number) // divisor).at(at) == (divisor * a.at(at) + number) // divisor


@st.composite
def rescaled(draw):
    """Make a size of a map that is made larger and smaller: floors within floors."""
    value, steps = H, []
    for _ in range(draw(st.integers(1, 6))):
        step, number = (
            draw(st.sampled_from(["over", "times", "plus", "joined"])),
            draw(st.integers(1, 6)),
        )
        steps.append((step, number))
        value = _step(value, H, step, number)
    return value, steps


def _step(value, size, step, number):
    return {
        "over": value // number,
        "times": value * number,
        "plus": value + number - 3,
        "joined": value + size // number,
    }[step]


@given(rescaled(), st.integers(1, 3000))
def test_windows_over_maps_that_were_made_larger_are_exact(found, size):
    formula, steps = found
    number = size
    for step in steps:
        number = _step(number, size, *step)
    assert (formula if isinstance(formula, int) else formula.at({"H": size})) == number
    names = {"floor": math.floor, "ceil": math.ceil, "H": size}
    assert eval(str(formula), {"__builtins__": {}}, names) == number  # noqa: S307 - ours


def test_a_window_over_a_larger_map_is_as_simple_as_it_can_be():
    assert (2 * (H // 2) + 1) // 2 == H // 2
    assert (2 * (H // 2) + 1) // 4 == H // 4
    assert (H - 2 * (H // 2)) // 2 == 0
    assert (3 * H + 3) // 3 == H + 1
    assert str((2 * (H // 2) + 1) // 5) == "floor((2*floor(H/2) + 1)/5)"
    assert f"{(3 * (H // 2) + H // 3) // 7:,}" == "⌊(3·⌊H/2⌋ + ⌊H/3⌋)/7⌋"
    assert -((-H) // 7) == (H + 6) // 7


def test_a_formula_is_divided_by_its_factors():
    assert (6 * N * H * W) // (2 * N * W) == 3 * H
    assert (H * W + H) // (W + 1) == H
    with pytest.raises(SymbolError, match="no closed form"):
        (H * W + 1) // W
    with pytest.raises(SymbolError, match="no closed form"):
        7 // H


@given(formulas(), formulas(), sizes)
def test_the_text_is_python_with_the_same_value(a, b, at):
    formula = a * b * 3 - a + 7
    names = {"floor": math.floor, "ceil": math.ceil, **at}
    assert eval(str(formula), {"__builtins__": {}}, names) == formula.at(at)  # noqa: S307 - ours


def test_equal_formulas_are_equal_values_whatever_way_they_were_made():
    assert (H - 1) // 2 + 1 == (H + 1) // 2
    assert ((H + 1) // 2 + 1) // 2 == (H + 3) // 4
    assert (H + N) * W == W * N + W * H
    assert hash(H + N) == hash(N + H)
    assert H - H == 0
    assert H != W


def test_a_formula_is_grouped_and_rounded_for_people():
    total = N * (117600 * ((H + 1) // 2) * ((W + 1) // 2) + 5120)
    assert f"{total:,}" == "N·(117,600·⌈H/2⌉·⌈W/2⌉ + 5,120)"
    assert str(total) == "N*(117600*ceil(H/2)*ceil(W/2) + 5120)"
    assert f"{(H + 1) // 3 - 2:,}" == "⌊(H + 1)/3⌋ - 2"
    assert str(H // 3) == "floor(H/3)"
    assert str(2 - H) == "-H + 2"
    assert str(H * H + H) == "H*(H + 1)"


@pytest.mark.parametrize("use", [lambda: H < 3, lambda: max(3, H), lambda: range(H)])
def test_a_formula_is_no_number_until_its_names_have_sizes(use):
    with pytest.raises(SymbolError, match="H"):
        use()


def test_a_division_without_a_closed_form_is_refused():
    with pytest.raises(SymbolError, match="no closed form"):
        (H + W) // 2
    with pytest.raises(SymbolError, match="cannot be divided by 0"):
        H // 0


def symbolic(config):
    return predict(config._replace(input=parse.shape("Nx3xHxW"))).summary


@given(networks(), st.integers(1, 9), st.integers(1, 200), st.integers(1, 200))
def test_a_symbolic_summary_at_sizes_is_the_summary_of_those_sizes(config, batch, height, width):
    numeric = predict(config._replace(input=(batch, 3, height, width))).summary
    assert symbolic(config).at({"N": batch, "H": height, "W": width}) == numeric


@given(networks(), st.integers(1, 64))
def test_one_name_may_stand_for_both_sides(config, side):
    square = predict(config._replace(input=parse.shape("2x3xSxS"))).summary
    numeric = predict(config._replace(input=(2, 3, side, side))).summary
    assert square.at({"S": side}) == numeric


@given(networks())
def test_there_is_no_peak_and_no_mark_without_sizes(config):
    summary = symbolic(config)
    assert summary.peak_bytes is None
    assert summary.held


@given(st.lists(formulas() | st.integers(-9, 9), max_size=6))
def test_a_total_is_the_sum_one_by_one(parts):
    assert total(parts) == sum(parts)
