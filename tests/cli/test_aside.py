"""What a network's own code does to the process leaves results and exit codes as documented."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

NET = """
import atexit, os, sys, threading, time
print("import")
os.system("echo child")
os.chdir("/")
atexit.register(print, "end")
{importing}
from torch import nn

def talk():
    while True:
        print("thread", flush=True)
        time.sleep(0.002)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)
        os.write(1, b"bytes")
        {building}

    def forward(self, x):
        print("forward")
        os.chdir("/")
        {running}
        return self.layer(x)
"""


def run(*args, importing="", building="pass", running="pass"):
    Path("loud.py").write_text(NET.format(importing=importing, building=building, running=running))
    return subprocess.run(
        [sys.executable, "-m", "resnet_cli", "--module", "loud.py:Net", "--input", "1x3", *args],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_network_that_prints_and_moves_leaves_stdout_and_files_where_they_are():
    done = run("--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["totals"]["params"] == 8
    for word in ("import", "child", "bytes", "forward", "end"):
        assert word in done.stderr
    assert run("--format", "json", "-o", "net.json").stdout == ""
    assert json.loads(Path("net.json").read_text())["totals"]["params"] == 8


def test_threads_that_print_and_never_end_change_nothing():
    done = run("--format", "json", building="threading.Thread(target=talk).start()")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["totals"]["params"] == 8


@pytest.mark.parametrize("place", ["importing", "building"])
def test_systemexit_while_it_is_made_is_2_with_a_message(place):
    done = run(**{place: "sys.exit(0)"})
    assert (done.returncode, done.stdout) == (2, "")
    assert "resnet-shapes: --module loud.py:Net: " in done.stderr
    assert "SystemExit: 0" in done.stderr


def test_systemexit_in_the_forward_is_1_and_said():
    done = run(running="sys.exit(0)")
    assert done.returncode == 1
    assert "FAILED: the network's own code (Net, given 1x3): SystemExit: 0" in done.stdout
    assert "forward pass fails in the network's own code" in done.stderr


@pytest.mark.parametrize("place", ["importing", "building", "running"])
def test_an_interrupt_stays_130(place):
    done = run(**{place: "raise KeyboardInterrupt"})
    assert (done.returncode, done.stdout) == (130, "")
    assert "resnet-shapes: interrupted" in done.stderr


def test_a_network_that_cannot_be_printed_says_why(invoke):
    Path("mute.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def extra_repr(self):\n"
        "        raise ValueError('no words')\n"
    )
    result = invoke("print-net", "--module", "mute.py:Net")
    assert (result.code, result.stdout) == (2, "")
    assert "cannot be printed: ValueError: no words (mute.py:4, in extra_repr)" in result.stderr
