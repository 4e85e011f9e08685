"""What a page says about a network: its rows, its figures by their numbers, and where it starts."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from resnet_cli.analysis.explanation import pretty
from resnet_cli.analysis.templates import MARK, explained, template
from resnet_cli.analysis.variable import ELEMENT, Trained, Variable
from resnet_cli.analysis.walk import item_size
from resnet_cli.graph.dims import Dim, evaluate
from resnet_cli.show.page.ledger import Ledger
from resnet_cli.text import place_text, printable

if TYPE_CHECKING:
    from resnet_cli.analysis.conditions import Need
    from resnet_cli.analysis.explanation import Explanation
    from resnet_cli.analysis.step import Step
    from resnet_cli.analysis.summary import LayerRow
    from resnet_cli.graph.dims import Size
    from resnet_cli.graph.kinds import Shape

DTYPES = ("float32", "float16", "bfloat16", "float64")
"""The element types that a reader can choose, where the network has one."""


class Start(NamedTuple):
    """What a page shows first: a number for each of the input's names, by axis, and the step."""

    sizes: Mapping[str, int]
    axes: Mapping[str, int]
    dtype: str
    step: "Step | None"

    @property
    def values(self) -> Mapping[str, int]:
        """A number for each name in a formula."""
        return {**self.sizes, str(ELEMENT): item_size(self.dtype)}


class Sheet:
    """A network's figures for a page, each by its number in the ledger."""

    def __init__(self, network: Variable, start: Start) -> None:
        self.network = network
        self.start = start
        self.varies = isinstance(network.summary.itemsize, Dim)
        self.names = [*start.sizes, *([str(ELEMENT)] if self.varies else [])]
        self.ledger = Ledger(self.names)
        self.rows = {path: i for i, row in enumerate(network.rows) for path in row.paths}

    def at(self, value: Any) -> Any:
        """Return a figure, or a shape, at the sizes that the page shows first."""
        return evaluate(value, self.start.values)

    def box(self, path: str) -> str:
        """Return the attribute of a box in the figure: the row of its module or one around it."""
        while path and path not in self.rows:
            path = path.rpartition(".")[0]
        return f' data-row="{self.rows[path]}"' if path else ""

    def shape(self, shape: "Shape") -> str:
        """Return the attribute of a shape in the figure, where it has names."""
        if all(isinstance(size, int) for size in shape):
            return ""
        return f' data-shape="{" ".join(map(str, self.ledger.all(shape)))}"'

    @property
    def input(self) -> "Shape":
        """The shape of the network's input; of several there is none."""
        summary = self.network.summary
        return summary.input_shape if len(summary.inputs) < 2 else ()

    @property
    def way(self) -> int:
        """Which way of training the page shows first."""
        step, trained = self.start.step, self.network.trained
        if trained is None or step is None:
            return 0
        asked = (bool(step.amp), step.checkpoint)
        return [(bool(way.amp), way.checkpoint) for way in trained.ways].index(asked)

    def to_dict(self) -> dict[str, object]:
        """Return what the page's script reads."""
        network, add = self.network, self.ledger.sum
        summary = network.summary
        rows, lessons = self._rows()
        batch = next((name for name, axis in self.start.axes.items() if axis == 0), None)
        held = self.ledger.all(network.held)
        found: dict[str, object] = {
            "element": str(ELEMENT),
            "dtype": self.start.dtype,
            "types": {dtype: item_size(dtype) for dtype in DTYPES},
            "batch": batch,
            "input": self.ledger.all(self.input),
            "totals": {
                name: add(figure)
                for name in ("params", "macs", "activation_bytes")
                if (figure := getattr(summary, name)) is not None
            },
            "weights": add(summary.param_bytes + summary.buffer_bytes) if held else None,
            "held": held,
            "needs": [
                [add(need.left - need.right), need.sign, _said(need)] for need in network.needs
            ],
            "least": self.ledger.all(network.least),
            "trained": network.trained and self._trained(network.trained),
            "rows": rows,
            "lessons": lessons,
        }
        return {**self.ledger.to_dict(), **found}

    def _trained(self, trained: Trained) -> dict[str, object]:
        add, each = self.ledger.sum, self.ledger.all
        return {
            "ways": [
                {
                    "amp": bool(way.amp),
                    "checkpoint": way.checkpoint or "",
                    "saved_bytes": add(way.saved_bytes),
                    "flops": None if way.flops is None else add(way.flops),
                    "passes": each(way.passes),
                    "exact": way.exact,
                }
                for way in trained.ways
            ],
            "updates": [
                {"optimizer": name, "always": add(always), "after": add(after)}
                for name, always, after in trained.updates
            ],
            "bound": trained.is_bound,
            "ones": each(trained.ones),
            "apart": each(trained.apart),
        }

    def _rows(self) -> tuple[list[object], list[object]]:
        """Return each row's figures, and the lessons, each once."""
        summary = self.network.summary
        is_whole = summary.ran and summary.error is None
        explanations, known = explained(self.network.walked, summary) if is_whole else ((), {})
        by_path = {each.path: self._lesson(each, known) for each in explanations}
        lessons: dict[str, int] = {}
        found: list[object] = []
        texts: list[object] = []
        for index, folded in enumerate(self.network.rows):
            lesson = by_path.get(folded.paths[-1], [[folded.row.type], []])
            if str(lesson) not in lessons:
                lessons[str(lesson)] = len(texts)
                texts.append(lesson)
            found.append(self._row(folded.row, index, lessons[str(lesson)]))
        return found, texts

    def _row(self, row: "LayerRow", index: int, lesson: int) -> dict[str, object]:
        trained = self.network.trained
        figures = {"params": row.params, "macs": row.macs, "memory": row.activation_bytes}
        return {
            "lesson": lesson,
            "out": self.ledger.all(row.output_shape) if row.output_tree is None else None,
            **{name: None if n is None else self.ledger.sum(n) for name, n in figures.items()},
            "saved": trained and self.ledger.all(way.saved[index] for way in trained.ways),
            "field": row.receptive_field,
        }

    def _lesson(self, each: "Explanation", known: Mapping[str, Dim]) -> list[object]:
        quantities = [
            [q.name, self._parts(q.formula, known, pretty), self._value(q.value)]
            for q in each.quantities
        ]
        return [self._parts(each.text, known, str), quantities]

    def _parts(
        self, text: str, known: Mapping[str, Dim], write: Callable[[str], str]
    ) -> list[str | int]:
        """Return a text in parts: a formula's number in the place of its value."""
        parts = template(text, known)
        # Written as a whole: what one part opens another may close.
        texts = map(printable, write(MARK.join(map(str, parts[::2]))).split(MARK))
        sums = (self.ledger.sum(part) for part in parts[1::2] if isinstance(part, Dim))
        both = chain.from_iterable(zip_longest(texts, sums, fillvalue=""))
        return [part for part in both if part != ""]

    def _value(self, value: "Size | Shape | None") -> int | Sequence[int] | None:
        if value is None:
            return None
        return self.ledger.all(value) if isinstance(value, tuple) else self.ledger.sum(value)


def _said(need: "Need") -> str:
    """Say what has to hold of the sizes, and for which layer."""
    from resnet_cli.analysis.conditions import conditions

    words = "; ".join(f"{condition:,}" for condition in conditions([need]))
    return printable(f"{words}: {place_text(need.path)}")
