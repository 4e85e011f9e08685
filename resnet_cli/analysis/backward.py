"""The most that a training step holds at once: the forward pass, and back through the graph.

As `torch.distributed._tools.mem_tracker.MemTracker` counts it on the second step: an operation
holds the gradient of its output and makes those of its inputs and weights; then the output's
gradient goes, and what the operation kept. Weights' gradients stay. Where two gradients meet
they are added into a third tensor. What a kernel takes for itself is not in it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from resnet_cli.analysis.kept import Kept
from resnet_cli.analysis.walk import Walk
from resnet_cli.graph.graph import values
from resnet_cli.graph.kinds import Keeps

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size

LOSS = "loss"
"""What stands behind the network, where a layer's path is said."""

OPTIMIZER = "optimizer"


class Peak(NamedTuple):
    """The most bytes at once, beside what is there all the time, and in which module.

    `kept` of them wait for the backward pass and `gradients` are those of weights.
    """

    nbytes: int
    path: str
    kept: int
    gradients: int


class Loss(NamedTuple):
    """The cross-entropy's own bytes: a map of log-probabilities, and one element."""

    probabilities: int
    element: int


class _Gradient:
    """A gradient on its way: its bytes, and how many wait for it."""

    __slots__ = ("nbytes", "waiting")

    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes
        self.waiting = 1


def peak(walked: Walk, kept: Kept, weights: Sequence[int], loss: Loss) -> Peak:
    """Return the peak of forward and backward pass, where all that is kept is known.

    `weights` has the bytes of each operation's weights' gradients. All sizes are numbers.
    """
    step = _Pass(walked, kept, weights)
    step.forward(loss)
    step.backward(loss)
    return step.peak


def moments(walked: Walk, kept: Kept, weights: Sequence["Size"], loss: Loss) -> "frozenset[Size]":
    """Return the amounts of which one is the peak, where sizes have names: the same pass.

    Gradients have the sizes of maps, so where two formulas differ their sizes must as well
    (`stretched`). What repeats grows evenly: its first and its last time are among the moments.
    """
    step = _Moments(walked, kept, cast("Sequence[int]", weights))
    step.forward(loss)
    step.backward(loss)
    return frozenset(moment for alike in step.seen.values() for moment in corners(alike))


def corners(moments: "Sequence[Size]") -> "Iterator[Size]":
    """Give all moments but those halfway between their neighbours, which are never the highest."""
    yield from moments[:1]
    for before, now, after in zip(moments, moments[1:], moments[2:], strict=False):
        if before + after != 2 * now:
            yield now
    yield from moments[1:][-1:]


def stretched(walked: Walk) -> "frozenset[Size]":
    """Return the differences of sizes that must not be 0 if `moments` are to hold.

    There an operation stretches one input to the other's size.
    """
    nbytes = walked.nbytes
    found = {
        nbytes[index] - nbytes[before]
        for index, operation in enumerate(walked.graph.operations)
        if len(operation.inputs) > 1
        for before, _ in operation.inputs
    }
    return frozenset(difference for difference in found if not isinstance(difference, int))


