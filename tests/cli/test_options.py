"""One option: where it is read from, and what its help says."""

import re

import click
import pytest

from resnet_cli.cli.commands.block import SHORTCUT, STRIDE, BlockOptions
from resnet_cli.cli.commands.draw import OPTIONS as FIGURE
from resnet_cli.cli.commands.draw import FigureOptions
from resnet_cli.cli.commands.lock import OPTIONS as LOCK
from resnet_cli.cli.commands.lock import LockOptions
from resnet_cli.cli.commands.solve import QUESTIONS, Questions
from resnet_cli.cli.flags import EXPECTATIONS, NETWORK, SHARED
from resnet_cli.cli.main import cli
from resnet_cli.cli.options import ENV_PREFIX
from resnet_cli.cli.settings import Settings
from resnet_cli.cli.values import Output, ProofOptions, TableOptions
from resnet_cli.family.config import FIELDS
from resnet_cli.family.modes import Block
from resnet_cli.gate.expectations import Expectations

# Each kind of frozen value, and the options that give it.
KINDS = {
    TableOptions: SHARED,
    Output: SHARED,
    ProofOptions: SHARED,
    BlockOptions: (STRIDE, SHORTCUT),
    FigureOptions: FIGURE,
    LockOptions: LOCK,
    Questions: QUESTIONS,
    Expectations: EXPECTATIONS,
}
FIELDS_OF_KINDS = [
    pytest.param(kind, option, id=f"{kind.__name__}.{option.key}")
    for kind, options in KINDS.items()
    for option in options
    if option.key in kind._fields
]


def default(option) -> str:
    """Return what the help says holds where nobody gives the option."""
    _, text = option.get_help_record(click.Context(cli))
    found = re.search(r"\[default: (.*)\]", text)
    return found[1] if found else ""


def value(option, text):
    """Return what the tool makes of a default that the help shows."""
    if option.is_flag:
        return {"on": True, "off": False}[text]
    return (option.parse(text),) if option.multiple else option.parse(text)


@pytest.mark.parametrize(
    "option",
    [o for o in NETWORK if o.key in FIELDS and o.key not in ("stem_width", "regnet")],
    ids=lambda option: option.key,
)
def test_a_default_of_the_help_makes_the_network_that_nothing_makes(option):
    given = {"block": Block.BOTTLENECK} if option.key == "stride_on" else {}
    said = {**given, option.key: value(option, default(option))}
    assert Settings(said, {}).config() == Settings(given, {}).config()


@pytest.mark.parametrize(("kind", "option"), FIELDS_OF_KINDS)
def test_a_default_of_the_help_is_the_one_that_commands_receive(kind, option):
    usual, *elsewhere = default(option).split("; ")
    if usual.startswith("the first with") or not usual:
        assert not getattr(kind(), option.key)
        return
    assert getattr(Settings({}, {}).read(kind), option.key) == value(option, usual)
    for text in elsewhere:
        places, _, said = text.partition(": ")
        for place in places.split(", "):
            found = Settings({}, {}).read(kind, place)
            assert getattr(found, option.key) == value(option, said)


def test_every_field_that_commands_receive_has_an_option():
    for kind, options in KINDS.items():
        assert {*kind._fields} - {option.key for option in options} <= {"path"}


def test_options_that_nobody_gave_differ_by_place():
    assert default(next(o for o in SHARED if o.key == "depth")) == "1; json, csv, html: all"
    assert default(next(o for o in SHARED if o.key == "run")) == "on; print-net: off"


def test_a_commands_own_option_is_read_from_the_environment(invoke, monkeypatch):
    by_flag = invoke("block", "--no-run", "--stride", "2").stdout
    monkeypatch.setenv(ENV_PREFIX + "STRIDE", "2")
    assert invoke("block", "--no-run").stdout == by_flag != ""


@pytest.mark.parametrize(("key", "value"), [("CLASSES", "4"), ("BLOCKS", "1,1,1,1")])
def test_the_environment_changes_no_network_that_compare_names(invoke, monkeypatch, key, value):
    named = invoke("compare", "resnet18", "resnet50 --groups 2").stdout
    monkeypatch.setenv(ENV_PREFIX + key, value)
    assert invoke("compare", "resnet18", "resnet50 --groups 2").stdout == named != ""


@pytest.mark.parametrize(
    ("key", "text"),
    [("module", "./nets.py:net"), ("regnet", "w0=24,wa=36.44,wm=2.49,depth=13,group-size=8")],
)
def test_what_was_given_is_written_as_it_was_typed(key, text):
    """The command that accepts what changed since the lock has to run."""
    (option,) = (each for each in NETWORK if each.key == key)
    assert option.given(option.parse(text)) == [f"--{key}", text]
