"""Networks side by side: the paper's table 1, and what each adds up to.

He et al. 2015, table 1, has a row a stage: its output size, and its blocks as
`[3x3, 64; 3x3, 64] x 2`. ResNeXt's groups are written as in Xie et al. 2017, table 1.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from resnet_cli.analysis.network import Network, counts_like
from resnet_cli.analysis.paths import is_at
from resnet_cli.analysis.summary import Summary
from resnet_cli.analysis.tools import Tool
from resnet_cli.graph.branches import branches
from resnet_cli.graph.elementwise import Multiply
from resnet_cli.graph.filters import ConvTranspose
from resnet_cli.graph.graph import Graph, Module, children, values, ways
from resnet_cli.graph.joins import Cat
from resnet_cli.graph.kinds import Kind, Shape
from resnet_cli.graph.pooling import MaxPool
from resnet_cli.graph.products import Conv, Linear
from resnet_cli.text import format_shape, human_bytes, human_count, human_text

if TYPE_CHECKING:
    from resnet_cli.analysis.conventions import Count
    from resnet_cli.graph.dims import Size

FIGURES = {
    "params": "Params",
    "macs": "MACs",
    "flops": "FLOPs",
    "activation_bytes": "Activations",
    "peak_bytes": "Peak",
    "param_bytes": "Param bytes",
    "receptive_field": "Field",
}
"""What is compared, by its name in the machine formats; receptive field: of the last map."""

TRAINING = {
    "saved_bytes": "Saved",
    "train_peak_bytes": "Training peak",
    "train_flops": "Training FLOPs",
}
"""What is compared where a training step was asked for."""


LIKE = {f"like_{tool.replace('-', '_')}": tool for tool in Tool}
"""What is compared where other tools' counts were asked for."""


class Part(NamedTuple):
    """One row of table 1: a stage's output, (height, width), and its layers."""

    role: str
    size: Shape
    layers: str


class Entry(NamedTuple):
    """One network of the comparison; `ratios` are to the first one's figures.

    A figure that is not known is None, and so is a ratio to it and one of two formulas that
    differ; `limits` say which are not exact, and what names in the input must be. `input` is what
    it takes, with the element type.
    """

    name: str
    config: Mapping[str, object]
    parts: tuple[Part, ...]
    figures: "Mapping[str, Size | None]"
    ratios: "Mapping[str, float | None]"
    limits: tuple[str, ...] = ()
    input: str = ""

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


def compare(networks: Iterable[tuple[str, Network]], tools: Sequence[Tool] = ()) -> list[Entry]:
    """Return an entry a network, each held against the first, with what `tools` would count."""
    found: list[Entry] = []
    for name, network in networks:
        counts = counts_like(network, tools)
        totals = {count.tool: count.total for count in counts}
        like = {key: totals[tool] for key, tool in LIKE.items() if tool in totals}
        figures = {**_figures(network), **like}
        first = found[0].figures if found else figures
        ratios = {key: _ratio(figures[key], first[key]) for key in figures}
        config, limits = network.config.to_dict(), (*_limits(network.summary), *_no_rules(counts))
        taken = _input(network.summary)
        found.append(Entry(name, config, parts(network), figures, ratios, limits, taken))
    return found


def _input(summary: Summary) -> str:
    """Write what a network takes; float32 goes without saying."""
    text = ", ".join(summary.inputs) or format_shape(summary.input_shape)
    return text if summary.dtype == "float32" else f"{text} {summary.dtype}"


def best(entries: Sequence[Entry], key: str) -> set[int]:
    """Return where a figure is least; nowhere if all are alike, or one has no number.

    Of the receptive field neither more nor less is better.
    """
    values = [entry.figures[key] for entry in entries]
    numbers = [value for value in values if isinstance(value, int)]
    if key == "receptive_field" or len(numbers) < len(values) or len({*numbers}) == 1:
        return set()
    return {place for place, value in enumerate(numbers) if value == min(numbers)}


def _limits(summary: Summary) -> Iterator[str]:
    """Say which of a network's figures are not exact."""
    if summary.not_counted:
        yield f"MACs are at least these: {', '.join(summary.not_counted)} not counted."
    if summary.no_peak:
        yield f"the peak is not known: {summary.no_peak}."
    step = summary.training
    if step is not None and not step.exact:
        how = "at most this" if step.peak_at is None else "not proved with these options"
        yield f"the training peak is {how}."
    yield from summary.limits()


