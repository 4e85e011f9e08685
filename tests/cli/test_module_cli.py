"""`--module` on the command line: the same table, formats, checks and lock."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import resnet_cli

TESTS = Path(__file__).parents[1]
MODULES = TESTS / "modules.py"
SCHEMA = json.loads(
    (Path(resnet_cli.__file__).parent / "resnet-shapes.schema.json").read_text("utf-8")
)


@pytest.fixture(autouse=True)
def own_path(monkeypatch):
    """Leave the import path as it was, and find this folder's modules by name too."""
    monkeypatch.setattr(sys, "path", [*sys.path])


def target(attribute):
    return f"{MODULES}:{attribute}"


@pytest.mark.parametrize(
    ("attribute", "inputs"),
    [
        ("chain", ["2x3x16x16"]),
        ("Several", ["1x4:int64", "1x3x8x8"]),
        ("Tied", ["2x5:int64"]),
        ("Branches", ["1x3x8x8"]),
        ("Attention", ["2x6x8"]),
    ],
)
def test_the_json_of_a_module_is_as_the_schema_says(invoke, attribute, inputs):
    flags = [word for one in inputs for word in ("--input", one)]
    document = json.loads(invoke("--module", target(attribute), *flags, "--format", "json").stdout)
    Draft202012Validator(SCHEMA).validate(document)


def test_a_factory_with_arguments_is_measured(invoke):
    result = invoke(
        *("--module", target("chain"), "--module-args", "width=4, classes=3"),
        *("--input", "2x3x16x16"),
    )
    assert result.code == 0
    assert "2x4x16x16" in result.stdout
    assert "2x3 " in result.stdout
    assert result.stderr.startswith("measured, not predicted: 9 modules ran (PyTorch ")


def test_a_class_and_several_typed_inputs(invoke):
    result = invoke(
        *("--module", target("Several"), "--input", "1x4:int64", "--input", "1x3x8x8"),
        *("--format", "json"),
    )
    document = json.loads(result.stdout)
    assert document["inputs"] == ["1x4:int64", "1x3x8x8"]
    assert document["output_tree"] == {"logits": "1x4x2", "maps": ["1x3x8x8", "scalar"]}
    assert document["forward"]["measured"] is True
    assert document["config"]["module"] == target("Several")
    assert [layer["path"] for layer in document["layers"]] == ["embed", "mix"]


def test_a_prediction_is_not_said_to_be_measured(invoke):
    document = json.loads(invoke("--input", "1x1x32x32", "--format", "json").stdout)
    assert document["forward"]["measured"] is False
    assert "inputs" not in document


@pytest.mark.parametrize("kind", ["plain", "csv", "markdown"])
def test_every_format_writes_a_module(invoke, kind):
    result = invoke("--module", target("chain"), "--input", "1x3x16x16", "--format", kind)
    assert result.code == 0
    assert "Conv2d" in result.stdout


def test_without_an_input_the_first_layer_says_what_comes_in(invoke):
    result = invoke("--module", target("chain"))
    assert "input 1x3x224x224" in result.stdout


def test_a_failing_layer_ends_the_table_with_1_and_its_message(invoke):
    result = invoke("--module", target("Branches"), "--input", "1x3x8x8", "--color", "always")
    assert result.code == 1
    assert "\x1b[1;31mFAILED" in result.stdout
    assert "layer conv (Conv2d, given 1x3x8x8)" in result.stdout
    assert "in_channels should be 3, not 4" in result.stdout
    assert "forward pass fails in layer conv (PyTorch " in result.stderr  # why is said once
    assert "relu" not in result.stdout


def test_where_no_table_says_why_a_layer_failed_stderr_does(invoke):
    args = ("--module", target("Branches"), "--input", "1x3x8x8")
    for more in (("--format", "plain"), ("-o", "net.txt")):
        assert "in_channels should be 3, not 4" in invoke(*args, *more).stderr


def test_why_a_layer_failed_wraps_between_words(invoke, monkeypatch):
    monkeypatch.setattr("resnet_cli.cli.screen._width", lambda _: 50)
    lines = invoke("--module", target("Branches"), "--input", "1x3x8x8").stdout.splitlines()
    (first,) = [number for number, line in enumerate(lines) if line.startswith("FAILED")]
    assert max(map(len, lines[first : first + 4])) <= 50
    assert "FAILED: layer conv (Conv2d, given 1x3x8x8):" in lines[first]


def test_the_way_down_to_a_failing_layer_is_shown_at_every_depth(invoke):
    Path("deep.py").write_text(
        "from torch import nn\n"
        "net = nn.Sequential(nn.Sequential(nn.ReLU(), nn.Linear(3, 2)), nn.ReLU())\n"
    )
    result = invoke("--module", "deep.py:net", "--input", "1x4", "--format", "json", "--depth", "1")
    layers = json.loads(result.stdout)["layers"]
    assert [(layer["path"], layer.get("error", "")[:12]) for layer in layers] == [
        ("0", "in 0.1"),
        ("0.1", "mat1 and mat"),
    ]


