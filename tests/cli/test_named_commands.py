"""A module on an input with names in explain, draw and compare: one run, then any other size."""

import json
import math
import re

import pytest

from tests.cli.test_named_cli import BELOW_SKIP

NETS = f"""
import torch
from torch import nn
from torch.nn import functional as F


class Skip(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.down, self.norm = nn.Conv2d(3, width, 3, 2, 1), nn.BatchNorm2d(width)
        self.up, self.head = nn.ConvTranspose2d(width, 3, 2, 2), nn.Linear(6, 5)

    def forward(self, x):
        x = torch.cat([self.up(F.relu(self.norm(self.down(x)))), x], 1)
        return self.head(x.mean((2, 3)))


class Valid(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 5, 2, groups=2)
        self.pool, self.head = nn.MaxPool2d(3, 2, ceil_mode=True), nn.Linear(4, 7)

    def forward(self, x):
        x = F.pad(self.pool(self.two(F.relu(self.one(x)))), (1, 2, 0, 3))
        return self.head(x.flatten(2).transpose(1, 2))


{BELOW_SKIP}
"""

SIZES = {
    "Skip": {"N": 3, "H": 38, "W": 54},
    "Valid": {"N": 2, "H": 41, "W": 30},
    "Fixed": {"N": 5, "H": 31, "W": 32},
}
"""Sizes that no proof runs at."""


@pytest.fixture
def call(tmp_path, invoke):
    (tmp_path / "nets.py").write_text(NETS, encoding="utf-8")

    def run(command, name, *args, shape="Nx3xHxW"):
        return invoke(command, "--module", f"nets.py:{name}", "--input", shape, *args)

    return run


def value_of(formula, sizes):
    """Return what a formula or shape comes to, with a machine's signs or with people's."""
    if not isinstance(formula, str):
        return formula
    signs = {"⌈": "ceil(", "⌉": ")", "⌊": "floor(", "⌋": ")", "·": "*"}
    text = "".join(signs.get(char, char) for char in formula)
    names = {"ceil": math.ceil, "floor": math.floor, **sizes}
    values = [eval(part, names) for part in text.split("x")]  # noqa: S307
    return values if len(values) > 1 else values[0]


@pytest.mark.parametrize("name", SIZES)
def test_explained_formulas_come_to_what_a_run_at_that_size_has(call, name):
    sizes = SIZES[name]
    named = json.loads(call("explain", name, "--format", "json").stdout)["explanations"]
    shape = "{N}x3x{H}x{W}".format(**sizes)
    seen = json.loads(call("explain", name, "--format", "json", shape=shape).stdout)
    assert len(named) == len(seen["explanations"])
    formulas = 0
    for ours, theirs in zip(named, seen["explanations"], strict=True):
        assert (ours["path"], ours["type"]) == (theirs["path"], theirs["type"])
        numbers = {each["name"]: each["value"] for each in theirs["quantities"]}
        for each in ours["quantities"]:
            here = (name, ours["path"], each["name"])
            if each["name"] in numbers:  # a width like the height is not said twice
                assert value_of(each["value"], sizes) == numbers[each["name"]], here
            if each["formula"]:
                assert value_of(each["formula"], sizes) == value_of(each["value"], sizes), here
                formulas += 1
    assert formulas > 5


@pytest.mark.parametrize("name", SIZES)
def test_compared_figures_come_to_what_a_run_at_that_size_has(call, invoke, name):
    sizes = SIZES[name]
    shape = "{N}x3x{H}x{W}".format(**sizes)
    operands = [f"./nets.py:{name} --input {each}" for each in ("Nx3xHxW", shape)]
    result = invoke("compare", "resnet18", *operands, "--format", "json")
    assert result.code == 0, result.stderr
    _, named, seen = json.loads(result.stdout)["networks"]
    for key in ("params", "macs", "flops", "activation_bytes", "param_bytes", "receptive_field"):
        assert value_of(named[key], sizes) == seen[key], key
    assert named["ratios"]["macs"] is None
    for ours, theirs in zip(named["parts"], seen["parts"], strict=True):
        assert [value_of(size, sizes) for size in ours["size"]] == theirs["size"]


