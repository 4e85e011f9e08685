"""One Click option: its parser, its heading in the help, its words, and what holds without it."""

from collections.abc import Mapping
from copy import copy
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

import click

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
    help: the value that holds where nobody gives one, or words for it.
    """

    def __init__(
        self,
        names: str,
        takes: parse.Parser | type[StrEnum],
        text: str,
        *,
        usual: object = None,
        words: tuple[str, ...] = (),
        **click_attributes: Any,
    ) -> None:
        self.dashed, *others = names.split()  # as flags and files spell it: width-per-group
        self.key = self.dashed.replace("-", "_")
        self.heading = Heading.GENERAL
        self.usual = usual
        self.parse: parse.Parser
        if isinstance(takes, type) and issubclass(takes, StrEnum):
            self.words = tuple(member.value for member in takes)
            self.parse = parse.one_of(takes)
            click_attributes["metavar"] = "|".join(self.words)
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
        other = copy(self)
        vars(other).update(changes)
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

    def get_help_extra(self, ctx: click.Context) -> Any:
        """Return what the help says behind the text: here what is usual."""
        extra = super().get_help_extra(ctx)
        if self.usual not in (None, ()):
            extra["default"] = self._written(self.usual)
        if self.key in ELSEWHERE:
            where, value = ELSEWHERE[self.key]
            extra["default"] += f"; {', '.join(where)}: {self._written(value)}"
        return extra

    def _written(self, value: object) -> str:
        """Write a value as the user would."""
        match value:
            case bool():
                return self.dashed if value else f"no-{self.dashed}"
            case parse.ALL_DEPTHS:
                return "all"
            case tuple():
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
            heading = param.heading if isinstance(param, Option) else Heading.GENERAL
            sections.setdefault(heading, []).append(record)
    for title, records in sections.items():
        with formatter.section(title):
            formatter.write_dl(records)
