"""A formula of one name is a line on each class of remainders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli.errors import SymbolError
from resnet_cli.graph.dims import Dim
from resnet_cli.graph.residues import classes, never_less, smaller
from tests.graph.test_dims import rescaled

N, H, W = (Dim.named(name, axis) for name, axis in (("N", 0), ("H", 2), ("W", 3)))


@given(rescaled(), st.integers(1, 10_000))
def test_two_points_a_class_say_all(found, size):
    formula, _ = found
    if not isinstance(formula, int) and (known := classes(formula)) is not None:
        turns, place = divmod(size - 1, known.period)
        assert formula.at({"H": size}) == known.values[place] + known.growth * turns


def test_what_has_several_names_or_too_long_a_period_has_no_classes():
    assert classes(H + W) is None
    assert classes(H * H) is None
    assert classes(H // 97 + H // 101) is None
    assert classes(H // 4 + H // 6).period == 12


def test_the_smaller_of_two_is_known_where_it_is_the_same_for_all_sizes():
    assert smaller(7 * ((H + 6) // 7), H) == H
    assert smaller(H, 1) == 1
    assert smaller(N * H, N * H + W) == N * H
    assert smaller(3, 2) == 2
    with pytest.raises(SymbolError, match="the smaller of"):
        smaller(H, 5)
    with pytest.raises(SymbolError, match="the smaller of"):
        smaller(H, W)
    assert not never_less(H * W, H * N)
