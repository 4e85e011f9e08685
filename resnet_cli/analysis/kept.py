"""What autograd keeps of a forward pass for the backward pass: each storage once, who keeps first.

Parameters and buffers are there anyway and do not count; the network's input does. With names in
the input's sizes the amounts are formulas.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.analysis.step import Checkpoint, Step
from resnet_cli.analysis.walk import Walk
from resnet_cli.graph.captured import UNSEEN, Source
from resnet_cli.graph.graph import Graph, Module, Value, values
from resnet_cli.graph.kinds import Facts, Input, Keeps
from resnet_cli.graph.products import Conv, Linear

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size

PARAMETER = "parameter"
"""What a weight is called that a function takes, and no layer."""

HALF = 2
"""Bytes an element under autocast."""

LOW = (Conv, Linear)
"""What autocast runs in 16 bits; what follows stays there, and the loss goes back."""


class Piece(NamedTuple):
    """A part of the network that checkpointing runs again: its module's path and operations."""

    path: str
    first: int
    last: int


class Repeated(NamedTuple):
    """Operations that come again: `times` copies of the `length` before `first`, one by one.

    `original` and `copies` are the paths of the modules around them.
    """

    first: int
    length: int
    times: int
    original: str
    copies: tuple[str, ...]


class Kept(NamedTuple):
    """What each operation keeps, in bytes, and whether a gradient flows through it.

    `bytes_by_path` has what each module keeps itself; `new` what each operation does beside the
    network's inputs, gone when it was gone back through, of which `beside` is neither input nor
    output; `inner` is what only running again keeps. `unknown` names the kinds of which nobody
    has said what they keep. `sizes` are an operation's own bytes, as autocast has them.
    """

    bytes_by_path: "Mapping[str, Size]"
    new: "Sequence[Size]"
    beside: "Sequence[Size]"
    inner: "Sequence[Size]"
    has_gradient: Sequence[bool]
    storages: Mapping[int, int]
    sizes: "Sequence[Size]"
    pieces: Sequence[Piece]
    repeats: Sequence[Repeated]
    unknown: tuple[str, ...]

    @property
    def total(self) -> "Size":
        """All that the network's operations keep."""
        return sum(self.bytes_by_path.values())


def kept(walked: Walk, trains: Sequence[bool], step: Step) -> Kept:
    """Return what a training step's forward pass keeps; `trains` says whose weights do."""
    keeper = _Keeper(walked, trains, step)
    begin = 0
    for again in repeats(walked.graph) if step.is_plain else ():
        keeper.run(range(begin, again.first))
        begin = keeper.repeat(again)
    keeper.run(range(begin, len(walked.facts)))
    return Kept(
        keeper.by_path,
        keeper.new,
        keeper.beside,
        keeper.inner,
        keeper.has_gradient,
        keeper.storages,
        keeper.sizes,
        keeper.pieces,
        keeper.repeats,
        tuple(keeper.unknown),
    )


def repeats(graph: Graph) -> list[Repeated]:
    """Return where modules like the one before follow each other, the outermost alone."""
    found: list[Repeated] = []
    for module in graph.modules:
        if not module.like or module.is_leaf:
            continue
        (first, _, gives), *_ = module.calls
        if found and first < found[-1].first + found[-1].length * found[-1].times:
            continue  # below the one before
        if found and found[-1].original == module.like:
            last = found[-1]
            copies = (*last.copies, module.path)
            found[-1] = last._replace(times=last.times + 1, copies=copies)
        elif isinstance(gives, Value):
            found.append(
                Repeated(first, gives.operation + 1 - first, 1, module.like, (module.path,))
            )
    return found


