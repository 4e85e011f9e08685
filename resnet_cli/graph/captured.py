"""Kinds that only a recorded run has: tensors that it makes nowhere, and what has no arithmetic."""

from typing import NamedTuple

from resnet_cli.graph.kinds import KEEPS_NOTHING, Facts, Shape, kind

UNSEEN = "an unseen operation"
"""What gave a tensor that nothing seen made, and no module holds."""


@kind
class Source(NamedTuple):
    """A source: a parameter, a buffer or a constant that an operation takes as its input.

    One that is `made` is there from the run alone, which makes it of weights and numbers.
    """

    what: str
    shape: Shape
    made: bool = False

    @property
    def name(self) -> str:
        return self.what

    def facts(self, *shapes: Shape) -> Facts:
        """Give its own shape; what nobody saw being made is not known, nor what it multiplied."""
        seen = self.what != UNSEEN
        return Facts(
            (self.shape,),
            is_view=not self.made,
            is_known=seen,
            is_counted=seen,
            hides=not seen,
            keeps=KEEPS_NOTHING if seen else None,
        )


@kind
class Opaque(NamedTuple):
    """An operation that has no arithmetic here: its name, and what it was seen to give.

    `macs` were counted while it ran; None where it multiplies and there is no rule, 0 where
    it does not multiply.
    """

    function: str
    outputs: tuple[Shape, ...]
    macs: int | None = 0
    is_view: bool = False

    @property
    def name(self) -> str:
        return self.function

    def facts(self, *shapes: Shape) -> Facts:
        """Give the recorded shapes, whatever comes in."""
        return Facts(
            self.outputs,
            macs=self.macs or 0,
            is_view=self.is_view,
            is_known=False,
            is_counted=self.macs is not None,
            hides=not self.is_view,
        )
