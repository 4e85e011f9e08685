"""Flag, environment, file and default resolved: the nearer layer wins.

The layers, nearest first: flags after the command's name and before it (one layer), the
environment, the configuration file's network, its defaults, the tool's own. A preset's own
values stand at the layer that names it: they beat every farther layer and lose to explicit
values in its own or a nearer one.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click
from click.core import ParameterSource

from resnet_cli.cli import projectfile
from resnet_cli.cli.options import ENV_PREFIX, Option
from resnet_cli.cli.projectfile import Project, Values
from resnet_cli.cli.values import ELSEWHERE, Format, Output
from resnet_cli.errors import ConfigError
from resnet_cli.family import presets
from resnet_cli.family.config import FIELDS, ResNetConfig
from resnet_cli.parse import Input
from resnet_cli.text import format_shape, nearest

if TYPE_CHECKING:
    from resnet_cli.graph.kinds import Shape

Options = TypeVar("Options", bound=NamedTuple)


class Settings(NamedTuple):
    """Every option resolved, and how the user spelled it; what nobody gave is absent."""

    values: Mapping[str, Any]
    names: Mapping[str, str]

    def get(self, key: str) -> Any:
        """Return what was given for an option, or None."""
        return self.values.get(key)

    def read(self, kind: type[Options], where: str = "") -> Options:
        """Return the options of a kind, what nobody gave as it is usual in a format or command."""
        usual = {key: value for key, (places, value) in ELSEWHERE.items() if where in places}
        given = {**usual, **self.values}
        make: Any = kind  # which named tuple it is, mypy cannot know
        options: Options = make(**{key: given[key] for key in kind._fields if key in given})
        return options

    def without(self, key: str) -> "Settings":
        """Return the same settings with one option left out."""
        return Settings({k: value for k, value in self.values.items() if k != key}, self.names)

    def name(self, key: str) -> str:
        """Return how the user spelled an option: flag, variable or file key."""
        return self.names.get(key, _flag(key))

    def config(self, *, symbolic: bool = False) -> ResNetConfig:
        """Return the network; with `symbolic` its input may have names.

        Raises `click.BadParameter` that names the source.
        """
        for key in ("module", "module_args"):
            if key in self.values:
                raise click.BadParameter(
                    "is not for this command, which takes networks from flags"
                    if key == "module"
                    else "needs --module",
                    param_hint=self.name(key),
                )
        values = {key: value for key, value in self.values.items() if key in FIELDS}
        if "input" in values:
            values["input"] = self.one_shape()
        try:
            config = ResNetConfig(**values)
        except ConfigError as error:
            raise self.wrong(error) from None
        if config.named and not symbolic:
            raise click.BadParameter(
                f"{format_shape(config.input)!r} has names in it, and this needs numbers, "
                "as in 1x3x224x224",
                param_hint=self.name("input"),
            )
        return config

    def wrong(self, error: ConfigError) -> click.BadParameter:
        """Return a configuration's error as one that names the source of the field."""
        return click.BadParameter(error.message, param_hint=self.name(error.field))

    def one_shape(self) -> "Shape":
        """Return the one input's shape. Raises `click.BadParameter` for what only modules have."""
        inputs: tuple[Input, ...] = self.values["input"]
        one, *more = inputs
        if more:
            message = (
                f"is given {len(inputs)} times; only with --module is there one for each input"
            )
        elif not isinstance(one, Input):
            message = f"{one} is named or nested, which is for --module; give NxCxHxW"
        elif one.dtype:
            message = f"{one} names an element type; that is --dtype, except with --module"
        else:
            return one.shape
        raise click.BadParameter(message, param_hint=self.name("input"))

    def output(self, *allowed: Format) -> Output:
        """Return how to write and where. Raises `click.BadParameter` for what cannot be.

        A flag that names a format which the command does not have is refused; a variable or
        file that sets one for all commands is passed over by those which do not have it.
        """
        output = self.read(Output)._replace(path=self.get("output"))
        if output.format not in allowed:
            if self.name("format") == "--format":
                raise click.BadParameter(
                    f"{output.format.value!r} is not for this command; "
                    f"it writes {', '.join(allowed)}",
                    param_hint="--format",
                )
            output = output._replace(format=allowed[0])
        if output.path and not output.path.parent.is_dir():  # said before anything slow runs
            raise click.BadParameter(
                f"cannot write {output.path}: there is no folder {output.path.parent}",
                param_hint=self.name("output"),
            )
        return output


