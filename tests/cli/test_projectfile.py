"""The configuration file: found, read, layered under flags and variables, refused by name."""

import json
import os
from pathlib import Path

import pytest

from resnet_cli.cli.projectfile import Project, Values, line_of

TABLE = "[tool.resnet-shapes]\n"


@pytest.fixture
def project(tmp_path):
    """Write the working directory's pyproject.toml."""

    def write(text: str) -> None:
        (tmp_path / "pyproject.toml").write_text(TABLE + text, encoding="utf-8")

    return write


def config(invoke, *args):
    """Return what the network is made of, however it was said."""
    result = invoke(*args, "--no-run", "--format", "json", "--depth", "1")
    assert result.code == 0, result.stderr
    return json.loads(result.stdout)["config"]


def test_defaults_are_the_flags_names(invoke, project):
    project(
        'classes = 7\nchannels = [8, 16]\nblocks = "1,1"\nconv-bias = false\ninput = "1x2x32x32"'
    )
    found = config(invoke)
    assert (found["classes"], found["channels"], found["blocks"]) == (7, [8, 16], [1, 1])
    assert (found["conv_bias"], found["input"]) == (False, "1x2x32x32")


def test_each_layer_beats_the_farther_ones(invoke, project, monkeypatch):
    project("classes = 1\n[tool.resnet-shapes.networks.a]\nclasses = 2\n")
    assert config(invoke)["classes"] == 1
    assert config(invoke, "--network", "a")["classes"] == 2
    monkeypatch.setenv("RESNET_SHAPES_CLASSES", "3")
    assert config(invoke, "--network", "a")["classes"] == 3
    assert config(invoke, "--network", "a", "--classes", "4")["classes"] == 4
    monkeypatch.setenv("RESNET_SHAPES_NETWORK", "a")
    monkeypatch.delenv("RESNET_SHAPES_CLASSES")
    assert config(invoke)["classes"] == 2


def test_a_preset_beats_farther_layers_and_loses_to_its_own(invoke, project, monkeypatch):
    project('classes = 1\nstem = "cifar"\n[tool.resnet-shapes.networks.a]\npreset = "resnet50"\n')
    found = config(invoke, "--network", "a")
    assert (found["classes"], found["stem"], found["input"]) == (1000, "imagenet", "1x3x224x224")
    project('classes = 1\n[tool.resnet-shapes.networks.a]\npreset = "resnet50"\nclasses = 2\n')
    assert config(invoke, "--network", "a")["classes"] == 2
    assert config(invoke, "--network", "a", "--preset", "resnet18")["classes"] == 1000
    monkeypatch.setenv("RESNET_SHAPES_INPUT", "2x1x64x64")
    found = config(invoke, "--network", "a")
    assert (found["input"], found["classes"], found["block"]) == ("2x1x64x64", 2, "bottleneck")
    assert config(invoke, "--preset", "resnet18")["input"] == "1x3x224x224"


def test_a_key_that_is_also_a_commands_name_is_the_option(invoke, project):
    project('block = "bottleneck"\nlock = "x.lock"\n')
    assert config(invoke)["block"] == "bottleneck"


def test_a_format_for_all_commands_is_passed_over_where_there_is_none(invoke, project, monkeypatch):
    project('format = "json"\n')
    assert invoke("print-net").stdout.startswith("Sequential(\n")
    assert invoke("--no-run").stdout.startswith("{\n")
    monkeypatch.setenv("RESNET_SHAPES_FORMAT", "junit")
    assert invoke("presets").stdout.startswith("Preset")
    result = invoke("print-net", "--format", "json")
    assert (result.code, result.stdout) == (2, "")
    said = "--format: is not for 'print-net'; it writes what PyTorch prints"
    assert result.stderr == f"resnet-shapes: {said}\n"


def test_it_is_found_in_a_parent_and_paths_are_relative_to_it(
    invoke, project, tmp_path, monkeypatch
):
    project('classes = 7\nlock = "locks/net.lock"\n')
    (tmp_path / "locks").mkdir()
    inner = tmp_path / "src" / "deep"
    inner.mkdir(parents=True)
    (inner / "pyproject.toml").write_text("[tool.other]\n")  # not ours: the search goes on
    monkeypatch.chdir(inner)
    assert config(invoke)["classes"] == 7
    assert invoke("lock").code == 0
    assert os.listdir(tmp_path / "locks") == ["net.lock"]


def test_a_foreign_pyproject_is_not_even_parsed(invoke, tmp_path):
    (tmp_path / "pyproject.toml").write_bytes(b"\xff not = toml [")
    assert config(invoke)["classes"] == 10


