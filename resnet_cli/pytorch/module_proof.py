"""Hold what was predicted of a recorded network against a run at sizes that were never run."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import torch
from torch import nn

from resnet_cli.analysis.symbols import predicted, resized
from resnet_cli.graph.graph import Graph, Operation, infer
from resnet_cli.graph.kinds import Facts
from resnet_cli.pytorch.device import first_line
from resnet_cli.pytorch.difference import Difference
from resnet_cli.pytorch.nests import tensors
from resnet_cli.pytorch.run import run
from resnet_cli.text import format_shape


def module_difference(
    model: nn.Module,
    recorded: Graph,
    inputs: Sequence[Any],
    dtype: torch.dtype,
    *,
    named: Mapping[str, Any] | None = None,
) -> Difference | None:
    """Run a network on inputs of other sizes; return where that is not what was predicted.

    Operations are compared by their names, paths, inputs and the shapes that they give. Raises
    `SizeError` where there is no prediction for these sizes.
    """
    shapes = [tuple(tensor.shape) for tensor in tensors([*inputs, *(named or {}).values()])]
    graph = resized(recorded, shapes)
    facts = predicted(graph, recorded)
    done = run(model, inputs, dtype, named=named)
    if done.error is not None:
        return Difference(done.path, "forward pass", "runs", f"fails: {first_line(done.error)}")
    ours = zip(graph.operations, facts, strict=True)
    theirs = zip(done.graph.operations, infer(done.graph), strict=True)
    for mine, other in zip_longest(ours, theirs):
        if (found := _differs(mine, other)) is not None:
            return found
    return None


def _differs(
    mine: tuple[Operation, Facts] | None, other: tuple[Operation, Facts] | None
) -> Difference | None:
    if mine is None or other is None:
        path = (mine or other or ((),))[0].path  # type: ignore[union-attr]
        names = (step[0].kind.name if step else "none" for step in (mine, other))
        return Difference(path, "operation", *names)
    (ours, facts), (theirs, seen) = mine, other
    if (ours.kind.name, ours.path) != (theirs.kind.name, theirs.path):
        return Difference(ours.path, "operation", ours.kind.name, theirs.kind.name)
    if ours.inputs != theirs.inputs:
        texts = (", ".join(map(str, each.inputs)) for each in (ours, theirs))
        return Difference(ours.path, "inputs", *texts)
    if facts.outputs != seen.outputs:
        shapes = (", ".join(map(format_shape, each.outputs)) for each in (facts, seen))
        return Difference(ours.path, "output shape", *shapes)
    return None
