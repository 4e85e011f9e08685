"""`--show-config`: every value in force, and where it is from."""

from collections.abc import Iterator
from typing import Any

import click

from resnet_cli import parse
from resnet_cli.analysis.summary import label
from resnet_cli.cli.options import Option
from resnet_cli.cli.projectfile import line_of
from resnet_cli.cli.records import Fields, write_records
from resnet_cli.cli.settings import Request, Settings
from resnet_cli.cli.values import ELSEWHERE, FIGURES, Format, Output
from resnet_cli.family.config import FIELDS
from resnet_cli.text import format_shape

_FIELDS: Fields = {
    "network": ("Network", False, 0),
    "option": ("Option", False, 0),
    "value": ("Value", False, 0),
    "source": ("Source", False, 0),
}


def show(ctx: click.Context, asked: Request) -> None:
    """Show the values of each network that a command would handle."""
    several = ctx.command.name in ("check", "lock")
    networks = asked.networks() if several else {", ".join(asked.picked()): asked.one()}
    rows = [
        {"network": name or None, "option": option.dashed, "value": value, "source": source}
        for name, settings in networks.items()
        for option, value, source in _values(ctx, asked, name, settings)
    ]
    (first, *_) = networks.values()
    path = first.get("output")
    if path is not None and path.suffix.lower() in FIGURES:  # the figure's place, not the words'
        first = first._replace(values={**first.values, "output": None})
    output = first.output(*Format)
    if output.format not in (Format.JSON, Format.CSV, Format.MARKDOWN):
        output = output._replace(format=Format.TABLE)
    write_records(output.screen(), output.format, "settings", _FIELDS, rows)


def _values(
    ctx: click.Context, asked: Request, network: str, settings: Settings
) -> Iterator[tuple[Option, str, str]]:
    where = (settings.read(Output).format, ctx.command.name)
    for option in ctx.command.params:
        if not isinstance(option, Option) or option.key == "show_config":
            continue
        value = settings.values.get(option.key)
        source = _source(asked, network, settings, option)
        if value is None:
            if option.hidden or ("module" in settings.values and option.key in FIELDS):
                continue
            places, elsewhere = ELSEWHERE.get(option.key, ((), None))
            value = elsewhere if {*places} & {*where} else option.usual
            source = "default"
        if value not in (None, ()):
            yield option, _text(option, value), source


def _source(asked: Request, network: str, settings: Settings, option: Option) -> str:
    """Say where a value was given: a flag, a variable, a line of the file, or a preset."""
    name, project = settings.names.get(option.key), asked.project
    if name is None:
        return f"preset {settings.get('preset')}"
    if project is not None:
        own = project.networks.get(network)
        if own is not None and own.names.get(option.key) == name:
            return f"{project.path}:{line_of(project, ('networks', network, option.dashed))}"
        if project.defaults.names.get(option.key) == name:
            return f"{project.path}:{line_of(project, (option.dashed,))}"
    is_off = option.is_flag and name == f"--{option.dashed}" and not settings.get(option.key)
    return f"--no-{option.dashed}" if is_off else name


def _text(option: Option, value: Any) -> str:
    """Write a value as its flag takes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if option.parse is parse.pattern:
        return _pattern(value)
    if option.parse is parse.layer_pattern:
        return " ".join(f"{layer}={_pattern(shape)}" for layer, shape in value)
    if option.key == "at":
        return " ".join(map(label, value))
    return " ".join(option.given(value)[1::2]) if not isinstance(value, str) else value


def _pattern(value: parse.Pattern) -> str:
    return format_shape("?" if size is None else size for size in value)
