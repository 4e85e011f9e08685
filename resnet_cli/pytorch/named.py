"""A network of the user's own on an input with names: recorded at one size, proved at others."""

import time
from collections.abc import Callable, Sequence
from operator import index
from typing import TYPE_CHECKING, cast

import torch

from resnet_cli.analysis.memory import Training, training
from resnet_cli.analysis.network import Network
from resnet_cli.analysis.rows import summarise
from resnet_cli.analysis.summary import Sizes, label
from resnet_cli.analysis.symbols import Names, symbolic
from resnet_cli.analysis.train import evaluated, with_training
from resnet_cli.analysis.trial import trial
from resnet_cli.errors import ConfigError
from resnet_cli.pytorch import construct, user
from resnet_cli.pytorch.aside import aside
from resnet_cli.pytorch.difference import Difference
from resnet_cli.pytorch.inputs import ordered
from resnet_cli.pytorch.module_proof import module_difference
from resnet_cli.pytorch.proof import Proof

if TYPE_CHECKING:
    from resnet_cli.analysis.step import Step

BATCH = 2
"""The recorded size of a name on the first axis; 1 would be broadcast."""

SIDES = (224, 64, 32)
"""The recorded sizes of other names, tried in turn: of ImageNet, of Tiny ImageNet, of CIFAR."""

LENGTH = 16
"""The recorded size of other names where no input is a map."""


def capture(
    config: user.ModuleConfig,
    device: str,
    on_layer: Callable[[str], None],
    step: "Step | None" = None,
) -> tuple[Network, Proof]:
    """Return the network in closed forms and its proof; a run that failed where none does not.

    With a `step` of training it, too: raises `ConfigError` where that has no closed form.
    Raises `TargetError` or `BackendError`.
    """
    failed: tuple[Network, Proof] | None = None
    for sizes in _recordings(config):
        recorded, run = user.capture(config.at(sizes), device, on_layer, step)
        if run.agrees:
            return _closed(config, recorded, run, sizes)
        failed = failed or (_failed(recorded, sizes), run)
    assert failed is not None
    return failed


def _failed(recorded: Network, sizes: Sizes) -> Network:
    """Return a network that failed, with the sizes that stood for the names while it ran."""
    error = f"{recorded.summary.error}; it ran with {label(sizes)}"
    return recorded._replace(summary=recorded.summary._replace(error=error))


def _closed(
    config: user.ModuleConfig, recorded: Network, run: Proof, sizes: Sizes
) -> tuple[Network, Proof]:
    """Return a recorded network on an input with names, proved at sizes that tell them apart."""
    named = symbolic(recorded.graph, _names(config))
    summary = summarise(named, recorded.summary.name, dtype=recorded.summary.dtype)._replace(
        ends=f"{named.ends}; behind it all numbers, in totals too, are those of {label(sizes)}"
        if named.ends
        else "",
        inputs=tuple(map(str, config.input)),
        bytes_of_params=recorded.summary.bytes_of_params,
        measured=True,
        known_as=recorded.summary.known_as,
    )
    network = Network(config, named, summary, recorded.graph)
    if recorded.summary.training is not None:
        network = _trained(network, recorded.summary.training, sizes)
    stride = max((row.stride or 1 for row in summary.rows), default=1)
    return network, proved(network, run, trial(recorded.graph, named, stride))


def _trained(network: Network, seen: Training, sizes: Sizes) -> Network:
    """Return a network with its training step in closed forms, which was `seen` at these sizes."""
    graph, summary = network.graph, network.summary
    found = training(graph, seen.step, summary.dtype)
    if unknown := ", ".join(dict.fromkeys((*seen.unknown, *found.unknown))):
        text = f"what {unknown} keeps is measured, and has no closed form in names"
        raise ConfigError("train", text)
    summary = with_training(summary, found)
    here = evaluated(graph, summary, sizes).training
    assert here is not None
    if (here.saved_bytes, here.peak_bytes) != (seen.saved_bytes, seen.peak_bytes):
        text = "what it keeps in training is measured, and has no closed form in names"
        raise ConfigError("train", text)
    return network._replace(summary=summary)


def proved(network: Network, run: Proof, chosen: Sequence[Sizes]) -> Proof:
    """Return the proof of closed forms by runs at these sizes, up to the first difference."""
    start, run = time.perf_counter(), run._replace(measured=False)
    for sizes in chosen:
        if run.difference is not None:
            break
        difference = _difference(network, sizes, run.device)
        saved = None if network.summary.training is None else _saved(network, sizes)
        if difference is None and saved is not None:
            difference = _saved_difference(network, sizes, run.device, saved)
        saved = run.saved_bytes if saved is None else saved
        run = run._replace(difference=difference, at=(*run.at, label(sizes)), saved_bytes=saved)
    return run._replace(seconds=run.seconds + time.perf_counter() - start)


def _difference(network: Network, sizes: Sizes, device: str) -> Difference | None:
    """Run the network at sizes for its names; return the first difference."""
    config, summary = cast("user.ModuleConfig", network.config), network.summary
    assert network.recorded is not None
    model, place = user.made(config, device)
    with aside(config.module):
        values, others = construct.place_inputs(model, config.at(sizes).input, place)
        dtype = getattr(torch, summary.dtype)
        return module_difference(model, network.recorded, values, dtype, named=others)


def _saved(network: Network, sizes: Sizes) -> int | None:
    """Return the bytes that a training step keeps at these sizes, None where none can be."""
    try:
        step = evaluated(network.graph, network.summary, sizes).training
    except ConfigError:  # so small that a norm has one value a channel
        return None
    assert step is not None
    return index(step.saved_bytes)


def _saved_difference(network: Network, sizes: Sizes, device: str, saved: int) -> Difference | None:
    """Train the network at sizes for its names; return where it keeps other bytes."""
    config, step = cast("user.ModuleConfig", network.config), network.summary.training
    assert step is not None
    other, _ = user.capture(config.at(sizes), device, lambda _: None, step.step)
    seen = other.summary.training
    assert seen is not None
    if seen.saved_bytes == saved:
        return None
    return Difference(".", "saved bytes", str(saved), str(seen.saved_bytes))


def _names(config: user.ModuleConfig) -> Names:
    return {
        (position, axis): str(size)
        for position, one in enumerate(ordered(config.input))
        for axis, size in enumerate(one.shape)
        if not isinstance(size, int)
    }


def _recordings(config: user.ModuleConfig) -> list[Sizes]:
    """Return the sizes at which a recording is tried, in turn."""
    batch = {name for (_, axis), name in _names(config).items() if axis == 0}
    is_map = any(len(one.shape) > 2 for one in ordered(config.input))
    sides = SIDES if is_map and not batch.issuperset(config.named) else (LENGTH,)
    return [{name: BATCH if name in batch else side for name in config.named} for side in sides]