@pytest.mark.parametrize("head", ["", TABLE])
def test_config_names_a_plain_file_or_a_pyproject(invoke, project, tmp_path, head):
    project("classes = 1\n")
    (tmp_path / "other.toml").write_text(f"{head}classes = 5\n")
    assert config(invoke, "--config", "other.toml")["classes"] == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bloks = [1]", "tool.resnet-shapes.bloks: is no key here (did you mean 'blocks'?)"),
        ('output = "x"', "tool.resnet-shapes.output: is no key here"),
        ("classes = true", "tool.resnet-shapes.classes: True is not a whole number"),
        ("classes = 1.5", "tool.resnet-shapes.classes: 1.5 is not a whole number"),
        ("conv-bias = 3", "tool.resnet-shapes.conv-bias: 3 is not a switch: give true or false"),
        ("stem = 3", "tool.resnet-shapes.stem: 3 is not one of imagenet, cifar"),
        ('input = "1x1"', "tool.resnet-shapes.input: '1x1' has 2 dimensions; an input has four"),
        ('lock = "a\\u0000b"', "tool.resnet-shapes.lock: 'a\\x00b' is not a file's path"),
        ("networks = 3", "tool.resnet-shapes.networks: is not a table of networks"),
        ("networks.a = 3", "tool.resnet-shapes.networks.a: is not a table"),
        ("networks.a.max-parms = 1", "networks.a.max-parms: is no key here (did you mean 'max-par"),
        ("networks.a.format = 1", "networks.a.format: is no key here"),
        ("networks.a.lock = 'x'", "networks.a.lock: is no key here"),
        ('networks."\\u001b[31m".classes = 1', "networks: '\\x1b[31m' is not a network's name"),
        ('networks."::error::x".classes = 1', "networks: '::error::x' is not a network's name"),
    ],
)
def test_a_mistake_is_named_by_file_and_key(invoke, project, text, message):
    project(text)
    result = invoke("--no-run")
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith("resnet-shapes: ")
    assert "pyproject.toml: " in result.stderr
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_wrong_value_beside_others_names_the_key_that_said_it(invoke, project):
    project("[tool.resnet-shapes.networks.a]\nchannels = [8, 16]\nmax-params = '1M'\n")
    result = invoke("check", "--no-run")
    assert result.code == 2
    assert "2,2,2,2 names 4 stages, but --channels 8,16 names 2" in result.stderr


def test_a_network_that_is_not_there_is_named_with_those_that_are(invoke, project):
    project("networks.backbone.classes = 1\nnetworks.small.classes = 1\n")
    result = invoke("check", "--network", "backbon", "--no-run")
    assert result == (
        2,
        "",
        "resnet-shapes: --network: 'backbon' is no configured network "
        "(did you mean 'backbone'?); there are backbone, small\n",
    )
    assert "is no configured network" in invoke("--network", "x", "--config", os.devnull).stderr


def test_expectations_are_a_table_a_list_or_one(invoke, project):
    for text in ("{'4' = '1x512x7x7', stem = 'Nx?x56x56'}", "['4=1x512x7x7', 'stem=?x64x56x56']"):
        project(f"networks.a.expect = {text}\n")
        result = invoke("check", "--no-run", "--format", "json")
        assert result.code == 0
        assert result.stdout.count('"holds": true') == 2 + 2
    project("networks.a.expect = 'flatten=1x512'\n")
    assert invoke("check", "--no-run").code == 0


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
    ],
    ids=["BOM", "CRLF"],
)
def test_what_other_systems_editors_write_is_read(invoke, tmp_path, encode):
    (tmp_path / "pyproject.toml").write_bytes(encode(TABLE + "classes = 7\nblocks = [1,\n1,1,1]\n"))
    assert config(invoke)["classes"] == 7


def test_a_table_of_nearly_our_name_gets_a_word(invoke, tmp_path):
    for name in ("resnet_shapes", "ResNet-Shapes", "resnetshapes"):
        (tmp_path / "pyproject.toml").write_text(f"[tool.{name}]\nclasses = 7\n")
        result = invoke("--no-run")
        assert (result.code, result.stdout) == (2, "")
        assert f"[tool.{name}] is not read; its name is [tool.resnet-shapes]\n" in result.stderr


