"""`check` and `lock`: verdicts, exit codes, and which networks they handle."""

import json
import re
import subprocess
import sys
from math import prod
from pathlib import Path

import pytest

from resnet_cli.analysis.tensors import state
from resnet_cli.errors import BackendError
from resnet_cli.family import resnet
from resnet_cli.family.config import ResNetConfig
from resnet_cli.pytorch.proof import Difference, Proof
from tests.cli.test_schemas import validator

SMALL = ("--input", "1x1x32x32", "--channels", "8,16", "--blocks", "1,1")

PROJECT = """
[tool.resnet-shapes]
lock = "net.lock"
input = "1x1x32x32"
channels = [8, 16]
[tool.resnet-shapes.networks.one]
blocks = [1, 1]
expect-output = "1x10"
[tool.resnet-shapes.networks.two]
blocks = [2, 1]
max-params = "1M"
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    return tmp_path


def table(result):
    """Return the rows of the verdicts: network, expectation, expected, actual, holds."""
    return [re.split(r"\s{2,}", line.strip()) for line in result.stdout.splitlines()[2:] if line]


DIFFERENCE = Difference("1.0.conv1", "output shape", "1x8x8x8", "1x8x9x9")


def proof(difference: Difference | None = None) -> Proof:
    """Return a proof as PyTorch would have given it."""
    return Proof("2.13.0", "cpu", 14, difference, 0.1)


def test_what_holds_ends_with_0_and_what_does_not_with_1(invoke):
    result = invoke("check", *SMALL, "--no-run", "--expect-output", "1x10", "--max-params", "10k")
    assert (result.code, result.stderr) == (0, "")
    assert table(result) == [
        ["network", "output", "1x10", "1x10", "yes"],
        ["network", "params", "<= 10,000", "5,482", "yes"],
    ]
    result = invoke(
        "check", *SMALL, "--no-run", "--expect", "stage 2=?x16x5x5", "--max-params", "0"
    )
    assert (result.code, result.stderr) == (1, "")
    assert table(result) == [
        ["network", "stage 2", "?x16x5x5", "1x16x4x4", "NO"],
        ["network", "params", "<= 0", "5,482", "NO"],
    ]


def test_a_check_that_checks_nothing_does_not_pass(invoke, tmp_path):
    result = invoke("check", *SMALL, "--no-run")
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith("resnet-shapes: network: there is nothing to check: give")
    (tmp_path / "own.toml").write_text("networks.one.max-params = 1\nnetworks.two = {}")
    result = invoke("check", "--no-run", "--config", "own.toml")
    assert result.code == 2
    assert "resnet-shapes: two: there is nothing to check: give" in result.stderr


def test_the_networks_that_the_projects_own_workflow_holds_are_as_locked(invoke):
    config = Path(__file__).parent.parent / "gate" / "networks.toml"
    result = invoke("check", "--no-run", "--config", str(config))
    assert result.code == 0, result.stdout


def test_a_layer_that_is_not_there_is_a_wrong_request(invoke):
    result = invoke("check", *SMALL, "--no-run", "--expect", "stage 3=1x2", "--max-params", "1")
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith(
        "resnet-shapes: network: --expect: 'stage 3' is no layer of this network (did you mean"
    )


def test_expectations_come_from_the_environment_too(invoke, monkeypatch):
    monkeypatch.setenv("RESNET_SHAPES_EXPECT", "stage 1=1x8x8x8; 4 = 1x16")
    monkeypatch.setenv("RESNET_SHAPES_MAX_PARAMS", "1")
    result = invoke("check", *SMALL, "--no-run")
    assert result.code == 1
    assert [row[1:] for row in table(result)] == [
        ["stage 1", "1x8x8x8", "1x8x8x8", "yes"],
        ["4", "1x16", "1x16", "yes"],
        ["params", "<= 1", "5,482", "NO"],
    ]
    assert invoke("check", *SMALL, "--no-run", "--max-params", "1M").code == 0


def test_a_lock_is_written_and_held(invoke, project):
    result = invoke("lock")
    assert (result.code, result.stdout) == (0, "")
    assert result.stderr == (
        f"locked one, two in {project / 'net.lock'}\n"
        "not in it: values of weights, and settings that change no shape, as eps and slopes\n"
    )
    result = invoke("check", "--no-run")
    assert result.code == 0
    assert table(result) == [
        ["one", "output", "1x10", "1x10", "yes"],
        ["one", "lock", "as locked", "as locked", "yes"],
        ["two", "params", "<= 1,000,000", "6,682", "yes"],
        ["two", "lock", "as locked", "as locked", "yes"],
    ]


def test_a_change_is_shown_like_a_diff(invoke, project):
    invoke("lock")
    result = invoke(
        "check", "--no-run", "--network", "one", "--classes", "11", "--expect-output", "1x11"
    )
    assert result.code == 1
    assert result.stdout.endswith(
        """
