"""The proof of a network, whoever it comes from; PyTorch is imported when it runs."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from resnet_cli.analysis import points
from resnet_cli.analysis.network import Network
from resnet_cli.analysis.summary import Summary, label
from resnet_cli.graph.graph import Graph, at
from resnet_cli.pytorch.backend import backend

if TYPE_CHECKING:
    from resnet_cli.pytorch.proof import Proof


def prove(network: Network, device: str, on_layer: Callable[[str], None]) -> "Proof":
    """Run a predicted network in PyTorch against its prediction.

    Raises `BackendError` where PyTorch is missing or broken, and before it is imported
    where the run has no room.
    """
    places = _points(network)
    if device in ("cpu", "mps"):
        from resnet_cli.pytorch.room import free_memory, refuse_too_large

        for _, _, summary in places:
            refuse_too_large(summary, device, free_memory())
    run = backend(", or leave the proof out with --no-run").prove
    labels: list[str] = []
    seconds = 0.0
    for name, graph, summary in places:
        proof: Proof = run(graph, summary, device, on_layer)
        labels += [name] if name else []
        seconds += proof.seconds
        if not proof.agrees:
            break
    return proof._replace(seconds=seconds, at=tuple(labels))


def _points(network: Network) -> list[tuple[str, Graph, Summary]]:
    """Return what is held against PyTorch: where the input has names, at sizes for them."""
    graph, summary = network.graph, network.summary
    if not summary.held:
        return [("", graph, summary)]
    sizes = points.separating(summary.input_shape, [row.stride for row in summary.rows])
    return [(label(each), at(graph, each), points.at(network, each)) for each in sizes]
