"""Networks that do what a recorder could miss: each was once a wrong number."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from resnet_cli.graph.captured import UNSEEN, Opaque, Source
from resnet_cli.pytorch.run import run
from tests.modules import inspect
from tests.pytorch.test_capture import Function


def conv(kernel=7):
    return nn.Conv2d(4, 4, kernel, padding=kernel // 2)


def fields(summary):
    return {row.path: row.receptive_field for row in summary.rows}


def flops_of(model, shape):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.eval()(torch.zeros(shape))
    return counter.get_total_flops()


@pytest.mark.parametrize("closed", [True, False])
def test_a_failure_that_the_network_survives_hides_nothing_behind_it(closed):
    bad = nn.Conv2d(9, 4, 1)

    def forward(net, x):
        try:
            net.bad(x)
        except RuntimeError:
            x = net.conv(x)
        return net.fc(x.flatten(1))

    model = Function(
        forward,
        bad=bad if closed else nn.Sequential(bad),
        conv=nn.Conv2d(3, 4, 1),
        fc=nn.Linear(16, 2),
    )
    summary = inspect(model, "1x3x2x2")
    assert 2 * summary.macs == flops_of(model, (1, 3, 2, 2)) > 0
    assert summary.error is None


@pytest.mark.parametrize(
    "forward",
    [
        lambda net, x: net.after(x * torch.tanh(net.warp(net.conv(x)))),
        lambda net, x: net.after(net.warp(net.conv(x)) * torch.sigmoid(net.one(x))),
    ],
)
def test_what_is_not_known_is_no_gate(forward):
    warp = Function(lambda _, x: torch.cumsum(x, 2))
    model = Function(forward, conv=conv(), one=conv(1), warp=warp, after=conv(3))
    assert fields(inspect(model, "1x4x32x32"))["after"] is None


@pytest.mark.parametrize(
    "write",
    [
        lambda net, x, y: y[:, :2].mul_(net.conv(x)[:, :2]),
        lambda net, x, y: y.view(-1).add_(net.conv(x).view(-1)),
    ],
)
def test_what_is_written_through_a_view_is_no_longer_what_it_was(write):
    def forward(net, x):
        y = x * 2
        write(net, x, y)
        return net.after(y)

    model = Function(forward, conv=conv(), after=conv(3))
    assert fields(inspect(model, "1x4x32x32"))["after"] is None
    done = run(model, [torch.zeros(1, 4, 32, 32)], torch.float32)
    last = done.graph.operations[-1].inputs[0].operation
    assert isinstance(done.graph.operations[last].kind, Opaque)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_nobody_saw_being_made_is_not_called_a_constant():
    scripted = torch.jit.script(torch.nn.functional.relu6)
    model = Function(
        lambda net, x: net.after(x + scripted(net.conv(x))), conv=conv(), after=conv(3)
    )
    summary = inspect(model, "1x4x32x32")
    assert fields(summary)["after"] is None
    assert summary.not_counted == (UNSEEN,)


def test_what_a_module_holds_is_a_constant():
    model = Function(
        lambda net, x: net.after(x + net.offset), offset=torch.ones(4, 1, 1), after=conv(3)
    )
    assert fields(inspect(model, "1x4x32x32"))["after"] == 3
    done = run(model, [torch.zeros(1, 4, 32, 32)], torch.float32)
    assert Source("constant", (4, 1, 1)) in [op.kind for op in done.graph.operations]


def test_what_a_hook_multiplies_counts_beside_its_layer():
    layer = nn.Conv2d(3, 4, 1)
    layer.register_forward_hook(lambda _m, _i, out: F.linear(out, torch.ones(5, out.shape[-1])))
    model = nn.Sequential(layer)
    assert 2 * inspect(model, "1x3x6x6").macs == flops_of(model, (1, 3, 6, 6))


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "uint16", "uint32", "complex32"])
def test_every_element_type_has_its_size(dtype):
    kind = getattr(torch, dtype)

    def forward(_, x):
        return torch.view_as_complex(x.half()) if kind.is_complex else x.to(kind)

    summary = inspect(nn.Sequential(Function(forward)), "3x2")
    elements = 3 if kind.is_complex else 6
    assert summary.rows[0].output_bytes == elements * kind.itemsize


def test_a_sparse_tensor_passes_through_what_gives_it_back():
    model = Function(lambda net, x: net.same(x.to_sparse()).to_dense(), same=nn.Identity())
    assert inspect(model, "2x3").error is None


def test_one_tensor_given_twice_is_one_input():
    x = torch.zeros(1, 4, 8, 8)
    summary = inspect(Function(lambda net, a, b: net.conv(a) + b, conv=conv(3)), x, x)
    assert fields(summary)["conv"] == 3


def test_a_subclass_of_a_norm_has_its_parents_rank():
    class Renamed(nn.BatchNorm1d):
        """A norm under another name."""

    done = run(nn.Sequential(Renamed(4)).eval(), [torch.zeros(2, 4, 5)], torch.float32)
    assert done.graph.operations[1].kind.name == "BatchNorm1d"


def test_memory_that_is_new_counts_beside_a_view():
    class Both(nn.Module):
        def forward(self, x):
            return x.view(-1), torch.cat([x] * 10)

    rows = inspect(nn.Sequential(Both()), "4x4").rows
    assert rows[0].output_bytes == 64 + 640


def _joined(net, x):
    whole = F.interpolate(net.pool(x), size=x.shape[-2:])
    return net.after(torch.cat([net.conv(x), whole], 1))


WIDE = nn.Conv1d(4, 4, 3)


@pytest.mark.parametrize(
    ("forward", "shape", "is_global"),
    [
        (lambda net, x: net.after(net.pool(net.conv(x))), "1x4x9x9", True),
        (lambda net, x: net.after(net.conv(x).mean((2, 3), keepdim=True)), "1x4x9x9", True),
        (lambda net, x: net.after(net.conv(x).mean(3, keepdim=True)), "1x4x9x9", False),
        (lambda net, x: net.after(net.part(net.conv(x))), "1x4x9x9", False),
        (lambda net, x: net.after(net.conv(x) * net.pool(x)), "1x4x9x9", False),
        (lambda net, x: net.after(net.conv(x) + net.pool(x)), "1x4x9x9", True),
        (_joined, "1x4x9x9", True),
        (lambda net, x: net.after(torch.cat([net.wide(x)] * 2, 2)[..., None]), "1x4x9", False),
        (lambda net, x: net.after(net.wide(x).chunk(2, 2)[0][..., None]), "1x4x9", False),
        (lambda net, x: net.after(net.row(net.wide(x))[..., None]), "1x4x9", True),
        (lambda net, x: net.after(x[..., None, None]), "1x4", False),
    ],
)
def test_behind_what_sees_the_whole_input_the_field_is_global(forward, shape, is_global):
    after = nn.LazyConv2d(4, 1)
    model = Function(
        forward,
        conv=conv(),
        pool=nn.AdaptiveAvgPool2d(1),
        part=nn.AdaptiveMaxPool2d((1, 3)),
        wide=WIDE,
        row=nn.Linear(7, 2),
        after=after,
    )
    (row,) = [row for row in inspect(model, shape).rows if row.path == "after"]
    assert row.is_global == is_global
    if is_global:
        assert row.receptive_field is None
