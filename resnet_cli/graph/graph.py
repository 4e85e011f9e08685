"""A network as a value: operations in the order of execution, and the modules around them.

Whoever made it (a configuration, a run that was recorded), every question is one walk over
it. It is plain and frozen, and knows nothing of PyTorch.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from resnet_cli.errors import SizeError
from resnet_cli.graph.kinds import Facts, Input, Kind, Shape
from resnet_cli.text import format_shape


class Value(NamedTuple):
    """A tensor on its way: the operation that gives it, and which of its outputs it is."""

    operation: int
    output: int = 0


Nest: TypeAlias = "Value | str | Sequence[Nest] | Mapping[str, Nest] | None"
"""Values as a module takes or gives them, nested; a string names what is no tensor."""


class Operation(NamedTuple):
    """One step of a run: what is done, to which earlier values, and by which module.

    `path` is that of the module itself or, where it is a function, of the module that calls
    it. `dtypes` are the element types of its outputs where one is not the network's own.
    `reads` are values of which it uses the sizes alone, behind its inputs (`sizes.py`).
    """

    kind: Kind
    inputs: tuple[Value, ...]
    path: str
    dtypes: tuple[str, ...] = ()
    reads: tuple[Value, ...] = ()


class Guard(NamedTuple):
    """What a network's code asked of a size while it ran: `left sign right`, and whether it held.

    `before` is the operation that came next, `path` the module whose code it is. With a `way`
    the size left for where no formula follows it (`int()`, a loop), as the number `right`; and
    without a `sign` it was a value of a tensor that decided.
    """

    before: int
    path: str
    left: Any
    sign: str
    right: Any
    held: bool
    way: str = ""


class Call(NamedTuple):
    """One call of a module: the operation that it begins with, what it takes and gives.

    `gives` is None where the call failed.
    """

    first: int
    takes: Nest
    gives: Nest


class Weight(NamedTuple):
    """What a module was seen to hold itself, in elements; each tensor counts where it is first.

    `shape` is there for what stands beside modules: one parameter or buffer.
    """

    params: int = 0
    frozen: int = 0
    buffers: int = 0
    shape: tuple[int, ...] = ()


class Module(NamedTuple):
    """A module around operations: path (empty for the network itself), class, what it did.

    A leaf has no modules below it. `role` is what a module of the network's own is for. `held`
    is None where the operations' kinds say what it holds. `note` says what is special. Where a
    module stands a second time, `same_as` is the first path, which its operations bear. `like`
    is the path of a module before it that does the same on the same shapes.
    """

    path: str
    type: str
    is_leaf: bool
    role: str = ""
    calls: tuple[Call, ...] = ()
    held: Weight | None = None
    note: str = ""
    same_as: str = ""
    like: str = ""


class Graph(NamedTuple):
    """A network: its operations, its modules as they are registered, and what it gives.

    A module stands before those below it, which follow in the order of registration. `guards`
    are what its code asked of sizes; `ends` says where closed forms end, if they do. `state` are
    the tensors of a recorded network's state_dict, by name with their shapes, which is None of one
    that its first run decides; without it the operations' kinds say them.
    """

    operations: tuple[Operation, ...]
    modules: tuple[Module, ...]
    output: Nest
    guards: tuple[Guard, ...] = ()
    ends: str = ""
    state: tuple[tuple[str, tuple[int, ...] | None], ...] | None = None

    @property
    def inputs(self) -> tuple[Shape, ...]:
        """The shapes of the network's inputs."""
        kinds = (operation.kind for operation in self.operations)
        return tuple(kind.shape for kind in kinds if isinstance(kind, Input))


def at(graph: Graph, sizes: Mapping[str, int]) -> Graph:
    """Return a graph whose inputs have names with numbers for them."""
    from resnet_cli.graph.dims import evaluate  # only an input with names has any

    found = []
    for operation in graph.operations:
        kind = operation.kind
        if isinstance(kind, Input):
            kind = kind._replace(shape=evaluate(kind.shape, sizes))
        found.append(operation._replace(kind=kind))
    return graph._replace(operations=tuple(found))


def infer(graph: Graph) -> list[Facts]:
    """Return every operation's facts: the one pass that knows each shape.

    What repeats (a block on a map of the same size) is computed once. Raises `SizeError` with
    the layer and the sizes where an operation cannot take what comes in.
    """
    known: dict[tuple[object, ...], Facts] = {}  # what repeats is one and the same kind
    found: list[Facts] = []
    for operation in graph.operations:
        kind, inputs, _, _, reads = operation
        taken = inputs + reads if reads else inputs
        shapes = [found[operation].outputs[output] for operation, output in taken]
        key = (id(kind), *shapes)
        facts = known.get(key)
        if facts is None:
            facts = known[key] = _facts(operation, shapes)
        found.append(facts)
    return found


def _facts(operation: Operation, shapes: Sequence[Shape]) -> Facts:
    try:
        return operation.kind.facts(*shapes)
    except ValueError as error:
        given = " and ".join(map(format_shape, shapes))
        place = f"layer {operation.path}" if operation.path else "the network"
        raise SizeError(f"{place} ({operation.kind.name}, given {given}): {error}") from None


def values(nest: Nest) -> Iterator[Value]:
    """Give every value in a nest, in order."""
    if isinstance(nest, Value):
        yield nest
    elif isinstance(nest, Mapping):
        for inner in nest.values():
            yield from values(inner)
    elif isinstance(nest, list | tuple):
        for each in nest:
            yield from values(each)


def ways(path: str) -> Iterator[str]:
    """Give the paths of the modules on the way to one, and its own."""
    at = path.find(".")
    while at >= 0:
        yield path[:at]
        at = path.find(".", at + 1)
    yield path


def children(modules: Sequence[Module]) -> dict[str, list[Module]]:
    """Return each module's own modules by its path, in the order of registration."""
    found: dict[str, list[Module]] = {}
    for module in modules:
        if module.path:
            found.setdefault(module.path.rpartition(".")[0], []).append(module)
    return found
