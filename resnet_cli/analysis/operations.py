"""Rows below the modules: every operation, and what flows into each row.

An operation is named as its module, or as a function of the module that calls it,
`layer1.0.add()`; from the second of that name on with its number, `layer1.0.relu#2`. Sources have
no row: what flows in from one is called `input`, or `parameter 8x8`.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from resnet_cli.analysis.ends import Ends
from resnet_cli.analysis.rows import FUNCTION, ROOT
from resnet_cli.analysis.summary import UNKNOWN, LayerRow, Summary
from resnet_cli.analysis.walk import GLOBAL, walk
from resnet_cli.graph.graph import Graph, Module, Nest, Operation, Value, values
from resnet_cli.graph.kinds import Input
from resnet_cli.text import format_shape

if TYPE_CHECKING:
    from resnet_cli.analysis.memory import Training
    from resnet_cli.graph.dims import Size


def detailed(graph: Graph, summary: Summary) -> Summary:
    """Return a graph's summary with a row an operation, where none of its rows is that already.

    What sums up several calls is divided among them, so that the leaves add up to the totals as
    before. What a leaf does inside is part of its row, and no leaf itself.
    """
    return summary._replace(rows=tuple(_Detail(graph, summary).below(0, len(summary.rows), "")))


class _Detail:
    """A summary's rows while those of operations are put among them."""

    def __init__(self, graph: Graph, summary: Summary) -> None:
        self.graph, self.rows = graph, summary.rows
        self.walked = walk(graph, summary.itemsize)
        self.ends = Ends(self.walked)
        self.saved = self._saved(summary.training)
        self.modules = {module.path or ROOT: module for module in graph.modules}
        self.done: dict[str, list[int]] = {}
        for number, operation in enumerate(graph.operations):
            if operation.inputs:
                self.done.setdefault(operation.path or ROOT, []).append(number)
        self.named: dict[str, list[int]] = {}
        self.names: list[str] = []
        for number, operation in enumerate(graph.operations):
            name = self._name(operation)
            if not operation.inputs and not isinstance(operation.kind, Input):
                self.names.append(f"{name} {format_shape(self.walked.facts[number].outputs[0])}")
                continue
            alike = self.named.setdefault(name, [])
            alike.append(number)
            self.names.append(f"{name}#{len(alike)}" if len(alike) > 1 else name)

    def _saved(self, training: "Training | None") -> "Sequence[Size | None]":
        """Return what each operation keeps, None where only PyTorch said what modules keep."""
        nobody = [None] * len(self.graph.operations)
        if training is None:
            return nobody
        from resnet_cli.analysis.kept import kept  # only a training step needs them
        from resnet_cli.analysis.memory import rolled_up
        from resnet_cli.analysis.weights import weights

        found = kept(self.walked, weights(self.walked, training.step.freeze).trains, training.step)
        if rolled_up(found.bytes_by_path) != training.saved:
            return nobody
        saved = [*found.new]
        for storage, keeper in found.storages.items():
            if isinstance(self.graph.operations[storage].kind, Input):
                saved[keeper] = saved[keeper] + found.sizes[storage]
        for piece in found.pieces:
            saved[piece.first] = 0  # that is what the module keeps to run again
        return saved

    def _name(self, operation: Operation) -> str:
        kind, inputs, path, *_ = operation
        if not inputs:
            return kind.name
        module = self.modules.get(path or ROOT)
        if module is not None and module.is_leaf and self._is_one(module):
            return path or ROOT
        return f"{path}.{kind.name}()" if path else f"{kind.name}()"

    def _is_one(self, module: Module) -> bool:
        """Say whether each call of a module is one operation."""
        done = self.done[module.path or ROOT]
        return done == [call.first for call in module.calls]

    def below(self, start: int, end: int, around: str) -> Iterator[LayerRow]:
        """Give the rows from `start` to `end`, which are those in a module, and its functions'."""
        parts: list[tuple[int, Sequence[LayerRow]]] = []
        began, position, depth, role = -1, start, 1, ""
        if around:
            depth, role = self.rows[start - 1].depth + 1, self.rows[start - 1].role
        functions = dict.fromkeys(self.done.get(around or ROOT, ()))
        while position < end:
            row, behind = self.rows[position], position + 1
            while behind < end and self.rows[behind].depth > row.depth:
                behind += 1
            numbers = self.named.get(row.path, []) if row.leaf else []
            began = self._began(row, began)
            if numbers:
                first, *others = numbers
                parts.append((first, [self._divided(row, numbers)]))
                parts.extend((each, [self._called_again(row, each)]) for each in others)
            else:
                parts.append((began, [*self._whole(row, position + 1, behind)]))
            for number in numbers:
                functions.pop(number, None)
            position = behind
        parts.extend((each, [self._row(each, depth, role)]) for each in functions)
        for _, rows in sorted(parts, key=lambda part: part[0]):
            yield from rows

    def _began(self, row: LayerRow, before: int) -> int:
        """Return with which operation a row begins; one that did not run stays where it is."""
        module = self.modules.get(row.path)
        return module.calls[0].first if module is not None and module.calls else before

    def _whole(self, row: LayerRow, start: int, end: int) -> Iterator[LayerRow]:
        """Give a row and those below it: a container's, or what a leaf does inside."""
        module = self.modules.get(row.path)
        takes = module.calls[0].takes if module is not None and module.calls else None
        yield row._replace(takes_from=self._givers(takes))
        if not row.leaf:
            yield from self.below(start, end, row.path)
            return
        for number in self.done.get(row.path, ()):
            inner = self._row(number, row.depth + 1, row.role)
            yield inner._replace(leaf=False, saved_bytes=None)  # what is saved its leaf has

    def _divided(self, row: LayerRow, numbers: Sequence[int]) -> LayerRow:
        """Return the row of a module or function that is one operation a call: the first one."""
        kind, inputs, *_ = self.graph.operations[numbers[0]]
        saved = self.saved[numbers[0]]
        found = row._replace(
            type=kind.name if row.type == FUNCTION else row.type, takes_from=self._givers(inputs)
        )
        if len(numbers) == 1:
            return found if row.type != FUNCTION else found._replace(saved_bytes=saved)
        own = self._row(numbers[0], row.depth, row.role)
        return found._replace(
            macs=own.macs,
            activation_bytes=self._new_bytes(numbers[0]),
            saved_bytes=saved,
            calls=1,
            note="",
        )

    def _called_again(self, row: LayerRow, number: int) -> LayerRow:
        """Return the row of a further call of a module or function, whose weights count once."""
        own = self._row(number, row.depth, row.role)
        kind = own.type if row.type == FUNCTION else row.type
        return own._replace(type=kind, activation_bytes=self._new_bytes(number))

    def _new_bytes(self, number: int) -> "Size":
        is_view = self.walked.storages[number] != number
        return 0 if is_view else self.walked.nbytes[number]

    def _givers(self, nest: Nest) -> tuple[str, ...]:
        """Return the names of the operations that give values."""
        return tuple(dict.fromkeys(self.names[value.operation] for value in values(nest)))

    def _row(self, number: int, depth: int, role: str) -> LayerRow:
        """Return an operation's row; activation bytes are those of modules at any depth."""
        kind, inputs, *_ = self.graph.operations[number]
        facts = self.walked.facts[number]
        takes = self.ends.of(inputs[0] if len(inputs) == 1 else inputs)
        gives = self.ends.of(_given(number, len(facts.outputs)))
        sight = gives.sight
        return LayerRow(
            path=self.names[number],
            depth=depth,
            leaf=True,
            role=role,
            type=kind.name,
            input_shape=takes.shape,
            output_shape=gives.shape,
            params=0,
            buffers=0,
            macs=facts.macs if facts.is_counted or facts.macs != 0 else UNKNOWN,
            output_bytes=gives.nbytes,
            activation_bytes=0,
            receptive_field=sight.widest,
            stride=sight.step,
            window=facts.window,
            note=sight.why if sight.why != takes.sight.why else "",
            saved_bytes=self.saved[number],
            is_global=sight is GLOBAL,
            input_tree=takes.tree,
            output_tree=gives.tree,
            takes_from=self._givers(inputs),
        )


def _given(number: int, outputs: int) -> Nest:
    return Value(number) if outputs == 1 else [Value(number, each) for each in range(outputs)]
