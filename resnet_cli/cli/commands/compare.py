"""`compare`: networks side by side."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import click

from resnet_cli.analysis.compare import Entry, compare, figure, labels, roles
from resnet_cli.cli.flags import NETWORK, shared
from resnet_cli.cli.networks import Known, known, told
from resnet_cli.cli.options import Command, Heading
from resnet_cli.cli.projectfile import Values
from resnet_cli.cli.screen import Screen
from resnet_cli.cli.settings import Request, Settings, explicit, request
from resnet_cli.cli.values import Format, TableOptions
from resnet_cli.family import presets
from resnet_cli.family.config import FIELDS
from resnet_cli.show import formats
from resnet_cli.show.columns import Value
from resnet_cli.text import human_text, nearest

FORMATS = (Format.TABLE, Format.MARKDOWN, Format.LATEX, Format.CSV, Format.JSON)

NAMED = ("preset", "network", "module")
"""What an argument says, and no flag for all."""

MODULE = next(option for option in NETWORK if option.key == "module")

# What may follow a network's name inside an argument.
_FLAGS = click.Command(
    "compare",
    params=[option for option in NETWORK if option.key not in ("preset", "network")],
    add_help_option=False,
)


@click.command(
    "compare",
    cls=Command,
    examples=(
        "compare resnet18 resnet50",
        "compare resnet50 'resnet50 --groups 32 --width-per-group 4'",
    ),
    params=[
        click.Argument(
            ["networks"],
            nargs=-1,
            required=True,
            metavar="NETWORK...",
            shell_complete=lambda _ctx, _param, start: [
                name for name in presets.NAMES if name.startswith(start)
            ],
        ),
        *shared(
            *(Heading.NETWORK, Heading.TRAINING, Heading.GENERAL),
            *("count-like", "device", "output"),
            formats=FORMATS,
            but=(*NAMED, "names"),
        ),
    ],
    instead=dict.fromkeys(NAMED, "a network is an argument: resnet18, or ./my_net.py:build"),
)
@click.pass_context
def command(ctx: click.Context, /, networks: tuple[str, ...], **_: Any) -> int:
    """Show networks side by side, with their ratios to the first; no PyTorch needed.

    A NETWORK is a preset's or a configured network's name, or a module of your own as --module
    takes it, with flags behind it inside the quotes: resnet50 'resnet50 --groups 32
    --width-per-group 4' './my_net.py:build --module-args width=32'. Flags outside are for all.
    """
    asked = request(ctx)
    settings = asked.one()
    output = settings.output(*FORMATS)
    kind, screen = output.format, output.screen()
    found = [_known(asked, argument, screen) for argument in networks]
    titles = (" ".join(argument.split()) for argument in networks)
    entries = compare(
        zip(titles, (each.network for each in found), strict=True),
        settings.read(TableOptions).count_like,
    )
    if kind is Format.TABLE:
        from resnet_cli.show.compare import comparison_table

        screen.show(comparison_table(entries, screen.look()))
    elif kind is Format.MARKDOWN:
        screen.write(to_markdown(entries, ascii_only=screen.is_ascii()))
    elif kind is Format.LATEX:
        from resnet_cli.show.latex_table import comparison_to_latex

        screen.write(comparison_to_latex(entries))
    else:
        screen.write(to_records(entries, kind))
    return max(told(each, screen) for each in found)


def named(asked: Request, name: str, flags: Mapping[str, Any]) -> Settings:
    """Return what a network's name stands for, changed by flags.

    Raises `ValueError` for a name that is neither a preset's nor a configured network's, nor
    that of a module.
    """
    configured = asked.project.networks if asked.project else {}
    own: dict[str, Any] = {} if name in configured else {"preset": name}
    if name not in configured and ":" in name:
        own = {"module": MODULE.parse(name)}
    elif name not in configured and name not in presets.NAMES:
        names = (*configured, *presets.NAMES)
        raise ValueError(f"{name!r} is no preset or configured network{nearest(name, names)}")
    outer = {k: v for k, v in asked.flags.values.items() if k not in ("preset", "network")}
    if "module" in own:  # what changes a configuration is nothing to a module
        outer = {key: value for key, value in outer.items() if key not in FIELDS or key == "input"}
    values = {**outer, **own, **flags}
    layer = Values(values, {key: f"--{key.replace('_', '-')}" for key in values})
    return asked._replace(flags=layer).settings(name if name in configured else None)


def _known(asked: Request, argument: str, screen: Screen) -> Known:
    """Return an argument's network. Raises `click.BadParameter` that names it and its flag."""
    try:
        name, *words = shlex.split(argument) or [""]
        flags, _ = explicit(_FLAGS.make_context("compare", words))
        found = known(named(asked, name, flags), screen, symbolic=True)
    except click.BadParameter as error:
        flag = error.param_hint or (error.param and error.param.opts[0])
        raise click.BadParameter(error.message, param_hint=f"{argument!r}: {flag}") from None
    except click.UsageError as error:
        raise click.BadParameter(error.format_message(), param_hint=repr(argument)) from None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=repr(argument)) from None
    if (failure := found.network.summary.error) is not None:
        raise click.BadParameter(f"cannot be compared: {failure}", param_hint=repr(argument))
    return found


def to_markdown(entries: Sequence[Entry], *, ascii_only: bool) -> str:
    """Return a table with a column a network, a row a stage and a figure."""

    def part(entry: Entry, role: str) -> str:
        found = entry.part(role)
        return f"{human_text(found.size, ascii_only=ascii_only)}, {found.layers}" if found else ""

    rows = [["input", *(entry.input for entry in entries)]]
    rows += [[role, *(part(entry, role) for entry in entries)] for role in roles(entries)]
    for key, label in labels(entries).items():
        figures = (figure(entry, key, ascii_only=ascii_only) for entry in entries)
        rows.append([label, *map(" ".join, figures)])
    right = [False] * (len(entries) + 1)
    return formats.markdown_table(["", *map(_name, entries)], rows, right)


def _name(entry: Entry) -> str:
    return formats.markdown_text(entry.name)


def to_records(entries: Sequence[Entry], kind: str) -> str:
    """Return a record a network, its parts and ratios spread over columns in CSV."""
    records = [entry.to_dict() for entry in entries]
    if kind == Format.JSON:
        return formats.records(kind, "networks", [], records)
    rows = [_flat(entry, roles(entries)) for entry in entries]
    return formats.records(kind, "networks", [*rows[0]], rows)


def _flat(entry: Entry, all_roles: Sequence[str]) -> dict[str, Value]:
    """Return an entry as plain columns, the same ones whatever the number of its stages."""
    record: dict[str, Value] = {"network": entry.name}
    for role in all_roles:
        part, key = entry.part(role), role.replace(" ", "_")
        record[f"{key}_size"] = part and part.size
        record[key] = part and part.layers
    for key in entry.figures:
        record[key] = entry.figures[key]
        record[f"{key}_ratio"] = entry.ratios[key]
    return record
