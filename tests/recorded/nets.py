"""Networks that the recorded cases give to `--module`; each case has a copy of this file."""

import itertools

import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

LIST = [1, 2]


def residual(width: int = 8, blocks: int = 2, classes: int = 5) -> nn.Module:
    layers = [nn.Conv2d(3, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
    layers += [Basic(width, width) for _ in range(blocks)]
    return nn.Sequential(
        nn.Sequential(*layers),
        Basic(width, 2 * width, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(2 * width, classes),
    )


class Basic(nn.Module):
    """A residual block as torchvision has it."""

    def __init__(self, inside: int, outside: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outside)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.downsample = None
        if stride != 1 or inside != outside:
            self.downsample = nn.Sequential(
                nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


def resnet18(channels: int = 3, classes: int = 1000) -> nn.Module:
    widths = (64, 64, 128, 256, 512)
    stages = [
        nn.Sequential(Basic(a, b, 1 if a == b else 2), Basic(b, b))
        for a, b in itertools.pairwise(widths)
    ]
    return nn.Sequential(
        nn.Conv2d(channels, 64, 7, 2, 3, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, 1),
        *stages,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(512, classes),
    )


class UNet(nn.Module):
    """Two levels down, two up, and a skip between them."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.ReLU())
        self.pool = nn.MaxPool2d(2)
        self.bottom = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.up = nn.ConvTranspose2d(2 * width, width, 2, 2)
        self.merge = nn.Conv2d(2 * width, width, 3, padding=1)
        self.head = nn.Conv2d(width, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        skip = self.down(x)
        x = self.up(self.bottom(self.pool(skip)))
        return self.head(self.merge(torch.cat([skip, x], 1)))


class Inception(nn.Module):
    """Four arms beside each other."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(8, 4, 1)
        self.three = nn.Sequential(nn.Conv2d(8, 4, 1), nn.Conv2d(4, 8, 3, padding=1))
        self.five = nn.Sequential(nn.Conv2d(8, 2, 1), nn.Conv2d(2, 4, 5, padding=2))
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(8, 4, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.one(x), self.three(x), self.five(x), self.pool(x)], 1)


class Two(nn.Module):
    """Words and an image in, a dictionary out."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(9, 4)
        self.image = nn.Linear(6, 4)

    def forward(self, tokens: Tensor, image: Tensor) -> dict[str, object]:
        words = self.words(tokens).mean(1)
        return {"sum": words + self.image(image), "both": [words, (image, None)]}


class Failing(nn.Module):
    """Its second layer does not take what the first gives, unless it raises itself before."""

    def __init__(self, kind: str = "channels") -> None:
        super().__init__()
        self.kind = kind
        self.first = nn.Conv2d(3, 8, 3, 2)
        self.second = nn.Conv2d(16, 4, 3) if kind == "channels" else nn.Linear(16, 4)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        if self.kind == "raise":
            raise ValueError("not\nlike this ##[error]")
        if self.kind == "window":
            return nn.Sequential(nn.MaxPool2d(99))(x)
        if self.kind == "norm":
            return self.norm(x)
        return self.second(x)


class Frozen(nn.Module):
    """A body that does not train, a layer that never runs, and one that runs twice."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).requires_grad_(False)
        self.unused = nn.Linear(3, 3)
        self.twice = nn.Conv2d(4, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.twice(self.twice(self.body(x)))


class Opaque(nn.Module):
    """Products that no layer stands for, some of which nobody counts."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(4, 4))
        self.mix = nn.Bilinear(4, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.einsum("...i,ij->...j", x, self.weight) @ self.weight
        return self.mix(y, x)


class Attending(nn.Module):
    """Attention, a recurrent layer, a normalisation and half precision in one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.heads = nn.MultiheadAttention(8, 2, batch_first=True)
        self.steps = nn.LSTM(8, 6, batch_first=True)
        self.last = nn.Linear(6, 2).to(torch.float64)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(x)
        x, _ = self.heads(x, x, x)
        return self.last(self.steps(x)[0].to(torch.float64))


class Deciding(nn.Module):
    """Looks at values; says what it expects."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.example_input_array = torch.zeros(2, 4)

    def forward(self, x: Tensor) -> Tensor:
        print("deciding")
        return self.layer(x) if bool(x.sum() == 0) else x


class Maps(nn.Module):
    """One dimension and three, dilated, grouped, with no square windows."""

    def __init__(self) -> None:
        super().__init__()
        self.row = nn.Conv1d(4, 8, 3, dilation=2, groups=2)
        self.box = nn.Conv3d(1, 2, (1, 3, 5), padding="same")

    def forward(self, x: Tensor) -> Tensor:
        return self.box(self.row(x)[:, None, None])


class Products(nn.Module):
    """A call of most functions that multiply."""

    def __init__(self) -> None:
        super().__init__()
        self.step = nn.LSTMCell(4, 3)
        self.spread = nn.ConvTranspose1d(2, 3, 2)

    def forward(self, x: Tensor) -> Tensor:  # (2, 4, 4)
        y = nn.functional.scaled_dot_product_attention(x, x, x)
        y = torch.baddbmm(y, x, x) + torch.addbmm(x[0], x, x) + torch.addmm(x[0], x[0], x[1])
        y = y + torch.einsum("bij,bjk->bik", x, x) + torch.einsum("bij,bjk->bik", [x, x])
        y[0, 0] = torch.addmv(x[0, 0], x[0], x[0, 0])
        self.step(y[0])
        return self.spread(x[:, :2]) if x.dim() == 3 else y


class Held:
    """Attributes within attributes."""

    class Inner:
        """One level down."""

        net = nn.Linear(3, 2)


def large() -> nn.Module:
    return nn.Sequential(nn.Linear(20_000, 20_000), nn.Linear(20_000, 5))


def none_at_all() -> None:
    return None


def refuses(depth: int) -> nn.Module:
    raise RuntimeError(f"no depth {depth}")


def vectors() -> nn.Module:
    return nn.Sequential(nn.Conv1d(3, 4, 3), nn.AvgPool1d(9), nn.Linear(24, 2))


def norms() -> nn.Module:
    return nn.Sequential(nn.Identity(), nn.BatchNorm1d(3, track_running_stats=False))


def unflattened() -> nn.Module:
    return nn.Sequential(nn.MaxPool2d(2), nn.Linear(12, 5))


def alone() -> nn.Module:
    return nn.ReLU()


def halves() -> nn.Module:
    return residual().half()


def scripted() -> nn.Module:
    return torch.jit.script(nn.Linear(2, 2))


net = nn.Linear(3, 2)
text = "no network"
