"""What `check` writes for machines: JSON, JUnit, GitHub's annotations and step summary."""

import json
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml

from resnet_cli.errors import BackendError
from resnet_cli.gate import reports as written
from resnet_cli.gate.changes import Change
from resnet_cli.gate.checking import Report
from resnet_cli.gate.expectations import Verdict
from resnet_cli.gate.reports import annotations, to_json, to_junit, to_markdown

SMALL = ("--input", "1x1x32x32", "--channels", "8,16", "--blocks", "1,1", "--no-run")
HELD = Verdict("output", "==", (1, 10), (1, 10), True)
BROKEN = Verdict("stage 2", "==", (None, 16, 5, 5), (1, 16, 4, 4), False)
LOCKED = Verdict("lock", "==", "as locked", "2 differences", False)
CHANGES = (
    Change("5", "stride", "1x1", "2x2", 57),
    Change("1.1", "block", None, "Residual, 100 params"),
)
REPORTS = [
    Report("one", "ResNet-6", (HELD,)),
    Report(
        *("two", "ResNet-8", (HELD, BROKEN, LOCKED), CHANGES),
        error="PyTorch is missing",
        fails=("proof", "agrees"),
        place=("conf/pyproject.toml", 12),
    ),
    Report("gone", "", (Verdict("lock", "==", "configured", "only in the lock file", False),)),
]

# All that a terminal, a log, a table or a document might obey.
tokens = [
    "\x1b[31m",
    "::error::",
    "##[error]",
    "]]>",
    "[bold]",
    "\u202e",
    "\r\n",
    "|",
    "\\",
    "\ud800",
]
hostile = st.lists(st.characters() | st.sampled_from(tokens), max_size=6).map("".join)
# A network's own name is held to a rule where it comes in (`fields.name`).
names = st.from_regex(r"\A\w[\w .+-]{0,9}\Z")
verdicts = st.builds(
    Verdict, hostile, st.sampled_from(["==", "<="]), hostile, hostile, st.booleans()
)
changes = st.one_of(
    st.builds(Change, hostile, hostile, hostile, st.none() | hostile),
    st.builds(Change, hostile, hostile, st.none(), hostile, st.integers(0, 9)),
)
anything = st.lists(
    st.builds(
        Report,
        names,
        hostile,
        st.lists(verdicts, max_size=2).map(tuple),
        st.lists(changes, max_size=2).map(tuple),
        error=st.none() | hostile,
    ),
    max_size=2,
)


def lines_are_harmless(text: str) -> bool:
    """Say whether neither a terminal nor GitHub's runner can take a line for a command."""
    return all(
        line.isprintable() and not line.lstrip().startswith("::") and "##[" not in line
        for line in text.split("\n")
    )


def test_junit_has_a_case_for_each_expectation():
    xml = JUnitXml.fromstring(to_junit(REPORTS).encode())
    suites = {suite.name: suite for suite in xml}
    assert {name: (s.tests, s.failures, s.errors) for name, s in suites.items()} == {
        "one": (1, 0, 0),
        "two": (4, 2, 1),
        "gone": (1, 1, 0),
    }
    cases = {case.name: case for case in suites["two"]}
    assert list(cases) == ["output", "stage 2", "lock", "proof"]
    assert {case.classname for case in cases.values()} == {"resnet-shapes.two"}
    assert cases["output"].is_passed
    (failure,) = cases["stage 2"].result
    assert isinstance(failure, Failure)
    assert failure.message == "expected ?x16x5x5, is 1x16x4x4"
    (failure,) = cases["lock"].result
    assert failure.text == (
        "\n~ 5: stride 1x1 → 2x2\n    57 operations behind it: other shapes or counts"
        "\n+ block 1.1: Residual, 100 params"
    )
    (error,) = cases["proof"].result
    assert isinstance(error, Error)
    assert error.message == "PyTorch is missing"


