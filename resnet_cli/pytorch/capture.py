"""A run of any `nn.Module` to its graph: operations as they happen, modules around them.

A function mode sees functions, hooks see modules, and the identity of tensors is the flow of
data: each tensor that is alive has the value that it stands for, held weakly, so that the run
needs no more memory than without. What has no name (`naming.py`), or does not give what its
kind's arithmetic says, is opaque: its recorded shapes, never a guess.
"""

import contextlib
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import index
from typing import Any

import torch
from torch import Tensor, nn

from resnet_cli.graph.graph import Call, Graph, Nest, Operation, Value
from resnet_cli.graph.kinds import UNSEEN, Facts, Input, Kind, Opaque, Shape, Source
from resnet_cli.graph.pointwise import Identity
from resnet_cli.graph.sizes import Read, replaced
from resnet_cli.pytorch import functions, naming
from resnet_cli.pytorch.frames import (
    Called,
    Frame,
    Known,
    alias,
    share,
    storage_of,
    taken,
    version,
)
from resnet_cli.pytorch.macs import RULES
from resnet_cli.pytorch.modules import Inventory, paths_of, sealing, type_name
from resnet_cli.pytorch.nests import nested, tensors
from resnet_cli.pytorch.sized import Ledger, Sized
from resnet_cli.pytorch.tracing import (
    READERS,
    formulas,
    is_of_values,
    plain,
    ranges,
    sized,
)
from resnet_cli.pytorch.uncounted import Counter, may_multiply

_HOOK_BEFORE = nn.Module.register_forward_pre_hook
_HOOK_BEHIND = nn.Module.register_forward_hook


class TooLargeError(BaseException):
    """The run costs more than its budget; no `Exception`, so that no module swallows it."""


