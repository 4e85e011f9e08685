"""What `check` found, for machines: JSON, JUnit XML, Markdown, GitHub's workflow commands."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

from resnet_cli.gate.checking import Report
from resnet_cli.gate.expectations import Verdict
from resnet_cli.show import formats
from resnet_cli.text import printable

SCHEMA_VERSION = 2
HEADS = ("Network", "Expectation", "Expected", "Actual", "Holds")
WEIGHT_HEADS = ("", "Tensor", "In the file", "In the network")

MAX_SUMMARY = 2**20
"""Bytes that GitHub shows of all that a step writes to its summary; of more it shows nothing."""


def rows(reports: Sequence[Report]) -> Iterator[tuple[str, str, str, str, str]]:
    """Give a row a verdict, for every table."""
    for report in reports:
        for verdict in report.all_verdicts:
            answer = "yes" if verdict.holds else "NO"
            answer = "skipped" if report.skipped else answer
            yield report.name, verdict.what, verdict.limit, verdict.found, answer


def _is_error(report: Report, verdict: Verdict) -> bool:
    return report.error is not None and verdict.actual == report.error


def limits(reports: Sequence[Report]) -> Iterator[str]:
    """Give what names in inputs must be and where closed forms end, a line each."""
    for report in reports:
        yield from (printable(f"{report.name}: {limit}") for limit in report.limits)


def _message(report: Report, verdict: Verdict) -> str:
    """Say what does not hold, or why something could not be checked."""
    if _is_error(report, verdict):
        return str(report.error)
    return f"expected {verdict.limit}, is {verdict.found}"


def to_text(report: Report) -> str:
    """Return what does not hold, a line each, and the differences behind it."""
    return "\n".join(
        printable(f"{verdict.what}: {_message(report, verdict)}")
        + (_differences_text(report, verdict.what) or "")
        for verdict in report.all_verdicts
        if not verdict.holds
    )


def misfits(report: Report) -> Iterator[tuple[str, list[tuple[str, str, str, str]]]]:
    """Give the weights that do not fit: a title, and rows that begin with a diff's mark."""
    if report.weights is not None and not report.weights.holds:
        yield f"{report.name} and {report.weights.stored.path}:", [*report.weights.rows()]


def to_json(reports: Sequence[Report]) -> str:
    """Return one JSON document, a line a network; `schemas/check.json` describes it."""
    head = {
        "schema_version": SCHEMA_VERSION,
        "tool": formats.TOOL,
        "holds": all(report.holds for report in reports),
    }
    return formats.json_text(head, "networks", map(_dict, reports), {})


def _dict(report: Report) -> dict[str, Any]:
    forward: dict[str, object] | None = None
    is_proof = report.fails[0] == "proof"
    if report.proof is not None:
        forward = formats.proof_dict(report.proof)
    elif report.error is not None and is_proof:
        forward = {"error": report.error}
    return {
        "name": report.name,
        "network": report.title or None,
        "holds": report.holds,
        "expectations": [_expectation(verdict) for verdict in report.verdicts],
        "changes": [change._asdict() for change in report.changes],
        **({} if report.weights is None else {"weights": report.weights.to_dict()}),
        "forward": forward,
        **({"limits": list(report.limits)} if report.limits else {}),
        **({"skipped": True} if report.skipped else {}),
        **({"error": report.error} if report.error and not is_proof else {}),
    }


def _expectation(verdict: Verdict) -> dict[str, Any]:
    found = verdict._asdict()
    return found if verdict.note else {k: v for k, v in found.items() if k != "note"}


