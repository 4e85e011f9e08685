"""The process as a shell sees it: pipes, full disks, terminals, locales, and sudden ends."""

import os
import re
import subprocess
import sys

import pytest

from resnet_cli.pytorch import room

posix = pytest.mark.skipif(os.name != "posix", reason="descriptors and signals of POSIX")

TOOL = [sys.executable, "-m", "resnet_cli"]
EXPECT = ("check", "--no-run", "--expect-output", "1x10")
BIG = ("--no-run", "--preset", "resnet1202_cifar10", "--depth", "all", "--format", "csv")


def tool(*args, **kwargs) -> subprocess.CompletedProcess[str]:
    """Run the tool in a process of its own."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **kwargs}
    return subprocess.run([*TOOL, *args], check=False, text=True, timeout=100, **streams)


@posix
@pytest.mark.parametrize(
    "args",
    [
        ("--help",),
        ("--version",),
        ("check", "--help"),
        ("--no-run",),
        ("print-net",),
        BIG,
        (*EXPECT, "--format", "junit"),
    ],
)
def test_a_closed_pipe_ends_quietly_with_141(args):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = tool(*args, stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


@posix
def test_a_reader_that_leaves_early_ends_it_with_141():
    with subprocess.Popen(
        [*TOOL, *BIG], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline().startswith("path,role,type,")
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


@posix
@pytest.mark.parametrize("args", [("--help",), ("--version",), ("--no-run",), EXPECT])
def test_a_closed_stdout_is_no_crash(args):
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *TOOL, *args],
        check=False,
        text=True,
        stderr=subprocess.PIPE,
    )
    assert done.returncode == 2
    assert done.stderr == "resnet-shapes: cannot write: the output is closed\n"


@posix
def test_a_closed_stderr_changes_no_result(tmp_path):
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", *TOOL, "lock"], check=False, cwd=tmp_path
    )
    assert done.returncode == 0
    assert os.listdir(tmp_path) == ["resnet-shapes.lock.json"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux alone has /dev/full")
@pytest.mark.parametrize("args", [("--help",), ("--version",), ("--no-run",), BIG, EXPECT])
def test_a_full_disk_is_a_clear_line(args):
    with open("/dev/full", "w") as full:
        done = tool(*args, stdout=full)
    assert done.returncode == 2
    assert done.stderr == "resnet-shapes: cannot write the output: No space left on device\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux alone has /dev/full")
def test_a_full_disk_under_an_output_file_is_a_clear_line():
    done = tool("lock", "-o", "/dev/full")
    assert done.returncode == 2
    assert done.stderr == "resnet-shapes: cannot write /dev/full: No space left on device\n"


BARE = {
    "LC_ALL": "C",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONUTF8": "0",
    "TERM": "dumb",
    "PYTHONWARNINGS": "error",
}


@posix
@pytest.mark.parametrize(
    "args",
    [
        ("--no-run",),
        ("--no-run", "--format", "json"),
        ("--no-run", "--format", "markdown"),
        ("print-net",),
        ("presets",),
        EXPECT,
        (*EXPECT, "--format", "junit"),
        ("--help",),
    ],
)
def test_without_home_in_ascii_and_with_warnings_as_errors_it_works(tmp_path, args):
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    done = tool(*args, env={**kept, **BARE}, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout
    assert len(done.stdout) > 200 or args[0] == "check"


@posix
def test_twenty_columns_lose_columns_and_never_digits():
    shown = on_terminal("--no-run", "--color", "never", columns=20)
    assert "11,178,378" in shown
    assert "1x512x7x7" in shown
    assert "MACs %" not in shown.partition("columns hidden")[0]
    shown = on_terminal(*EXPECT, "--max-params", "12M", columns=20)
    assert "11,178,378" in shown


def on_terminal(*args, columns: int) -> str:
    """Return what the tool writes to a terminal of so many columns."""
    import fcntl
    import pty
    import struct
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    with subprocess.Popen(
        [*TOOL, *args], stdin=slave, stdout=slave, stderr=slave, env=environment
    ) as process:
        os.close(slave)
        shown = read_whole_terminal(master)
    assert process.returncode == 0
    return shown.decode()


def read_whole_terminal(master: int) -> bytes:
    """Read until the other side is closed, and close it."""
    shown = b""
    while chunk := read_terminal(master):
        shown += chunk
    os.close(master)
    return shown


def read_terminal(master: int) -> bytes:
    """Read what there is; Linux says by an error that the other side is closed."""
    try:
        return os.read(master, 65536)
    except OSError:
        return b""


KILLED = """
import os, signal, sys
from resnet_cli.cli.main import run
name, when = sys.argv[1:3]
real = getattr(os, name)
def fatal(*args, **kwargs):
    if when == "after":
        real(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(os, name, fatal)
run(["lock", "--classes", "11", "-o", "net.lock"])
"""


@posix
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", ["fsync", "chmod", "replace"])
def test_killed_while_writing_the_old_lock_or_the_new_one_is_whole(tmp_path, invoke, name, when):
    invoke("lock", "-o", "net.lock")
    old = (tmp_path / "net.lock").read_bytes()
    invoke("lock", "--classes", "11", "-o", "new.lock")
    new = (tmp_path / "new.lock").read_bytes()
    done = subprocess.run([sys.executable, "-c", KILLED, name, when], check=False)
    assert done.returncode == -9
    is_new = (name, when) == ("replace", "after")
    assert (tmp_path / "net.lock").read_bytes() == (new if is_new else old)


def test_a_run_beyond_the_free_memory_is_refused_beforehand():
    request = ("--device", "cpu", "--input", "512x3x4096x4096")
    for args in (request, ("check", *request, "--max-params", "1G")):
        done = tool(*args)
        assert done.returncode == 2
        assert done.stdout != ""
        assert re.search(
            r"--device cpu: weights and peak need 1\.0 TiB, and [\d.]+ \wiB are free; use "
            r"--device meta, which needs none, or a smaller --input\n$",
            done.stderr,
        )


def test_what_a_container_may_still_take_is_free(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "CGROUP", tmp_path)
    machine = room.free_memory()
    files = {"max": "1000\n", "current": "900\n", "stat": "anon 500\ninactive_file 300\n"}
    for name, text in files.items():
        (tmp_path / f"memory.{name}").write_text(text)
    assert room.free_memory() == 400
    (tmp_path / "memory.max").write_text("max\n")
    assert room.free_memory() > machine / 2 > 400


LEAVING = """
import atexit, sys
import resnet_cli.cli
from resnet_cli.__main__ import main
class Own:
    def __del__(self):
        print("freed", flush=True)
own = Own()
def run():
    atexit.register(print, "a library's own", flush=True)
    {ends}
resnet_cli.cli.main = run
main()
"""


@pytest.mark.parametrize(
    ("ends", "code", "said"),
    [
        ("sys.exit(3)", 3, "a library's own\n"),
        ("sys.modules['torch'] = sys; sys.exit(3)", 3, "a library's own\nfreed\n"),
        ("raise RuntimeError", 1, "a library's own\n"),
    ],
)
def test_only_a_run_with_pytorch_frees_what_it_had(ends, code, said):
    script = LEAVING.format(ends=ends)
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (code, said)
