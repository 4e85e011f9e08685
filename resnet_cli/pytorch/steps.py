"""A training step's forward pass in PyTorch: what it keeps is held against the prediction."""

import contextlib
from collections.abc import Iterator
from operator import index
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from resnet_cli.analysis.kept import pieces
from resnet_cli.analysis.memory import Training, bounded, rolled_up, training
from resnet_cli.analysis.network import Network
from resnet_cli.analysis.summary import Summary
from resnet_cli.analysis.train import with_training
from resnet_cli.errors import TargetError
from resnet_cli.graph.graph import Graph
from resnet_cli.pytorch.build import build
from resnet_cli.pytorch.device import first_line
from resnet_cli.pytorch.difference import Difference
from resnet_cli.pytorch.room import has_room_to_train
from resnet_cli.pytorch.run import run
from resnet_cli.pytorch.saved import Inputs, Saved, saved, trains
from resnet_cli.text import place_text

if TYPE_CHECKING:
    from resnet_cli.analysis.step import Step
    from resnet_cli.pytorch.proof import Proof


def held_against(
    graph: Graph, summary: Summary, step: Training, model: nn.Module | None
) -> tuple[Difference | None, int]:
    """Return the first module that keeps other bytes than predicted, and how many all keep.

    `model` is the graph's, where it stands on the CPU already. Where the CPU is too small the
    step runs without elements.
    """
    dtype = getattr(torch, summary.dtype)
    if model is None:
        model = build(graph, device="cpu", dtype=dtype)
    shapes = [[*map(index, shape)] for shape in graph.inputs]
    how = step.step
    again = pieces(graph, how.checkpoint) if how.checkpoint else ()
    seen = saved(
        model,
        lambda: ([torch.zeros(shape, dtype=dtype) for shape in shapes], {}),
        how,
        [piece.path for piece in again],
        fake=not has_room_to_train(summary, step),
    )
    return next(differences(summary, step, seen), None), total(seen)


def differences(summary: Summary, step: Training, seen: Saved) -> Iterator[Difference]:
    """Give each module that keeps other bytes than predicted, leaves first, then the loss."""
    found = rolled_up(seen.bytes_by_path)
    for row in sorted(summary.rows, key=lambda row: not row.leaf):
        ours, theirs = step.saved.get(row.path, 0), found.get(row.path, 0)
        if ours != theirs:
            yield Difference(row.path, "saved bytes", str(ours), str(theirs))
    if step.loss_bytes != seen.loss_bytes:
        yield Difference("loss", "saved bytes", str(step.loss_bytes), str(seen.loss_bytes))
    if step.saved_bytes != total(seen):  # what the network's own forward keeps has no row
        yield Difference(".", "saved bytes", str(step.saved_bytes), str(total(seen)))


def total(seen: Saved) -> int:
    """Return all bytes that were seen to be kept."""
    return sum(seen.bytes_by_path.values()) + seen.loss_bytes


def trained(
    model: nn.Module,
    inputs: Inputs,
    network: Network,
    proof: "Proof",
    how: "Step",
    mode: Any = None,
) -> "tuple[Network, Proof]":
    """Return a captured network with its training step, and its proof with what was kept.

    `model` is on the CPU, where `mode` is given with tensors of that mode, which have no
    elements. Raises `ConfigError`, and `TargetError` where it does not run in training.
    """
    summary = network.summary
    if summary.bytes_of_params is not None:
        raise TargetError("--train: weights of several element types, and a step has one")
    dtype = getattr(torch, summary.dtype)
    with mode or contextlib.nullcontext():
        values, named = inputs()
        done = run(model, values, dtype, named=named, trains=lambda m: trains(m, how))
    if done.error is not None:
        place = f"layer {done.path}" if done.path else "the network's own forward"
        raise TargetError(f"--train: {place} fails in training: {first_line(done.error)}")
    found = training(done.graph, how, summary.dtype)
    try:
        seen = saved(model, inputs, found.step, fake=mode or False)
    except Exception as error:
        raise TargetError(
            f"--train: what the network keeps could not be measured: {first_line(error)}"
        ) from error
    predicted = with_training(summary, found)
    if not found.unknown and (other := next(differences(predicted, found, seen), None)):
        # Its own code has a say in what is kept: no_grad, or checkpointing of its own.
        found = training(done.graph, how, summary.dtype, surprise=place_text(other.path))
    if found.unknown:
        predicted = with_training(summary, bounded(found, seen.bytes_by_path, seen.loss_bytes))
    return network._replace(summary=predicted), proof._replace(saved_bytes=total(seen))
