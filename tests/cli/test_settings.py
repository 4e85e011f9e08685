"""Flag, environment, preset and default: the nearer layer wins, wherever the flag stands."""

import json

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli import parse
from resnet_cli.cli.flags import SHARED
from resnet_cli.cli.options import ENV_PREFIX
from resnet_cli.cli.projectfile import Project, Values
from resnet_cli.cli.settings import Request
from resnet_cli.cli.values import Format
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.presets import preset
from resnet_cli.parse import Input

VALUES = {
    "preset": ("resnet34", "resnet50"),
    "input": ("1x1x32x32", "2x3x64x64"),
    "channels": ("8,8,8,8", "4,4,4,4"),
    "blocks": ("1,1,1,1", "2,1,2,1"),
    "classes": ("3", "4"),
    "stem": ("cifar", "imagenet"),
    "shortcut": ("pad", "projection"),
    "dtype": ("float16", "float64"),
}


def stacked(*layers):
    """Resolve up to four layers, nearest first: flags, environment, a file's network, its rest."""
    flags, environment, network, defaults = (
        Values(values, {key: f"--{key}" for key in values})
        for values in [*layers, {}, {}, {}, {}][:4]
    )
    project = Project(None, defaults, {"net": network})
    return Request(flags, environment, project).settings("net")


def config(invoke, *args):
    """Return the network of a run, as its JSON has it."""
    done = invoke(*args, "--no-run", "--format", "json", "--depth", "1")
    assert (done.code, done.stderr) == (0, "")
    return json.loads(done.stdout)["config"]


@pytest.mark.parametrize("key", VALUES)
def test_the_environment_beats_the_default_and_a_flag_beats_the_environment(
    invoke, monkeypatch, key
):
    far, near = VALUES[key]
    by_flag = {value: config(invoke, f"--{key}", value) for value in (far, near)}
    assert by_flag[far] != by_flag[near]
    monkeypatch.setenv(ENV_PREFIX + key.upper(), far)
    assert config(invoke) == by_flag[far]
    assert config(invoke, f"--{key}", near) == by_flag[near]


@pytest.mark.parametrize("environment", [None, "3"])
def test_a_flag_counts_before_and_after_the_command_and_the_later_wins(
    invoke, monkeypatch, environment
):
    def head(*args):
        return invoke(*args).stdout.splitlines()[-2]

    if environment:
        monkeypatch.setenv("RESNET_SHAPES_CLASSES", environment)
    assert "out_features=5," in head("--classes", "5", "print-net")
    assert "out_features=6," in head("print-net", "--classes", "6")
    assert "out_features=6," in head("--classes", "5", "print-net", "--classes", "6")
    assert "out_features=6," in head("--classes", "5", "--classes", "6", "print-net")
    assert f"out_features={environment or 10}," in head("print-net")


def test_the_environment_reads_switches(invoke, monkeypatch):
    monkeypatch.setenv("RESNET_SHAPES_CONV_BIAS", "0")
    assert config(invoke)["conv_bias"] is False
    assert config(invoke, "--conv-bias")["conv_bias"] is True
    monkeypatch.setenv("RESNET_SHAPES_RUN", "false")
    assert invoke().stderr == ""


def test_the_environment_names_the_file_to_write(invoke, monkeypatch, tmp_path):
    monkeypatch.setenv("RESNET_SHAPES_OUTPUT", "net.txt")
    assert invoke("--no-run") == (0, "", "wrote net.txt\n")
    assert "Total" in (tmp_path / "net.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("net.json", "{"),
        ("net.csv", "path,role,"),
        ("net.md", "| Path | Role |"),
        ("NET.MARKDOWN", "| Path | Role |"),
        ("net.html", "<!doctype html>"),
        ("net.htm", "<!doctype html>"),
        ("net.txt", "d2l-resnet18"),
        ("net", "d2l-resnet18"),
    ],
)
def test_the_ending_of_a_file_says_how_it_is_written(invoke, monkeypatch, tmp_path, name, start):
    monkeypatch.setenv("RESNET_SHAPES_OUTPUT", name)
    assert invoke("--no-run") == (0, "", f"wrote {name}\n")
    assert (tmp_path / name).read_text("utf-8").startswith(start)


def test_a_flag_for_the_format_beats_the_ending_and_a_variable_does_not(
    invoke, monkeypatch, tmp_path
):
    assert invoke("--no-run", "--format", "csv", "-o", "net.json").code == 0
    assert (tmp_path / "net.json").read_text("utf-8").startswith("path,")
    monkeypatch.setenv("RESNET_SHAPES_FORMAT", "csv")
    assert invoke("--no-run", "-o", "net.json").code == 0
    assert (tmp_path / "net.json").read_text("utf-8").startswith("{")


