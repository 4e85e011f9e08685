"""Run a model and leave it as it was: modes, buffers, random state, also when it raises."""

import contextlib
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import nn


@contextlib.contextmanager
def unchanged(modules: Sequence[nn.Module]) -> Iterator[None]:
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
