"""The proof of a network, whoever it comes from; PyTorch is imported when it runs."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from resnet_cli.analysis.network import Network
from resnet_cli.analysis.points import separating
from resnet_cli.analysis.summary import Summary, label
from resnet_cli.graph.graph import Graph, at
from resnet_cli.pytorch.backend import backend

if TYPE_CHECKING:
    from resnet_cli.pytorch.module_network import ModuleNetwork
    from resnet_cli.pytorch.proof import Proof


def prove(
    network: "Network | ModuleNetwork", device: str, on_layer: Callable[[str], None]
) -> "Proof":
    """Run a network in PyTorch against its prediction; a measured one is its own proof.

    Raises `BackendError` where PyTorch is missing or broken, and before it is imported
    where the run has no room.
    """
    if not isinstance(network, Network):
        return network.measure(on_layer).proof
    points = _points(network)
    if device in ("cpu", "mps"):
        from resnet_cli.pytorch.room import free_memory, refuse_too_large

        for _, _, summary in points:
            refuse_too_large(summary, device, free_memory())
    run = backend(", or leave the proof out with --no-run").prove
    labels: list[str] = []
    seconds = 0.0
    for name, graph, summary in points:
        proof: Proof = run(graph, summary, device, on_layer)
        labels += [name] if name else []
        seconds += proof.seconds
        if not proof.agrees:
            break
    return proof._replace(seconds=seconds, at=tuple(labels))


def _points(network: Network) -> list[tuple[str, Graph, Summary]]:
    """Return what is held against PyTorch: where the input has names, at sizes for them."""
    if not network.config.names:
        return [("", network.graph, network.summary)]
    strides = [row.stride for row in network.summary.rows]
    sizes = separating(network.config, strides)
    return [(label(each), at(network.graph, each), network.summary.at(each)) for each in sizes]
