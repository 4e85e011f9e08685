"""What a training step holds: weights, gradients, optimiser, what autograd keeps, and the peak.

The steady step is meant, the second: the optimiser's state is there. The loss is the
cross-entropy over the classes, with a target of one int64 an element. Formulas where the input
has names, and then no peak. What PyTorch's tracker sees is predicted, to the byte where `exact`;
kernels' own temporaries, the allocator and the device's context are not in it.
"""

from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, NamedTuple, cast

from resnet_cli.analysis.backward import LOSS, OPTIMIZER, Loss, Peak, moments, peak
from resnet_cli.analysis.kept import kept
from resnet_cli.analysis.step import Step
from resnet_cli.analysis.walk import Walk, item_size, walk
from resnet_cli.analysis.weights import checked, weights
from resnet_cli.errors import ConfigError
from resnet_cli.graph.graph import Graph, values
from resnet_cli.graph.kinds import Input

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from resnet_cli.graph.dims import Size

ROOT = "."
"""The path of the network itself."""

TARGET, STEP = 8, 4
"""Bytes of a class's number, and of an adaptive optimiser's count of a tensor's steps."""


class Moment(NamedTuple):
    """What is held at the peak beside parameters, optimiser's state, buffers, input and target.

    `gradient_bytes` are those of weights so far, `saved_bytes` what still waits for the backward
    pass without input and target, and `rest_bytes` mostly the gradients of maps.
    """

    gradient_bytes: int
    saved_bytes: int
    rest_bytes: int


class Training(NamedTuple):
    """A training step's memory, in bytes.

    `saved` has what each module and those below it keep first, by path; with `loss_bytes` they
    make `saved_bytes`. The peak is None where the input has names. Where it is not `exact` it is
    a prediction that nobody proved; with `unknown` kinds, of which nobody has said what they
    keep, there is none but a bound, once what they keep was measured (`bounded`).
    `temporary_bytes` are the optimiser's, which has the weights as they are registered,
    `gradient_map_bytes` at most those of all maps' gradients.
    """

    step: Step
    param_bytes: int
    gradient_bytes: int
    optimizer_bytes: int
    buffer_bytes: int
    input_bytes: "Size"
    target_bytes: "Size"
    saved_bytes: "Size"
    loss_bytes: "Size"
    saved: "Mapping[str, Size]"
    peak_bytes: int | None
    peak_at: str | None
    at_peak: Moment | None
    flops: "Size | None"
    temporary_bytes: int
    exact: bool
    unknown: tuple[str, ...] = ()
    gradient_map_bytes: int = 0

    @property
    def static_bytes(self) -> "Size":
        """What is there all the time."""
        weights = self.param_bytes + self.optimizer_bytes + self.buffer_bytes
        return weights + self.input_bytes + self.target_bytes


def training(
    graph: Graph,
    step: Step,
    dtype: str = "float32",
    *,
    walked: Walk | None = None,
    surprise: str = "",
) -> Training:
    """Return what a step of training a network of that element type holds.

    A `surprise` is where PyTorch was seen to keep other bytes than its operations would.
    Raises `ConfigError` of the fields `train`, `amp`, `checkpoint`, `freeze` and `input`.
    """
    walked = walked or walk(graph, item_size(dtype))
    step = checked(walked, step, dtype)
    return _Books(walked, step).closed(surprise)


def formulas(walked: Walk, step: Step, dtype: str) -> "tuple[Training, frozenset[Size]]":
    """Return a step on an input with names, and the amounts of which one is the peak.

    Of those, what is there all the time and the optimiser behind the passes have no part. There
    are none where it is not known what is kept. Raises `ConfigError` as `training`.
    """
    books = _Books(walked, checked(walked, step, dtype))
    found = books.closed()
    own = [each * walked.itemsize for each in books.weights.by_operation]
    held = () if found.unknown else moments(walked, books.kept, own, books.loss)
    return found, frozenset(held)


