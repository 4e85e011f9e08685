"""The network that settings describe: predicted, or captured in a run of the user's own module."""

import sys
from typing import TYPE_CHECKING, NamedTuple

import click

from resnet_cli.analysis.network import Network, predict
from resnet_cli.analysis.step import Optimizer
from resnet_cli.cli.progress import Progress
from resnet_cli.cli.screen import Screen
from resnet_cli.cli.settings import Settings
from resnet_cli.cli.values import Device, ProofOptions, TrainOptions
from resnet_cli.errors import BackendError, ConfigError, ForwardError
from resnet_cli.family.config import FIELDS, ResNetConfig

if TYPE_CHECKING:
    from resnet_cli.analysis.step import Step
    from resnet_cli.pytorch.proof import Proof
    from resnet_cli.pytorch.user import ModuleConfig


class Known(NamedTuple):
    """A network, and how its run went where only that run makes it known."""

    network: Network
    run: "Proof | None" = None


def known(
    settings: Settings, screen: Screen, *, symbolic: bool = False, unrun: bool = False
) -> Known:
    """Return the network that flags, variables and file describe, a module's run under a spinner.

    With `symbolic` the input may have names; with `unrun` a module need not run where that is
    off. Raises `click.BadParameter` that names the source, `TargetError` or `BackendError`.
    """
    step = step_of(settings)
    config = module(settings, symbolic=symbolic and step is None)
    if config is None:
        own = settings.config(symbolic=symbolic)
        try:
            return Known(predict(own) if step is None else _trained(own, step))
        except ConfigError as error:
            raise settings.wrong(error) from None
    options = settings.read(ProofOptions)
    if not options.run and (step is not None or not unrun):
        name = settings.name("run").replace("--run", "--no-run")
        message = f"this needs what a run shows; leave {name} out"
        raise click.BadParameter(message, param_hint=settings.name("module"))
    from resnet_cli.pytorch import user

    # From here on: threads of its own may print at any time, until the end.
    sys.stdout = sys.stderr
    with Progress(screen, "importing PyTorch") as progress:
        if not options.run:
            return Known(user.listing(config, options.device))
        if config.named:
            from resnet_cli.pytorch import named  # only closed forms need it

            return Known(*named.capture(config, options.device, progress.update))
        try:
            return Known(*user.capture(config, options.device, progress.update, step))
        except ConfigError as error:
            raise settings.wrong(error) from None


def step_of(settings: Settings) -> "Step | None":
    """Return the training step that was asked for. Raises `click.BadParameter`."""
    options = settings.read(TrainOptions)
    if options.step is None:
        for key in (*TrainOptions._fields[1:], "max_train_peak"):
            if settings.get(key):
                raise click.BadParameter(
                    f"needs --train and its optimiser, {'|'.join(Optimizer)}",
                    param_hint=settings.name(key),
                )
    return options.step


def _trained(config: ResNetConfig, step: "Step") -> Network:
    """Return a network with its training step. Raises `ConfigError`."""
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


def prove(found: Known, device: Device, screen: Screen) -> "Proof":
    """Prove a prediction under a spinner; a captured network's own run is its proof."""
    if found.run is not None:
        return found.run
    from resnet_cli.pytorch import prove  # only a proof needs it

    with Progress(screen, "importing PyTorch") as progress:
        return prove.prove(found.network, device, progress.update)


def attempt(found: Known, device: Device, screen: Screen) -> "tuple[Proof | None, str | None]":
    """Return the proof, or why PyTorch could not run, for documents that come in any case."""
    try:
        return prove(found, device, screen), None
    except (BackendError, ForwardError) as error:
        return None, str(error)
