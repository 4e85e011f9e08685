"""Random networks: what is predicted is what PyTorch does with modules written apart from the tool.

The modules here are He et al. 2015 by hand, and share no line with `family/` and `pytorch/`.
"""

import pytest
from hypothesis import given

from resnet_cli.analysis.network import predict
from resnet_cli.family.config import Block, ResNetConfig, Shortcut, Stem, StrideOn
from resnet_cli.graph.dims import Dim
from tests.strategies import configs


def network(config: ResNetConfig):
    """Return the network as modules, and what it is called by the tool's paths."""
    import torch
    from torch import nn
    from torch.nn import functional

    def conv(taken, given, kernel, stride=1, groups=1):
        return nn.Conv2d(
            taken, given, kernel, stride, kernel // 2, groups=groups, bias=config.conv_bias
        )

    class Residual(nn.Module):
        def __init__(self, taken, planes, stride):
            super().__init__()
            self.shape = (taken, planes * (4 if config.block is Block.BOTTLENECK else 1), stride)
            taken, given, _ = self.shape
            changes = stride > 1 or taken != given
            if config.block is Block.BASIC:
                widths, kernels, strides = [taken, planes, planes], [3, 3], [stride, 1]
            else:
                width = int(planes * config.width_per_group / 64) * config.groups
                widths, kernels = [taken, width, width, given], [1, 3, 1]
                strides = [stride, 1, 1] if config.stride_on is StrideOn.FIRST else [1, stride, 1]
            for i, kernel in enumerate(kernels):
                groups = config.groups if kernel == 3 else 1
                layer = conv(widths[i], widths[i + 1], kernel, strides[i], groups)
                setattr(self, f"conv{i + 1}", layer)
                setattr(self, f"bn{i + 1}", nn.BatchNorm2d(widths[i + 1]))
            self.last, self.side = len(kernels), None
            if changes and config.shortcut is Shortcut.PROJECTION:
                self.side = nn.Sequential(conv(taken, given, 1, stride))
                if config.shortcut_norm:
                    self.side.append(nn.BatchNorm2d(given))

        def forward(self, x):
            y = x
            for i in range(1, self.last + 1):
                y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
                y = torch.relu(y) if i < self.last else y
            if self.side is not None:
                return torch.relu(y + self.side(x))
            taken, given, stride = self.shape
            x = x[:, :, ::stride, ::stride]
            return torch.relu(y + functional.pad(x, (0, 0, 0, 0, 0, given - taken)))

    width, image = config.channels[0], config.input[1]
    cifar = config.stem is Stem.CIFAR
    stem = nn.Sequential(
        conv(image, width, 3 if cifar else 7, 1 if cifar else 2), nn.BatchNorm2d(width), nn.ReLU()
    )
    parts = [stem if cifar else stem.append(nn.MaxPool2d(3, 2, 1))]
    for number, (planes, count) in enumerate(zip(config.channels, config.blocks, strict=True)):
        stage = nn.Sequential()
        for block in range(count):
            stage.append(Residual(width, planes, 2 if number and not block else 1))
            width = stage[-1].shape[1]
        parts.append(stage)
    return nn.Sequential(
        *parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, config.classes)
    ).eval()


def _agrees(config):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    summary, model, shapes = predict(config).summary, network(config), {}
    for name, module in model.named_modules():
        module.register_forward_hook(
            lambda _, taken, given, name=name: shapes.update({name: tuple(given.shape)})
        )
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(*config.input))
    assert (summary.params, summary.buffers, 2 * summary.macs) == (
        sum(p.numel() for p in model.parameters()),
        sum(b.numel() for b in model.buffers()),
        counter.get_total_flops(),
    )
    rows = {row.path: row for row in summary.rows}
    known = {path: shape for path, shape in shapes.items() if path in rows}
    assert len(known) > sum(config.blocks)
    assert {path: rows[path].output_shape for path in known} == known
    assert summary.output_shape == shapes[""]


def _evaluates(config):
    batch, channels, height, width = config.input
    names = tuple(Dim.named(name, axis) for name, axis in (("N", 0), ("H", 2), ("W", 3)))
    named = config._replace(input=(names[0], channels, *names[1:]))
    found = predict(named).summary.at({"N": batch, "H": height, "W": width})
    numbers = predict(config).summary
    assert found.totals() == numbers.totals()
    assert [row.output_shape for row in found.rows] == [row.output_shape for row in numbers.rows]


@pytest.mark.slow
def test_what_is_predicted_is_what_pytorch_does(attack):
    attack.draws(1_000)(given(configs())(_agrees))()


@pytest.mark.slow
def test_formulas_evaluate_to_the_numbers(attack):
    attack.draws(1_000)(given(configs())(_evaluates))()
