"""Measure everything and hold it against the budgets.

    pip install -e '.[bench,draw]'
    python -m tests.benchmarks --json benchmark.json

prints two Markdown tables and leaves with 1 when a budget is broken; `--only` picks cases
by a part of their name, their bases with them. Linux and macOS.
"""

import argparse
import contextlib
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from resnet_cli.show.formats import markdown_table
from tests.benchmarks.budgets import BUDGETS, CASES, FLOOR, MIB, PEERS, Budget, Measure
from tests.benchmarks.measure import Result, interleaved

MIN_RUNS = 7


def main(args: Sequence[str] | None = None) -> int:
    """Run the benchmark; return 0 when every budget holds."""
    asked = _arguments(args)
    names = _names(asked.only)
    results = {
        result.case.name: result
        for result in interleaved((case for case in CASES if case.name in names), asked.runs)
    }
    verdicts = [verdict(budget, results) for budget in BUDGETS if budget.case in results]
    document = {
        "machine": machine(),
        "runs": asked.runs,
        "cases": case_records(results),
        "budgets": verdicts,
    }
    if asked.json is not None:
        asked.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(report(document))
    return 0 if all(verdict["holds"] for verdict in verdicts) else 1


def _arguments(args: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=MIN_RUNS, help="rounds, at least 7")
    parser.add_argument("--only", default="", help="measure the cases with this in their name")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    asked = parser.parse_args(args)
    if asked.runs < MIN_RUNS:
        parser.error(f"--runs {asked.runs}: a median needs at least {MIN_RUNS}")
    return asked


def _names(only: str) -> set[str]:
    """Return the chosen cases and what their budgets are measured by."""
    names = {case.name for case in CASES if only in case.name}
    return names | {budget.base for budget in BUDGETS if budget.case in names} | {FLOOR}


def verdict(budget: Budget, results: Mapping[str, Result]) -> dict[str, Any]:
    """Hold a case against its budget."""
    value = results[budget.case].median(budget.measure)
    limit = budget.factor * results[budget.base].median(budget.base_measure) + budget.plus
    return {**budget._asdict(), "value": value, "limit": limit, "holds": value <= limit}


def case_records(results: Mapping[str, Result]) -> list[dict[str, Any]]:
    """Return each case's medians, in seconds and bytes, and its ratio to the floor."""
    floor = results[FLOOR].median(Measure.SECONDS)
    return [
        {
            "case": name,
            **{measure.name.lower(): result.median(measure) for measure in Measure},
            "fastest": min(sample.seconds for sample in result.samples),
            "slowest": max(sample.seconds for sample in result.samples),
            "floor_ratio": result.median(Measure.SECONDS) / floor,
        }
        for name, result in results.items()
    ]


def machine() -> dict[str, Any]:
    """Return what the figures depend on: the machine and the versions."""
    packages = ("click", "rich", "torch", "matplotlib", *PEERS)
    return {
        "system": platform.platform(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: found for name in packages if (found := _version(name))},
    }


def _cpu() -> str:
    """Return the processor's name, which only Linux keeps in a file."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _version(package: str) -> str | None:
    with contextlib.suppress(PackageNotFoundError):
        return version(package)
    return None


def report(document: Mapping[str, Any]) -> str:
    """Return the figures and the verdicts as two Markdown tables."""
    rows = [
        (
            case["case"],
            f"{case['seconds']:.3f}",
            f"{case['floor_ratio']:.2f}",
            f"{case['fastest']:.3f} to {case['slowest']:.3f}",
            f"{case['first_byte']:.3f}",
            f"{case['peak'] / MIB:,.1f}",
        )
        for case in document["cases"]
    ]
    heads = ("Process", "Median s", "x floor", "Range s", "First byte s", "Peak MiB")
    figures = markdown_table(heads, rows, (False, *[True] * 5))
    verdicts = markdown_table(
        ("Budget", "Measured", "Limit", "Holds"),
        [
            (
                f"{budget['case']}: {budget['measure']}",
                _figure(budget, "value"),
                _figure(budget, "limit"),
                "yes" if budget["holds"] else "NO",
            )
            for budget in document["budgets"]
        ],
        (False, True, True, False),
    )
    told = document["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in told["versions"].items())
    return (
        f"{told['cpu']}, {told['cores']} cores, {told['system']}, Python {told['python']}, "
        f"{versions}; medians of {document['runs']} runs.\n\n{figures}\n{verdicts}"
    )


def _figure(budget: Mapping[str, Any], key: str) -> str:
    if budget["measure"] is Measure.PEAK:
        return f"{budget[key] / MIB:,.1f} MiB"
    return f"{budget[key]:.3f} s"


if __name__ == "__main__":
    sys.exit(main())
