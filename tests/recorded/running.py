"""One recorded case: its line, an empty folder and a bare environment, and what it left behind."""

import contextlib
import hashlib
import importlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.recorded.projects import PROJECTS

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SECONDS = 120
"""The longest that a process of its own may take."""

ENVIRONMENT = dict(os.environ)
"""What it was at the start; a case in this process changes it while others begin."""

SCRIPT = "from resnet_cli.cli import main; main()"
BLOCKING = "import sys; sys.modules[{!r}] = None; "

# What differs between two machines, or two runs on one: pattern and what stands for it.
MASKS = (
    (r"\b\d+\.\d\d s\b", "<s> s"),
    (r"pip install .*\[draw\]'", "pip install <its own>[draw]"),
    (r'hostname="[^"]*"', 'hostname="<host>"'),
    (r'timestamp="[^"]*"', 'timestamp="<now>"'),
    (r'(?<= )time="[\d.]+"', 'time="<s>"'),
    (r'("seconds": )[\d.e-]+', r"\1<s>"),
    (r"(PyTorch \(?)\d+\.\d+\.\d[\w.+]*", r"\1<version>"),
    (r'("torch": ")\d[^"]*', r"\1<version>"),
    (r"[\d.]+ \w+ (that )?are free", r"<free> \1are free"),
    (r'(?:^  File ".*\n(?:^    .*\n)*)+', "  <frames>\n"),
    (r"\S*/site-packages/", "<site>/"),
    (r"(\.py):\d+: (\w*Warning)", r"\1:<line>: \2"),
    (r"^(?:[a-z_]+\.)+([A-Z]\w+: )", r"\1"),  # an exception's class in a traceback
)


class Case(NamedTuple):
    """A case's line, and what it says.

    Words before the first command set the stage: `NAME=value` a variable, `%name` a project's
    pyproject.toml, `@80` a terminal of 80 columns (`@80c` one with colours), `^ascii` an
    encoding, `&` a process of its own, `!torch` one that cannot import torch. Commands are
    separated by ` ; `; `sed OLD NEW FILE` and `put FILE TEXT` stand for themselves, `''` for no
    words at all, and `>&-` behind a command of a process redirects it.
    """

    title: str
    variables: Mapping[str, str]
    project: str
    columns: int | None
    colored: bool
    encoding: str
    own_process: bool
    blocked: str
    commands: tuple[tuple[str, ...], ...]


class Streams(NamedTuple):
    """What a command wrote, and its exit code."""

    stdout: bytes
    stderr: bytes
    code: int


class Terminal(io.TextIOWrapper):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def parse(line: str) -> Case:
    """Return a line as a case."""
    words = shlex.split(line)
    variables, project, columns, encoding, own_process, blocked = {}, "", None, "utf-8", False, ""
    colored = False
    while words:
        if re.match(r"[A-Z_]+=", words[0]):
            name, _, value = words[0].partition("=")
            variables[name] = value
        elif words[0][0:1] == "%":
            project = words[0][1:]
        elif found := re.fullmatch(r"@(\d+)(c?)", words[0]):
            columns, colored = int(found[1]), bool(found[2])
        elif words[0][0:1] == "^":
            encoding = words[0][1:]
        elif words[0] == "&" or words[0][0:1] == "!":
            own_process, blocked = True, words[0][1:]
        else:
            break
        del words[0]
    commands: list[list[str]] = [[]]
    for word in words:
        if word == ";":
            commands.append([])
        else:
            commands[-1].append(word)
    return Case(
        *(line, variables, project, columns, colored, encoding, own_process, blocked),
        tuple(() if words == [""] else tuple(words) for words in commands),
    )


def play(case: Case) -> str:
    """Run a case in a folder of its own and return all that it said, as it is recorded."""
    with tempfile.TemporaryDirectory(prefix="recorded-") as name:
        folder = Path(name).resolve()
        project = PROJECTS[case.project] if case.project else ""
        if project:
            (folder / "pyproject.toml").write_text(project, encoding="utf-8")
        if "nets" in case.title + project:
            shutil.copy(HERE / "nets.py", folder)
        parts = [part for command in case.commands for part in _step(case, command, folder)]
    return "".join(parts)


def masked(text: str, folder: Path) -> str:
    """Return the text without what another run or machine would write otherwise."""
    text = text.replace(str(folder), "<here>")
    for pattern, instead in MASKS:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)