def to_junit(reports: Sequence[Report]) -> str:
    """Return JUnit XML: a suite a network, a test case an expectation.

    It has all that Ant's schema (Windy Road) demands, and nothing that Jenkins' does not know.
    """
    import socket
    from xml.etree import ElementTree as ET

    suites = ET.Element("testsuites")
    host = printable(socket.gethostname()) or "localhost"
    for number, report in enumerate(reports):
        suites.append(_suite(report, {"id": str(number), "hostname": host}))
    ET.indent(suites)
    body = ET.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _suite(report: Report, place: dict[str, str]) -> Any:
    from datetime import UTC, datetime
    from xml.etree import ElementTree as ET

    cases = report.all_verdicts
    errors = int(report.error is not None)
    failures = 0 if report.skipped else sum(not verdict.holds for verdict in cases) - errors
    skipped = len(cases) if report.skipped else 0
    counts = {"tests": len(cases), "failures": failures, "errors": errors, "skipped": skipped}
    began = datetime.fromtimestamp(report.began, UTC)
    times = {"timestamp": f"{began:%Y-%m-%dT%H:%M:%S}", "time": f"{report.seconds:.3f}"}
    texts = {name: str(count) for name, count in counts.items()}
    names = {"name": report.name, "package": "resnet-shapes"}
    suite = ET.Element("testsuite", {**names, **place, **texts, **times})
    ET.SubElement(suite, "properties")
    for verdict in cases:
        is_proof = verdict not in report.verdicts and report.proof is not None
        seconds = report.proof.seconds if report.proof and is_proof else 0.0
        names = {"classname": f"resnet-shapes.{report.name}", "name": printable(verdict.what)}
        case = ET.SubElement(suite, "testcase", {**names, "time": f"{seconds:.3f}"})
        message = printable(_message(report, verdict))
        if report.skipped:
            ET.SubElement(case, "skipped", message=message)
        elif not verdict.holds:
            # JUnit tells a test that failed from one that could not run.
            kind = "error" if _is_error(report, verdict) else "failure"
            found = ET.SubElement(case, kind, message=message, type=printable(verdict.what))
            found.text = _differences_text(report, verdict.what)
    ET.SubElement(suite, "system-out")
    ET.SubElement(suite, "system-err")
    return suite


def _differences_text(report: Report, verdict: str) -> str | None:
    lines: list[str] = []
    if verdict == "lock":
        lines = [line for each in report.told for line in each.lines]
    elif verdict == "weights":
        lines = [" ".join(filter(None, row)) for _, rows in misfits(report) for row in rows]
    return "".join(f"\n{printable(line)}" for line in lines) or None


def to_markdown(reports: Sequence[Report]) -> str:
    """Return the verdicts as a GitHub table, every change in a list, weights in another table."""
    text = formats.markdown_table(HEADS, rows(reports), [False] * 5)
    text += "".join(f"\n{formats.markdown_text(line)}\n" for line in limits(reports))
    for report in reports:
        if report.changes:
            text += f"\n{formats.markdown_text(report.name)}, since it was locked:\n\n"
            text += "".join(map(_item, report.told))
        for title, lines in misfits(report):
            text += f"\n{formats.markdown_text(title)}\n\n"
            text += formats.markdown_table(WEIGHT_HEADS, lines, [False] * len(WEIGHT_HEADS))
    return text


def _item(each: Any) -> str:
    behind = f"\n  - {formats.markdown_text(each.behind)}" if each.behind else ""
    return f"- `{each.sign}` {formats.markdown_text(each.text)}{behind}\n"


def annotations(reports: Sequence[Report]) -> Iterator[str]:
    """Give GitHub's `::error` command for each failure, at the network's configuration."""
    for report in reports:
        file, line = report.place
        place = f"file={_escaped(_from_root(file), ':,')},line={line}," if file else ""
        for verdict in report.all_verdicts:
            if not verdict.holds:
                title = _escaped(f"resnet-shapes: {report.name}: {verdict.what}", ":,")
                text = _message(report, verdict)
                if verdict.what == "lock" and report.changes:
                    text += f", first {report.told[0].text}"
                yield f"::error {place}title={title}::{_escaped(text)}"


def _from_root(file: str) -> str:
    """Return a file's path as GitHub wants it: from the repository's root."""
    root = os.environ.get("GITHUB_WORKSPACE") or os.curdir
    try:
        return os.path.relpath(file, root)
    except ValueError:  # on another drive
        return file


def append_step_summary(reports: Sequence[Report]) -> str | None:
    """Append the tables to the file that GITHUB_STEP_SUMMARY names; return what went wrong."""
    name = os.environ.get("GITHUB_STEP_SUMMARY")
    if not name:
        return None
    text = f"### resnet-shapes check\n\n{to_markdown(reports)}\n"
    try:
        with open(name, "a", encoding="utf-8") as file:
            file.write(_cut(text, MAX_SUMMARY - file.tell()))
    except OSError as error:
        return f"cannot append to GITHUB_STEP_SUMMARY {name}: {error.strerror or error}"
    return None


def _cut(text: str, room: int) -> str:
    """Return as many whole lines as there is room for, and a word where some are left out."""
    if len(text.encode()) <= room:
        return text
    end = "\nThe rest is over what GitHub shows; the log has it, and `--format json` has it all.\n"
    kept = text.encode()[: max(room - len(end.encode()), 0)].decode(errors="ignore")
    return kept[: kept.rfind("\n") + 1] + end if room >= len(end.encode()) else ""


def _escaped(text: str, also: str = "") -> str:
    """Escape a workflow command's data, in a property `:` and `,` as well."""
    for char in "%\r\n" + also:
        text = text.replace(char, f"%{ord(char):02X}")
    return printable(text)
