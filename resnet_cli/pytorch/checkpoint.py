"""The names and shapes in a file that `torch.save` wrote; nothing in it is executed."""

import pickle
import re
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from resnet_cli.errors import FileError
from resnet_cli.pytorch.device import first_line

if TYPE_CHECKING:
    from pathlib import Path

WRAPPERS = ("state_dict", "model_state_dict", "model")
"""What training scripts keep a state_dict under."""

_REFUSED = re.compile(r"WeightsUnpickler error: (.+?)(?: by default\b|\. Please\b|$)", re.MULTILINE)


def read(path: "Path") -> tuple[dict[str, tuple[int, ...]], str]:
    """Return each tensor's shape, and the key that they stand under, if any. Raises `FileError`."""
    found, under = _load(path), ""
    if isinstance(found, Mapping):
        under = next((key for key in WRAPPERS if isinstance(found.get(key), Mapping)), "")
    held = found[under] if under else found
    items = held.items() if isinstance(held, Mapping) else ()
    shapes = {str(name): tuple(each.shape) for name, each in items if isinstance(each, Tensor)}
    if not shapes:
        raise FileError(
            f"{path}: has no tensors by name: no state_dict, and none under "
            + ", ".join(map(repr, WRAPPERS))
        )
    return shapes, under


def _load(path: "Path") -> Any:
    """Load a file to the meta device; what is no zip file, as before PyTorch 1.6, is not mapped."""
    try:
        with path.open("rb") as file:
            mapped = file.read(4) == b"PK\3\4"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="meta", weights_only=True, mmap=mapped)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}") from error
    except pickle.UnpicklingError as error:
        found = _REFUSED.search(str(error))
        why = found[1] if found else first_line(error)
        raise FileError(f"{path}: PyTorch refuses it with weights_only=True: {why}") from error
    except Exception as error:  # a broken file raises anything: EOFError, RuntimeError, KeyError
        why = first_line(error).split(". ")[0]
        name = type(error).__name__
        what = why if why.startswith(name) else f"{name}: {why}"
        raise FileError(f"{path}: PyTorch cannot load it: {what}") from error
