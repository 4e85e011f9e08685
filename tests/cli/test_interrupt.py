"""Ctrl-C ends a proof within the layer that runs, and leaves the table whole."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from resnet_cli.cli.progress import Progress
from resnet_cli.cli.screen import Screen
from tests.cli.test_process import read_whole_terminal

ROOT = Path(__file__).parents[2]
HIDDEN, SHOWN = b"\x1b[?25l", b"\x1b[?25h"

# Some ten seconds of work on two cores; PyTorch is there before the table is.
PROOF = (
    "import torch; from resnet_cli.__main__ import main; import sys; "
    "sys.argv[1:] = '--preset resnet50 --input 4x3x1100x1100 --device cpu'.split(); main()"
)


def test_an_interrupted_proof_runs_no_further_layer(invoke, monkeypatch):
    ran = []

    def update(self, path):
        ran.append(path)
        if path == "1.0.conv2":
            raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "update", update)
    result = invoke("--input", "1x1x32x32")
    assert result.code == 130
    assert ran[-1] == "1.0.conv2"
    assert "Total" in result.stdout
    assert result.stderr.strip() == "resnet-shapes: interrupted"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
@pytest.mark.parametrize("place", ["resnet_cli.cli.main", "resnet_cli.files", "at the end"])
def test_a_signal_leaves_no_file_behind_and_is_told_by_the_code(tmp_path, number, code, place):
    (tmp_path / "net.lock").write_text("old")
    script = f"""
import os, sys, threading
def kill(*_):
    os.kill(os.getpid(), {int(number)})
if {place!r} == "resnet_cli.files":
    os.fsync = kill
elif {place!r} == "at the end":
    threading._register_atexit(kill)
else:
    class Finder:
        def find_spec(self, name, *_):
            if name == {place!r}:
                kill()
    sys.meta_path.insert(0, Finder())
sys.argv[1:] = ["lock", "-o", "net.lock"]
from resnet_cli.__main__ import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, cwd=tmp_path, text=True
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["net.lock"]
    assert ((tmp_path / "net.lock").read_text() == "old") is (place != "at the end")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_signal_that_is_ignored_stays_ignored(tmp_path):
    script = (
        "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from resnet_cli.__main__ import main; import threading\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGHUP)\n"
        "sys.argv[1:] = ['lock', '-o', 'net.lock']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, cwd=tmp_path, capture_output=True
    )
    assert done.returncode == 0


def test_an_interrupt_that_was_lost_ends_the_next_layer():
    progress = Progress(Screen("never"), "importing")
    progress.update("0.0")
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)  # as the tool's handler leaves it
    try:
        with pytest.raises(KeyboardInterrupt):
            progress.update("0.1")
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and terminals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_under_the_spinner_shows_the_cursor_again(number):
    import pty

    script = f"""
import os, sys, time
from resnet_cli.cli import progress
from resnet_cli.__main__ import main
progress.DELAY = 0
first = progress.Progress.update
def update(self, path):
    first(self, path)
    if path == "1.0.conv1":
        while self.status is None:
            time.sleep(0.01)
        os.kill(os.getpid(), {int(number)})
progress.Progress.update = update
sys.argv[1:] = ["--input", "1x1x32x32", "-o", "net.txt"]
main()
"""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=slave, stdout=slave, stderr=slave
    ) as process:
        os.close(slave)
        shown = read_whole_terminal(master)
    assert process.returncode == 128 + number
    assert shown.count(HIDDEN) == shown.count(SHOWN) == 1
    assert shown.index(HIDDEN) < shown.index(SHOWN)
    assert shown.endswith(b"resnet-shapes: interrupted\r\n")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to whole groups")
def test_a_signal_during_the_forward_pass_leaves_with_130_and_the_whole_table():
    whole = subprocess.run(
        [sys.executable, "-m", "resnet_cli", *PROOF.split("'")[1].split(), "--no-run"],
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    process = subprocess.Popen(
        [sys.executable, "-c", PROOF],
        bufsize=0,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    first = process.stdout.readline()
    time.sleep(1)
    assert process.poll() is None, "the proof ended before it could be interrupted"
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert first + rest == whole.stdout
    assert b"interrupted" in errors
    assert b"proved" not in errors
