"""What GitHub reads is what GitHub accepts, pinned, and asks for no more than it needs."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from resnet_cli.version import __version__

ROOT = Path(__file__).parent.parent
GITHUB = ROOT / ".github"
FORMS = GITHUB / "ISSUE_TEMPLATE"
ACTION = ROOT / "action.yml"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
USES = re.compile(r"uses: (\S+)(.*)")


def validate(schema: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Hold a file against a schema that check-jsonschema ships; no network."""
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", path],
        capture_output=True,
        check=False,
        text=True,
    )


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        *(("github-workflows", path) for path in WORKFLOWS),
        ("github-actions", ACTION),
        ("dependabot", GITHUB / "dependabot.yml"),
        ("github-issue-config", FORMS / "config.yml"),
        *(("github-issue-forms", FORMS / f"{name}.yml") for name in ("bug", "idea")),
    ],
)
def test_github_accepts_it(schema, path):
    done = validate(schema, path)
    assert done.returncode == 0, done.stdout


def test_the_validation_can_fail(tmp_path):
    broken = tmp_path / "ci.yml"
    text = (GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8")
    broken.write_text(text.replace("runs-on:", "runs-upon:"), encoding="utf-8")
    assert validate("github-workflows", broken).returncode == 1


def test_the_workflow_may_only_read():
    text = (GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert "\npermissions:\n  contents: read\n" in text
    assert "write" not in text


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_commit_and_says_which_version_that_is(path):
    used = USES.findall(path.read_text(encoding="utf-8"))
    assert used
    for action, comment in used:
        pinned = re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)
        assert (pinned and re.fullmatch(r" # v\d+\.\d+\.\d+", comment)) or action == "./"


def test_the_action_pins_the_tool_to_the_version_that_it_came_with():
    version = re.search(r"^  version:\n.*\n    default: (\S+)$", action(), re.MULTILINE)
    assert version[1] == __version__


def test_the_action_knows_what_the_tool_needs_besides_pytorch():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.match(r"[\w-]+", need)[0] for need in project["dependencies"]]
    listed = re.search(r'"set -- ([\w ]+) \$packages"', action())
    assert listed[1].split() == [name for name in names if name != "torch"]


CPU = ["--torch-backend", "cpu"]


@pytest.mark.skipif(os.name == "nt", reason="the action's shell is bash")
@pytest.mark.parametrize(
    ("args", "packages", "version", "installed"),
    [
        ("check", "", "1.2.3", [[*CPU, "resnet-shapes==1.2.3"]]),
        ("check", "-e './my net'", ".", [[*CPU, ".", "-e", "./my net"]]),
        (
            "check --no-run --network 'a b'",
            "mypkg",
            "1.2.3",
            [["--no-deps", "resnet-shapes==1.2.3"], [*CPU, "click", "psutil", "rich", "mypkg"]],
        ),
    ],
)
def test_the_action_installs_pytorch_only_where_it_is_run(
    tmp_path, args, packages, version, installed
):
    log = tmp_path / "log"
    (tmp_path / "uv").write_text(
        f'#!{sys.executable}\nimport sys\nprint(sys.argv[1:], file=open({str(log)!r}, "a"))\n',
        encoding="utf-8",
    )
    # Only what asks for `python -c` reaches Python: nothing is installed here.
    (tmp_path / "python").write_text(
        f'#!/bin/sh\n[ "$1" = -c ] || exit 0\nexec {sys.executable} "$@"\n', encoding="utf-8"
    )
    for name in ("uv", "python"):
        (tmp_path / name).chmod(0o755)
    step = re.search(r"- name: Install\n      run: \|\n(.*?)\n      shell:", action(), re.DOTALL)
    subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", step[1]],
        check=True,
        env={
            "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
            "ARGS": args,
            "PACKAGES": packages,
            "VERSION": version,
        },
    )
    lines = log.read_text(encoding="utf-8").splitlines()
    assert lines == [str(["pip", "install", "--system", *words]) for words in installed]


def action() -> str:
    """Return the action's text."""
    return ACTION.read_text(encoding="utf-8")
