"""A small U-Net, for the page on networks of one's own."""

import torch
from torch import nn


def double(in_channels: int, out_channels: int) -> nn.Sequential:
    """Two 3x3 convolutions that keep the map."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(out_channels, out_channels, 3, padding=1),
        nn.ReLU(inplace=True),
    )


class UNet(nn.Module):
    """Down twice and up again, each map joined to the one of its size."""

    def __init__(self, width: int = 16, classes: int = 2) -> None:
        super().__init__()
        self.down1 = double(3, width)
        self.down2 = double(width, 2 * width)
        self.bottom = double(2 * width, 4 * width)
        self.up2 = nn.ConvTranspose2d(4 * width, 2 * width, 2, stride=2)
        self.merge2 = double(4 * width, 2 * width)
        self.up1 = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.merge1 = double(2 * width, width)
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) to (N, classes, H, W)."""
        fine = self.down1(image)  # (N, width, H, W)
        middle = self.down2(nn.functional.max_pool2d(fine, 2))  # (N, 2 width, H/2, W/2)
        x = self.bottom(nn.functional.max_pool2d(middle, 2))  # (N, 4 width, H/4, W/4)
        x = self.merge2(torch.cat([self.up2(x), middle], 1))
        x = self.merge1(torch.cat([self.up1(x), fine], 1))
        return self.head(x)
