"""A network that a question is about: its inputs' shapes, and what it is on other ones."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

from resnet_cli.analysis.network import Network, predict
from resnet_cli.family.config import ResNetConfig
from resnet_cli.graph.kinds import Shape

if TYPE_CHECKING:
    from resnet_cli.analysis.step import Step

On: TypeAlias = Callable[[Sequence[Shape]], Network]
"""Gives a network on inputs of other shapes, which may have names."""


class Subject(NamedTuple):
    """The shapes of a network's inputs, with numbers or names, and what it is on other ones."""

    inputs: tuple[Shape, ...]
    on: On


def of_family(config: ResNetConfig, step: "Step | None") -> Subject:
    """Return a network of the family, trained with a `step` where one is given."""

    def on(shapes: Sequence[Shape]) -> Network:
        (shape,) = shapes
        named = config._replace(input=cast("tuple[int, int, int, int]", tuple(shape)))
        if step is None:
            return predict(named)
        from resnet_cli.analysis import train  # only a training step needs its walk

        return train.predict(named, step)

    return Subject((config.input,), on)


def of_module(network: Network, inputs: Sequence[Shape]) -> Subject:
    """Return a module that was recorded in closed forms: arithmetic from then on.

    Raises `SizeError` where it cannot take these inputs.
    """
    from resnet_cli.analysis.memory import training
    from resnet_cli.analysis.rows import summarise
    from resnet_cli.analysis.symbols import predicted, resized
    from resnet_cli.analysis.train import with_training

    assert network.recorded is not None
    known = network.summary
    if all(isinstance(size, int) for shape in inputs for size in shape):
        predicted(resized(network.graph, inputs), network.recorded)

    def on(shapes: Sequence[Shape]) -> Network:
        graph = resized(network.graph, shapes)
        summary = summarise(graph, known.name, dtype=known.dtype)
        summary = summary._replace(bytes_of_params=known.bytes_of_params)
        if known.training is not None:
            summary = with_training(summary, training(graph, known.training.step, known.dtype))
        return network._replace(graph=graph, summary=summary)

    return Subject(tuple(inputs), on)
