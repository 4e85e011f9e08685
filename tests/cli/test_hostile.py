"""Modules that misbehave: each is said as its own failure, or shown where it works."""

import csv
import io
from pathlib import Path

import pytest

from tests.cli.test_robustness import is_harmless

NAMES = ("=1+1", "+a", "-b", "@c", "\td", "a@b", "::error::e", "a\x1b[31m")
ESCAPE = "\x1b[31m\n##[error]x\n::error::y\r\x07"
SOURCE = f"""
import torch
from torch import nn

NAMES, ESCAPE = {NAMES!r}, {ESCAPE!r}

class Mute(Exception):
    def __str__(self):
        raise RuntimeError

class MuteBase(BaseException):
    __str__ = Mute.__str__

class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(3, 4)
        self.made = True

    def forward(self, x):
        return self.then(self.l(x))

def network(then, **own):
    return type("Net", (Base,), {{"then": lambda self, x: then(x), **own}})

def fail(error):
    raise error

RAISED = dict(exit=SystemExit(3), leave=GeneratorExit(), base=BaseException("base"), mute=Mute(),
              mute_base=MuteBase(), pipe=BrokenPipeError(32, "Broken pipe"))
for name, error in RAISED.items():
    globals()["forward_" + name] = network(lambda x, error=error: fail(error))
    globals()["factory_" + name] = lambda error=error: fail(error)

class modules(Base):
    def __getattribute__(self, name):
        if name == "_modules" and "made" in vars(self):
            raise ValueError("no modules")
        return super().__getattribute__(name)

parameters = network(None, parameters=lambda self, *_: fail(ValueError("no parameters")))
hash = network(None, __hash__=lambda self: fail(ValueError("no hash")) if "made" in vars(self)
               else 0)
call = network(None, __call__=lambda self, x: fail(ValueError("no call")))
words = type("E" + ESCAPE, (ValueError,), {{}})
forward_words = network(lambda x: fail(words("boom " + ESCAPE)))
factory_words = lambda: fail(words("boom " + ESCAPE))
Named = type("N" + ESCAPE, (Base,), {{"forward": lambda self, x: self.l(x),
             "extra_repr": lambda self: "k=" + ESCAPE}})
own_call = network(lambda x: x, __call__=lambda self, x: self.forward(x))

class Names(nn.Module):
    def __init__(self):
        super().__init__()
        for name in NAMES:
            self.add_module(name, nn.Linear(3, 3))

    def forward(self, x):
        for child in self.children():
            x = child(x)
        return x

def nested(layout):
    return lambda x: torch.nested.nested_tensor([x, x[:1]], layout=layout)

coo = network(lambda x: x.to_sparse())
csr = network(lambda x: x.to_sparse_csr())
complex = network(lambda x: torch.view_as_complex(x.reshape(-1, 2, 2)).conj())
quantised = network(lambda x: torch.quantize_per_tensor(x, 0.1, 0, torch.quint8))
strided = network(nested(torch.strided))
jagged = network(nested(torch.jagged))
padded = network(lambda x: torch.nested.to_padded_tensor(nn.ReLU()(nested(torch.strided)(x)), 0.0))
"""
KINDS = ("exit", "leave", "base", "mute", "mute_base", "pipe")

pytestmark = pytest.mark.filterwarnings("ignore")  # prototypes of PyTorch warn that they are


@pytest.fixture
def run(invoke):
    """Run the tool on one of the hostile modules."""
    Path("hostile.py").write_text(SOURCE)
    return lambda name, *args: invoke(*args, "--module", f"hostile.py:{name}", "--input", "2x3")


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_a_forward_raises_is_its_own_failure(run, kind):
    result = run(f"forward_{kind}")
    assert result.code == 1
    assert "FAILED: the network's own code (Net, given 2x3): " in result.stdout
    assert "forward pass fails in the network's own code" in result.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_a_factory_raises_is_a_wrong_request(run, kind):
    result = run(f"factory_{kind}")
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"resnet-shapes: --module hostile.py:factory_{kind}: raised ")
    assert "(hostile.py:" in result.stderr


@pytest.mark.parametrize("error", ["GeneratorExit", "BaseException('x')", "SystemExit"])
def test_whatever_an_import_raises_is_a_wrong_request(invoke, error):
    Path("importing.py").write_text(f"raise {error}\n")
    result = invoke("--module", "importing.py:Net")
    assert (result.code, result.stdout) == (2, "")
    assert "--module importing.py:Net: cannot be imported: " in result.stderr


@pytest.mark.parametrize("what", ["modules", "parameters", "hash"])
def test_a_module_that_cannot_be_looked_at_is_named(run, what):
    result = run(what)
    assert (result.code, result.stdout) == (2, "")
    assert f"--module hostile.py:{what}: raised ValueError: no {what} (hostile.py:" in result.stderr


def test_a_module_that_ends_before_its_forward_begins_has_failed(run):
    result = run("call")
    assert result.code == 1
    assert "FAILED: the network's own code (Net): no call (hostile.py:" in result.stdout
    assert run("own_call").code == 0  # whose hooks nobody calls


@pytest.mark.parametrize(
    "name", ["coo", "csr", "complex", "quantised", "strided", "jagged", "padded"]
)
def test_an_output_that_is_no_usual_tensor_is_shown(run, name):
    result = run(name, "--format", "csv", "--columns", "path,output_shape,macs")
    assert result.code == 0
    assert result.stdout.startswith("path,output_shape,macs\nl,2x4,24\n")


@pytest.mark.parametrize("kind", ["table", "plain", "csv", "markdown", "json", "print-net"])
@pytest.mark.parametrize("name", ["forward_words", "factory_words", "Named", "Names"])
def test_nothing_in_a_module_steers_a_terminal_or_a_log(run, kind, name):
    command = [kind] if kind == "print-net" else ["--format", kind]
    for more in ((), ("--traceback",)):
        result = run(name, *command, *more)
        assert is_harmless((result.stdout + result.stderr).replace("\t", " "))


def test_no_cell_of_a_csv_file_is_a_formula(run):
    rows = [*csv.DictReader(io.StringIO(run("Names", "--format", "csv").stdout))]
    assert [row["path"] for row in rows[:6]] == ["'=1+1", "'+a", "'-b", "'@c", "\\td", "a@b"]


def test_markdown_is_escaped_once(run):
    assert "| a&#64;b |" in run("Names", "--format", "markdown").stdout
