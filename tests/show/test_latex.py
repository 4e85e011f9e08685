"""Tables for a paper: whatever a module is called, a cell is text and a row has all its cells."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli.analysis.compare import compare
from resnet_cli.analysis.network import predict
from resnet_cli.family.presets import preset
from resnet_cli.parse import shape
from resnet_cli.show import columns
from resnet_cli.show.latex_table import comparison_to_latex, latex, summary_to_latex

RESNET18 = preset("resnet18").config


def table(summary, names=None, depth=1):
    picked = columns.pick(names or columns.default(summary, depth))
    return summary_to_latex(summary, picked, depth, folded=True)


def body(text):
    """Return the cells of a table's rows."""
    inside = text.split("\\toprule\n")[1].split("\\bottomrule")[0]
    rows = [line for line in inside.splitlines() if line != "\\midrule"]
    assert all(row.endswith(r" \\") for row in rows)
    return [re.split(r"(?<!\\)&", row.removesuffix(r"\\")) for row in rows]


@given(st.text(min_size=1))
def test_no_name_is_a_command_or_ends_its_cell(name):
    summary = predict(RESNET18).summary
    row = summary.rows[0]._replace(path=name, type=name, note=name)
    text = table(summary._replace(rows=(row,), name=name), ("path", "type", "note", "params"))
    assert [len(cells) for cells in body(text)] == [4, 4, 4]
    (_, hostile, _) = body(text)
    cell = re.sub(r"\\[a-z]+\{\}|\\[#$%&_{}]|\{[]\[-]\}", "", hostile[0])
    assert not re.search(r"[#$%&_{}\\^~<>|`'-]", cell)
    assert not re.search(r"[\n\r]", "".join(hostile))
    assert text.splitlines()[0].startswith("% ")


def test_a_table_is_booktabs_own():
    text = table(predict(RESNET18).summary, ("path", "type", "window", "output_shape", "params"), 2)
    first, needs, *lines = text.splitlines()
    assert first == "% resnet18  input 1x3x224x224  float32"
    assert needs == r"% needs \usepackage{booktabs,textcomp}"
    assert lines[:2] == [r"\begin{tabular}{llllr}", r"\toprule"]
    assert (
        r"conv1 & Conv2d & 7$\times$7 s2 p3 & $1 \times 64 \times 112 \times 112$ & 9,408 \\"
        in (lines)
    )
    assert (
        r"layer1.0{-}1 & BasicBlock $\times$ 2 &  & $1 \times 64 \times 56 \times 56$ & "
        + (r"2$\times$73,984 \\")
        in lines
    )
    assert lines[-4:] == [
        *(r"\midrule", r"Total &  &  &  & 11,689,512 \\", r"\bottomrule", r"\end{tabular}"),
    ]


def test_formulas_are_mathematics_and_their_sum_stands_below():
    summary = predict(RESNET18._replace(input=shape("batch_sizex3xHxW"))).summary
    text = table(summary, ("path", "macs"))
    half = r"\left\lceil H/2\right\rceil\cdot \left\lceil W/2\right\rceil"
    macs = rf"$9{{,}}408\cdot \mathrm{{batch\_size}}\cdot {half}$"
    assert f"conv1 & {macs} \\\\" in text
    assert text.split("\\end{tabular}\n")[1].startswith("\n\\noindent MACs: $")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, ""),
        (1234, "1,234"),
        (6.5, r"6.5\%"),
        ("a_b", r"a\_b"),
        ((1, 64), r"$1 \times 64$"),
        ((), "scalar"),
        (shape("Nx3xHxW")[2:], r"$H \times W$"),
    ],
)
def test_a_value_is_written_by_its_kind(value, written):
    assert latex(value) == written


def test_a_comparison_has_the_papers_blocks_and_the_least_in_bold():
    networks = [(name, predict(preset(name).config)) for name in ("resnet18", "resnext50_32x4d")]
    text = comparison_to_latex(compare(networks))
    assert r"[3 \times 3,\ 64" not in text
    block = r"\left[\begin{array}{c}3 \times 3,\ 64 \\ 3 \times 3,\ 64\end{array}\right] \times 2"
    assert block in text
    assert r"resnext50\_32x4d" in text
    assert r"\textbf{11.69 M} 1.00$\times$ & 25.03 M 2.14$\times$" in text
    assert r"1$\times$3$\times$224$\times$224" in text
