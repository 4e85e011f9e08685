"""Whose weights train, how large each is, and whether a step can be trained at all."""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from resnet_cli.analysis.kept import pieces
from resnet_cli.analysis.paths import suggestion
from resnet_cli.analysis.step import Step
from resnet_cli.analysis.walk import Walk
from resnet_cli.errors import ConfigError
from resnet_cli.graph.graph import Graph, Module, Weight
from resnet_cli.graph.kinds import Facts
from resnet_cli.graph.pointwise import BatchNorm
from resnet_cli.text import format_shape

COUNTER = 8
"""Bytes of batch norm's counter, at every element type."""


class Weights(NamedTuple):
    """What trains and what does not.

    `tensors` are the elements of each trainable tensor in the optimiser's order, and
    `by_operation` those of each operation together; `trains` says where there are any.
    """

    tensors: tuple[int, ...]
    by_operation: Sequence[int]
    trains: Sequence[bool]
    frozen_bytes: int
    buffer_bytes: int
    is_known: bool


def weights(walked: Walk, freeze: Sequence[str]) -> Weights:
    """Return a network's weights, those below `freeze` frozen."""
    graph, item = walked.graph, walked.itemsize
    frozen_paths = tuple(f"{path}." for path in freeze)
    first: dict[str, int] = {}
    for index, operation in enumerate(graph.operations):
        first.setdefault(operation.path, index)
    tensors: list[int] = []
    trains_at: set[str] = set()
    frozen = buffers = 0
    is_known = True
    known: dict[object, Held] = {}  # what repeats has the same facts
    for module in graph.modules:  # as they are registered: the optimiser's order
        if not module.is_leaf:
            continue
        facts = walked.facts[first[module.path]] if module.path in first else None
        key = id(facts) if module.held is None else (id(facts), module.held)
        held = known.get(key)
        if held is None:
            held = known[key] = _held(module, facts, item)
        sizes, others, statistics, sure = held
        if frozen_paths and f"{module.path}.".startswith(frozen_paths):
            others, sizes = others + sum(sizes) * item, ()
        if sizes:
            tensors += sizes
            trains_at.add(module.path)
        if others or statistics or not sure:
            frozen, buffers, is_known = frozen + others, buffers + statistics, is_known and sure
    trains = [
        bool(facts.weights) and operation.path in trains_at
        for operation, facts in zip(graph.operations, walked.facts, strict=True)
    ]
    own = [facts.params if t else 0 for facts, t in zip(walked.facts, trains, strict=True)]
    return Weights(tuple(tensors), own, trains, frozen, buffers, is_known)


class Held(NamedTuple):
    """What one module holds: trainable tensors in elements, the rest in bytes."""

    tensors: tuple[int, ...]
    frozen_bytes: int
    buffer_bytes: int
    is_known: bool


def _held(module: Module, facts: Facts | None, item: int) -> Held:
    """Return what a module holds: what its kind says, or what was seen."""
    derived = Held((), 0, 0, True)
    if facts is not None:
        sizes = tuple([prod(shape) for _, shape in facts.weights])
        buffers = sum([prod(shape) * item if shape else COUNTER for _, shape in facts.buffers])
        derived = Held(sizes, 0, buffers, True)
    held = module.held
    if held is None or facts is None or not facts.is_known:
        return derived if held is None else _seen(held, item)
    if held.buffers != facts.buffer_elements:  # shared with another module
        derived = derived._replace(buffer_bytes=held.buffers * item, is_known=not held.buffers)
    if held.params == facts.params:
        return derived
    if held.params == 0:
        return derived._replace(tensors=(), frozen_bytes=held.frozen * item)
    return _seen(held, item)


def _seen(held: Weight, item: int) -> Held:
    """Return what a module was seen to hold, of which no kind tells the tensors."""
    is_one = bool(held.shape) or not held.params
    sizes = (held.params,) if held.params else ()
    is_known = is_one and not held.buffers
    return Held(sizes, held.frozen * item, held.buffers * item, is_known)


def checked(walked: Walk, step: Step, dtype: str) -> Step:
    """Return a step whose frozen layers are paths. Raises `ConfigError` where it cannot be."""
    if step.amp and dtype != "float32":
        raise ConfigError("amp", f"{step.amp} is for a network in float32, and this is {dtype}")
    if step.checkpoint and not pieces(walked.graph, step.checkpoint):
        raise ConfigError("checkpoint", f"{step.checkpoint}: this network has no stages")
    frozen = [path for layer in step.freeze for path in _paths(walked.graph, layer)]
    step = step._replace(freeze=tuple(frozen))
    for operation, facts in zip(walked.graph.operations, walked.facts, strict=True):
        kind = operation.kind
        if isinstance(kind, BatchNorm) and not (step.eval_norms and kind.track_running_stats):
            shape = facts.outputs[0]
            if prod((shape[0], *shape[2:])) == 1:
                raise ConfigError(
                    "input",
                    f"layer {operation.path} takes {format_shape(shape)}, one value a channel, "
                    "which PyTorch refuses to normalise in training; give a larger input or "
                    "batch, or --eval-norms",
                )
    return step


def _paths(graph: Graph, layer: str) -> list[str]:
    """Return the paths of what is to be frozen: a layer, or what has a role of the network's."""
    found = [each.path for each in graph.modules if layer and layer in (each.path, each.role)]
    if found:
        return found
    unknown = suggestion(layer, [(each.path, each.role) for each in graph.modules])
    raise ConfigError("freeze", f"{layer!r} is no layer of this network{unknown}")
