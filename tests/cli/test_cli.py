"""The command line: whole screens, exit codes, and what it says to bad input."""

import json
import os
import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resnet_cli import __version__
from resnet_cli.cli.flags import SHARED
from resnet_cli.cli.main import COMMANDS
from resnet_cli.family.presets import NAMES

SEED = Path(__file__).parents[1] / "seed"


def test_print_net_prints_what_the_notebook_printed(invoke):
    done = invoke("print-net")
    assert done == (0, (SEED / "print_net.txt").read_text(), "")


def test_plain_prints_what_the_notebook_printed(invoke):
    done = invoke("--no-run", "--format", "plain")
    assert done == (0, (SEED / "shapes.txt").read_text(), "")


SCREENS = {
    "default-80": (80, ["--no-run"]),
    "default-100": (100, ["--no-run"]),
    "chosen-columns-160": (
        160,
        ["--no-run", "--columns", "path,role,type,output,params,buffers,macs,flops,stride"],
    ),
    "resnet50-blocks-80": (80, ["--no-run", "--preset", "resnet50", "--depth", "2"]),
    "resnet18-leaves-100": (100, ["--no-run", "--preset", "resnet18", "--depth", "all"]),
    "resnet20-unfolded-100": (
        100,
        ["--no-run", "--preset", "resnet20_cifar10", "--depth", "2", "--no-fold"],
    ),
    "presets-80": (80, ["presets"]),
    "presets-160": (160, ["presets"]),
}
PIPED = {
    "markdown": ["--no-run", "--format", "markdown"],
    "csv": ["--no-run", "--format", "csv", "--depth", "1"],
    "help": ["--help"],
    "presets-help": ["presets", "--help"],
}


@pytest.mark.parametrize("name", SCREENS)
def test_a_terminals_screen(invoke, terminal, golden, name):
    columns, args = SCREENS[name]
    terminal(columns)
    done = invoke(*args)
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout == golden


@pytest.mark.parametrize("name", PIPED)
def test_a_pipes_screen(invoke, golden, name):
    done = invoke(*PIPED[name])
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout == golden


