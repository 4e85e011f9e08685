"""What the flags say: one frozen, validated value.

The defaults are the notebook's ResNet-18. Every wrong field raises `ConfigError` with the
field's name, so that the command line can name the flag, the variable or the file's key.
"""

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from resnet_cli.errors import ConfigError
from resnet_cli.family.checks import check_input, check_list, check_number, check_widening
from resnet_cli.family.modes import (
    AntiAlias,
    Attention,
    Block,
    Downsample,
    DType,
    Names,
    Norm,
    Shortcut,
    Stem,
    StemPool,
    StrideOn,
)
from resnet_cli.text import format_shape

if TYPE_CHECKING:
    from resnet_cli.family.regnet import RegNet
    from resnet_cli.graph.kinds import Shape


MAX_LAYERS = 100_000
MAX_STAGES = 14_000

NORM_GROUPS = 32
"""Groups of channels of a group norm (Wu and He 2018, table 3)."""

BASE_WIDTH = 64
"""The width per group that means "as wide as the planes" (torchvision's `base_width`)."""


class _Fields(NamedTuple):
    """The fields of a `ResNetConfig`: a named tuple, since a dataclass takes 1 ms at a start."""

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
    stem_width: int | None = None
    stem_pool: StemPool = StemPool.MAX
    downsample: Downsample = Downsample.CONV
    attention: Attention = Attention.NONE
    attention_ratio: float = 1 / 16
    anti_alias: AntiAlias = AntiAlias.NONE
    pre_activation: bool = False
    norm: Norm = Norm.BATCH
    widen: int = 1
    regnet: "RegNet | None" = None
    names: Names = Names.NOTEBOOK
    dtype: DType = DType.FLOAT32