def test_a_dash_is_the_screen(invoke, tmp_path):
    assert invoke("--no-run", "-o", "-") == invoke("--no-run")
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("-o", "net.svg"), "--output: .svg is a figure, which 'resnet-shapes draw' writes"),
        (
            ("explain", "-o", "net.html"),
            "--output: .html is html, and this command writes table, plain, json, markdown, "
            "latex; "
            "--format says which",
        ),
        (
            ("explain", "--format", "html"),
            "--format: 'html' is not for this command; it writes table, plain, json, markdown, "
            "latex",
        ),
    ],
)
def test_a_file_that_a_command_cannot_write_is_refused(invoke, args, said):
    assert invoke(*args) == (2, "", f"resnet-shapes: {said}\n")


# Any text is a file's name.
CHECKED = [option for option in SHARED if option.parse is not parse.path]


@pytest.mark.parametrize("option", CHECKED, ids=lambda option: option.dashed)
def test_every_option_is_read_from_the_environment_and_named_by_it(invoke, monkeypatch, option):
    name = ENV_PREFIX + option.key.upper()
    monkeypatch.setenv(name, "?!")
    for command in ([], ["presets"]):
        done = invoke(*command)
        assert (done.code, done.stdout) == (2, "")
        assert done.stderr.startswith(f"resnet-shapes: {name}: ")


def test_a_preset_brings_its_input_and_classes_and_flags_beat_it(invoke):
    assert config(invoke, "--preset", "resnet50") == _plain(preset("resnet50").config)
    changed = config(invoke, "--classes", "7", "--preset", "resnet50", "--input", "2x5x64x64")
    assert (changed["classes"], changed["input"]) == (7, "2x5x64x64")
    assert changed["blocks"] == [3, 4, 6, 3]


def test_a_preset_by_flag_beats_values_of_the_environment(invoke, monkeypatch):
    monkeypatch.setenv("RESNET_SHAPES_CHANNELS", "1,2,3")
    monkeypatch.setenv("RESNET_SHAPES_DTYPE", "float16")
    found = config(invoke, "--preset", "resnet18")
    assert found["channels"] == [64, 128, 256, 512]
    assert found["dtype"] == "float16"


def test_a_value_by_flag_beats_a_preset_of_the_environment(invoke, monkeypatch):
    monkeypatch.setenv("RESNET_SHAPES_PRESET", "resnet34")
    found = config(invoke, "--classes", "3")
    assert (found["classes"], found["blocks"]) == (3, [3, 4, 6, 3])


def test_a_preset_of_bottlenecks_can_be_made_of_basic_blocks(invoke):
    assert config(invoke, "--preset", "resnet50", "--block", "basic")["stride_on"] is None


def test_an_error_names_what_the_user_wrote(invoke, monkeypatch):
    monkeypatch.setenv("RESNET_SHAPES_WIDTH_PER_GROUP", "32")
    assert invoke("--no-run").stderr.startswith("resnet-shapes: RESNET_SHAPES_WIDTH_PER_GROUP: 32")
    # The preset decides the width now, so the variable is not to blame.
    done = invoke("--no-run", "--preset", "wide_resnet50_2", "--block", "basic")
    assert done.stderr.startswith("resnet-shapes: --width-per-group: 128 needs")


def test_a_format_of_the_environment_is_for_the_commands_that_have_it(invoke, monkeypatch):
    monkeypatch.setenv("RESNET_SHAPES_FORMAT", "json")
    assert invoke("print-net").stdout.startswith("Sequential(")
    assert json.loads(invoke("presets").stdout)["presets"]
    assert invoke("print-net", "--format", "json").code == 2


def test_an_outputs_format_is_the_table_unless_chosen_and_is_one_that_the_command_has():
    assert stacked().output(*Format).format is Format.TABLE
    assert stacked({"format": Format.JSON}).output(*Format).format is Format.JSON
    with pytest.raises(click.BadParameter, match="'csv' is not for this command; it writes table"):
        stacked({"format": Format.CSV}).output(Format.TABLE)


layers = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "classes": st.integers(1, 9),
            "input": st.just((Input((1, 1, 8, 8)),)),
            "preset": st.sampled_from(["resnet18", "resnet50", "resnet20_cifar10"]),
        },
    ),
    max_size=4,
)


@given(layers)
def test_the_nearest_layer_that_says_something_wins(stack):
    found = stacked(*stack)
    for key in ("classes", "input"):
        expected = None
        for layer in stack:  # nearest first; in a layer the explicit value beats its preset
            if key in layer:
                expected = layer[key]
            elif "preset" in layer:
                expected = getattr(preset(layer["preset"]).config, key)
                expected = (Input(expected),) if key == "input" else expected
            else:
                continue
            break
        assert found.get(key) == expected


def _plain(config: ResNetConfig) -> dict[str, object]:
    return json.loads(json.dumps(config.to_dict()))


def test_a_misspelt_ending_is_no_table(invoke, tmp_path):
    result = invoke("--no-run", "-o", "net.htlm")
    assert (result.code, list(tmp_path.iterdir())) == (2, [])
    assert "--output: .htlm is no ending known here (did you mean '.htm'?)" in result.stderr
    assert invoke("--no-run", "-o", "net.txt").code == 0
