"""A network of one's own that is a known one, whatever its modules are called."""

import itertools

import torch
from torch import nn
from torch.nn import functional as F

from resnet_cli.family import presets, resnet
from resnet_cli.pytorch.build import build
from tests.modules import inspect


class Basic(nn.Module):
    """ResNet-18's block with other names, functional activations, the shortcut first."""

    def __init__(self, before, width, stride):
        super().__init__()
        self.a = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.b = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(3 if stride > 1 else 2))
        self.way = nn.Conv2d(before, width, 1, stride, bias=False) if stride > 1 else None

    def forward(self, x):
        side = x if self.way is None else self.norms[2](self.way(x))
        x = F.dropout(F.relu(self.norms[0](self.a(x))), training=self.training)
        return (side + self.norms[1](self.b(x))).relu_()


class Mine(nn.Module):
    """ResNet-18 as somebody else writes it."""

    def __init__(self, channels=3, classes=1000):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(channels, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64))
        widths = (64, 64, 64, 128, 128, 256, 256, 512, 512)
        self.blocks = nn.ModuleList(
            Basic(a, b, 1 + (a != b)) for a, b in itertools.pairwise(widths)
        )
        self.top = nn.Linear(512, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.stem(x)), 3, 2, 1)
        for block in self.blocks:
            x = block(x)
        return self.top(F.adaptive_avg_pool2d(x, 1).view(x.size(0), -1))


def test_a_network_is_known_by_what_it_does():
    summary = inspect(Mine(), "2x3x97x65")
    assert summary.known_as == "resnet18"
    assert summary.heading.startswith("Mine (resnet18)  input 2x3x97x65")
    assert inspect(Mine(5, 7), "1x5x64x64").known_as == "resnet18, 5 input channels, 7 classes"


def test_one_convolution_twice_is_another_network():
    model = Mine()
    model.blocks[1].b = model.blocks[1].a
    assert inspect(model, "1x3x64x64").known_as is None


def test_what_the_flags_build_is_known_from_its_modules():
    config = presets.preset("resnet50").config
    model = build(resnet.build(config))
    assert inspect(model, "1x3x64x64").known_as == "resnet50"
    model.register_forward_hook(lambda _m, _i, out: torch.softmax(out, 1))
    assert inspect(model, "1x3x64x64").known_as is None
