"""The lock of a module of the user's own: nothing that shows in a run changes unnoticed."""

import difflib

import pytest
import torch
from torch import nn

from resnet_cli.analysis.network import Network
from resnet_cli.gate.changes import changes, told
from resnet_cli.gate.checking import judge
from resnet_cli.gate.expectations import Expectations
from resnet_cli.gate.lines import Locked, sources
from resnet_cli.gate.lockfile import to_text
from resnet_cli.pytorch.measure import measure
from tests import modules


class Net(nn.Module):
    """A residual block whose parts can be swapped."""

    def __init__(self, *, adds=True, order=("conv", "norm", "act"), head="head", **conv):
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, **{"padding": 1, **conv})
        self.norm = nn.BatchNorm2d(4)
        self.act = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.add_module(head, nn.Sequential(nn.Flatten(), nn.Linear(64, 3)))
        self.head_name, self.order, self.adds = head, order, adds

    def forward(self, x):
        y = x
        for name in self.order:
            y = getattr(self, name)(y)
        return getattr(self, self.head_name)(self.pool(y + x if self.adds else y))


def locked(model, x=None):
    dtype = next((p.dtype for p in model.parameters()), torch.float32)
    done = measure(model.eval(), [torch.zeros(1, 4, 8, 8, dtype=dtype) if x is None else x], "net")
    assert done.summary.error is None
    return Locked.of(Network(None, done.graph, done.summary))


def said(old, new):
    """Return what is said of a change, which the lock's text has to show as well."""
    assert to_text({"net": old}) != to_text({"net": new})
    return ["\n".join(each.lines) for each in told(changes(old, new))]


def other(**parts):
    """Return a network with other parts, or more."""
    model = Net()
    for name, part in parts.items():
        setattr(model, name, part)
    return model


LOCKED = locked(Net())


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (Net(dilation=2, padding=2), "~ conv: padding 1x1 → 2x2, dilation 1x1 → 2x2"),
        (Net(padding_mode="reflect"), "~ conv: padding_mode zeros → reflect"),
        (other(pool=nn.AvgPool2d(2)), "~ pool: kind MaxPool2d → AvgPool2d"),
        (other(pool=nn.MaxPool2d(2, ceil_mode=True)), "~ pool: ceil_mode False → True"),
        (Net(order=("conv", "act", "norm")), "~ act: place behind norm BatchNorm2d → behind conv"),
        (Net(adds=False), "- operation network: add 1x4x8x8"),
        (Net().half(), "~ network: dtype float32 → float16"),
        (Net().to(torch.bfloat16), "~ network: dtype float32 → bfloat16"),
        (Net(groups=2), "~ conv: groups 1 → 2"),
        (other(conv=Net().conv.requires_grad_(False)), "~ conv: frozen 0 → 148"),
        (other(unused=nn.Linear(2, 2)), "+ module unused: Linear, 6 params"),
        (other(scale=nn.Parameter(torch.ones(3))), "+ module scale: Parameter 3, 3 params"),
        (other(act=nn.Sequential(nn.ReLU())), "~ act → act.0"),
    ],
)
def test_what_shows_in_a_run_is_said_once(model, text):
    found = [line for line in said(LOCKED, locked(model)) if not line.startswith("~ total")]
    assert len(found) == 1, found
    assert found[0].startswith(text), found


def test_what_is_the_same_is_no_change():
    assert changes(LOCKED, locked(Net())) == []
    assert changes(LOCKED, locked(other(act=nn.ReLU()))) == []


def test_a_renamed_head_is_said_once_and_a_longer_one_beside_it():
    assert said(LOCKED, locked(Net(head="fc"))) == ["~ head → fc"]
    longer = Net(head="fc")
    longer.fc.append(nn.Linear(3, 3))
    assert said(LOCKED, locked(longer)) == [
        "~ head → fc",
        "+ layer fc.2: Linear 1x3, 12 params",
        "~ total: params 351 → 363 (+3.4%), macs 9,408 → 9,417 (+0.1%)",
    ]


def test_what_moved_up_by_one_is_one_line():
    layers = [nn.Conv2d(4, 4, 1), nn.ReLU(), nn.Conv2d(4, 4, 1)]
    old, new = locked(nn.Sequential(*layers)), locked(nn.Sequential(nn.Identity(), *layers))
    assert said(old, new) == ["~ 0 to 2 → 1 to 3", "+ layer 0: Identity 1x4x8x8"]
    assert said(new, old) == ["~ 1 to 3 → 0 to 2", "- layer 0: Identity 1x4x8x8"]


