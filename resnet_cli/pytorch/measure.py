"""Any `nn.Module` and its inputs to a Summary, as one captured run has it."""

import re
from collections.abc import Callable, Mapping, Sequence
from operator import index
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from resnet_cli.analysis import identify
from resnet_cli.analysis.failure import Failure
from resnet_cli.analysis.listing import listed
from resnet_cli.analysis.network import Network, Plain
from resnet_cli.analysis.paths import is_at
from resnet_cli.analysis.rows import ROOT, summarise
from resnet_cli.analysis.summary import UNKNOWN, LayerRow, Summary
from resnet_cli.analysis.walk import item_size, walk
from resnet_cli.graph.graph import Graph
from resnet_cli.parse import Input, typed_shape
from resnet_cli.pytorch import hints, naming, target
from resnet_cli.pytorch.construct import own_copy, place_inputs
from resnet_cli.pytorch.device import device_of, dtype_of, first_line, lacks_values
from resnet_cli.pytorch.difference import Difference
from resnet_cli.pytorch.inputs import Given, leaves, parse
from resnet_cli.pytorch.modules import LAZY, Inventory, original, state, type_name
from resnet_cli.pytorch.nests import written
from resnet_cli.pytorch.proof import Proof
from resnet_cli.pytorch.run import Run, run
from resnet_cli.text import place_text, tree_text

_SHAPE = re.compile(
    r"\s*(?=[^:]*\d)(\d+|[A-Z]\w*?)(\s*[xX\u00d7*,]\s*\w+)+(:\w*)?\s*|\s*\d+(:\w*)?\s*"
)
"""A text that is meant as a shape, right or wrong: any other is an input itself."""


class Measurement(NamedTuple):
    """What was captured, summed up, and how the run went in the terms of a proof.

    `lacks_values` says that it failed on the meta device where the CPU may do it, in so many
    bytes as it `needs` at least.
    """

    graph: Graph
    summary: Summary
    proof: Proof
    lacks_values: bool
    needs: int


def inspect(
    module: nn.Module, inputs: Sequence[Any], named: Mapping[str, Any], *, training: bool = False
) -> tuple[Network, Proof | None]:
    """Measure `module`, and say how its run went; the public `resnet_cli.inspect` says more."""
    if not isinstance(module, nn.Module):
        raise TypeError(f"inspect takes an nn.Module, not a {type(module).__name__}")
    name = type_name(module)
    config = {"module": name, "module_args": "", "input": []}
    if not inputs and not named and hints.takes_anything(module):
        return Network(Plain(config), *listing(module, name)), None
    model = own_copy(module)
    device = device_of(model)
    values = [_value(model, one, device) for one in inputs]
    others = {key: _value(model, one, device) for key, one in named.items()}
    graph, summary, proof, *_ = measure(model, values, name, named=others, training=training)
    return Network(Plain({**config, "input": [*summary.inputs]}), graph, summary), proof


def measure(
    model: nn.Module,
    inputs: Sequence[Any],
    name: str,
    *,
    named: Mapping[str, Any] | None = None,
    training: bool = False,
    on_layer: Callable[[str], None] = lambda path: None,
    budget: int | None = None,
) -> Measurement:
    """Run `model` and sum up. Raises `TooLargeError` over a budget of MACs."""
    dtype, named = dtype_of(model), named or {}
    done = run(
        model,
        inputs,
        dtype,
        named=named,
        trains=lambda module: training,
        on_layer=on_layer,
        budget=budget,
    )
    failure = None
    if done.error is not None:
        message = _explained(model, done, done.error, (inputs, named))
        failure = Failure(done.path or ROOT, message, naming.window(done.failed))
    kind = str(dtype).removeprefix("torch.")
    walked = walk(done.graph, item_size(kind))
    summary = summarise(done.graph, name, dtype=kind, failure=failure, walked=walked)
    difference = None
    if failure is not None:
        failed = next(row for row in summary.rows if row.error == failure.message)
        difference = Difference(failed.path, "forward pass", "runs", f"fails: {failure.message}")
        summary = summary._replace(error=_where(failed, failure.message))
    held = [module.held for module in done.graph.modules if module.held is not None]
    weights = sum(each.params + each.frozen + each.buffers for each in held) * walked.itemsize
    needs = weights + max(map(index, walked.held), default=0)
    summary = summary._replace(
        rows=_without_lazy(summary.rows, done.graph),
        inputs=(*map(written, inputs), *(f"{key}={written(one)}" for key, one in named.items())),
        bytes_of_params=_bytes_of_params(model),
        measured=True,
        known_as=None if failure else identify.known(done.graph),
    )
    proof = Proof(
        torch.__version__, device_of(model), done.modules, difference, done.seconds, measured=True
    )
    lacks = done.error is not None and device_of(model) == "meta" and lacks_values(done.error)
    return Measurement(done.graph, summary, proof, lacks, needs)