def test_a_figure_that_is_not_known_is_a_failure_and_no_error():
    unknown = Verdict("peak_bytes", "<=", 5, None, False, "not measured")
    suite, *_ = ET.fromstring(to_junit([Report("net", "Net", (unknown,))]))  # noqa: S314 - ours
    assert (suite.get("failures"), suite.get("errors")) == ("1", "0")
    (found,) = suite.find("testcase")
    assert (found.tag, found.get("message")) == ("failure", "expected <= 5, is not measured")


def test_json_has_verdicts_changes_and_how_the_proof_went():
    document = json.loads(to_json(REPORTS))
    assert document["schema_version"] == 2
    assert document["holds"] is False
    one, two, gone = document["networks"]
    assert one == {
        "name": "one",
        "network": "ResNet-6",
        "holds": True,
        "expectations": [
            {
                "what": "output",
                "operator": "==",
                "expected": [1, 10],
                "actual": [1, 10],
                "holds": True,
            }
        ],
        "changes": [],
        "forward": None,
    }
    assert two["expectations"][1]["expected"] == [None, 16, 5, 5]
    assert two["changes"][0] == {
        "where": "5",
        "what": "stride",
        "old": "1x1",
        "new": "2x2",
        "follow": 57,
    }
    assert two["forward"] == {"error": "PyTorch is missing"}
    assert (gone["holds"], gone["network"]) == (False, None)


def test_markdown_has_every_verdict_and_every_change():
    assert to_markdown(REPORTS[:1] + REPORTS[2:]) == (
        "| Network | Expectation | Expected | Actual | Holds |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| one | output | 1x10 | 1x10 | yes |\n"
        "| gone | lock | configured | only in the lock file | NO |\n"
    )
    assert to_markdown(REPORTS).endswith(
        "\ntwo, since it was locked:\n\n"
        "- `~` 5: stride 1x1 → 2x2\n"
        "  - 57 operations behind it: other shapes or counts\n"
        "- `+` block 1.1: Residual, 100 params\n"
    )


def test_annotations_escape_as_the_runner_unescapes():
    verdict = Verdict("a:b,c%", "==", "1%\r\n", "::error::x", False)
    assert list(annotations([Report("net", "", (HELD, verdict))])) == [
        "::error title=resnet-shapes%3A net%3A a%3Ab%2Cc%25::expected 1%25%0D%0A, is ::error::x"
    ]


def test_an_annotation_is_at_the_configuration_and_names_the_first_change(monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "conf"))
    assert list(annotations(REPORTS[1:2]))[1] == (
        "::error file=pyproject.toml,line=12,title=resnet-shapes%3A two%3A lock::"
        "expected as locked, is 2 differences, first 5: stride 1x1 → 2x2"
    )


@given(anything)
def test_nothing_can_be_injected(reports):
    lines = list(annotations(reports))
    assert all(line.startswith("::error title=resnet-shapes%3A ") for line in lines)
    assert all(line.isprintable() and "##[" not in line for line in lines)
    for text in (to_json(reports), to_junit(reports), to_markdown(reports)):
        assert lines_are_harmless(text)
    assert len(json.loads(to_json(reports))["networks"]) == len(reports)
    assert len(ET.fromstring(to_junit(reports))) == len(reports)  # noqa: S314 - our own text
    rows = [line for line in to_markdown(reports).splitlines() if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) == 6 for row in rows)