def test_another_source_is_said_where_nothing_else_is_why():
    class Two(nn.Module):
        def __init__(self, *, first):
            super().__init__()
            self.a, self.b, self.c = nn.ReLU(), nn.ReLU(), nn.ReLU()
            self.first = first

        def forward(self, x):
            a = self.a(x)
            b = self.b(a)
            return self.c(a if self.first else b) + b

    assert said(locked(Two(first=False)), locked(Two(first=True))) == [
        "~ c: inputs b ReLU → a ReLU"
    ]


def test_another_output_shows_though_nothing_else_does():
    class Pair(nn.Module):
        def __init__(self, *names):
            super().__init__()
            self.names = names

        def forward(self, x):
            made = {"a": x + 1, "b": x * 2}
            return tuple(made[name] for name in self.names)

    (text,) = said(locked(Pair("a", "b")), locked(Pair("b", "a")))
    assert text == "~ network: returns [2, 1] → [1, 2]"


def test_what_has_no_arithmetic_here_is_held_by_its_name_and_shape():
    class Odd(nn.Module):
        def forward(self, x):
            return torch.fft.fft2(x).real

    line, *_ = (line for line in locked(Odd()).lines if line.get("known") is False)
    assert (line["kind"], line["outputs"]) == ("fft_fft2", [[1, 4, 8, 8]])


def test_the_text_of_a_layer_more_is_a_line_more():
    layers = [nn.Conv2d(4, 4, 1), nn.ReLU(), nn.Conv2d(4, 4, 1)]
    old = to_text({"net": locked(nn.Sequential(*layers))}).splitlines()
    new = to_text({"net": locked(nn.Sequential(*layers, nn.Tanh()))}).splitlines()
    assert len({line.rstrip(",") for line in new} - {line.rstrip(",") for line in old}) == 1


class Block(nn.Module):
    """A residual block with a projection and a gate, and layers put into its main path."""

    def __init__(self, at=None, *, projects=True):
        super().__init__()
        layers = [nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4), nn.ReLU()]
        if at is not None:
            layers.insert(at, nn.Hardswish())
        self.main = nn.ModuleDict({type(layer).__name__: layer for layer in layers})
        self.side = nn.Conv2d(4, 4, 1) if projects else None

    def forward(self, x):
        y = x
        for layer in self.main.values():
            y = layer(y)
        y = y * y.mean((2, 3), keepdim=True)
        return y + (x if self.side is None else self.side(x))


@pytest.mark.parametrize("projects", [False, True])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_layer_more_in_a_block_is_a_line_more(at, projects):
    old, new = (
        to_text({"net": locked(nn.Sequential(nn.Tanh(), Block(where, projects=projects)))})
        for where in (None, at)
    )
    found = [line for line in difflib.ndiff(old.splitlines(), new.splitlines()) if line[0] in "+-"]
    assert len(found) == 1, found
    assert "Hardswish" in found[0]
    assert found[0].startswith("+")


@pytest.mark.parametrize(
    "model",
    [Net(), nn.Sequential(nn.Tanh(), Block()), modules.Branches(), modules.Attention()],
    ids=lambda model: type(model).__name__,
)
def test_the_lines_say_what_each_operation_takes(model):
    x = torch.zeros(1, 6, 8) if isinstance(model, modules.Attention) else torch.zeros(1, 4, 8, 8)
    operations = measure(model.eval(), [x], "net").graph.operations
    found = sources([line for line in locked(model, x).lines if "kind" in line])
    for operation, taken in zip(operations, found, strict=True):
        if operation.inputs:  # what is there without any has none in the file either
            assert taken == [*operation.inputs, *operation.reads]


class Distant(nn.Module):
    """Multiplies as nobody counts, or as a linear layer does."""

    def __init__(self, *, counted=False, p=2.0):
        super().__init__()
        self.counted, self.p = counted, p

    def forward(self, x):
        x = x.flatten(1)
        return x @ x.T if self.counted else torch.cdist(x, x, p=self.p)


def test_what_is_no_longer_counted_is_said_and_its_total_is_a_least():
    text = said(locked(Distant(counted=True)), locked(Distant()))
    assert any("cdist" in each for each in text)
    assert text[-1] == "~ total: macs 256 → at least 0"
    text = said(locked(Distant()), locked(Distant(counted=True)))
    assert text[-1] == "~ total: macs at least 0 → 256"


def test_a_check_names_what_its_lock_holds_by_name_and_shape_alone():
    """An argument of what is not known is not in the lock: it passes, and not in silence."""
    model, x = Distant(), torch.zeros(1, 4, 8, 8)
    lock = {"net": locked(model)}
    done = measure(Distant(p=1.0).eval(), [x], "net")
    report = judge("net", Network(None, done.graph, done.summary), Expectations(), lock)
    assert report.holds
    assert report.limits == ("the lock holds by name and shape alone: cdist",)
    done = measure(Net().eval(), [x], "net")
    report = judge("net", Network(None, done.graph, done.summary), Expectations(), {"net": LOCKED})
    assert report.limits == ()
