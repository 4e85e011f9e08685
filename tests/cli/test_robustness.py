"""Damaged and hostile input: one clear line, bounded time, and nothing that can be injected."""

import json
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli.cli.projectfile import MAX_BYTES, MAX_LINE, load
from resnet_cli.errors import FileError

TABLE = b"[tool.resnet-shapes]\n"
CONFIG = (
    TABLE
    + b'classes = 100\nlock = "net.lock"\ncolumns = ["path", "params"]\n'
    + b'[tool.resnet-shapes.networks.backbone]\npreset = "resnet50"\nblocks = [\n3, 4,\n6, 3]\n'
    + b'expect = { "stage 4" = "?x2048x7x7" }\n'
)
ESCAPE = "\x1b]0;x\x07\x1b[31m"
HOSTILE = f"{ESCAPE}[bold]\n::error::x\n##[error]x|<b>@x"


def is_harmless(text: str) -> bool:
    """Say whether no line of it steers a terminal or GitHub's runner."""
    return all(
        line.isprintable() and not line.lstrip().startswith("::") and "##[" not in line
        for line in text.split("\n")
    )


def one_line(result) -> str:
    """Return the one line on stderr of a refused request."""
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith("resnet-shapes: ")
    assert result.stderr.count("\n") == 1
    assert is_harmless(result.stderr)
    assert "a defect of this tool" not in result.stderr
    return result.stderr


@given(st.binary(max_size=100))
def test_random_bytes_are_a_configuration_or_one_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "random.toml"
    path.write_bytes(TABLE + data)
    try:
        load(path)
    except FileError as error:
        message = str(error)
    else:
        message = f"{path}: read"
    assert message.startswith(f"{path}: ")


def test_truncated_at_every_tenth_byte_it_is_read_or_refused(tmp_path):
    path = tmp_path / "cut.toml"
    errors = []
    for end in range(len(TABLE), len(CONFIG), 10):
        path.write_bytes(CONFIG[:end])
        try:
            load(path)
        except FileError as error:
            errors.append(str(error))
    assert len(errors) > 5
    assert all(error.startswith(f"{path}: ") for error in errors)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xfe", "is not UTF-8 text, at byte 21"),
        (b"x = " + b"[" * 10_000, "is nested too deeply"),
        (b"x = " + b"[\n" * 10_000, "is nested too deeply"),
        (b".".join([b"a"] * 18) + b" = 1", "has a key of over 16 parts with dots between them"),
        (b"x = 1" + b"0" * 5000, "is not valid TOML: "),
        (b"classes = 1\nclasses = 2\n", "is not valid TOML: Cannot overwrite a value"),
        (b"networks.a = {}\n" * 2, "is not valid TOML: Cannot overwrite a value"),
        (b"a" * (MAX_LINE + 1), "has a line of over 20,000 characters"),
        (b"#" * 40_000_000, "is over 256 KiB; that is none of this tool's files"),
    ],
)
def test_a_damaged_configuration_is_one_line(invoke, tmp_path, data, message):
    (tmp_path / "pyproject.toml").write_bytes(TABLE + data)
    assert f"pyproject.toml: {message}" in one_line(invoke("--no-run"))


