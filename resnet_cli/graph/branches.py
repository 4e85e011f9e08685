"""Residual blocks in a graph: the main path, the shortcut, and the addition where they meet."""

from typing import NamedTuple

from resnet_cli.graph.elementwise import Multiply
from resnet_cli.graph.graph import Graph, Module, Value
from resnet_cli.graph.pointwise import Add


class Branches(NamedTuple):
    """A residual block's operations, as indices, in the order of execution.

    Main path and shortcut (empty for the identity) lead from what the block takes to the
    addition; `after` stands behind it (He et al. 2015, figure 2).
    """

    main: tuple[int, ...]
    side: tuple[int, ...]
    addition: int
    after: tuple[int, ...]


def branches(graph: Graph, module: Module) -> Branches | None:
    """Return the branches of a module that is a residual block, None where it is none.

    A block has one addition of its own, and each branch is a chain.
    """
    if module.is_leaf or not module.calls:
        return None
    takes, gives = module.calls[0].takes, module.calls[0].gives
    if not isinstance(takes, Value) or not isinstance(gives, Value):
        return None
    additions = [
        index
        for index in range(module.calls[0].first, gives.operation + 1)
        if graph.operations[index].path == module.path
        and isinstance(graph.operations[index].kind, Add)
    ]
    if len(additions) != 1:
        return None
    (addition,) = additions
    ways = [way(graph, takes, value) for value in graph.operations[addition].inputs]
    after = way(graph, Value(addition), gives)
    if len(ways) != 2 or None in ways or after is None:
        return None
    # Whichever is written first, the main path is the longer one.
    side, main = sorted((way or () for way in reversed(ways)), key=len)
    return Branches(main, side, addition, after)


def way(graph: Graph, start: Value, end: Value) -> tuple[int, ...] | None:
    """Return the operations of the chain from one value to another, None where there is none.

    A gate lies on the way of what it weighs, which is there before its weights are. What an
    operation takes from nowhere, as the filter of a blur, is on no way.
    """
    found: list[int] = []
    while end != start:
        kind, taken, *_ = graph.operations[end.operation]
        inputs = [
            each for each in taken if graph.operations[each.operation].inputs or each == start
        ]
        is_gate = isinstance(kind, Multiply) and len(inputs) == 2
        if not (is_gate or len(inputs) == 1) or end.operation < start.operation:
            return None
        found.append(end.operation)
        end = min(inputs)
    return tuple(reversed(found))
