"""What the flags say: one frozen, validated value.

The defaults are the notebook's ResNet-18. Every wrong field raises `ConfigError` with the
field's name, so that the command line can name the flag, the variable or the file's key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from resnet_cli.errors import ConfigError
from resnet_cli.parse import LIMIT
from resnet_cli.text import format_shape

if TYPE_CHECKING:
    from resnet_cli.graph.kinds import Shape


MAX_LAYERS = 100_000

BASE_WIDTH = 64
"""The width per group that means "as wide as the planes" (torchvision's `base_width`)."""


class Block(StrEnum):
    """The two residual blocks of He et al. 2015, figure 5."""

    BASIC = "basic"
    """Two 3x3 convolutions."""
    BOTTLENECK = "bottleneck"
    """1x1, 3x3, 1x1, the last four times as wide."""

    @property
    def expansion(self) -> int:
        """Output channels over planes (torchvision's name)."""
        return 4 if self is Block.BOTTLENECK else 1

    @property
    def convolutions(self) -> int:
        """Convolutions on the main path."""
        return 3 if self is Block.BOTTLENECK else 2


class Stem(StrEnum):
    """What stands before the first stage."""

    IMAGENET = "imagenet"
    """7x7 stride 2, then max pooling (He et al. 2015, table 1)."""
    CIFAR = "cifar"
    """3x3 stride 1, no pooling (He et al. 2015, section 4.2)."""


class Shortcut(StrEnum):
    """What a shortcut is where stride or width change (He et al. 2015, section 3.3)."""

    PROJECTION = "projection"
    """Option B: a 1x1 convolution."""
    PAD = "pad"
    """Option A: the strided identity, zeros for the new channels; no parameters."""


class StrideOn(StrEnum):
    """Which convolution of a bottleneck has the stride."""

    SECOND = "3x3"
    """ResNet v1.5, as torchvision has it."""
    FIRST = "1x1"
    """ResNet v1, as the paper has it."""


class Names(StrEnum):
    """Whose names a network's modules have."""

    NOTEBOOK = "notebook"
    """Numbers, as in the notebook: `2.0.conv1`."""
    TORCHVISION = "torchvision"
    """Those of checkpoints and feature extractors: `layer2.0.conv1`."""


class DType(StrEnum):
    """Element types, with their size."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"
    FLOAT64 = "float64"

    @property
    def itemsize(self) -> int:
        """Bytes an element."""
        return {"float32": 4, "float64": 8}.get(self, 2)


@dataclass(frozen=True, slots=True)
class ResNetConfig:
    """A residual network and its input.

    `input` is `(N, C, H, W)`; C sets the first convolution's channels, and N, H and W may
    be names (`dims.Dim`) in place of numbers. `channels` are the
    stages' widths (torchvision's planes: with bottlenecks a stage gives four times as
    many), the first also the stem's. `stride_on` is None with basic blocks.

    Raises `ConfigError` for a field that is wrong, alone or beside another.
    """

    input: "Shape" = (1, 1, 224, 224)
    channels: tuple[int, ...] = (64, 128, 256, 512)
    blocks: tuple[int, ...] = (2, 2, 2, 2)
    classes: int = 10
    block: Block = Block.BASIC
    stem: Stem = Stem.IMAGENET
    groups: int = 1
    width_per_group: int = BASE_WIDTH
    shortcut: Shortcut = Shortcut.PROJECTION
    stride_on: StrideOn | None = None
    conv_bias: bool = True
    shortcut_norm: bool = False
    names: Names = Names.NOTEBOOK
    dtype: DType = DType.FLOAT32

    def __post_init__(self) -> None:
        for field, kind in _MODES.items():
            _coerce(self, field, kind)
        _check_input(self.input)
        for field in ("channels", "blocks"):
            _check_list(field, getattr(self, field))
        for field in ("classes", "groups", "width_per_group"):
            _check_number(field, getattr(self, field))
        _check_stages(self)
        _check_pad(self)
        if self.block is Block.BASIC:
            _check_basic(self)
        else:
            _check_widths(self)
            if self.stride_on is None:
                object.__setattr__(self, "stride_on", StrideOn.SECOND)

    @property
    def depth(self) -> int:
        """The paper's count of layers: convolutions on the main path and the linear layer."""
        return sum(self.blocks) * self.block.convolutions + 2

    @property
    def image_channels(self) -> int:
        """Channels of the input: always a number, since weights depend on it."""
        channels = self.input[1]
        assert isinstance(channels, int)
        return channels

    @property
    def named(self) -> tuple[str, ...]:
        """The input's sizes that are names, by axis."""
        return tuple(dict.fromkeys(str(size) for size in self.input if not isinstance(size, int)))

    def at(self, sizes: Mapping[str, int]) -> "ResNetConfig":
        """Return the network on an input with numbers for its names."""
        from resnet_cli.graph.dims import evaluate  # only an input with names has any

        return replace(self, input=evaluate(self.input, sizes))

    def inner_width(self, planes: int) -> int:
        """Width of a bottleneck's 3x3 convolution (Xie et al. 2017, as torchvision has it)."""
        return planes * self.width_per_group // BASE_WIDTH * self.groups

    def to_dict(self) -> dict[str, object]:
        """Return plain values under the flags' names, enough to build the same network again."""
        values: dict[str, object] = {name: getattr(self, name) for name in FIELDS}
        values["input"] = format_shape(self.input)
        for name in ("channels", "blocks"):
            values[name] = list(getattr(self, name))
        return values