@pytest.mark.parametrize("name", SIZES)
def test_shapes_on_a_figure_come_to_what_a_run_at_that_size_has(call, tmp_path, name):
    sizes = SIZES[name]
    labels = []
    for shape in ("Nx3xHxW", "{N}x3x{H}x{W}".format(**sizes)):
        assert call("draw", name, "-o", "net.mmd", shape=shape).code == 0
        text = (tmp_path / "net.mmd").read_text(encoding="utf-8")
        labels.append(re.findall(r'-->\|"(\d.*|N.*)"\|', text))
    named, seen = labels
    assert len(named) > 1
    assert [value_of(each, sizes) for each in named] == [value_of(each, {}) for each in seen]


def test_conditions_and_ends_stand_where_formulas_do(call, invoke, tmp_path):
    assert call("explain", "Skip").stdout.endswith("\n\nH and W must be even\n")
    drawn = call("draw", "Skip", "-o", "net.svg")
    assert drawn.stderr == "wrote net.svg\nH and W must be even\n"
    assert "must be even" in (tmp_path / "net.svg").read_text(encoding="utf-8")
    compared = invoke("compare", "resnet18", "./nets.py:Skip", "--input", "Nx3xHxW")
    assert "./nets.py:Skip: H and W must be even" in compared.stdout
    ends = "closed forms end at the network's own code: topk has no arithmetic here"
    assert ends in call("explain", "Unknown").stdout
    assert ends in call("draw", "Unknown", "-o", "net.mmd").stderr
    assert f"%% {ends}" in (tmp_path / "net.mmd").read_text(encoding="utf-8")
    assert ends in invoke("compare", "./nets.py:Unknown", "--input", "Nx3xHxW").stdout


def test_what_a_run_at_other_sizes_does_not_bear_out_is_said(call, invoke):
    for result in (
        call("explain", "Sly"),
        call("draw", "Sly", "-o", "net.mmd"),
        invoke("compare", "resnet18", "./nets.py:Sly", "--input", "Nx3xHxW"),
    ):
        assert result.code == 1
        assert "NOT proved: layer up: operation ConvTranspose2d predicted" in result.stderr


def test_a_sum_in_a_shape_stands_in_brackets(call, tmp_path):
    call("draw", "Valid", "-o", "net.mmd")
    assert '"Nx8x(H - 2)x(W - 2)"' in (tmp_path / "net.mmd").read_text(encoding="utf-8")
    table = call("explain", "Valid", "two").stdout.replace("\N{MINUS SIGN}", "-")
    assert "N·4·(⌈H/2⌉ - 3)·(⌈W/2⌉ - 3)" in table


def test_a_plot_of_bars_needs_numbers(call):
    result = call("draw", "Skip", "--profile", "-o", "net.svg")
    assert result.code == 2
    assert result.stderr.startswith("resnet-shapes: --profile: plots bars, and the length of a")


def test_presets_have_names_there_too(invoke, tmp_path):
    named = ("--preset", "resnet18", "--input", "Nx3xHxW")
    result = invoke("explain", "layer2.0.conv1", *named)
    assert " = N·128·⌈H/8⌉·⌈W/8⌉ · 64·3·3 = 73,728·N·⌈H/8⌉·⌈W/8⌉\n" in result.stdout
    assert invoke("draw", *named, "-o", "net.mmd").code == 0
    assert "Nx512x⌈H/32⌉x⌈W/32⌉" in (tmp_path / "net.mmd").read_text(encoding="utf-8")
    result = invoke("compare", "resnet18", "resnet18 --classes 10", "--input", "Nx3xHxW")
    assert "512,000)" in result.stdout
    assert "5,120)" in result.stdout


