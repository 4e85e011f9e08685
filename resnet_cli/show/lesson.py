"""Explanations in each format that is text: lines, Markdown, JSON, LaTeX."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from resnet_cli.analysis.explanation import pretty
from resnet_cli.analysis.summary import Sizes, label
from resnet_cli.show import formats
from resnet_cli.show.latex import latex_math, latex_text
from resnet_cli.text import format_shape, human_text, plain_text, printable

if TYPE_CHECKING:
    from resnet_cli.analysis.explanation import Explanation, Quantity
    from resnet_cli.analysis.network import Network

Points: TypeAlias = Sequence[Sizes]
"""Sizes for the input's names, at which the formulas are evaluated as well."""


def steps(quantity: "Quantity", points: Points = (), *, ascii_only: bool = False) -> Iterator[str]:
    """Give what equals what in a quantity, in turn: its rule, its formula, its value."""
    _, formula, value, rule, parts, note = quantity
    write = str if ascii_only else pretty
    if rule:
        yield write(rule)
    elif parts:
        dots = "..." if ascii_only else "\N{HORIZONTAL ELLIPSIS}"
        yield " + ".join(dots if part == "..." else printable(part) for part in parts)
    if formula and formula != str(value):
        yield write(formula)
    number = "global" if value is None else human_text(value, ascii_only=ascii_only)
    yield f"{number}, {printable(note)}" if note else number
    for sizes in points:
        if (there := at(value, sizes)) != value:
            yield f"{human_text(there)} at {label(sizes)}"


def at(value: Any, sizes: Sizes) -> Any:
    """Return a value with its formulas evaluated."""
    from resnet_cli.graph.dims import evaluate  # only a network with names in its input has any

    return evaluate(value, sizes)


def to_plain(explanations: "Sequence[Explanation]", points: Points = ()) -> str:
    """Return a line a quantity: path, name, formula, value, its values at sizes, with tabs."""
    return "".join(
        "\t".join(
            (
                each.path,
                quantity.name,
                quantity.formula,
                plain_text(quantity.value),
                *(plain_text(at(quantity.value, sizes)) for sizes in points),
            )
        )
        + "\n"
        for each in explanations
        for quantity in each.quantities
    )


def to_markdown(
    explanations: "Sequence[Explanation]", points: Points = (), *, ascii_only: bool = False
) -> str:
    """Return a table with a line a quantity; a layer is named in its first."""
    rows = []
    for each in explanations:
        first = [each.path, each.text]
        for name, *cells in _cells(each, points, ascii_only=ascii_only):
            rows.append([*first, name, *cells])
            first = ["", ""]
    heads = ["Path", "Layer", "Quantity", "Rule", "Arithmetic", "Value", *map(label, points)]
    right = [False] * 5 + [True] * (1 + len(points))
    return formats.markdown_table(heads, rows, right)


def _cells(each: "Explanation", points: Points, *, ascii_only: bool) -> Iterator[list[str]]:
    """Give a layer's lines of a table: a quantity's name, rule, arithmetic, value, and at sizes."""
    write = str if ascii_only else pretty
    arrow = " -> " if ascii_only else " \N{RIGHTWARDS ARROW} "

    def through(sizes: Sizes | None) -> str:
        shapes = (each.input_shape, each.output_shape)
        shapes = shapes if sizes is None else at(shapes, sizes)
        return arrow.join(human_text(shape, ascii_only=ascii_only) for shape in shapes)

    if each.input_shape and each.output_shape:
        yield ["shapes", "", "", *map(through, (None, *points))]
    for quantity in (*each.channels, *each.quantities):
        name, formula, value, rule, parts, _ = quantity
        *before, number = steps(quantity, ascii_only=ascii_only)
        said = before[0] if rule or parts else ""
        there = (human_text(at(value, sizes)) for sizes in points)
        yield [name, said, write(formula), number, *there]
    if each.sees:
        yield ["sees", "", "", each.sees, *("" for _ in points)]


def to_json(network: "Network", explanations: "Sequence[Explanation]", points: Points = ()) -> str:
    """Return one JSON document, a line a layer; each formula as Python evaluates it."""
    head = formats.document_head(network.summary, network.config.to_dict())
    head |= {"at": [*points]} if points else {}
    layers = (_record(each, points) for each in explanations)
    return formats.json_text(head, "explanations", layers, {})


def _record(each: "Explanation", points: Points) -> dict[str, object]:
    def record(quantity: "Quantity") -> dict[str, object]:
        there = {"at": [at(quantity.value, sizes) for sizes in points]} if points else {}
        return {**quantity._asdict(), **there}

    found = each._asdict() | {
        "input_shape": each.input_shape or None,
        "output_shape": each.output_shape or None,
    }
    for part in ("channels", "quantities"):
        found[part] = [*map(record, found[part])]
    return found


def to_latex(explanations: "Sequence[Explanation]", points: Points = ()) -> str:
    """Return a paragraph a layer, and in it an `align*` a quantity; for a text with amsmath."""
    lines = ["% needs \\usepackage{amsmath,textcomp}\n"]
    for each in explanations:
        shapes = [*filter(None, (each.input_shape, each.output_shape))]
        through = r" $\to$ ".join(latex_text(format_shape(shape)) for shape in shapes)
        lines.append(f"\\paragraph{{{latex_text(each.path)}}} {latex_text(each.text)}. {through}\n")
        for quantity in (*each.channels, *each.quantities):
            lines.append("\\begin{align*}\n")
            lines.append(" \\\\\n".join(_aligned(quantity, points)) + "\n")
            lines.append("\\end{align*}\n")
        lines.append(f"An element sees {latex_text(each.sees)}.\n\n" if each.sees else "\n")
    return "".join(lines)


def _aligned(quantity: "Quantity", points: Points) -> Iterator[str]:
    """Give the lines of a quantity's equation."""
    name, formula, value, rule, parts, note = quantity
    is_shape = isinstance(value, tuple)
    left, _, right = rule.rpartition(" = ")
    lines = []
    if rule:
        lines.append(latex_math(right))
    elif parts:
        named = (r"\dots" if part == "..." else f"\\text{{{latex_text(part)}}}" for part in parts)
        lines.append(" + ".join(named))
    if formula and formula != str(value):
        lines.append(f"\\text{{{latex_text(formula)}}}" if is_shape else latex_math(formula))
    said = f" \\quad \\text{{{latex_text(note)}}}" if note else ""
    lines.append(_latex_value(value) + said)
    for sizes in points:
        if (there := at(value, sizes)) != value:
            lines.append(f"{_latex_value(there)} \\quad \\text{{at {latex_text(label(sizes))}}}")
    first = latex_math(left) if left else f"\\text{{{latex_text(name)}}}"
    for line in lines:
        yield f"  {first} &= {line}"
        first = ""


def _latex_value(value: object) -> str:
    if isinstance(value, tuple):
        return f"\\text{{{latex_text(format_shape(value))}}}"
    return r"\text{global}" if value is None else latex_math(str(value))
