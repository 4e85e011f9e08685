"""Conditions are exact, and said in few words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli.analysis.conditions import SIGNS, Need, allowed, conditions
from resnet_cli.graph.dims import Dim
from tests.graph.test_dims import rescaled

N, H, W = (Dim.named(name, axis) for name, axis in (("N", 0), ("H", 2), ("W", 3)))


def said(*needs):
    return [f"{condition:,}" for condition in conditions([Need("", *need) for need in needs])]


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ([(2 * (H // 2), "==", H)], ["H must be even"]),
        ([(4 * (H // 4), "==", H), (4 * (W // 4), "==", W)], ["H and W must be multiples of 4"]),
        ([(2 * (H // 2), "==", H), (6 * (H // 6), "==", H)], ["H must be a multiple of 6"]),
        ([(2 * (H // 2), "==", H), (3 * (H // 3), "==", H)], ["H must be a multiple of 6"]),
        ([((H + 1) // 2, "==", H // 2 + 1)], ["H must be odd"]),
        ([(H, "==", 224)], ["H must be 224"]),
        ([(H // 32, "==", 7)], ["H must be from 224 to 255"]),
        (
            [(H // 32, "==", 7), (4 * (H // 4), "==", H)],
            ["H must be a multiple of 4 from 224 to 252"],
        ),
        ([(H // 2, "==", 7)], ["H must be 14 or 15"]),
        ([(H, ">=", 32)], ["H must be at least 32"]),
        ([(H // 7, "<", 9)], ["H must be at most 62"]),
        ([(H - 4 * (H // 4), "!=", 0)], ["H must leave 1, 2 or 3 when divided by 4"]),
        ([(H - 4 * (H // 4), "==", 3)], ["H must leave 3 when divided by 4"]),
        ([(2 * (H // 2), "==", H), (H, ">", 9)], ["H must be even and at least 10"]),
        (
            [(8 * (H // 8), "==", H), (W, ">", 1)],
            ["H must be a multiple of 8", "W must be at least 2"],
        ),
        ([(512 * N * (H // 32) * (W // 32), "==", 25088 * N)], ["⌊H/32⌋·⌊W/32⌋ = 49"]),
        (
            [((H - 1) // 8 - 2 * ((H - 1) // 16), "==", 1)],
            ["H must be from 9 to 16 more than a multiple of 16"],
        ),
        (
            [
                (2 * (H // 2), "==", H),
                (2 * (W // 2), "==", W),
                (4 * (H // 2) * (W // 2), "==", H * W),
            ],
            ["H and W must be even"],
        ),
        (
            [(2 * (H // 2), "==", H), (2 * (H // 2) * W, "==", H * W)],
            ["H must be even"],
        ),
        ([(H, "<=", W)], ["H <= W"]),
        ([(H * W, ">=", 1)], []),
        ([(H, "==", H), (H + 1, ">", H), (H, "!=", H + 1)], []),
    ],
    ids=str,
)
def test_each_condition_has_its_words(needs, words):
    assert said(*needs) == words


def test_a_condition_is_text_for_machines_and_for_people():
    (condition,) = conditions([Need("", (H // 32) * (W // 32), "==", 49)])
    assert condition == "floor(H/32)*floor(W/32) = 49"
    assert f"{condition:,}" == "⌊H/32⌋·⌊W/32⌋ = 49"


@given(rescaled(), st.sampled_from([*SIGNS]), st.integers(-20, 60), st.integers(1, 400))
def test_what_a_name_may_be_is_exact(found, sign, number, size):
    formula, _ = found
    if isinstance(formula, int):
        return
    sizes, others = allowed([Need("", formula, sign, number)])
    holds = SIGNS[sign](formula.at({"H": size}), number)
    if "H" in sizes:
        assert (size in sizes["H"]) == holds
    elif not others:
        assert holds


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 60), st.integers(1, 300))
def test_several_conditions_hold_together(one, other, least, size):
    needs = [
        Need("", one * (H // one), "==", H),
        Need("", H - other * (H // other), "==", 0),
        Need("", H, ">=", least),
    ]
    sizes, _ = allowed(needs)
    holds = size % one == 0 and size % other == 0 and size >= least
    assert ("H" not in sizes and holds) or (size in sizes["H"]) == holds
