"""What multiplies is counted by a rule here, by PyTorch's registry, or named as not counted."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.modules import inspect
from tests.pytorch.test_capture import Function


def spread(x):
    """Make a parameter of that many ones a side."""
    return nn.Parameter(torch.ones(x))


@pytest.mark.parametrize(
    ("forward", "macs"),
    [
        (lambda net, x: torch.linalg.matmul(x, net.w.T), 60),
        (lambda net, x: torch.inner(x, net.w), 60),
        (lambda net, x: torch.ops.aten.mm(x, net.w.T), 60),
        (lambda net, x: torch.ops.aten.mm.default(x, net.w.T), 60),
        (lambda net, x: torch.tensordot(x, net.w, dims=([1], [1])), 60),
        (lambda net, x: torch.einsum("...i,oi->...o", x, net.w), 60),
        (lambda net, x: torch.linalg.multi_dot([x, net.w.T, net.w]), 120),
        (lambda net, x: x[0, 0] * torch.einsum("ij,kj->ik", net.w, net.w), 100),
        (lambda net, x: F.linear(x, net.w), 60),
        (lambda net, x: x * net.w[0] + net.w[1], 0),
        (lambda net, x: torch.cat([x, net.w])[torch.tensor([0, 2])], 0),
    ],
)
def test_a_function_is_counted_by_a_rule_here_or_by_pytorchs(forward, macs):
    summary = inspect(Function(forward, w=spread((5, 4))), torch.ones(3, 4))
    assert (summary.macs, summary.not_counted) == (macs, ())


@pytest.mark.parametrize(
    ("forward", "name"),
    [
        (lambda net, x: torch.cdist(x, net.w), "cdist"),
        (lambda net, x: torch.outer(x[0], x[1]), "outer"),
        (lambda net, x: torch.kron(x, net.w), "kron"),
        (lambda _, x: torch.linalg.inv(x[:3, :3]), "linalg_inv"),
        (lambda _, x: torch.conv_tbc(x[None], torch.ones(1, 4, 2), torch.ones(2)), "conv_tbc"),
    ],
)
def test_what_multiplies_and_nobody_counts_is_named(forward, name):
    summary = inspect(Function(forward, w=spread((5, 4))), torch.eye(4))
    assert summary.error is None
    assert summary.not_counted == (name,)


def test_an_exported_network_is_counted_as_it_was_before():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2)).eval()
    exported = torch.export.export(network, (torch.ones(1, 3, 8, 8),)).module()
    assert inspect(exported, torch.ones(1, 3, 8, 8)).macs == inspect(network, "1x3x8x8").macs
