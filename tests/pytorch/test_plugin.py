"""The pytest fixture `shapes`: it fails with the gate's words, and nothing is imported for it."""

import json
import tomllib
from pathlib import Path

import pytest
import torch

import resnet_cli.gate.fixture
import resnet_cli.pytorch.measure

pytest_plugins = "pytester"
KEPT = (torch, resnet_cli)
"""What a run inside this process would otherwise import again, and torch cannot be."""

NETS = """
import pytest
from torch import nn

class Unit(nn.Module):
    def __init__(self, width=8, dilation=1):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, dilation=dilation)
        self.fc = nn.Linear(width, 10)
    def forward(self, x, scale=None):
        return self.fc(self.conv(x).mean((2, 3)))
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """Run a test of `shapes` with the plugin alone."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def call(*lines, flags=(), **arguments):
        body = "".join(f"\n    {line}" for line in lines)
        pytester.makepyfile(test_unit=f"{NETS}\ndef test_unit(shapes):{body}\n")
        return pytester.runpytest_inprocess("-p", "resnet_cli.gate.plugin", *flags)

    return call


def said(result):
    """Return what a failed test says."""
    lines = result.outlines
    return [line.removeprefix("E").strip() for line in lines if line.startswith("E ")]


def test_what_holds_passes_and_gives_the_shapes(run):
    run(
        'found = shapes.check(Unit(), "1x3x9x9", output="?x10", layers={"conv": (1, 8, 7, 7)},',
        '    max_params="1k", max_peak="1MiB")',
        'assert found["conv"].macs == 10_584',
        "assert found.output_shape == (1, 10)",
        'shapes.check(Unit(), "1x3x9x9", named={"scale": "1"}, output=(1, 10))',
    ).assert_outcomes(passed=1)


def test_what_does_not_hold_is_said_in_the_gates_words(run):
    result = run(
        'shapes.check(Unit(), "1x3x9x9", output="1x11", layers={"conv": "1x8x9x9"}, max_params=300)'
    )
    result.assert_outcomes(failed=1)
    assert said(result) == [
        "AssertionError: Unit",
        "output: expected 1x11, is 1x10",
        "conv: expected 1x8x9x9, is 1x8x7x7",
        "params: expected <= 300, is 314",
    ]


def test_a_run_that_fails_fails_the_test(run):
    result = run('shapes.check(Unit(), "1x4x9x9", lock="unit")', flags=["--shapes-update"])
    result.assert_outcomes(failed=1)
    assert said(result)[1].startswith("forward pass: expected runs, is layer conv: forward pass")
    assert not Path("unit.lock.json").exists()


def test_a_lock_stands_beside_the_test_and_is_accepted_by_a_flag(run):
    check = 'shapes.check(Unit({}), "1x3x9x9", lock="unit")'
    missing = run(check.format(""))
    missing.assert_outcomes(failed=1)
    assert said(missing)[0].endswith(
        "unit.lock.json; run 'pytest --shapes-update test_unit.py::test_unit' to write it"
    )
    run(check.format(""), flags=["--shapes-update"]).assert_outcomes(passed=1)
    lock = Path("unit.lock.json")
    written = lock.stat().st_mtime_ns
    assert [*json.loads(lock.read_text("utf-8"))["networks"]] == ["unit"]
    run(check.format(""), flags=["--shapes-update"]).assert_outcomes(passed=1)
    assert lock.stat().st_mtime_ns == written
    changed = run(check.format("dilation=2"))
    changed.assert_outcomes(failed=1)
    assert said(changed) == [
        "AssertionError: unit",
        "lock: expected as locked, is 1 difference",
        "~ conv: dilation 1x1 → 2x2",
        "~ total: macs 10,664 → 5,480 (-48.6%)",
        "to accept: pytest --shapes-update test_unit.py::test_unit",
    ]
    lock.write_bytes(b"\xff")
    assert "unit.lock.json: is not UTF-8 text" in said(run(check.format("dilation=2")))[0]
    run(check.format("dilation=2"), flags=["--shapes-update"]).assert_outcomes(passed=1)
    run(check.format("dilation=2")).assert_outcomes(passed=1)


def test_a_lock_holds_for_the_command_as_well(run, invoke):
    run('shapes.check(Unit(), "1x3x9x9", lock="unit")', flags=["--shapes-update"])
    table, network = "tool.resnet-shapes", 'module = "test_unit.py:Unit"\ninput = "1x3x9x9"'
    text = f'[{table}]\nlock = "unit.lock.json"\n[{table}.networks.unit]\n{network}\n'
    Path("pyproject.toml").write_text(text, "utf-8")
    assert invoke("check").code == 0
    assert invoke("lock", "--check").code == 0


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ('max_param="1k"', "TypeError: check() takes no 'max_param' (did you mean 'max_params'?)"),
        ('max_params="many"', "ValueError: max_params: 'many' is not a count"),
        ('output="1xx"', "ValueError: output: '1xx' is not an output shape"),
        ('layers={"head": "1x10"}', "'head' is no layer of this network"),
        ('lock="../unit"', "ValueError: '../unit' is not a network's name"),
    ],
)
def test_what_cannot_be_asked_is_said(run, arguments, error):
    result = run(f'shapes.check(Unit(), "1x3x9x9", {arguments})')
    result.assert_outcomes(failed=1)
    assert error in said(result)[0]


def test_who_does_not_use_it_imports_nothing_but_pytest(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        """
        import sys

        OURS = {"resnet_cli", "resnet_cli.version", "resnet_cli.gate", "resnet_cli.gate.plugin"}

        def test_nothing_is_imported():
            found = {name for name in sys.modules if name.startswith("resnet_cli")}
            assert found == OURS
            assert not {"torch", "rich", "click"} & {*sys.modules}

        def test_what_is_used_is(shapes):
            assert {name for name in sys.modules if name.startswith("resnet_cli")} > OURS
        """
    )
    pytester.runpytest_subprocess("-p", "resnet_cli.gate.plugin").assert_outcomes(passed=2)


def test_pytest_finds_it_by_its_entry_point():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    entries = project["project"]["entry-points"]["pytest11"]
    assert entries == {"resnet-shapes": "resnet_cli.gate.plugin"}
