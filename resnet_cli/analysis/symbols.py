"""A graph that was recorded once, at other sizes: numbers, or names for closed forms.

What ran is arithmetic from then on. Where the arithmetic ends, an operation that it does not
know or a size that became a mere number, everything behind it keeps its recorded sizes, and the
graph says where that is.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from resnet_cli.analysis.conditions import asked
from resnet_cli.errors import SizeError, SymbolError
from resnet_cli.graph.captured import Opaque
from resnet_cli.graph.dims import Dim
from resnet_cli.graph.graph import Graph, Guard, Operation, Value, infer
from resnet_cli.graph.kinds import Facts, Input, Shape
from resnet_cli.graph.products import Linear
from resnet_cli.graph.sizes import value
from resnet_cli.text import format_shape

Names = Mapping[tuple[int, int], str]
"""The names of axes of the inputs: (0, 2) is the third axis of the first one."""


class _End(NamedTuple):
    """Where the closed forms end: the path and what is there, and why."""

    path: str
    what: str

    def __str__(self) -> str:
        place = f"layer {self.path}" if self.path else "the network's own code"
        return f"closed forms end at {place}: {self.what}"


def symbolic(graph: Graph, names: Names) -> Graph:
    """Return a recorded graph on an input with names; `ends` says where that ends, if it does."""
    recorded = infer(graph)
    found: list[Facts] = []
    operations: list[Operation] = []
    end: _End | None = None
    waiting = sorted(graph.guards, key=lambda guard: guard.before)
    for index, operation in enumerate(graph.operations):
        while waiting and waiting[0].before <= index:
            guard = waiting.pop(0)
            end = end or _guarded(guard, found)
        kind = operation.kind
        if isinstance(kind, Input):
            shape = tuple(
                Dim.named(names[key], axis) if (key := (kind.position, axis)) in names else size
                for axis, size in enumerate(kind.shape)
            )
            operation = operation._replace(kind=kind._replace(shape=shape))  # noqa: PLW2901
        taken = _taken(operation, found)
        if any(map(_is_named, taken)):
            operation, end = _followed(operation, taken, recorded[index], end)  # noqa: PLW2901
        operations.append(operation)
        found.append(operation.kind.facts(*taken))
    for guard in waiting:
        end = end or _guarded(guard, found)
    return graph._replace(operations=tuple(operations), ends=str(end) if end else "")


def _followed(
    operation: Operation, taken: Sequence[Shape], seen: Facts, end: _End | None
) -> tuple[Operation, _End | None]:
    """Return an operation on shapes with names, as it was seen to be from where they end."""
    kind = operation.kind
    if isinstance(kind, Linear) and not isinstance(taken[0][-1], int):
        kind = kind._replace(in_features=dict(seen.weights)["weight"][1])
    if end is None and isinstance(kind, Opaque):
        end = _End(operation.path, f"{kind.name} has no arithmetic here")
    if end is None:
        try:
            kind.facts(*taken)
            return operation._replace(kind=kind), None
        except (SymbolError, ValueError, TypeError) as error:
            end = _End(operation.path, f"{kind.name}: {error}")
    macs = seen.macs if seen.is_counted and isinstance(seen.macs, int) else None
    frozen = Opaque(kind.name, seen.outputs, macs, seen.is_view)
    return operation._replace(kind=frozen), end


def _guarded(guard: Guard, found: Sequence[Facts]) -> _End | None:
    """Return an end where code did with a size what no formula follows."""
    if not guard.sign:
        return _End(guard.path, f"what runs depends on values ({guard.way})")
    try:
        left = value(guard.left, lambda of: found[of.operation].outputs[of.output])
        asked(guard, found)
    except (SymbolError, ValueError) as error:
        return _End(guard.path, f"its code compares sizes: {error}")
    if guard.way and not isinstance(left, int):
        return _End(guard.path, f"its code makes a mere number of {left} ({guard.way})")
    return None


def resized(graph: Graph, shapes: Sequence[Shape]) -> Graph:
    """Return a graph whose inputs have other shapes."""
    operations = []
    for operation in graph.operations:
        kind = operation.kind
        if isinstance(kind, Input):
            kind = kind._replace(shape=tuple(shapes[kind.position]))
        operations.append(operation._replace(kind=kind))
    return graph._replace(operations=tuple(operations))


def predicted(graph: Graph, recorded: Graph) -> list[Facts]:
    """Return every operation's facts at sizes that are numbers; `recorded` is what ran.

    Raises `SizeError`, with the layer and the sizes, where an operation cannot take what comes
    in or the code would go another way than it was seen to go.
    """
    found: list[Facts] = []
    seen = infer(recorded)
    waiting = sorted(graph.guards, key=lambda guard: guard.before)
    for index, operation in enumerate(graph.operations):
        while waiting and waiting[0].before <= index:
            _check(waiting.pop(0), found)
        found.append(
            _step(operation, _taken(operation, found), _taken(operation, seen), seen[index])
        )
    for guard in waiting:
        _check(guard, found)
    return found


def _step(operation: Operation, taken: Sequence[Shape], was: Sequence[Shape], seen: Facts) -> Facts:
    """Return an operation's facts on these shapes, if it can take them with what it holds."""
    if isinstance(operation.kind, Opaque) and taken != was:
        text = f"{operation.kind.name} has no arithmetic here, and takes other sizes"
        raise SizeError(_at(operation, taken) + text)
    try:
        facts = operation.kind.facts(*taken)
    except (ValueError, TypeError, IndexError, ArithmeticError) as error:
        raise SizeError(_at(operation, taken) + str(error)) from None
    for (name, held), (_, needed) in zip(seen.weights, facts.weights, strict=False):
        if held != needed:
            text = f"its {name} is {format_shape(held)}, and would be {format_shape(needed)}"
            raise SizeError(_at(operation, taken) + text)
    sizes = [int(size) for shape in facts.outputs for size in shape]
    if any(size < (facts.window is not None) for size in sizes):
        raise SizeError(_at(operation, taken) + "the map is smaller than the window")
    return facts


def _check(guard: Guard, found: Sequence[Facts]) -> None:
    """Raise `SizeError` where a comparison comes out otherwise than it was seen to."""
    if not guard.sign:
        return
    try:
        asked(guard, found)
    except ValueError as error:
        place = f"layer {guard.path}" if guard.path else "the network"
        raise SizeError(f"{place}: {error}") from None


def _at(operation: Operation, taken: Sequence[Shape]) -> str:
    shapes = " and ".join(map(format_shape, taken))
    place = f"layer {operation.path}" if operation.path else "the network"
    return f"{place} ({operation.kind.name}, given {shapes}): "


def _taken(operation: Operation, found: Sequence[Facts]) -> list[Shape]:
    return [found[index].outputs[output] for index, output in _values(operation)]


def _values(operation: Operation) -> tuple[Value, ...]:
    return operation.inputs + operation.reads


def _is_named(shape: Shape) -> bool:
    return not all(isinstance(size, int) for size in shape)
