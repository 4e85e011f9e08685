"""The arithmetic behind what each layer keeps for a training step's backward pass."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.analysis.explain import parts, summed
from resnet_cli.analysis.explanation import Explanation, Quantity
from resnet_cli.analysis.kept import HALF, Kept, kept
from resnet_cli.analysis.walk import Walk, item_size, walk
from resnet_cli.analysis.weights import weights
from resnet_cli.graph.pointwise import BatchNorm
from resnet_cli.graph.products import Conv, Linear

if TYPE_CHECKING:
    from resnet_cli.analysis.memory import Training
    from resnet_cli.analysis.summary import Summary
    from resnet_cli.graph.graph import Graph
    from resnet_cli.graph.kinds import Facts


class Term(NamedTuple):
    """One tensor that an operation keeps: in words, and its bytes as a formula."""

    words: str
    formula: str


def with_saved(
    graph: "Graph", summary: "Summary", explanations: Sequence[Explanation]
) -> list[Explanation]:
    """Return explanations with what each layer keeps, in words and with the numbers put in."""
    assert summary.training is not None
    lesson = _Lesson(graph, summary, summary.training)
    return [lesson.added(each) for each in explanations]


class _Lesson:
    """A network whose layers' kept tensors are explained."""

    def __init__(self, graph: "Graph", summary: "Summary", training: "Training") -> None:
        self.rows = {row.path: row for row in summary.rows}
        self.parts = parts(summary.rows)
        self.walked: Walk = walk(graph, item_size(summary.dtype))
        trains = weights(self.walked, training.step.freeze).trains
        self.kept: Kept = kept(self.walked, trains, training.step)
        self.at: dict[str, list[int]] = {}
        for index, operation in enumerate(graph.operations):
            self.at.setdefault(operation.path, []).append(index)
        self.by_keeper: dict[int, list[int]] = {}
        for storage, keeper in self.kept.storages.items():
            self.by_keeper.setdefault(keeper, []).append(storage)
        self.is_measured = bool(training.unknown)

    def added(self, explanation: Explanation) -> Explanation:
        """Return a layer's explanation with what it keeps."""
        row = self.rows[explanation.path]
        if row.saved_bytes is None:
            return explanation
        own = [term for index in self.at.get(row.path, ()) for term in self._terms(index)]
        if self.is_measured:
            return _with(explanation, "", Quantity("saved", "", row.saved_bytes))
        if row.leaf:
            formula = " + ".join(term.formula for term in own) or "0"
            words = ", ".join(term.words for term in own) or "nothing that is not kept already"
            return _with(explanation, words, Quantity("saved", formula, row.saved_bytes))
        inside = self.parts[row.path]
        names = [part.path.removeprefix(f"{row.path}.") for part in inside]
        inner = summed("saved", names, [part.saved_bytes or 0 for part in inside], row.saved_bytes)
        saved = [str(part.saved_bytes) for part in inside if part.saved_bytes]
        first = [inner.formula] if inner.formula else saved
        formula = " + ".join((*first, *(term.formula for term in own))) or "0"
        named = () if own else inner.parts
        return _with(explanation, "", inner._replace(formula=formula, parts=named))

    def _terms(self, index: int) -> list[Term]:
        """Return what an operation keeps first."""
        operation, facts = self.walked.graph.operations[index], self.walked.facts[index]
        own = self.walked.storages[index]
        found = [
            Term("its output" if storage == own else _input(facts), self._size(storage))
            for storage in sorted(self.by_keeper.get(index, ()))
        ]
        beside = self.kept.beside[index]
        if beside == 0:
            return found
        keeps = facts.keeps
        if isinstance(operation.kind, BatchNorm):
            features = self.walked.shape(operation.inputs[0])[1]
            formula = f"2*{features}*{self.walked.itemsize}"
            return [*found, Term("the batch's mean and deviation", formula)]
        if keeps is not None and keeps.indices:
            shape = "*".join(map(str, facts.outputs[0]))
            return [*found, Term("where each output came from", f"{shape}*8")]
        if isinstance(operation.kind, Conv | Linear):
            return [*found, Term("autocast's copies", str(beside))]
        return [*found, Term("a copy", str(beside))]

    def _size(self, storage: int) -> str:
        """Write a storage's bytes: its shape times an element's."""
        is_low = self.kept.sizes[storage] != self.walked.nbytes[storage]
        shape = "*".join(map(str, self.walked.facts[storage].outputs[0]))
        return f"{shape}*{HALF if is_low else self.walked.itemsize}"


def _input(facts: "Facts") -> str:
    """Say what an operation needs its input for."""
    return "its input for the weights' gradient" if facts.macs != 0 else "its input"


def _with(explanation: Explanation, words: str, quantity: Quantity) -> Explanation:
    text = f"{explanation.text}; keeps {words}" if words else explanation.text
    quantities = (*explanation.quantities, quantity)
    return explanation._replace(text=text, quantities=quantities)
