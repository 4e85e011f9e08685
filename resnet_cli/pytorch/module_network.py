"""A network of the user's own: measured where another is predicted, the same to all that follows.

It has what `network.Network` has: `config`, `tree`, `summary`.
"""

import contextlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from resnet_cli.analysis.summary import Summary
from resnet_cli.parse import Input
from resnet_cli.pytorch.backend import backend
from resnet_cli.pytorch.target import Target

if TYPE_CHECKING:
    from resnet_cli.pytorch.measure import Measurement


@dataclass(frozen=True)
class ModuleConfig:
    """What the flags say about a module: where it is, its arguments and inputs."""

    module: Target
    module_args: Mapping[str, Any]
    input: tuple[Input, ...]

    def to_dict(self) -> dict[str, object]:
        """Return plain values under the flags' names, enough to measure the same again."""
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.module_args.items())
        return {
            "module": str(self.module),
            "module_args": arguments,
            "input": [str(one) for one in self.input],
        }


@dataclass(frozen=True)
class ModuleNetwork:
    """A network that only PyTorch knows: it is built and run once, when first asked."""

    config: ModuleConfig
    device: str = "auto"
    measured: ClassVar[bool] = True

    @property
    def printed(self) -> str:
        """The module as it prints itself."""
        return str(self._built[0])

    @property
    def summary(self) -> Summary:
        """The measurement. Raises `TargetError` or `BackendError` where there is none."""
        return self.measure(lambda path: None).summary

    @cached_property
    def _built(self) -> tuple[Any, str]:
        """The module and its device."""
        backend()
        from resnet_cli.pytorch.construct import construct

        # What the user's code prints is no result of ours.
        with contextlib.redirect_stdout(sys.stderr):
            return construct(self.config.module, self.config.module_args, self.device)

    def measure(self, on_layer: Callable[[str], None]) -> "Measurement":
        """Return the measurement and how the run went; `on_layer` hears where it is."""
        if "_measurement" not in self.__dict__:
            self.__dict__["_measurement"] = self._run(on_layer)
        found: Measurement = self.__dict__["_measurement"]
        return found

    def _run(self, on_layer: Callable[[str], None]) -> "Measurement":
        """Run the module; with `auto` a run that grows long goes on on the meta device."""
        model, device = self._built
        from resnet_cli.pytorch import construct, measure
        from resnet_cli.pytorch.capture import TooLargeError

        inputs = self.config.input or construct.assumed_inputs(model)
        budget = limit = None
        if (self.device, device) == ("auto", "cpu"):
            budget, limit = construct.budget(model), construct.INPUT_BYTES
        try:
            values = construct.place_inputs(model, inputs, device, limit=limit)
            with contextlib.redirect_stdout(sys.stderr):
                return measure.measure(
                    model, values, str(self.config.module), on_layer=on_layer, budget=budget
                )
        except TooLargeError:
            # Built anew, so that tensors which nobody registered are on the device too.
            config = replace(self.config, input=inputs)
            return ModuleNetwork(config, "meta").measure(on_layer)
