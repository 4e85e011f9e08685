"""A run of any `nn.Module` to its graph: operations as they happen, modules around them.

A function mode sees functions, hooks see modules; what happened to which tensor is written on
a tape (`tape.py`). Their names are in `functions.py` and `naming.py`.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import index
from typing import Any

import torch
from torch import Tensor, nn

from resnet_cli.errors import TooLargeError
from resnet_cli.graph.activations import Identity
from resnet_cli.graph.graph import Call, Graph
from resnet_cli.graph.kinds import Input
from resnet_cli.pytorch import functions
from resnet_cli.pytorch.frames import (
    Called,
    Frame,
    alias,
    taken,
    version,
)
from resnet_cli.pytorch.macs import RULES
from resnet_cli.pytorch.modules import (
    HOOK_BEFORE,
    HOOK_BEHIND,
    Inventory,
    paths_of,
    sealing,
    state,
    type_name,
)
from resnet_cli.pytorch.nests import has_nested, tensors
from resnet_cli.pytorch.sized import Ledger
from resnet_cli.pytorch.tape import Tape
from resnet_cli.pytorch.tracing import (
    READERS,
    is_of_values,
    plain,
    ranges,
    sized,
)
from resnet_cli.pytorch.uncounted import Counter, may_multiply


class Recorder(torch.overrides.TorchFunctionMode):
    """The operations of a run, and the calls of each module."""

    def __init__(
        self, model: nn.Module, on_layer: Callable[[str], None], budget: int | None
    ) -> None:
        super().__init__()
        self.paths = paths_of(model)
        self.on_layer = on_layer
        self.budget = budget
        self.tape = Tape(model, self.paths)
        self.calls: dict[nn.Module, list[Call]] = {}
        self.used: set[int] = set()
        self.last_function = ""
        self.taken: Any = None
        self._stack: list[Frame] = []
        self.ledger = Ledger(lambda: (len(self.tape.operations), self._path))

    @contextlib.contextmanager
    def listening(self, inputs: Sequence[Any], dtype: torch.dtype) -> Iterator[None]:
        """Keep hooks on every module, and this mode on; `dtype` is the network's own."""
        self.tape.dtype = dtype
        for position, tensor in enumerate(tensors(inputs)):
            if not self.tape.is_known(tensor):  # one tensor given twice is one input
                self.tape.add(Input(tuple(tensor.shape), position), (), "", [tensor])
        handles = []
        try:
            for module in self.paths:
                handles.append(HOOK_BEFORE(module, self._enter, with_kwargs=True))
                # Where it raises too: what the network catches and survives leaves the stack.
                behind = HOOK_BEHIND(module, self._leave, with_kwargs=True, always_call=True)
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
        operations = tuple(self.tape.operations)
        return Graph(operations, modules, output, guards, state=(*state(model),))

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
        if is_of_values(func, given) and any(map(self.tape.is_traced, tensors(given))):
            self.ledger.depends(name.strip("_"))
        if func in READERS and self.tape.is_traced(given[0]):
            return READERS[func](self.ledger, self.tape.value(given[0]), *args)
        with torch._C.DisableTorchFunction(), self.ledger.closed():
            before = [(each, version(each)) for each in given if isinstance(each, Tensor)]
            named = None if has_nested(given) else functions.function(func, args, kwargs)
        out, macs = self._counted(func, *mere, is_named=named is not None)
        with torch._C.DisableTorchFunction(), self.ledger.closed():
            written = [tensor for tensor, count in before if version(tensor) != count]
            call = Called(name, named, macs, mere, tuple(sizes))
            return self._function(call, out, written)

    def _counted(
        self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any], *, is_named: bool
    ) -> tuple[Any, int | None]:
        """Call a function; return what it gives, and its MACs: None where nobody knows them."""
        given = [*args, *kwargs.values()]
        macs: int | None = 0
        rule = None if has_nested(given) else RULES.get(func)
        with torch._C.DisableTorchFunction():
            # A named `einsum` of weights alone would be passed over as if it cost nothing.
            known = rule is not None or (is_named and func is not torch.einsum)
            asks = not known and may_multiply(func, given, self.tape.is_parameter)
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
        name, named, macs, arguments, sizes = call
        kind = None if named is None else named.kind
        taken = [*tensors(arguments)] if named is None else [*named.tensors]
        if macs == 0 and not sizes and not any(map(self.tape.is_known, taken)):
            self.tape.made(given)
            return out  # made of weights and constants alone: a constant itself where it is used
        if not written and len(given) == 1 and given[0] is out and any(t is out for t in taken):
            # It gave its argument itself: the next use is of this operation, not of that before.
            given = [out := alias(out)]
            kind = kind or Identity(name)
        self.tape.add(kind, taken, self._path, given, name=name, macs=macs, sizes=sizes)
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
                # What is new in it becomes a source, before the call.
                nest = self.tape.nest(self.taken)
                calls.append(Call(len(self.tape.operations), nest, None))

    def _leave(self, module: nn.Module, args: Any, kwargs: dict[str, Any], given: Any) -> Any:
        if not self._stack or self._stack[-1].module is not module:
            return None  # what failed in a hook before ours, as a lazy layer's own, never entered
        frame = self._stack.pop()
        if frame.has_failed():
            return None
        if frame.is_part:
            self._stack[-1].add(frame.macs)
            return given
        with torch._C.DisableTorchFunction(), self.ledger.closed():
            given = self._given(frame, taken(args, kwargs), given)
            calls = self.calls[module]
            calls[frame.call] = calls[frame.call]._replace(gives=self.tape.nest(plain(given)))
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
        facts = self.tape.add(kind, inputs, frame.path, outs, name=name, macs=macs)
        if macs and macs != facts.macs:  # a hook's, or what makes a weight
            self.tape.add(None, inputs, frame.path, [], name=name, macs=macs - index(facts.macs))
        return given

    def _spend(self, macs: int | None) -> None:
        if self.budget is not None:
            self.budget -= macs or 0
            if self.budget < 0:
                raise TooLargeError
