"""One Click option: its parser, its heading in the help, its words, and what holds without it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

import click
from click.core import ParameterSource

from resnet_cli import parse
from resnet_cli.cli.values import ELSEWHERE

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

ENV_PREFIX = "RESNET_SHAPES_"

METAVARS: Mapping[parse.Parser, str] = {
    parse.number: "N",
    parse.counts: "LIST",
    parse.path: "FILE",
    parse.sizes: "SIZES",
    parse.parse_count: "COUNT",
    parse.parse_bytes: "BYTES",
}
"""What the help calls what a parser takes."""


class Heading(StrEnum):
    """What options stand under in the help, in the order of the table."""

    NETWORK = "Network"
    TABLE = "Table"
    TRAINING = "Training"
    PROOF = "Proof"
    GENERAL = "General"
    EXPECTATIONS = "Expectations"
    QUESTIONS = "Questions"
    FIGURE = "Figure"


class Option(click.Option):
    """A flag, a variable and a file's key in one; the value is None where nothing was given.

    `names` are the long name and other flags for it, as in `output -o`. What it `takes` is a
    parser, of which `parse.flag` makes a switch, or an enumeration of words. `usual` is for the
    help: the value that holds where nobody gives one, or words for it. A `key` of its own has
    an option whose name means something else elsewhere.
    """

    def __init__(
        self,
        names: str,
        takes: parse.Parser | type[StrEnum],
        text: str,
        *,
        usual: object = None,
        words: tuple[str, ...] = (),
        key: str = "",
        **click_attributes: Any,
    ) -> None:
        self.dashed, *others = names.split()  # as flags and files spell it: width-per-group
        self.key = key or self.dashed.replace("-", "_")
        self.heading = Heading.GENERAL
        self.is_shared = False
        self.usual = usual
        self.parse: parse.Parser
        if isinstance(takes, type) and issubclass(takes, StrEnum):
            self.words = tuple(member.value for member in takes)
            self.parse = parse.one_of(takes)
            click_attributes.setdefault("metavar", "|".join(self.words))
        else:
            self.words, self.parse = words, takes
            click_attributes.setdefault("metavar", METAVARS.get(takes))
        switch = takes is parse.flag
        super().__init__(
            [f"--{self.dashed}" + f"/--no-{self.dashed}" * switch, *others, self.key],
            type=click.BOOL if switch else click.UNPROCESSED,
            default=None,
            help=text,
            envvar=ENV_PREFIX + self.key.upper(),
            **click_attributes,
        )

    def but(self, **changes: Any) -> Self:
        """Return a copy for one command, with other attributes."""
        other = object.__new__(type(self))
        vars(other).update({**vars(self), **changes})
        return other

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """Return the parsed value. Raises `click.BadParameter`."""
        raw = super().type_cast_value(ctx, value)
        if self.is_flag or raw is None:
            return raw
        try:
            return tuple(map(self.parse, raw)) if self.multiple else self.parse(raw)
        except ValueError as error:
            self.type.fail(str(error), self, ctx)

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """Return a variable's text, a repeatable option's as several."""
        text = self.resolve_envvar_value(ctx)
        # Not at spaces, as Click would: a role has them.
        return text.split(";") if text and self.multiple else text

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the flags and the text; both of a switch in one, as in `--[no-]fold`."""
        record = super().get_help_record(ctx)
        if record is None or not self.is_flag:
            return record
        return f"--[no-]{self.dashed}", record[1]

    def get_help_extra(self, ctx: click.Context) -> Any:
        """Return what the help says behind the text: here what is usual."""
        extra = super().get_help_extra(ctx)
        if self.usual not in (None, ()):
            extra["default"] = self._written(self.usual)
        if self.key in ELSEWHERE:
            where, value = ELSEWHERE[self.key]
            extra["default"] += f"; {', '.join(where)}: {self._written(value)}"
        return extra

    def given(self, value: Any) -> list[str]:
        """Return a value as words of a command line."""
        if self.is_flag:
            return [f"--{self._written(value)}"]
        if isinstance(value, Mapping):
            value = ", ".join(f"{name}={each!r}" for name, each in value.items())
        texts = map(str, value) if self.multiple else [self._written(value)]
        return [word for text in texts for word in (f"--{self.dashed}", text)]

    def _written(self, value: object) -> str:
        """Write a value as the user would."""
        match value:
            case bool():
                return "on" if value else "off"
            case parse.ALL_DEPTHS | parse.OPERATIONS:
                return next(word for word, depth in parse.DEPTHS.items() if depth == value)
            case tuple() if type(value) is tuple:  # what has fields writes itself
                return ",".join(map(str, value))
        return str(value)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Return the words that begin so; the shell itself completes files."""
        from click.shell_completion import CompletionItem  # only a shell that completes

        if self.parse is parse.path:
            return [CompletionItem(incomplete, type="file")]
        return [CompletionItem(word) for word in self.words if word.startswith(incomplete)]


def under(heading: Heading, values: tuple[object, ...], *options: Option) -> tuple[Option, ...]:
    """Put options under a heading; what is usual is the field of their name in `values`."""
    for option in options:
        option.heading = heading
        for value in values:
            if option.usual is None:
                option.usual = getattr(value, option.key, None)
    return options


def message(error: click.ClickException) -> str:
    """Return Click's message; a bad value as `--input: what was given and what is right`."""
    if isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter):
        hint = error.param_hint or (error.param and error.param.opts[0]) or ""
        if isinstance(error.param, click.Option) and error.ctx is not None:
            source = error.ctx.get_parameter_source(error.param.name or "")
            if source is ParameterSource.ENVIRONMENT:
                hint = str(error.param.envvar)
        return f"{hint}: {error.message}"
    return error.format_message()


