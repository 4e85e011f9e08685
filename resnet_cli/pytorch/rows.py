"""A finished run to rows: every module, its own weights and functions, in order of execution."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import nn

from resnet_cli.analysis.summary import LayerRow
from resnet_cli.pytorch.chain import window_of
from resnet_cli.pytorch.run import Record, Run, original, type_name

ROOT = "."
"""The path of the network itself, where it has a row."""

NEVER = math.inf

# What is one layer to its users: its modules serve by their weights and are never called.
_ONE_LAYER = (nn.MultiheadAttention, torch.jit.ScriptModule)

_SUMS = ("params", "frozen", "buffers", "macs", "activation_bytes")


class Part(NamedTuple):
    """A subtree's rows, its own first, and when it began to run."""

    began: float
    rows: list[LayerRow]


class Held(NamedTuple):
    """The elements of some parameters and buffers, those counted before left out."""

    params: int = 0
    frozen: int = 0
    buffers: int = 0
    tied_to: str = ""


def rows(model: nn.Module, run: Run, error: str | None = None) -> tuple[LayerRow, ...]:
    """Return a row a module, and one for what a module with children holds or does itself.

    Shared modules and tied parameters count where they stand first. Where the run failed
    the rows end at the failing layer, which has the `error`.
    """
    walk = _Walk(run)
    model = original(model)
    if not children(model):
        found = walk.visit(model, ROOT, 1).rows
    else:
        walk.places[id(model)] = ROOT
        found = [row for part in walk.inside(model, "", 1) for row in part.rows]
    if error is None:
        return tuple(found)
    failed = walk.places.get(id(run.failed), ROOT)
    if all(row.path != failed for row in found):
        failed = ROOT
        found.append(walk.row(ROOT, 1, model, leaf=False))
    return tuple(_marked(found, failed, error))


def children(module: nn.Module) -> dict[str, nn.Module]:
    """Return the modules that have rows of their own: not what only makes a weight."""
    if isinstance(module, _ONE_LAYER):
        return {}
    return {
        name: child
        for name, child in original(module)._modules.items()
        if child is not None and name != "parametrizations"
    }


class _Walk:
    """What has been counted so far, and under which path."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.records = run.recorder.records
        self.places: dict[int, str] = {}

    def visit(self, module: nn.Module, path: str, depth: int) -> Part:
        """Return a module's row and those below it."""
        record = self.records.get(module)
        began = record.first if record else NEVER
        if (first := self.places.get(id(module))) is not None:
            alias = self.row(path, depth, module, note=f"same module as {first}")
            return Part(began, [alias._replace(calls=0, activation_bytes=0)])
        self.places[id(module)] = self.places[id(original(module))] = path
        if not children(module):
            return Part(began, [self._leaf(module, path, depth)])
        parts = self.inside(module, f"{path}.", depth + 1)
        below = [row for part in parts for row in part.rows]
        began = min([began, *(part.began for part in parts)])
        note = "unused" if began == NEVER else _calls(record)
        row = self.row(path, depth, module, leaf=False, note=note)
        sums = {name: sum(getattr(r, name) for r in below if r.leaf) for name in _SUMS}
        return Part(began, [row._replace(**sums), *below])

    def inside(self, module: nn.Module, prefix: str, depth: int) -> list[Part]:
        """Return what a module holds itself, then what it calls, in order."""
        inner = original(module)
        record = self.records.get(module) or self.records.get(inner)
        parts = [self.visit(m, prefix + name, depth) for name, m in children(module).items()]
        if self.run.error is not None:
            parts = [part for part in parts if part.began != NEVER]
        for name, function in (record.functions if record else {}).items():
            parts.append(Part(function.first, [_function(prefix + name, depth, name, function)]))
        held = [
            self._tensor(prefix + name, depth, kind, tensor)
            for kind, group in (("Parameter", inner._parameters), ("Buffer", inner._buffers))
            for name, tensor in group.items()
            if tensor is not None
        ]
        return [Part(NEVER, held), *sorted(parts, key=lambda part: part.began)]

    def row(
        self, path: str, depth: int, module: nn.Module, *, leaf: bool = True, note: str = ""
    ) -> LayerRow:
        """Return a module's row without its counts."""
        record = self.records.get(module) or Record(0)
        window = window_of(module)
        return _empty(path, depth, type_name(module), record)._replace(
            leaf=leaf,
            note=note,
            receptive_field=record.sight.field if record.sight else None,
            stride=record.sight.stride if record.sight else None,
            window=window and (window.kernel, window.stride, window.padding),
        )

    def _leaf(self, module: nn.Module, path: str, depth: int) -> LayerRow:
        record = self.records.get(module)
        if module._modules:
            held = self._held(module.named_parameters(), module.buffers(), path)
        else:  # most leaves, and much quicker
            held = self._held(module._parameters.items(), module._buffers.values(), path)
        notes = [_calls(record)]
        if record is None:
            used = any(id(p) in self.run.recorder.used for p in module.parameters())
            notes = ["weights used without a call" if used else "unused"]
        if held.tied_to:
            notes.append(f"tied to {held.tied_to}")
        return self.row(path, depth, module, note="; ".join(filter(None, notes)))._replace(
            params=held.params,
            frozen=held.frozen,
            buffers=held.buffers,
            macs=record.macs if record else 0,
            activation_bytes=record.activation_bytes if record else 0,
        )

    def _tensor(self, path: str, depth: int, kind: str, tensor: torch.Tensor) -> LayerRow:
        """Return the row of a weight that stands beside modules, as a class token does."""
        parameters = [("", tensor)] if kind == "Parameter" else []
        held = self._held(parameters, [] if parameters else [tensor], path)
        return _empty(path, depth, kind, Record(0))._replace(
            output_shape=tuple(tensor.shape),
            params=held.params,
            frozen=held.frozen,
            buffers=held.buffers,
            note=f"tied to {held.tied_to}" if held.tied_to else "",
        )

    def _held(
        self,
        parameters: Iterable[tuple[str, torch.Tensor | None]],
        buffers: Iterable[torch.Tensor | None],
        path: str,
    ) -> Held:
        """Count what was not counted before, and remember where it stands."""
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
        return Held(sums[True], sums[False], buffered, tied_to)


def _function(path: str, depth: int, name: str, record: Record) -> LayerRow:
    """Return the row of a function that a module with children calls itself."""
    return _empty(f"{path}()", depth, "function", record)._replace(
        macs=record.macs, activation_bytes=record.activation_bytes, note=_calls(record)
    )


def _empty(path: str, depth: int, kind: str, record: Record) -> LayerRow:
    """Return a leaf's row with the record's shapes, without counts."""
    return LayerRow(
        path=path,
        depth=depth,
        leaf=True,
        role="",
        type=kind,
        input_shape=record.input_shape,
        output_shape=record.output_shape,
        params=0,
        buffers=0,
        macs=0,
        output_bytes=record.output_bytes,
        activation_bytes=0,
        receptive_field=None,
        stride=None,
        window=None,
        calls=record.calls,
        input_tree=record.input_tree,
        output_tree=record.output_tree,
    )


def _calls(record: Record | None) -> str:
    if record is None or record.calls < 2:
        return ""
    return f"{record.calls} calls" + (", the first shown" if record.differs else "")


def _marked(found: list[LayerRow], failed: str, message: str) -> list[LayerRow]:
    """Return the rows with the error at the failing layer and at those around it."""
    return [
        row._replace(error=message, note="")
        if row.path == failed
        else row._replace(error=f"in {failed}: {message}", note="")
        if failed.startswith(f"{row.path}.")
        else row
        for row in found
    ]
