"""A model's modules as they are registered: paths, classes, and what each holds itself."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from resnet_cli.graph.graph import Call, Module, Weight

LAZY = "lazy: its first run decides how many weights it has"
"""The note of a module whose weights have no shapes yet."""

HOOK_BEFORE = nn.Module.register_forward_pre_hook
HOOK_BEHIND = nn.Module.register_forward_hook
"""By the class: a scripted module has hooks, and refuses to register them itself."""


def is_one_layer(module: nn.Module) -> bool:
    """Say whether a module with others in it is seen from outside, as one operation."""
    # Attention's modules serve by their weights and are never called.
    return isinstance(module, nn.MultiheadAttention) or bool(sealing(module))


def sealing(module: nn.Module) -> str:
    """Return what made a program of a module, in which there are no modules any more."""
    if isinstance(module, torch.jit.ScriptModule):
        return "scripted"
    if isinstance(module, torch.fx.GraphModule):
        kinds = (type(node.target) for node in module.graph.nodes)
        return "exported" if any(kind is torch._ops.OpOverload for kind in kinds) else ""
    return ""


def paths_of(model: nn.Module) -> dict[nn.Module, str]:
    """Return every module with its first path, as `named_modules` does in ten times the time."""
    found: dict[nn.Module, str] = {}
    waiting: list[tuple[str, nn.Module | None]] = [("", model)]
    while waiting:
        path, module = waiting.pop()
        if module is not None and module not in found:
            found[module] = path
            prefix = f"{path}." if path else ""
            # What was compiled stands where it was before.
            below = [
                (path if name == "_orig_mod" else prefix + name, child)
                for name, child in module._modules.items()
            ]
            waiting.extend(reversed(below))
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


def children(module: nn.Module) -> dict[str, nn.Module]:
    """Return the modules that have rows of their own: not what only makes a weight."""
    if is_one_layer(module):
        return {}
    return {
        name: child
        for name, child in original(module)._modules.items()
        if child is not None and name != "parametrizations"
    }


def state(
    module: nn.Module, prefix: str = "", around: tuple[nn.Module, ...] = ()
) -> Iterator[tuple[str, tuple[int, ...] | None]]:
    """Give the tensors of a module's state_dict, without the hooks that it may have for that.

    A module that stands twice has both names there, and one inside itself none of these.
    """
    if module in around:
        return
    own = getattr(module, "_non_persistent_buffers_set", ())
    kept = {name: each for name, each in module._buffers.items() if name not in own}
    for name, tensor in {**module._parameters, **kept}.items():
        if tensor is not None:
            yield prefix + name, None if is_lazy(tensor) else tuple(tensor.shape)
    for name, child in module._modules.items():
        if child is not None:
            below = prefix if name == "_orig_mod" else f"{prefix}{name}."
            yield from state(child, below, (*around, module))


class Inventory:
    """A model's modules, each tensor counted where it stands first."""

    def __init__(
        self, calls: Mapping[nn.Module, Sequence[Call]], used: Iterable[int] | None
    ) -> None:
        self.calls = calls  # without what was `used` nothing ran
        self.used = used
        self.places: dict[int, str] = {}
        self.modules: list[Module] = []

    def add(self, module: nn.Module, path: str = "") -> None:
        """Add a module, the tensors that stand beside its modules, and all below it."""
        inner = original(module)
        calls = tuple(self.calls.get(module) or self.calls.get(inner, ()))
        kind = type_name(module)
        if (first := self.places.get(id(module))) is not None:
            self.modules.append(Module(path, kind, True, "", calls, Weight(), same_as=first))
            return
        self.places[id(module)] = self.places[id(inner)] = path or "."
        below = children(module)
        if not below:
            self.modules.append(self._leaf(module, path, kind, calls))
            return
        self.modules.append(Module(path, kind, False, "", calls))
        prefix = f"{path}." if path else ""
        for kind, group in (("Parameter", inner._parameters), ("Buffer", inner._buffers)):
            for name, tensor in group.items():
                if tensor is not None:
                    self.modules.append(self._lone(prefix + name, kind, tensor))
        for name, child in below.items():
            self.add(child, prefix + name)

    def _leaf(self, module: nn.Module, path: str, kind: str, calls: tuple[Call, ...]) -> Module:
        weights = (*module._parameters.values(), *module._buffers.values())
        if any(weight is not None and is_lazy(weight) for weight in weights):
            return Module(path, kind, True, "", calls, note=LAZY)
        if module._modules:
            held, tied = self._held(module.named_parameters(), module.buffers(), path or ".")
        else:  # most leaves, and much quicker
            held, tied = self._held(
                module._parameters.items(), module._buffers.values(), path or "."
            )
        notes = [f"tied to {tied}"] if tied else []
        if not calls and self.used is not None:
            used = any(id(p) in self.used for p in module.parameters())
            notes.insert(0, "weights used without a call" if used else "unused")
        elif tied and len(calls) > 1:
            notes.insert(0, f"{len(calls)} calls")
        return Module(path, kind, True, "", calls, held, "; ".join(notes))

    def _lone(self, path: str, kind: str, tensor: Any) -> Module:
        """Return a weight that stands beside modules, as a class token does."""
        if is_lazy(tensor):
            return Module(path, kind, True, note=LAZY)
        parameters = [("", tensor)] if kind == "Parameter" else []
        held, tied = self._held(parameters, [] if parameters else [tensor], path)
        note = f"tied to {tied}" if tied else ""
        return Module(path, kind, True, held=held._replace(shape=tuple(tensor.shape)), note=note)

    def _held(
        self,
        parameters: Iterable[tuple[str, torch.Tensor | None]],
        buffers: Iterable[torch.Tensor | None],
        path: str,
    ) -> tuple[Weight, str]:
        """Count what was not counted before; return it, and where a shared tensor stands first."""
        sums = {True: 0, False: 0}
        tied_to, buffered = "", 0
        for name, parameter in parameters:
            if parameter is None:
                continue
            place = f"{path}.{name}" if name else path
            first = self.places.setdefault(id(parameter), place)
            if first == place:
                sums[parameter.requires_grad] += parameter.numel()
            else:
                tied_to = first
        for buffer in buffers:
            if buffer is not None and id(buffer) not in self.places:
                self.places[id(buffer)] = path
                buffered += buffer.numel()
        return Weight(sums[True], sums[False], buffered), tied_to
