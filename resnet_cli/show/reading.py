"""A JSON document read again: the inverse of what `formats` writes."""

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from resnet_cli.analysis.conditions import Condition
from resnet_cli.analysis.memory import Moment, Training
from resnet_cli.analysis.step import Amp, Checkpoint, Optimizer, Step
from resnet_cli.analysis.summary import UNKNOWN, LayerRow, Summary
from resnet_cli.analysis.walk import item_size
from resnet_cli.graph.dims import Dim, Size
from resnet_cli.graph.kinds import Window

Document: TypeAlias = Mapping[str, Any]

_OPERATORS: Mapping[type[ast.operator], Callable[[Size, Size], Size]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
_PLAIN = (
    *("path", "depth", "leaf", "role", "type", "params", "buffers", "receptive_field", "stride"),
    *("frozen", "calls", "note", "error", "is_global", "input_tree", "output_tree"),
)
"""What a layer has as it is; the second line where it says something."""


def summary(document: Document, name: str) -> Summary:
    """Return the summary of a document. Raises what is wrong with one that is none."""
    read = _Formulas(document)
    totals = {key: read.size(value) for key, value in document["totals"].items()}
    rows = tuple(map(read.row, document["layers"]))
    has_names = any(isinstance(size, Dim) for size in read.shape(document["input_shape"]))
    return Summary(
        name,
        read.shape(document["input_shape"]),
        read.shape(document["output_shape"]),
        document["dtype"],
        item_size(document["dtype"]),
        rows,
        document["totals"]["peak_bytes"],
        document["peak_at"],
        {totals["activation_bytes"] or 0: ""} if has_names else {},
        document.get("no_peak", ""),
        tuple(document.get("inputs", ())),
        document.get("output_tree"),
        document["totals"]["param_bytes"],
        tuple(document.get("not_counted", ())),
        document.get("error"),
        measured="module" in document["config"],
        ran=any(row.calls is not None for row in rows),
        conditions=tuple(map(Condition, document.get("conditions", ()))),
        ends=document.get("ends", ""),
        by_values=tuple(document.get("by_values", ())),
        known_as=document.get("known_as"),
        training=read.training(document["training"]) if "training" in document else None,
        sums=totals,
    )


def _window(given: Document, sides: int) -> Window:
    """Return a window; the document has one number where all sides of a map share it."""
    parts = {
        name: (part,) * sides if isinstance(part, int) else tuple(part)
        for name, part in given.items()
    }
    return Window(**parts)


class _Formulas:
    """What reads the sizes of one document; a formula that comes again is read once."""

    def __init__(self, document: Document) -> None:
        self.known: dict[str, Size] = {}
        self.names: dict[str, Size] = {}
        shapes = document.get("inputs") or ["x".join(map(str, document["input_shape"] or ()))]
        for shape in shapes:
            for axis, name in enumerate(re.findall(r"\w+", shape.replace("x", " "))):
                if not name.isdecimal():
                    self.names.setdefault(name, Dim.named(name, axis))

    def size(self, value: Any) -> Any:
        """Return a number, None or a formula."""
        if not isinstance(value, str):
            return value
        if value not in self.known:
            self.known[value] = self._value(ast.parse(value, mode="eval").body)
        return self.known[value]

    def shape(self, sizes: Any) -> Any:
        return tuple(map(self.size, sizes or ()))

    def row(self, layer: Document) -> LayerRow:
        window = layer["window"]
        plain = {name: layer[name] for name in _PLAIN if name in layer}
        shapes = {name: self.shape(layer[name]) for name in ("input_shape", "output_shape")}
        sizes = {name: self.size(layer[name]) for name in ("macs", "output_bytes")}
        return LayerRow(
            **plain,
            **shapes,
            **sizes,
            activation_bytes=UNKNOWN,  # a document has the sum over all layers alone
            saved_bytes=self.size(layer.get("saved_bytes")),
            takes_from=tuple(layer.get("takes_from", ())),
            window=window and _window(window, len(layer["input_shape"]) - 2),
        )

    def training(self, given: Document) -> Training:
        step = Step(
            Optimizer(given["optimizer"]),
            given["amp"] and Amp(given["amp"]),
            given["checkpoint"] and Checkpoint(given["checkpoint"]),
            tuple(given["freeze"]),
            given["eval_norms"],
        )
        moment, unknown = given["at_peak"], tuple(given["not_known"])
        names = [name for name in Training._fields if name in given]
        read = {name: self.size(given[name]) for name in names if name != "peak_at"}
        read |= {"peak_at": given["peak_at"], "at_peak": moment and Moment(**moment)}
        return Training(
            step=step,
            loss_bytes=self.size(given["loss"]),
            saved={},
            temporary_bytes=0,
            unknown=unknown,
            **read,
        )

    def _value(self, node: ast.expr) -> Size:
        """Return a formula's value (`dims.py` has the grammar). Raises `ValueError` for others."""
        match node:
            case ast.Constant(value=int(number)):
                return number
            case ast.Name(id=name) if name in self.names:
                return self.names[name]
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return -self._value(inner)
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
                return _OPERATORS[type(sign)](self._value(left), self._value(right))
            case ast.Call(
                func=ast.Name(id="floor" | "ceil" as rounded),
                args=[ast.BinOp(left=over, op=ast.Div(), right=ast.Constant(value=int(by)))],
            ):
                return (self._value(over) + (by - 1) * (rounded == "ceil")) // by
        raise ValueError(f"{ast.unparse(node)} is no formula of sizes")
