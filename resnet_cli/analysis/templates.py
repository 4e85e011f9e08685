"""The arithmetic of layers with gaps for the sizes: one text for an input of any size."""

from collections.abc import Mapping
from typing import TypeAlias

from resnet_cli.analysis.explain import explain
from resnet_cli.analysis.explanation import Explanation
from resnet_cli.analysis.summary import LayerRow, Summary
from resnet_cli.analysis.walk import Walk
from resnet_cli.graph.dims import MACHINE, Dim, Size
from resnet_cli.graph.kinds import Facts, Shape

Template: TypeAlias = "tuple[str | Dim, ...]"
"""A text in parts; a formula's value stands in its place."""

MARK = "\0"


class _Slot(Dim):
    """A formula that marks where it is written."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"{MARK}{MACHINE.formula(self)}{MARK}"

    def __format__(self, spec: str) -> str:
        return str(self)


def explained(walked: Walk, summary: Summary) -> tuple[list[Explanation], Mapping[str, Dim]]:
    """Return every layer's arithmetic with its formulas marked, and the formulas by their texts."""
    facts = [*map(_marked_facts, walked.facts)]
    rows = tuple(map(_marked_row, summary.rows))
    shapes = [shape for each in facts for shape in each.outputs]
    sizes = [size for shape in shapes for size in shape] + [row.macs for row in rows]
    known = {MACHINE.formula(size): size for size in sizes if isinstance(size, Dim)}
    marked = walked._replace(facts=facts)
    return explain(walked.graph, summary._replace(rows=rows), marked), known


def template(text: str, known: Mapping[str, Dim]) -> Template:
    """Return a text in parts, its formulas apart."""
    parts = text.split(MARK)
    return tuple(known[part] if index % 2 else part for index, part in enumerate(parts))


def _marked_facts(facts: Facts) -> Facts:
    return facts._replace(
        outputs=tuple(map(_marked_shape, facts.outputs)), macs=_marked(facts.macs)
    )


def _marked_row(row: LayerRow) -> LayerRow:
    return row._replace(
        input_shape=_marked_shape(row.input_shape),
        output_shape=_marked_shape(row.output_shape),
        macs=_marked(row.macs),
    )


def _marked_shape(shape: Shape) -> Shape:
    return tuple(map(_marked, shape))


def _marked(size: Size) -> Size:
    return _Slot(size.terms) if isinstance(size, Dim) else size
