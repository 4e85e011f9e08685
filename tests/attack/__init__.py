"""Attacks: cases at random, from a seed, and as many as are asked for.

    pytest -m slow tests/attack                         a tenth, as `.ci/run` does
    pytest -m slow tests/attack --attack 10             the whole
    pytest -m slow tests/attack --attack 1 --seed 7     another tenth

`mutation.py` attacks the tests themselves.
"""
