"""What goes into a call of a module and what comes out: shapes, bytes, and what it sees."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.analysis.walk import UNSEEN, Sight, Walk
from resnet_cli.graph.graph import Nest, Value, values
from resnet_cli.text import Tree, format_shape

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size
    from resnet_cli.graph.kinds import Shape


class End(NamedTuple):
    """What a call takes or gives: the first tensor's shape and sight, and the bytes of all."""

    shape: "Shape" = ()
    tree: Tree = None
    nbytes: "Size" = 0
    sight: Sight = UNSEEN
    storages: tuple[int, ...] = ()
    giver: int = -1


NOTHING = End()


class Ends:
    """The ends of a walk's calls; most values are given by one module and taken by another."""

    def __init__(self, walked: Walk) -> None:
        self.walked = walked
        self.known: dict[Value, End] = {}

    def of(self, nest: Nest) -> End:
        """Return what is known of the values that go into a call or come out of it."""
        if type(nest) is not Value:
            return self._several(nest)
        known = self.known.get(nest)
        if known is None:
            known = self.known[nest] = self._one(nest)
        return known

    def _one(self, value: Value) -> End:
        walked, index = self.walked, value.operation
        shape = walked.shape(value)
        tree = None if shape else _tree(walked, value)
        sight = walked.sights[index] or UNSEEN
        return End(shape, tree, walked.bytes_of(value), sight, (walked.storages[index],), index)

    def _several(self, nest: Nest) -> End:
        ends = [self._one(value) for value in values(nest)]
        tree = _tree(self.walked, nest)
        if not ends:
            return End(tree=tree)
        storages = tuple([storage for end in ends for storage in end.storages])
        return End(
            ends[0].shape,
            tree,
            sum([e.nbytes for e in ends]),
            ends[0].sight,
            storages,
            ends[0].giver,
        )


def _tree(walked: Walk, nest: Nest) -> Tree:
    """Return the shapes in a nest as it nests them."""
    if isinstance(nest, Value):
        return format_shape(walked.shape(nest))
    if nest is None or isinstance(nest, str):
        return nest
    if isinstance(nest, Mapping):
        return {name: _tree(walked, inner) for name, inner in nest.items()}
    return [_tree(walked, inner) for inner in nest]
