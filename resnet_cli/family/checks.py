"""What is wrong with one field of a configuration, whatever the others are."""

from typing import TYPE_CHECKING

from resnet_cli.errors import ConfigError
from resnet_cli.parse import LIMIT
from resnet_cli.text import format_shape

if TYPE_CHECKING:
    from resnet_cli.graph.kinds import Shape


def check_number(field: str, value: int, what: str = "") -> None:
    """Refuse a number that is not positive, or too large for a size."""
    if value < 1:
        raise ConfigError(field, f"{value}{what} is not a positive number")
    if value >= LIMIT:
        raise ConfigError(field, f"{value}{what} is too large: numbers stay below 2**31 = {LIMIT}")


def check_input(shape: "Shape") -> None:
    """Refuse an input that is not (N, C, H, W), with C a number."""
    if len(shape) != 4:
        raise ConfigError(
            "input",
            f"{format_shape(shape)!r} has {len(shape)} dimension{'s' * (len(shape) != 1)}; "
            "an input has four, NxCxHxW: batch, channels, height, width, as in 1x3x224x224",
        )
    for name, size in zip(("batch", "channels", "height", "width"), shape, strict=True):
        if isinstance(size, int):
            check_number("input", size, f" ({name} of {format_shape(shape)})")
        elif name == "channels":
            raise ConfigError(
                "input",
                f"{size} (channels of {format_shape(shape)}) is no number; "
                "N, H and W may be names, as in Nx3xHxW, but the weights depend on C",
            )


def check_list(field: str, values: tuple[int, ...]) -> None:
    """Refuse a list without numbers, or with wrong ones."""
    if not values:
        raise ConfigError(field, "is empty; give one number a stage, as in 64,128,256,512")
    where = f" (in {','.join(map(str, values))})"
    for value in values:
        check_number(field, value, where)


def check_widening(in_channels: int, out_channels: int) -> None:
    """Refuse a zero-padded shortcut that would have to drop channels."""
    if out_channels < in_channels:
        raise ConfigError(
            "shortcut",
            f"pad adds zero channels and cannot go from {in_channels} to {out_channels}; "
            "use --shortcut projection, or channels that do not shrink",
        )