def test_a_misspelt_variable_gets_a_word(invoke, monkeypatch):
    monkeypatch.setenv("RESNET_SHAPES_CLASES", "7")
    monkeypatch.setenv("RESNET_SHAPES_WANT", "4=7x7")  # solve's own
    result = invoke("--no-run", "--format", "json")
    assert json.loads(result.stdout)["config"]["classes"] == 10
    assert result.stderr == (
        "RESNET_SHAPES_CLASES is no variable of resnet-shapes "
        "(did you mean 'RESNET_SHAPES_CLASSES'?)\n"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[tool.resnet-shapes.networks.one]\nclasses = 1\n", 1),
        ('[tool.resnet-shapes]\nx = [\n"networks.one=1",\n]\nnetworks.one = 1', 5),
        ("[tool]\n[ tool . 'resnet-shapes' . networks ] # here\n\"one\".classes = 1", 3),
        ("[tool.resnet-shapes]\nnetworks = { one = { classes = 1 } }", 2),
        ("[tool.resnet-shapes.networks.two]\n[tool.resnet-shapes.networks.one]", 2),
    ],
)
def test_a_network_is_found_in_its_line(tmp_path, text, line):
    path = tmp_path / "pyproject.toml"
    path.write_text(text)
    nothing = Values({}, {})
    found = line_of(Project(path, nothing, {}, ("tool", "resnet-shapes")), ("networks", "one"))
    assert found == line


def test_show_config_has_every_value_and_its_source(invoke, project, monkeypatch, tmp_path):
    project(
        'preset = "resnet18"\nmax-params = "1M"\n'
        "[tool.resnet-shapes.networks.a]\nblocks = [1, 1, 1, 1]\n"
    )
    monkeypatch.setenv("RESNET_SHAPES_DTYPE", "float16")
    result = invoke(
        "check", "--classes", "7", "--no-run", "--network", "a", "--show-config", "--format", "json"
    )
    assert (result.code, result.stderr) == (0, "")
    rows = json.loads(result.stdout)["settings"]
    file = tmp_path / "pyproject.toml"
    found = {row["option"]: (row["value"], row["source"]) for row in rows}
    assert {row["network"] for row in rows} == {"a"}
    assert found["classes"] == ("7", "--classes")
    assert found["run"] == ("false", "--no-run")
    assert found["dtype"] == ("float16", "RESNET_SHAPES_DTYPE")
    assert found["blocks"] == ("1,1,1,1", f"{file}:5")
    assert found["max-params"] == ("1000000", f"{file}:3")
    assert found["preset"] == ("resnet18", f"{file}:2")
    assert found["conv-bias"] == ("false", "preset resnet18")
    assert found["groups"] == ("1", "preset resnet18")
    assert found["device"] == ("auto", "default")
    assert invoke("--show-config", "--config", os.devnull).stdout.startswith("Option")
    figure = invoke("draw", "-o", "net.svg", "--show-config", "--config", os.devnull)
    assert figure.stdout.startswith("Option")
    assert not Path("net.svg").exists()


NET = "from torch import nn\nNet = nn.Linear(3, 4)\n"


@pytest.mark.parametrize("target", ["net.py:Net", "pkg.net:Net"])
def test_a_module_is_sought_beside_the_file_that_names_it(
    invoke, project, tmp_path, monkeypatch, target
):
    project(f'module = "{target}"\ninput = "1x3"\n')
    (tmp_path / "pkg").mkdir()
    for name in ("net.py", "pkg/net.py"):
        (tmp_path / name).write_text(NET)
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path / "src")
    assert config(invoke)["module"] == target
    assert invoke("--config", "../pyproject.toml", "--no-run").code == 0


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX has owners")
@pytest.mark.parametrize("theirs", ["pyproject.toml", "pkg/net.py", "pkg/__init__.py", "pkg"])
@pytest.mark.parametrize("target", ["pkg/net.py:Net", "pkg.net:Net"])
def test_code_is_not_run_for_a_file_that_nobody_named_where_others_could_write_it(
    invoke, project, tmp_path, monkeypatch, theirs, target
):
    project(f'networks.own.module = "{target}"\nnetworks.own.input = "1x3"\n')
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("")
    (tmp_path / "pkg" / "net.py").write_text(NET)
    assert invoke("--network", "own").code == 0
    lstat = os.lstat

    def of_another(path):
        found = lstat(path)
        is_theirs = os.path.abspath(path) == str(tmp_path / theirs)
        return os.stat_result([*found[:4], 12345 if is_theirs else found[4], *found[5:]])

    monkeypatch.setattr(os, "lstat", of_another)
    result = invoke("--network", "own")
    if (theirs, target) == ("pkg/__init__.py", "pkg/net.py:Net"):  # which that does not run
        assert result.code == 0
        return
    assert (result.code, result.stdout) == (2, "")
    assert f"{theirs} belongs to another user (number 12345); if you trust" in result.stderr
    assert invoke("--network", "own", "--config", "pyproject.toml").code == 0
    assert invoke("--no-run", "--preset", "resnet18").code == 0  # which runs nothing of it
