"""Where two graphs of one network differ: what was predicted, and what was seen to run."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from resnet_cli.analysis.rows import summarise
from resnet_cli.graph.graph import Graph, Nest, Operation, Value, infer, values
from resnet_cli.graph.kinds import Facts, Kind
from resnet_cli.text import format_shape


class Difference(NamedTuple):
    """The first layer where prediction and PyTorch disagree, and on what."""

    path: str
    what: str
    predicted: str
    actual: str


def difference(predicted: Graph, captured: Graph) -> Difference | None:
    """Return the first difference: of the operations as they ran, then of what modules hold."""
    found = next(_operations(predicted, captured), None)
    return found or next(_modules(predicted, captured), None)


def _operations(predicted: Graph, captured: Graph) -> Iterator[Difference]:
    """Give what differs in kind, attributes, inputs and output shape, in this order."""
    ours = zip(predicted.operations, infer(predicted), strict=True)
    theirs = zip(captured.operations, infer(captured), strict=True)
    for mine, other in zip_longest(ours, theirs):
        if mine is None or other is None:
            path = (mine or other)[0].path
            names = (step[0].kind.name if step else "none" for step in (mine, other))
            yield Difference(path, "operation", *names)
            return
        yield from _steps(predicted, captured, mine, other)


def _steps(
    predicted: Graph,
    captured: Graph,
    mine: tuple[Operation, Facts],
    other: tuple[Operation, Facts],
) -> Iterator[Difference]:
    """Give what differs between two operations at one place."""
    (ours, facts), (theirs, seen) = mine, other
    if (ours.kind.name, ours.path) != (theirs.kind.name, theirs.path):
        yield Difference(ours.path, "operation", _named(ours), _named(theirs))
    elif type(ours.kind) is type(theirs.kind) and ours.kind != theirs.kind:
        yield Difference(ours.path, "attributes", *_attributes(ours.kind, theirs.kind))
    elif ours.inputs != theirs.inputs:
        texts = _inputs(predicted, ours), _inputs(captured, theirs)
        yield Difference(ours.path, "inputs", *texts)
    elif facts.outputs != seen.outputs:
        # What gave other shapes than its kind's arithmetic was captured as it ran.
        shapes = (", ".join(map(format_shape, each.outputs)) for each in (facts, seen))
        yield Difference(ours.path, "output shape", *shapes)
    elif ours.kind != theirs.kind:
        # The shapes are right: it has no name in `naming.py`, or copied what is a view.
        yield Difference(ours.path, "operation", _named(ours), f"{_named(theirs)}, an opaque one")


def _modules(predicted: Graph, captured: Graph) -> Iterator[Difference]:
    """Give what differs in the modules, leaves first: which there are, and what each holds."""
    yield from _ends(predicted, captured)
    rows = {row.path: row for row in summarise(captured).rows}
    for row in sorted(summarise(predicted).rows, key=lambda row: not row.leaf):
        if row.path not in rows:
            yield Difference(row.path, "modules", "there", "no such module")
            return
        found = rows.pop(row.path)
        for what in ("type", "params", "buffers"):
            if (ours := getattr(row, what)) != (theirs := getattr(found, what)):
                yield Difference(row.path, what, str(ours), str(theirs))
    for path in rows:
        yield Difference(path, "modules", "no such module", "there")


def _ends(predicted: Graph, captured: Graph) -> Iterator[Difference]:
    """Give what differs in the values that modules take and give, and in their order."""
    theirs = {module.path: module.calls for module in captured.modules}
    for module in predicted.modules:
        for mine, other in zip(module.calls, theirs.get(module.path, ()), strict=False):
            if mine.takes != other.takes:
                names = _nest(predicted, mine.takes), _nest(captured, other.takes)
                yield Difference(module.path, "inputs", *names)
            if mine.gives != other.gives:
                names = _nest(predicted, mine.gives), _nest(captured, other.gives)
                yield Difference(module.path, "output", *names)
    ours = {module.path for module in predicted.modules}
    order = [path for path in theirs if path in ours]
    for module, path in zip(predicted.modules, order, strict=False):
        if module.path != path:
            yield Difference(module.path, "modules", "registered here", f"{path} is")


def _nest(graph: Graph, nest: Nest) -> str:
    return ", ".join(_source(graph, value) for value in values(nest)) or "nothing"


def _named(operation: Operation) -> str:
    return f"{operation.kind.name} of {operation.path or 'the network'}"


def _attributes(ours: Kind, theirs: Kind) -> Iterator[str]:
    """Give the attributes in which two kinds of one class differ, with the values of each."""
    pairs = zip(ours, theirs, strict=True)  # type: ignore[call-overload]  # kinds are tuples
    names = ours._fields  # type: ignore[attr-defined]
    fields = [name for name, (a, b) in zip(names, pairs, strict=True) if a != b]
    for kind in (ours, theirs):
        yield ", ".join(f"{name} {getattr(kind, name)}" for name in fields)


def _inputs(graph: Graph, operation: Operation) -> str:
    """Name what an operation takes by the operations that give it."""
    return ", ".join(_source(graph, value) for value in operation.inputs)


def _source(graph: Graph, value: Value) -> str:
    output = f", output {value.output}" if value.output else ""
    return _named(graph.operations[value.operation]) + output
