"""One run of any `nn.Module`, captured: its graph, its output, and how it failed."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import nn

from resnet_cli.errors import TooLargeError
from resnet_cli.graph.graph import Graph
from resnet_cli.pytorch.capture import Recorder
from resnet_cli.pytorch.isolate import eager, unchanged
from resnet_cli.pytorch.modules import original, paths_of
from resnet_cli.pytorch.nests import tensors
from resnet_cli.pytorch.tracing import plain
from resnet_cli.text import format_shape


class Run(NamedTuple):
    """A finished run. `error` is what the model raised, in the module `failed`.

    `taken` is what the failing module was given; `modules` counts those that ran. `met` are the
    tensors of the function that failed, where it joins several: each one's shape and origin.
    """

    graph: Graph
    seconds: float
    modules: int
    output: Any = None
    error: BaseException | None = None
    failed: nn.Module | None = None
    path: str = ""
    taken: Any = None
    last_function: str = ""
    met: tuple[tuple[str, str], ...] = ()


def run(
    model: nn.Module,
    inputs: Sequence[Any],
    dtype: torch.dtype,
    *,
    named: Mapping[str, Any] | None = None,
    trains: Callable[[nn.Module], bool] = lambda module: False,
    on_layer: Callable[[str], None] = lambda path: None,
    budget: int | None = None,
) -> Run:
    """Run `model` on `inputs` and `named` ones once, without gradients; leave it as it was.

    `dtype` is the model's own element type, `trains` says which modules are in train mode. An
    exception that the model raises ends the run and is part of the result. Raises `TooLargeError`
    when more than `budget` MACs were done.
    """
    named = named or {}
    output = error = failed = None
    met: tuple[tuple[str, str], ...] = ()
    start = time.perf_counter()
    modules = [*paths_of(model)]
    with unchanged(modules), torch.no_grad(), eager(modules):
        recorder = Recorder(model, on_layer, budget)  # knows the buffers that the run has
        with recorder.listening([*inputs, *named.values()], dtype):
            for module in modules:
                if module.training is not trains(module):
                    module.training = trains(module)
            try:
                output = model(*inputs, **named)
            except (KeyboardInterrupt, TooLargeError):
                raise
            except BaseException as raised:
                error, failed = raised, _innermost(raised, recorder) or original(model)
                met = _met(raised, recorder)
    seconds = time.perf_counter() - start
    return Run(
        recorder.graph(model),
        seconds,
        len(recorder.calls),
        plain(output),
        error,
        failed,
        "" if failed is None else recorder.paths[failed],
        recorder.taken,
        recorder.last_function,
        met,
    )


_JOINS = ("add", "sub", "mul", "cat", "concat", "concatenate")


def _met(error: BaseException, recorder: Recorder) -> tuple[tuple[str, str], ...]:
    """Return the tensors that could not be joined, each one's shape and where it is from."""
    trace, given = error.__traceback__, None
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_locals.get("self") is recorder and "func" in frame.f_locals:
            given = frame.f_locals
        trace = trace.tb_next
    if given is None or recorder.last_function.strip("_").lstrip("ri") not in _JOINS:
        return ()
    with torch._C.DisableTorchFunction():
        joined = tensors((given["args"], given["kwargs"]))
        return tuple((format_shape(each.shape), recorder.tape.origin(each)) for each in joined)


def _innermost(error: BaseException, recorder: Recorder) -> nn.Module | None:
    """Return the innermost of the network's modules that was running when it failed."""
    found, trace = None, error.__traceback__
    while trace is not None:
        module = trace.tb_frame.f_locals.get("self")
        if isinstance(module, nn.Module) and module in recorder.paths:
            found = original(module)
        trace = trace.tb_next
    return found
