"""`lock`: write what the networks' layers are now."""

from pathlib import Path
from typing import Any

import click

from resnet_cli.cli.flags import EXPECTATIONS, shared
from resnet_cli.cli.networks import known
from resnet_cli.cli.options import Command, Heading
from resnet_cli.cli.settings import request
from resnet_cli.cli.values import Output
from resnet_cli.errors import ForwardError
from resnet_cli.files import write_atomically
from resnet_cli.gate import lockfile

LOCK = next(option for option in EXPECTATIONS if option.key == "lock")


@click.command(
    "lock",
    cls=Command,
    params=[LOCK, *shared(Heading.NETWORK, Heading.TRAINING, Heading.GENERAL, "output")],
)
@click.pass_context
def command(ctx: click.Context, /, **_: Any) -> int:
    """Write a lock file with every layer of the configured networks, or of one from flags.

    The file is -o FILE, or --lock, or the configured one, or resnet-shapes.lock.json.
    """
    asked = request(ctx)
    networks = asked.networks()
    settings = next(iter(networks.values()))  # no option that counts here is one network's own
    path = settings.get("output") or settings.get("lock")
    if path is None and asked.is_aside():
        raise click.UsageError(
            "the configuration's lock file is for its own networks; give -o FILE for a network "
            "from flags, or --network NAME to lock one of the configured ones anew"
        )
    path = path or Path(lockfile.DEFAULT_NAME)
    locked, screen = {}, settings.read(Output).screen()
    for name, own in networks.items():
        network = known(own, screen).network
        if network.summary.error is not None:
            raise ForwardError(f"{name} cannot be locked: {network.summary.error}")
        locked[name] = lockfile.Locked.of(network.summary, network.config.to_dict())
    if asked.picked() is not None and path.exists():
        # One network is locked anew; the others stay as they are.
        locked = {**lockfile.read(path), **locked}
    write_atomically(path, lockfile.to_text(locked))
    screen.note(f"locked {', '.join(networks)} in {path}", "green")
    return 0