one, since it was locked:

~ 5: out_features 10 → 11
~ total: params 5,482 → 5,499 (+0.3%), macs 231,584 → 231,600 (+0.0%)
"""
    )
    assert result.stderr == "to accept: resnet-shapes lock --network one --classes 11\n"


def test_networks_that_only_one_side_has_are_failures(invoke, project):
    invoke("lock")
    (project / "pyproject.toml").write_text(PROJECT.replace("networks.two", "networks.three"))
    result = invoke("check", "--no-run")
    assert result.code == 1
    assert table(result)[2:] == [
        ["three", "params", "<= 1,000,000", "6,682", "yes"],
        ["three", "lock", "locked", "not in the lock file", "NO"],
        ["two", "lock", "configured", "only in the lock file", "NO"],
    ]
    # One that was picked says nothing of the others.
    assert invoke("check", "--no-run", "--network", "one").code == 0


def test_one_network_is_locked_anew_and_the_others_stay(invoke, project):
    invoke("lock")
    before = json.loads((project / "net.lock").read_text())["networks"]
    assert invoke("lock", "--network", "one", "--classes", "11").code == 0
    after = json.loads((project / "net.lock").read_text())["networks"]
    assert after["two"] == before["two"]
    assert after["one"]["lines"][-1]["attributes"] == {"out_features": 11}


def test_a_network_from_flags_leaves_the_configurations_lock_alone(invoke, project):
    invoke("lock")
    before = (project / "net.lock").read_bytes()
    assert invoke("check", "--no-run", *SMALL, "--max-params", "1M").code == 0
    result = invoke("lock", *SMALL)
    assert (result.code, result.stdout) == (2, "")
    assert "give -o FILE for a network from flags, or --network NAME" in result.stderr
    assert (project / "net.lock").read_bytes() == before
    assert invoke("lock", *SMALL, "-o", "own.lock").code == 0
    assert invoke("check", "--no-run", *SMALL, "--lock", "own.lock").code == 0
    assert list(json.loads((project / "own.lock").read_text())["networks"]) == ["network"]


def test_without_a_configuration_the_lock_has_its_usual_name(invoke, tmp_path):
    assert invoke("lock", *SMALL).code == 0
    assert (tmp_path / "resnet-shapes.lock.json").exists()
    result = invoke("check", *SMALL, "--no-run", "--lock", "resnet-shapes.lock.json")
    assert result.code == 0


def test_a_missing_lock_says_how_to_write_it_and_the_rest_is_checked(invoke, project):
    result = invoke("check", "--no-run")
    assert result.code == 2
    assert [row[1:3] for row in table(result)] == [
        ["lock", "can be read"],
        ["output", "1x10"],
        ["params", "<= 1,000,000"],
    ]
    assert result.stderr.startswith("resnet-shapes: lock: there is no lock file ")
    assert result.stderr.endswith("net.lock; run 'resnet-shapes lock' to write it\n")


@pytest.mark.parametrize("form", ["json", "junit", "markdown"])
def test_one_network_that_cannot_be_built_fails_alone(invoke, project, form, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    broken = PROJECT.replace("blocks = [2, 1]", "blocks = [2, 1, 1]").replace("net.lock", "a")
    (project / "pyproject.toml").write_text(broken)
    (project / "a").write_text('{"schema_version": 2, "networks": {}}')
    result = invoke("check", "--no-run", "--format", form)
    assert result.code == 2
    assert "one" in result.stdout
    assert "names 3 stages" in result.stdout
    assert "resnet-shapes: two: " in result.stderr
    assert "::error file=pyproject.toml,line=9,title=resnet-shapes%3A two%3A netw" in result.stderr


def test_a_configuration_that_cannot_be_read_is_reported_in_any_case(invoke, project, monkeypatch):
    (project / "pyproject.toml").write_text(PROJECT.replace("max-params", "max-parms"))
    shown = invoke("check", "--no-run")
    assert (shown.code, shown.stdout) == (2, "")
    assert shown.stderr.count("max-parms: is no key here") == 1
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    result = invoke("check", "--no-run", "--format", "json")
    assert result.code == 2
    (found,) = json.loads(result.stdout)["networks"]
    assert found["name"] == "configuration"
    assert "max-parms: is no key here" in found["error"]
    assert result.stderr.startswith(
        "::error title=resnet-shapes%3A configuration%3A configuration::"
    )
    assert result.stderr.endswith(shown.stderr)
    assert "<error " in invoke("check", "--network", "x", "--format", "junit").stdout


MODULE = (
    PROJECT
    + """