def _step(case: Case, command: tuple[str, ...], folder: Path) -> Iterator[str]:
    if len(case.commands) > 1:  # the title says what one command is
        yield f"$ {shlex.join(command)}\n"
    if command[:1] == ("sed",):
        old, new, name = command[1:]
        text = (folder / name).read_text(encoding="utf-8")
        if old not in text:
            raise ValueError(f"{case.title}: there is no {old!r} in {name}")
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")
        return
    if command[:1] == ("put",):
        path = folder / command[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(command[2].encode().decode("unicode_escape").encode("latin-1"))
        return
    before = _files(folder)
    run = _process if case.own_process else _in_process
    done = run(case, command, folder)
    for name, data in (("stdout", done.stdout), ("stderr", done.stderr)):
        if data:
            yield _section(name, _decoded(data, case.encoding), folder)
    for name, data in _files(folder).items():
        if before.get(name) != data:
            text = _decoded(data, "utf-8")
            yield _section(f"file {name}", text, folder)
    yield f"---- exit {done.code}\n"


def _section(name: str, text: str, folder: Path) -> str:
    end = "" if text.endswith("\n") else "\n\\ no newline at the end\n"
    return f"---- {name}\n{masked(text, folder)}{end}"


def _decoded(data: bytes, encoding: str) -> str:
    """Return text, or the hash of what is none."""
    try:
        if b"\0" in data or data.startswith(b"%PDF"):
            raise ValueError
        return data.decode(encoding)
    except ValueError:
        return f"binary: {data[:4]!r}, sha256 {hashlib.sha256(data).hexdigest()}\n"


def _files(folder: Path) -> dict[str, bytes]:
    """Return what lies in the folder and is no cache of Python's."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _environment(case: Case) -> dict[str, str]:
    """Return the environment without all that the tool looks at, then with what the case says."""
    pinned = ("RESNET_SHAPES_", "_RESNET_SHAPES", "GITHUB_", "CLICOLOR", "PYTHON", "MPL", "COMP_")
    bare = {name: value for name, value in ENVIRONMENT.items() if not name.startswith(pinned)}
    for name in ("NO_COLOR", "FORCE_COLOR"):
        bare.pop(name, None)
    term = "dumb" if case.columns and not case.colored else "xterm-256color"
    return {
        **bare,
        "COLUMNS": str(case.columns or 100),
        "TERM": term,
        "HOME": bare.get("HOME", "/"),
        **case.variables,
    }


def _process(case: Case, command: tuple[str, ...], folder: Path) -> Streams:
    """Run a command as the console script does, in a process of its own."""
    code = BLOCKING.format(case.blocked) * bool(case.blocked) + SCRIPT
    redirected = command[-1:] if command and command[-1].startswith((">", "2>")) else ()
    words = command[: len(command) - len(redirected)]
    args = [
        "sh",
        "-c",
        " ".join(('exec "$0" "$@"', *redirected)),
        sys.executable,
        "-c",
        code,
        *words,
    ]
    environment = {
        **_environment(case),
        "PYTHONPATH": str(ROOT),
        "PYTHONIOENCODING": case.encoding,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        args,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    return Streams(done.stdout, done.stderr, done.returncode)


def _in_process(case: Case, command: tuple[str, ...], folder: Path) -> Streams:
    """Run a command as the console script does, in this process, and leave that as it was."""
    from resnet_cli.cli import main

    out, err = io.BytesIO(), io.BytesIO()
    kind = Terminal if case.columns else io.TextIOWrapper
    stdout = kind(out, encoding=case.encoding, newline="")
    stderr = io.TextIOWrapper(err, encoding=case.encoding, errors="backslashreplace", newline="")
    environment, argv, path, here = dict(os.environ), sys.argv, [*sys.path], os.getcwd()
    modules = set(sys.modules)
    code: object = "none"
    try:
        os.environ.clear()
        os.environ.update(_environment(case))
        os.chdir(folder)
        sys.argv = ["resnet-shapes", *command]
        with (
            contextlib.redirect_stdout(stdout),
            contextlib.redirect_stderr(stderr),
            warnings.catch_warnings(),
        ):
            main()
    except SystemExit as left:
        code = left.code
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv, sys.path[:] = argv, path
        for name in set(sys.modules) - modules:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
                del sys.modules[name]
        importlib.invalidate_caches()
    stdout.flush()
    stderr.flush()
    return Streams(out.getvalue(), err.getvalue(), int(code or 0))