@pytest.fixture
def on_github(monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    return tmp_path / "summary.md"


def test_on_github_failures_are_annotations_and_tables_the_summary(invoke, on_github):
    on_github.write_text("before\n")
    result = invoke("check", *SMALL, "--expect-output", "1x10", "--max-params", "1")
    assert result.code == 1
    assert result.stdout.startswith("Network")
    assert result.stderr == (
        "::error title=resnet-shapes%3A network%3A params::expected <= 1, is 5,482\n"
    )
    assert on_github.read_text() == (
        "before\n### resnet-shapes check\n\n"
        "| Network | Expectation | Expected | Actual | Holds |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| network | output | 1x10 | 1x10 | yes |\n"
        "| network | params | &lt;= 1 | 5,482 | NO |\n\n"
    )


def test_on_github_what_holds_is_in_the_summary_alone(invoke, on_github):
    result = invoke("check", *SMALL, "--expect-output", "1x10", "--format", "junit")
    assert (result.code, result.stderr) == (0, "")
    assert "| yes |" in on_github.read_text()


def test_on_github_a_proof_that_could_not_run_is_an_annotation(invoke, on_github, monkeypatch):
    def missing(*_):
        raise BackendError("no PyTorch:\nnone")

    monkeypatch.setattr("resnet_cli.pytorch.prove.prove", missing)
    result = invoke("check", *SMALL[:-1], "--expect-output", "1x10", "--format", "json")
    assert result.code == 2
    assert json.loads(result.stdout)["networks"][0]["forward"] == {"error": "no PyTorch:\nnone"}
    assert result.stderr == (
        "resnet-shapes: network: no PyTorch:\\nnone\n"
        "::error title=resnet-shapes%3A network%3A proof::no PyTorch:%0Anone\n"
    )


def test_a_summary_is_cut_at_what_github_shows(on_github, monkeypatch):
    many = [Report(f"network {n}", "", (HELD,) * 10) for n in range(20)]
    monkeypatch.setattr(written, "MAX_SUMMARY", 2000)
    on_github.write_text("before\n" * 10)
    assert written.append_step_summary(many) is None
    text = on_github.read_text()
    assert len(text.encode()) <= 2000
    assert "\n| network 0 | output | 1x10 | 1x10 | yes |\n" in text
    assert text.endswith(
        "|\n\nThe rest is over what GitHub shows; the log has it, and `--format json` has it all.\n"
    )
    written.append_step_summary(many)
    assert len(on_github.read_bytes()) <= 2000


def test_junit_has_what_the_schemas_demand(invoke, tmp_path):
    """Ant's (Windy Road): attributes and elements in order; Jenkins' has no others."""
    for suite in ET.fromstring(to_junit(REPORTS)):  # noqa: S314 - our own text
        assert {*suite.attrib} == {
            *("name", "package", "id", "hostname", "timestamp", "time"),
            *("tests", "failures", "errors", "skipped"),
        }
        assert all(suite.attrib.values())
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp"))
        tags = [child.tag for child in suite]
        cases = ["testcase"] * int(suite.get("tests"))
        assert tags == ["properties", *cases, "system-out", "system-err"]
        for case in suite.iter("testcase"):
            assert {*case.attrib} == {"name", "classname", "time"}
            assert len(case) <= 1
            assert all({*found.attrib} == {"type", "message"} for found in case)


def test_a_summary_that_cannot_be_written_is_told_and_changes_nothing(invoke, on_github):
    on_github.mkdir()
    result = invoke("check", *SMALL, "--expect-output", "1x10")
    assert result.code == 0
    assert result.stderr.startswith("resnet-shapes: cannot append to GITHUB_STEP_SUMMARY ")


def test_elsewhere_there_are_no_annotations(invoke, on_github, monkeypatch):
    monkeypatch.delenv("GITHUB_ACTIONS")
    result = invoke("check", *SMALL, "--expect-output", "1x11")
    assert (result.code, result.stderr) == (1, "")
    assert not on_github.exists()


def test_the_formats_are_files_of_their_own(invoke, tmp_path):
    args = ("check", *SMALL, "--expect-output", "1x11", "--format")
    for kind in ("json", "junit", "markdown"):
        shown = invoke(*args, kind)
        assert (shown.code, shown.stderr) == (1, "")
        written = invoke(*args, kind, "--output", "report")
        assert (written.code, written.stdout) == (1, "")
        texts = (shown.stdout, (tmp_path / "report").read_text(encoding="utf-8"))
        one, other = (re.sub(r'time(stamp)?="[^"]*"', "", text) for text in texts)
        assert one == other
    result = invoke(*args, "csv")
    assert (result.code, result.stdout) == (2, "")
    assert "it writes table, json, junit, markdown" in result.stderr
