"""Which inputs give a layer a wanted size, and which still fit into a memory.

By bisection on the prediction: with one size of the input a name, a layer's size and the
memory of a pass are formulas that never shrink when it grows, so each answer is an interval.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from resnet_cli.analysis.network import predict
from resnet_cli.analysis.summary import Summary, find
from resnet_cli.family.config import ResNetConfig
from resnet_cli.graph.dims import Dim, Size, evaluate
from resnet_cli.graph.kinds import Shape
from resnet_cli.parse import LIMIT, LayerExpectation
from resnet_cli.text import format_shape

_AXES = {"H": 2, "W": 3}


class Answer(NamedTuple):
    """For which sizes a condition holds: from `least` to `most`, no longer at `next`.

    `size` is the name that varies in `input`. `least` and `most` are None where no size
    does, `next` where all do. The bytes are those of a pass at `most` and at `next`.
    """

    condition: str
    input: str
    size: str
    least: int | None
    most: int | None
    bytes: int | None
    next: int | None
    next_bytes: int | None


def wanted(config: ResNetConfig, want: LayerExpectation) -> Iterator[Answer]:
    """Give the heights, then the widths, at which a layer has the wanted `(H, W)`.

    Raises `ExpectationError` for a layer that is not there, `ValueError` for one without
    height and width and for a size that it never has.
    """
    batch, _, _, _ = config.input
    image = (batch, config.image_channels, *(Dim.named(name, axis) for name, axis in _AXES.items()))
    row = find(_summary(config, image), want.layer)
    if len(row.output_shape) != len(image):
        raise ValueError(f"layer {want.layer} gives {format_shape(row.output_shape)}: no H and W")
    condition = f"{want.layer}={format_shape(want.pattern)}"
    for (name, axis), size in zip(_AXES.items(), want.pattern, strict=True):
        formula = row.output_shape[axis]
        least, most = _interval(formula, name, int(size or 0))
        if most < least:
            raise ValueError(f"layer {want.layer} is never {size} along {name}: {name} = {formula}")
        yield Answer(condition, format_shape(image), name, least, most, None, _after(most), None)


def fitting(config: ResNetConfig, memory: int) -> Iterator[Answer]:
    """Give the batches of the image, and the square images of the batch, that fit a memory.

    Counted are a pass's parameters, running statistics and peak at module boundaries.
    """
    batch, channels, height, width = config.input
    side = Dim.named("S", _AXES["H"])
    yield _fit(config, memory, (Dim.named("N", 0), channels, height, width), "N")
    yield _fit(config, memory, (batch, channels, side, side), "S")


def _fit(config: ResNetConfig, memory: int, shape: Shape, name: str) -> Answer:
    summary = _summary(config, shape)
    weights = summary.param_bytes + summary.buffer_bytes

    def need(size: int) -> int:
        held: tuple[int, ...] = evaluate(tuple(summary.held), {name: size})
        return weights + max(held)

    most = _last(lambda size: need(size) <= memory)
    after = _after(most)
    return Answer(
        f"memory <= {memory:,} B",
        format_shape(shape),
        name,
        least=1 if most else None,
        most=most or None,
        bytes=need(most) if most else None,
        next=after,
        next_bytes=need(after) if after else None,
    )


def _summary(config: ResNetConfig, shape: Shape) -> Summary:
    return predict(replace(config, input=shape)).summary


def _interval(formula: Size, name: str, size: int) -> tuple[int, int]:
    """Return the first and the last value of a name at which a formula has a value."""
    least = _last(lambda value: evaluate(formula, {name: value}) < size) + 1
    return least, _last(lambda value: evaluate(formula, {name: value}) <= size)


def _last(holds: Callable[[int], bool]) -> int:
    """Return the last size below 2**31 at which a condition holds that ends once, or 0."""
    low, high = 0, LIMIT
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _after(size: int) -> int | None:
    return size + 1 if size + 1 < LIMIT else None