class Request(NamedTuple):
    """What one call of the tool asks for, layer by layer, nearest first."""

    flags: Values
    environment: Values
    project: Project | None

    def settings(self, network: str | None = None) -> Settings:
        """Resolve for one configured network, or for none."""
        layers = [self.flags, self.environment]
        if self.project is not None:
            layers += [self.project.networks[network]] if network else []
            layers.append(self.project.defaults)
        values: dict[str, Any] = {}
        names: dict[str, str] = {}
        for layer in reversed(layers):
            names = _lay(layer.values, values, names)
            names.update(layer.names)
        return Settings(values, names)

    def picked(self) -> str | None:
        """Return the configured network that `--network` picks. Raises `click.BadParameter`."""
        for layer in (self.flags, self.environment):
            name = layer.values.get("network")
            if name is not None:
                known = self.configured
                if name not in known:
                    there = f"; there are {', '.join(known)}" if known else ""
                    raise click.BadParameter(
                        f"{name!r} is no configured network{nearest(name, known)}{there}",
                        param_hint=layer.names["network"],
                    )
                return str(name)
        return None

    def networks(self) -> dict[str, Settings]:
        """Return what `check` and `lock` handle: named as configured, or "network" from flags.

        Network flags make one network; without them all configured ones are meant, or the
        one that `--network` picks, which flags may then change.
        """
        if (name := self.picked()) is not None:
            return {name: self.settings(name)}
        if self.is_aside():
            own = self.settings()
            # The file's lock holds the file's networks, and this is none of them.
            farther = "lock" not in {**self.flags.values, **self.environment.values}
            return {"network": own.without("lock") if farther else own}
        return {name: self.settings(name) for name in self.configured} or {
            "network": self.settings()
        }

    def is_aside(self) -> bool:
        """Say whether flags make a network that stands beside the configured ones."""
        flags = any(key in FIELDS or key in ("preset", "module") for key in self.flags.values)
        return flags and bool(self.configured) and self.picked() is None

    @property
    def configured(self) -> Mapping[str, Values]:
        """The networks of the configuration file."""
        return self.project.networks if self.project else {}


def request(ctx: click.Context) -> Request:
    """Gather what a command, its group, the environment and the configuration file say."""
    group = ctx.find_root()
    flags, environment = explicit(group)
    if ctx is not group:
        own_flags, own_environment = explicit(ctx)
        flags, environment = {**flags, **own_flags}, {**environment, **own_environment}
    config = flags.get("config", environment.get("config"))
    return Request(
        Values(flags, {key: _flag(key) for key in flags}),
        Values(environment, {key: ENV_PREFIX + key.upper() for key in environment}),
        projectfile.load(config),
    )


def resolve(ctx: click.Context) -> Settings:
    """Resolve a command's options for the one network that it shows."""
    asked = request(ctx)
    return asked.settings(asked.picked())


def _lay(
    nearer: Mapping[str, Any], values: dict[str, Any], names: dict[str, str]
) -> dict[str, str]:
    """Lay a nearer layer's values over `values`; a preset or module there is a new network.

    Return the names without those of what was given up.
    """
    given_up: tuple[str, ...] = ()
    decided: dict[str, Any] = {}
    if "module" in nearer:
        given_up = ("preset", "module_args", *(key for key in FIELDS if key != "input"))
    elif preset := nearer.get("preset"):
        given_up = ("module", "module_args")
        decided = dict(presets.preset(preset).values())
        decided["input"] = (Input(decided["input"]),)
    for key in given_up:
        values.pop(key, None)
    values.update({**decided, **nearer})
    return {key: name for key, name in names.items() if key not in (*given_up, *decided)}


def _flag(key: str) -> str:
    return "--" + key.replace("_", "-")


def explicit(ctx: click.Context) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a context's options as given by flags, and by the environment."""
    flags: dict[str, Any] = {}
    environment: dict[str, Any] = {}
    for param in ctx.command.params:
        key = param.name or ""
        value = ctx.params.get(key)
        if isinstance(param, Option) and value is not None and value != ():
            source = ctx.get_parameter_source(key)
            (environment if source is ParameterSource.ENVIRONMENT else flags)[key] = value
    return flags, environment
