"""A network that ran once, at other sizes: closed forms, conditions, refusals, and the proof."""

import re

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from resnet_cli.analysis.rows import summarise
from resnet_cli.analysis.symbols import predicted, resized, symbolic
from resnet_cli.analysis.trial import trial
from resnet_cli.errors import SizeError
from resnet_cli.graph.graph import at, infer
from resnet_cli.pytorch.module_proof import module_difference
from tests.pytorch.test_capture import Function, graph_of

NAMES = {(0, 0): "N", (0, 2): "H", (0, 3): "W"}


class UNet(nn.Module):
    """Two steps down and up; padded, or with skips that have to fit."""

    def __init__(self, *, padded=False):
        super().__init__()
        self.padded = padded
        self.down = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1) for a, b in ((3, 4), (4, 8), (8, 8))
        )
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, 2) for a, b in ((8, 8), (16, 4)))

    def joined(self, small, skip):
        if self.padded:
            high, wide = (skip.size(axis) - small.size(axis) for axis in (2, 3))
            small = F.pad(small, [wide // 2, wide - wide // 2, high // 2, high - high // 2])
        return torch.cat([small, skip], 1)

    def forward(self, x):
        top = self.down[0](x)
        middle = self.down[1](F.max_pool2d(top, 2))
        bottom = self.down[2](F.max_pool2d(middle, 2))
        return self.joined(self.up[1](self.joined(self.up[0](bottom), middle)), top)


def recorded(model, size=(1, 3, 64, 64)):
    graph = graph_of(model, size)
    named = symbolic(graph, NAMES)
    return graph, named, summarise(named)


CONV, STRIDED = nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(3, 8, 3, 2, 1)


@pytest.mark.parametrize(
    ("model", "conditions"),
    [
        (UNet(), ["H and W must be multiples of 4"]),
        (UNet(padded=True), []),
        (
            nn.Sequential(STRIDED, nn.Flatten(), nn.Linear(8192, 2)),
            ["ceil(H/2)*ceil(W/2) = 1024"],
        ),
        (
            Function(
                lambda net, x: net.l(net.c(x).view(-1, 8192)), c=STRIDED, l=nn.Linear(8192, 2)
            ),
            ["ceil(H/2)*ceil(W/2) = 1024"],
        ),
        (
            Function(lambda net, x: net.c(x) if x.shape[2] % 2 else x * 2, c=CONV),
            ["H must be even"],
        ),
        (Function(lambda _, x: x if x.shape[2] > x.shape[3] else x * 2), ["H <= W"]),
        (
            Function(lambda _, x: x + torch.ones(1, 512, 1)[:, : x.shape[2]]),
            ["H must be at most 512"],
        ),
        (nn.Sequential(STRIDED, nn.Upsample(scale_factor=1.5), nn.MaxPool2d(3, 2)), []),
        (nn.Sequential(STRIDED, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)), []),
        (
            Function(
                lambda net, x: net.l(net.c(x).permute(0, 2, 3, 1)), c=STRIDED, l=nn.Linear(8, 4)
            ),
            [],
        ),
    ],
    ids=range(10),
)
def test_closed_forms_and_conditions_are_proved_at_sizes_that_never_ran(model, conditions):
    graph, named, summary = recorded(model)
    assert (summary.ends, list(summary.conditions)) == ("", conditions)
    sizes = trial(graph, named, 2)
    assert sizes
    for each in sizes:
        size = (each["N"], 3, each["H"], each["W"])
        assert module_difference(model, graph, [torch.zeros(size)], torch.float32) is None
        numbers = infer(resized(graph, [size]))
        assert [f.outputs for f in infer(at(named, each))] == [f.outputs for f in numbers]
        assert summary.at(each).macs == sum(facts.macs for facts in numbers)


def test_the_sizes_of_the_proof_tell_the_dimensions_apart():
    first, second = trial(*recorded(UNet())[:2], 4)
    assert (first, second) == ({"N": 1, "H": 12, "W": 8}, {"N": 2, "H": 8, "W": 12})


@pytest.mark.parametrize(
    ("model", "size", "message"),
    [
        (UNet(), (1, 3, 62, 64), r"\(cat, given 1x8x30x32 and 1x8x31x32\): 31 is not 30"),
        (
            Function(lambda net, x: net.c(x) if x.shape[2] % 2 else x * 2, c=CONV),
            (1, 3, 63, 64),
            "its code asks whether 1 != 0, and went the other way",
        ),
        (nn.Sequential(nn.Conv2d(3, 3, 9)), (1, 3, 8, 20), "the map is smaller than the window"),
        (
            nn.Sequential(STRIDED, nn.Flatten(), nn.Linear(8192, 2)),
            (1, 3, 64, 66),
            "layer 2 .*8192",
        ),
    ],
    ids=range(4),
)
def test_a_size_that_breaks_a_condition_is_refused_with_the_layer_and_the_sizes(
    model, size, message
):
    graph, named, _ = recorded(model)
    sizes = {"N": size[0], "H": size[2], "W": size[3]}
    for other in (resized(graph, [size]), at(named, sizes)):
        with pytest.raises(SizeError, match=message):
            predicted(other, graph)


@pytest.mark.parametrize(
    ("forward", "end"),
    [
        (lambda net, x: net.c(torch.topk(x, 3, dim=1)[0]), "topk has no arithmetic here"),
        (lambda net, x: net.c(F.interpolate(x, scale_factor=0.3)), "interpolate: H times 0.3"),
        (lambda net, x: net.c(x[:, :, : int(x.shape[2] / 2)]), r"a mere number of H \(int\)"),
        (lambda net, x: sum(net.c(x[:1]) for _ in range(x.shape[0])), r"of N \(range\(\)\)"),
        (lambda net, x: net.c(x) if x.sum() >= 0 else x, r"depends on values \(bool\)"),
        (lambda net, x: net.c(x) if x.sum() + 1 and x.shape[2] > 9 else x, "depends on values"),
    ],
)
def test_where_closed_forms_end_is_said_and_recorded_sizes_stay(forward, end):
    graph, named, summary = recorded(Function(forward, c=CONV))
    assert summary.ends.startswith("closed forms end at ")
    assert re.search(end, summary.ends)
    assert summary.rows[-1].output_shape == summarise(graph).rows[-1].output_shape
    assert len(trial(graph, named)) == 1


def test_a_network_that_runs_otherwise_is_no_longer_what_was_recorded():
    class Fickle(nn.Module):
        """A network that does one thing more each time."""

        def __init__(self):
            super().__init__()
            self.times = 0

        def forward(self, x):
            self.times += 1
            for _ in range(self.times):
                x = x * 2
            return x

    model = Fickle()
    graph = graph_of(model, (1, 3, 8, 8))
    found = module_difference(model, graph, [torch.zeros(1, 3, 9, 9)], torch.float32)
    assert (found.what, found.predicted, found.actual) == ("operation", "none", "multiply")


def test_a_comparison_without_a_closed_form_ends_them_and_breaks_nothing():
    model = Function(lambda _, x: x if x.shape[2] % x.shape[3] == 0 else x * 2)
    _, _, summary = recorded(model)
    assert "its code compares sizes: H divided by W has no closed form here" in summary.ends
    assert summary.no_peak == "closed forms end"
