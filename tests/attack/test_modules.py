"""Modules that do anything anywhere: each run ends, in the tool's own words, and steers nothing."""

import contextlib
import gc
import os
import random
import sys
from pathlib import Path

import pytest

from tests.cli.test_robustness import is_harmless

ACTS = (
    "raise SystemExit(0)",
    "raise GeneratorExit",
    "raise BaseException('b')",
    "raise Mute",
    "raise MuteBase",
    "raise BrokenPipeError(32, 'Broken pipe')",
    "raise StopIteration",
    "raise MemoryError",
    "raise RecursionError",
    "raise ValueError(ESCAPE)",
    "raise Named(ESCAPE)",
    "raise click.exceptions.Exit(0)",
    "raise click.Abort",
    "raise errors.ClosedPipe",
    "raise errors.TargetError(ESCAPE)",
    "return ESCAPE",
    "return None",
    "return {ESCAPE: torch.zeros(2), 3: [ESCAPE, None]}",
    "return torch.zeros(2, 3).to_sparse()",
    "return torch.nested.nested_tensor([torch.zeros(2, 3), torch.zeros(1, 3)])",
    "return torch.zeros(2, 3, dtype=torch.complex64)",
    "return (x for x in ())",
    "return object()",
    "os.chdir('/')",
    "sys.stdout = None",
    "sys.path.clear()",
    "sys.argv.append('--traceback')",
    "torch.set_default_dtype(torch.float64)",
    "torch.set_grad_enabled(False)",
    "random.seed(3)",
)
PLACES = (
    *("__init__", "forward", "__call__", "parameters", "named_parameters", "buffers", "modules"),
    *("extra_repr", "__repr__", "__hash__", "__eq__", "__len__", "__bool__", "children", "train"),
    *("eval", "to", "_apply", "named_buffers", "named_modules", "__del__", "__dir__"),
    *(
        "_named_members",
        "register_forward_hook",
        "state_dict",
        "__torch_function__",
        "__deepcopy__",
    ),
)
HEAD = r"""
import os, random, sys, click, torch
from torch import nn
from resnet_cli import errors
ESCAPE = "\x1b[31m\n##[error]x\n::error::y\r\x07=@"
class Mute(Exception):
    def __str__(self):
        raise RuntimeError
class MuteBase(BaseException):
    __str__ = __repr__ = Mute.__str__
Named = type("E" + ESCAPE, (ValueError,), {})
class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.add_module(ESCAPE.replace(".", ""), nn.Linear(3, 3))
    def forward(self, x):
        for child in self._modules.values():
            x = child(x)
        return x
"""
FORMATS = ("table", "plain", "csv", "markdown", "json", "print-net", "lock", "check", "explain")


def source(rng: random.Random) -> str:
    """Write a module that does one or two things, each somewhere."""
    text = HEAD + "class Net(Base):\n    pass\n"
    for place in rng.sample(PLACES, rng.choice((1, 1, 2))):
        # A method of PyTorch's own that gives something else is no network to be looked at.
        acts = [act for act in ACTS if place == "forward" or not act.startswith("return")]
        act, rarely = rng.choice(acts), rng.random() < 0.3
        text += f"def act(self, *args, **kwargs):\n    if {not rarely} or random.random() < 0.5:\n"
        text += f"        {act}\n    return super(Net, self).{place}(*args, **kwargs)\n"
        text += f"Net.{place} = act\n"
    if rng.random() < 0.1:
        text += f"def act():\n    {rng.choice(ACTS)}\nact()\n"
    if rng.random() < 0.2:
        text += f"def Net():\n    {rng.choice(ACTS)}\n"
    return text


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_no_module_is_a_defect_of_the_tool(attack, invoke, monkeypatch):
    import torch

    rng = random.Random(attack.seed)  # noqa: S311 - no secret
    here, dtype = os.getcwd(), torch.get_default_dtype()
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)  # `__del__` is theirs
    for case in range(attack.cases(1_500)):
        text, kind = source(rng), rng.choice(FORMATS)
        Path(f"net{case}.py").write_text(text)
        command = ["--format", kind] if kind in FORMATS[:5] else [kind]
        if kind == "check":
            command += ["--max-params", "1M"]
        path, stdout = [*sys.path], sys.stdout
        try:
            result = invoke(*command, "--module", f"net{case}.py:Net", "--input", "2x3")
        finally:
            sys.stdout, sys.path[:] = stdout, path
            torch.set_default_dtype(dtype)
            torch.set_grad_enabled(True)
            os.chdir(here)
        said = f"\n{text}\n{command}: {result}"
        assert result.code in (0, 1, 2), said
        assert "a defect of this tool" not in result.stderr, said
        assert is_harmless((result.stdout + result.stderr).replace("\t", " ")), said
        with contextlib.suppress(FileNotFoundError):
            Path("resnet-shapes.lock.json").unlink()
    gc.collect()  # so that no `__del__` is left to pytest, which would fail for it at its end
