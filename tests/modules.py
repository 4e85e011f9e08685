"""Modules that tests measure: one for each thing that a module can do."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

import resnet_cli
from resnet_cli.analysis.summary import Summary


def chain(width: int = 8, classes: int = 7) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, width, 3, padding=1),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(width, width, 3, dilation=2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(width, classes),
    )


class Branches(nn.Module):
    """A block with a shortcut, added in place."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.side = nn.Conv2d(4, 4, 1)
        self.relu = nn.ReLU()
        self.never = nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        y += self.side(x)
        return self.relu(y)


class Tied(nn.Module):
    """A table that is also the last layer's weight, and a layer that runs three times."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(10, 4)
        self.layer = nn.Linear(4, 4)
        self.again = self.layer
        self.head = nn.Linear(4, 10, bias=False)
        self.head.weight = self.table.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.table(tokens)
        for _ in range(3):
            x = self.layer(x)
        return self.head(x)


@dataclass
class Outputs:
    """What `Several` gives."""

    logits: Tensor
    maps: list[Tensor]


class Several(nn.Module):
    """Two inputs, and a dataclass of outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(5, 3)
        self.mix = nn.Linear(3, 2)

    def forward(self, tokens: Tensor, image: Tensor) -> Outputs:
        return Outputs(self.mix(self.embed(tokens)), [image, image.mean()])


class Restless(nn.Module):
    """Changes all it can: buffers, random state, and its own mode; then it may fail."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.drop = nn.Dropout()
        self.register_buffer("count", torch.zeros(1))
        self.fails = fails

    def forward(self, x: Tensor) -> Tensor:
        self.norm.train()
        self.drop.train()
        self.count = self.count + 1
        x = self.drop(self.norm(x)) + torch.rand(1)
        if self.fails:
            raise ValueError("on purpose")
        return x


class Attention(nn.Module):
    """Products that no module stands for, a position table, and a layer of PyTorch's own."""

    def __init__(self) -> None:
        super().__init__()
        self.position = nn.Parameter(torch.zeros(1, 6, 8))
        self.qkv = nn.Linear(8, 24)
        self.heads = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x + self.position).chunk(3, dim=-1)
        x = (q @ k.transpose(-1, -2)).softmax(-1) @ v
        return self.heads(x, x, x)[0]


class Deciding(nn.Module):
    """Looks at values, which the meta device does not have."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.layer(x)
        return y if y.sum() > 0 else -y


class Registering(nn.Module):
    """Fills a buffer that was empty, and registers one more."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("cache", None)

    def forward(self, x: Tensor) -> Tensor:
        self.cache = x
        self.register_buffer("more", x + 1, persistent=False)
        return x + self.more


class Counting(nn.Module):
    """Counts its calls in a buffer, and checks how many there were."""

    count_is = 1

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def forward(self, x: Tensor) -> Tensor:
        self.count += 1
        assert int(self.count) == self.count_is
        return x + 1


class Leaving(nn.Module):
    """Leaves the program."""

    def forward(self, x: Tensor) -> Tensor:
        raise SystemExit(3)


class Unequal(nn.Module):
    """Two branches of different sizes."""

    def __init__(self, name: str = "add") -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, 2, 1)
        self.side = nn.Conv2d(3, 8, 1)
        self.name = name

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.conv(x), self.side(x)
        return torch.cat([a, b], 1) if self.name == "cat" else getattr(a, self.name)(b)


class Generating(nn.Module):
    """Takes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self) -> Tensor:
        return self.layer(torch.zeros(1, 3))


class Tokens(nn.Module):
    """Takes tokens, perhaps a mask, and words and sizes that are no tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(10, 4)
        self.layer = nn.Linear(4, 2)

    def forward(
        self, ids: Tensor, mask: Tensor | None = None, how: str = "", sizes: object = None
    ) -> Tensor:
        assert how in ("", "a cat", "cat")
        assert sizes in (None, [1, 2])
        x = self.embed(ids)
        return self.layer(x if mask is None else x * mask[..., None])


class Detector(nn.Module):
    """Takes a list of images of any size, and perhaps what is on them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, images: list[Tensor], targets: object = None) -> list[Tensor]:
        assert isinstance(images, list)
        return [self.conv(image[None]) for image in images]


class Batched(nn.Module):
    """Takes a batch as a data loader gives it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.embed = nn.Embedding(10, 4)

    def forward(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        return self.conv(batch["image"]), self.embed(batch["ids"])


class Asking(nn.Module):
    """Calls a layer and gives it nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer()


def computed(size: int = 4) -> nn.Module:
    """Compute widths with tensors, as torchvision's RegNet does."""
    widths = (torch.arange(size) + 4).tolist()[:4]
    width = int(torch.tensor([float(widths[0])]).round())
    return nn.Sequential(nn.Linear(width, 4), nn.Linear(4, 8))


def boom() -> nn.Module:
    raise ValueError("no weights here")


def inspect(module: nn.Module, *inputs: object, **more: object) -> Summary:
    """Return all that `resnet_cli.inspect` knows of a module, as the tool's own code has it."""
    return resnet_cli.inspect(module, *inputs, **more).summary
