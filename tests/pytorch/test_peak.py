"""The peak of an inference pass against PyTorch: what is held while each operation runs.

`torch.fx.Interpreter` runs a network and lets each tensor go behind its last use; what it has
then is counted by storages. What a network's own variables hold longer comes on top.
"""

import pytest
import torch
from torch import fx, nn
from torch.distributed._tools.mem_tracker import MemTracker
from torch.nn import functional as F
from torch.utils._pytree import tree_leaves

from resnet_cli.analysis.remarks import remarks
from resnet_cli.analysis.rows import summarise
from resnet_cli.analysis.symbols import symbolic
from resnet_cli.family import presets, resnet
from resnet_cli.pytorch.build import build
from tests import modules
from tests.modules import inspect
from tests.pytorch.networks import NETWORKS
from tests.pytorch.test_capture import Function, graph_of


class Held(fx.Interpreter):
    """The most that a run holds beside parameters and buffers, and where it first does."""

    def __init__(self, model):
        there = [each for module in model.modules() for each in vars(module).values()]
        there += [*model.parameters(), *model.buffers()]
        self.own = {storage(each) for each in there if isinstance(each, torch.Tensor)}
        self.peak, self.at = 0, ""
        super().__init__(fx.symbolic_trace(model))  # which gives the model constants of the run

    def run_node(self, node):
        """Count behind each operation, before what it took last is let go."""
        found = super().run_node(node)
        alive = [t for t in tree_leaves([*self.env.values(), found]) if isinstance(t, torch.Tensor)]
        sizes = {storage(t): t.untyped_storage().nbytes() for t in alive}
        held = sum(size for key, size in sizes.items() if key not in self.own)
        if held > self.peak:
            self.peak, self.at = held, str(node.target)
        return found


def storage(tensor):
    return tensor.untyped_storage()._cdata


def held(model, shape):
    """Return what a run of a model on zeros holds at most, and where."""
    seen = Held(model.eval())
    with torch.no_grad():
        seen.boxed_run([torch.zeros(shape)])
    return seen.peak, seen.at