class _Books:
    """A step's sums."""

    def __init__(self, walked: Walk, step: Step) -> None:
        self.walked = walked
        self.step = step
        self.item = walked.itemsize
        self.weights = weights(walked, step.freeze)
        self.kept = kept(walked, self.weights.trains, step)
        output = [*values(walked.graph.output)]
        shape = walked.shape(output[0]) if len(output) == 1 else ()
        self.has_loss = len(shape) > 1  # (N, classes), or with a map behind
        self.output_elements = prod(shape) if self.has_loss else 0
        self.targets = prod((shape[0], *shape[2:])) if self.has_loss else 0
        self.loss = Loss(cast("int", self.output_elements * self.item), self.item)

    def closed(self, surprise: str = "") -> Training:
        """Return all sums."""
        held, kept = self.weights, self.kept
        loss = self.loss
        target = TARGET * self.targets
        loss_bytes = loss.probabilities + target + loss.element
        trained = sum(held.tensors) * self.item
        if not trained:
            field = "freeze" if self.step.freeze else "train"
            raise ConfigError(field, "no weight is left to train; a step needs one")
        state = self.step.optimizer.copies * trained  # momentum_buffer; exp_avg and exp_avg_sq
        if self.step.optimizer.is_adaptive:
            state += STEP * len(held.tensors)
        unknown = kept.unknown if self.has_loss else (*kept.unknown, LOSS)
        unknown += (surprise,) if surprise else ()
        found = Training(
            step=self.step,
            param_bytes=trained + held.frozen_bytes,
            gradient_bytes=trained,
            optimizer_bytes=state,
            buffer_bytes=held.buffer_bytes,
            input_bytes=sum(self._inputs()),
            target_bytes=target,
            saved_bytes=kept.total + loss_bytes,
            loss_bytes=loss_bytes,
            saved=rolled_up(kept.bytes_by_path),
            peak_bytes=None,
            peak_at=None,
            at_peak=None,
            flops=None if unknown else self._flops(),
            temporary_bytes=self._temporaries(),
            exact=(self.step.is_plain and held.is_known and not held.frozen_bytes and not unknown),
            unknown=unknown,
        )
        if not isinstance(found.saved_bytes, int):
            return found
        if unknown:
            return found._replace(gradient_map_bytes=self._maps())
        return self._peaked(found, loss)

    def _peaked(self, found: Training, loss: Loss) -> Training:
        """Return the sums with the peak, of the passes or of the optimiser behind them."""
        own = [each * self.item for each in self.weights.by_operation]
        highest = peak(self.walked, self.kept, own, loss)
        after = found.gradient_bytes + loss.element + found.temporary_bytes
        if after > highest.nbytes:
            highest = Peak(after, OPTIMIZER, 0, found.gradient_bytes)
        rest = highest.nbytes - highest.kept - highest.gradients
        return found._replace(
            peak_bytes=cast("int", found.static_bytes) + highest.nbytes,
            peak_at=highest.path or ROOT,
            at_peak=Moment(highest.gradients, highest.kept, rest),
        )

    def _temporaries(self) -> int:
        """Return what the optimiser makes for a tensor: its root, that divided, the last one's."""
        sizes = self.weights.tensors
        if not self.step.optimizer.is_adaptive:
            return 0
        # `_single_tensor_adam` of torch.optim: denom = (exp_avg_sq.sqrt() / correction).add_(eps),
        # while `denom` is still that of the tensor before.
        return max(2 * size + before for before, size in pairwise((0, *sizes))) * self.item

    def _inputs(self) -> "Iterator[Size]":
        for operation, nbytes in zip(self.walked.graph.operations, self.walked.nbytes, strict=True):
            if isinstance(operation.kind, Input):
                yield nbytes

    def _maps(self) -> int:
        """Return the bytes of every map's gradient, and of what the largest operation makes."""
        sizes = cast("Sequence[int]", self.walked.nbytes)
        operations = self.walked.graph.operations
        largest = max(
            sizes[i] + sum(sizes[n] for n, _ in operations[i].inputs) for i in range(len(sizes))
        )
        return sum(sizes) + largest

    def _flops(self) -> "Size":
        """Return the forward pass's FLOPs, as often as it runs, and the backward pass's.

        Each MAC of the forward pass is one for the weights' gradients and one for the input's.
        """
        often = [1] * len(self.walked.facts)
        for piece in self.kept.pieces:
            often[piece.first : piece.last + 1] = [2] * (piece.last + 1 - piece.first)
        total: Size = 0
        for index, facts in enumerate(self.walked.facts):
            if facts.macs != 0:
                inputs = self.walked.graph.operations[index].inputs
                times = often[index] + self.weights.trains[index]
                times += any(self.kept.has_gradient[before] for before, _ in inputs)
                total = total + 2 * times * facts.macs
        return total


def bounded(found: Training, saved: "Mapping[str, int]", loss_bytes: int) -> Training:
    """Return the sums with what was seen to be kept, and a bound for the peak.

    At most all is there at once: what is always there, what is kept, the gradients of all
    weights and of all maps, and what the largest operation makes on its way back.
    """
    kept_bytes = sum(saved.values())
    # The input and the target are there whether somebody keeps them or not.
    always = found.static_bytes - found.input_bytes - found.target_bytes
    waiting = max(kept_bytes + loss_bytes, found.input_bytes + found.target_bytes)
    after = found.static_bytes + found.gradient_bytes + found.temporary_bytes + loss_bytes
    gradients = found.gradient_bytes + found.gradient_map_bytes
    return found._replace(
        saved=rolled_up(saved),
        saved_bytes=kept_bytes + loss_bytes,
        loss_bytes=loss_bytes,
        peak_bytes=cast("int", max(always + waiting + gradients, after)),
    )


def rolled_up(bytes_by_path: "Mapping[str, Size]") -> "dict[str, Size]":
    """Return what each module and those below it keep."""
    found: dict[str, Size] = {}
    for path, nbytes in bytes_by_path.items():
        below = path
        while below:
            found[below] = found.get(below, 0) + nbytes
            below = below.rpartition(".")[0]
    return found
