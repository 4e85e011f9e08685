"""What happened to which tensor in a run: operations as they are seen, and what each one gave.

The identity of tensors is the flow of data: each tensor that is alive has the value that it
stands for, held weakly, so that the run needs no more memory than without. What has no name, or
does not give what its kind's arithmetic says, is opaque: its recorded shapes, never a guess.
"""

import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from resnet_cli.graph.captured import UNSEEN, Opaque, Source
from resnet_cli.graph.graph import Nest, Operation, Value
from resnet_cli.graph.kinds import Facts, Input, Kind, Shape
from resnet_cli.graph.sizes import Read, replaced
from resnet_cli.pytorch import naming
from resnet_cli.pytorch.frames import is_same, share, storage_of
from resnet_cli.pytorch.nests import nested
from resnet_cli.pytorch.sized import Sized
from resnet_cli.pytorch.tracing import formulas


class Alive(NamedTuple):
    """The value that a tensor stands for, while it is alive."""

    tensor: "weakref.ref[Tensor]"
    value: Value


class Tape:
    """The operations of a run, and the value of every tensor that is alive."""

    def __init__(self, model: nn.Module, paths: Mapping[nn.Module, str]) -> None:
        self.operations: list[Operation] = []
        self.dtype: torch.dtype | None = None
        self._paths = paths
        self._known: dict[int, Alive] = {}
        self._shapes: list[tuple[Shape, ...]] = []
        self._weights = {id(p): "parameter" for p in model.parameters()}
        self._weights.update((id(b), "buffer") for b in model.buffers())
        self._constants: dict[int, weakref.ref[Tensor]] = {}
        self._sharers: dict[int, dict[int, None]] = {}
        own = [each for module in paths for each in vars(module).values()]
        self.made(each for each in own if isinstance(each, Tensor))
        there = (*model.parameters(), *model.buffers(), *own)
        self._there = {storage_of(each) for each in there if isinstance(each, Tensor)}

    def made(self, constants: Iterable[Tensor]) -> None:
        """Note tensors that no input is in: constants, where something uses them."""
        self._constants.update((id(each), weakref.ref(each)) for each in constants)

    def add(
        self,
        kind: Kind | None,
        taken: Sequence[Tensor],
        path: str,
        given: Sequence[Tensor],
        *,
        name: str = "",
        macs: int | None = 0,
        sizes: Sequence[Sized] = (),
    ) -> Facts:
        """Add an operation of that kind if its arithmetic gives these shapes, or an opaque one.

        `sizes` are the numbers with formulas that it was called with. Returns what it costs.
        """
        inputs = tuple(self.value(tensor) for tensor in taken)
        shapes = tuple(tuple(tensor.shape) for tensor in given)
        is_view = bool(taken and given) and all(share(taken[0], tensor) for tensor in given)
        kind = naming.seen(kind, shapes, is_view=is_view)
        kind, reads = self._placed(kind, inputs)
        facts = None
        if kind is not None:
            facts = self._facts(kind, inputs + reads, shapes, is_view=is_view)
        if kind is None or facts is None:
            kind = Opaque(name, shapes, macs, is_view)
            reads = self._placed(tuple(sizes), inputs)[1]
            facts = kind.facts()
        dtypes = tuple(str(tensor.dtype).removeprefix("torch.") for tensor in given)
        own = all(tensor.dtype == self.dtype for tensor in given)
        number = len(self.operations)
        self.operations.append(Operation(kind, inputs, path, () if own else dtypes, reads))
        self._shapes.append(shapes)
        for output, tensor in enumerate(given):
            is_written = self.is_known(tensor)
            self._known[id(tensor)] = Alive(weakref.ref(tensor), Value(number, output))
            self._note_storage(tensor, path, is_written=is_written)
        return facts

    def _note_storage(self, tensor: Tensor, path: str, *, is_written: bool) -> None:
        """Note who shares a tensor's memory; what it is a part of is another value once written."""
        sharers = self._sharers.setdefault(storage_of(tensor), {})
        sharers[id(tensor)] = None
        for other in [*sharers] if is_written else ():
            known = self._known[other]
            found = known.tensor()
            if found is None or found is tensor or not share(found, tensor):
                del sharers[other]
            elif is_same(found, tensor):
                self._known[other] = Alive(known.tensor, self._known[id(tensor)].value)
            else:
                # No name says which of its elements are new.
                inputs, value = (known.value, self._known[id(tensor)].value), len(self.operations)
                kind = Opaque("write", (tuple(found.shape),), is_view=True)
                self.operations.append(Operation(kind, inputs, path))
                self._shapes.append(kind.outputs)
                self._known[other] = Alive(known.tensor, Value(value))

    def _placed(self, kind: Any, inputs: tuple[Value, ...]) -> tuple[Any, tuple[Value, ...]]:
        """Return a kind whose formulas are over its inputs, and what they read beside these."""
        places = [*inputs]

        def place(read: Read) -> Read:
            of = read.of if isinstance(read.of, Value) else self.value(read.of)  # type: ignore[arg-type]
            if of not in places:
                places.append(of)
            return Read(places.index(of), read.axis)

        kind = replaced(formulas(kind), place)
        return kind, tuple(places[len(inputs) :])

    def is_traced(self, tensor: Any) -> bool:
        """Say whether a tensor's sizes may be others another time: it is no weight or constant."""
        if not isinstance(tensor, Tensor) or not self.is_known(tensor):
            return False
        return not isinstance(self.operations[self._known[id(tensor)].value.operation].kind, Source)

    def is_parameter(self, tensor: Tensor) -> bool:
        return self._weights.get(id(tensor)) == "parameter"

    def _facts(
        self, kind: Kind, inputs: Sequence[Value], shapes: Sequence[Shape], *, is_view: bool
    ) -> Facts | None:
        """Return what a kind's arithmetic says, None where that is not what was seen."""
        try:
            facts = kind.facts(*(self._shapes[i][output] for i, output in inputs))
        except (ValueError, TypeError, IndexError, ArithmeticError, AttributeError):
            return None
        is_source = isinstance(kind, Input | Source)
        agrees = facts.outputs == tuple(shapes) and (is_source or facts.is_view == is_view)
        return facts if agrees else None

    def is_known(self, tensor: Tensor) -> bool:
        known = self._known.get(id(tensor))
        return known is not None and known.tensor() is tensor

    def value(self, tensor: Tensor) -> Value:
        """Return the value of a tensor; one that nobody made here is a source."""
        if self.is_known(tensor):
            return self._known[id(tensor)].value
        what = self._weights.get(id(tensor))
        if what is None:
            made = self._constants.get(id(tensor))
            what = "constant" if made is not None and made() is tensor else UNSEEN
        made_now = what == "constant" and storage_of(tensor) not in self._there
        self.add(Source(what, tuple(tensor.shape), made_now), (), "", [tensor])
        return self._known[id(tensor)].value

    def origin(self, tensor: Tensor) -> str:
        """Return where a tensor is from: a module's path, a function, the input, a weight."""
        if not self.is_known(tensor):
            return f"a {self._weights.get(id(tensor), 'constant')}"
        kind, _, path, *_ = self.operations[self._known[id(tensor)].value.operation]
        if isinstance(kind, Input):
            return "the input"
        if isinstance(kind, Source):
            return f"a {kind.what}"
        is_whole = any(path == own and not module._modules for module, own in self._paths.items())
        return path if is_whole else f"{path}.{kind.name}()".lstrip(".")

    def nest(self, given: Any) -> Nest:
        """Return the values in what a module takes or gives, as it nests them."""
        return nested(given, self.value)
