"""A graph's operations as boxes, and what flows from one to the other."""

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeAlias

from resnet_cli.draw.flow import SOURCE, Vertex
from resnet_cli.draw.parts import Node
from resnet_cli.draw.style import CIRCLES, Category
from resnet_cli.draw.words import over, words
from resnet_cli.graph.elementwise import Made
from resnet_cli.graph.graph import Graph, Operation, Value, infer, values
from resnet_cli.graph.kinds import Input, Shape
from resnet_cli.graph.moves import Pad, Subsample
from resnet_cli.graph.resample import PadBy
from resnet_cli.text import human_text


class Level(StrEnum):
    """How much of a block a figure shows."""

    BLOCKS = "a box a block"
    CONVOLUTIONS = "a box a convolution"
    LAYERS = "a box a layer"


Given: TypeAlias = tuple[int, str]
"""A value to draw: the number of the box that gives it, and its shape."""

MINOR = (
    Category.NORM,
    Category.OTHER_NORM,
    Category.RELU,
    Category.POINTWISE,
    Category.MOVE,
)
"""What has a box only where every layer is drawn."""


SHAPE_ALONE = ("new_zeros", "new_ones", "new_full", "zeros_like", "ones_like", "full_like")
"""Operations that take the shape of their input, and nothing of what is in it."""

SLICES = ("getitem", "__getitem__", "slice", "narrow")


