"""No list of arguments, no variable and no file makes the tool crash."""

import contextlib
import io
import json
import os
import sys
import tempfile
from itertools import chain
from pathlib import Path
from unittest import mock

import click
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from resnet_cli.cli.flags import EXPECTATIONS, SHARED
from resnet_cli.cli.main import COMMANDS, cli
from resnet_cli.cli.main import run as run_tool
from resnet_cli.cli.options import Option
from resnet_cli.errors import BackendError
from resnet_cli.family import presets

OPTIONS = (*SHARED, *EXPECTATIONS)
# The options that each command takes behind its name.
OWN = {
    name: [
        param
        for param in cli.get_command(click.Context(cli), name).params
        if isinstance(param, Option)
    ]
    for name in COMMANDS
}
UNPROVED = "this test has no PyTorch"

# What an option would take; each also gets what belongs to others, and garbage.
GOOD = {
    "preset": ["resnet18", "resnet20_cifar10", "resnext50_32x4d"],
    "network": ["a", "b.c"],
    "input": ["1x3x224x224", "2x1x32x32", "1x5x1x1", "Nx3xHxW"],
    "channels": ["8,16", "64,128,256,512", "4"],
    "blocks": ["1,1", "2,2,2,2", "3"],
    "groups": ["1", "4"],
    "classes": ["10", "1000"],
    "width-per-group": ["64", "4"],
    "stem-width": ["32", "4"],
    "attention-ratio": ["1/16", "0.25"],
    "widen": ["2"],
    "regnet": ["w0=24,wa=36.44,wm=2.49,depth=13,group-size=8", "w0=8,wa=0,wm=2,depth=1"],
    "module": ["json:loads", "missing.py:f"],
    "module-args": ["s='1'"],
    "freeze": ["fc", "stem", "stage 1"],
    "depth": ["1", "2", "all"],
    "columns": ["path,params", "Output shape,MACs %"],
    "format": ["svg", "mermaid", "json", "latex"],
    "output": ["out.txt", "out.svg", "out.mmd", "missing/out.txt", "."],
    "config": ["pyproject.toml", "missing.toml", "."],
    "at": ["N=8,H=64,W=96", "H=3"],
    "want": ["4=7x7", "stage 1=8x9", "5=2x1"],
    "memory": ["8GiB", "1kB"],
    "expect-output": ["1x10", "1x1000", "?xN"],
    "expect": ["4=1x512x7x7", "stage 1=?x8x56x56", "stem=NxNxNxN"],
    "max-params": ["12M", "1k", "25_557_032", "0"],
    "max-peak": ["40MiB", "1 GB", "4096"],
    "max-macs": ["2G"],
    "max-flops": ["4G"],
    "max-param-bytes": ["40MiB"],
    "max-activations": ["40MiB"],
    "max-train-peak": ["1GiB"],
    "lock": ["net.lock", "missing.lock", "."],
    "weights": ["net.lock", "missing.safetensors"],
    "stride": ["1", "2"],
    "reserve": ["1GiB"],
    "stage": ["1", "4"],
    "width": ["85mm", "3.5in"],
    "font-size": ["6"],
}
ENVIRONMENT = (
    "GITHUB_ACTIONS",
    "GITHUB_STEP_SUMMARY",
    "NO_COLOR",
    "FORCE_COLOR",
    "TERM",
    "COLUMNS",
)

# No separators of folders: a garbled -o must stay in the test's own folder.
garbage = st.text(st.characters(codec="utf-8", exclude_characters="\0/\\"), max_size=20)
numbers = st.integers(-1, 2**33).map(str)


def often(good: st.SearchStrategy, *rare: st.SearchStrategy) -> st.SearchStrategy:
    """Draw from the first in nine cases of ten: one mistake hides what stands behind it."""
    return st.integers(0, 9).flatmap(lambda n: st.one_of(rare) if n == 6 else good)


def values(option) -> st.SearchStrategy[str]:
    """Give mostly what an option takes."""
    good = st.sampled_from(GOOD.get(option.dashed) or list(option.words) or ["1", "true"])
    return often(good, garbage, numbers)


@st.composite
def options(draw, rows=SHARED) -> list[str]:
    """Draw one option, spelled in any way."""
    option = draw(st.sampled_from(rows))
    name = "--" + option.dashed
    if option.is_flag:
        return [draw(st.sampled_from([name, f"--no-{option.dashed}", f"{name}=1"]))]
    value = draw(values(option))
    right = st.sampled_from([[f"{name}={value}"], [name, value]])
    return draw(often(right, st.sampled_from([[name], [name[:-1], value]])))


strays = st.one_of(
    st.sampled_from([*COMMANDS, "--help", "--version", "-h", "--", "-", "-o", "resnet18"]),
    garbage,
).map(lambda word: [word])


networks = st.sampled_from(
    ["resnet18", "resnet20_cifar10", "resnet18 --blocks 1,1,1,1", "a", "b.c"]
)


layers = st.sampled_from(["fc", "4.1.conv2", "stage 2", "stem", "totals", "resnet18", "layer1.0"])