def test_an_ascii_screen(golden):
    done = subprocess.run(
        [sys.executable, "-m", "resnet_cli", "--no-run", "--preset", "resnet34"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=True,
    )
    assert done.stderr == b""
    assert done.stdout.decode("ascii").replace("\r\n", "\n") == golden


@pytest.mark.parametrize(
    ("given", "heading", "said"),
    [
        ("(2, 3, 64, 64)", "2x3x64x64", ""),
        ("3x64x96", "1x3x64x96", "3x64x96 is taken as 1x3x64x96, a batch of one"),
        (
            "1x64x64x3",
            "1x64x64x3",
            "1x64x64x3 has 64 channels; do they come last? That image is 1x3x64x64",
        ),
        ("1x3x3x3", "1x3x3x3", ""),
    ],
)
def test_an_input_as_people_paste_it_is_understood_and_what_it_may_mean_is_said(
    invoke, given, heading, said
):
    done = invoke("--no-run", "--preset", "resnet18", "--input", given)
    assert f"  input {heading}  " in done.stdout
    assert done.stderr.removeprefix("resnet-shapes: --input: ")[: len(said)] == said
    assert bool(done.stderr) == bool(said)


BAD = [
    (["--input", "224"], "--input: '224' has 1 dimension; an input has four, NxCxHxW"),
    (["--input", "1x224"], "--input: '1x224' has 2 dimensions"),
    (["--input", "1x1x3x224x224"], "--input: '1x1x3x224x224' has 5 dimensions"),
    (["--input", "1x1x0x224"], "--input: 0 (height of 1x1x0x224) is not a positive number"),
    (["--input", "-1x1x2x2"], "--input: -1 (batch of -1x1x2x2) is not a positive number"),
    (["--input", "1x1x8x8px"], "--input: '1x1x8x8px' is not of the form NxCxHxW"),
    (["--input", "axbxcxd"], "--input: b (channels of axbxcxd) is no number"),
    (["--input", ""], "--input: '' is empty; give NxCxHxW"),
    (["--input", "[1x3x224,1x3x224]"], "--input: [1x3x224, 1x3x224] is named or nested"),
    (["--batch-size", "8"], "no such option --batch-size: the batch is N of --input NxCxHxW"),
    (["--json"], "no such option --json: that is --format json"),
    (["--dtype", "half"], "--dtype: 'half' is not one of float32, float16, bfloat16, float64 (did"),
    (
        ["--format", "yml"],
        "table, plain, json, csv, markdown, latex, html, junit (did you mean 'json'?)",
    ),
    (["--input", "1x3x2147483648x1"], "--input: 2147483648 (height of 1x3x2147483648x1) is too"),
    (["--channels", "64,128"], "--blocks: 2,2,2,2 names 4 stages, but --channels 64,128 names 2"),
    (["--blocks", "2"], "--blocks: 2 names 1 stage, but --channels 64,128,256,512 names 4"),
    (["--channels", ""], "--channels: '' is empty; give whole numbers"),
    (["--blocks", ""], "--blocks: '' is empty; give whole numbers"),
    (["--channels", "64,0,256,512"], "--channels: 0 (in 64,0,256,512) is not a positive number"),
    (["--blocks", "2,2,-2,2"], "--blocks: -2 (in 2,2,-2,2) is not a positive number"),
    (["--channels", "64,many"], "--channels: '64,many' is not a list of whole numbers"),
    (["--blocks", "2,2.5"], "--blocks: '2,2.5' is not a list of whole numbers"),
    (["--classes", "0"], "--classes: 0 is not a positive number"),
    (["--classes", "2147483648"], "--classes: 2147483648 is too large: numbers stay below 2**31"),
    (["--blocks", "9999,9999,9999,9999"], "--blocks: 9999,9999,9999,9999 makes a network of"),
    (["--depth", "0"], "--depth: '0' is not a depth: give 1"),
    (["--depth", "operations", "--format", "html"], "--depth: operations have no place in html"),
    (["--columns", "takes_from"], "--columns: 'takes_from' needs --depth operations"),
    (["--groups", "2"], "--groups: 2 needs --block bottleneck"),
    (["--width-per-group", "32"], "--width-per-group: 32 needs --block bottleneck"),
    (["--stride-on", "1x1"], "--stride-on: 1x1 needs --block bottleneck"),
    (["--block", "bottleneck", "--groups", "0"], "--groups: 0 is not a positive number"),
    (
        ["--preset", "resnet50", "--width-per-group", "1", "--channels", "8,16,32,63"],
        "a width of 0",
    ),
    (["--shortcut", "pad", "--channels", "8,4,8,8"], "--shortcut: pad adds zero channels"),
    (["--columns", "path,parms"], "--columns: 'parms' is no column (did you mean 'params'?)"),
    (["--columns", "path,path"], "--columns: 'path' is named 2 times; name a column once"),
    (["--dtype", "float31"], "--dtype: 'float31' is not one of float32, float16, bfloat16,"),
    (["--preset", "resnet5"], "--preset: 'resnet5' is no preset (did you mean 'resnet50'?)"),
    (["--format", "jsn"], "--format: 'jsn' is not one of table, plain, json, csv,"),
    (
        ["--output", "missing/net.txt"],
        "--output: cannot write missing/net.txt: there is no folder",
    ),
    (["--inptu", "1x1x2x2"], "No such option '--inptu'"),
    (["print-ne"], "no such command 'print-ne' (did you mean 'print-net'?)"),
    (["resnet50"], "no such command 'resnet50' (did you mean '--preset resnet50'?)"),
    (["print-net", "--format", "json"], "--format: 'json' is not for this command; it writes"),
]


@pytest.mark.parametrize(
    ("args", "said"), BAD, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_bad_input_is_one_message_that_names_it_and_nothing_else(invoke, tmp_path, args, said):
    done = invoke("--no-run", *args)
    assert (done.code, done.stdout) == (2, "")
    assert done.stderr.startswith("resnet-shapes: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shape", ["1x1x1x1", "1x1x32x32"])
def test_small_inputs_give_one_pixel_maps(invoke, shape):
    done = invoke("--no-run", "--input", shape)
    assert done.code == 0
    assert "1x512x1x1" in done.stdout


words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
numbers = st.integers(-(10**12), 10**12).map(str)
lists = st.lists(st.integers(-1, 300), max_size=5)
values = words | numbers | lists.map(lambda v: ",".join(map(str, v))) | st.sampled_from(NAMES)
flags = st.sampled_from(
    [f"--{option.dashed}" for option in SHARED if option.key not in ("run", "output")]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(flags, values | lists.map(lambda v: "x".join(map(str, v))))))
def test_no_flags_find_a_defect(invoke, pairs):
    done = invoke("--no-run", "--format", "plain", *(word for pair in pairs for word in pair))
    assert done.code in (0, 2)
    assert "a defect of this tool" not in done.stderr
    assert (done.code == 0) == (done.stderr == "")


def test_control_characters_of_a_user_do_not_reach_the_terminal(invoke):
    assert "\x1b" not in invoke("--preset", "\x1b[31mred").stderr
    assert "\x1b" not in invoke("--\x1b[31m").stderr


def test_output_goes_to_a_file_and_nothing_to_the_screen(invoke, tmp_path):
    whole = invoke("--no-run", "--format", "json").stdout
    assert invoke("--no-run", "--format", "json", "-o", "net.json") == (0, "", "wrote net.json\n")
    assert (tmp_path / "net.json").read_text("utf-8") == whole
    assert json.loads(whole)["tool"]["version"] == __version__


def test_a_run_of_print_net_and_presets_takes_every_option(invoke):
    for command in ("print-net", "presets"):
        done = invoke(command, "--no-run", "--device", "meta", "--depth", "2", "--fold")
        assert (done.code, done.stderr) == (0, "")


def test_the_help_shows_every_option_and_command(invoke):
    text = invoke("--help").stdout + invoke("--help-network").stdout
    for option in SHARED:
        assert re.search(rf"  (-o, )?--(\[no-\])?{option.dashed}\b", text)
    for name in COMMANDS:
        assert f"\n  {name} " in text


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_a_help_fits_a_screen_and_its_examples_work(invoke, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "80")
    text = invoke(*name.split(), "--help").stdout
    assert len(text.splitlines()) <= 45
    assert max(map(len, text.splitlines())) <= 80
    examples = text.split("Examples:\n")[1].split("\n\n")[0].splitlines()
    assert len(examples) == 2
    for line in examples:
        tool, *args = shlex.split(line)
        assert tool == "resnet-shapes"
        done = invoke(*args, *([] if "check" in args else ["--no-run"]))
        missing = "my_net.py" if "./my_net.py" in line else "there is nothing to check"
        assert done.code == 0 or (done.code == 2 and missing in done.stderr)


def test_the_help_of_the_network_is_the_same_everywhere(invoke):
    assert invoke("solve", "--help-network") == invoke("--help-network")


def test_the_version_is_the_packages(invoke):
    assert invoke("--version") == (0, f"resnet-shapes, version {__version__}\n", "")


def test_presets_are_listed_in_every_format(invoke):
    listed = json.loads(invoke("presets", "--format", "json").stdout)["presets"]
    assert [preset["name"] for preset in listed] == list(NAMES)
    assert listed[0] == {
        "name": "d2l-resnet18",
        "family": "Dive into Deep Learning",
        "source": "Zhang et al., section 8.6",
        "year": 2021,
        "input": "1x1x224x224",
        "classes": 10,
        "params": 11_178_378,
        "macs": 1_734_890_496,
    }
    assert invoke("presets", "--format", "plain").stdout.split() == list(NAMES)
    assert len(invoke("presets", "--format", "csv").stdout.splitlines()) == len(NAMES) + 1
    assert len(invoke("presets", "--format", "markdown").stdout.splitlines()) == len(NAMES) + 2


def test_a_defect_is_one_line_and_two_and_its_traceback_can_be_had(invoke, monkeypatch):
    from resnet_cli.family import resnet

    monkeypatch.setattr(resnet, "build", lambda _: 1 // 0)
    done = invoke("--no-run")
    assert (done.code, done.stdout) == (2, "")
    assert done.stderr.startswith("resnet-shapes: a defect of this tool: ZeroDivisionError")
    assert "Traceback (most recent call last)" in invoke("--no-run", "--traceback").stderr


def test_a_traceback_has_no_control_characters_of_what_was_asked_for(invoke):
    stderr = invoke("print-net", "--traceback", "\x07\x1b[31m").stderr
    assert "Traceback (most recent call last)" in stderr
    assert not set("\x07\x1b") & set(stderr)


def test_an_interrupt_leaves_with_130(invoke, monkeypatch):
    from resnet_cli.family import resnet

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(resnet, "build", interrupt)
    done = invoke("--no-run")
    assert (done.code, done.stdout) == (130, "")


def test_names_complete():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from resnet_cli.cli.main import cli; cli(prog_name='resnet-shapes')",
        ],
        env={
            **os.environ,
            "_RESNET_SHAPES_COMPLETE": "bash_complete",
            "COMP_WORDS": "resnet-shapes --preset resnext",
            "COMP_CWORD": "2",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [f"plain,{name}" for name in NAMES if name.startswith("resnext")]


SMALL = ("--input", "1x1x32x32", "--channels", "4,8", "--blocks", "1,1")


def test_the_proof_is_one_line_behind_the_table(invoke):
    done = invoke(*SMALL)
    assert done.code == 0
    assert done.stderr.startswith("proved: all 21 modules agree (PyTorch ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == invoke(*SMALL, "--no-run").stdout


def test_print_net_proves_when_asked(invoke):
    done = invoke("print-net", "--run", *SMALL)
    assert (done.code, done.stdout[:11]) == (0, "Sequential(")
    assert "modules agree" in done.stderr


@pytest.fixture
def tamper(monkeypatch):
    """Let PyTorch build one convolution otherwise, with the same shapes."""
    from resnet_cli.pytorch import forward

    def wrong(graph, **factory):
        model = build(graph, **factory)
        conv = model.get_submodule("1.0.conv1")
        conv.padding = conv.dilation = (2, 2)
        return model

    build = forward.build
    monkeypatch.setattr(forward, "build", wrong)


@pytest.mark.usefixtures("tamper")
def test_a_disagreement_leaves_with_1_and_names_the_layer_and_both_sides(invoke):
    done = invoke(*SMALL)
    assert done.code == 1
    assert "Total" in done.stdout
    assert done.stderr.startswith(
        "NOT proved: layer 1.0.conv1: attributes padding (1, 1), dilation (1, 1) predicted, "
        "padding (2, 2), dilation (2, 2) in PyTorch"
    )


@pytest.mark.usefixtures("tamper")
def test_a_disagreement_is_in_the_document(invoke):
    done = invoke(*SMALL, "--format", "json")
    assert done.code == 1
    forward = json.loads(done.stdout)["forward"]
    assert forward["agrees"] is False
    assert forward["difference"] == {
        "path": "1.0.conv1",
        "what": "attributes",
        "predicted": "padding (1, 1), dilation (1, 1)",
        "actual": "padding (2, 2), dilation (2, 2)",
    }


def test_a_device_that_is_not_there_is_named_with_those_that_are(invoke, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    done = invoke(*SMALL, "--device", "cuda")
    assert done.code == 2
    assert "Total" in done.stdout
    assert done.stderr.startswith("resnet-shapes: --device cuda: this PyTorch")
    assert "there are cpu, meta" in done.stderr


def test_the_console_script_proves_the_notebooks_network():
    done = subprocess.run(
        [Path(sysconfig.get_path("scripts")) / "resnet-shapes", "--input", "1x1x224x224"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "11,178,378" in done.stdout
    assert done.stderr.startswith("proved: all 55 modules agree (PyTorch ")
