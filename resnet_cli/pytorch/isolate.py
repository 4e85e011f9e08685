"""Run a model and leave it as it was: modes, buffers, random state, also when it raises."""

import contextlib
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import torch
from torch import nn
from torch.nn.parameter import is_lazy


@contextlib.contextmanager
def unchanged(modules: Sequence[nn.Module]) -> Iterator[None]:
    """Put back modes, buffers and random state; the run has copies of the buffers.

    Their own are never written, not even back: a graph that waits for its `backward()` would
    notice that.
    """
    modes = [(module, module.training) for module in modules]
    buffers = [(module, _buffers(module)) for module in modules]
    states = _random_states()
    try:
        _lend(buffers)
        yield
    finally:
        for module, mode in modes:
            if module.training is not mode:
                module.training = mode
        for module, own in buffers:
            if own or module._buffers:
                _put_back(module, own)
        for restore, state in states:
            restore(state)


Buffers: TypeAlias = "dict[str, torch.Tensor | None]"


def _buffers(module: nn.Module) -> Buffers:
    if isinstance(module, torch.jit.ScriptModule):
        return dict(module.named_buffers(recurse=False))
    return dict(module._buffers)


def _lend(buffers: Sequence[tuple[nn.Module, Buffers]]) -> None:
    """Give modules copies of their buffers, those that share one the same."""
    copies: dict[int, torch.Tensor] = {}
    for module, own in buffers:
        for name, buffer in own.items():
            if buffer is None or buffer.is_meta or is_lazy(buffer):
                continue
            if id(buffer) not in copies:
                copies[id(buffer)] = buffer.detach().clone()
            if isinstance(module, torch.jit.ScriptModule):
                setattr(module, name, copies[id(buffer)])
            else:
                module._buffers[name] = copies[id(buffer)]


def _put_back(module: nn.Module, own: Buffers) -> None:
    """Give a module its own buffers again, and take away what the run registered."""
    if isinstance(module, torch.jit.ScriptModule):
        for name, buffer in own.items():
            setattr(module, name, buffer)
        return
    module._non_persistent_buffers_set -= module._buffers.keys() - own.keys()
    module._buffers.clear()
    module._buffers.update(own)


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
def eager(modules: Sequence[nn.Module]) -> Iterator[None]:
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
