"""What a run in PyTorch found, as plain values: nothing here imports torch."""

from typing import NamedTuple

from resnet_cli.pytorch.difference import Difference


class Proof(NamedTuple):
    """The outcome of the forward pass.

    Where the input has names it is of one `at` each of these; `measured` where it is all
    there is, unpredicted. `saved_bytes` are what autograd was seen to keep of a training step.
    """

    torch: str
    device: str
    modules: int
    difference: Difference | None
    seconds: float
    at: tuple[str, ...] = ()
    measured: bool = False
    saved_bytes: int | None = None

    @property
    def agrees(self) -> bool:
        return self.difference is None