NETWORK_HELP, TOOL_HELP = "--help-network", "resnet-shapes --help"

BRIEF = dict.fromkeys((Heading.NETWORK, Heading.TRAINING), NETWORK_HELP)
"""What is told in a line where it is shared, and which help has it whole."""


ONE_LINE = 72
"""Characters of such a line."""


class Command(click.Command):
    """A Click command whose help has examples, then its own options, then the shared ones.

    For a shared flag that it does not read, `instead` may say what is right.
    """

    def __init__(
        self,
        *args: Any,
        examples: tuple[str, ...] = (),
        instead: Mapping[str, str] | None = None,
        **attributes: Any,
    ) -> None:
        super().__init__(*args, **attributes)
        self.examples = examples
        self.instead = instead or {}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_examples(self.examples, formatter)
        opening = dict.fromkeys((Heading.PROOF, Heading.GENERAL), TOOL_HELP)
        write_options(self, ctx, formatter, {**BRIEF, **opening})


def write_examples(examples: tuple[str, ...], formatter: click.HelpFormatter) -> None:
    """Write command lines without breaks, so that they can be copied."""
    with formatter.section("Examples"):
        formatter.write("".join(f"  resnet-shapes {example}\n" for example in examples))


def write_options(
    command: click.Command,
    ctx: click.Context,
    formatter: click.HelpFormatter,
    brief: Mapping[Heading, str],
) -> None:
    """Write a command's own options under their headings, shared ones of `brief` in a line.

    The tool's own are all shared, and under one heading.
    """
    sections: dict[str, list[tuple[str, str]]] = {}
    names: dict[str, list[str]] = {}
    for param in command.get_params(ctx):
        record = param.get_help_record(ctx)
        # The usage line and the text above say what a command's arguments are.
        if record is None or isinstance(param, click.Argument):
            continue
        heading = param.heading if isinstance(param, Option) else Heading.GENERAL
        if heading in brief and getattr(param, "is_shared", True):
            names.setdefault(brief[heading], []).append(max(param.opts, key=len))
        else:
            title = "Options" if isinstance(command, click.Group) else heading
            sections.setdefault(title, []).append(record)
    for title, records in sections.items():
        with formatter.section(title):
            formatter.write_dl(records, col_max=24)
    for where, flags in names.items():
        with formatter.section(f"Also, see {where}"):
            line = " ".join(flags)
            if len(line) > ONE_LINE:
                line = line[:ONE_LINE].rpartition(" ")[0] + " ..."
            formatter.write(f"  {line}\n")


def _write_network(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    """Write the flags of network and training whole, and leave."""
    if not value or ctx.resilient_parsing:
        return
    formatter = ctx.make_formatter()
    options = [o for o in ctx.find_root().command.params if isinstance(o, Option)]
    for heading in BRIEF:
        records = [o.get_help_record(ctx) for o in options if o.heading is heading]
        with formatter.section(heading):
            formatter.write_dl([record for record in records if record], col_max=24)
    click.echo(formatter.getvalue().strip("\n"), color=ctx.color)
    ctx.exit()


HELP_NETWORK = click.Option(
    [NETWORK_HELP],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_write_network,
    help="Show the flags of network and training.",
)
