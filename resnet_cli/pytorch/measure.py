"""Any `nn.Module` and its inputs to a Summary, as PyTorch measures it."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import nn

from resnet_cli.analysis.summary import LayerRow, Summary
from resnet_cli.parse import Input, typed_shape
from resnet_cli.pytorch import hints, target
from resnet_cli.pytorch.build import check_visible, device_of, dtype_of, own_copy, place_inputs
from resnet_cli.pytorch.forward import first_line
from resnet_cli.pytorch.proof import Difference, Proof
from resnet_cli.pytorch.rows import ROOT, rows
from resnet_cli.pytorch.run import Run, original, run, type_name
from resnet_cli.pytorch.shapes import describe, shape_of, tensors, tree_of
from resnet_cli.text import tree_text


class Measurement(NamedTuple):
    """What was measured, and how the run went in the terms of a proof."""

    summary: Summary
    proof: Proof


def inspect(module: nn.Module, *inputs: Any, training: bool = False) -> Summary:
    """Measure `module`; the public `resnet_cli.inspect` says more."""
    if not isinstance(module, nn.Module):
        raise TypeError(f"inspect takes an nn.Module, not a {type(module).__name__}")
    check_visible(module)
    model = own_copy(module)
    device = device_of(model)
    values = [_value(model, one, device) for one in inputs]
    return measure(model, values, type_name(module), training=training).summary


def measure(
    model: nn.Module,
    inputs: Sequence[Any],
    name: str,
    *,
    training: bool = False,
    on_layer: Callable[[str], None] = lambda path: None,
    budget: int | None = None,
) -> Measurement:
    """Run `model` and sum up. Raises `TooLargeError` over a budget of MACs."""
    done = run(model, inputs, training=training, on_layer=on_layer, budget=budget)
    error = None if done.error is None else _explained(model, done, done.error, inputs)
    found = rows(model, done, error)
    where = difference = None
    if error is not None:
        failed = next(row for row in found if row.error == error)
        where = _where(failed, error)
        difference = Difference(failed.path, "forward pass", "runs", f"fails: {error}")
    summary = _summary(model, done, inputs, name, found, where)
    proof = Proof(
        torch.__version__,
        device_of(model),
        len(done.recorder.records),
        difference,
        done.seconds,
        measured=True,
    )
    return Measurement(summary, proof)


def _summary(
    model: nn.Module,
    done: Run,
    inputs: Sequence[Any],
    name: str,
    found: tuple[LayerRow, ...],
    error: str | None,
) -> Summary:
    dtype = dtype_of(model)
    trains = {id(p): p for p in model.parameters() if p.requires_grad}.values()
    mixed = any(p.dtype is not dtype for p in trains)
    return Summary(
        name=name,
        input_shape=shape_of(inputs),
        output_shape=shape_of(done.output),
        dtype=str(dtype).removeprefix("torch."),
        itemsize=dtype.itemsize,
        rows=found,
        peak_bytes=None,
        inputs=tuple(describe(tensor) for tensor in tensors(inputs)),
        output_tree=tree_of(done.output),
        bytes_of_params=sum(p.numel() * p.element_size() for p in trains) if mixed else None,
        not_counted=tuple(done.recorder.not_counted),
        error=error,
    )


def _where(row: LayerRow, error: str) -> str:
    """Return the failing layer, what came in, and why it failed."""
    shape = "x".join(map(str, row.input_shape))
    taken = shape if row.input_tree is None else tree_text(row.input_tree)
    given = f", given {taken}" if taken else ""
    place = "the network's own forward" if row.path == ROOT else f"layer {row.path}"
    return f"{place} ({row.type}{given}): {error}"


def _explained(model: nn.Module, done: Run, error: Exception, inputs: Sequence[Any]) -> str:
    """Return PyTorch's message in one line, the user's own last frame and a hint."""
    failed = done.failed if done.failed is not None else original(model)
    record = done.recorder.records.get(failed)
    hint = None
    if device_of(model) == "meta" and "meta" in str(error).lower():
        operation = done.recorder.last_function
        hint = f"{operation!r} needs values, and the meta device has none: give --device cpu"
    elif record is not None:
        hint = hints.hint(failed, record.last)
    if hint is None and failed is original(model):
        hint = hints.arguments(failed, inputs)
    text = first_line(error) + target.last_frame(error)
    return f"{text}; {hint}" if hint else text


def _value(model: nn.Module, one: Any, device: str) -> Any:
    """Return an input of `inspect`: a shape as zeros, anything else as it is."""
    if isinstance(one, str):
        return place_inputs(model, [typed_shape(one)], device)[0]
    if isinstance(one, tuple | list) and one and all(type(size) is int for size in one):
        return place_inputs(model, [Input(tuple(one))], device)[0]
    return one
