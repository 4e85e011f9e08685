"""Compare what the tool says with what it said, or record it anew.

python -m tests.recorded                 compare; 1 and a diff where anything changed
python -m tests.recorded --update        record
python -m tests.recorded --only explain  the cases that have the word in group or line
python -m tests.recorded --dump DIR      write every case's whole output, a file a case
"""

import argparse
import difflib
import hashlib
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.recorded.cases import cases
from tests.recorded.running import HERE, Case, play

WHOLE_LINES, WHOLE_CHARACTERS = 26, 1_800
"""Longer outputs are kept as their hash and their first lines, so that all stays below 500 kB."""
FIRST_LINES, FIRST_CHARACTERS = 3, 100
MARK = "==== "
OWN_PROCESSES = 2
"""Processes beside this one; the cases in this process are run one after another."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.recorded", description=__doc__)
    parser.add_argument("--update", action="store_true", help="record anew")
    parser.add_argument("--only", metavar="WORD", default="", help="only cases with the word")
    parser.add_argument("--dump", metavar="DIR", type=Path, help="write whole outputs there")
    parser.add_argument("--slowest", action="store_true", help="say which cases took longest")
    asked = parser.parse_args()
    start = time.perf_counter()
    chosen = [(group, case) for group, case in cases() if asked.only in f"{group} {case.title}"]
    if not chosen:
        parser.error(f"no case has {asked.only!r} in it")
    seconds: dict[str, float] = {}
    found: dict[str, dict[str, str]] = {}
    for (group, case), text in zip(chosen, _played([c for _, c in chosen], seconds), strict=True):
        found.setdefault(group, {})[case.title] = _short(text)
        if asked.dump:
            _dump(asked.dump / group, case.title, text)
    if asked.slowest:
        for title, took in sorted(seconds.items(), key=lambda item: -item[1])[:20]:
            print(f"{took:6.2f} s  {title}")
    changed = _update(found) if asked.update else _compare(found, whole=not asked.only)
    print(
        f"{len(chosen)} cases, {changed} {'written' if asked.update else 'changed'}, "
        f"{time.perf_counter() - start:.0f} s"
    )
    return int(bool(changed) and not asked.update)


def _played(chosen: list[Case], seconds: dict[str, float]) -> Iterator[str]:
    """Give each case's text, in order."""

    def timed(case: Case) -> str:
        start = time.perf_counter()
        text = play(case)
        seconds[case.title] = time.perf_counter() - start
        return text

    with ThreadPoolExecutor(OWN_PROCESSES) as pool:
        beside = {case.title: pool.submit(timed, case) for case in chosen if case.own_process}
        for case in chosen:
            yield beside[case.title].result() if case.own_process else timed(case)


def _short(text: str) -> str:
    """Return a case's text, its long sections as hash and first lines."""
    sections = re.split(r"^(?=---- |\$ )", text, flags=re.MULTILINE)
    return "".join(map(_short_section, sections))


def _short_section(text: str) -> str:
    head, _, body = text.partition("\n")
    lines = body.splitlines()
    if len(lines) <= WHOLE_LINES and len(body) <= WHOLE_CHARACTERS:
        return text
    first = (line[:FIRST_CHARACTERS] for line in lines[:FIRST_LINES])
    digest = hashlib.sha256(body.encode()).hexdigest()
    return "\n".join([head, *first, f"… {len(lines)} lines, sha256 {digest}", ""])


def _read(group: str) -> dict[str, str]:
    """Return a group's recorded cases by their line."""
    path = HERE / f"{group}.txt"
    if not path.exists():
        return {}
    text = path.read_bytes().decode("utf-8")
    parts = re.split(f"^{MARK}", text, flags=re.MULTILINE)[1:]
    return {title: body for title, _, body in (part.partition("\n") for part in parts)}


def _update(found: dict[str, dict[str, str]]) -> int:
    """Write what was found over what is recorded; return how many cases differ."""
    count = 0
    for group, texts in found.items():
        old = _read(group)
        new = {**old, **texts}
        count += sum(old.get(title) != text for title, text in texts.items())
        titles = [case.title for name, case in cases() if name == group]
        kept = [f"{MARK}{title}\n{new[title]}" for title in titles if title in new]
        (HERE / f"{group}.txt").write_bytes("".join(kept).encode())
    return count


def _compare(found: dict[str, dict[str, str]], *, whole: bool) -> int:
    """Print a diff of each case that changed; return how many there are."""
    count = 0
    for group, texts in found.items():
        recorded = _read(group)
        gone = [title for title in recorded if whole and title not in texts]
        for title in [*texts, *gone]:
            old, new = recorded.get(title, ""), texts.get(title, "")
            if old != new:
                count += 1
                sys.stdout.writelines(
                    line if line.endswith("\n") else f"{line}\n"
                    for line in difflib.unified_diff(
                        old.splitlines(keepends=True),
                        new.splitlines(keepends=True),
                        f"recorded/{group}.txt: {title}",
                        "now",
                    )
                )
    return count


def _dump(folder: Path, title: str, text: str) -> None:
    """Write a case's whole text under a name that other cases do not change."""
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^\w.=-]+", "_", title)[:80].strip("_")
    digest = hashlib.sha256(title.encode()).hexdigest()[:6]
    (folder / f"{name}-{digest}.txt").write_bytes(f"{MARK}{title}\n{text}".encode())


if __name__ == "__main__":
    sys.exit(main())
