"""Flag, environment and default resolved: the nearer layer wins, before or after a command.

The layers, nearest first: flags after the command's name and before it (one layer), the
environment, the defaults. A preset's own values stand at the layer that names it: they beat
every farther layer and lose to explicit values in its own or a nearer one.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import click
from click.core import ParameterSource

from resnet_cli import presets
from resnet_cli.config import FIELDS, ResNetConfig
from resnet_cli.errors import ConfigError
from resnet_cli.options import BY_KEY, ENV_PREFIX, Format
from resnet_cli.screen import Screen


class Layer(NamedTuple):
    """Explicit values from one source; `names` says how the source spells a key."""

    values: Mapping[str, Any]
    names: Mapping[str, str] = {}


class Settings(NamedTuple):
    """Every shared option resolved; a key that nobody gave is absent."""

    values: Mapping[str, Any]
    names: Mapping[str, str]

    def get(self, key: str, default: Any = None) -> Any:
        """Return an option's value."""
        return self.values.get(key, default)

    def name(self, key: str) -> str:
        """Return how the user spelled an option: flag, variable or file key."""
        return self.names.get(key, "--" + key.replace("_", "-"))

    def config(self) -> ResNetConfig:
        """Return the network. Raises `click.BadParameter` that names the source."""
        values = {key: value for key, value in self.values.items() if key in FIELDS}
        try:
            return ResNetConfig(**values)
        except ConfigError as error:
            raise click.BadParameter(error.message, param_hint=self.name(error.field)) from None

    def format(self, *allowed: Format) -> Format:
        """Return how to write: the first of `allowed` unless the user chose another of them.

        A flag that names a format which the command does not have is refused; a variable or
        file that sets one for all commands is passed over by those which do not have it.
        """
        chosen: Format = self.get("format", allowed[0])
        if chosen in allowed:
            return chosen
        if self.name("format") != "--format":
            return allowed[0]
        raise click.BadParameter(
            f"{chosen.value!r} is not for this command; it writes {', '.join(allowed)}",
            param_hint="--format",
        )

    def screen(self) -> Screen:
        """Return where to write."""
        return Screen(self.get("color", "auto"), self.get("output"))


def resolve(ctx: click.Context) -> Settings:
    """Resolve the options of a command and its group."""
    group = ctx.find_root()
    flags, environment = _split(group)
    if ctx is not group:
        flags = {**flags, **_split(ctx)[0]}
    variables = {key: ENV_PREFIX + key.upper() for key in environment}
    return overlay([Layer(flags), Layer(environment, variables)])


def overlay(layers: list[Layer]) -> Settings:
    """Lay explicit values over each other, nearest first."""
    values: dict[str, Any] = {}
    names: dict[str, str] = {}
    for layer in reversed(layers):
        if name := layer.values.get("preset"):
            values.update(presets.preset(name).values())
        values.update(layer.values)
        names.update({key: layer.names.get(key, _flag(key)) for key in layer.values})
    return Settings(values, names)


def _flag(key: str) -> str:
    return "--" + key.replace("_", "-")


def _split(ctx: click.Context) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a context's shared options as given by flags, and by the environment."""
    flags: dict[str, Any] = {}
    environment: dict[str, Any] = {}
    for key, value in ctx.params.items():
        if key in BY_KEY and value is not None:
            source = ctx.get_parameter_source(key)
            (environment if source is ParameterSource.ENVIRONMENT else flags)[key] = value
    return flags, environment
