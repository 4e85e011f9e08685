"""Which inputs give a layer a wanted size, and which still fit into a memory.

By bisection on the prediction: with one size of the input a name, a layer's size and the
memory of a pass are formulas that never shrink when it grows, so each answer is an interval.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from resnet_cli.analysis.network import predict
from resnet_cli.analysis.summary import Summary, find
from resnet_cli.errors import ConfigError
from resnet_cli.family.config import ResNetConfig
from resnet_cli.graph.dims import Dim, Size, evaluate
from resnet_cli.graph.kinds import Shape
from resnet_cli.parse import LIMIT, LayerExpectation
from resnet_cli.text import format_shape

if TYPE_CHECKING:
    from resnet_cli.analysis.step import Step

_AXES = {"H": 2, "W": 3}


Need: TypeAlias = Callable[[int], int]
"""The bytes that a size needs."""


class Answer(NamedTuple):
    """For which sizes a condition holds: from `least` to `most`, no longer at `next`.

    `size` is the name that varies in `input`. `least` and `most` are None where no size
    does, `next` where all do. The bytes are those of a pass, or of a training step, at `most` and
    at `next`, the least size where none holds.
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


def fitting(
    config: ResNetConfig, memory: int, step: "Step | None" = None, reserve: int = 0
) -> Iterator[Answer]:
    """Give the batches of the image, and the square images of the batch, that fit a memory.

    Counted are a pass's parameters, running statistics and peak at module boundaries, or all
    that a training step holds; `reserve` bytes stay free.

    Raises `ConfigError` for a network that cannot be trained so at any size.
    """
    batch, channels, height, width = config.input
    side = Dim.named("S", _AXES["H"])
    for name, shape in (
        ("N", (Dim.named("N", 0), channels, height, width)),
        ("S", (batch, channels, side, side)),
    ):
        named = config._replace(input=shape)
        need = _inference(named, name) if step is None else _training(named, name, step)
        yield _fit(need, memory, reserve, format_shape(shape), name)


def _inference(config: ResNetConfig, name: str) -> "Need":
    """Return what an inference pass needs at a size, in bytes."""
    summary = predict(config).summary
    weights = summary.param_bytes + summary.buffer_bytes

    def need(size: int) -> int:
        held: tuple[int, ...] = evaluate(tuple(summary.held), {name: size})
        return weights + max(held)

    return need


def _training(config: ResNetConfig, name: str, step: "Step") -> "Need":
    """Return what a training step needs at a size, in bytes; 0 where a norm has one value.

    There PyTorch refuses to train; that ends at some size, and never comes again.
    """
    from resnet_cli.analysis import train  # only a training step needs its walk

    found = train.predict(config, step)

    def need(size: int) -> int:
        try:
            summary = train.evaluated(found.graph, found.summary, {name: size})
        except ConfigError as error:
            if error.field != "input":
                raise
            return 0
        assert summary.training is not None
        return summary.training.peak_bytes or 0

    return need


def _fit(need: "Need", memory: int, reserve: int, shape: str, name: str) -> Answer:
    """Return the sizes whose need a memory has room for; 0 is no size that could be."""
    most = _last(lambda size: need(size) <= memory - reserve)
    least = _last(lambda size: need(size) == 0) + 1
    fits = least <= most
    after = _after(most if fits else least - 1)
    more = f" - {reserve:,} B" if reserve else ""
    return Answer(
        f"memory <= {memory:,} B{more}",
        shape,
        name,
        least=least if fits else None,
        most=most if fits else None,
        bytes=need(most) if fits else None,
        next=after,
        next_bytes=need(after) if after else None,
    )


def _summary(config: ResNetConfig, shape: Shape) -> Summary:
    return predict(config._replace(input=shape)).summary


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
