"""Small networks of every kind of operation whose training is known, each with its input."""

import torch
from torch import nn
from torch.nn import functional as F

IMAGE = (2, 3, 8, 8)

ACTIVATIONS = (
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish),
    *(nn.Hardswish, nn.Hardsigmoid, nn.Hardtanh, nn.Sigmoid, nn.Tanh, nn.Softplus),
    *(nn.LogSigmoid, nn.Hardshrink, nn.Softshrink, nn.Identity),
)
IN_PLACE = (
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.SiLU, nn.Mish),
    *(nn.Hardswish, nn.Hardsigmoid, nn.Hardtanh),
)


class Function(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Gated(nn.Module):
    """Squeeze and excitation; `meet` is how the gate and the map meet."""

    def __init__(self, meet):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.squeeze = nn.Conv2d(8, 4, 1)
        self.excite = nn.Conv2d(4, 8, 1)
        self.meet = meet

    def forward(self, x):
        gate = F.relu(self.squeeze(self.pool(x)))
        return self.meet(x, self.excite(gate) + 1)


class Preactivated(nn.Module):
    """Residual blocks whose sums nobody keeps at once, one convolution for all."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.norms = nn.ModuleList(nn.BatchNorm2d(8) for _ in range(4))
        self.conv = nn.Conv2d(8, 8, 3, padding=1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        x = self.stem(x)
        for norm in self.norms:
            x = x + self.conv(F.relu(norm(x)))
        return self.head(torch.flatten(self.pool(x), 1))


class Widened(nn.Module):
    """A shortcut that is subsampled and padded (option A)."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.conv = nn.Conv2d(4, 8, 3, stride=2, padding=1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        x = F.relu(self.stem(x))
        side = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2))
        return self.head(torch.flatten(self.pool(F.relu(self.conv(x) + side)), 1))


class Tokens(nn.Module):
    """Linear layers on three dimensions, with and without a bias."""

    def __init__(self):
        super().__init__()
        self.wide = nn.Linear(16, 32)
        self.narrow = nn.Linear(32, 16, bias=False)
        self.head = nn.Linear(64, 5)

    def forward(self, x):
        return self.head(torch.flatten(x + self.narrow(F.relu(self.wide(x))), 1))


def image(*middle):
    """Return layers between a convolution and a classifier."""
    front = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)
    return nn.Sequential(*front, *middle, nn.Flatten(), nn.LazyLinear(10))


def gate(x, y):
    """Multiply in place, into a tensor of its own."""
    x = x + 0
    x *= y
    return x


def _activation(kind, **how):
    return lambda: image(kind(**how), nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8), kind(**how))


def _middle(*layers):
    return lambda: image(nn.ReLU(), *layers)


NETWORKS = {
    **{kind.__name__: (_activation(kind), IMAGE) for kind in ACTIVATIONS},
    **{f"{kind.__name__} in place": (_activation(kind, inplace=True), IMAGE) for kind in IN_PLACE},
    "gate": (lambda: image(Gated(lambda x, y: x * y), nn.ReLU()), IMAGE),
    "gate first": (lambda: image(Gated(lambda x, y: y * x), nn.ReLU()), IMAGE),
    "gate in place": (lambda: image(Gated(gate), nn.Conv2d(8, 8, 3)), IMAGE),
    "stretched sum": (lambda: image(Gated(lambda x, y: x + y), nn.ReLU()), IMAGE),
    "square": (lambda: image(Function(lambda x: x * x)), IMAGE),
    "twice": (lambda: image(Function(lambda x: x + x)), IMAGE),
    "plus one": (lambda: image(Function(lambda x: x + 1), nn.ReLU()), IMAGE),
    "MaxPool2d": (_middle(nn.MaxPool2d(3, 2, 1, ceil_mode=True)), IMAGE),
    "MaxPool2d of a norm": (lambda: image(nn.MaxPool2d(2)), IMAGE),
    "AvgPool2d": (_middle(nn.AvgPool2d(2)), IMAGE),
    "AdaptiveAvgPool2d(1)": (_middle(nn.AdaptiveAvgPool2d(1)), IMAGE),
    "AdaptiveAvgPool2d(2)": (lambda: image(nn.AdaptiveAvgPool2d((1, 2))), IMAGE),
    "Conv2d in groups": (_middle(nn.Conv2d(8, 8, 3, groups=8, bias=False), nn.ReLU6()), IMAGE),
    "norms": (
        _middle(nn.BatchNorm2d(8, affine=False), nn.BatchNorm2d(8, track_running_stats=False)),
        IMAGE,
    ),
    "preactivated": (Preactivated, IMAGE),
    "widened": (Widened, IMAGE),
    "tokens": (Tokens, (2, 4, 16)),
    "segmentation": (
        lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(inplace=True), nn.Conv2d(8, 5, 1)),
        IMAGE,
    ),
    "perceptron": (
        lambda: nn.Sequential(
            *(nn.Flatten(), nn.Linear(192, 300), nn.ReLU()),
            *(nn.Linear(300, 64, bias=False), nn.Tanh(), nn.Linear(64, 10)),
        ),
        IMAGE,
    ),
    "one dimension": (
        lambda: nn.Sequential(
            *(
                nn.Conv1d(3, 8, 3),
                nn.BatchNorm1d(8),
                nn.ReLU(),
                nn.MaxPool1d(2),
                nn.Conv1d(8, 8, 3),
            ),
            *(nn.AvgPool1d(2), nn.AdaptiveAvgPool1d(2), nn.Flatten(), nn.Linear(16, 10)),
        ),
        (2, 3, 40),
    ),
    "three dimensions": (
        lambda: nn.Sequential(
            *(
                nn.Conv3d(3, 8, 3),
                nn.BatchNorm3d(8),
                nn.ReLU(),
                nn.MaxPool3d(2),
                nn.Conv3d(8, 8, 3),
            ),
            *(nn.AvgPool3d(2), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(8, 10)),
        ),
        (2, 3, 14, 14, 14),
    ),
}
