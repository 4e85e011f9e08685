"""Flags that were typed for a command which does not read them."""

from collections.abc import Iterator

import click

from resnet_cli.cli.options import Command, Option
from resnet_cli.cli.projectfile import Values


def refuse_unread(ctx: click.Context, flags: Values) -> None:
    """Refuse flags that the command does not read. Raises `click.BadParameter`.

    That nothing runs is true of every command.
    """
    read = {p.key for p in ctx.command.params if isinstance(p, Option) and not p.hidden}
    for key, name in flags.names.items():
        if key not in read and not (key == "run" and not flags.values[key]):
            instead = ctx.command.instead if isinstance(ctx.command, Command) else {}
            readers = ", ".join(_readers(ctx.find_root(), key))
            right = instead.get(key.replace("_", "-"), f"it is for {readers}")
            raise click.BadParameter(f"is not for {ctx.command.name!r}; {right}", param_hint=name)


def _readers(group: click.Context, key: str) -> Iterator[str]:
    """Give what reads an option: the table, and commands by name."""
    tool = group.command
    assert isinstance(tool, click.Group)
    commands = ((name, tool.get_command(group, name)) for name in tool.list_commands(group))
    for name, command in (("the table", tool), *commands):
        params = command.params if command else ()
        if any(isinstance(p, Option) and p.key == key and not p.hidden for p in params):
            yield name
