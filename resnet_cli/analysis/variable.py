"""A network at every size: its figures as formulas of its input's names and an element's bytes.

What takes the largest of several amounts at one size has all of them here that could be it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import TYPE_CHECKING, NamedTuple, cast

from resnet_cli.analysis.fold import Folded, fold
from resnet_cli.analysis.rows import summarise
from resnet_cli.analysis.step import Amp, Checkpoint, Optimizer, Step
from resnet_cli.analysis.summary import Summary
from resnet_cli.analysis.walk import Walk, item_size, walk
from resnet_cli.graph.dims import Dim
from resnet_cli.graph.pointwise import BatchNorm

if TYPE_CHECKING:
    from resnet_cli.analysis.conditions import Need
    from resnet_cli.analysis.memory import Training
    from resnet_cli.analysis.network import Network
    from resnet_cli.graph.dims import Monomial, Size

ELEMENT = Dim.named("element bytes", 9)
"""The bytes of an element, where all that the network computes has the network's own type."""


class Way(NamedTuple):
    """What is kept on one way of training: `saved` of each row, and all; the step's FLOPs.

    The peak of the passes is one of `passes`, beside what is there all the time.
    """

    amp: Amp | None
    checkpoint: Checkpoint | None
    saved: "Sequence[Size]"
    saved_bytes: "Size"
    flops: "Size | None"
    passes: "Sequence[Size]"
    exact: bool


class Update(NamedTuple):
    """What an optimiser holds all the time, and what there is beside that while it works."""

    optimizer: Optimizer
    always: "Size"
    after: "Size"


class Trained(NamedTuple):
    """A step of training a network, each way and with each optimiser.

    Where a size of `ones` is 1, PyTorch refuses to normalise; where a difference of `apart` is 0
    the peak is not known. What was measured may be no more than a bound.
    """

    ways: tuple[Way, ...]
    updates: tuple[Update, ...]
    ones: "Sequence[Size]" = ()
    apart: "Sequence[Size]" = ()
    is_bound: bool = False


class Variable(NamedTuple):
    """A network whose sizes vary: its summary in formulas, its rows, what bounds the sizes.

    `held` are the amounts of which one is the peak of an inference pass, none where it is not
    known. Every map that a window
    gives has at least one element: those sizes are `least`.
    """

    summary: Summary
    walked: Walk
    rows: Sequence[Folded]
    held: "Sequence[Size]"
    needs: "Sequence[Need]"
    least: "Sequence[Size]"
    trained: Trained | None


def variable(network: "Network", *, depth: int, folded: bool, step: Step | None) -> Variable:
    """Return a network, whose input may have names, at every size.

    It is trained each way, and its layers are frozen as a `step` says; without one it is not
    trained. Where PyTorch measured it is trained as it was there.
    """
    summary, graph = network.summary, network.graph
    if summary.measured:  # its element types are its own
        walked = walk(graph, summary.itemsize)
    else:
        item = cast("int", ELEMENT)
        walked = walk(graph, item)
        summary = summarise(graph, summary.name, dtype=summary.dtype, walked=walked)
        summary = summary._replace(itemsize=item)
    rows = fold(summary.rows, depth, folded=folded)
    peaks = () if summary.peak_bytes is None else (summary.peak_bytes,)
    return Variable(
        summary,
        walked,
        rows,
        largest(() if summary.no_peak else summary.held or peaks),
        _needs(walked),
        _least(walked),
        _measured(summary.training, rows)
        if summary.training is not None
        else step and _trained(walked, rows, step),
    )


def largest(amounts: "Iterable[Size]") -> "list[Size]":
    """Return the amounts of which one is the largest at some sizes.

    Names and roundings are never negative: what nowhere has a larger coefficient than another is
    never larger.
    """
    terms = {amount: _terms(amount) for amount in amounts}
    kept: list[tuple[Size, Mapping[Monomial, int]]] = []
    for amount, own in sorted(terms.items(), key=lambda item: (-sum(item[1].values()), str(item))):
        if not any(_covers(other, own) for _, other in kept):
            kept.append((amount, own))
    return [amount for amount, _ in kept]


