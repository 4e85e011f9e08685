"""Networks side by side: the paper's table 1, and what each adds up to.

He et al. 2015, table 1, has a row a stage: its output size, and its blocks as
`[3x3, 64; 3x3, 64] x 2`. ResNeXt's groups are written as in Xie et al. 2017, table 1.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import index
from typing import Any, NamedTuple

from resnet_cli.analysis.network import Network
from resnet_cli.analysis.summary import Summary
from resnet_cli.graph.branches import branches
from resnet_cli.graph.graph import Graph, Module, children
from resnet_cli.graph.kinds import Kind, Shape
from resnet_cli.graph.pointwise import Multiply
from resnet_cli.graph.pooling import MaxPool
from resnet_cli.graph.products import Conv, Linear
from resnet_cli.text import format_shape, human_bytes, human_count

FIGURES = {
    "params": "Params",
    "macs": "MACs",
    "flops": "FLOPs",
    "activation_bytes": "Activations",
    "peak_bytes": "Peak",
    "param_bytes": "Param bytes",
    "receptive_field": "Field",
}
"""What is compared, by its name in the machine formats; receptive field: before the pool."""

TRAINING = {
    "saved_bytes": "Saved",
    "train_peak_bytes": "Training peak",
    "train_flops": "Training FLOPs",
}
"""What is compared where a training step was asked for."""


class Part(NamedTuple):
    """One row of table 1: a stage's output, (height, width), and its layers."""

    role: str
    size: Shape
    layers: str


class Entry(NamedTuple):
    """One network of the comparison; `ratios` are to the first one's figures.

    A figure that is not known is None, and so is a ratio to it; `limits` say which are not
    exact.
    """

    name: str
    config: Mapping[str, object]
    parts: tuple[Part, ...]
    figures: "Mapping[str, int | None]"
    ratios: "Mapping[str, float | None]"
    limits: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as the JSON has it."""
        parts = [{**part._asdict(), "size": list(part.size)} for part in self.parts]
        return {
            "network": self.name,
            "config": self.config,
            "parts": parts,
            **self.figures,
            "ratios": self.ratios,
            **({"limits": list(self.limits)} if self.limits else {}),
        }

    def part(self, role: str) -> Part | None:
        """Return the part of that role, None where the network has no such stage."""
        return next((part for part in self.parts if part.role == role), None)


def compare(networks: Iterable[tuple[str, Network]]) -> list[Entry]:
    """Return an entry a network, each held against the first."""
    found: list[Entry] = []
    for name, network in networks:
        figures = _figures(network)
        first = found[0].figures if found else figures
        ratios = {key: _ratio(figures[key], first[key]) for key in figures}
        config, limits = network.config.to_dict(), tuple(_limits(network.summary))
        found.append(Entry(name, config, parts(network), figures, ratios, limits))
    return found


def _limits(summary: Summary) -> Iterator[str]:
    """Say which of a network's figures are not exact."""
    if summary.not_counted:
        yield f"MACs are at least these: {', '.join(summary.not_counted)} not counted."
    step = summary.training
    if step is not None and not step.exact:
        how = "at most this" if step.peak_at is None else "not proved with these options"
        yield f"the training peak is {how}."


def _ratio(value: int | None, first: int | None) -> float | None:
    return value / first if value is not None and first else None


def figure(entry: Entry, key: str) -> tuple[str, str]:
    """Return a figure with its unit, two decimals as in papers, and its ratio to the first."""
    value, ratio = entry.figures[key], entry.ratios[key]
    if value is None:
        return "not known", ""
    if key == "receptive_field":
        text = f"{value:,}"
    else:
        text = human_bytes(value) if key.endswith("bytes") else human_count(value, decimals=2)
    if ratio is None:
        return text, ""
    return text, f"{ratio:.2f}x" if ratio >= 0.1 else f"{ratio:.2g}x"


def labels(entries: Sequence[Entry]) -> dict[str, str]:
    """Return what is compared and what people call it."""
    return {key: {**FIGURES, **TRAINING}[key] for key in entries[0].figures}


def roles(entries: Sequence[Entry]) -> list[str]:
    """Return the rows of all networks together: those of the one with the most, then others'."""
    longest = sorted(entries, key=lambda entry: -len(entry.parts))
    return list(dict.fromkeys(part.role for entry in longest for part in entry.parts))


def parts(network: Network) -> tuple[Part, ...]:
    """Return a network's rows of table 1; pool, flatten and linear are one, as in the paper.

    A network of the user's own has a row for each of its modules in which something slides.
    """
    graph = network.graph
    modules = {module.path: module for module in graph.modules}
    below = children(graph.modules)
    found: list[Part] = []
    for row in network.summary.at_depth(1):
        module = modules.get(row.path)
        if module is None or not module.calls or row.error is not None:
            continue
        role, size = module.role or row.path, row.output_shape[2:]
        layers = describe(graph, module, below.get(row.path, ()))
        kind = graph.operations[module.calls[0].first].kind
        if isinstance(kind, Linear) and module.is_leaf:
            pool = "average pool, " if module.role else ""
            found.append(Part(role, (1, 1), f"{pool}{kind.out_features}-d fc"))
        elif layers and found and found[-1].role == role:  # a stem's layers may stand alone
            found[-1] = Part(role, size, f"{found[-1].layers}; {layers}")
        elif layers:
            found.append(Part(role, size, layers))
    return tuple(found)


def describe(graph: Graph, module: Module, below: Sequence[Module]) -> str:
    """Write a part's layers as table 1 does; norms, biases and ReLUs go without saying."""
    block = branches(graph, below[0]) if below else None
    if block is not None:
        # The table leaves out what the first alone has: its stride and its projection.
        texts = (_layer(graph.operations[index].kind) for index in block.main)
        return f"[{'; '.join(filter(None, texts))}] x {len(below)}"
    kinds = [
        kind
        for kind, _, path, *_ in graph.operations
        if path == module.path or path.startswith(f"{module.path}.")
    ]
    return "; ".join(_layer(kind) + _stride(kind) for kind in kinds if _layer(kind))


def _layer(kind: Kind) -> str:
    """Write what a layer looks through and gives; nothing for what goes without saying."""
    match kind:
        case Conv(out_channels, kernel, groups=groups):
            grouped = f", C={groups}" if groups != 1 else ""
            return f"{format_shape(kernel)}, {out_channels}{grouped}"
        case MaxPool(kernel):
            return f"{format_shape(kernel)} max pool"
        case Multiply():
            return "gate"
    return ""


def _stride(kind: Kind) -> str:
    match kind:
        case Conv(stride=(stride, _)) | MaxPool(stride=(stride, _)) if stride != 1:
            return f", stride {stride}"
    return ""


def _figures(network: Network) -> dict[str, int | None]:
    totals = network.summary.totals()
    fields = [row.receptive_field for row in network.summary.rows if row.depth == 1]
    seen = [field for field in fields if field is not None]
    keys = FIGURES if network.summary.training is None else {**FIGURES, **TRAINING}
    sums = ((key, totals.get(key)) for key in keys)
    known = {key: None if total is None else index(total) for key, total in sums}
    return {**known, "receptive_field": seen[-1] if seen else None}
