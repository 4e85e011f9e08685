"""What every test shares: a bare environment, an empty folder, and the tool in process."""

import os
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from resnet_cli.cli.main import run

# The first example pays for imports, so a deadline would judge the machine. The examples are the
# same in every run, so that a commit passes or fails once and for all; other ones are drawn with
# `pytest --hypothesis-profile wide`.
settings.register_profile("wide", deadline=None, database=None)
settings.register_profile("here", settings.get_profile("wide"), derandomize=True)
settings.load_profile("here")


class Attack(NamedTuple):
    """How hard to attack: the seed of what is drawn at random, and tenths of all cases."""

    seed: int
    tenths: float

    def cases(self, whole: int) -> int:
        """Return how many cases, where the whole attack has so many."""
        return max(int(whole * self.tenths / 10), 1)

    def draws(self, whole: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Return what makes a property draw so many examples from the seed."""
        usual = {phase for phase in Phase if phase is not Phase.explain}
        examples = settings(
            max_examples=self.cases(whole), phases=usual, suppress_health_check=NONE
        )
        return lambda prop: seed(self.seed)(examples(prop))


NONE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


def pytest_addoption(parser):
    parser.addoption("--attack", type=float, default=1, help="tenths of the cases of an attack")
    parser.addoption("--seed", type=int, default=0, help="what an attack draws from")


@pytest.fixture
def attack(request) -> Attack:
    """Say how many cases an attack has, and from which seed they are drawn."""
    return Attack(request.config.getoption("--seed"), request.config.getoption("--attack"))


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


@pytest.fixture
def terminal(monkeypatch) -> Callable[[int], None]:
    """Give stdout a terminal of so many columns, without colours."""

    def of(columns: int) -> None:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "dumb")

    return of


class ScreenExtension(SingleFileSnapshotExtension):
    """A whole screen as a text file of its own, to be read as users see it."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


@pytest.fixture
def golden(snapshot):
    """Compare a screen with its file under `__snapshots__`."""
    return snapshot.use_extension(ScreenExtension)


@pytest.fixture(scope="session")
def browser():
    """Run the machine's browser."""
    from tests.show.browser import launched

    yield from launched()