class ResNetConfig(_Fields):
    """A residual network and its input.

    `input` is `(N, C, H, W)`; C sets the first convolution's channels, and N, H and W may
    be names (`dims.Dim`) in place of numbers. `channels` are the
    stages' widths (torchvision's planes: with bottlenecks a stage gives four times as
    many), the first also the stem's, and all but that times `widen` (Zagoruyko and Komodakis
    2016). `stem_width` is that of the stem's convolutions, of which a deep one's last is twice
    as wide; None makes it as wide as the first stage. `stride_on` is None with basic blocks. With
    a squeeze and excitation `attention_ratio` is the share of the channels that it has inside.
    Norm and ReLU stand before each convolution with `pre_activation` (He et al. 2016, figure 4).
    A `regnet` decides on channels, blocks and groups (Radosavovic et al. 2020).

    Raises `ConfigError` for a field that is wrong, alone or beside another.
    """

    __slots__ = ()

    if not TYPE_CHECKING:  # for which the fields say what it takes

        def __new__(cls, *values: Any, **named: Any) -> Self:
            given = super().__new__(cls, *values, **named)
            own = {field: _member(given, field) for field in _MODES}
            if own["block"] is Block.BOTTLENECK and own["stride_on"] is None:
                own["stride_on"] = StrideOn.SECOND
            config = super()._replace(given, **own)
            if config.regnet is not None:
                config = super()._replace(config, **_of_regnet(config, config.regnet))
            _check(config)
            return config

    def _replace(self, **changes: Any) -> Self:
        """Return the network with other fields, checked as every one is."""
        return type(self)(**{**self._asdict(), **changes})

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

        return self._replace(input=evaluate(self.input, sizes))

    @property
    def widths(self) -> tuple[int, ...]:
        """The stages' planes, as wide as they are in the end."""
        return tuple(planes * self.widen for planes in self.channels)

    @property
    def expansion(self) -> int:
        """A block's output channels over its planes: 4 of a bottleneck, 1 of RegNet's."""
        return 1 if self.regnet is not None else self.block.expansion

    @property
    def stem_widths(self) -> tuple[int, ...]:
        """Channels behind each of the stem's convolutions."""
        if self.regnet is not None:
            return (32,)
        width = self.stem_width
        if not self.stem.is_deep:
            return (width or self.channels[0],)
        width = width or self.channels[0] // 2
        return 3 * (width // 4) if self.stem is Stem.DEEP_TIERED else width, width, 2 * width

    def inner_width(self, planes: int) -> int:
        """Width of a bottleneck's 3x3 convolution (Xie et al. 2017, as torchvision has it)."""
        return planes * self.width_per_group // BASE_WIDTH * self.groups

    def to_dict(self) -> dict[str, object]:
        """Return plain values under the flags' names, enough to build the same network again."""
        values: dict[str, object] = {name: getattr(self, name) for name in FIELDS}
        values["input"] = format_shape(self.input)
        for name in ("channels", "blocks"):
            values[name] = list(getattr(self, name))
        values["regnet"] = self.regnet and str(self.regnet)
        return values


_MODES: dict[str, type[StrEnum]] = {
    "block": Block,
    "stem": Stem,
    "shortcut": Shortcut,
    "stride_on": StrideOn,
    "stem_pool": StemPool,
    "downsample": Downsample,
    "attention": Attention,
    "anti_alias": AntiAlias,
    "norm": Norm,
    "names": Names,
    "dtype": DType,
}

FIELDS = ResNetConfig._fields
DEFAULTS = ResNetConfig._field_defaults


def _member(config: ResNetConfig, field: str) -> StrEnum | None:
    """Return a member for a mode's plain word: whoever builds in Python may give either."""
    word, kind = getattr(config, field), _MODES[field]
    if isinstance(word, kind) or (word is None and DEFAULTS[field] is None):
        return word
    if word not in [*kind]:
        raise ConfigError(field, f"{word!r} is not one of {', '.join(kind)}")
    return kind(word)


def _check(config: ResNetConfig) -> None:
    check_input(config.input)
    for field in ("channels", "blocks"):
        check_list(field, getattr(config, field))
    for field in ("classes", "groups", "width_per_group", "widen", "stem_width"):
        if (number := getattr(config, field)) is not None:
            check_number(field, number)
    _check_stages(config)
    _check_pad(config)
    if config.block is Block.BASIC:
        _check_basic(config)
    _check_widths(config)
    _check_combinations(config)
    _check_groups(config)


def _check_stages(config: ResNetConfig) -> None:
    channels, blocks = config.channels, config.blocks
    if len(channels) != len(blocks):
        raise ConfigError(
            "blocks",
            f"{','.join(map(str, blocks))} names {len(blocks)} "
            f"stage{'s' * (len(blocks) != 1)}, but --channels "
            f"{','.join(map(str, channels))} names {len(channels)}; give both one number a stage",
        )
    if len(blocks) > MAX_STAGES:
        raise ConfigError(
            "blocks",
            f"names {len(blocks):,} stages; above {MAX_STAGES:,} the receptive field, which "
            "doubles with each, has over 4,300 digits, more than JSON readers take",
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
    if config.shortcut is Shortcut.PAD:
        outputs = (planes * config.expansion for planes in config.widths)
        widths = [config.stem_widths[-1], *outputs]
        for wide, narrow in pairwise(widths):
            check_widening(wide, narrow)


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
    factor = config.widen * config.expansion
    for channels, planes in zip(config.channels, config.widths, strict=True):
        if config.inner_width(planes) < 1:
            raise ConfigError(
                "width_per_group",
                f"{config.width_per_group} gives a width of 0 at {planes} channels: "
                f"int({planes} * {config.width_per_group} / {BASE_WIDTH}) is 0; "
                f"give at least {-(-BASE_WIDTH // planes)}",
            )
        check_number("channels", channels * factor, f" ({channels} x {factor}, as a block gives)")
        check_number("groups", config.inner_width(planes), " (the resulting width)")


_ALONE = {
    "block": Block.BASIC,
    "stem": Stem.IMAGENET,
    "groups": 1,
    "width_per_group": BASE_WIDTH,
    "shortcut": Shortcut.PROJECTION,
    "stride_on": None,
    "stem_width": None,
    "stem_pool": StemPool.MAX,
    "downsample": Downsample.CONV,
    "attention": Attention.NONE,
    "anti_alias": AntiAlias.NONE,
    "pre_activation": False,
    "widen": 1,
}
"""What a RegNet has no say in; it has a stem, blocks and gates of its own."""


def _of_regnet(config: ResNetConfig, regnet: "RegNet") -> dict[str, tuple[int, ...]]:
    """Return a RegNet's channels and blocks; refuse a line that is none, and what it has not."""
    if message := regnet.wrong:
        raise ConfigError("regnet", message)
    for field, neutral in _ALONE.items():
        if (value := getattr(config, field)) != neutral:
            raise ConfigError(
                field, f"{value} is not for a RegNet, which has its own; leave it out"
            )
    widths, counts = zip(*regnet.stages, strict=True)
    own: dict[str, tuple[int, ...]] = {"channels": widths, "blocks": counts}
    for field, value in own.items():
        if (given := getattr(config, field)) not in (DEFAULTS[field], value):
            text = ",".join(map(str, given))
            raise ConfigError(field, f"{text}: a RegNet's follow from its line; leave it out")
    return own


def _check_combinations(config: ResNetConfig) -> None:
    """Refuse fields that say nothing beside others, or contradict them."""
    if not 0 < config.attention_ratio <= 1:
        message = f"{config.attention_ratio:g} is no share of the channels; give 0.0625, or 1/16"
        raise ConfigError("attention_ratio", message)
    cifar, pre = config.stem is Stem.CIFAR, config.pre_activation
    anti_alias, attention = config.anti_alias, config.attention
    has_pad, first = config.shortcut is Shortcut.PAD, config.stride_on is StrideOn.FIRST
    is_se, ratio = attention is Attention.SE, config.attention_ratio
    for field, is_wrong, message in (
        ("stem_width", min(config.stem_widths) < 1, "give at least 4 to a deep stem"),
        ("stem_pool", cifar and config.stem_pool != "max", "a CIFAR stem has no pool"),
        ("downsample", has_pad and config.downsample != "conv", "needs --shortcut projection"),
        ("attention_ratio", ratio != 1 / 16 and not is_se, f"{ratio:g} needs --attention se"),
        ("anti_alias", first and anti_alias != "none", "needs --stride-on 3x3, which it follows"),
        ("anti_alias", pre and anti_alias != "none", "is not for --pre-activation"),
        ("attention", pre and attention != "none", "is not for --pre-activation"),
        ("shortcut_norm", pre and config.shortcut_norm, "is not for --pre-activation"),
    ):
        if is_wrong:
            raise ConfigError(field, message)


def _check_groups(config: ResNetConfig) -> None:
    """Refuse channels that group norm cannot share out."""
    inner = map(config.inner_width, config.widths) if config.block is Block.BOTTLENECK else ()
    for width in (*config.stem_widths, *config.widths, *inner):
        if config.norm is Norm.GROUP and width % NORM_GROUPS:
            message = f"group has {NORM_GROUPS} groups, and {width} channels are no multiple of it"
            raise ConfigError("norm", message)
