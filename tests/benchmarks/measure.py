"""Whole processes, measured: wall time, first byte on stdout, peak memory."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.benchmarks.budgets import Case, Measure

ROOT = Path(__file__).parent.parent.parent

LAUNCHER = Path(__file__).with_name("launch.py")


class Sample(NamedTuple):
    """One run of one process."""

    seconds: float
    first_byte: float
    peak_bytes: int


class Result(NamedTuple):
    """A case's runs."""

    case: Case
    samples: tuple[Sample, ...]

    def median(self, measure: Measure) -> float:
        """Return the median of what is measured, in seconds or bytes."""
        return median(sample[list(Measure).index(measure)] for sample in self.samples)


def interleaved(cases: Iterable[Case], runs: int) -> list[Result]:
    """Run every case once to warm up, then `runs` rounds of all, so that noise meets all alike."""
    cases = list(cases)
    samples: dict[str, list[Sample]] = {case.name: [] for case in cases}
    for turn in range(runs + 1):
        for case in cases:
            sample = run(case)
            if turn:
                samples[case.name].append(sample)
        print(f"round {turn} of {runs}" if turn else "warmed up", file=sys.stderr)
    return [Result(case, tuple(samples[case.name])) for case in cases]


def run(case: Case) -> Sample:
    """Run a case in an empty folder and a bare environment.

    Raises `RuntimeError` where it leaves with another code than it should.
    """
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-S", "-E", str(LAUNCHER), *case.argv],
            capture_output=True,
            check=True,
            cwd=folder,
            env=_environment(),
            text=True,
        )
    seconds, first_byte, peak_bytes, code = done.stdout.split()
    if int(code) != case.code:
        raise RuntimeError(f"{case.name}: left with {code}: {done.stderr[-2000:]}")
    return Sample(float(seconds), float(first_byte), int(peak_bytes))


def _environment() -> dict[str, str]:
    """Return an environment in which nothing is set for the tool or for Python.

    Without its byte code, as under PYTHONDONTWRITEBYTECODE, a package is compiled at every
    start; an installed one is not.
    """
    ours = ("RESNET_SHAPES_", "PYTHON", "GITHUB_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "dumb"}
