"""How a network is trained: one step, as the flags say it."""

from enum import StrEnum
from typing import NamedTuple


class Optimizer(StrEnum):
    """What changes the weights, and what it keeps of every one: none, one or two copies."""

    SGD = "sgd"
    MOMENTUM = "momentum"
    ADAM = "adam"
    ADAMW = "adamw"

    @property
    def copies(self) -> int:
        """Tensors of state, each as large as its parameter."""
        return {Optimizer.SGD: 0, Optimizer.MOMENTUM: 1}.get(self, 2)

    @property
    def is_adaptive(self) -> bool:
        """Whether it counts its steps, 4 bytes a tensor, and divides by a root as it goes."""
        return self.copies == 2


class Amp(StrEnum):
    """The element type that autocast runs convolutions and linear layers in."""

    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"


class Checkpoint(StrEnum):
    """What the backward pass runs again instead of keeping it."""

    STAGE = "stage"
    BLOCK = "block"


class Step(NamedTuple):
    """A training step: the optimiser, and what is saved on the way.

    `freeze` are paths of modules whose weights do not train; with `eval_norms` batch norms use
    their running statistics.
    """

    optimizer: Optimizer
    amp: Amp | None = None
    checkpoint: Checkpoint | None = None
    freeze: tuple[str, ...] = ()
    eval_norms: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether modules that are alike keep the same: none is frozen or run again.

        Of such steps the peak was proved against PyTorch's tracker.
        """
        return not (self.amp or self.checkpoint or self.freeze)