def test_operands_are_mixed_freely(invoke, tmp_path):
    (tmp_path / "nets.py").write_text(NETS, encoding="utf-8")
    (tmp_path / "mypkg").mkdir()
    (tmp_path / "mypkg" / "__init__.py").write_text(NETS, encoding="utf-8")
    operands = (
        *("resnet18", "./nets.py:Skip", "mypkg:Skip --module-args width=32"),
        "mypkg:Skip --module-args 'width = 32' --input x=Nx3x64xW",
    )
    result = invoke("compare", *operands, "--input", "1x3x64x64", "--format", "json")
    assert result.code == 0, result.stderr
    preset, small, wide, named = json.loads(result.stdout)["networks"]
    assert [each["network"] for each in (preset, small, wide)] == [*operands[:3]]
    assert small["params"] < wide["params"] == named["params"] < preset["params"]
    assert value_of(named["macs"], {"N": 1, "W": 64}) == wide["macs"]
    assert named["config"]["input"] == ["x=Nx3x64xW"]
    assert named["limits"] == ["W must be even"]


def test_check_holds_formulas_of_a_module(call):
    result = call("check", "Skip", "--expect", "up=Nx3x2*ceil(H/2)x2*ceil(W/2)")
    assert result.code == 0, result.stderr
    assert result.stdout.endswith("\n\nnetwork: H and W must be even\n")
    assert "agree at N=1,H=6,W=4 and at N=2,H=4,W=6" in result.stderr
    for brackets in ("one=Nx8x(H - 2)x(W - 2)", "one=?x8xH-2xW-2"):
        assert call("check", "Valid", "--expect", brackets).code == 0
    assert call("check", "Valid", "--expect", "one=Nx8x(H - 1)x(W - 2)").code == 1
    assert call("check", "Skip", "--expect-output", "7x5").code == 1
    assert call("check", "Sly", "--expect-output", "Nx3x2*ceil(H/2)x2*ceil(W/2)").code == 1
    limits = json.loads(call("check", "Skip", "--expect-output", "Nx5", "--format", "json").stdout)
    assert limits["networks"][0]["limits"] == ["H and W must be even"]


def test_a_batch_that_is_a_number_is_no_name(call, tmp_path):
    with (tmp_path / "nets.py").open("a") as file:
        file.write(
            "class Frozen(Skip):\n    def forward(self, x):\n        return x[:2].mean((2, 3))\n"
        )
    result = call("check", "Frozen", "--expect-output", "Nx3")
    assert result.code == 1, result.stdout


def test_what_stands_behind_the_end_of_closed_forms_holds_nothing(call):
    limits = ("--expect-output", "2x3x224x6", "--max-macs", "900G", "--max-params", "1M")
    result = call("check", "Unknown", *limits)
    assert result.code == 1
    answers = [line.split()[-1] for line in result.stdout.splitlines()[2:5]]
    assert answers == ["NO", "yes", "NO"]
    assert "not known behind where closed forms end" in result.stdout
    assert "network: closed forms end at the network's own code: topk" in result.stdout


CONFIGURED = """
[tool.resnet-shapes.networks.known]
preset = "resnet18"
expect-output = "1x1000"

[tool.resnet-shapes.networks.own]
module = "nets.py:Skip"
input = "Nx3xHxW"
expect-output = "Nx5"
"""


def test_configured_modules_have_names_in_every_command(call, invoke, tmp_path):
    (tmp_path / "pyproject.toml").write_text(CONFIGURED, encoding="utf-8")
    (tmp_path / "nets.py").write_text(NETS, encoding="utf-8")
    assert invoke("check", "--network", "own").code == 0
    assert invoke("explain", "--network", "own").stdout.endswith("H and W must be even\n")
    assert invoke("draw", "--network", "own", "-o", "net.mmd").code == 0
    compared = invoke("compare", "known", "own", "--format", "json")
    assert json.loads(compared.stdout)["networks"][1]["limits"] == ["H and W must be even"]
    assert invoke("print-net", "--network", "own").stdout.startswith("Skip(\n")
    refused = invoke("lock", "-o", "net.lock")
    assert (refused.code, "has names in it" in refused.stderr) == (2, True)