class Dense(nn.Module):
    """Each layer takes all maps before it."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3 + 4 * i, 4, 3, padding=1) for i in range(4))

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, F.relu(layer(x))], 1)
        return x.mean((2, 3))


class Net(Function):
    """A function of one tensor, which fx can follow."""

    def forward(self, x):
        return self.function(self, x)


def _net(forward, **parts):
    return lambda: Net(forward, **parts)


def _halves(_, x):
    first, second = (x * 2).chunk(2, dim=-1)
    return (first + 1) * second


def _written(net, x):
    y = net.conv(x)
    y[:, :2].relu_()
    return F.dropout(y + x.mean(), training=False).contiguous()


def _shrunk(net, x):
    y = F.max_pool2d(net.conv(x).relu_(), 2).flatten(2)
    return y @ y.transpose(1, 2)


def _standardised(net, x):
    weight = net.conv.weight - net.conv.weight.mean((1, 2, 3), keepdim=True)
    return F.conv2d(F.conv2d(x, weight, padding=1), weight)


def _attention(net, x):
    heads = net.wide(x).reshape(2, 4, 3, 2, 8).permute(2, 0, 3, 1, 4)
    query, key, value = heads.unbind(0)
    scores = (query @ key.transpose(-2, -1)).softmax(-1)
    return (scores @ value).transpose(1, 2).reshape(2, 4, 16)


OWN = {
    "dense": (Dense, (2, 3, 8, 8)),
    "dropout": (lambda: nn.Sequential(nn.Linear(8, 64), nn.Dropout(), nn.Linear(64, 2)), (3, 8)),
    "halves of a map": (_net(_halves), (2, 3, 8, 8)),
    "a part written": (_net(_written, conv=nn.Conv2d(3, 3, 3, padding=1)), (2, 3, 8, 8)),
    "weights of the run": (_net(_standardised, conv=nn.Conv2d(3, 3, 3)), (1, 3, 4, 4)),
    "attention": (_net(_attention, wide=nn.Linear(16, 48)), (2, 4, 16)),
    "a mask of the run": (_net(lambda _, x: x + torch.ones(8, 8).tril()), (1, 2, 8, 8)),
    "a table": (_net(lambda net, x: x + net.table, table=torch.ones(64, 64)), (64,)),
}
TRACED = {name: how for name, how in {**NETWORKS, **OWN}.items() if "norms" not in name}


@pytest.mark.parametrize("name", TRACED)
def test_the_peak_is_what_a_run_holds_that_lets_each_tensor_go_behind_its_last_use(name):
    make, shape = TRACED[name]
    model = make().eval()
    with torch.no_grad():
        model(torch.zeros(shape))  # lazy layers
    summary = inspect(model, shape)
    peak, at = held(model, shape)
    assert (summary.peak_bytes, summary.no_peak) == (peak, "")
    if at in {row.path for row in summary.rows}:
        assert summary.peak_at == at


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "resnet20_cifar10"])
def test_a_preset_has_the_peak_of_its_modules(name):
    config = presets.preset(name).config
    graph = resnet.build(config)
    model, predicted = build(graph), summarise(graph)
    found = inspect(model, config.input)
    assert (found.peak_bytes, found.peak_at) == (predicted.peak_bytes, predicted.peak_at)
    assert found.peak_bytes == held(model, config.input)[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_an_eager_pass_holds_no_less(name):
    config = presets.preset(name).config
    model = build(resnet.build(config)).eval()
    tracker = MemTracker()
    image = torch.zeros(config.input)
    tracker.track_external(model, image)
    with torch.no_grad(), tracker:
        model(image)
    (seen,) = tracker.get_tracker_snapshot("peak").values()
    static = sum(t.nbytes for t in (*model.parameters(), *model.buffers()))
    peak = inspect(model, config.input).peak_bytes
    assert peak <= seen["Total"] - static < 1.25 * peak


def test_the_peak_at_other_sizes_is_that_of_a_run_there():
    for model in (Dense(), Net(_shrunk, conv=nn.Conv2d(3, 3, 3, padding=1))):
        named = summarise(
            symbolic(graph_of(model, (1, 3, 8, 8)), {(0, 0): "N", (0, 2): "H", (0, 3): "W"})
        )
        assert named.peak_bytes is None
        assert not named.no_peak
        for batch, high, wide in ((2, 16, 5), (1, 40, 3)):
            point = named.at({"N": batch, "H": high, "W": wide})
            seen = inspect(model, (batch, 3, high, wide))
            assert (point.peak_bytes, point.peak_at) == (seen.peak_bytes, seen.peak_at)
            assert point.peak_bytes == held(model, (batch, 3, high, wide))[0]


def _scripted():
    return nn.Sequential(nn.Conv2d(3, 3, 1), torch.jit.script(nn.Sequential(nn.ReLU())))


class Recurrent(nn.Module):
    """What runs on inside PyTorch, step by step."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 8)

    def forward(self, x):
        return self.lstm(x)[0]


def _unseen():
    relu6 = torch.jit.script(F.relu6)
    return Net(lambda _, x: relu6(x) + x)


@pytest.mark.filterwarnings("ignore:.*torch.jit")
@pytest.mark.parametrize(
    ("make", "shape", "who"),
    [
        (_scripted, (1, 3, 8, 8), "scripted Sequential"),
        (Recurrent, (4, 2, 8), "lstm"),
        (modules.Attention, (2, 6, 8), "MultiheadAttention"),
        (_unseen, (2, 3), "an unseen operation"),
        (lambda: Net(lambda _, x: x.topk(2)[0]), (2, 3), "topk"),
    ],
)
def test_where_nobody_sees_what_is_held_inside_there_is_no_peak_and_the_reason(make, shape, who):
    summary = inspect(make(), shape)
    assert (summary.peak_bytes, summary.peak_at) == (None, None)
    assert summary.no_peak == f"nobody sees what is held inside {who}"
    assert f"The peak is not known: {summary.no_peak}." in remarks(summary)


def test_a_run_that_fails_and_forms_that_end_have_no_peak():
    failed = inspect(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)), "1x3x8x8")
    assert (failed.peak_bytes, failed.no_peak) == (None, "the run failed")
    model = Net(lambda _, x: x.topk(2, dim=1)[0] * 2)
    named = summarise(symbolic(graph_of(model, (1, 3, 8, 8)), {(0, 2): "H"}))
    assert named.no_peak == "closed forms end"
    assert named.at({"H": 9}).peak_bytes is None
