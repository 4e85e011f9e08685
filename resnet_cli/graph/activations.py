"""Kinds that are a function of one element at a time, besides ReLU."""

from math import prod
from typing import NamedTuple

from resnet_cli.graph.kinds import (
    KEEPS_INPUT,
    KEEPS_NOTHING,
    KEEPS_OUTPUT,
    PASSES,
    Facts,
    Keeps,
    Shape,
    kind,
)

_COPIED = ("ReLU6", "SiLU", "Mish", "Hardswish", "Hardsigmoid", "Hardtanh")
"""What needs its input for backward even in place, and copies it first."""

_KEEPS = {
    **dict.fromkeys(("Sigmoid", "Tanh"), KEEPS_OUTPUT),
    **dict.fromkeys(("LeakyReLU", "ELU", "SELU", "CELU", "GELU"), KEEPS_INPUT),
    **dict.fromkeys(("Softplus", "Hardshrink", "Softshrink", *_COPIED), KEEPS_INPUT),
    "add": PASSES,
    "mul": KEEPS_NOTHING,
}
"""What each other function of one element keeps; `add` and `mul` are those with a number.

Softsign keeps what it computes on the way, and PReLU has a weight: they are not here.
"""


@kind
class Activation(NamedTuple):
    """Any other function of one element at a time, by its module's class, as GELU and Sigmoid."""

    function: str
    inplace: bool = False

    @property
    def name(self) -> str:
        return self.function

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from any shape; the shape stays."""
        keeps = _KEEPS.get(self.function)
        if self.function in _COPIED and self.inplace:
            keeps = Keeps((0,), copies=True)
        elif self.function == "LogSigmoid":
            keeps = Keeps((0,), extra=prod(shapes[0]))  # exp(-|x|), on the CPU
        return Facts((shapes[0],), is_view=self.inplace, keeps=keeps)

    def printed(self, _: Shape) -> str:
        """Write it as PyTorch does where it has no other arguments."""
        return f"{self.function}({'inplace=True' if self.inplace else ''})"


@kind
class Identity(NamedTuple):
    """What gives its input itself: `nn.Identity`, and dropout where nothing trains."""

    function: str = "Identity"

    @property
    def name(self) -> str:
        return self.function

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from any shape; the shape stays, and the memory."""
        return Facts((shapes[0],), is_view=True, keeps=PASSES)

    def printed(self, _: Shape) -> str:
        """Write it as PyTorch does where it has no other arguments."""
        return f"{self.function}()"
