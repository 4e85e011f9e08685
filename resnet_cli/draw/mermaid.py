"""A scene as Mermaid text, which GitHub renders; no extra library.

Syntax: https://mermaid.js.org/syntax/flowchart.html. GitHub's renderer takes 500 arrows.
"""

from collections.abc import Iterator
from typing import TypeAlias

from resnet_cli.draw.parts import Fork, Node, Scene, Section, Series, Unit, Weave, residual
from resnet_cli.draw.style import EDGE, GROUND, INK, LINE, TINTS, Category
from resnet_cli.text import printable

Tails: TypeAlias = list[tuple[str, str]]
"""Nodes that arrows leave, each with the text on its arrow."""

MAX_ARROWS = 500

SIGNS = {Category.ADD: "+", Category.MULTIPLY: "\N{MULTIPLICATION SIGN}"}
"""What stands in a circle."""

CONFIG = (
    "config:",
    "  flowchart:",
    "    wrappingWidth: 400",
    "    subGraphTitleMargin:",
    "      top: 3",
    "      bottom: 6",
)
"""As in the figure, a block's text stays on one line, and a title clear of what is below."""


def to_mermaid(scene: Scene, command: str) -> str:
    """Return the flowchart of a scene, under its title if it has one.

    `command` and notes stand in comments.
    """
    writer = _Writer()
    for index, section in enumerate(scene.sections, 1):
        writer.section(f"s{index}", section, chained=scene.chained)
    writer.leave()
    used = scene.categories()
    tints = (
        f"  classDef {each.name.lower()} fill:{TINTS[each].fill},stroke:{LINE},"
        f"color:{TINTS[each].text}"
        for each in Category
        if each in used
    )
    comments = [f"%% {printable(each)}" for each in (command, *scene.notes)]
    title = [f"title: {_quoted(scene.title)}"] if scene.title else []
    lines = ["---", *title, *CONFIG, "---", *comments, "flowchart TD"]
    return "\n".join([*lines, *writer.nodes, *writer.arrows, *tints, *writer.frames()]) + "\n"


def count_arrows(text: str) -> int:
    """Return how many arrows a flowchart has."""
    return text.count(" -->")


class _Writer:
    """Writes nodes and arrows; `last` are the nodes that the next arrows leave.

    Arrows stand behind all nodes: one inside a subgraph would draw both its ends into it. The
    first that leaves a node bears its shape, as in the figure, and none that ends in a circle.
    """

    def __init__(self) -> None:
        self.nodes: list[str] = []
        self.arrows: list[str] = []
        self.subgraphs: list[str] = []
        self.labelled: set[str] = set()
        self.depth = 1
        self.count = 0
        self.last: Tails = []

    def section(self, name: str, section: Section, *, chained: bool) -> None:
        """Write a section, a stage in a frame of its own."""
        if not chained:
            self.leave()
        if not self.last:
            self.last = [(self._node(f'(["{_text(section.units[0].input)}"])'), "")]
        if section.title:
            self._open(name, section.title)
        for index, unit in enumerate(section.units, 1):
            self._unit(f"{name}u{index}", unit)
        if section.title:
            self._close()

    def leave(self) -> None:
        """Write the shape that leaves the figure."""
        if self.last:
            node, shape = self.last[0]
            self.last = [(node, "")]
            self._arrows(self._node(f'(["{_text(shape)}"])'))
            self.last = []

    def frames(self) -> Iterator[str]:
        """Give how subgraphs look: as frames do in the figure."""
        if self.subgraphs:
            yield f"  classDef frame fill:{GROUND},stroke:{EDGE},color:{INK}"
            yield f"  class {','.join(self.subgraphs)} frame"

    def _unit(self, name: str, unit: Unit) -> None:
        title = " ".join(filter(None, (unit.title, unit.repeats if unit.times > 1 else "")))
        if title:
            self._open(name, title)
        self._series(name, unit.parts)
        if title:
            self._close()

    def _series(self, name: str, series: Series) -> None:
        for index, part in enumerate(series, 1):
            match part:
                case Node():
                    node = self._node(f'["{_text(part.text)}"]', part.category)
                    self._arrows(node)
                    self.last = [(node, part.shape)]
                case Fork():
                    self._fork(f"{name}f{index}", part)
                case Weave():
                    self._weave(f"{name}w{index}", part)
                case Unit():
                    self._unit(f"{name}u{index}", part)

    def _fork(self, name: str, fork: Fork) -> None:
        """Write the arms, and from their ends arrows to where they meet."""
        start, ends = self.last, list[Tails]()
        arms = fork.arms
        if found := residual(fork):  # no shapes beside the main path
            arms = (arms[0], tuple(node._replace(shape="") for node in found.shortcut))
        for index, arm in enumerate(arms, 1):
            self.last = start
            self._series(f"{name}a{index}", arm)
            passed = "identity" if found else ""
            ends.append(self.last if arm else [(node, passed) for node, _ in start])
        self.last = [end for arm in ends for end in arm]
        if fork.join is not None:
            self._meet(fork.join, self.last)

    def _weave(self, name: str, weave: Weave) -> None:
        """Write nodes, each behind those that lead to it, and where all meet."""
        ends = {-1: self.last}
        for index, node in enumerate(weave.vertices):
            self.last = [end for start, to in weave.links if to == index for end in ends[start]]
            self._series(f"{name}n{index + 1}", node)
            ends[index] = self.last
        last = len(weave.vertices)
        self._meet(weave.join, [end for a, b in weave.links if b == last for end in ends[a]])

    def _meet(self, join: Node, ends: Tails) -> None:
        sign = SIGNS.get(join.category)
        form = f'["{_text(join.text)}"]' if sign is None else f'(("{sign}"))'
        node = self._node(form, join.category)
        self.last = [(end, "" if sign and text != "identity" else text) for end, text in ends]
        self._arrows(node)
        self.last = [(node, join.shape)]

    def _node(self, form: str, category: Category | None = None) -> str:
        self.count += 1
        name = f"n{self.count}"
        self._line(f"{name}{form}" + (f":::{category.name.lower()}" if category else ""))
        return name

    def _arrows(self, end: str) -> None:
        """Write an arrow from each of the last nodes."""
        for start, text in self.last:
            is_said = text != "identity" and start in self.labelled
            label = f'|"{_text(text)}"|' if text and not is_said else ""
            self.labelled |= {start} if label else set()
            self.arrows.append(f"  {start} -->{label} {end}")

    def _open(self, name: str, title: str) -> None:
        self._line(f'subgraph {name}["{_text(title)}"]')
        self.subgraphs.append(name)
        self.depth += 1

    def _close(self) -> None:
        self.depth -= 1
        self._line("end")

    def _line(self, text: str) -> None:
        self.nodes.append("  " * self.depth + text)


def _text(text: str) -> str:
    """Escape what ends a quoted text or begins HTML; Mermaid's own entities."""
    for plain, entity in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;")):
        text = text.replace(plain, entity)
    return text.replace("\n", "<br>")


def _quoted(text: str) -> str:
    """Return a YAML string in double quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