class Recorder(torch.overrides.TorchFunctionMode):
    """The operations of a run, and the calls of each module."""

    def __init__(
        self, model: nn.Module, on_layer: Callable[[str], None], budget: int | None
    ) -> None:
        super().__init__()
        self.paths = paths_of(model)
        self.on_layer = on_layer
        self.budget = budget
        self.operations: list[Operation] = []
        self.calls: dict[nn.Module, list[Call]] = {}
        self.used: set[int] = set()
        self.last_function = ""
        self.taken: Any = None
        self._known: dict[int, Known] = {}
        self._shapes: list[tuple[Shape, ...]] = []
        self._stack: list[Frame] = []
        self._weights = {id(p): "parameter" for p in model.parameters()}
        self._weights.update((id(b), "buffer") for b in model.buffers())
        self._constants = {
            id(each): weakref.ref(each)
            for module in self.paths
            for each in vars(module).values()
            if isinstance(each, Tensor)
        }
        self._sharers: dict[int, dict[int, None]] = {}
        self._dtype: torch.dtype | None = None
        self.ledger = Ledger(lambda: (len(self.operations), self._path))

    @contextlib.contextmanager
    def listening(self, inputs: Sequence[Any], dtype: torch.dtype) -> Iterator[None]:
        """Keep hooks on every module, and this mode on; `dtype` is the network's own."""
        self._dtype = dtype
        for position, tensor in enumerate(tensors(inputs)):
            if not self._is_known(tensor):  # one tensor given twice is one input
                self._add(Input(tuple(tensor.shape), position), (), "", [tensor])
        handles = []
        try:
            for module in self.paths:
                # By the class: a scripted module has hooks, and refuses to register them itself.
                handles.append(_HOOK_BEFORE(module, self._enter, with_kwargs=True))
                # Where it raises too: what the network catches and survives leaves the stack.
                behind = _HOOK_BEHIND(module, self._leave, with_kwargs=True, always_call=True)
                handles.append(behind)
            with self, ranges():
                yield
        finally:
            self.ledger.is_open = False
            for handle in handles:
                handle.remove()

    def graph(self, model: nn.Module) -> Graph:
        """Return what was recorded."""
        inventory = Inventory(self.calls, self.used)
        inventory.add(model)
        network = inventory.modules[0]
        output = network.calls[0].gives if network.calls else None
        modules, guards = tuple(inventory.modules), tuple(self.ledger.guards)
        return Graph(tuple(self.operations), modules, output, guards)

    @property
    def _path(self) -> str:
        """The path of the module that runs."""
        return self._stack[-1].path if self._stack else ""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = func.__name__
        if name == "__get__":  # `shape` and its like: most calls, few of them tensors
            name = getattr(func.__self__, "__name__", name)
        self.last_function = name
        sizes = [*sized((args, kwargs))] if self.ledger.is_used else []
        mere = (plain(args), plain(kwargs)) if sizes else (args, kwargs)
        given = [*mere[0], *mere[1].values()]
        self.used.update(map(id, given))
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.is_closed:
            out, macs = self._counted(func, *mere, is_named=frame.layer is not None)
            frame.add(macs)
            return out
        if is_of_values(func, given) and any(map(self._is_traced, tensors(given))):
            self.ledger.depends(name.strip("_"))
        if func in READERS and self._is_traced(given[0]):
            return READERS[func](self.ledger, self._value(given[0]), *args)
        with torch._C.DisableTorchFunction(), self.ledger.closed():
            before = [(each, version(each)) for each in given if isinstance(each, Tensor)]
            named = functions.function(func, args, kwargs)
        out, macs = self._counted(func, *mere, is_named=named is not None)
        with torch._C.DisableTorchFunction(), self.ledger.closed():
            written = [tensor for tensor, count in before if version(tensor) != count]
            call = Called(func, name, named, macs, mere, tuple(sizes))
            return self._function(call, out, written)

    def _counted(
        self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any], *, is_named: bool
    ) -> tuple[Any, int | None]:
        """Call a function; return what it gives, and its MACs: None where nobody knows them."""
        given = [*args, *kwargs.values()]
        macs: int | None = 0
        rule = RULES.get(func)
        with torch._C.DisableTorchFunction():
            asks = not (rule or is_named) and may_multiply(func, given, self._is_parameter)
        if asks:
            with Counter() as counter:
                out = func(*args, **kwargs)
            macs = counter.macs
        else:
            out = func(*args, **kwargs)
        if rule is not None:
            with torch._C.DisableTorchFunction():
                macs = rule(args, kwargs, out)
        self._spend(macs)
        return out, macs

    def _function(self, call: Called, out: Any, written: Sequence[Tensor]) -> Any:
        """Record a function's call; return what it gave, as a tensor of its own."""
        given = [*tensors(out)] or [*written[:1]]
        if not given:
            return out
        func, name, named, macs, arguments, sizes = call
        kind = None if named is None else named.kind
        taken = [*tensors(arguments)] if named is None else [*named.tensors]
        if func not in RULES and not sizes and not any(map(self._is_known, taken)):
            self._constants.update((id(each), weakref.ref(each)) for each in given)
            return out  # made of weights and constants alone: a constant itself where it is used
        if not written and len(given) == 1 and given[0] is out and any(t is out for t in taken):
            # It gave its argument itself: the next use is of this operation, not of that before.
            given = [out := alias(out)]
            kind = kind or Identity(name)
        self._add(kind, taken, self._path, given, name=name, macs=macs, sizes=sizes)
        return out

    def _enter(self, module: nn.Module, args: Any, kwargs: dict[str, Any]) -> None:
        path = self.paths[module]
        if path:
            self.on_layer(path)
        # What the hook looks at is no part of the run.
        with torch._C.DisableTorchFunction(), self.ledger.closed():
            self.taken = plain(taken(args, kwargs))
            calls = self.calls.setdefault(module, [])
            is_part = bool(self._stack) and self._stack[-1].is_closed
            self._stack.append(Frame(module, path, len(calls), is_part=is_part))
            if not is_part:  # what makes a layer's weight is no call of its own
                nest = self._nest(self.taken)  # what is new in it becomes a source, before the call
                calls.append(Call(len(self.operations), nest, None))

    def _leave(self, module: nn.Module, args: Any, kwargs: dict[str, Any], given: Any) -> Any:
        frame = self._stack.pop()
        if frame.has_failed():
            return None
        if frame.is_part:
            self._stack[-1].add(frame.macs)
            return given
        with torch._C.DisableTorchFunction(), self.ledger.closed():
            given = self._given(frame, taken(args, kwargs), given)
            calls = self.calls[module]
            calls[frame.call] = calls[frame.call]._replace(gives=self._nest(plain(given)))
        self.taken = None
        return given

    def _given(self, frame: Frame, taken: Any, given: Any) -> Any:
        """Record a module that is one operation; return what it gave, as a tensor of its own."""
        outs, inputs, kind = [*tensors(given)], [*tensors(taken)], frame.layer
        name, macs = type_name(frame.module), frame.macs
        if not frame.is_closed:
            if frame.module._modules or not any(given is each for each in inputs):
                return given
            kind = Identity(name)
        if sealed := sealing(frame.module):
            name, macs = f"{sealed} {name}", macs or None
        if any(given is each for each in inputs) and not getattr(kind, "inplace", False):
            outs = [given := alias(given)]
        facts = self._add(kind, inputs, frame.path, outs, name=name, macs=macs)
        if macs and macs != facts.macs:  # a hook's, or what makes a weight
            self._add(None, inputs, frame.path, [], name=name, macs=macs - index(facts.macs))
        return given

    def _spend(self, macs: int | None) -> None:
        if self.budget is not None:
            self.budget -= macs or 0
            if self.budget < 0:
                raise TooLargeError

    def _add(
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
        inputs = tuple(self._value(tensor) for tensor in taken)
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
        own = all(tensor.dtype == self._dtype for tensor in given)
        number = len(self.operations)
        self.operations.append(Operation(kind, inputs, path, () if own else dtypes, reads))
        self._shapes.append(shapes)
        for output, tensor in enumerate(given):
            is_written = self._is_known(tensor)
            self._known[id(tensor)] = Known(weakref.ref(tensor), Value(number, output))
            self._note_storage(tensor, is_written=is_written)
        return facts

    def _note_storage(self, tensor: Tensor, *, is_written: bool) -> None:
        """Note who shares a tensor's memory; what it is a part of is another value once written."""
        sharers = self._sharers.setdefault(storage_of(tensor), {})
        sharers[id(tensor)] = None
        for other in [*sharers] if is_written else ():
            known = self._known[other]
            found = known.tensor()
            if found is None or found is tensor or not share(found, tensor):
                del sharers[other]
            if found is not None and found is not tensor and share(found, tensor):
                # No name says which of its elements are new.
                inputs, value = (known.value, self._known[id(tensor)].value), len(self.operations)
                kind = Opaque("write", (tuple(found.shape),), is_view=True)
                self.operations.append(Operation(kind, inputs, self._path))
                self._shapes.append(kind.outputs)
                self._known[other] = Known(known.tensor, Value(value))

    def _placed(self, kind: Any, inputs: tuple[Value, ...]) -> tuple[Any, tuple[Value, ...]]:
        """Return a kind whose formulas are over its inputs, and what they read beside these."""
        places = [*inputs]

        def place(read: Read) -> Read:
            of = read.of if isinstance(read.of, Value) else self._value(read.of)  # type: ignore[arg-type]
            if of not in places:
                places.append(of)
            return Read(places.index(of), read.axis)

        kind = replaced(formulas(kind), place)
        return kind, tuple(places[len(inputs) :])

    def _is_traced(self, tensor: Any) -> bool:
        """Say whether a tensor's sizes may be others another time: it is no weight or constant."""
        if not isinstance(tensor, Tensor) or not self._is_known(tensor):
            return False
        return not isinstance(self.operations[self._known[id(tensor)].value.operation].kind, Source)

    def _is_parameter(self, tensor: Tensor) -> bool:
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

    def _is_known(self, tensor: Tensor) -> bool:
        known = self._known.get(id(tensor))
        return known is not None and known.tensor() is tensor

    def _value(self, tensor: Tensor) -> Value:
        """Return the value of a tensor; one that nobody made here is a source."""
        if self._is_known(tensor):
            return self._known[id(tensor)].value
        what = self._weights.get(id(tensor))
        if what is None:
            made = self._constants.get(id(tensor))
            what = "constant" if made is not None and made() is tensor else UNSEEN
        self._add(Source(what, tuple(tensor.shape)), (), "", [tensor])
        return self._known[id(tensor)].value

    def origin(self, tensor: Tensor) -> str:
        """Return where a tensor is from: a module's path, a function, the input, a weight."""
        if not self._is_known(tensor):
            return f"a {self._weights.get(id(tensor), 'constant')}"
        kind, _, path, *_ = self.operations[self._known[id(tensor)].value.operation]
        if isinstance(kind, Input):
            return "the input"
        if isinstance(kind, Source):
            return f"a {kind.what}"
        is_whole = any(path == own and not module._modules for module, own in self.paths.items())
        return path if is_whole else f"{path}.{kind.name}()".lstrip(".")

    def _nest(self, given: Any) -> Nest:
        """Return the values in what a module takes or gives, as it nests them."""
        return nested(given, self._value)
