"""What each command imports: no PyTorch without a proof, no Rich without a table."""

import subprocess
import sys
from pathlib import Path

import pytest

# A PyTorch that cannot be imported, and a report of what was imported instead.
GUARD = """
import sys
class Guard:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise {error}
sys.meta_path.insert(0, Guard())
from resnet_cli.cli.main import run
code = run(sys.argv[1:])
sys.stdout.flush()
print("imported:", *sorted({{n.partition(".")[0] for n in sys.modules}}), file=sys.stderr)
sys.exit(code)
"""
MISSING = 'ModuleNotFoundError("No module named torch")'


def without_torch(*args, error=MISSING):
    """Run the tool where PyTorch will not import; return it and what it imported."""
    done = subprocess.run(
        [sys.executable, "-c", GUARD.format(error=error), *args],
        capture_output=True,
        text=True,
        check=False,
    )
    stderr, _, imported = done.stderr.rpartition("imported:")
    return done.returncode, done.stdout, stderr, set(imported.split())


@pytest.mark.parametrize(
    ("args", "start"),
    [
        (["--no-run"], "d2l-resnet18"),
        (["--no-run", "--depth", "all", "--preset", "resnet50"], "resnet50"),
        (["--no-run", "--format", "plain"], "Sequential output shape:"),
        (["--no-run", "--format", "csv"], "path,role"),
        (["--no-run", "--format", "markdown"], "| Path"),
        (["--no-run", "--format", "json"], "{"),
        (["--no-run", "--format", "html"], "<!doctype html>"),
        (["print-net"], "Sequential("),
        (["presets"], "Preset"),
        (["--help"], "Usage:"),
        (["--version"], "resnet-shapes, version"),
    ],
    ids=" ".join,
)
def test_without_a_proof_pytorch_is_not_imported(args, start):
    code, stdout, stderr, imported = without_torch(*args)
    assert (code, stderr) == (0, "")
    assert stdout.startswith(start)
    assert "torch" not in imported


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MISSING, "PyTorch could not be imported (No module named torch)"),
        ('OSError("libtorch.so: bad file")', "PyTorch failed while it was imported (libtorch.so"),
    ],
)
def test_where_pytorch_will_not_import_the_table_stays_and_the_error_is_clear(error, said):
    code, stdout, stderr, _ = without_torch(error=error)
    assert code == 2
    assert "11,178,378" in stdout
    assert stderr.startswith(f"resnet-shapes: {said}")
    assert stderr.endswith("or leave the proof out with --no-run\n")
    assert stderr.count("\n") == 1


def test_where_pytorch_is_missing_the_document_still_comes():
    code, stdout, stderr, _ = without_torch("--format", "json")
    assert code == 2
    assert '"forward": {"error": "PyTorch could not be imported' in stdout
    assert stderr.startswith("resnet-shapes: PyTorch could not be imported")


@pytest.mark.parametrize(
    "args",
    [
        ("--input", "1x3x8x8"),
        ("--input", "Nx3xHxW"),
        ("solve", "--input", "1x3x8x8", "--memory", "1GiB"),
        ("explain", "--input", "Nx3xHxW"),
    ],
    ids=" ".join,
)
def test_where_pytorch_is_missing_a_module_needs_it(args):
    Path("net.py").write_text("class Net: ...\n", encoding="utf-8")
    code, stdout, stderr, _ = without_torch(*args, "--module", "net.py:Net")
    assert (code, stdout) == (2, "")
    assert stderr.startswith("resnet-shapes: PyTorch could not be imported")


def test_this_guard_can_fail():
    code, _, stderr, _ = without_torch("print-net", "--run")
    assert code == 2
    assert "No module named torch" in stderr


@pytest.mark.parametrize(
    ("args", "unwanted"),
    [
        (
            ["--no-run", "--format", "json"],
            {"rich", "csv", "tempfile", "shutil", "traceback", "dataclasses", "copy"},
        ),
        (["--no-run", "--format", "csv"], {"rich", "json", "tempfile"}),
        (["print-net"], {"rich", "json", "csv", "tempfile", "resnet_cli.analysis.rows"}),
        (["--help"], {"rich", "json", "csv"}),
        (["--version"], {"rich", "json", "csv"}),
        (["presets", "--format", "json"], {"rich"}),
    ],
    ids=lambda value: " ".join(sorted(value)),
)
def test_a_command_imports_what_it_needs_and_no_more(args, unwanted):
    _, _, _, imported = without_torch(*args)
    # What the interpreter and Click bring is not ours to choose.
    bare = subprocess.run(
        [sys.executable, "-c", "import click, sys, enum; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not imported & (unwanted - set(bare.stdout.split()))
    assert "click" in imported


def test_a_table_imports_rich():
    """The allow-list can fail."""
    *_, imported = without_torch("--no-run")
    assert "rich" in imported
