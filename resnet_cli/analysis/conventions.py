"""What other tools count of a network, to the digit: a formula each, over kinds of operations.

Each was found in the tool's source and held against its run on eval-mode networks; what it does
with a kind that has no terms here was not established, and is not guessed.
"""

from collections.abc import Iterable, Mapping
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.analysis.tools import Tool
from resnet_cli.graph.graph import Graph, infer
from resnet_cli.graph.kinds import Facts, Input, Kind, Shape
from resnet_cli.graph.moves import Flatten, Pad, Subsample
from resnet_cli.graph.pointwise import Add, BatchNorm, Identity, ReLU
from resnet_cli.graph.pooling import AdaptiveAvgPool, MaxPool
from resnet_cli.graph.products import Conv, Linear

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size

TERMS = {
    "M": "this tool's MACs",
    "B": "outputs of convolutions with a bias",
    "b": "outputs of linear layers with a bias",
    "n": "outputs of batch norms",
    "c": "batch x their weights and biases",
    "r": "outputs of ReLU modules",
    "f": "outputs of ReLU functions",
    "p": "inputs of max pools",
    "a": "inputs of average pools",
    "o": "outputs of average pools",
}
"""What the letters of a formula stand for, all in elements but the first."""


_FLOPS = {"M": 2, "B": 1, "n": 2, "r": 1, "f": 1, "p": 1, "a": 1}

FORMULAS: Mapping[Tool, Mapping[str, int]] = {
    Tool.TORCH: {"M": 2},
    Tool.TORCHVISION: {"M": 1},
    Tool.TORCHINFO: {"M": 1, "B": 1, "b": 1, "c": 1},
    Tool.FVCORE: {"M": 1, "n": 2, "a": 1},
    # Its hooks see a module, and its patches the function that this calls.
    Tool.PTFLOPS: {"M": 1, "B": 1, "b": 1, "n": 2, "r": 2, "f": 1, "p": 2, "a": 2},
    Tool.PTFLOPS_ATEN: {"M": 1, "B": 1, "b": 1},
    Tool.THOP: {"M": 1, "n": 4, "a": 1, "o": 1},
    Tool.CALFLOPS: _FLOPS,
    Tool.DEEPSPEED: _FLOPS,
}
"""How often each term is in a tool's total."""

HEADS = ("Tool", "Counts", "Total", "Formula")


class Count(NamedTuple):
    """What a tool would say of a network; None where `no_rule` names kinds, or it did not run."""

    tool: Tool
    total: "Size | None"
    no_rule: tuple[str, ...] = ()

    @property
    def formula(self) -> str:
        """How it counts, as in `M + 2 n + a`."""
        terms = FORMULAS[self.tool].items()
        return " + ".join(f"{times} {term}" if times > 1 else term for term, times in terms)

    @property
    def said(self) -> "Size | str":
        """The total, or why there is none."""
        if self.total is not None:
            return self.total
        return f"no rule for {', '.join(self.no_rule)}" if self.no_rule else "not known"

    @property
    def row(self) -> "tuple[str, str, Size | str, str]":
        """What stands below `HEADS`."""
        return self.tool, self.tool.counts, self.said, self.formula

    def to_dict(self) -> dict[str, object]:
        """Return the count as the JSON has it."""
        return {
            "tool": self.tool,
            "counts": self.tool.counts,
            "total": self.total,
            "formula": self.formula,
            "no_rule": list(self.no_rule),
        }


def counts(graph: Graph, tools: Iterable[Tool], *, ran: bool = True) -> list[Count]:
    """Return what each tool would count of a network; not known where it never `ran` to its end."""
    if not ran:
        return [Count(tool, None) for tool in tools]
    sums: dict[str, Size] = dict.fromkeys(TERMS, 0)
    free, others = set[str](), set[str]()
    leaves = {module.path for module in graph.modules if module.is_leaf}
    facts = infer(graph)
    for operation, found in zip(graph.operations, facts, strict=True):
        shapes = [facts[before].outputs[output] for before, output in operation.inputs]
        terms = _terms(operation.kind, shapes, found, is_module=operation.path in leaves)
        if terms is None:
            multiplies = found.macs != 0 or not found.is_counted
            (others if multiplies else free).add(operation.kind.name)
            continue
        for term, amount in terms.items():
            sums[term] += amount
    return [_count(tool, sums, free, others) for tool in tools]


def legend(tools: Iterable[Tool]) -> str:
    """Say what the letters in these tools' formulas stand for."""
    used = {term for tool in tools for term in FORMULAS[tool]}
    return ", ".join(f"{term}: {TERMS[term]}" for term in TERMS if term in used) + "."


def _count(tool: Tool, sums: "Mapping[str, Size]", free: set[str], others: set[str]) -> Count:
    """Return a tool's count; one that counts products alone needs no rule for what has none."""
    formula = FORMULAS[tool]
    no_rule = others if formula.keys() == {"M"} else others | free
    if no_rule:
        return Count(tool, None, tuple(sorted(no_rule)))
    return Count(tool, sum(times * sums[term] for term, times in formula.items()))


def _terms(
    kind: Kind, shapes: "list[Shape]", facts: Facts, *, is_module: bool
) -> "Mapping[str, Size] | None":
    """Return what an operation adds to the terms; None where tools were not seen to count it."""
    out = prod(facts.outputs[0])
    match kind:
        case ReLU():
            return {"r" if is_module else "f": out}
        case Input() | Identity() | Add() | Flatten() | Subsample() | Pad(mode="constant"):
            return {}
        case Conv(kernel=(_, _), padding_mode="zeros") if is_module:
            return {"M": facts.macs, "B": out if kind.bias else 0}
        case Linear() if is_module and len(shapes[0]) == 2:
            return {"M": facts.macs, "b": out if kind.bias else 0}
        case BatchNorm(dimensions=2, affine=True, track_running_stats=True) if is_module:
            return {"n": out, "c": shapes[0][0] * facts.params}
        case MaxPool(kernel=(_, _)) if is_module:
            return {"p": prod(shapes[0])}
        case AdaptiveAvgPool(output_size=(_, _)) if is_module:
            return {"a": prod(shapes[0]), "o": out}
    return None