def _no_rules(counts: "Iterable[Count]") -> Iterator[str]:
    """Say which tools' counts are not known, and of which kinds of operations."""
    tools: dict[tuple[str, ...], list[str]] = {}
    for count in counts:
        if count.no_rule:
            tools.setdefault(count.no_rule, []).append(count.tool)
    for kinds, names in tools.items():
        yield f"what {', '.join(names)} would count of {', '.join(kinds)} is not known."


def _ratio(value: "Size | None", first: "Size | None") -> float | None:
    if isinstance(value, int) and isinstance(first, int):
        return value / first if first else None
    return 1.0 if value is not None and value == first else None


def figure(entry: Entry, key: str, *, ascii_only: bool = False) -> tuple[str, str]:
    """Return a figure with its unit, two decimals as in papers, and its ratio to the first."""
    value, ratio = entry.figures[key], entry.ratios[key]
    if value is None:
        return "not known", ""
    if not isinstance(value, int):
        text = human_text(value, ascii_only=ascii_only)
    elif key == "receptive_field" or key in LIKE:  # the others' to the digit, as they say it
        text = f"{value:,}"
    else:
        text = human_bytes(value) if key.endswith("bytes") else human_count(value, decimals=2)
    if ratio is None:
        return text, ""
    return text, f"{ratio:.2f}x" if ratio >= 0.1 else f"{ratio:.2g}x"


def labels(entries: Sequence[Entry]) -> dict[str, str]:
    """Return what is compared and what people call it."""
    like = {key: f"{tool} {tool.counts}" for key, tool in LIKE.items()}
    return {key: {**FIGURES, **TRAINING, **like}[key] for key in entries[0].figures}


def roles(entries: Sequence[Entry]) -> list[str]:
    """Return the rows of all networks together: those of the one with the most, then others'."""
    longest = sorted(entries, key=lambda entry: -len(entry.parts))
    return list(dict.fromkeys(part.role for entry in longest for part in entry.parts))


def parts(network: Network) -> tuple[Part, ...]:
    """Return a network's rows of table 1; pool, flatten and linear are one, as in the paper.

    A module around stages is opened, as RegNet's `trunk_output`. A network of the user's own has
    a row for each of its modules in which something slides.
    """
    graph = network.graph
    modules = {module.path: module for module in graph.modules}
    below = children(graph.modules)
    opened = {way for each in graph.modules if each.role for way in [*ways(each.path)][:-1]}
    found: list[Part] = []
    for row in network.summary.rows:
        if row.path in opened or row.path.rpartition(".")[0] not in opened | {""}:
            continue
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
    found = [graph.operations[value.operation] for value in values(module.calls[0].takes)]
    # What the network's own code joins stands with the module that takes it.
    found = [each for each in found if isinstance(each.kind, Cat) and not each.path]
    found += [each for each in graph.operations if is_at(each.path, module.path)]
    layers = [(_layer(each.kind, len(each.inputs)), _stride(each.kind)) for each in found]
    return "; ".join(text + stride for text, stride in layers if text)


def _layer(kind: Kind, inputs: int = 1) -> str:
    """Write what a layer looks through and gives; nothing for what goes without saying."""
    match kind:
        case Conv(out_channels, kernel, groups=groups):
            grouped = f", C={groups}" if groups != 1 else ""
            return f"{format_shape(kernel)}, {out_channels}{grouped}"
        case ConvTranspose(out_channels, kernel, groups=groups):
            grouped = f", C={groups}" if groups != 1 else ""
            return f"{format_shape(kernel)} transposed, {out_channels}{grouped}"
        case Cat() if inputs > 1:
            return f"concatenation of {inputs}"
        case MaxPool(kernel):
            return f"{format_shape(kernel)} max pool"
        case Multiply():
            return "gate"
    return ""


def _stride(kind: Kind) -> str:
    match kind:
        case Conv() | ConvTranspose() | MaxPool() if {*kind.stride} != {1}:
            first, *others = kind.stride
            return f", stride {format_shape(kind.stride) if {*others} - {first} else first}"
    return ""


def _figures(network: Network) -> "dict[str, Size | None]":
    totals = network.summary.totals()
    keys = FIGURES if network.summary.training is None else {**FIGURES, **TRAINING}
    known = {key: totals.get(key) for key in keys}
    return {**known, "receptive_field": _field(network.summary)}


def _field(summary: Summary) -> int | None:
    """Return what an element of the last map sees, None where that is not known."""
    for row in reversed(summary.rows):
        # Behind a global pool or a flattened map there are features alone, (batch, features).
        if row.depth == 1 and row.calls and not row.is_global and len(row.output_shape) > 2:
            return row.receptive_field
    return None
