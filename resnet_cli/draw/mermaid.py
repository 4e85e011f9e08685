"""A scene as Mermaid text, which GitHub renders; no extra library.

Syntax: https://mermaid.js.org/syntax/flowchart.html. GitHub's renderer takes 500 arrows.
"""

from collections.abc import Iterable

from resnet_cli.draw.scene import Scene, Section, Step, Unit
from resnet_cli.draw.style import TINTS, Category

MAX_ARROWS = 500


def to_mermaid(scene: Scene, command: str) -> str:
    """Return the flowchart of a scene; `command` stands in a comment."""
    writer = _Writer()
    for index, section in enumerate(scene.sections, 1):
        writer.section(f"s{index}", section, chained=scene.chained)
    writer.leave()
    used = {step.category for step in scene.steps()} | {Category.ADD}
    tints = (
        f"  classDef {each.name.lower()} fill:{TINTS[each].fill},stroke:#404040,"
        f"color:{TINTS[each].text}"
        for each in Category
        if each in used
    )
    lines = ["---", f"title: {_quoted(scene.title)}", "---", f"%% {command}", "flowchart TD"]
    return "\n".join([*lines, *writer.nodes, *writer.arrows, *tints]) + "\n"


def count_arrows(text: str) -> int:
    """Return how many arrows a flowchart has."""
    return text.count(" -->")


class _Writer:
    """Writes nodes and arrows; `last` is the node that the next arrow leaves, with its shape.

    Arrows stand behind all nodes: one inside a subgraph would draw both its ends into it.
    """

    def __init__(self) -> None:
        self.nodes: list[str] = []
        self.arrows: list[str] = []
        self.depth = 1
        self.count = 0
        self.last: tuple[str, str] | None = None

    def section(self, name: str, section: Section, *, chained: bool) -> None:
        """Write a section, a stage in a frame of its own."""
        if not chained:
            self.leave()
        if self.last is None:
            self.last = self._node(f'(["{_text(section.units[0].input)}"])'), ""
        if section.title:
            self._open(name, section.title)
        for index, unit in enumerate(section.units, 1):
            self._unit(f"{name}u{index}", unit)
        if section.title:
            self._close()

    def leave(self) -> None:
        """Write the shape that leaves the figure."""
        if self.last is not None:
            self._arrow(self._node(f'(["{_text(self.last[1])}"])'), labelled=False)
            self.last = None

    def _unit(self, name: str, unit: Unit) -> None:
        if unit.times > 1:
            self._open(name, unit.repeats)
        fork = self.last
        self._steps(unit.steps)
        if unit.residual:
            main = self.last
            self.last = fork
            self._steps(unit.shortcut)
            end = self._node('(("add"))', Category.ADD)
            self._arrow(end, labelled=False, text="" if unit.shortcut else "identity")
            self.last = main
            self._arrow(end)
            self.last = end, unit.output
            self._steps(unit.after)
        if unit.times > 1:
            self._close()

    def _steps(self, steps: Iterable[Step]) -> None:
        for step in steps:
            node = self._node(f'["{_text(step.text)}"]', step.category)
            self._arrow(node)
            self.last = node, step.shape

    def _node(self, form: str, category: Category | None = None) -> str:
        self.count += 1
        name = f"n{self.count}"
        self._line(f"{name}{form}" + (f":::{category.name.lower()}" if category else ""))
        return name

    def _arrow(self, end: str, *, labelled: bool = True, text: str = "") -> None:
        """Write an arrow from the last node, with the shape that it carries or a text."""
        start, shape = self.last or ("", "")
        text = shape if labelled else text
        label = f'|"{_text(text)}"|' if text else ""
        self.arrows.append(f"  {start} -->{label} {end}")

    def _open(self, name: str, title: str) -> None:
        self._line(f'subgraph {name}["{_text(title)}"]')
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