class _Pass:
    """What is held, as the step goes on."""

    def __init__(self, walked: Walk, kept: Kept, weights: Sequence[int]) -> None:
        self.walked = walked
        self.known = kept
        self.sizes = cast("Sequence[int]", kept.sizes)
        self.new = cast("Sequence[int]", kept.new)
        self.weights = weights
        self.alive = self.kept = self.gradients = 0
        self.peak = Peak(0, "", 0, 0)
        self.waiting: dict[int, _Gradient] = {}
        self.done: set[str] = set()

    def see(self, path: str, more: int = 0) -> None:
        """Remember the moment, with `more` bytes for as long, where it is the highest so far."""
        if self.alive + more > self.peak.nbytes:
            self.peak = Peak(self.alive + more, path, self.kept, self.gradients)

    def keep(self, nbytes: int) -> None:
        """Let bytes wait for the backward pass, or go where they are negative."""
        self.kept += nbytes
        self.alive += nbytes

    def forward(self, loss: Loss) -> None:
        """Run the operations; what is kept stays, the rest goes with its last use."""
        count, ends, begin = len(self.walked.facts), self._ends(), 0
        for first, length, times, *_ in self.known.repeats:
            self._run(ends, range(begin, first))
            self._repeat(partial(self._run, ends, range(first, first + length)), times)
            begin = first + length * (times - 1)
        self._run(ends, range(begin, count))
        # `F.cross_entropy`: log_softmax gives as much as the output, nll_loss the loss and the sum
        # of its weights, which it keeps.
        self.see(LOSS, loss.probabilities + 2 * loss.element)
        self.alive -= ends.get(count, 0)

    def _run(self, ends: Mapping[int, int], indices: range) -> None:
        """Run operations one after another."""
        operations, facts, sizes = self.walked.graph.operations, self.walked.facts, self.sizes
        beside = cast("Sequence[int]", self.known.beside)
        for index in indices:
            if operations[index].inputs:  # inputs and weights are there all the time
                self.kept += self.new[index]
                self.alive += beside[index] + (0 if facts[index].is_view else sizes[index])
                self.see(operations[index].path)
            self.alive -= ends.get(index, 0)

    def _repeat(self, once: Callable[[], None], times: int) -> None:
        """Do what comes so many times for the first time, and skip all but the last one.

        Each time leaves as much behind as the first, so that the highest moment of them all is in
        the first or in the last.
        """
        alive, kept, gradients = self.alive, self.kept, self.gradients
        once()
        self.alive += (times - 2) * (self.alive - alive)
        self.kept += (times - 2) * (self.kept - kept)
        self.gradients += (times - 2) * (self.gradients - gradients)

    def _ends(self) -> dict[int, int]:
        """Return the bytes that go behind each operation: nobody keeps or takes them any more."""
        operations, storages = self.walked.graph.operations, self.walked.storages
        ends: dict[int, int] = {}
        for storage, end in enumerate(self.walked.last):
            is_own = storages[storage] == storage and storage not in self.known.storages
            if is_own and operations[storage].inputs:
                ends[end] = ends.get(end, 0) + self.sizes[storage]
        return ends

    def backward(self, loss: Loss) -> None:
        """Go back from the loss; its own gradient of one element is there all the way."""
        self.alive += 2 * loss.element  # the loss and its gradient
        self.keep(loss.probabilities + loss.element)
        self.see(LOSS, loss.probabilities)  # the gradient of the log-probabilities
        self.keep(-loss.element)
        self.see(LOSS, 2 * loss.probabilities)  # and log_softmax makes its input's from it
        self.keep(-loss.probabilities)
        for operation, _ in values(self.walked.graph.output):
            self.waiting[operation] = _Gradient(loss.probabilities)
            self.alive += loss.probabilities
        end = len(self.walked.facts)
        for first, length, times, *_ in reversed(self.known.repeats):
            last = first + length * times
            self._go(range(last, end))
            end = last
            if times > 1 and [*self.waiting] == [last - 1]:
                self._repeat(partial(self._go, range(last - length, last)), times)
                end = first + length  # the first of them is gone through as the last was
                self.waiting = {end - 1: self.waiting[last - length - 1]}
        self._go(range(end))

    def _go(self, indices: range) -> None:
        """Go back through operations, the last one first."""
        inner = cast("Sequence[int]", self.known.inner)
        again = {piece.last: piece.first for piece in self.known.pieces}
        for index in reversed(indices):
            if index in again:  # the forward pass of a checkpoint, which now keeps what it did not
                self.keep(sum(inner[again[index] : index + 1]))
                self.see(self.walked.graph.operations[index].path)
            if index in self.waiting:
                self._back(index, self.waiting.pop(index))

    def _back(self, index: int, gradient: _Gradient) -> None:
        """Go back through an operation, from the gradient of its output."""
        operation, keeps = self.walked.graph.operations[index], self.keeps(index)
        inputs, path = operation.inputs, operation.path
        flows = [before for before, _ in inputs if self.known.has_gradient[before]]
        own, is_first = self.weights[index], path not in self.done
        self.alive += own  # a new tensor, even where it is added to one that is there
        if own:
            self.gradients += own if is_first else 0
            self.done.add(path)
        for elements in keeps.between:
            gradient = self._on(path, gradient, cast("int", elements) * self.walked.itemsize)
        if keeps.passes:  # dy/dx = 1, as of an addition: the same tensor goes on to every input
            gradient.waiting += len(flows)
            found = [gradient] * len(flows)
        elif len(inputs) == 1:
            found = [self._made(self.sizes[before]) for before in flows]
        else:
            found = [self._made(self.sizes[index]) for _ in flows]
        self.see(path)
        if len(inputs) > 1:
            for position, before in enumerate(flows):
                # Along the axes in which an input was stretched its gradient is a sum
                # (`sum_to_size` in autograd's formulas).
                if (size := self.sizes[before]) != found[position].nbytes:
                    found[position] = self._on(path, found[position], size)
        self._gone(gradient)
        self.alive -= 0 if is_first else own  # added to the gradient that is there
        self.keep(-self.new[index] - cast("int", self.known.inner[index]))
        for before, new in zip(flows, found, strict=True):
            self._meet(path, before, new)

    def keeps(self, index: int) -> Keeps:
        """Return what an operation keeps, which is known."""
        keeps = self.walked.facts[index].keeps
        assert keeps is not None
        return keeps

    def _meet(self, path: str, operation: int, new: _Gradient) -> None:
        """Let a gradient wait for an operation's; one that waits already is added to it."""
        other = self.waiting.get(operation)
        if other is not None:
            added = self._made(new.nbytes)
            self.see(path)
            self._gone(other)
            self._gone(new)
            new = added
        self.waiting[operation] = new

    def _on(self, path: str, gradient: _Gradient, nbytes: int) -> _Gradient:
        """Make a gradient of that size from another, which goes."""
        new = self._made(nbytes)
        self.see(path)
        self._gone(gradient)
        return new

    def _made(self, nbytes: int) -> _Gradient:
        self.alive += nbytes
        return _Gradient(nbytes)

    def _gone(self, gradient: _Gradient) -> None:
        gradient.waiting -= 1
        if not gradient.waiting:
            self.alive -= gradient.nbytes


class _Moments(_Pass):
    """A pass that remembers every moment, since formulas have no highest.

    `seen` has those of modules that are alike together, in order.
    """

    def __init__(self, walked: Walk, kept: Kept, weights: Sequence[int]) -> None:
        super().__init__(walked, kept, weights)
        self.like = {module.path: module.like for module in walked.graph.modules if module.like}
        self.times: Counter[str] = Counter()
        self.seen: dict[tuple[str, int], list[Size]] = {}

    def see(self, path: str, more: int = 0) -> None:
        """Remember what is held at the moment."""
        self.times[path] += 1
        key = self.like.get(path, path), self.times[path]
        self.seen.setdefault(key, []).append(self.alive + more)
