"""Formulas survive their tables: who multiplies and adds them has what Python has."""

import json
from math import prod

from hypothesis import given
from hypothesis import strategies as st

from resnet_cli.graph.dims import Dim
from resnet_cli.show.page.ledger import Ledger

NAMES = {"N": 0, "H": 2, "W": 3}


def at(tables, number, sizes):
    """Evaluate a sum as the page does."""
    atoms = []
    for over, add, divisor in tables["atoms"]:
        value = _pairs(over, atoms) if isinstance(over, list) else sizes[over]
        atoms.append((value + add) // divisor)
    monomials = [prod(atoms[atom] for atom in monomial) for monomial in tables["monomials"]]
    return _pairs(tables["sums"][number], monomials)


def _pairs(terms, values):
    return sum(values[one] * int(count) for one, count in zip(*[iter(terms)] * 2, strict=True))


@st.composite
def formulas(draw):
    """Draw a formula as windows, factors and sums make them."""
    name = draw(st.sampled_from([*NAMES]))
    size = Dim.named(name, NAMES[name])
    for _ in range(draw(st.integers(0, 4))):
        times, add, divisor = (draw(st.integers(low, 9)) for low in (1, 0, 1))
        size = (size * times + add) // divisor
    for _ in range(draw(st.integers(0, 2))):
        other = draw(st.sampled_from([*NAMES]))
        size = size * Dim.named(other, NAMES[other]) + draw(st.integers(-9, 2**60))
    return size


@given(st.lists(formulas(), min_size=1, max_size=5), st.tuples(*[st.integers(1, 5000)] * 3))
def test_every_formula_is_what_its_tables_say(sizes, numbers):
    ledger = Ledger([*NAMES])
    found = ledger.all(sizes)
    assert ledger.all(sizes) == found  # each once
    tables = json.loads(json.dumps(ledger.to_dict()))
    for size, number in zip(sizes, found, strict=True):
        assert at(tables, number, numbers) == size.at(dict(zip(NAMES, numbers, strict=True)))


def test_a_number_that_javascript_would_round_is_text():
    ledger = Ledger(["N"])
    ledger.sum(Dim.named("N", 0) * 2**53)
    ledger.sum(2**53 - 1)
    (large,), (small,) = ([row[1]] for row in ledger.tables["sums"])
    assert (large, small) == ("9007199254740992", 2**53 - 1)
