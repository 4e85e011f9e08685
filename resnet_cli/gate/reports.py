"""What `check` found, for machines: JSON, JUnit XML, Markdown, GitHub's workflow commands."""

import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from resnet_cli.gate.checking import Report
from resnet_cli.show import formats
from resnet_cli.text import printable

HEADS = ("Network", "Expectation", "Expected", "Actual", "Holds")
CHANGE_HEADS = ("", "Layer", "Metric", "Locked", "Now")
WEIGHT_HEADS = ("", "Tensor", "In the file", "In the network")


def rows(reports: Sequence[Report]) -> Iterator[tuple[str, str, str, str, str]]:
    """Give a row a verdict, for every table."""
    for report in reports:
        for what, expected, actual, holds in report.all_verdicts:
            yield report.name, what, expected, actual, "yes" if holds else "NO"


def limits(reports: Sequence[Report]) -> Iterator[str]:
    """Give what names in inputs must be and where closed forms end, a line each."""
    for report in reports:
        yield from (printable(f"{report.name}: {limit}") for limit in report.limits)


def change_rows(report: Report) -> Iterator[tuple[str, str, str, str, str]]:
    """Give a row a change, marked as a diff marks it: added, removed, changed."""
    for where, metric, old, new in report.changes:
        mark = "+" if old is None else "-" if new is None else "~"
        yield mark, where, metric, old or "", new or ""


class Differences(NamedTuple):
    """A table of what differs, the first cell of a row a diff's mark."""

    verdict: str
    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


def differences(report: Report) -> Iterator[Differences]:
    """Give what changed since a network was locked, and which weights do not fit."""
    if report.changes:
        title = f"{report.name}, since it was locked:"
        yield Differences("lock", title, CHANGE_HEADS, [*change_rows(report)])
    if report.weights is not None and not report.weights.holds:
        title = f"{report.name} and {report.weights.stored.path}:"
        yield Differences("weights", title, WEIGHT_HEADS, [*report.weights.rows()])


def to_json(reports: Sequence[Report]) -> str:
    """Return one JSON document, a line a network."""
    head = {
        "schema_version": formats.SCHEMA_VERSION,
        "tool": formats.TOOL,
        "holds": all(report.holds for report in reports),
    }
    return formats.json_text(head, "networks", map(_dict, reports), {})


def to_junit(reports: Sequence[Report]) -> str:
    """Return JUnit XML: a suite a network, a test case an expectation."""
    from xml.etree import ElementTree as ET

    suites = ET.Element("testsuites", name="resnet-shapes")
    for report in reports:
        cases = report.all_verdicts
        errors = int(report.error is not None)
        failures = sum(not verdict.holds for verdict in cases) - errors
        counts = {"tests": str(len(cases)), "failures": str(failures), "errors": str(errors)}
        suite = ET.SubElement(suites, "testsuite", {"name": report.name, **counts})
        for what, expected, actual, holds in cases:
            names = {"classname": f"resnet-shapes.{report.name}", "name": printable(what)}
            case = ET.SubElement(suite, "testcase", names)
            if not holds:
                # JUnit tells a test that failed from one that could not run.
                kind = "error" if actual == report.error else "failure"
                message = printable(f"expected {expected}, is {actual}")
                found = ET.SubElement(case, kind, message=message)
                found.text = _differences_text(report, what)
    ET.indent(suites)
    body = ET.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def to_markdown(reports: Sequence[Report]) -> str:
    """Return the verdicts and every difference as GitHub tables."""
    text = formats.markdown_table(HEADS, rows(reports), [False] * 5)
    text += "".join(f"\n{formats.markdown_text(line)}\n" for line in limits(reports))
    for report in reports:
        for _, title, heads, lines in differences(report):
            text += f"\n{formats.markdown_text(title)}\n\n"
            text += formats.markdown_table(heads, lines, [False] * len(heads))
    return text


def annotations(reports: Sequence[Report]) -> Iterator[str]:
    """Give GitHub's `::error` command for each failure."""
    for report in reports:
        for what, expected, actual, holds in report.all_verdicts:
            if not holds:
                title = _escaped(f"resnet-shapes: {report.name}: {what}", ":,")
                yield f"::error title={title}::{_escaped(f'expected {expected}, is {actual}')}"


def append_step_summary(reports: Sequence[Report]) -> str | None:
    """Append the tables to the file that GITHUB_STEP_SUMMARY names; return what went wrong."""
    name = os.environ.get("GITHUB_STEP_SUMMARY")
    if not name:
        return None
    try:
        with open(name, "a", encoding="utf-8") as file:
            file.write(f"### resnet-shapes check\n\n{to_markdown(reports)}\n")
    except OSError as error:
        return f"cannot append to GITHUB_STEP_SUMMARY {name}: {error.strerror or error}"
    return None


def _escaped(text: str, also: str = "") -> str:
    """Escape a workflow command's data, in a property `:` and `,` as well."""
    for char in "%\r\n" + also:
        text = text.replace(char, f"%{ord(char):02X}")
    return printable(text)


def _differences_text(report: Report, verdict: str) -> str | None:
    rows = [row for found in differences(report) if found.verdict == verdict for row in found.rows]
    lines = (" ".join(part for part in row if part) for row in rows)
    return "".join(f"\n{printable(line)}" for line in lines) or None


def _dict(report: Report) -> dict[str, Any]:
    forward: dict[str, object] | None = None
    if report.proof is not None:
        forward = formats.proof_dict(report.proof)
    elif report.error is not None:
        forward = {"error": report.error}
    return {
        "name": report.name,
        "network": report.title,
        "holds": report.holds,
        "expectations": [verdict._asdict() for verdict in report.verdicts],
        "changes": [change._asdict() for change in report.changes],
        **({} if report.weights is None else {"weights": report.weights.to_dict()}),
        "forward": forward,
        **({"limits": list(report.limits)} if report.limits else {}),
    }
