"""A configuration of plain values, as Python and JSON have them."""

import re
from collections.abc import Mapping
from typing import Any

from resnet_cli import parse
from resnet_cli.errors import ConfigError
from resnet_cli.family import regnet
from resnet_cli.family.config import DEFAULTS, FIELDS, ResNetConfig
from resnet_cli.family.presets import preset
from resnet_cli.text import nearest

_PARSERS: Mapping[str, parse.Parser] = {
    "input": parse.shape,
    "attention_ratio": parse.share,
    "regnet": regnet.parse,
    **dict.fromkeys(("channels", "blocks"), parse.counts),
    **dict.fromkeys(("classes", "groups", "width_per_group", "stem_width", "widen"), parse.number),
    **dict.fromkeys(("conv_bias", "shortcut_norm", "pre_activation"), parse.flag),
}
"""What reads a field; the others are words, which a configuration knows."""


def configured(name: str | None, values: Mapping[str, object]) -> ResNetConfig:
    """Return a preset's configuration changed by values, or one of values alone.

    A value is what `ResNetConfig.to_dict` gives for its field, or what the flag takes. Raises
    `ConfigError` that names the field, and `ValueError` for no preset.
    """
    read: dict[str, Any] = {} if name is None else {**preset(name).values()}
    read |= {field: _read(field, value) for field, value in values.items()}
    try:
        return ResNetConfig(**read)
    except ConfigError as error:
        raise _named(error.field, error.message) from None


def _read(field: str, value: object) -> object:
    if field not in FIELDS:
        message = f"is no field of a network{nearest(field, FIELDS)}; they are {', '.join(FIELDS)}"
        raise _named(field, message)
    if field not in _PARSERS or (value is None and DEFAULTS[field] is None):
        return value
    try:
        return parse.of_python(_PARSERS[field], value)
    except ValueError as error:
        raise _named(field, str(error)) from None


def _named(field: str, message: str) -> ConfigError:
    """Return an error in whose text fields stand for flags, its own before it."""
    text = re.sub("--([a-z-]+)", lambda found: found[1].replace("-", "_"), message)
    return ConfigError(field, f"{field}: {text}")
