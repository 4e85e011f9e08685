"""The largest networks: in seconds, and in time that grows with their rows."""

import resource
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def seconds(*args: str) -> float:
    """Return the processor's time for a run of the tool."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "resnet_cli", "--no-run", *args],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def stages(count: int) -> list[str]:
    ones = ",".join(["1"] * count)
    return ["--channels", ones, "--blocks", ones]


def test_a_hundred_thousand_layers_take_less_than_ten_seconds():
    assert seconds("--channels", "1", "--blocks", "19990", "--format", "json") < 10


@pytest.mark.parametrize(
    ("of", "few", "many"),
    [
        (lambda n: ["--channels", "1", "--blocks", str(n), "--format", "json"], 2_500, 19_990),
        (
            lambda n: ["--channels", "1", "--blocks", str(n), "--no-fold", "--depth=all"],
            1_250,
            9_995,
        ),
        (lambda n: [*stages(n), "--input", "Nx1xHxW"], 125, 500),
        (lambda n: [*stages(n), "--depth", "1"], 250, 2_000),
    ],
)
def test_time_grows_with_the_rows(of, few, many):
    assert seconds(*of(many)) < 2 * many / few * seconds(*of(few))
