r"""Tables for a paper: booktabs' `tabular`, shapes and formulas as mathematics.

What it makes is read inside a document with `\usepackage{booktabs,textcomp}`.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from resnet_cli.analysis.compare import Entry, best, figure, labels, roles
from resnet_cli.analysis.conventions import HEADS
from resnet_cli.analysis.fold import fold
from resnet_cli.graph.dims import Dim
from resnet_cli.show.columns import Column, Value
from resnet_cli.show.latex import latex_math, latex_text
from resnet_cli.show.seen import FIELD, FIELD_NOTE, field_text, side_of
from resnet_cli.text import factor, human_text, printable

if TYPE_CHECKING:
    from resnet_cli.analysis.conventions import Count
    from resnet_cli.analysis.fold import Folded
    from resnet_cli.analysis.summary import Summary
    from resnet_cli.show.columns import Totals

TIMES = r"$\times$"


def latex_table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    right: Sequence[bool],
    total: Sequence[str] = (),
    title: str = "",
) -> str:
    """Return a table; the cells of rows and total are LaTeX already, the others text."""
    comment = f"% {printable(title)}\n" if title else ""
    lines = [
        f"\\begin{{tabular}}{{{''.join('r' if each else 'l' for each in right)}}}",
        "\\toprule",
    ]
    lines += [_line(map(latex_text, heads)), "\\midrule", *map(_line, rows)]
    if total:
        lines += ["\\midrule", _line(total)]
    body = "".join(f"{line}\n" for line in (*lines, "\\bottomrule", "\\end{tabular}"))
    return f"{comment}% needs \\usepackage{{booktabs,textcomp}}\n{body}"


def _line(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def summary_to_latex(
    summary: "Summary", columns: Sequence[Column], depth: int, *, folded: bool
) -> str:
    """Return a network's rows, as people see them, and the total; of formulas that is below."""
    totals, side = summary.totals(), side_of(summary)
    rows = [
        [
            latex(field_text(each.row, side))
            if column.name == FIELD
            else _cell(column, each, totals)
            for column in columns
        ]
        for each in fold(summary.rows, depth, folded=folded)
    ]
    ends = [(column.header, column.total(totals)) for column in columns]
    formulas = [(header, end) for header, end in ends if isinstance(end, Dim)]
    first, *sums = ["" if isinstance(end, Dim) else latex(end) for _, end in ends]
    shown = latex_table(
        [column.header for column in columns],
        rows,
        [column.is_right for column in columns],
        [first or "Total", *sums],
        summary.heading,
    )
    if any(cell.endswith("*") for row in rows for cell in row):
        shown += f"\n\\noindent {FIELD_NOTE}\n"
    return shown + "".join(
        f"\n\\noindent {latex_text(header)}: {latex(end)}\n" for header, end in formulas
    )


def records_to_latex(heads: Sequence[str], rows: Sequence[Sequence[Value]]) -> str:
    """Return records of plain values, each kind of value as it is written."""
    right = [isinstance(value, int) for value in rows[0]]
    return latex_table(heads, [[*map(latex, row)] for row in rows], right)


def counts_to_latex(counts: "Sequence[Count]") -> str:
    """Return what other tools would count."""
    rows = [[*map(latex, count.row)] for count in counts]
    return latex_table(HEADS, rows, [False, False, True, False])


def comparison_to_latex(entries: Sequence[Entry]) -> str:
    """Return a column a network, blocks as the paper's table 1 has them, the best in bold."""
    rows = [["input", *(_sides(latex_text(entry.input)) for entry in entries)]]
    for role in roles(entries):
        found = [entry.part(role) for entry in entries]
        texts = [f"{latex(each.size)}, {_layers(each.layers)}" if each else "" for each in found]
        rows.append([f"\\addlinespace {latex_text(role)}", *texts])  # brackets are tall
    for key, label in labels(entries).items():
        least, cells = best(entries, key), []
        for place, entry in enumerate(entries):
            value, ratio = entry.figures[key], figure(entry, key)[1]
            is_number = value is None or isinstance(value, int)
            text = latex_text(figure(entry, key)[0]) if is_number else latex(value)
            text = f"\\textbf{{{text}}}" if place in least else text
            cells.append(f"{text} {ratio.replace('x', TIMES)}".rstrip())
        rows.append([latex_text(label), *cells])
    return latex_table(["", *(entry.name for entry in entries)], rows, [False] * len(rows[0]))


def latex(value: Value) -> str:
    """Write a value: shapes and formulas as mathematics, text escaped."""
    if isinstance(value, tuple):
        sizes = r" \times ".join(factor(size, _math) for size in value)
        return f"${sizes}$" if value else "scalar"
    if value is None or isinstance(value, int | float | str):
        return latex_text(human_text(value))
    return f"${_math(value)}$"


def _cell(column: Column, folded: "Folded", totals: "Totals") -> str:
    """Write a row's value, a sum over equal neighbours with their number before it."""
    row, times, _, last = folded
    one = column.value(last, totals)
    if times > 1 and column.is_sum:
        if not one:
            return latex(one)
        return (
            f"{times}{TIMES}{latex(one)}"
            if isinstance(one, int)
            else f"${times} \\cdot {factor(one, _math)}$"
        )
    if column.name == "window":
        return _sides(latex(column.value(row, totals)))
    text = latex(column.value(row, totals))
    return f"{text} {TIMES} {times}" if column.name == "type" and times > 1 else text


def _math(size: object) -> str:
    """Write a number, or a formula, in mathematics."""
    return str(size) if isinstance(size, int) else latex_math(str(size))


def _layers(text: str) -> str:
    """Write a stage's layers; those of a block below each other, in brackets."""
    block = re.fullmatch(r"\[(.*)\] x (\d+)", text)
    if block is None:
        return _sides(latex_text(text))
    lines = (line.replace("x", r" \times ").replace(", ", r",\ ") for line in block[1].split("; "))
    below = r" \\ ".join(lines)
    return rf"$\left[\begin{{array}}{{c}}{below}\end{{array}}\right] \times {block[2]}$"


def _sides(text: str) -> str:
    """Write the x between sizes in text as a sign."""
    return re.sub(r"(?<=[\dA-Z)])x(?=[\dA-Z(])", lambda _: TIMES, text)
