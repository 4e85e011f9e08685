"""The proof as a user sees it: progress while it runs, one line when it is done."""

import signal
import threading
from types import TracebackType
from typing import TYPE_CHECKING

from resnet_cli.cli.screen import Screen
from resnet_cli.text import place_text

if TYPE_CHECKING:
    from rich.status import Status

    from resnet_cli.pytorch.proof import Proof

DELAY = 0.5
"""Seconds of silence before a spinner appears."""


def outcome(proof: "Proof", *, told: bool = False) -> tuple[str, str]:
    """Return what the proof found, in one line, and its style.

    Where why a run failed is `told` already, only say that it did and where.
    """
    ran = f"PyTorch {proof.torch} on {proof.device}, {proof.seconds:.2f} s"
    if proof.measured and proof.difference is None:
        modules = f"{proof.modules} module{'s' * (proof.modules != 1)}"
        return f"measured, not predicted: {modules} ran ({ran})", "green"
    if proof.measured and proof.difference is not None:
        path, _, _, actual = proof.difference
        why = "" if told else f": {actual.removeprefix('fails: ')}"
        return f"forward pass fails in {place_text(path)}{why} ({ran})", "bold red"
    if proof.difference is None:
        at = " at " + " and at ".join(proof.at) if proof.at else ""
        saved = "" if proof.saved_bytes is None else ", and every byte that they save"
        modules = (
            "the module agrees" if proof.modules == 1 else f"all {proof.modules} modules agree"
        )
        return f"proved: {modules}{saved}{at} ({ran})", "green"
    path, what, predicted, actual = proof.difference
    ran += f", at {proof.at[-1]}" if proof.at else ""
    return f"NOT proved: layer {path}: {what} {predicted} predicted, {actual} in {ran}", "bold red"


class Progress:
    """A spinner on stderr that names what is running, once that takes long."""

    def __init__(self, screen: Screen, message: str) -> None:
        self.screen = screen
        self.message = message
        self.status: Status | None = None
        self.timer = threading.Timer(DELAY, self._start)
        self.timer.daemon = True

    def update(self, path: str) -> None:
        """Name the layer that runs now; end where an interrupt was heard and lost.

        Python drops what is raised while it lets go of an object, as a run does all the time;
        the tool's own handler (`__main__`) has given the signal up by then.
        """
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            raise KeyboardInterrupt
        self.message = f"running {path}"
        if self.status is not None:
            self.status.update(self.message)

    def __enter__(self) -> "Progress":
        if self.screen.is_interactive():
            self.timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.timer.cancel()
            if self.timer.is_alive():
                self.timer.join()
        finally:  # a signal may come here too, and the cursor is shown again
            if self.status is not None:
                self.status.stop()

    def _start(self) -> None:
        """Show the spinner; runs in the timer's thread."""
        from rich.console import Console
        from rich.status import Status

        status = Status(self.message, console=Console(stderr=True, markup=False), spinner="line")
        status.start()
        self.status = status
