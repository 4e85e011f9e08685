"""The proof on the devices that are here: the same on all, and skipped by name where one is not."""

from pathlib import Path

import pytest
import torch

from resnet_cli.analysis.network import predict
from resnet_cli.family import presets
from resnet_cli.family.config import Block, ResNetConfig, Shortcut
from resnet_cli.pytorch import forward

DEVICES = {
    "cpu": True,
    "meta": True,
    "cuda": torch.cuda.is_available(),
    "mps": torch.backends.mps.is_available(),
}
NETWORKS = {
    "resnet18": ResNetConfig(**presets.preset("resnet18").values()),
    "bottlenecks": ResNetConfig(
        (2, 3, 33, 65), (8, 16), (2, 1), block=Block.BOTTLENECK, width_per_group=64
    ),
    "padded": ResNetConfig((1, 1, 32, 32), (4, 8), (1, 1), shortcut=Shortcut.PAD),
}

pytestmark = pytest.mark.parametrize(
    "device",
    [
        pytest.param(name, marks=pytest.mark.skipif(not here, reason=f"there is no {name} here"))
        for name, here in DEVICES.items()
    ],
)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_proved(device, name):
    network = predict(NETWORKS[name])
    proof = forward.prove(network.graph, network.summary, device)
    assert (proof.device, proof.agrees, proof.difference) == (device, True, None)


def test_a_module_of_the_users_own_is_the_same_everywhere(device, invoke):
    Path("net.py").write_text(
        "from torch import nn\n"
        "def Net():\n    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(),\n"
        "                         nn.Linear(8 * 6 * 6, 5))\n"
    )
    args = ("--module", "net.py:Net", "--input", "2x3x8x8", "--format", "csv")
    found = invoke(*args, "--device", device)
    assert found.code == 0
    assert found.stdout == invoke(*args, "--device", "cpu").stdout
    assert f" on {device}, " in found.stderr
