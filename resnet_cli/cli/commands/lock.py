"""`lock`: write what the networks are now, or say what that would change."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

from resnet_cli import parse
from resnet_cli.analysis.network import Network
from resnet_cli.cli.flags import EXPECTATIONS, shared
from resnet_cli.cli.networks import known
from resnet_cli.cli.options import Command, Heading, Option, under
from resnet_cli.cli.screen import Screen
from resnet_cli.cli.settings import Request, Settings, request
from resnet_cli.cli.values import Output
from resnet_cli.errors import ForwardError
from resnet_cli.files import write_atomically
from resnet_cli.gate import lockfile
from resnet_cli.gate.changes import Told, told
from resnet_cli.gate.earlier import Earlier
from resnet_cli.gate.lines import Locked

LOCK = next(option for option in EXPECTATIONS if option.key == "lock")


class LockOptions(NamedTuple):
    """What is done instead of writing."""

    diff: bool = False
    check: bool = False


OPTIONS = under(
    Heading.GENERAL,
    (),
    Option("diff", parse.flag, "Show what would change, and write nothing."),
    Option("check", parse.flag, "Leave with 1 where something would change, and write nothing."),
)


@click.command(
    "lock",
    cls=Command,
    examples=("lock --diff", "lock --preset resnet50 -o resnet50.lock.json"),
    params=[
        *(LOCK, *OPTIONS),
        *shared(Heading.NETWORK, Heading.TRAINING, Heading.GENERAL, "device", "output"),
    ],
    instead={"format": "a lock file is JSON; --diff shows what would change"},
)
@click.pass_context
def command(ctx: click.Context, /, **_: Any) -> int:
    """Write a lock file with every layer of the configured networks, or of one from flags.

    The file is -o FILE, or --lock, or the configured one, or resnet-shapes.lock.json.
    """
    asked = request(ctx)
    networks = asked.networks()
    settings = next(iter(networks.values()))  # no option that counts here is one network's own
    path, screen = _path(asked, settings), settings.read(Output).screen()
    options = settings.read(LockOptions)
    found = {name: _network(name, own, screen) for name, own in networks.items()}
    old: lockfile.Networks = {}
    if path.exists() and (asked.picked() or any(options)):
        old = lockfile.read(path)
    for note in asked.overrides():
        screen.note(note)
    if any(options):
        said = dict(_differences(old, found, whole=not asked.picked()))
        if options.diff:
            _show(said, screen)
        elif said:
            screen.note(f"{path} would change for {', '.join(said)}; --diff shows what")
        return int(options.check and bool(said))
    locked = {name: Locked.of(network) for name, network in found.items()}
    # Where one network is locked anew the others stay as they are.
    write_atomically(path, lockfile.to_text({**old, **locked}))
    screen.note(f"locked {', '.join(networks)} in {path}", "green")
    if settings.get("lock") is None:
        configured = f'lock = "{path}" in the configuration'
        screen.note(f"'check' holds it with --lock {path}, or {configured}")
    for note in _unseen(found):
        screen.note(note)
    return 0


def _path(asked: Request, settings: Settings) -> Path:
    """Return the file to write. Raises `click.UsageError` for two, or another network's."""
    if settings.names.get("lock") == "--lock" and settings.names.get("output") == "--output":
        message = "names the file as -o does; leave one of them out"
        raise click.BadParameter(message, param_hint="--lock")
    path: Path | None = settings.get("output") or settings.get("lock")
    if path is None and asked.is_aside():
        raise click.UsageError(
            "the configuration's lock file is for its own networks; give -o FILE for a network "
            "from flags, or --network NAME to lock one of the configured ones anew"
        )
    return path or Path(lockfile.DEFAULT_NAME)


def _network(name: str, own: Settings, screen: Screen) -> Network:
    network = known(own, screen).network
    if network.summary.error is not None:
        raise ForwardError(f"{name} cannot be locked: {network.summary.error}")
    return network


def _differences(
    old: lockfile.Networks, now: Mapping[str, Network], *, whole: bool
) -> Iterator[tuple[str, list[Told]]]:
    """Give each network of which something else would be written, and what."""
    for name, network in now.items():
        if name not in old:
            yield name, [Told("+", "not in the lock file")]
        elif changes := lockfile.differences(old[name], network):
            yield name, told(changes)
        elif isinstance(old[name], Earlier):
            yield name, [Told("~", "of an earlier form, which holds shapes and counts alone")]
    for name in (name for name in old if whole and name not in now):
        yield name, [Told("-", "only in the lock file")]


def _show(said: Mapping[str, list[Told]], screen: Screen) -> None:
    from rich.console import Group

    from resnet_cli.show.check import changes_list

    look = screen.look()
    if said:
        lists = (
            changes_list(name, [each.lines for each in found], look) for name, found in said.items()
        )
        screen.show(Group(*lists))


def _unseen(found: Mapping[str, Network]) -> Iterator[str]:
    """Say what the lock does not hold: values, and what functions that it does not know do."""
    yield "not in it: values of weights, and settings that change no shape, as eps and slopes"
    for name, network in found.items():
        if kinds := Locked.of(network).unseen:
            yield f"of {name} by name and shape alone: {', '.join(kinds)}"
