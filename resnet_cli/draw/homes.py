"""Which modules a figure shows as stages and blocks, by how the modules stand in a graph.

A block is a module whose inside is drawn together, and folded where it repeats; the module
around blocks that follow each other is a stage. What is neither is drawn box by box.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from resnet_cli.graph.graph import Graph, Module, children, ways
from resnet_cli.graph.pointwise import Add

GENERIC = ("Sequential", "ModuleList", "ModuleDict")
"""Classes that say nothing about what they contain."""


class Home(NamedTuple):
    """The stage and the block that an operation is drawn in, by their paths; empty for none.

    A block of no stage has a frame of its own.
    """

    stage: str = ""
    block: str = ""


class Homes:
    """Where the operations of a graph's modules are drawn.

    `boxes` are the operations that have one whatever the level, `joins` those that take
    several of them.
    """

    def __init__(self, graph: Graph, boxes: Iterable[int], joins: Iterable[int]) -> None:
        self.graph = graph
        self.below = children(graph.modules)
        paths = [operation.path for operation in graph.operations]
        self.boxes: Counter[str] = Counter()
        self.last_box: dict[str, int] = {}
        for index in boxes:
            for around in _around(paths[index]):
                self.boxes[around] += 1
                self.last_box[around] = index
        self.joins = Counter(around for index in joins for around in _around(paths[index]))
        self.first: dict[str, int] = {}
        self.last: dict[str, int] = {}
        for index, path in enumerate(paths):
            for around in _around(path):
                self.first.setdefault(around, index)
                self.last[around] = index
        self.classes = Counter(module.type for module in graph.modules if not module.is_leaf)
        self.sequences: dict[str, bool] = {}
        self.known: dict[str, Home] = {}
        self._descend(graph.modules[0], "")

    def of(self, path: str) -> Home:
        """Return where the operations of a module are drawn."""
        return next((self.known[up] for up in _around(path) if up in self.known), Home())

    @property
    def stages(self) -> list[str]:
        """The paths of the stages that have blocks, in order."""
        homes = self.known.values()
        return [*dict.fromkeys(home.stage for home in homes if home.stage and home.block)]

    def _descend(self, module: Module, around: str) -> None:
        """Find the stages and blocks of a module that is a sequence of them, or the network."""
        large = self._large(module)
        is_stage = bool(large) and not any(map(self._is_sequence, large))
        own = module.path if is_stage else around
        self.known[module.path] = Home(own)
        for child in large:
            if self._is_sequence(child):
                self._descend(child, own)
                continue
            is_block = bool(self.joins[child.path]) or self._repeats(child)
            self.known[child.path] = Home(own or child.path, child.path if is_block else "")

    def _repeats(self, module: Module) -> bool:
        return module.type not in GENERIC and self.classes[module.type] > 1

    def _large(self, module: Module) -> list[Module]:
        """Return a module's own that have several boxes, in the order of execution."""
        below = self.below.get(module.path, ())
        large = [each for each in below if not each.is_leaf and self.boxes[each.path] > 1]
        # What has another role (stem, head) is known by its boxes.
        large = [each for each in large if not each.role or each.role.startswith("stage")]
        return sorted(large, key=lambda each: self.first[each.path])

    def _is_sequence(self, module: Module) -> bool:
        """Say whether a module is blocks that follow each other, rather than a block itself."""
        known = self.sequences.get(module.path)
        if known is None:
            is_stage = module.role.startswith("stage")
            known = self.sequences[module.path] = is_stage or self._follow(module)
        return known

    def _follow(self, module: Module) -> bool:
        large = self._large(module)
        if not large or self._is_skipped(module, large):
            return False
        if any(self._are_beside(one, other) for one, other in pairwise(large)):
            return False
        if any(map(self._is_sequence, large)):
            return True
        if module.type not in GENERIC:
            return any(count > 1 for count in Counter(each.type for each in large).values())
        is_around_one = self.boxes[large[0].path] == self.boxes[module.path]
        return len(large) > 1 or (is_around_one and large[0].type not in GENERIC)

    def _is_skipped(self, module: Module, large: list[Module]) -> bool:
        """Say whether a module ends in a sum of its own around layers that have no joins."""
        last = self.graph.operations[self.last_box[module.path]]
        if any(self.joins[each.path] for each in large):
            return False
        return isinstance(last.kind, Add) and last.path == module.path

    def _are_beside(self, one: Module, other: Module) -> bool:
        """Say whether nothing flows from a module into a later one."""
        reached = set(range(self.first[one.path], self.last[one.path] + 1))
        for index in range(self.last[one.path] + 1, self.last[other.path] + 1):
            if any(value.operation in reached for value in self.graph.operations[index].inputs):
                reached.add(index)
        return not any(self.first[other.path] <= index for index in reached)


def _around(path: str) -> Iterable[str]:
    """Give a path and those of the modules around it, the network's own the last."""
    return reversed(("", *ways(path))) if path else ("",)
