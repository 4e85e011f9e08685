"""A scene of a network whose input has names, drawn at some size that knows its formulas."""

from collections.abc import Mapping

from resnet_cli.draw.parts import Component, Fork, Node, Scene, Series, Unit, Weave
from resnet_cli.graph.dims import evaluate
from resnet_cli.graph.graph import Graph, infer
from resnet_cli.graph.kinds import Shape
from resnet_cli.text import format_shape, human_text


class Sized(str):
    """A shape's text at one size, and the shape with the names in it."""

    __slots__ = ("shape",)
    shape: Shape

    def __new__(cls, shape: Shape, sizes: Mapping[str, int]) -> "Sized":
        made = super().__new__(cls, format_shape(evaluate(shape, sizes)))
        made.shape = shape
        return made


def at(scene: Scene, graph: Graph, sizes: Mapping[str, int]) -> Scene:
    """Return a scene of a graph with numbers in the place of its shapes' names."""
    shapes = (shape for facts in infer(graph) for shape in facts.outputs)
    return _Writer({human_text(shape): Sized(shape, sizes) for shape in shapes}).scene(scene)


class _Writer:
    """Puts one text for another in all parts of a scene."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    def scene(self, scene: Scene) -> Scene:
        """Return a scene with its shapes written anew."""
        sections = (
            section._replace(units=tuple(map(self._unit, section.units)))
            for section in scene.sections
        )
        return scene._replace(sections=tuple(sections))

    def _unit(self, unit: Unit) -> Unit:
        return unit._replace(parts=self._series(unit.parts), input=self._text(unit.input))

    def _series(self, series: Series) -> Series:
        return tuple(map(self._part, series))

    def _part(self, part: Component) -> Component:
        match part:
            case Node():
                return self._node(part)
            case Fork(arms, join):
                return Fork(tuple(map(self._series, arms)), join and self._node(join))
            case Weave(vertices, links, join):
                return Weave(tuple(map(self._series, vertices)), links, self._node(join))
            case Unit():
                return self._unit(part)

    def _node(self, node: Node) -> Node:
        return node._replace(shape=self._text(node.shape))

    def _text(self, shape: str) -> str:
        return self.texts.get(shape, shape)