def _terms(amount: "Size") -> "Mapping[Monomial, int]":
    return dict(amount.terms) if isinstance(amount, Dim) else {(): amount}


def _covers(one: "Mapping[Monomial, int]", other: "Mapping[Monomial, int]") -> bool:
    return all(one.get(atoms, 0) >= other.get(atoms, 0) for atoms in (*other, *one))


def _needs(walked: Walk) -> "Sequence[Need]":
    from resnet_cli.analysis.conditions import needs

    return needs(walked.graph, walked.facts)


def _least(walked: Walk) -> "Sequence[Size]":
    """Return the sizes of the maps that windows give, where they have names."""
    windows = (facts for facts in walked.facts if facts.window is not None)
    sizes = (size for facts in windows for shape in facts.outputs for size in shape)
    return [*dict.fromkeys(size for size in sizes if isinstance(size, Dim))]


def _trained(walked: Walk, rows: Sequence[Folded], step: Step) -> Trained:
    """Return a step of training each way, and with each optimiser."""
    from resnet_cli.analysis.backward import stretched

    half = walk(walked.graph, item_size("float32"))  # autocast is for networks in float32
    ways = [
        _way(half if amp else walked, rows, step._replace(amp=amp, checkpoint=checkpoint))
        for amp, checkpoint in product((None, Amp.BFLOAT16), (None, *_checkpoints(walked)))
    ]
    updates = [_update(walked, step._replace(optimizer=each)) for each in Optimizer]
    norms = () if step.eval_norms else _norms(walked)
    return Trained(tuple(ways), tuple(updates), [*norms], [*stretched(walked)])


def _measured(training: "Training", rows: Sequence[Folded]) -> Trained:
    """Return a step as it was measured, the one way and with the one optimiser."""
    step, peak = training.step, training.peak_bytes
    passes = () if peak is None else (peak - training.static_bytes,)
    way = Way(
        step.amp,
        step.checkpoint,
        _saved(training, rows),
        training.saved_bytes,
        training.flops,
        passes,
        training.exact,
    )
    update = Update(step.optimizer, training.static_bytes, 0)
    return Trained((way,), (update,), is_bound=bool(training.unknown))


def _saved(training: "Training", rows: Sequence[Folded]) -> "Sequence[Size]":
    """Return what each row saves, all that it stands for."""
    return [sum((training.saved.get(path, 0) for path in row.paths), 0) for row in rows]


def _checkpoints(walked: Walk) -> Iterator[Checkpoint]:
    """Give what can run again in a network."""
    from resnet_cli.analysis.kept import pieces

    return (each for each in Checkpoint if pieces(walked.graph, each))


def _way(walked: Walk, rows: Sequence[Folded], step: Step) -> Way:
    from resnet_cli.analysis.memory import formulas

    found, passes = formulas(walked, step, "float32")
    return Way(
        step.amp,
        step.checkpoint,
        _saved(found, rows),
        found.saved_bytes,
        found.flops,
        largest(passes),
        found.exact,
    )


def _update(walked: Walk, step: Step) -> Update:
    """Return what an optimiser holds; what is kept for the backward pass is gone by then."""
    from resnet_cli.analysis.memory import training

    plain = step._replace(amp=None, checkpoint=None)
    found = training(walked.graph, plain, walked=walked)
    after = found.gradient_bytes + walked.itemsize + found.temporary_bytes
    return Update(step.optimizer, found.static_bytes, after)


def _norms(walked: Walk) -> "Iterator[Size]":
    """Give how many values of a channel each batch norm has that takes those of the batch."""
    found = {
        prod((shape[0], *shape[2:]))
        for operation, facts in zip(walked.graph.operations, walked.facts, strict=True)
        if isinstance(operation.kind, BatchNorm)
        for shape in facts.outputs
    }
    return iter(found)
