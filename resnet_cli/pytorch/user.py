"""A network of the user's own: built, and captured in one run; then it is as any other."""

import contextlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from resnet_cli.analysis.network import Network
from resnet_cli.parse import Input
from resnet_cli.pytorch.backend import backend
from resnet_cli.pytorch.target import Target

if TYPE_CHECKING:
    from resnet_cli.pytorch.proof import Proof


@dataclass(frozen=True)
class ModuleConfig:
    """What the flags say about a module: where it is, its arguments and inputs."""

    module: Target
    module_args: Mapping[str, Any]
    input: tuple[Input, ...]

    def to_dict(self) -> dict[str, object]:
        """Return plain values under the flags' names, enough to capture the same again."""
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.module_args.items())
        return {
            "module": str(self.module),
            "module_args": arguments,
            "input": [str(one) for one in self.input],
        }


def construct(config: ModuleConfig, device: str) -> tuple[Any, str]:
    """Return the module and its device. Raises `TargetError` or `BackendError`."""
    backend()
    from resnet_cli.pytorch import construct

    # What the user's code prints is no result of ours.
    with contextlib.redirect_stdout(sys.stderr):
        return construct.construct(config.module, config.module_args, device)


def capture(
    config: ModuleConfig, device: str, on_layer: Callable[[str], None]
) -> "tuple[Network, Proof]":
    """Return the network and how its run went; with `auto` a long run goes on on meta.

    Raises `TargetError` or `BackendError` where there is none.
    """
    model, place = construct(config, device)
    from resnet_cli.pytorch import construct as how
    from resnet_cli.pytorch import measure
    from resnet_cli.pytorch.capture import TooLargeError

    inputs = config.input or how.assumed_inputs(model)
    budget = limit = None
    if (device, place) == ("auto", "cpu"):
        budget, limit = how.budget(model), how.INPUT_BYTES
    try:
        values = how.place_inputs(model, inputs, place, limit=limit)
        with contextlib.redirect_stdout(sys.stderr):
            done = measure.measure(
                model, values, str(config.module), on_layer=on_layer, budget=budget
            )
    except TooLargeError:
        # Built anew, so that tensors which nobody registered are on the device too.
        return capture(replace(config, input=inputs), "meta", on_layer)
    return Network(config, done.graph, done.summary), done.proof
