"""Signals at any moment: no file is half written, none is left behind, and the code tells it."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals"),
]
TOOL = (sys.executable, "-m", "resnet_cli")
LOCK = ("lock", "-o", "net.lock", "--preset", "resnet152")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)


def started(args):
    """Start the tool, and wait until its own code runs."""
    # Python's own start-up before it is not ours to answer for.
    script = "import sys; sys.stdout.write('\\n'); sys.stdout.flush(); from resnet_cli.__main__ "
    script += f"import main; sys.argv[1:] = {list(args)!r}; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.readline()
    return process


def whole(args):
    """Return how long a run takes, and what it writes."""
    start = time.perf_counter()
    process = started(args)
    out, _ = process.communicate()
    assert process.returncode == 0
    return time.perf_counter() - start, out


@pytest.mark.parametrize("args", [LOCK, ("--no-run", "--depth", "all"), ("--input", "1x1x64x64")])
def test_a_signal_at_any_moment_leaves_all_whole(attack, args):
    rng = random.Random(attack.seed)  # noqa: S311 - no secret
    seconds, out = whole(args)
    written = Path("net.lock").read_bytes() if args is LOCK else b""
    for case in range(attack.cases(120)):
        if args is LOCK:
            Path("net.lock").write_bytes(b"old")
        number = SIGNALS[case % 4]
        process = started(args)
        time.sleep(rng.uniform(0, 1.1 * seconds))
        process.send_signal(number)
        got, errors = process.communicate(timeout=60)
        # So early that it is not heeded yet a signal ends the process itself, as it does at 9.
        assert process.returncode in (0, 128 + number, -number), errors
        if number is not signal.SIGKILL:
            assert b"Traceback" not in errors
            assert args is not LOCK or os.listdir() == ["net.lock"]
            assert out.startswith(got)
        if args is LOCK:
            assert Path("net.lock").read_bytes() in (b"old", written)
            for left in Path().glob(".resnet-shapes.*"):
                left.unlink()