class Boxes:
    """The boxes of a graph at a level, and for each the boxes and shapes that it takes.

    `major` are the operations that have a box at every level, `joins` those that take several.
    """

    def __init__(self, graph: Graph, level: Level) -> None:
        self.graph = graph
        self.level = level
        self.facts = infer(graph)
        self.nodes: list[Node] = []
        self.inputs: list[list[Given]] = []
        self.major: list[int] = []
        self.joins: list[int] = []
        self.hidden: set[Category] = set()
        self.concats: dict[tuple[Given, ...], tuple[int, Shape]] = {}
        self.stride = ""
        # The box whose value each operation gives, None for what does not depend on the input.
        self.gives: list[int | None] = []
        is_single = len(graph.inputs) == 1
        for index, operation in enumerate(graph.operations):
            if isinstance(operation.kind, Input) and is_single:
                self.gives.append(SOURCE)
            elif isinstance(operation.kind, Input):
                shape = human_text(operation.kind.shape)
                node = Node(f"input {operation.kind.position + 1}, {shape}", Category.OTHER, shape)
                self.gives.append(self._add(node, [(SOURCE, "")]))
            else:
                self.gives.append(self._operation(index, operation))

    def flow(self) -> tuple[list[Vertex], list[int]]:
        """Return the boxes from which something leads to an end, in order, and the ends.

        The shape that leaves a box is what arrives at the next, whatever views lie between;
        where they do not agree the view has a box.
        """
        ends = self._ends()
        takers = self._takers(ends)
        vertices: list[Vertex] = []
        new: dict[Given, int] = {(SOURCE, shape): SOURCE for shape in takers[SOURCE]}
        for number in sorted(takers.keys() - {SOURCE}):
            node, shapes = self.nodes[number], takers[number]
            if node.shape not in shapes:
                most = max(map(len, shapes.values()))
                shape = next(shape for shape, paths in shapes.items() if len(paths) == most)
                node = node._replace(shape=shape)
            inputs = dict.fromkeys(new[each] for each in self.inputs[number])
            vertices.append(Vertex(node, (*inputs,)))
            own = new[number, node.shape] = len(vertices) - 1
            for shape, paths in shapes.items():
                if shape != node.shape:
                    vertices.append(Vertex(Node("reshape", Category.MOVE, shape, paths[0]), (own,)))
                    new[number, shape] = len(vertices) - 1
        return vertices, [new[end] for end in ends]

    def _takers(self, ends: list[Given]) -> dict[int, dict[str, list[str]]]:
        """Return for each box that leads to an end the shapes taken of it, and who takes each."""
        takers: dict[int, dict[str, list[str]]] = {SOURCE: {}}
        for vertex, shape in ends:
            takers.setdefault(vertex, {}).setdefault(shape, []).append("")
        for number in range(len(self.nodes) - 1, -1, -1):
            for vertex, shape in self.inputs[number] if number in takers else ():
                takers.setdefault(vertex, {}).setdefault(shape, []).append(self.nodes[number].path)
        return takers

    def _ends(self) -> list[Given]:
        """Return the boxes that give what the network gives, or all that nothing takes."""
        given = (self._given(value) for value in values(self.graph.output))
        if found := [each for each in given if each is not None]:
            return found
        taken = {vertex for inputs in self.inputs for vertex, _ in inputs}
        loose = [number for number in range(len(self.nodes)) if number not in taken]
        return [(number, self.nodes[number].shape) for number in loose] or [(SOURCE, "")]

    def _given(self, value: Value) -> Given | None:
        """Return the box that gives a value, and the value's shape."""
        vertex, operation = self.gives[value.operation], self.graph.operations[value.operation]
        if isinstance(operation.kind, Subsample) and self._is_before_pad(value.operation):
            return self._given(operation.inputs[0])  # one box for both: they are one shortcut
        shape = self.facts[value.operation].outputs[value.output]
        return None if vertex is None else (vertex, human_text(shape))

    def _add(self, node: Node, inputs: Iterable[Given]) -> int:
        self.nodes.append(node)
        self.inputs.append([*inputs])
        return len(self.nodes) - 1

    def _operation(self, index: int, operation: Operation) -> int | None:
        """Return the box that gives what an operation gives: its own, or the one it passes on."""
        kind, out = operation.kind, self.facts[index].outputs[0]
        given = [found for value in operation.inputs if (found := self._given(value))]
        vertices = (*dict.fromkeys(vertex for vertex, _ in given),)
        if not vertices or isinstance(kind, Made) or kind.name in SHAPE_ALONE:
            return None
        text, _, category = words(kind, out)
        if len(vertices) == 1:
            if category in CIRCLES:
                category = Category.POINTWISE  # with a constant
            if self._is_hidden(index, category, given[0][1]):
                return vertices[0]
        else:
            self.joins.append(index)
        if category not in MINOR:
            self.major.append(index)
        if category is Category.CONCAT:
            given = self._shortened(given, out)
        node = Node(text + self.stride, category, human_text(out), operation.path)
        self.stride = ""
        return self._add(node, given)

    def _is_hidden(self, index: int, category: Category, shape: str) -> bool:
        """Say whether an operation on one value has no box of its own."""
        kind, (out, *_) = self.graph.operations[index].kind, self.facts[index].outputs
        if isinstance(kind, Subsample) and self._is_before_pad(index):
            self.stride = over(kind.stride)
            return True
        if category is Category.CONCAT or isinstance(kind, Pad | PadBy) or kind.name in SLICES:
            return human_text(out) == shape  # then it does nothing
        if category in MINOR and self.level is not Level.LAYERS:
            self.hidden.add(category)
            return True
        return False

    def _is_before_pad(self, index: int) -> bool:
        following = self.graph.operations[index + 1 : index + 2]
        return any(isinstance(op.kind, Pad) and op.inputs == (Value(index),) for op in following)

    def _shortened(self, given: list[Given], out: Shape) -> list[Given]:
        """Return what a concatenation takes, with an earlier one for what that joined.

        So a dense block, whose layers each join all before them, is one join after another.
        """
        self.concats.setdefault((*given,), (len(self.nodes), out))
        for length in range(len(given) - 1, 1, -1):
            number, shape = self.concats.get((*given[:length],), (0, ()))
            differ = sum(one != other for one, other in zip(shape, out, strict=False))
            if len(shape) == len(out) and differ == 1:
                return [(number, self.nodes[number].shape), *given[length:]]
        return given
