"""Flag, environment, file and default resolved: the nearer layer wins.

The layers, nearest first: flags after the command's name and before it (one layer), the
environment, the configuration file's network, its defaults, the tool's own. A preset's own
values stand at the layer that names it: they beat every farther layer and lose to explicit
values in its own or a nearer one.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click
from click.core import ParameterSource

from resnet_cli.analysis.step import Step
from resnet_cli.cli import projectfile
from resnet_cli.cli.flags import EXPECTATIONS, NETWORK, TRAINING
from resnet_cli.cli.options import ENV_PREFIX, Option
from resnet_cli.cli.projectfile import Project, Values
from resnet_cli.cli.unread import refuse_unread
from resnet_cli.cli.values import ELSEWHERE, ENDINGS, FIGURES, TEXTS, Format, Output
from resnet_cli.cli.variables import misspelt
from resnet_cli.errors import ConfigError
from resnet_cli.family import presets
from resnet_cli.family.config import FIELDS, ResNetConfig
from resnet_cli.parse import Input
from resnet_cli.text import format_shape, nearest

if TYPE_CHECKING:
    from resnet_cli.graph.kinds import Shape

Options = TypeVar("Options", bound=NamedTuple)


_WEIGHTY = {"run", *(option.key for option in (*NETWORK, *TRAINING, *EXPECTATIONS))}
"""What decides what `check` and `lock` handle, and how."""


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

    def untrained(self) -> "Settings":
        """Return the settings without a training step, for commands that have no word about it.

        Variable and file ask for one of other commands.
        """
        found = self
        for key in ("train", *Step._fields[1:], "max_train_peak"):
            found = found.without(key)
        return found

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
            return self._image(one.shape)
        raise click.BadParameter(message, param_hint=self.name("input"))

    def _image(self, shape: "Shape") -> "Shape":
        """Return a batch of images; what else a shape may have meant is said on stderr."""
        said = ""
        if len(shape) == 3:
            given, shape = format_shape(shape), (1, *shape)
            said = f"{given} is taken as {format_shape(shape)}, a batch of one"
        elif len(shape) == 4 and shape[3] in (1, 3, 4) and shape[1] == shape[2] != shape[3]:
            turned = (shape[0], shape[3], *shape[1:3])
            said = (
                f"{format_shape(shape)} has {shape[1]} channels; do they come last? "
                f"That image is {format_shape(turned)} here"
            )
        if said:
            click.echo(f"resnet-shapes: {self.name('input')}: {said}", err=True)
        return shape

    def output(self, *allowed: Format) -> Output:
        """Return how to write and where. Raises `click.BadParameter` for what cannot be.

        A file's ending says how, unless a flag does; `-` is no file but the screen. A flag that
        names a format which the command does not have is refused; a variable or file that sets
        one for all commands is passed over by those which do not have it.
        """
        path = self.get("output")
        output = self.read(Output)._replace(path=None if str(path) == "-" else path)
        if self.names.get("format") != "--format" and output.path:
            output = output._replace(format=self._by_ending(output, allowed))
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

    def _by_ending(self, output: Output, allowed: tuple[Format, ...]) -> Format:
        """Return what a file's ending says, if it does. Raises `click.BadParameter`."""
        assert output.path is not None
        ending = output.path.suffix.lower()
        found = ENDINGS.get(ending, output.format)
        if ending in FIGURES:
            message = f"{ending} is a figure, which 'resnet-shapes draw' writes"
        elif ending in ENDINGS and found not in allowed:
            writes = ", ".join(allowed)
            message = f"{ending} is {found}, and this command writes {writes}; --format says which"
        elif ending not in (*ENDINGS, *TEXTS) and (meant := nearest(ending, ENDINGS)):
            message = f"{ending} is no ending known here{meant}; --format says how to write"
        else:
            return found
        raise click.BadParameter(message, param_hint=self.name("output"))


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

    def picked(self) -> tuple[str, ...]:
        """Return the configured networks that `--network` picks. Raises `click.BadParameter`."""
        for layer in (self.flags, self.environment):
            if names := layer.values.get("network"):
                known = self.configured
                for name in (name for name in names if name not in known):
                    there = f"; there are {', '.join(known)}" if known else ""
                    raise click.BadParameter(
                        f"{name!r} is no configured network{nearest(name, known)}{there}",
                        param_hint=layer.names["network"],
                    )
                return tuple(dict.fromkeys(names))
        return ()

    def one(self) -> Settings:
        """Resolve for the one network that is shown. Raises `click.BadParameter` for several."""
        if len(names := self.picked()) > 1:
            message = f"this shows one network, not {' and '.join(names)}; give it once"
            hint = "--network" if "network" in self.flags.values else ENV_PREFIX + "NETWORK"
            raise click.BadParameter(message, param_hint=hint)
        return self.settings(*names)

    def networks(self) -> dict[str, Settings]:
        """Return what `check` and `lock` handle: named as configured, or "network" from flags.

        Network flags make one network; without them all configured ones are meant, or those
        that `--network` picks, which flags may then change.
        """
        if names := self.picked():
            return {name: self.settings(name) for name in names}
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
        return flags and bool(self.configured) and not self.picked()

    def overrides(self) -> Iterator[str]:
        """Say which variables narrow what the configuration asks for, or override it."""
        if not self.configured or self.is_aside():
            return
        for key, name in self.environment.names.items():
            if key in self.flags.values or key not in _WEIGHTY:
                continue
            if key == "network":
                yield f"{name} narrows this to {', '.join(self.picked())}"
            elif key != "run":
                yield f"{name} overrides the configuration"
            elif not self.environment.values[key]:
                yield f"{name} leaves the proofs out"

    def place(self, network: str) -> tuple[str, int]:
        """Return the file that a network is configured in, and the line; else nothing."""
        if network not in self.configured or self.project is None:
            return "", 0
        return str(self.project.path), projectfile.line_of(self.project, ("networks", network))

    @property
    def configured(self) -> Mapping[str, Values]:
        """The networks of the configuration file."""
        return self.project.networks if self.project else {}


def given(ctx: click.Context) -> Request:
    """Gather what a command, its group and the environment say, and no file."""
    group = ctx.find_root()
    flags, environment = explicit(group)
    options = [*group.command.params, *ctx.command.params]
    spelled = {o.key: f"--{o.dashed}" for o in options if isinstance(o, Option)}
    if ctx is not group:
        own_flags, own_environment = explicit(ctx)
        flags, environment = {**flags, **own_flags}, {**environment, **own_environment}
    return Request(
        Values(flags, {key: spelled[key] for key in flags}),
        Values(environment, {key: ENV_PREFIX + key.upper() for key in environment}),
        None,
    )


def request(ctx: click.Context) -> Request:
    """Gather what a command, its group, the environment and the configuration file say."""
    asked = given(ctx)
    refuse_unread(ctx, asked.flags)
    said = {**asked.environment.values, **asked.flags.values}
    asked = asked._replace(project=projectfile.load(said.get("config")))
    for line in misspelt(ctx.find_root()):
        click.echo(line, err=True)
    if said.get("show_config"):
        ctx.obj(ctx, asked)  # what the door has for it
        ctx.exit()
    return asked


def resolve(ctx: click.Context) -> Settings:
    """Resolve a command's options for the one network that it shows."""
    asked = request(ctx)
    return asked.one()


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
