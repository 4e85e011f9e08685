"""The environment's variables: which look like ours, and are not."""

import os
from collections.abc import Iterator

import click

from resnet_cli.cli.flags import EXPECTATIONS, SHARED
from resnet_cli.cli.options import ENV_PREFIX, Option
from resnet_cli.text import nearest, printable


def misspelt(group: click.Context) -> Iterator[str]:
    """Say which variables look like ours, and are no option's."""
    ours = [name for name in os.environ if name.startswith(ENV_PREFIX)]
    known = {option.envvar for option in (*SHARED, *EXPECTATIONS)}
    if known.issuperset(ours) or not isinstance(group.command, click.Group):
        return
    commands = (group.command.get_command(group, n) for n in group.command.list_commands(group))
    known |= {o.envvar for each in commands if each for o in each.params if isinstance(o, Option)}
    for name in (name for name in ours if name not in known):
        hint = nearest(name, map(str, known))
        yield printable(f"{name} is no variable of resnet-shapes{hint}")
