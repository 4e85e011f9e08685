"""Faults put into the code one at a time: which of them no test notices.

    python3 -m venv ~/cosmic && ~/cosmic/bin/pip install cosmic-ray
    .venv/bin/python -m tests.attack.mutation --cosmic-ray ~/cosmic/bin/cosmic-ray --count 100

A sample of cosmic-ray's mutants of `ROOMS`, each against `TESTS`, in a copy of this checkout.
A survivor is an equivalent program, or a test that is missing.
"""

import argparse
import random
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("graph", "analysis", "gate", "show/formats.py")
TESTS = (
    *("graph", "analysis", "gate", "show", "family", "draw", "pytorch/test_kinds.py"),
    *("pytorch/test_capture.py", "pytorch/test_following.py", "pytorch/test_module_proof.py"),
    *("pytorch/test_odd_networks.py", "pytorch/test_measure.py", "cli/test_symbolic_cli.py"),
    *("cli/test_named_cli.py", "cli/test_training_cli.py"),
)
SECONDS = 600

# A union in an annotation fails where it is imported, which says nothing of the tests.
_PASSED_OVER = "core/ReplaceBinaryOperator_BitOr_%"


def main() -> int:
    """Make a sample of mutants, run the tests on each, and show the survivors."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--cosmic-ray", default="cosmic-ray", help="the program")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=100, help="mutants")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _copy(folder)
        _run(folder, asked.cosmic_ray, "baseline", "mutants.toml")  # without a fault all pass
        _run(folder, asked.cosmic_ray, "init", "mutants.toml", "mutants.sqlite")
        with closing(sqlite3.connect(folder / "mutants.sqlite")) as session:
            _sample(session, asked.seed, asked.count)
            _run(folder, asked.cosmic_ray, "exec", "mutants.toml", "mutants.sqlite")
            return _report(session)


def _copy(folder: Path) -> None:
    """Copy what is tracked or new here, and say what is mutated and run."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True).stdout
    tar = subprocess.run(
        ["tar", "-c", "--null", "-T", "-"], cwd=ROOT, check=True, input=files, capture_output=True
    )
    subprocess.run(["tar", "-x", "-C", str(folder)], check=True, input=tar.stdout)
    paths = ", ".join(f'"resnet_cli/{room}"' for room in ROOMS)
    tests = " ".join(f"tests/{name}" for name in TESTS)
    (folder / "mutants.toml").write_text(
        f"[cosmic-ray]\nmodule-path = [{paths}]\ntimeout = {SECONDS}\nexcluded-modules = []\n"
        f'test-command = "{sys.executable} -m pytest -q -x -n 0 -p no:cacheprovider {tests}"\n'
        '[cosmic-ray.distributor]\nname = "local"\n'
    )


def _run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True)


def _sample(session: sqlite3.Connection, seed: int, count: int) -> None:
    """Leave so many mutants, drawn at random."""
    query = "SELECT job_id FROM mutation_specs WHERE operator_name NOT LIKE ? "
    query += "ORDER BY module_path, operator_name, occurrence"
    jobs = [job for (job,) in session.execute(query, (_PASSED_OVER,))]
    kept = random.Random(seed).sample(jobs, min(count, len(jobs)))  # noqa: S311 - no secret
    for table in ("mutation_specs", "work_items"):
        marks = ",".join("?" * len(kept))
        session.execute(f"DELETE FROM {table} WHERE job_id NOT IN ({marks})", kept)  # noqa: S608
    session.commit()
    print(f"{len(kept)} of {len(jobs)} mutants", flush=True)


def _report(session: sqlite3.Connection) -> int:
    """Show each survivor as a diff, and the score; return 0 where there is none."""
    rows = [*session.execute("SELECT test_outcome, diff FROM work_results")]
    alive = [diff for outcome, diff in rows if "SURVIVED" in str(outcome).upper()]
    for diff in alive:
        print(diff)
    print(f"{len(rows) - len(alive)} of {len(rows)} mutants were noticed")
    return int(bool(alive))


if __name__ == "__main__":
    sys.exit(main())
