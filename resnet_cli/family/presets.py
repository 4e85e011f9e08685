"""Published networks as configurations, each with its source."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from resnet_cli.family.config import FIELDS, Block, Names, ResNetConfig, Shortcut, Stem
from resnet_cli.text import nearest

_TORCHVISION: dict[str, object] = {
    "input": (1, 3, 224, 224),
    "classes": 1000,
    "conv_bias": False,
    "shortcut_norm": True,
    "names": Names.TORCHVISION,
}
_BOTTLENECK = {**_TORCHVISION, "block": Block.BOTTLENECK}
_CIFAR = {
    **_TORCHVISION,
    "input": (1, 3, 32, 32),
    "classes": 10,
    "channels": (16, 32, 64),
    "stem": Stem.CIFAR,
    "shortcut": Shortcut.PAD,
}

_50, _101 = (3, 4, 6, 3), (3, 4, 23, 3)
_HE, _HE_CIFAR = "He et al. 2015, table 1", "He et al. 2015, section 4.2"
_XIE, _WIDE = "Xie et al. 2017", "Zagoruyko and Komodakis 2016"

# name: (family, source, what differs from the defaults)
_TABLE: dict[str, tuple[str, str, dict[str, object]]] = {
    "d2l-resnet18": ("Dive into Deep Learning", "section 8.6", {}),
    "resnet18": ("torchvision", _HE, _TORCHVISION),
    "resnet34": ("torchvision", _HE, {**_TORCHVISION, "blocks": _50}),
    "resnet50": ("torchvision", _HE + "; v1.5", {**_BOTTLENECK, "blocks": _50}),
    "resnet101": ("torchvision", _HE + "; v1.5", {**_BOTTLENECK, "blocks": _101}),
    "resnet152": ("torchvision", _HE + "; v1.5", {**_BOTTLENECK, "blocks": (3, 8, 36, 3)}),
    "resnext50_32x4d": (
        "torchvision",
        _XIE,
        {**_BOTTLENECK, "blocks": _50, "groups": 32, "width_per_group": 4},
    ),
    "resnext101_32x8d": (
        "torchvision",
        _XIE,
        {**_BOTTLENECK, "blocks": _101, "groups": 32, "width_per_group": 8},
    ),
    "resnext101_64x4d": (
        "torchvision",
        _XIE,
        {**_BOTTLENECK, "blocks": _101, "groups": 64, "width_per_group": 4},
    ),
    "wide_resnet50_2": (
        "torchvision",
        _WIDE,
        {**_BOTTLENECK, "blocks": _50, "width_per_group": 128},
    ),
    "wide_resnet101_2": (
        "torchvision",
        _WIDE,
        {**_BOTTLENECK, "blocks": _101, "width_per_group": 128},
    ),
    **{
        # 6n + 2 layers: n blocks in each of the three stages.
        f"resnet{6 * n + 2}_cifar10": ("CIFAR-10", _HE_CIFAR, {**_CIFAR, "blocks": (n, n, n)})
        for n in (3, 5, 7, 9, 18, 200)
    },
}

NAMES = tuple(_TABLE)
DEFAULT = "d2l-resnet18"


class Preset(NamedTuple):
    """A published network: its family, where it was published, and its configuration."""

    name: str
    family: str
    source: str
    config: ResNetConfig

    def values(self) -> Mapping[str, object]:
        """Return all that the preset decides; the element type is the user's."""
        values = {name: getattr(self.config, name) for name in FIELDS if name != "dtype"}
        # None stands for the block's own default, so that `--block basic` can follow.
        return {**values, "stride_on": None}


def preset(name: str) -> Preset:
    """Return the preset of that name. Raises `ValueError` with the nearest names."""
    if name not in _TABLE:
        raise ValueError(
            f"{name!r} is no preset{nearest(name, NAMES)}; 'resnet-shapes presets' lists them"
        )
    family, source, values = _TABLE[name]
    return Preset(name, family, source, ResNetConfig(**values))  # type: ignore[arg-type]


def identify(config: ResNetConfig) -> str | None:
    """Return the name of the preset that has this network, whatever batch, size and dtype."""
    for name, differences in _likenesses(config):
        if not differences:
            return name
    return None


def title(config: ResNetConfig) -> str:
    """Name a network: as its preset, with what differs, or ResNet-N by the paper's count."""
    for name, differences in sorted(_likenesses(config), key=lambda likeness: len(likeness[1])):
        return ", ".join((name, *differences))
    blocks, channels = (",".join(map(str, v)) for v in (config.blocks, config.channels))
    groups = f", groups {config.groups}" if config.groups != 1 else ""
    return f"ResNet-{config.depth} ({config.block} {blocks}; channels {channels}{groups})"


def _likenesses(config: ResNetConfig) -> Iterator[tuple[str, list[str]]]:
    """Give each preset of the same body, with what differs at its two ends."""
    body = [field for field in FIELDS if field not in ("input", "classes", "names", "dtype")]
    for name in NAMES:
        known = preset(name).config
        if all(getattr(known, field) == getattr(config, field) for field in body):
            ends = []
            if known.input[1] != config.input[1]:
                ends.append(f"{config.input[1]} input channels")
            if known.classes != config.classes:
                ends.append(f"{config.classes} classes")
            yield name, ends
