"""Run the user's own code aside: what it prints is no result, and where it goes is not for us."""

import contextlib
import os
import sys
from collections.abc import Iterator

from resnet_cli.errors import ResNetShapesError, TargetError, TooLargeError
from resnet_cli.pytorch import target
from resnet_cli.pytorch.target import Target


@contextlib.contextmanager
def aside(of: Target) -> Iterator[None]:
    """Let all that is printed go to stderr, and come back to this directory at the end.

    Raises `TargetError` for whatever the code that the target names raises.
    """
    here = os.getcwd()
    try:
        with contextlib.redirect_stdout(sys.stderr), _descriptor(), target.importable(of):
            yield
    except (KeyboardInterrupt, TooLargeError, ResNetShapesError):
        raise
    except BaseException as error:
        if not target.last_frame(error):
            raise
        raise TargetError(f"--module {of}: raised {target.describe(error)}") from error
    finally:
        with contextlib.suppress(OSError):  # it may be gone by now
            os.chdir(here)


@contextlib.contextmanager
def _descriptor() -> Iterator[None]:
    """Let what C code and child processes print go to stderr as well."""
    try:
        kept = os.dup(1)
        os.dup2(2, 1)
    except OSError:  # one of the two is closed
        yield
        return
    try:
        yield
    finally:
        _flush_c()
        os.dup2(kept, 1)
        os.close(kept)


def _flush_c() -> None:
    """Write what C code has printed and its library keeps."""
    import ctypes  # here already, as PyTorch needs it

    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).fflush(None)
