"""Run any `nn.Module` once and note what each of its modules does: the measurement.

Hooks note shapes, a function mode notes multiply-accumulates, and all that a run can
change is put back, also when it raises: training mode, buffers, random state, hooks.
"""

import contextlib
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from resnet_cli.pytorch.chain import Chain, Sight
from resnet_cli.pytorch.macs import RULES
from resnet_cli.pytorch.shapes import bytes_of, is_view, shape_of, tensors, tree_of

if TYPE_CHECKING:
    from resnet_cli.text import Tree


class TooLargeError(BaseException):
    """The run costs more than its budget; no `Exception`, so that no module swallows it."""


class Record:
    """What one module, or one function that a module calls, was seen to do."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.calls = 0
        self.macs = 0
        self.input_shape: tuple[int, ...] = ()
        self.output_shape: tuple[int, ...] = ()
        self.input_tree: Tree = None
        self.output_tree: Tree = None
        self.output_bytes = 0
        self.activation_bytes = 0
        self.sight: Sight | None = None
        self.differs = False
        self.last: Any = None
        self.functions: dict[str, Record] = {}

    def enter(self, taken: Any) -> None:
        """Note the input of a call; what is shown is the first call's."""
        shape = shape_of(taken)
        if self.calls == 0:
            self.input_shape, self.input_tree = shape, tree_of(taken)
        self.differs |= shape != self.input_shape
        self.last = taken
        self.calls += 1

    def leave(self, taken: Any, given: Any) -> None:
        """Note the output of a call."""
        self.last = None
        if not self.output_shape and self.output_tree is None:
            self.output_shape, self.output_tree = shape_of(given), tree_of(given)
            self.output_bytes = bytes_of(given)
        self.activation_bytes += 0 if is_view(taken, given) else bytes_of(given)


class Recorder(torch.overrides.TorchFunctionMode):
    """The records of a run, by module; as a mode, the MACs of whatever function is called."""

    def __init__(
        self, model: nn.Module, on_layer: Callable[[str], None], budget: int | None
    ) -> None:
        super().__init__()
        self.paths = paths_of(model)
        self.on_layer = on_layer
        self.budget = budget
        self.records: dict[nn.Module, Record] = {}
        self.stack: list[tuple[nn.Module, Sight | None]] = []
        self.used: set[int] = set()
        self.not_counted: dict[str, None] = {}
        self.last_function = ""
        self.chain = Chain()
        self._clock = 0

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        self.last_function = func.__name__
        if self.last_function == "__get__":  # `shape` and its like: most calls, and no use
            return func(*args, **kwargs)
        if func not in RULES:
            self._note_weights(args)
            return func(*args, **kwargs)
        self._note_weights([*args, *kwargs.values()])
        out = func(*args, **kwargs)
        macs = RULES[func](args, kwargs, out)
        if macs is None:
            self.not_counted[func.__name__] = None
        self._add(func.__name__, args, out, macs or 0)
        return out

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Keep hooks on every module, and this mode on."""
        handles = []
        for module in self.paths:
            if isinstance(module, torch.jit.ScriptModule):
                self.not_counted[f"scripted {type_name(module)}"] = None
            handles.append(module.register_forward_pre_hook(self._enter, with_kwargs=True))
            handles.append(module.register_forward_hook(self._leave, with_kwargs=True))
        try:
            with self:
                yield
        finally:
            for handle in handles:
                handle.remove()

    def _note_weights(self, args: Sequence[Any]) -> None:
        """Remember which weights were used; a module may use another's without calling it.

        Weights live as long as the run, so that no other argument can have their identity.
        """
        self.used.update(map(id, args))

    def _enter(self, module: nn.Module, args: Any, kwargs: dict[str, Any]) -> None:
        self.on_layer(self.paths[module])
        taken = _taken(args, kwargs)
        if module not in self.records:
            self.records[module] = Record(self._tick())
        with torch._C.DisableTorchFunction():  # what the hook looks at is no part of the run
            self.stack.append((module, self.chain.find(taken)))
            self.records[module].enter(taken)

    def _leave(self, module: nn.Module, args: Any, kwargs: dict[str, Any], given: Any) -> None:
        # What a module caught and survived still stands above it on the stack.
        top, before = self.stack.pop()
        while top is not module:
            top, before = self.stack.pop()
        record = self.records[module]
        with torch._C.DisableTorchFunction():
            record.leave(_taken(args, kwargs), given)
            record.sight = self.chain.follow(module, before, given)

    def _add(self, name: str, args: Sequence[Any], out: Any, macs: int) -> None:
        """Give the MACs to the module that runs now, under the function's name."""
        if not self.stack:
            return
        module = self.stack[-1][0]
        record = self.records[module]
        record.macs += macs
        if module._modules:  # a module without others is one row, its functions' too
            function = record.functions.get(name)
            if function is None:
                function = record.functions[name] = Record(self._tick())
            taken = tuple(tensors(args))
            function.enter(taken)
            function.leave(taken, out)
            function.macs += macs
        if self.budget is not None:
            self.budget -= macs
            if self.budget < 0:
                raise TooLargeError

    def _tick(self) -> int:
        self._clock += 1
        return self._clock


