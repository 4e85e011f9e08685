"""Streams, colours and files: what is written where, and what happens when it cannot be."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from resnet_cli.cli.main import run
from resnet_cli.cli.screen import Screen
from resnet_cli.errors import ClosedPipe, FileError

TOOL = [sys.executable, "-m", "resnet_cli", "--no-run"]
posix = pytest.mark.skipif(os.name != "posix", reason="what POSIX files do")


def stream(encoding="utf-8", *, terminal=True, fails=None):
    """Return a text stream that is a terminal or not, and whose writing can fail."""

    class Stream(io.TextIOWrapper):
        def isatty(self):
            return terminal

        def flush(self):
            if fails:
                raise fails
            super().flush()

    return Stream(io.BytesIO(), encoding=encoding)


@pytest.mark.parametrize(
    ("color", "environment", "terminal", "colored"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ("auto", {"FORCE_COLOR": "1", "TERM": "dumb"}, False, True),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_the_flag_beats_no_color_beats_force_color_beats_the_terminal(
    monkeypatch, color, environment, terminal, colored
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", stream(terminal=terminal))
    Screen(color).note("proved", "green")
    assert (b"\x1b[32m" in sys.stderr.buffer.getvalue()) is colored


def test_each_stream_decides_for_itself(monkeypatch):
    from rich.text import Text

    monkeypatch.setattr(sys, "stdout", stream(terminal=False))
    monkeypatch.setattr(sys, "stderr", stream(terminal=True))
    screen = Screen()
    screen.show(Text("table", "green"))
    screen.note("proved", "green")
    assert sys.stdout.buffer.getvalue() == b"table\n"
    assert sys.stderr.buffer.getvalue() == b"\x1b[32mproved\x1b[0m\n"


def test_a_terminal_has_its_width_and_a_pipe_none(monkeypatch):
    monkeypatch.setenv("COLUMNS", "91")
    monkeypatch.setattr(sys, "stdout", stream())
    assert Screen().look() == (91, False)
    monkeypatch.setattr(sys, "stdout", stream("ascii", terminal=False))
    assert Screen().look() == (None, True)
    assert Screen(output=Path("f")).look() == (None, False)


def test_a_note_and_an_error_break_between_words_where_the_terminal_ends(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    for terminal, lines in ((True, 2), (False, 1)):
        monkeypatch.setattr(sys, "stderr", stream(terminal=terminal))
        Screen("never").note("this needs what a run shows; leave out --no-run")
        assert sys.stderr.buffer.getvalue().count(b"\n") == lines
    monkeypatch.setattr(sys, "stderr", stream())
    assert run(["compare", "a.py:B", "resnet18", "--no-run"]) == 2
    assert b"--no-run" in sys.stderr.buffer.getvalue()
    assert max(map(len, sys.stderr.buffer.getvalue().splitlines())) <= 40


def test_what_an_encoding_lacks_is_replaced_not_fatal(monkeypatch):
    monkeypatch.setattr(sys, "stdout", stream("ascii"))
    Screen().write("─ 64 …\n")
    assert sys.stdout.buffer.getvalue() == b"? 64 ?\n"


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_dumb_terminal_has_no_changing_line(monkeypatch, term):
    monkeypatch.setattr(sys, "stderr", stream())
    assert Screen().is_interactive()
    monkeypatch.setenv("TERM", term)
    assert not Screen().is_interactive()


@pytest.mark.parametrize(
    ("error", "raised"),
    [(BrokenPipeError(), ClosedPipe), (OSError(28, "No space left on device"), FileError)],
)
def test_a_stream_that_fails_says_so(monkeypatch, error, raised):
    broken = stream(fails=error)
    monkeypatch.setattr(sys, "stdout", broken)
    with pytest.raises(raised):
        Screen().write("text")
    broken.flush = lambda: None  # for the interpreter, which flushes once more


def test_a_closed_stdout_has_a_look_and_says_so():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", None)
        assert Screen().look() == (None, False)
        with pytest.raises(FileError, match="the output is closed"):
            Screen().write("text")


@posix
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_ends_the_tool_quietly(unbuffered):
    with subprocess.Popen(
        [*TOOL, "--preset", "resnet1202_cifar10", "--format", "json"],
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as tool:
        tool.stdout.read(1)
        tool.stdout.close()
        assert tool.stderr.read() == b""
        assert tool.wait() == 141


@posix
@pytest.mark.parametrize("args", [(), ("--help",), ("--format", "json")])
def test_a_full_disk_is_one_line_and_two(args):
    if not Path("/dev/full").exists():  # macOS has none; the stream test above covers it
        return
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*TOOL, *args], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert done.stderr == "resnet-shapes: cannot write the output: No space left on device\n"


@posix
@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ((), 2, "resnet-shapes: cannot write: the output is closed\n"),
        (("--output", "net.txt"), 0, "wrote net.txt\n"),
        (("--version",), 2, "resnet-shapes: cannot write: the output is closed\n"),
    ],
)
def test_a_stdout_closed_from_the_start_is_no_crash(args, code, said):
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *TOOL, *args],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, said)


def test_a_pipe_is_readable_in_ascii_and_nothing_is_cut():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "TERM": "dumb", "COLUMNS": "20"}
    done = subprocess.run(
        [*TOOL, "--depth", "all"], capture_output=True, env=environment, check=True
    )
    text = done.stdout.decode("ascii")
    assert "1,734,890,496" in text
    assert "?" not in text
    assert done.stderr == b""