def _without_lazy(rows: tuple[LayerRow, ...], graph: Graph) -> tuple[LayerRow, ...]:
    """Say of the modules whose weights still have no shapes that nobody knows how many."""
    lazy = [module.path or ROOT for module in graph.modules if module.note == LAZY]
    if not lazy:
        return rows
    unknown = {row.path for row in rows if any(is_at(path, row.path) for path in lazy)}
    return tuple(
        row._replace(params=UNKNOWN, buffers=UNKNOWN) if row.path in unknown else row
        for row in rows
    )


def listing(model: nn.Module, name: str) -> tuple[Graph, Summary]:
    """Return what is known of a model without a run: its modules and what they hold."""
    inventory = Inventory({}, None)
    inventory.add(model)
    graph = Graph((), tuple(inventory.modules), None, state=(*state(model),))
    dtype = str(dtype_of(model)).removeprefix("torch.")
    summary = listed(graph.modules, name, dtype=dtype)
    return graph, summary._replace(bytes_of_params=_bytes_of_params(model))


def _bytes_of_params(model: nn.Module) -> int | None:
    """Return the bytes of what trains where its element types are mixed."""
    trains = {id(p): p for p in model.parameters() if p.requires_grad}.values()
    if any(map(is_lazy, trains)) or all(p.dtype is dtype_of(model) for p in trains):
        return None
    return sum(p.numel() * p.element_size() for p in trains)


def _where(row: LayerRow, error: str) -> str:
    """Return the failing layer, what came in, and why it failed."""
    shape = "x".join(map(str, row.input_shape))
    taken = shape if row.input_tree is None else tree_text(row.input_tree)
    given = f", given {taken}" if taken else ""
    return f"{place_text(row.path)} ({row.type}{given}): {error}"


def _explained(
    model: nn.Module,
    done: Run,
    error: BaseException,
    given: tuple[Sequence[Any], Mapping[str, Any]],
) -> str:
    """Return PyTorch's message in one line, the user's own last frame and a hint."""
    failed = done.failed
    assert failed is not None
    hint = None
    if device_of(model) == "meta" and lacks_values(error):
        hint = (
            f"{done.last_function!r} needs values, and the meta device has none: give --device cpu"
        )
    elif done.met:
        hint = hints.joined(done.met)
    elif done.taken is not None:
        hint = hints.hint(failed, done.taken, given)
    if hint is None and failed is original(model):
        hint = hints.arguments(failed, *given)
    text = first_line(error) + target.last_frame(error)
    return f"{text}; {hint}" if hint else text


def _nested(text: str) -> "Given | None":
    """Return shapes in brackets, None for another text."""
    if text.lstrip()[:1] not in ("[", "(", "{"):
        return None
    try:
        nest = parse(text)
    except ValueError:
        return None
    shapes = [_SHAPE.fullmatch(str(leaf)) for leaf in leaves(nest)]
    return nest if shapes and all(shapes) else None


def _value(model: nn.Module, one: Any, device: str) -> Any:
    """Return an input of `inspect`: a shape as zeros, anything else as it is."""
    given: Given
    if isinstance(one, str) and _SHAPE.fullmatch(one):
        given = typed_shape(one)
    elif isinstance(one, str) and (nest := _nested(one)) is not None:
        given = nest
    elif isinstance(one, tuple) and one and all(type(size) is int for size in one):
        given = Input(tuple(one))
    else:
        return one
    if any(not isinstance(size, int) for leaf in leaves(given) for size in leaf.shape):
        raise ValueError(f"{one!r} has names in it, and a run needs numbers, as in 1x3x224x224")
    (value,), _ = place_inputs(model, [given], device)
    return value
