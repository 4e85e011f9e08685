"""Ctrl-C ends a proof within the layer that runs, and leaves the table whole."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from resnet_cli.cli.progress import Progress

ROOT = Path(__file__).parents[2]

# Some ten seconds of work on two cores; PyTorch is there before the table is.
PROOF = (
    "import torch; from resnet_cli.cli import main; import sys; "
    "sys.argv[1:] = '--preset resnet50 --input 4x3x800x800 --device cpu'.split(); main()"
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
