"""PyTorch where it can be imported, or why it cannot."""

import gc
from types import ModuleType

from resnet_cli.errors import BackendError


def backend(remedy: str = "") -> ModuleType:
    """Import `forward`, and torch with it. Raises `BackendError` where that is not possible."""
    gc.enable()  # a command's start does without (`__main__.py`)
    install = f"install it (pip install torch){remedy}"
    try:
        from resnet_cli.pytorch import forward
    except ImportError as error:
        raise BackendError(f"PyTorch could not be imported ({error}); {install}") from error
    except Exception as error:  # a broken installation raises anything: OSError, RuntimeError
        message = f"PyTorch failed while it was imported ({error}); {install}"
        raise BackendError(message) from error
    return forward
