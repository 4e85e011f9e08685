"""Random networks: what is predicted is what PyTorch does with modules written apart from the tool.

The modules here are He et al. 2015 by hand, and share no line with `family/` and `pytorch/`.
"""

import math

import pytest
from hypothesis import given

from resnet_cli.analysis.network import predict
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.modes import (
    AntiAlias,
    Attention,
    Block,
    Downsample,
    Shortcut,
    Stem,
    StemPool,
    StrideOn,
)
from resnet_cli.graph.dims import Dim
from tests.strategies import configs


def network(config: ResNetConfig):
    """Return the network as modules, which have names of their own."""
    import torch
    from torch import nn
    from torch.nn import functional

    def conv(taken, given, kernel, stride=1, groups=1):
        return nn.Conv2d(
            taken, given, kernel, stride, kernel // 2, groups=groups, bias=config.conv_bias
        )

    def unit(*sizes):
        return nn.Sequential(conv(*sizes), nn.BatchNorm2d(sizes[1]), nn.ReLU())

    def before(*sizes):
        return nn.Sequential(nn.BatchNorm2d(sizes[0]), nn.ReLU(), conv(*sizes))

    class Blur(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.register_buffer("filter", torch.ones(width, 1, 3, 3) / 9)

        def forward(self, x):
            padded = functional.pad(x, (1, 1, 1, 1), mode="reflect")
            return functional.conv2d(padded, self.filter, stride=2, groups=len(self.filter))

    def halved(width):
        return nn.AvgPool2d(2, 2) if config.anti_alias is AntiAlias.AVGPOOL else Blur(width)

    class Gate(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.is_along = config.attention is Attention.ECA
            if self.is_along:
                reach = max(3, int((math.log2(width) + 1) / 2) | 1)
                self.inner = nn.Conv1d(1, 1, reach, padding=reach // 2, bias=False)
            else:
                inner = max(8, (int(width / 16 + 4) // 8) * 8)
                one, two = nn.Conv2d(width, inner, 1), nn.Conv2d(inner, width, 1)
                self.inner = nn.Sequential(one, nn.ReLU(), two)

        def forward(self, x):
            y = x.mean((2, 3))
            y = self.inner(y[:, None] if self.is_along else y[:, :, None, None])
            return x * torch.sigmoid(y).reshape(*x.shape[:2], 1, 1)

    class Residual(nn.Module):
        def __init__(self, taken, planes, stride):
            super().__init__()
            self.shape = (taken, planes * (4 if config.block is Block.BOTTLENECK else 1), stride)
            taken, given, _ = self.shape
            self.changes = stride > 1 or taken != given
            if config.block is Block.BASIC:
                widths, kernels, strides = [taken, planes, planes], [3, 3], [stride, 1]
            else:
                width = int(planes * config.width_per_group / 64) * config.groups
                widths, kernels = [taken, width, width, given], [1, 3, 1]
                strides = [stride, 1, 1] if config.stride_on is StrideOn.FIRST else [1, stride, 1]
            self.main = nn.Sequential()
            for i, (kernel, step) in enumerate(zip(kernels, strides, strict=True)):
                has_pool = config.anti_alias is not AntiAlias.NONE and step == 2
                groups = config.groups if kernel == 3 else 1
                sizes = widths[i], widths[i + 1], kernel, 1 if has_pool else step, groups
                self.main.append((before if config.pre_activation else unit)(*sizes))
                if has_pool:
                    self.main.append(halved(widths[i + 1]))
            if not config.pre_activation:
                self.main[-1].pop(2)
                if config.attention is not Attention.NONE:
                    self.main.append(Gate(given))
            self.side = None
            if self.changes and config.shortcut is Shortcut.PROJECTION:
                has_pool = config.downsample is Downsample.AVGPOOL
                self.side = nn.Sequential(conv(taken, given, 1, 1 if has_pool else stride))
                if has_pool and stride == 2:
                    self.side.insert(0, nn.AvgPool2d(2, 2, ceil_mode=True))
                if config.shortcut_norm:
                    self.side.append(nn.BatchNorm2d(given))

        def forward(self, x):
            taken, given, stride = self.shape
            if config.pre_activation:
                y = self.main[0][:2](x)
                side = self.side(y) if self.side else x
                y = self.main[1:](self.main[0][2](y))
            else:
                side = self.side(x) if self.side else x
                y = self.main(x)
            if self.changes and self.side is None:
                side = side[:, :, ::stride, ::stride]
                side = functional.pad(side, (0, 0, 0, 0, 0, given - taken))
            return y + side if config.pre_activation else torch.relu(y + side)

    image, width = config.input[1], config.channels[0]
    if config.stem is Stem.CIFAR:
        parts = [conv(image, width, 3)]
    elif config.stem is Stem.IMAGENET:
        parts = [conv(image, width, 7, 2)]
    else:
        first = second = config.stem_width
        width = 2 * first
        first = 3 * (first // 4) if config.stem is Stem.DEEP_TIERED else first
        parts = [*unit(image, first, 3, 2), *unit(first, second, 3), conv(second, width, 3)]
    if not config.pre_activation:
        parts += [nn.BatchNorm2d(width), nn.ReLU()]
    if config.stem is not Stem.CIFAR:
        has_pool = config.anti_alias is not AntiAlias.NONE
        if config.stem_pool is StemPool.CONV:
            parts += [conv(width, width, 3, 1 if has_pool else 2)]
            parts += [halved(width)] * has_pool
            parts += [nn.BatchNorm2d(width), nn.ReLU()]
        elif config.anti_alias is not AntiAlias.AVGPOOL:
            parts += [nn.MaxPool2d(3, 1 if has_pool else 2, 1)]
            parts += [halved(width)] * has_pool
        else:
            parts += [halved(width)]
    for number, (planes, count) in enumerate(zip(config.channels, config.blocks, strict=True)):
        for block in range(count):
            parts.append(Residual(width, planes * config.widen, 2 if number and not block else 1))
            width = parts[-1].shape[1]
    parts += [nn.BatchNorm2d(width), nn.ReLU()] * config.pre_activation
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, config.classes)]
    return nn.Sequential(*parts, *head).eval()


def _agrees(config):
    import torch
    from torch import nn
    from torch.utils.flop_counter import FlopCounterMode

    summary, model, shapes = predict(config).summary, network(config), []
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.BatchNorm2d):
            module.register_forward_hook(lambda _, taken, given: shapes.append((*given.shape,)))
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        output = model(torch.zeros(*config.input))
    assert (summary.params, summary.buffers, 2 * summary.macs, summary.output_shape) == (
        sum(p.numel() for p in model.parameters()),
        sum(b.numel() for b in model.buffers()),
        counter.get_total_flops(),
        output.shape,
    )
    # What runs first, and what it is called, differs with a library; a head may be a convolution.
    kinds = ("Conv2d", "BatchNorm2d")
    rows = [row for row in summary.rows if row.type in kinds and row.role != "head"]
    assert sorted(row.output_shape for row in rows) == sorted(shapes)


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
    attack.draws(1_000)(given(configs(anti_alias=AntiAlias))(_agrees))()


@pytest.mark.slow
def test_formulas_evaluate_to_the_numbers(attack):
    attack.draws(1_000)(given(configs(anti_alias=AntiAlias))(_evaluates))()