_MODES: dict[str, type[StrEnum]] = {
    "block": Block,
    "stem": Stem,
    "shortcut": Shortcut,
    "stride_on": StrideOn,
    "names": Names,
    "dtype": DType,
}

FIELDS = tuple(field.name for field in fields(ResNetConfig))


def _coerce(config: ResNetConfig, field: str, kind: type[StrEnum]) -> None:
    """Make a member of a mode's plain word: whoever builds in Python may give either."""
    word = getattr(config, field)
    if word is not None and not isinstance(word, kind):
        if word not in [*kind]:
            raise ConfigError(field, f"{word!r} is not one of {', '.join(kind)}")
        object.__setattr__(config, field, kind(word))


def _check_number(field: str, value: int, what: str = "") -> None:
    if value < 1:
        raise ConfigError(field, f"{value}{what} is not a positive number")
    if value >= LIMIT:
        raise ConfigError(field, f"{value}{what} is too large: numbers stay below 2**31 = {LIMIT}")


def _check_input(shape: "Shape") -> None:
    if len(shape) != 4:
        raise ConfigError(
            "input",
            f"{format_shape(shape)!r} has {len(shape)} dimension{'s' * (len(shape) != 1)}; "
            "an input has four, NxCxHxW: batch, channels, height, width, as in 1x3x224x224",
        )
    for name, size in zip(("batch", "channels", "height", "width"), shape, strict=True):
        if isinstance(size, int):
            _check_number("input", size, f" ({name} of {format_shape(shape)})")
        elif name == "channels":
            raise ConfigError(
                "input",
                f"{size} (channels of {format_shape(shape)}) is no number; "
                "N, H and W may be names, as in Nx3xHxW, but the weights depend on C",
            )


def _check_list(field: str, values: tuple[int, ...]) -> None:
    if not values:
        raise ConfigError(field, "is empty; give one number a stage, as in 64,128,256,512")
    for value in values:
        _check_number(field, value, f" (in {','.join(map(str, values))})")


def _check_stages(config: ResNetConfig) -> None:
    channels, blocks = config.channels, config.blocks
    if len(channels) != len(blocks):
        raise ConfigError(
            "blocks",
            f"{','.join(map(str, blocks))} names {len(blocks)} "
            f"stage{'s' * (len(blocks) != 1)}, but --channels "
            f"{','.join(map(str, channels))} names {len(channels)}; give both one number a stage",
        )
    # Each convolution has its batch norm; a block is a layer as well.
    layers = sum(blocks) * (2 * config.block.convolutions + 1) + len(blocks) + 8
    if layers > MAX_LAYERS:
        raise ConfigError(
            "blocks",
            f"{','.join(map(str, blocks))} makes a network of {layers:,} layers; "
            f"at most {MAX_LAYERS:,} are built",
        )


def _check_pad(config: ResNetConfig) -> None:
    """Refuse zero-padding that would have to drop channels."""
    for wide, narrow in zip(config.channels, config.channels[1:], strict=False):
        if config.shortcut is Shortcut.PAD:
            check_widening(wide, narrow)


def check_widening(in_channels: int, out_channels: int) -> None:
    """Refuse a zero-padded shortcut that would have to drop channels."""
    if out_channels < in_channels:
        raise ConfigError(
            "shortcut",
            f"pad adds zero channels and cannot go from {in_channels} to {out_channels}; "
            "use --shortcut projection, or channels that do not shrink",
        )


def _check_basic(config: ResNetConfig) -> None:
    """Refuse what only a bottleneck has."""
    for field, neutral in (("groups", 1), ("width_per_group", BASE_WIDTH)):
        if (value := getattr(config, field)) != neutral:
            raise ConfigError(
                field, f"{value} needs --block bottleneck; basic blocks have {neutral}"
            )
    if config.stride_on is not None:
        raise ConfigError(
            "stride_on",
            f"{config.stride_on} needs --block bottleneck; "
            "basic blocks have the stride on their first convolution",
        )


def _check_widths(config: ResNetConfig) -> None:
    for planes in config.channels:
        if config.inner_width(planes) < 1:
            raise ConfigError(
                "width_per_group",
                f"{config.width_per_group} gives a width of 0 at {planes} channels: "
                f"int({planes} * {config.width_per_group} / {BASE_WIDTH}) is 0; "
                f"give at least {-(-BASE_WIDTH // planes)}",
            )
        _check_number("channels", planes * config.block.expansion, f" ({planes} x 4, expanded)")
        _check_number("groups", config.inner_width(planes), " (the resulting width)")
