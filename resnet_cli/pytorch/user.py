"""A network of the user's own: built, and captured in one run; then it is as any other."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from resnet_cli.analysis.network import Network
from resnet_cli.errors import BackendError, TargetError, TooLargeError
from resnet_cli.pytorch.aside import aside
from resnet_cli.pytorch.backend import backend
from resnet_cli.pytorch.inputs import Given, at, ordered
from resnet_cli.pytorch.target import Target, describe

if TYPE_CHECKING:
    from resnet_cli.analysis.step import Step
    from resnet_cli.pytorch.measure import Measurement
    from resnet_cli.pytorch.proof import Proof


@dataclass(frozen=True)
class ModuleConfig:
    """What the flags say about a module: where it is, its arguments and inputs."""

    module: Target
    module_args: Mapping[str, Any]
    input: tuple[Given, ...]

    @property
    def named(self) -> tuple[str, ...]:
        """The inputs' sizes that are names, in the order of a run."""
        sizes = [size for one in ordered(self.input) for size in one.shape]
        return tuple(dict.fromkeys(str(size) for size in sizes if not isinstance(size, int)))

    def at(self, sizes: Mapping[str, int]) -> "ModuleConfig":
        """Return the module on inputs with numbers for their names."""
        return replace(self, input=tuple(at(one, sizes) for one in self.input))

    def to_dict(self) -> dict[str, object]:
        """Return plain values under the flags' names, enough to capture the same again."""
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.module_args.items())
        return {
            "module": str(self.module),
            "module_args": arguments,
            "input": [str(one) for one in self.input],
        }


def made(config: ModuleConfig, device: str) -> tuple[Any, str]:
    """Return the module and its device. Raises `TargetError` or `BackendError`."""
    backend()
    from resnet_cli.pytorch import construct

    with aside(config.module):
        return construct.construct(config.module, config.module_args, device)


def printed(config: ModuleConfig, device: str) -> str:
    """Return the module as PyTorch prints it. Raises `TargetError` where its own code fails."""
    model, _ = made(config, device)
    with aside(config.module):
        try:
            return str(model)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise TargetError(
                f"--module {config.module}: cannot be printed: {describe(error)}"
            ) from error


def capture(
    config: ModuleConfig,
    device: str,
    on_layer: Callable[[str], None],
    step: "Step | None" = None,
) -> "tuple[Network, Proof]":
    """Return the network and how its run went. Raises `TargetError` or `BackendError`.

    With `auto` a long run goes on on the meta device, and comes back to the CPU where it
    needs values, if that has the room.

    With a `step` of training it, too: raises `ConfigError` where that cannot be.
    """
    model, place = made(config, device)
    from resnet_cli.pytorch import construct

    with aside(config.module):
        config = replace(config, input=config.input or construct.assumed_inputs(model))
    if device == "auto":
        done = _anywhere(config, model, place, on_layer)
    else:
        done = _measured(config, model, place, on_layer)
    network = Network(config, done.graph, done.summary)
    if step is None or done.summary.error is not None:
        return network, done.proof
    if place != "cpu" and done.proof.device == "cpu":
        model, place = made(config, "cpu")
    return _trained(network, config, done.proof, model if place == "cpu" else None, step)


def _trained(
    network: Network, config: ModuleConfig, proof: "Proof", model: Any, step: "Step"
) -> "tuple[Network, Proof]":
    """Return a network with a step of training it; what has no room on the CPU runs fake there."""
    from resnet_cli.pytorch import construct, room, steps

    mode = None
    with aside(config.module):
        if model is None or not room.has_room_to_run(network.summary):
            model, mode = construct.construct_fake(config.module, config.module_args)
        return steps.trained(
            model,
            lambda: construct.place_inputs(model, config.input, "cpu", is_fake=mode is not None),
            network,
            proof,
            step,
            mode,
        )


def listing(config: ModuleConfig, device: str) -> Network:
    """Return what is known of a module that does not run. Raises `TargetError`, `BackendError`."""
    model, _ = made(config, device)
    from resnet_cli.pytorch import measure

    with aside(config.module):
        return Network(config, *measure.listing(model, str(config.module)))


def _anywhere(
    config: ModuleConfig, model: Any, place: str, on_layer: Callable[[str], None]
) -> "Measurement":
    from resnet_cli.pytorch.room import free_memory

    if place == "cpu":
        with contextlib.suppress(TooLargeError):
            return _measured(config, model, place, on_layer, is_short=True)
        try:
            # Built anew, so that tensors which nobody registered are on the device too.
            model, place = made(config, "meta")
        except TargetError:
            return _measured(config, model, place, on_layer)
    done = _measured(config, model, place, on_layer)
    if not done.lacks_values or done.needs > free_memory():
        return done
    try:
        model, place = made(config, "cpu")
    except BackendError:  # the weights alone are too large
        return done
    return _measured(config, model, place, on_layer)


def _measured(
    config: ModuleConfig,
    model: Any,
    place: str,
    on_layer: Callable[[str], None],
    *,
    is_short: bool = False,
) -> "Measurement":
    """Run a module; where that should be short, raise `TooLargeError` once it is not."""
    from resnet_cli.pytorch import construct, measure

    with aside(config.module):
        budget = construct.budget(model) if is_short else None
        limit = construct.INPUT_BYTES if is_short else None
        values, named = construct.place_inputs(model, config.input, place, limit=limit)
        return measure.measure(
            model, values, str(config.module), named=named, on_layer=on_layer, budget=budget
        )
