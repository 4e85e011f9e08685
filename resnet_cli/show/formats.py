"""Summary to text for machines: plain, JSON, CSV, Markdown.

None of it imports Rich. `resnet_cli/resnet-shapes.schema.json` describes the JSON.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING, Any

from resnet_cli.analysis.summary import LayerRow, Summary
from resnet_cli.show.columns import Column, Value, cell_text, total_texts
from resnet_cli.show.seen import FIELD_NOTE, side_of
from resnet_cli.text import human_text, plain_text, printable, tree_text
from resnet_cli.version import __version__

if TYPE_CHECKING:
    from resnet_cli.analysis.conventions import Count
    from resnet_cli.analysis.memory import Training
    from resnet_cli.analysis.summary import Point
    from resnet_cli.pytorch.proof import Proof

SCHEMA_VERSION = 1
TOOL = {"name": "resnet-shapes", "version": __version__}


def to_plain(summary: Summary, depth: int) -> str:
    """Return the notebook's own lines: a layer's class and its output shape."""
    return "".join(
        f"{printable(row.type)} output shape:\t {_size(row) if summary.ran else 'not known'}\n"
        for row in summary.at_depth(depth)
    )


def groups_to_plain(summary: Summary, columns: Sequence[Column]) -> str:
    """Return a line a group: its name, and each of its figures under its name."""
    totals = summary.totals()
    (name, *figures), lines = columns, []
    for row in summary.rows:
        parts = [f"{each.name} {plain_text(each.value(row, totals))}" for each in figures]
        lines.append(f"{name.value(row, totals)}:\t {', '.join(parts)}\n")
    return "".join(lines)


def group_dicts(summary: Summary, columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Return groups as the JSON has them."""
    totals = summary.totals()
    return [{each.name: each.value(row, totals) for each in columns} for row in summary.rows]


def _size(row: LayerRow) -> str:
    """Write an output as PyTorch writes its size; several as their shapes."""
    if row.output_tree is not None or not row.output_shape:
        return tree_text(row.output_tree)
    return f"torch.Size({list(row.output_shape)})"


def to_csv(summary: Summary, columns: Sequence[Column], depth: int) -> str:
    """Return a header and a line a layer; shapes as `1x64x56x56`, nothing for None."""
    totals = summary.totals()
    return csv_text(
        [column.name for column in columns],
        ([column.value(row, totals) for column in columns] for row in summary.at_depth(depth)),
    )


def to_markdown(
    summary: Summary, columns: Sequence[Column], depth: int, *, ascii_only: bool = False
) -> str:
    """Return a table that GitHub renders, the total in its last row."""
    totals = summary.totals()
    write = partial(human_text, ascii_only=ascii_only)
    side = side_of(summary)
    rows = [
        [cell_text(column, row, totals, side, write) for column in columns]
        for row in summary.at_depth(depth)
    ]
    is_marked = any(cell.endswith("*") for row in rows for cell in row)
    right = [column.is_right for column in columns]
    heads = [column.header for column in columns]
    table = markdown_table(heads, rows, right, total_texts(columns, totals, write))
    return table + f"\n\\{FIELD_NOTE}\n" * is_marked


def counts_to_markdown(counts: "Sequence[Count]", *, ascii_only: bool = False) -> str:
    """Return what other tools would count as a table."""
    from resnet_cli.analysis.conventions import HEADS

    rows = [[human_text(cell, ascii_only=ascii_only) for cell in count.row] for count in counts]
    return markdown_table(HEADS, rows, [False, False, True, False])


def markdown_table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    right: Sequence[bool],
    total: Sequence[str] = (),
) -> str:
    """Return a GitHub table; no cell can end its column or be markup itself."""
    rule = ["---:" if is_right else "---" for is_right in right]
    lines = [heads, rule, *([markdown_text(cell) for cell in row] for row in rows)]
    if total:
        lines.append([f"**{markdown_text(cell)}**" if cell else "" for cell in total])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def markdown_text(text: str) -> str:
    """Escape what GitHub would take for markup, a mention or a link."""
    return printable(text).translate(_MARKUP)