@pytest.mark.parametrize(
    "line",
    [
        *(b"a.b.c = 1\n", b"[a.b]\n", b"[[a.b]]\n", b"x = [\n", b'"""\n', b"# x\n", b"'''\\\n"),
        *(b"x = {a = {a = {\n", b".".join([b"a"] * 9_000) + b".b = 1\n", b"tool" * 4_000 + b"\n"),
        b"[" + b" . ".join([b'"\\"."'] * 2_000) + b"]\n",
    ],
    ids=range(11),
)
def test_the_largest_configuration_is_read_or_refused_in_bounded_time(tmp_path, line):
    path = tmp_path / "large.toml"
    path.write_bytes(line * (MAX_BYTES // len(line)))
    start = time.process_time()
    try:
        load(path)
    except FileError as error:
        assert len(str(error)) < 500  # noqa: PT017 - some are read, and that is right as well
    assert time.process_time() - start < 1


def test_a_foreign_file_of_one_word_is_looked_at_in_bounded_time(invoke, tmp_path):
    (tmp_path / "pyproject.toml").write_bytes(b"tool" * 60_000 + b"\nresnet-shapes\n")
    start = time.process_time()
    assert invoke("--no-run").code == 0
    assert time.process_time() - start < 1


@pytest.mark.parametrize("flag", ["--config", "--lock"])
@pytest.mark.parametrize("name", ["missing", ".", "x/y", "n" * 300, ESCAPE + "\nx"])
def test_a_file_that_cannot_be_read_is_named(invoke, tmp_path, flag, name):
    (tmp_path / "x").write_text("a file, and no folder")
    one_line(invoke("check", "--no-run", flag, name))


@pytest.mark.parametrize("name", [".", "missing/out", "x/y", "n" * 300, ESCAPE + "/\nx"])
@pytest.mark.parametrize("command", [("--no-run",), ("lock",), ("presets",)])
def test_a_place_that_cannot_be_written_is_named(invoke, tmp_path, command, name):
    (tmp_path / "x").write_text("a file, and no folder")
    assert "cannot write " in one_line(invoke(*command, "-o", name))
    assert os.listdir(tmp_path) == ["x"]


@pytest.mark.skipif(os.name != "posix", reason="modes of folders are POSIX")
def test_a_folder_that_refuses_writing_is_named(invoke, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    result = invoke("lock", "-o", "closed/net.lock")
    if os.geteuid() == 0:  # whom no mode refuses
        assert result.code == 0
    else:
        assert one_line(result).endswith("Permission denied\n")


@pytest.mark.skipif(os.name != "posix", reason="such a folder cannot be removed elsewhere")
def test_a_folder_that_was_removed_is_no_obstacle(invoke, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert invoke("--no-run").code == 0
    one_line(invoke("lock"))


@pytest.mark.parametrize(
    "args",
    [
        ("--preset", HOSTILE),
        ("--network", HOSTILE),
        ("--input", HOSTILE),
        ("--config", HOSTILE),
        ("--lock", HOSTILE),
        ("--expect", HOSTILE + "=1x2"),
        ("--expect", "x=" + HOSTILE),
        ("--max-params", HOSTILE),
        ("--" + HOSTILE,),
        (HOSTILE,),
    ],
)
def test_no_argument_steers_terminal_or_log(invoke, args):
    one_line(invoke("check", "--no-run", *args))


def test_no_command_and_no_variable_steers_terminal_or_log(invoke, monkeypatch):
    one_line(invoke(HOSTILE))
    monkeypatch.setenv("RESNET_SHAPES_STEM", HOSTILE)
    assert one_line(invoke()).startswith("resnet-shapes: RESNET_SHAPES_STEM: ")


@pytest.mark.parametrize("kind", ["table", "json", "junit", "markdown"])
def test_no_lock_file_steers_terminal_or_log(invoke, tmp_path, monkeypatch, kind):
    invoke("lock", "-o", "net.lock")
    document = json.loads((tmp_path / "net.lock").read_text())
    network = document["networks"]["network"]
    network["dtype"] = HOSTILE
    network["gives"] = {HOSTILE: [HOSTILE]}
    layers = network["lines"]
    layers[2]["attributes"] = {HOSTILE: [HOSTILE], "stride": HOSTILE}
    layers[3]["kind"] = HOSTILE
    layers.append({**layers[2], "path": HOSTILE})
    layers.append({"module": HOSTILE, "type": HOSTILE})
    (tmp_path / "net.lock").write_text(json.dumps(document))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    result = invoke("check", "--no-run", "--lock", "net.lock", "--format", kind)
    assert result.code == 1
    assert "bold" in result.stdout
    assert is_harmless(result.stdout)
    accept, annotation = result.stderr.splitlines()
    assert accept == "to accept: resnet-shapes lock --lock net.lock"
    assert is_harmless(annotation.removeprefix("::error "))
    assert "is 4 differences, first network: dtype " in annotation
    summary = (tmp_path / "summary.md").read_text()
    assert is_harmless(summary)
    assert "<b>" not in summary
    assert "@x" not in summary
