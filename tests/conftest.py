"""What every test shares: a bare environment, an empty folder, and the tool in process."""

import os
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from resnet_cli.cli import run


class Result(NamedTuple):
    """What a run of the command line left behind."""

    code: int
    stdout: str
    stderr: str


Invoke = Callable[..., Result]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path):
    """Pin what a user's terminal and environment would change."""
    for name in os.environ:
        if name.startswith(("RESNET_SHAPES_", "GITHUB_", "CLICOLOR")):
            monkeypatch.delenv(name)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def invoke(capsys, monkeypatch) -> Invoke:
    """Run the command line through its door, in process."""

    def call(*args: str) -> Result:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["resnet-shapes", *args])
        code = run(list(args))
        return Result(code, *capsys.readouterr())

    return call