@st.composite
def arguments(draw) -> list[str]:
    """Draw options, a command, and options that the command may have."""
    name = draw(st.sampled_from(["", *COMMANDS]))
    own = OWN[name] if name else SHARED
    before = st.lists(often(options(), strays), max_size=2)
    after = st.lists(often(options(own), strays), max_size=4)
    words = [*draw(before), [name] if name else [], *draw(after)]
    if name in ("compare", "explain", "presets"):
        known = networks if name == "compare" else layers
        words.append(draw(st.lists(often(known, garbage), max_size=3)))
    return list(chain.from_iterable(words))


@st.composite
def variables(draw) -> dict[str, str]:
    """Draw up to two variables, the tool's own and others that it heeds."""
    found = {}
    for option in draw(st.lists(st.sampled_from(OPTIONS), max_size=1)):
        found[f"RESNET_SHAPES_{option.key.upper()}"] = draw(values(option))
    for name in draw(st.lists(st.sampled_from(ENVIRONMENT), max_size=1)):
        found[name] = draw(st.sampled_from(["true", "1", "dumb", "20", ".", "summary.md"]))
    return found


strange = st.sampled_from(
    ["true", "3", "[2, 2]", "1.5", "inf", "1979-05-27", "{a = 1}", '"\\u0000"', '"\\u001b[31m"']
)
unknown = st.sampled_from(["networks", "bloks", '"\\u001b[31m"', "output", "traceback"])


@st.composite
def lines(draw) -> str:
    """Draw a line of a configuration."""
    option = draw(st.sampled_from(OPTIONS))
    key = draw(often(st.just(option.dashed), unknown))
    return f"{key} = {draw(often(values(option).map(json.dumps), strange))}\n"


tables = st.lists(lines(), max_size=2).map("".join)
projects = often(
    st.none()
    | st.builds(
        lambda top, one, two: (
            f"[tool.resnet-shapes]\n{top}[tool.resnet-shapes.networks.a]\n{one}"
            f'[tool.resnet-shapes.networks."b.c"]\n{two}'
        ).encode(),
        *[tables] * 3,
    ),
    st.binary(max_size=40).map(lambda data: b"[tool.resnet-shapes]\n" + data),
)
LOCK = (
    b'{"schema_version": 1, "networks": {"a": {"config": {}, "input_shape": [1, 1, 224, 224], '
    b'"totals": {"params": 1, "macs": 2}, "layers": [{"path": "0", "type": "\x1b[1m", '
    b'"output_shape": [1], "params": 1, "macs": 2}]}}}'
)
locks = st.one_of(
    st.none(),
    st.just(LOCK),
    st.integers(0, len(LOCK)).map(lambda end: LOCK[:end]),
    st.builds(lambda at, what: LOCK[:at] + what + LOCK[at + 1 :], st.integers(0, 300), st.binary()),
)


@pytest.mark.slow
def test_nothing_that_is_asked_crashes(attack):
    attack.draws(15_000)(given(arguments(), variables(), projects, locks)(_is_answered))()


def _is_answered(args, environment, project, lock):
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        for file, data in (("pyproject.toml", project), ("net.lock", lock)):
            if data is not None:
                Path(file).write_bytes(data)
        code, out, err = run(args, environment)
    event(f"exit {code}")
    assert code in (0, 1, 2)
    assert "a defect of this tool" not in err
    traced = "--traceback" in args or "RESNET_SHAPES_TRACEBACK" in environment
    assert "Traceback" not in err or traced
    # Where no colour was asked for, nothing from flags or files can bring an escape in.
    if not any(word in f"{args} {environment} {project}" for word in ("always", "FORCE_COLOR")):
        assert not set("\x1b\x07\x9b") & set(out + err)
    if code == 2:
        said = err.splitlines()  # on GitHub beside an annotation of the same
        assert any(line.startswith("resnet-shapes: ") for line in said) or UNPROVED in err
        assert out == "" or UNPROVED in err


def run(args: list[str], environment: dict[str, str]) -> tuple[int, str, str]:
    """Run the tool in process, without PyTorch."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch("resnet_cli.pytorch.prove.prove", side_effect=BackendError(UNPROVED)),
        mock.patch.object(sys, "argv", ["resnet-shapes", *args]),
        mock.patch.dict(os.environ, environment),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        return run_tool(args), out.getvalue(), err.getvalue()


def test_the_fuzz_test_knows_what_each_option_takes():
    every = {option.dashed: option for option in chain(OPTIONS, *OWN.values())}
    assert GOOD.keys() <= every.keys()
    free = {name for name, option in every.items() if not (option.is_flag or option.words)}
    assert free - GOOD.keys() == set()


def test_the_fuzz_test_would_see_a_defect():
    with mock.patch.object(presets, "title", side_effect=ZeroDivisionError("boom")):
        code, out, err = run(["--no-run"], {})
    assert (code, out) == (2, "")
    assert err.startswith("resnet-shapes: a defect of this tool: ZeroDivisionError: boom")
