"""PyTorch itself, imported without its warning, and the devices that it has here."""

import warnings

with warnings.catch_warnings():
    # Without NumPy torch warns at import, and under -W error that would be the end of it.
    warnings.simplefilter("ignore")
    import torch
    from torch import nn

from resnet_cli.errors import BackendError
from resnet_cli.pytorch import target


def available(device: str) -> str:
    """Return the device if it is there. Raises `BackendError` that says which ones are."""
    there = ["cpu", "meta"]
    if torch.cuda.is_available():
        there.append("cuda")
    if torch.backends.mps.is_available():
        there.append("mps")
    if device not in there:
        raise BackendError(
            f"--device {device}: this PyTorch ({torch.__version__}) has no {device} here; "
            f"there are {', '.join(there)}"
        )
    return device


def device_of(model: nn.Module) -> str:
    """Return the kind of device that a module's first parameter or buffer is on."""
    first = next(model.parameters(), next(model.buffers(), None))
    return "cpu" if first is None else first.device.type


def dtype_of(model: nn.Module) -> torch.dtype:
    """Return the type of a module's first floating-point parameter, or the default."""
    kinds = (p.dtype for p in model.parameters() if p.is_floating_point())
    return next(kinds, torch.get_default_dtype())


def first_line(error: BaseException) -> str:
    """Return what an error says, in one line; the class where it is all, or no failure's."""
    name, text = type(error).__name__, target.first_line(error)
    # The message of a KeyError is a value alone.
    is_said = isinstance(error, Exception) and not isinstance(error, KeyError)
    return (text if is_said else f"{name}: {text}") if text else name


def lacks_values(error: BaseException) -> bool:
    """Say whether something failed since the meta device has shapes and no values."""
    return "meta" in target.words(error).lower()
