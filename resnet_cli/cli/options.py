"""The Click options made of the table in `specs.py`, and help under its headings.

The options are accepted before and after a command's name alike. The group's copies also
read the environment; the commands' copies do not, or the environment would beat a flag
that stands before the command's name. `settings.py` resolves the layers.
"""

from typing import TYPE_CHECKING, Any

import click

from resnet_cli.cli.specs import GENERAL, SHARED, Spec

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

ENV_PREFIX = "RESNET_SHAPES_"


class Parsed(click.ParamType):  # type: ignore[type-arg]  # not generic in Click 8.2
    """A Click type over one of our parsers."""

    # Between the values of a repeatable option's variable; a role has spaces in it.
    envvar_list_splitter = ";"

    def __init__(self, spec: Spec) -> None:
        self.name = spec.metavar or spec.name
        self.spec = spec

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self.spec.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem  # only a shell that completes

        if self.spec.metavar == "FILE":
            return [CompletionItem(incomplete, type="file")]
        return [CompletionItem(word) for word in self.spec.words if word.startswith(incomplete)]


class Option(click.Option):
    """A Click option that knows its row in the table."""

    def __init__(self, *args: Any, spec: Spec, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.spec = spec


def option(spec: Spec, *, environment: bool, hidden: bool = False) -> Option:
    """Return the Click option of a row; its value is None where nothing was given."""
    flags = f"--{spec.name}/--no-{spec.name}" if spec.switch else f"--{spec.name}"
    declarations = [flags, *spec.others, spec.key]
    return Option(
        declarations,
        type=click.BOOL if spec.switch else Parsed(spec),
        default=None,
        metavar=None if spec.switch else spec.metavar,
        help=f"{spec.help}  [default: {spec.default}]" if spec.default else spec.help,
        spec=spec,
        multiple=spec.multiple,
        hidden=hidden,
        envvar=ENV_PREFIX + spec.key.upper() if environment else None,
    )


def shared(*shown: str, environment: bool = False) -> list[click.Parameter]:
    """Return every shared option; the help shows those under a heading or of a name in `shown`."""
    return [
        option(spec, environment=environment, hidden=not {spec.heading, spec.name} & {*shown})
        for spec in SHARED
    ]


class Command(click.Command):
    """A Click command whose help has the options under headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_options(self, ctx, formatter)


def write_options(
    command: click.Command, ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    """Write a command's options under their headings, the table's order kept."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for param in command.get_params(ctx):
        record = param.get_help_record(ctx)
        # The usage line and the text above say what a command's arguments are.
        if record is not None and not isinstance(param, click.Argument):
            heading = param.spec.heading if isinstance(param, Option) else GENERAL
            sections.setdefault(heading, []).append(record)
    for heading, records in sections.items():
        with formatter.section(heading):
            formatter.write_dl(records)
