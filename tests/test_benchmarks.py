"""The benchmark measures what it says, and a broken budget is seen."""

import sys

import pytest

from tests.benchmarks import __main__ as benchmark
from tests.benchmarks.budgets import BUDGETS, CASES, Budget, Case, Measure
from tests.benchmarks.measure import Result, Sample, interleaved, run


def script(text: str, code: int = 0) -> Case:
    return Case("script", (sys.executable, "-c", text), code)


def results(**seconds: float) -> dict[str, Result]:
    return {
        name: Result(Case(name, ()), (Sample(each, each / 2, 10 * 2**20),) * 7)
        for name, each in seconds.items()
    }


def test_every_budget_is_of_a_case_and_against_a_case():
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))
    assert {budget.case for budget in BUDGETS} | {budget.base for budget in BUDGETS} <= {*names}


def test_a_run_is_timed_to_its_end_and_to_its_first_byte():
    sample = run(script("import time; print(1, flush=True); time.sleep(0.3)"))
    assert sample.first_byte < sample.seconds - 0.25
    assert 2**20 < sample.peak_bytes < 2**28


def test_memory_that_a_process_takes_is_seen():
    lean, fat = run(script("")), run(script("x = bytearray(64 * 2**20)"))
    assert fat.peak_bytes - lean.peak_bytes > 60 * 2**20


def test_a_wrong_exit_code_is_no_figure():
    assert run(script("raise SystemExit(3)", code=3)).seconds > 0
    with pytest.raises(RuntimeError, match=r"script: left with 3: .*gone wrong"):
        run(script("import sys; print('gone wrong', file=sys.stderr); sys.exit(3)"))


def test_the_warm_up_does_not_count(capsys):
    (result,) = interleaved([script("")], 2)
    assert len(result.samples) == 2
    assert "warmed up" in capsys.readouterr().err


@pytest.mark.parametrize(("tool", "holds"), [(1.9, True), (2.1, False)])
def test_a_budget_holds_up_to_its_limit(tool, holds):
    budget = Budget("tool", Measure.SECONDS, 1.5, "base", plus=0.5)
    verdict = benchmark.verdict(budget, results(tool=tool, base=1.0))
    assert verdict["limit"] == 2
    assert verdict["holds"] is holds


def test_a_first_byte_is_held_against_a_whole_process():
    budget = Budget("tool", Measure.FIRST_BYTE, 1, "base")
    verdict = benchmark.verdict(budget, results(tool=1.0, base=0.4))
    assert (verdict["value"], verdict["limit"]) == (0.5, 0.4)


def test_fewer_than_seven_runs_are_refused(capsys):
    with pytest.raises(SystemExit):
        benchmark.main(["--runs", "6"])
    assert "a median needs at least 7" in capsys.readouterr().err


def test_a_broken_budget_fails_the_benchmark(monkeypatch, tmp_path, capsys):
    measured = results(**{benchmark.FLOOR: 1.0, "--version": 1.4})
    monkeypatch.setattr(benchmark, "interleaved", lambda cases, runs: [*measured.values()])
    code = benchmark.main(["--only=--version", "--json", str(tmp_path / "out.json")])
    assert code == 1
    assert "| --version: seconds | 1.400 s | 1.300 s | NO |" in capsys.readouterr().out
    assert '"holds": false' in (tmp_path / "out.json").read_text()
