"""`python -m resnet_cli` and the console script: the tool as a process of its own."""

import atexit
import gc
import os
import signal
import sys

TYPE_CHECKING = False  # as `typing` has it: a signal before `main` is Python's to answer
if TYPE_CHECKING:
    from collections.abc import Callable

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
_ENDING = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
_ended: list[int] = []


def main() -> None:
    """Run the command line, its own imports included, without looking for garbage.

    A start makes what lives until its end, and looking takes 5 % of it; where PyTorch comes in
    (`pytorch/backend.py`) the collector is on again. A signal that ends the tool leaves no file
    half written and no cursor hidden, and is told by the exit code. The process is the tool's
    own: it ends here, and with what was registered to run at its exit.
    """
    code = 1  # until it is known: an exception that nobody expects has it
    atexit.register(lambda: _free_nothing(code))  # registered first, it is called last
    try:
        _heed(_end)
        gc.disable()
        from resnet_cli.cli import main

        main()
    except SystemExit as left:
        code = int(left.code or 0)
    except KeyboardInterrupt:  # while the command line is imported, or has its code already
        code = 128 + signal.SIGINT
    _heed(_leave)  # all is written
    if _ended:
        code = 128 + _ended[0]
    if _is_kept():
        if sys.stderr is not None:
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _heed(handler: "Callable[[int, object], None]") -> None:
    """Let a handler hear of the signals that end a process, unless it was told to ignore them."""
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _end(number: int, frame: object) -> None:
    """End the run where it stands, and clear up; a second time the process ends at once."""
    _ended.append(number)
    signal.signal(number, signal.SIG_DFL)
    raise KeyboardInterrupt


def _leave(number: int, frame: object) -> None:
    os._exit(128 + number)


def _free_nothing(code: int) -> None:
    """Leave the process as it is: to free each object takes 15 % of a run without PyTorch.

    What came with PyTorch may be a user's own, whose files Python closes.
    """
    if "torch" not in sys.modules:
        os._exit(code)


def _is_kept() -> bool:
    """Say whether a network's own threads, which may never end, would keep Python waiting."""
    threading = sys.modules.get("threading")
    if threading is None:
        return False
    own = threading.main_thread()
    return any(not thread.daemon and thread is not own for thread in threading.enumerate())


if __name__ == "__main__":
    main()