[tool.resnet-shapes.networks.mine]
module = "not_there:net"
max-params = 5
"""
)


def test_no_run_skips_a_module_and_does_not_pass_unless_that_is_allowed(invoke, project):
    (project / "pyproject.toml").write_text(MODULE.replace('lock = "net.lock"', ""))
    result = invoke("check", "--no-run")
    assert (result.code, result.stderr) == (1, "")
    said = "skipped, since only a run makes it known"
    assert table(result)[2] == ["mine", "network", "checked", said, "skipped"]
    result = invoke("check", "--no-run", "--allow-skipped")
    assert (result.code, result.stderr) == (0, "")
    assert table(result)[2] == ["mine", "network", "checked", said, "skipped"]
    document = json.loads(invoke("check", "--no-run", "--format", "json").stdout)
    assert document["networks"][2]["skipped"] is True
    assert "<skipped " in invoke("check", "--no-run", "--allow-skipped", "--format", "junit").stdout


def test_network_is_repeatable_where_several_are_handled(invoke, project):
    invoke("lock")
    result = invoke("check", "--no-run", "--network", "two", "--network", "one")
    assert [row[0] for row in table(result)] == ["two", "two", "one", "one"]
    result = invoke("--no-run", "--network", "two", "--network", "one")
    assert (result.code, result.stdout) == (2, "")
    assert "--network: this shows one network, not two and one; give it once" in result.stderr


def test_a_variable_that_narrows_or_overrides_is_said(invoke, project, monkeypatch):
    invoke("lock")
    monkeypatch.setenv("RESNET_SHAPES_NETWORK", "one")
    monkeypatch.setenv("RESNET_SHAPES_CLASSES", "10")
    monkeypatch.setenv("RESNET_SHAPES_RUN", "false")
    assert invoke("check").stderr == (
        "RESNET_SHAPES_NETWORK narrows this to one\n"
        "RESNET_SHAPES_CLASSES overrides the configuration\n"
        "RESNET_SHAPES_RUN leaves the proofs out\n"
    )
    assert "CLASSES" not in invoke("check", "--classes", "10").stderr
    monkeypatch.delenv("RESNET_SHAPES_NETWORK")
    assert invoke("check", *SMALL, "--max-params", "1M").stderr == ""


def test_lock_says_what_it_would_change_and_writes_nothing(invoke, project):
    assert invoke("lock", "--check").code == 1
    assert not (project / "net.lock").exists()
    invoke("lock")
    before = (project / "net.lock").read_bytes()
    assert invoke("lock", "--check", "--diff") == (0, "", "")
    code, shown, said = invoke("lock", "--check", "--classes", "11", "--network", "one")
    assert (code, shown) == (1, "")
    assert said.endswith("net.lock would change for one; --diff shows what\n")
    result = invoke("lock", "--diff", "--classes", "11", "--network", "one")
    assert (result.code, result.stderr) == (0, "")
    assert "~ 5: out_features 10 → 11\n" in result.stdout
    assert (project / "net.lock").read_bytes() == before
    (project / "pyproject.toml").write_text(PROJECT.replace("networks.two", "networks.three"))
    assert invoke("lock", "--diff", "--check") == (
        1,
        "\nthree, since it was locked:\n\n+ not in the lock file\n"
        "\ntwo, since it was locked:\n\n- only in the lock file\n",
        "",
    )


def test_a_command_to_accept_is_one_that_accepts(invoke, project):
    invoke("lock")
    (project / "pyproject.toml").write_text(PROJECT.replace("blocks = [1, 1]", "blocks = [1, 2]"))
    result = invoke("check", "--no-run")
    assert result.stderr == "to accept: resnet-shapes lock --network one\n"
    invoke(*result.stderr.split()[3:])
    assert invoke("check", "--no-run").code == 0


def test_an_earlier_lock_passes_with_a_word_on_how_to_renew_it(invoke, project):
    lock = Path(__file__).parent.parent / "gate" / "earlier.lock.json"
    args = ("check", "--no-run", "--lock", str(lock), "--preset", "resnet50")
    (project / "pyproject.toml").write_text(
        "[tool.resnet-shapes.networks]\nresnet50.preset = 'resnet50'\nnotebook = {}\n"
    )
    result = invoke(*args[:4])
    assert result.code == 0, result
    assert result.stderr == (
        f"{lock} is of an earlier form, which holds shapes and counts alone; "
        f"renew it: resnet-shapes lock --lock {lock}\n"
    )


def test_an_output_file_has_all_that_is_shown(invoke, project):
    invoke("lock")
    args = ("check", "--no-run", "--classes", "11", "--network", "one")
    shown = invoke(*args)
    written = invoke(*args, "-o", "report.txt")
    assert (written.code, written.stdout) == (shown.code, "") == (1, "")
    assert (project / "report.txt").read_text(encoding="utf-8") == shown.stdout


def test_a_proof_that_fails_is_a_failure(invoke, monkeypatch):
    found = proof(DIFFERENCE)
    monkeypatch.setattr("resnet_cli.pytorch.prove.prove", lambda *_: found)
    result = invoke("check", *SMALL, "--expect-output", "1x10")
    assert result.code == 1
    assert table(result) == [["network", "output", "1x10", "1x10", "yes"]]
    assert result.stderr == (
        "network: NOT proved: layer 1.0.conv1: output shape 1x8x8x8 predicted, 1x8x9x9 in "
        "PyTorch 2.13.0 on cpu, 0.10 s\n"
    )
    monkeypatch.setattr("resnet_cli.pytorch.prove.prove", lambda *_: proof())
    assert invoke("check", *SMALL, "--expect-output", "1x10").code == 0
    assert invoke("check", *SMALL, "--expect-output", "1x11").code == 1


@pytest.mark.parametrize("expected", ["1x10", "1x11"])
def test_without_pytorch_the_verdicts_stay_and_the_code_is_2(invoke, monkeypatch, expected):
    def missing(*_):
        raise BackendError("PyTorch could not be imported")

    monkeypatch.setattr("resnet_cli.pytorch.prove.prove", missing)
    result = invoke("check", *SMALL, "--expect-output", expected)
    assert result.code == 2
    assert table(result)[0][:4] == ["network", "output", expected, "1x10"]
    assert result.stderr == "resnet-shapes: network: PyTorch could not be imported\n"


@pytest.mark.slow
def test_ten_networks_are_proved_with_one_import_of_torch(tmp_path):
    networks = "".join(
        f"[networks.n{i}]\ninput = '1x1x32x32'\nchannels = [4, {i + 4}]\nblocks = [1, 1]\n"
        "expect-output = '1x10'\n"
        for i in range(10)
    )
    (tmp_path / "ten.toml").write_text(networks)
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "resnet_cli", "check", "--config", "ten.toml"],
        capture_output=True,
        check=False,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(": proved: all ") == 10
    assert len(re.findall(r"\| +torch$", done.stderr, re.MULTILINE)) == 1


def header_file(path, tensors):
    """Write a `.safetensors` file of float32 zeros."""
    header, at = {}, 0
    for name, shape in tensors.items():
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + 4 * prod(shape)]}
        at += 4 * prod(shape)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(at))


def small_tensors():
    """Return what `SMALL` builds, by name and shape."""
    config = ResNetConfig(input=(1, 1, 32, 32), channels=(8, 16), blocks=(1, 1))
    return {name: list(shape) for name, shape in state(resnet.build(config)).items()}


def test_weights_that_fit_end_with_0_and_others_with_1(invoke, tmp_path):
    tensors = small_tensors()
    header_file(tmp_path / "w.safetensors", {f"module.{k}": v for k, v in tensors.items()})
    args = ("check", *SMALL, "--no-run", "--weights", "w.safetensors")
    result = invoke(*args)
    assert (result.code, result.stderr) == (0, "")
    assert table(result) == [
        ["network", "weights", "all fit", f"{len(tensors)} fit behind 'module.'", "yes"]
    ]
    result = invoke(*args, "--classes", "7")
    assert (result.code, result.stderr) == (1, "")
    assert "2 of other shape; only the head differs: " in result.stdout
    assert re.search(r"~ +\S+\.weight +10x16 +7x16\n", result.stdout)


def test_a_configured_networks_weights_lie_beside_its_file(invoke, tmp_path):
    header_file(tmp_path / "w.safetensors", {"weight": [1, 2]})
    (tmp_path / "a.toml").write_text(
        'networks.one = { module = "torch.nn:Linear", input = "1x2", weights = "w.safetensors", '
        "module-args = { in_features = 2, out_features = 1, bias = false } }\n"
    )
    result = invoke("check", "--config", "a.toml")
    assert result.code == 0, result.stderr
    assert table(result)[0] == ["one", "weights", "all fit", "1 fit", "yes"]
    assert table(invoke("check", "--config", "a.toml", "--no-run"))[0][-1] == "skipped"


@pytest.mark.parametrize("kind", ["json", "junit", "markdown"])
def test_documents_have_each_tensor_that_does_not_fit(invoke, tmp_path, kind):
    header_file(tmp_path / "w.safetensors", {**small_tensors(), "more": [3]})
    args = (*SMALL, "--classes", "7", "--no-run", "--weights", "w.safetensors", "--format", kind)
    result = invoke("check", *args)
    assert result.code == 1
    assert "more" in result.stdout
    if kind == "json":
        document = json.loads(result.stdout)
        validator("check").validate(document)
        found = document["networks"][0]["weights"]
        assert (found["unexpected"], found["missing"]) == ({"more": [3]}, {})
        assert [*found["other_shape"].values()] == [
            {"file": [10, 16], "network": [7, 16]},
            {"file": [10], "network": [7]},
        ]
        assert found["only_head"] in next(iter(found["other_shape"]))


def test_a_broken_weights_file_is_one_message(invoke, tmp_path):
    (tmp_path / "w.safetensors").write_bytes(b"\xff" * 9)
    (tmp_path / "w.pth").write_bytes(b"hello world")
    for name in ("w.safetensors", "w.pth", "none.pth"):
        result = invoke("check", *SMALL, "--no-run", "--weights", name)
        assert (result.code, result.stdout) == (2, "")
        assert name in result.stderr
        assert result.stderr.count("\n") == 1


def test_a_header_is_read_without_pytorch(tmp_path):
    header_file(tmp_path / "w.safetensors", small_tensors())
    code = (
        "import sys; from resnet_cli.cli.main import run; "
        f"code = run(['check', *{SMALL}, '--no-run', '--weights', 'w.safetensors']); "
        "assert code == 0 and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, capture_output=True)