def test_the_networks_own_failure_is_of_no_layer(invoke):
    Path("own.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def forward(self, x):\n"
        "        raise SystemExit('enough')\n"
    )
    result = invoke("--module", "own.py:Net", "--input", "1x4")
    assert result.code == 1
    assert "the network's own code (Net, given 1x4): SystemExit: enough" in result.stdout
    assert "forward pass fails in the network's own code" in result.stderr


def test_a_failing_layer_has_its_error_in_json(invoke):
    result = invoke("--module", target("Branches"), "--input", "1x3x8x8", "--format", "json")
    document = json.loads(result.stdout)
    assert result.code == 1
    (row,) = document["layers"]
    assert "in_channels should be 3" in row["error"]
    assert row["output_shape"] is None


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--preset", "resnet18"], "leave --preset out"),
        (["--channels", "8,8"], "leave --channels out"),
    ],
)
def test_network_flags_beside_a_module_are_refused_by_name(invoke, args, message):
    result = invoke("--module", target("chain"), *args)
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith("resnet-shapes: --module: ")
    assert message in result.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--input", "1x1x8x8", "--input", "1x1x9x9"], "--input: is given 2 times; only with"),
        (["--input", "1x1x8x8:float16"], "--input: 1x1x8x8:float16 names an element type"),
        (["--module-args", "a=1"], "--module-args: needs --module"),
        (["--module", "nothing"], "--module: 'nothing' is not of the form package.module:attr"),
        (["--module", "a:b", "--input", "1x2,1x5"], "repeat --input for each input"),
        (["--module", "a:b", "--input", "1x2:int6"], "did you mean 'int64'?"),
        (["--module", target("boom")], "raised ValueError: no weights here"),
        (["--module", target("torch")], "is a module; give an nn.Module, its class, or"),
        (["--module", target("Outputs")], "missing a required argument: 'logits'"),
        (["--module", target("chain"), "--module-args", "depth=3"], "unexpected keyword"),
        (["--module", target("Several")], "--input: is missing"),
        (["presets", "--module", "a:b", "--module", "a"], "not of the form"),
    ],
)
def test_a_wrong_request_is_one_clear_line(invoke, args, message):
    result = invoke("--no-run", *args) if "--module" not in args else invoke(*args)
    assert (result.code, result.stdout) == (2, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_what_the_users_code_prints_is_not_on_stdout(invoke):
    Path("loud.py").write_text("import torch\nprint('hello')\nnet = torch.nn.Linear(2, 3)\n")
    result = invoke("--module", "./loud.py:net", "--input", "1x2", "--format", "json")
    assert json.loads(result.stdout)["layers"][0]["path"] == "."
    assert "hello" in result.stderr


def test_a_lock_of_a_module_is_held_by_check(invoke):
    Path("pyproject.toml").write_text(
        f"""[tool.resnet-shapes]
lock = "resnet-shapes.lock.json"
[tool.resnet-shapes.networks.mine]
module = '{target("chain")}'
module-args = {{ width = 4 }}
input = "2x3x16x16"
expect-output = "?x7"
[tool.resnet-shapes.networks.theirs]
input = [1, 1, 32, 32]
expect-output = "1x10"
"""
    )
    assert invoke("lock").code == 0
    held = invoke("check")
    assert held.code == 0, held
    changed = invoke("check", "--network", "mine", "--module-args", "width=5")
    assert changed.code == 1
    assert "3" in changed.stdout


def test_a_failing_module_cannot_be_locked_and_fails_a_check(invoke):
    args = ("--module", target("Branches"), "--input", "1x3x8x8")
    assert invoke("lock", *args).code == 2
    assert not Path("resnet-shapes.lock.json").exists()
    result = invoke("check", *args, "--max-params", "1M")
    assert result.code == 1
    assert "forward pass" in result.stderr


def test_no_budget_holds_a_part_of_a_network_whose_run_failed(invoke):
    """Its rows end where it failed: what they add up to is no total."""
    failing = ("--module", target("chain"), "--input", "1x3x3x3")
    document = json.loads(invoke(*failing, "--format", "json").stdout)
    assert document["error"]
    assert {*document["totals"].values()} == {None}
    failed = document["layers"][-1]
    assert failed["params"] == 8 * 8 * 9 + 8
    assert failed["macs"] is failed["output_bytes"] is None
    budgets = ("--max-params", "1M", "--max-macs", "1G", "--max-activations", "1GB")
    result = invoke("check", *failing, *budgets, "--allow-not-counted", "--format", "json")
    assert result.code == 1
    (report,) = json.loads(result.stdout)["networks"]
    assert [each["holds"] for each in report["expectations"]] == [False] * 3
    assert {each["note"] for each in report["expectations"]} == {"not known: the run failed"}


def test_a_failure_on_an_input_with_names_has_the_numbers_that_stood_for_them(invoke):
    Path("flat.py").write_text(
        "from torch import nn\n"
        "net = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(7, 2))\n"
    )
    result = invoke("--module", "flat.py:net", "--input", "Nx3xHxW")
    assert result.code == 1
    assert "it ran with N=2,H=224,W=224" in result.stdout


def test_a_missing_input_is_named_once(invoke):
    result = invoke("--module", target("Several"), "--input", "1x4:int64", "--format", "json")
    error = json.loads(result.stdout)["error"]
    assert error.count("'image'") == 1
    assert "forward(tokens, image): give one --input for each, in this order" in error


def test_a_part_of_a_container_that_failed_is_not_its_sum(invoke):
    Path("nest.py").write_text(
        "from torch import nn\n"
        "net = nn.Sequential(nn.Sequential(nn.Linear(4, 4), nn.Linear(5, 4), nn.Linear(4, 4)))\n"
    )
    document = json.loads(
        invoke("--module", "nest.py:net", "--input", "1x4", "--format", "json").stdout
    )
    outer, first, failed = document["layers"]
    assert outer["params"] is outer["macs"] is outer["buffers"] is None
    assert (first["params"], failed["params"]) == (20, 24)


def test_the_run_that_failed_has_a_row_of_its_own(invoke):
    args = ("--module", target("Branches"), "--input", "1x3x8x8", "--expect", "conv=1x4x8x8")
    lines = invoke("check", *args).stdout.splitlines()
    (row,) = [line for line in lines if "forward pass" in line]
    assert row.endswith("NO")
    assert "runs" in row


def test_a_module_prints_itself(invoke):
    result = invoke("print-net", "--module", target("chain"))
    assert result.stdout.startswith("Sequential(\n  (0): Conv2d(3, 8")


@pytest.mark.parametrize("attribute", ["chain", "Several", "Tied", "Attention"])
def test_without_a_run_there_are_modules_and_parameters_and_nothing_unknown_is_0(invoke, attribute):
    result = invoke("--module", target(attribute), "--no-run", "--format", "json")
    assert (result.code, result.stderr) == (0, "")
    document = json.loads(result.stdout)
    Draft202012Validator(SCHEMA).validate(document)
    assert (document["forward"], document["input_shape"], document["output_shape"]) == (None,) * 3
    assert document["totals"]["params"] > 0
    unknown = ("macs", "flops", "activation_bytes", "peak_bytes")
    assert {document["totals"][name] for name in unknown} == {None}
    for layer in document["layers"]:
        assert {layer[name] for name in ("macs", "flops", "output_bytes", "calls")} == {None}


def test_without_a_run_the_table_has_blanks_and_no_line_on_stderr(invoke):
    result = invoke("--module", target("chain"), "--no-run")
    assert (result.code, result.stderr) == (0, "")
    assert "\n4      Conv2d                584\n" in result.stdout
    assert "Params  887  3.5 KiB  Buffers  17\n" in result.stdout
    assert "It did not run: shapes, MACs and bytes are not known." in result.stdout
    assert "MACs:" not in result.stdout


def test_expectations_of_what_only_a_run_would_tell_fail(invoke):
    args = ("check", "--module", target("Several"), "--no-run", "--format", "json")
    held = invoke(*args, "--max-params", "1k")
    assert (held.code, json.loads(held.stdout)["holds"]) == (0, True)
    budgets = ("--max-macs", "1G", "--max-peak", "1GB", "--max-activations", "1GB")
    result = invoke(*args, *budgets, "--expect", "mix=?x2", "--expect-output", "?x?")
    (network,) = json.loads(result.stdout)["networks"]
    assert result.code == 1
    found = {(v["actual"], v["note"], v["holds"]) for v in network["expectations"]}
    assert found == {(None, "not known", False)}
    assert len(network["expectations"]) == 5


def test_a_lock_is_not_held_without_a_run_nor_written(invoke):
    args = ("--module", target("chain"), "--input", "2x3x16x16")
    assert invoke("lock", *args).code == 0
    result = invoke("check", *args, "--lock", "resnet-shapes.lock.json", "--no-run")
    assert result.code == 1
    assert "not known" in result.stdout
    refused = invoke("lock", *args, "--no-run")
    assert (refused.code, refused.stdout) == (2, "")
    assert "--module: this needs what a run shows; leave --no-run out" in refused.stderr


def test_a_preset_flag_beats_a_module_from_the_environment(invoke, monkeypatch):
    monkeypatch.setenv("RESNET_SHAPES_MODULE", target("chain"))
    assert "resnet18" in invoke("--preset", "resnet18", "--no-run").stdout
    assert "Conv2d" in invoke("--input", "1x3x16x16").stdout


@pytest.mark.slow
def test_a_large_network_is_built_and_run_on_meta(invoke):
    Path("large.py").write_text(
        "from torch import nn\n"
        "def build():\n"
        "    return nn.Sequential(*(nn.Linear(50_000, 50_000) for _ in range(4)))\n"
    )
    result = invoke("--module", "./large.py:build", "--input", "1x50000")
    assert result.code == 0
    assert "10,000,200,000" in result.stdout
    assert " on meta" in result.stderr


@pytest.mark.slow
def test_values_that_meta_does_not_have_are_named_with_the_flag_that_helps(invoke):
    result = invoke("--module", target("Deciding"), "--device", "meta")
    assert result.code == 1
    assert "give --device cpu" in result.stdout
    assert invoke("--module", target("Deciding"), "--device", "cpu").code == 0


@pytest.mark.parametrize(
    ("limit", "more", "code"),
    [("1G", (), 1), ("1G", ("--allow-not-counted",), 0), ("0", ("--allow-not-counted",), 1)],
)
def test_a_budget_of_what_is_not_all_counted_fails_unless_that_is_allowed(
    tmp_path, monkeypatch, invoke, limit, more, code
):
    monkeypatch.chdir(tmp_path)
    text = """
import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x):
        return torch.mm(torch.linalg.inv(x), x)
"""
    (tmp_path / "own.py").write_text(text, encoding="utf-8")
    target = ("check", "--module", "own.py:Net", "--input", "4x4")
    # A singular matrix of zeros has shapes on the meta device.
    result = invoke(*target, "--device", "meta", "--max-macs", limit, *more)
    assert result.code == code, result.stdout
    assert "at least 64, without linalg_inv" in result.stdout
    assert invoke(*target, "--allow-not-counted").code == 2


def test_what_lies_beside_a_module_is_not_taken_for_what_the_tool_needs(tmp_path):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "net.py").write_text("import torch\nNet = torch.nn.Linear(3, 4)\n")
    for name in ("rich", "psutil", "csv", "textwrap", "resnet_cli"):
        (tmp_path / "net" / f"{name}.py").write_text("raise RuntimeError('taken')\n")
    for more in ((), ("--format", "csv"), ("--train", "sgd")):
        done = subprocess.run(
            [sys.executable, "-m", "resnet_cli", "--module", "net/net.py:Net", *more],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr


UNKNOWN = """import torch
from torch import nn
class Bad(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
    def forward(self, x):
        raise RuntimeError("no")
class Opaque(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix = nn.Bilinear(4, 4, 3)
    def forward(self, x):
        return self.mix(x, x)
"""


@pytest.fixture
def unknown(invoke):
    Path("mine.py").write_text(UNKNOWN)
    return lambda name, *args: invoke("--module", f"mine.py:{name}", "--input", "2x4", *args)


def test_a_run_that_fails_before_any_layer_knows_no_count(unknown):
    totals = json.loads(unknown("Bad", "--format", "json").stdout)["totals"]
    assert {*totals.values()} == {None}
    screen = unknown("Bad").stdout
    assert "No layer ran: params, MACs and bytes are not known." in screen
    assert "  0" not in screen
    (row,) = csv.DictReader(unknown("Bad", "--format", "csv").stdout.splitlines())
    assert row["params"] == row["macs"] == row["output_bytes"] == ""


def test_macs_of_which_nothing_is_counted_are_not_known(unknown):
    document = json.loads(unknown("Opaque", "--format", "json").stdout)
    assert document["totals"]["macs"] is document["totals"]["flops"] is None
    assert document["not_counted"] == ["bilinear"]
    assert document["totals"]["params"] == 51
    screen = unknown("Opaque").stdout
    assert "MACs are not known: bilinear not counted." in screen
    assert "MACs (at least)" not in screen
    assert unknown("Opaque", "-o", "net.html").code == 0


def test_a_budget_of_macs_that_nobody_counted_is_not_kept_unless_that_is_allowed(invoke, unknown):
    asked = ("check", "--module", "mine.py:Opaque", "--input", "2x4", "--max-macs", "1M")
    assert invoke(*asked).code == 1
    assert invoke(*asked, "--allow-not-counted").code == 0


def test_a_layer_of_a_run_that_failed_before_any_is_none_of_its_layers(invoke, unknown):
    asked = ("check", "--module", "mine.py:Bad", "--input", "2x4", "--expect", "words=3x5x4")
    result = invoke(*asked)
    assert result.code == 2
    assert "--expect: 'words' is not known: no layer of this network ran" in result.stderr
