"""Published networks as configurations, and a configuration's name among them.

Only the network that is asked for is built.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from resnet_cli.family.catalogue import DEFAULT, FAMILIES, NAMES, SOURCES, Source, values_of
from resnet_cli.family.config import DEFAULTS, FIELDS, ResNetConfig
from resnet_cli.family.modes import Names
from resnet_cli.text import nearest

__all__ = ["DEFAULT", "FAMILIES", "NAMES", "Preset", "preset", "source", "title"]


class Preset(NamedTuple):
    """A published network: its configuration, and where it was published."""

    name: str
    family: str
    source: str
    year: int
    config: ResNetConfig

    def values(self) -> Mapping[str, object]:
        """Return all that the preset decides; the element type is the user's."""
        values = {name: getattr(self.config, name) for name in FIELDS if name != "dtype"}
        # None stands for the block's own default, so that `--block basic` can follow.
        return {**values, "stride_on": None}


def source(name: str) -> Source:
    """Return where a preset is from."""
    return SOURCES[name]


def preset(name: str) -> Preset:
    """Return the preset of that name. Raises `ValueError` with the nearest names."""
    if not isinstance(name, str) or name not in SOURCES:
        raise ValueError(
            f"{name!r} is no preset{nearest(str(name), NAMES)}; 'resnet-shapes presets' lists them"
        )
    family, paper, year = SOURCES[name]
    return Preset(name, family, paper, year, ResNetConfig(**values_of(name)))


def title(config: ResNetConfig) -> str:
    """Name a network: as its preset, with what differs, or ResNet-N by the paper's count."""
    for name, differences in _nearest(config):
        return ", ".join((name, *differences))
    blocks, channels = (",".join(map(str, v)) for v in (config.blocks, config.channels))
    if config.regnet is not None:
        return f"RegNet (blocks {blocks}; channels {channels})"
    groups = f", groups {config.groups}" if config.groups != 1 else ""
    more = "".join(f", {_said(config, field)}" for field in _VARIATIONS if _varies(config, field))
    return f"ResNet-{config.depth} ({config.block} {blocks}; channels {channels}{groups}{more})"


_VARIATIONS = ("stem", "downsample", "attention", "anti_alias", "pre_activation", "norm", "widen")


def _varies(config: ResNetConfig, field: str) -> bool:
    return bool(getattr(config, field) != DEFAULTS[field]) and config.stem != field


def _said(config: ResNetConfig, field: str) -> str:
    """Say what a field is: `stride on 1x1`, `no conv bias`."""
    value = getattr(config, field)
    words = field.replace("_", " ").replace("anti ", "anti-").replace("pre ", "pre-")
    if isinstance(value, bool):
        return words if value else f"no {words}"
    return f"{words} {value}"


_BODY = [field for field in FIELDS if field not in ("input", "classes", "names", "dtype")]


_FRAME = ("block", "blocks", "channels", "widen", "regnet")
"""What makes a network another one: what else differs is said behind a preset's name."""


def _nearest(config: ResNetConfig) -> list[tuple[str, list[str]]]:
    """Return presets of the same body, the most alike first: some are in both libraries.

    Where there are none they are those of the same frame.
    """

    def apart(likeness: tuple[str, list[str]]) -> tuple[int, bool]:
        name, differences = likeness
        return len(differences), values_of(name).get("names", Names.NOTEBOOK) is not config.names

    return sorted([*_likenesses(config)] or _relatives(config), key=apart)


def _likenesses(config: ResNetConfig) -> Iterator[tuple[str, list[str]]]:
    """Give each preset of the same body, with what differs at its two ends."""
    own = {field: getattr(config, field) for field in _BODY}
    for name in NAMES:
        # Only what says nothing else is made whole: what follows from what it says may differ.
        if any(own.get(field, value) != value for field, value in values_of(name).items()):
            continue
        known = preset(name).config
        if all(getattr(known, field) == value for field, value in own.items()):
            yield name, _ends(config, known)


def _relatives(config: ResNetConfig) -> Iterator[tuple[str, list[str]]]:
    """Give each preset of the same frame, with all that differs."""
    for name in NAMES:
        values = values_of(name)
        regnet, names = values.get("regnet"), values.get("names", Names.NOTEBOOK)
        is_other = (names is Names.NOTEBOOK) != (config.names is Names.NOTEBOOK)
        if regnet != config.regnet or is_other:
            continue
        if regnet is None and values.get("blocks", DEFAULTS["blocks"]) != config.blocks:
            continue
        known = preset(name).config
        if all(getattr(known, field) == getattr(config, field) for field in _FRAME):
            fields = [f for f in _BODY if getattr(known, f) != getattr(config, f)]
            if all(getattr(config, field) is not None for field in fields):
                yield name, [*(_said(config, field) for field in fields), *_ends(config, known)]


def _ends(config: ResNetConfig, known: ResNetConfig) -> list[str]:
    """Say what differs at a network's two ends."""
    channels, classes = config.input[1], config.classes
    return [
        *([f"{channels} input channel{'s' * (channels != 1)}"] * (known.input[1] != channels)),
        *([f"{classes} class{'es' * (classes != 1)}"] * (known.classes != classes)),
    ]
