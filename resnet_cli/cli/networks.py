"""The network that settings describe: predicted, or captured in a run of the user's own module."""

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

import click

from resnet_cli import files
from resnet_cli.analysis.step import Optimizer, Step
from resnet_cli.cli import projectfile
from resnet_cli.cli.screen import Screen
from resnet_cli.cli.settings import Settings
from resnet_cli.cli.values import Device, ProofOptions
from resnet_cli.errors import BackendError, ConfigError, ForwardError
from resnet_cli.family.config import FIELDS, ResNetConfig

if TYPE_CHECKING:
    from resnet_cli.analysis.network import Network
    from resnet_cli.pytorch.proof import Proof
    from resnet_cli.pytorch.target import Target
    from resnet_cli.pytorch.user import ModuleConfig


class Known(NamedTuple):
    """A network, and how its run went where only that run makes it known."""

    network: "Network"
    run: "Proof | None" = None


def known(
    settings: Settings, screen: Screen, *, symbolic: bool = False, unrun: bool = False
) -> Known:
    """Return the network that flags, variables and file describe, a module's run under a spinner.

    With `symbolic` the input may have names; with `unrun` a module need not run where that is
    off. Raises `click.BadParameter` that names the source, `TargetError` or `BackendError`.
    """
    step = step_of(settings)
    config = module(settings, symbolic=symbolic)
    if config is None:
        own = settings.config(symbolic=symbolic)
        try:
            return Known(_predicted(own, step))
        except ConfigError as error:
            raise settings.wrong(error) from None
    options = settings.read(ProofOptions)
    if not options.run and (step is not None or not unrun):
        name = settings.name("run").replace("--run", "--no-run")
        message = f"this needs what a run shows; leave {name} out"
        raise click.BadParameter(message, param_hint=settings.name("module"))
    from resnet_cli.cli.progress import Progress  # only a run can take long
    from resnet_cli.pytorch import user

    # From here on: threads of its own may print at any time, until the end.
    sys.stdout = sys.stderr
    with Progress(screen, "importing PyTorch") as progress:
        if not options.run:
            return Known(user.listing(config, options.device))
        capture = user.capture
        if config.named:
            from resnet_cli.pytorch.backend import backend

            backend()  # says why where there is no PyTorch, which `named` imports itself
            from resnet_cli.pytorch import named  # only closed forms need it

            capture = named.capture
        try:
            return Known(*capture(config, options.device, progress.update, step))
        except ConfigError as error:
            raise settings.wrong(error) from None


def step_of(settings: Settings) -> Step | None:
    """Return the training step that was asked for. Raises `click.BadParameter`."""
    optimizer, (_, *others) = settings.get("train"), Step._fields
    if optimizer is not None:
        given = {key: settings.values[key] for key in others if key in settings.values}
        return Step(optimizer, **given)
    for key in (*others, "max_train_peak"):
        if settings.get(key):
            raise click.BadParameter(
                f"needs --train and its optimiser, {'|'.join(Optimizer)}",
                param_hint=settings.name(key),
            )
    return None


def _predicted(config: ResNetConfig, step: Step | None) -> "Network":
    """Return a network by arithmetic, with a step of training it. Raises `ConfigError`."""
    if step is None:
        from resnet_cli.analysis.network import predict  # its rows; print-net has none

        return predict(config)
    from resnet_cli.analysis import train  # only a training step needs its walk

    return train.predict(config, step)


def module(settings: Settings, *, symbolic: bool = False) -> "ModuleConfig | None":
    """Return the module that was asked for, or None. Raises `click.BadParameter`."""
    target = settings.get("module")
    if target is None:
        return None
    wrong = [key for key in ("preset", *FIELDS) if key in settings.values and key != "input"]
    if wrong:
        raise click.BadParameter(
            f"a module has its own layers; leave {settings.name(wrong[0])} out",
            param_hint=settings.name("module"),
        )
    if target.is_found:
        _refuse_of_others(target, settings)
    inputs = settings.get("input") or ()
    from resnet_cli.pytorch.inputs import Named, leaves

    names = [one.name for one in inputs if isinstance(one, Named)]
    if twice := next((name for name in names if names.count(name) > 1), None):
        message = f"{twice} is given {names.count(twice)} times; give it once"
        raise click.BadParameter(message, param_hint=settings.name("input"))
    if not symbolic and not all(
        isinstance(size, int) for one in inputs for leaf in leaves(one) for size in leaf.shape
    ):
        message = "has names in it, and this needs numbers, as in 1x3x224x224"
        raise click.BadParameter(message, param_hint=settings.name("input"))
    from resnet_cli.pytorch.user import ModuleConfig

    return ModuleConfig(target, settings.get("module_args") or {}, inputs)


def _refuse_of_others(target: "Target", settings: Settings) -> None:
    """Refuse to run code for a configuration that nobody named, where another user could write it.

    Raises `click.BadParameter` that says how to go on.
    """
    config = os.path.join(target.base, projectfile.FILE)
    for path in (config, *target.files):
        if theirs := files.of_others(path):
            raise click.BadParameter(
                f"would run {target.source}, and {theirs[0]} belongs to another user (number "
                f"{theirs[1]}); if you trust both, name the file: --config {config}",
                param_hint=settings.name("module"),
            )


def prove(found: Known, device: Device, screen: Screen) -> "Proof":
    """Prove a prediction under a spinner; a captured network's own run is its proof."""
    if found.run is not None:
        return found.run
    from resnet_cli.cli.progress import Progress
    from resnet_cli.pytorch import prove  # only a proof needs it

    with Progress(screen, "importing PyTorch") as progress:
        return prove.prove(found.network, device, progress.update)


def told(found: Known, screen: Screen) -> int:
    """Say on stderr where a module's run failed, or was not as closed forms have it; 0 or 1.

    For commands that prove nothing.
    """
    if found.run is None or found.run.agrees:
        return 0
    from resnet_cli.cli.progress import outcome  # only a run that failed has one

    screen.note(*outcome(found.run))
    return 1


def attempt(found: Known, device: Device, screen: Screen) -> "tuple[Proof | None, str | None]":
    """Return the proof, or why PyTorch could not run, for documents that come in any case."""
    try:
        return prove(found, device, screen), None
    except (BackendError, ForwardError) as error:
        return None, str(error)