class Run:
    """A finished run: its records, its output, how long it took, and how it failed."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.output: Any = None
        self.seconds = 0.0
        self.error: Exception | None = None
        self.failed: nn.Module | None = None


def run(
    model: nn.Module,
    inputs: Sequence[Any],
    *,
    training: bool = False,
    on_layer: Callable[[str], None] = lambda path: None,
    budget: int | None = None,
) -> Run:
    """Run `model` on `inputs` once, without gradients, and leave it as it was.

    An exception that the model raises ends the run and is part of the result. Raises
    `TooLargeError` when more than `budget` MACs were done.
    """
    recorder = Recorder(model, on_layer, budget)
    done = Run(recorder)
    start = time.perf_counter()
    modules = [*recorder.paths]
    with _unchanged(modules), torch.no_grad(), _eager(modules), recorder.listening():
        for module in modules:
            if module.training is not training:
                module.training = training
        try:
            recorder.chain.begin(inputs)
            done.output = model(*inputs)
        except Exception as error:
            done.error, done.failed = error, _innermost(error, recorder)
    done.seconds = time.perf_counter() - start
    return done


def paths_of(model: nn.Module) -> dict[nn.Module, str]:
    """Return every module with its first path, as `named_modules` does in ten times the time."""
    found: dict[nn.Module, str] = {}
    waiting: list[tuple[str, nn.Module | None]] = [("", model)]
    while waiting:
        path, module = waiting.pop()
        if module is not None and module not in found:
            found[module] = path
            prefix = f"{path}." if path else ""
            children = [(prefix + name, child) for name, child in module._modules.items()]
            waiting.extend(reversed(children))
    return found


def type_name(module: nn.Module) -> str:
    """Return a module's class, as it was before it was parametrised, compiled or scripted."""
    if isinstance(module, torch.jit.ScriptModule):
        return str(module.original_name)
    if "parametrizations" in module._modules:
        return type(module).__mro__[1].__name__
    return type(original(module)).__name__


def original(module: nn.Module) -> nn.Module:
    """Return what a module was before `torch.compile`."""
    if isinstance(module, torch.jit.ScriptModule):
        return module
    inner = module._modules.get("_orig_mod")
    return module if inner is None else inner


def _taken(args: Any, kwargs: dict[str, Any]) -> Any:
    """Return what a module was given: the one positional argument, or all there are."""
    if not kwargs:
        return args[0] if len(args) == 1 else args
    if not args:
        return kwargs
    return (*args, kwargs)


def _innermost(error: BaseException, recorder: Recorder) -> nn.Module | None:
    """Return the innermost of the network's modules that was running when it failed."""
    found, trace = None, error.__traceback__
    while trace is not None:
        module = trace.tb_frame.f_locals.get("self")
        if isinstance(module, nn.Module) and module in recorder.paths:
            found = original(module)
        trace = trace.tb_next
    return found


@contextlib.contextmanager
def _unchanged(modules: Sequence[nn.Module]) -> Iterator[None]:
    """Put back modes, buffers and random state."""
    modes = [(module, module.training) for module in modules]
    buffers = [
        (module, name, buffer, None if buffer.is_meta else buffer.clone())
        for module in modules
        if not isinstance(module, torch.jit.ScriptModule)
        for name, buffer in module._buffers.items()
        if buffer is not None
    ]
    states = _random_states()
    try:
        yield
    finally:
        for module, mode in modes:
            if module.training is not mode:
                module.training = mode
        for module, name, buffer, copy in buffers:
            # Batch norm writes its statistics past the tensor's version: compare the values.
            if copy is not None and not torch.equal(buffer, copy):
                with torch.no_grad():
                    buffer.copy_(copy)
            module._buffers[name] = buffer
        for restore, state in states:
            restore(state)


def _random_states() -> list[tuple[Callable[[Any], Any], Any]]:
    """Return every random generator's state with what puts it back."""
    states: list[tuple[Callable[[Any], Any], Any]] = [
        (random.setstate, random.getstate()),
        (torch.set_rng_state, torch.get_rng_state()),
    ]
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        states.append((torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all()))
    if (numpy := sys.modules.get("numpy.random")) is not None:
        states.append((numpy.set_state, numpy.get_state()))
    return states


@contextlib.contextmanager
def _eager(modules: Sequence[nn.Module]) -> Iterator[None]:
    """Run compiled modules uncompiled, and attention layer by layer, as hooks need it."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    compiled = any(
        "_orig_mod" in module._modules or module._compiled_call_impl is not None
        for module in modules
        if not isinstance(module, torch.jit.ScriptModule)
    )
    try:
        if compiled and hasattr(torch.compiler, "set_stance"):  # from PyTorch 2.6 on
            with torch.compiler.set_stance("force_eager"):
                yield
        else:
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
