"""What would be right, for the mistakes that are made most, from the layer and its input."""

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from resnet_cli.pytorch import naming
from resnet_cli.pytorch.nests import tensors
from resnet_cli.text import format_shape

_CONVOLUTIONS = (
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)


def hint(module: nn.Module, taken: Any, inputs: Sequence[Any] = ()) -> str | None:
    """Return what the layer would need instead of what it was given, None if not known.

    Where it was given one of the network's `inputs`, another input would do as well.
    """
    first = next(tensors(taken), None)
    if first is None:
        return None
    shape = tuple(first.shape)
    is_input = any(first is each for each in tensors(inputs))
    if isinstance(module, _CONVOLUTIONS):
        rank = _rank(module)
        found = _channels(module.in_channels, "in_channels", shape, rank)
        if is_input and found and len(shape) in (rank + 1, rank + 2):
            found += _instead(shape, len(shape) - rank - 1, module.in_channels)
        return found or _window(module, shape)
    if isinstance(module, nn.Linear):
        found = _features(module, shape)
        if is_input and found and len(shape) <= 3 and "flatten" not in found:
            found += _instead(shape, -1, module.in_features)
        return found
    if isinstance(module, nn.modules.batchnorm._BatchNorm):
        found = _batch_norm(module, shape)
        if is_input and found and shape[1] != module.num_features:
            found += _instead(shape, 1, module.num_features)
        return found
    if isinstance(module, nn.Embedding) and first.is_floating_point():
        return f"an embedding takes integers: give --input {format_shape(shape)}:int64"
    return _window(module, shape)


def arguments(model: nn.Module, inputs: Sequence[Any], named: Mapping[str, Any]) -> str | None:
    """Return which inputs `forward` takes where these are others."""
    try:
        signature = inspect.signature(model.forward)
    except (TypeError, ValueError):
        return None
    try:
        signature.bind(*inputs, **named)
    except TypeError:  # PyTorch said what is missing
        names = ", ".join(signature.parameters)
        how = ", or by name=" if named else ""
        return f"forward({names}): give one --input for each, in this order{how}"
    return None


def joined(met: Sequence[tuple[str, str]]) -> str:
    """Return the branches that do not fit each other, each one's shape and where it is from."""
    return "the branches are " + " and ".join(f"{shape} from {origin}" for shape, origin in met)


def _instead(shape: Sequence[int], axis: int, size: int) -> str:
    """Return the input that would do, where one of its sizes is wrong."""
    right = [*shape]
    right[axis] = size
    return f"; or give --input {format_shape(right)}"


def takes_anything(model: nn.Module) -> bool:
    """Say whether `forward` has parameters, so that without inputs there is nothing to run on."""
    try:
        return bool(inspect.signature(model.forward).parameters)
    except (TypeError, ValueError):
        return True


def _rank(module: nn.Module) -> int:
    """Return how many dimensions follow the channels."""
    return len(module.kernel_size)  # type: ignore[arg-type]


def _channels(wanted: int, name: str, shape: tuple[int, ...], rank: int) -> str | None:
    """Compare the channels of (N, C, *map), or of (C, *map)."""
    if len(shape) not in (rank + 1, rank + 2):
        return f"it takes {rank + 2} dimensions, batch and channels first; {len(shape)} came in"
    channels = shape[-rank - 1]
    if channels == wanted:
        return None
    return f"{channels} channels come in: {name} should be {channels}, not {wanted}"


def _features(module: nn.Linear, shape: tuple[int, ...]) -> str | None:
    wanted = module.in_features
    if not shape or shape[-1] == wanted:
        return None
    flat = math.prod(shape[1:])
    if len(shape) > 2 and flat == wanted:
        return f"flatten first: {format_shape(shape)} has the {wanted} features that it takes"
    given = flat if len(shape) > 2 and shape[-1] == shape[-2] else shape[-1]
    also = " (flattened)" if given == flat and len(shape) > 2 else ""
    return f"in_features should be {given}{also}, not {wanted}"


def _window(module: nn.Module, shape: tuple[int, ...]) -> str | None:
    """Compare a map, padded, with the window that slides over it."""
    window = naming.window(module)
    if window is None or len(shape) < 2:
        return None
    rank = len(window.kernel)
    sizes = shape[-rank:]
    sides = zip(sizes, window.padding, window.kernel, strict=False)
    if all(size + 2 * padding >= kernel for size, padding, kernel in sides):
        return None
    padding = "x".join(map(str, dict.fromkeys(window.padding)))
    padded = f" with padding {padding}" if any(window.padding) else ""
    return (
        f"the map of {format_shape(sizes)}{padded} is smaller than the window of "
        f"{format_shape(window.kernel)}: give a larger --input, or fewer strides before it"
    )


def _batch_norm(module: Any, shape: tuple[int, ...]) -> str | None:
    if len(shape) < 2:
        return None
    if shape[1] != module.num_features:
        return f"num_features should be {shape[1]}, not {module.num_features}"
    if math.prod(shape) == shape[1] and (module.training or not module.track_running_stats):
        return (
            "in train mode it takes more than one value a channel: give a larger batch or "
            "map, or call eval()"
        )
    return None
