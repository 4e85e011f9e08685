"""The tensors of a network's state_dict: their names and shapes, and which are its head's."""

from collections.abc import Mapping
from typing import TypeAlias

from resnet_cli.graph.graph import Graph, infer

Tensors: TypeAlias = Mapping[str, tuple[int, ...] | None]
"""Shapes by name; None is any shape, as of a lazy module that takes what is loaded into it."""


def state(graph: Graph) -> Tensors:
    """Return a network's parameters and buffers by the names that PyTorch saves them under."""
    if graph.state is not None:
        return dict(graph.state)
    facts = infer(graph)
    first: dict[str, int] = {}
    for index, operation in enumerate(graph.operations):
        first.setdefault(operation.path, index)
    return {
        f"{module.path}.{name}": shape
        for module in graph.modules
        if module.is_leaf and module.path in first
        for held in (facts[first[module.path]],)
        for name, shape in (*held.weights, *held.buffers)
    }


def head(graph: Graph, tensors: Tensors) -> str:
    """Return the path of the layer that has weights and runs last; empty where there is none."""
    holding = {name[:end] for name in tensors for end, char in enumerate(name) if char == "."}
    leaves = [module for module in graph.modules if module.is_leaf and module.path in holding]
    # Of those that did not run the last one counts that is registered.
    ran = [module.calls[-1].first if module.calls else -1 for module in leaves]
    last = max(range(len(leaves)), key=lambda i: (ran[i], i), default=None)
    return "" if last is None else leaves[last].path
