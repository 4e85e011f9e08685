"""A network of the user's own on an input with names: recorded at one size, proved at others."""

import time
from collections.abc import Callable, Sequence

import torch

from resnet_cli.analysis.network import Network
from resnet_cli.analysis.rows import summarise
from resnet_cli.analysis.summary import Sizes, label
from resnet_cli.analysis.symbols import Names, symbolic
from resnet_cli.analysis.trial import trial
from resnet_cli.pytorch import construct as how
from resnet_cli.pytorch import user
from resnet_cli.pytorch.aside import aside
from resnet_cli.pytorch.difference import Difference
from resnet_cli.pytorch.inputs import ordered
from resnet_cli.pytorch.module_proof import module_difference
from resnet_cli.pytorch.proof import Proof

BATCH = 2
"""The recorded size of a name on the first axis; 1 would be broadcast."""

SIDES = (224, 64, 32)
"""The recorded sizes of other names, tried in turn: of ImageNet, of Tiny ImageNet, of CIFAR."""

LENGTH = 16
"""The recorded size of other names where no input is a map."""


def capture(
    config: user.ModuleConfig, device: str, on_layer: Callable[[str], None]
) -> tuple[Network, Proof]:
    """Return the network in closed forms and its proof; a run that failed where none does not.

    Raises `TargetError` or `BackendError`.
    """
    failed: tuple[Network, Proof] | None = None
    for sizes in _recordings(config):
        recorded, run = user.capture(config.at(sizes), device, on_layer)
        if run.agrees:
            return _closed(config, recorded, run, sizes)
        failed = failed or (recorded, run)
    assert failed is not None
    return failed


def _closed(
    config: user.ModuleConfig, recorded: Network, run: Proof, sizes: Sizes
) -> tuple[Network, Proof]:
    """Return a recorded network on an input with names, proved at sizes that tell them apart."""
    named = symbolic(recorded.graph, _names(config))
    summary = summarise(named, recorded.summary.name, dtype=recorded.summary.dtype)._replace(
        peak_bytes=None,
        ends=f"{named.ends}; behind it all numbers, in totals too, are those of {label(sizes)}"
        if named.ends
        else "",
        inputs=tuple(map(str, config.input)),
        bytes_of_params=recorded.summary.bytes_of_params,
        measured=True,
    )
    network = Network(config, named, summary, recorded.graph)
    stride = max((row.stride or 1 for row in summary.rows), default=1)
    chosen = trial(recorded.graph, named, stride)
    start = time.perf_counter()
    difference, at = _differs(config, recorded, chosen, run.device)
    seconds = run.seconds + time.perf_counter() - start
    return network, run._replace(difference=difference, at=at, seconds=seconds, measured=False)


def _differs(
    config: user.ModuleConfig, recorded: Network, chosen: Sequence[Sizes], device: str
) -> tuple[Difference | None, tuple[str, ...]]:
    """Run the network at each of these sizes; return the first difference, and the sizes so far."""
    at: list[str] = []
    dtype = getattr(torch, recorded.summary.dtype)
    for sizes in chosen:
        at.append(label(sizes))
        model, place = user.construct(config, device)
        with aside():
            values, others = how.place_inputs(model, config.at(sizes).input, place)
            found = module_difference(model, recorded.graph, values, dtype, named=others)
        if found is not None:
            return found, tuple(at)
    return None, tuple(at)


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