class _Keeper:
    """What is kept, while the forward pass runs."""

    def __init__(self, walked: Walk, trains: Sequence[bool], step: Step) -> None:
        self.walked = walked
        self.trains = trains
        self.step = step
        count = len(walked.facts)
        self.by_path: dict[str, Size] = {}
        self.new: list[Size] = [0] * count
        self.beside: list[Size] = [0] * count
        self.inner: list[Size] = [0] * count
        self.has_gradient: list[bool] = []
        self.storages: dict[int, int] = {}  # by which operation
        self.repeats: list[Repeated] = []
        self.again: set[int] = set()  # what only a piece that runs again keeps
        self.unknown: dict[str, None] = {}
        self.sizes = list(walked.nbytes)
        self.is_low = [False] * count
        self.pieces = pieces(walked.graph, step.checkpoint) if step.checkpoint else ()
        self.piece_of = {
            index: piece for piece in self.pieces for index in range(piece.first, piece.last + 1)
        }

    def run(self, indices: range) -> None:
        """Run operations one after another."""
        for index in indices:
            self._run(index)

    def _run(self, index: int) -> None:
        """Say whether a gradient flows through an operation, and keep what it keeps then."""
        operation, facts = self.walked.graph.operations[index], self.walked.facts[index]
        sources, flags = operation.inputs, self.has_gradient
        flows = self.trains[index] or any(flags[before] for before, _ in sources)
        flags.append(flows)
        if self.step.amp:
            self._cast(index)
        piece = self.piece_of.get(index)
        if piece is not None and index == piece.first:
            self._enter(piece, flows=flows)
        if isinstance(operation.kind, Source) and operation.kind.what in (PARAMETER, UNSEEN):
            self.unknown[operation.kind.name] = None  # it may train, and nobody says so
        if not flows or not sources:
            return  # without a gradient to come autograd builds no node, which could keep anything
        if facts.keeps is None:
            self.unknown[operation.kind.name] = None
            return
        self._keep_all(index, facts, facts.keeps, again=piece is not None)

    def _enter(self, piece: Piece, *, flows: bool) -> None:
        """Keep what a piece takes that runs again, if any gradient comes to it.

        That is all it keeps (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost";
        `torch.utils.checkpoint`); what is in it is made anew on the way back.
        """
        if flows or any(self.trains[piece.first : piece.last + 1]):
            for before, _ in self.walked.graph.operations[piece.first].inputs:
                self._keep(self.walked.storages[before], piece.first, piece.path, again=False)

    def repeat(self, again: Repeated) -> int:
        """Keep for each copy of a module what it keeps; return where what was not run begins."""
        start, length, times = again.first - again.length, again.length, again.times
        own = [storage for storage, keeper in self.storages.items() if keeper >= start]
        flows = self.has_gradient
        if min(own, default=start) < start or not flows[start - 1] or not flows[-1]:
            return again.first  # it keeps what it takes, which a copy has from another copy
        self.repeats.append(again)
        for known in (self.new, self.beside):
            known[again.first : again.first + length * times] = known[start : again.first] * times
        self.has_gradient += self.has_gradient[start:] * times
        keepers = [(storage, self.storages[storage]) for storage in own]
        for shift in range(length, length * times + 1, length):
            self.storages.update([(storage + shift, at + shift) for storage, at in keepers])
        cut, prefix = len(again.original), f"{again.original}."
        parts = [
            (path[cut:], nbytes)
            for path, nbytes in self.by_path.items()
            if path == again.original or path.startswith(prefix)
        ]
        self.by_path.update([(copy + rest, n) for copy in again.copies for rest, n in parts])
        return again.first + length * times

    def _keep_all(self, index: int, facts: Facts, keeps: Keeps, *, again: bool) -> None:
        operation, storages = self.walked.graph.operations[index], self.walked.storages
        for value in self._inputs(operation.inputs, keeps, trains=self.trains[index]):
            source = storages[value.operation]
            if (keeps.copies and value is operation.inputs[0]) or self._is_cast(index, source):
                self._beside(index, operation.path, self._elements(value, index), again=again)
            else:
                self._keep(source, index, operation.path, again=again)
        if keeps.output:
            self._keep(storages[index], index, operation.path, again=again)
        more = self._more(keeps)
        if self.step.amp and isinstance(operation.kind, LOW):
            more = more + HALF * prod(facts.weights[0][1])  # autocast's copy of the weight
        if more != 0:
            self._beside(index, operation.path, more, again=again)

    def _inputs(self, inputs: Sequence[Value], keeps: Keeps, *, trains: bool) -> Iterable[Value]:
        """Give the inputs that are kept, as gradients need them."""
        for position in (*keeps.inputs, *(keeps.for_weights if trains else ())):
            yield inputs[position]
        if keeps.crosswise:
            # d(a * b)/da = b: each is kept for the other's gradient.
            for value, other in zip(inputs, reversed(inputs), strict=True):
                if self.has_gradient[other.operation]:
                    yield value

    def _more(self, keeps: Keeps) -> "Size":
        """Return the bytes of what is neither input nor output."""
        elements = keeps.extra if self.step.eval_norms else keeps.extra + keeps.statistics
        return elements * self.walked.itemsize + 8 * keeps.indices

    def _keep(self, storage: int, index: int, path: str, *, again: bool) -> None:
        """Keep a storage, unless somebody before has."""
        if storage in self.storages or (again and storage in self.again):
            return
        kind = self.walked.graph.operations[storage].kind
        if isinstance(kind, Source) and kind.what != "constant":
            return  # parameters and buffers are there anyway
        if again:
            self.again.add(storage)
        else:
            self.storages[storage] = index
        is_input = isinstance(kind, Input)
        self._add(index, path, self.sizes[storage], again=again, stays=is_input)

    def _beside(self, index: int, path: str, nbytes: "Size", *, again: bool) -> None:
        """Keep what is a storage of its own."""
        self._add(index, path, nbytes, again=again)
        if not again:
            self.beside[index] = self.beside[index] + nbytes

    def _add(
        self, index: int, path: str, nbytes: "Size", *, again: bool, stays: bool = False
    ) -> None:
        if again:
            self.inner[index] = self.inner[index] + nbytes
            return
        self.by_path[path] = self.by_path.get(path, 0) + nbytes
        if not stays:
            self.new[index] = self.new[index] + nbytes

    def _cast(self, index: int) -> None:
        """Follow autocast: in which element type an operation gives its output."""
        kind, inputs, *_ = self.walked.graph.operations[index]
        # What is no matrix product gives the widest type that it takes.
        low = isinstance(kind, LOW) or (
            bool(inputs) and all(self.is_low[before] for before, _ in inputs)
        )
        self.is_low[index] = low
        if low:
            self.sizes[index] = self.walked.nbytes[index] * HALF // self.walked.itemsize

    def _is_cast(self, index: int, source: int) -> bool:
        """Say whether autocast gives this operation a copy of what it takes."""
        kind = self.walked.graph.operations[index].kind
        return bool(self.step.amp) and isinstance(kind, LOW) and not self.is_low[source]

    def _elements(self, value: Value, index: int) -> "Size":
        """Return the bytes of a copy of a value, in the type of the operation's output."""
        itemsize = HALF if self.is_low[index] else self.walked.itemsize
        return prod(self.walked.shape(value)) * itemsize


def pieces(graph: Graph, checkpoint: Checkpoint) -> tuple[Piece, ...]:
    """Return what is run again: each stage, or each block of one; empty where there are none."""
    stages = [module for module in graph.modules if module.role.startswith("stage")]
    if checkpoint is Checkpoint.STAGE:
        return tuple(map(_piece, stages))
    paths = {stage.path for stage in stages}
    return tuple(
        _piece(module) for module in graph.modules if module.path.rpartition(".")[0] in paths
    )


def _piece(module: Module) -> Piece:
    (call,) = module.calls
    (gives,) = values(call.gives)
    return Piece(module.path, call.first, gives.operation)