_MARKUP = str.maketrans(
    {**{char: f"\\{char}" for char in "\\`*_[]|~!#"}, "&": "&amp;", "<": "&lt;", "@": "&#64;"}
)


def csv_text(names: Iterable[str], rows: Iterable[Iterable[Value]]) -> str:
    """Return a CSV file with a header."""
    import csv

    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(map(_csv_cell, row) for row in rows)
    return file.getvalue()


def _csv_cell(value: Value) -> str:
    """Write a value; a text on one line, and none that a spreadsheet takes for a formula."""
    if not isinstance(value, str):
        return plain_text(value)
    text = printable(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def records(
    kind: str,
    key: str,
    heads: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    tail: Mapping[str, object] | None = None,
) -> str:
    """Return records of plain values as CSV, Markdown, or a JSON document under `key`.

    What is in `tail` stands in the JSON behind them.
    """
    if kind == "csv":
        return csv_text(rows[0], (row.values() for row in rows))
    if kind == "markdown":
        right = [isinstance(value, int) for value in rows[0].values()]
        return markdown_table(heads, [[*map(human_text, row.values())] for row in rows], right)
    return json_text({"schema_version": SCHEMA_VERSION, "tool": TOOL}, key, rows, tail or {})


def json_text(
    head: Mapping[str, object],
    key: str,
    rows: Iterable[object],
    tail: Mapping[str, object],
) -> str:
    """Return one JSON document with a line an item of `rows`."""
    return _document(head, key, map(_encoder(), rows), tail)


def _encoder() -> Callable[[object], str]:
    """Return what writes a value on one line; formulas are strings."""
    import json

    return json.JSONEncoder(default=str).encode


def _document(
    head: Mapping[str, object], key: str, lines: Iterable[str], tail: Mapping[str, object]
) -> str:
    """Return one JSON document of items that are JSON already.

    One pass of the C encoder a line: as fast as a document without line breaks. The older form
    of a workflow command, which `printable` escapes in text, is escaped here as JSON does it.
    """
    encode = _encoder()
    items = [f"  {encode(name)}: {encode(value)}" for name, value in head.items()]
    items.append(f"  {encode(key)}: [\n    " + ",\n    ".join(lines) + "\n  ]")
    items.extend(f"  {encode(name)}: {encode(value)}" for name, value in tail.items())
    return "{\n" + ",\n".join(items).replace("##[", r"#\u0023[") + "\n}\n"


def to_json(
    summary: Summary,
    config: Mapping[str, object],
    forward: Mapping[str, object] | None,
    depth: int,
    more: Mapping[str, object] | None = None,
) -> str:
    """Return one JSON document, a line a layer; `forward` as `proof_dict` gives it, or None.

    What is `more` stands behind the layers.
    """
    layers = _encoded(summary.at_depth(depth))
    return _document(
        document_head(summary, config), "layers", layers, {**(more or {}), "forward": forward}
    )


def _encoded(rows: Iterable[LayerRow]) -> Iterator[str]:
    """Give each layer as JSON; those alike but for path and receptive field are encoded once.

    In a network of 1,202 layers nearly all are.
    """
    encode = _encoder()
    known: dict[tuple[object, ...], list[str]] = {}
    start, field = '{"path": ""', '"receptive_field": 0'
    for row in rows:
        like = row[1:_SEEN] + row[_SEEN + 1 :]
        is_key = row.input_tree is None is row.output_tree  # trees are lists, which have no hash
        parts = known.get(like) if is_key else None
        if parts is None:
            text = encode(layer_dict(row.elsewhere("", 0, row.stride)))
            parts = text.removeprefix(start).split(field, 1)
            if is_key:
                known[like] = parts
        seen = "null" if row.receptive_field is None else str(row.receptive_field)
        before, behind = parts
        yield f"{start[:-2]}{encode(row.path)}{before}{field[:-1]}{seen}{behind}"


_SEEN = LayerRow._fields.index("receptive_field")


def document_head(summary: Summary, config: Mapping[str, object]) -> dict[str, object]:
    """Return what stands at the top of a document about one network."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": TOOL,
        "config": config,
        "dtype": summary.dtype,
        **_figures(summary),
    }


def point_dict(point: "Point", depth: int) -> dict[str, Any]:
    """Return what a network whose input has names is at sizes for them."""
    layers = [*map(layer_dict, point.summary.at_depth(depth))]
    return {"sizes": point.sizes, **_figures(point.summary), "layers": layers}


def _figures(summary: Summary) -> dict[str, Any]:
    measured = {
        "known_as": summary.known_as,
        "inputs": list(summary.inputs),
        "output_tree": summary.output_tree,
        "not_counted": list(summary.not_counted),
        "error": summary.error,
        "no_peak": summary.no_peak,
        "conditions": list(map(str, summary.conditions)),
        "ends": summary.ends,
        "by_values": list(summary.by_values),
    }
    return {
        "input_shape": summary.input_shape or None,
        "output_shape": summary.output_shape or None,
        "totals": summary.totals(),
        "peak_at": summary.peak_at,
        **({} if summary.training is None else {"training": training_dict(summary.training)}),
        **{name: value for name, value in measured.items() if value},
    }


def training_dict(training: "Training") -> dict[str, Any]:
    """Return a training step as the JSON has it; `exact` is false for a bound."""
    step, moment = training.step, training.at_peak
    return {
        "optimizer": step.optimizer,
        "amp": step.amp,
        "checkpoint": step.checkpoint,
        "freeze": list(step.freeze),
        "eval_norms": step.eval_norms,
        "param_bytes": training.param_bytes,
        "gradient_bytes": training.gradient_bytes,
        "optimizer_bytes": training.optimizer_bytes,
        "buffer_bytes": training.buffer_bytes,
        "input_bytes": training.input_bytes,
        "target_bytes": training.target_bytes,
        "saved_bytes": training.saved_bytes,
        "loss": training.loss_bytes,
        "peak_bytes": training.peak_bytes,
        "peak_at": training.peak_at,
        "at_peak": moment and moment._asdict(),
        "flops": training.flops,
        "exact": training.exact,
        "not_known": list(training.unknown),
    }


def layer_dict(row: LayerRow) -> dict[str, Any]:
    """Return a layer as the JSON has it; what only a measured one has is there if it says more."""
    window = row.window
    return {
        "path": row.path,
        "depth": row.depth,
        "leaf": row.leaf,
        "role": row.role,
        "type": row.type,
        "input_shape": row.input_shape or None,
        "output_shape": row.output_shape or None,
        "params": row.params,
        "buffers": row.buffers,
        "macs": row.macs,
        "flops": row.flops,
        "output_bytes": row.output_bytes,
        "receptive_field": row.receptive_field,
        "stride": row.stride,
        "window": window
        and {
            name: sides[0] if len({*sides}) == 1 else list(sides)
            for name, sides in zip(_WINDOW, (*window[:3], window[4]), strict=True)
            if sides is not None
        },
        **(_measured(row) if row[-len(_USUAL) :] != _USUAL else {}),
    }


_WINDOW = ("kernel", "stride", "padding", "dilation")
_USUAL = tuple(LayerRow._field_defaults.values())


def _measured(row: LayerRow) -> dict[str, Any]:
    """Return what only a captured network's layer has, where it says more than is usual."""
    usual = row._field_defaults
    return {name: getattr(row, name) for name in usual if getattr(row, name) != usual[name]}


def proof_dict(proof: "Proof") -> dict[str, object]:
    """Return the proof as the JSON's `forward` has it."""
    return {
        "torch": proof.torch,
        "device": proof.device,
        "modules": proof.modules,
        "agrees": proof.agrees,
        "measured": proof.measured,
        "difference": proof.difference and proof.difference._asdict(),
        "seconds": round(proof.seconds, 3),
        **({"at": proof.at} if proof.at else {}),
        **({} if proof.saved_bytes is None else {"saved_bytes": proof.saved_bytes}),
    }
