"""The proof's run: PyTorch builds a graph's modules, runs them, and what ran must be the graph."""

import time
from collections.abc import Callable
from operator import index

import torch

from resnet_cli.analysis.summary import Summary
from resnet_cli.errors import ForwardError
from resnet_cli.graph.graph import Graph
from resnet_cli.pytorch.build import build
from resnet_cli.pytorch.device import available, first_line
from resnet_cli.pytorch.difference import difference
from resnet_cli.pytorch.proof import Proof
from resnet_cli.pytorch.room import choose_device, refuse_too_large
from resnet_cli.pytorch.run import run
from resnet_cli.pytorch.steps import held_against


def prove(
    graph: Graph,
    summary: Summary,
    device: str = "auto",
    on_layer: Callable[[str], None] = lambda path: None,
) -> Proof:
    """Build `graph`, run dummy tensors through it, and hold what ran against it.

    `summary` says what that needs; `on_layer` hears each module's path before it runs. The
    weights are left uninitialised; random state, default dtype, grad mode and threads stay
    as they were.

    Raises `BackendError` for a device that is not there and `ForwardError` where PyTorch
    cannot run the network at all.
    """
    start = time.perf_counter()
    device = choose_device(summary) if device == "auto" else available(device)
    if device == "cuda":
        refuse_too_large(summary, device, torch.cuda.mem_get_info()[0])
    dtype = getattr(torch, summary.dtype)
    error: BaseException | None
    try:
        model = build(graph, device=device, dtype=dtype)
        sizes = [[*map(index, shape)] for shape in graph.inputs]
        inputs = [torch.zeros(size, device=device, dtype=dtype) for size in sizes]
        done = run(model, inputs, dtype, on_layer=on_layer)
        error = done.error
        found = difference(graph, done.graph) if error is None else None
        saved_bytes = None
        if error is None and found is None and summary.training is not None:
            on_cpu = model if device == "cpu" else None
            found, saved_bytes = held_against(graph, summary, summary.training, on_cpu)
    except (RuntimeError, MemoryError, TypeError, OverflowError) as raised:
        error = raised
    if error is not None:
        raise ForwardError(
            f"PyTorch could not run the network on {device}: {first_line(error)}"
        ) from error
    seconds = time.perf_counter() - start
    modules = len(done.graph.modules) - 1  # the network itself has no row
    return Proof(torch.__version__, device, modules, found, seconds, saved_bytes=saved_bytes)
