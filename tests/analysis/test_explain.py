"""The arithmetic behind the numbers: every formula gives the number beside it."""

import io
import json
import math
import re
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings

from resnet_cli.analysis.explain import explain, select
from resnet_cli.analysis.explanation import pretty
from resnet_cli.analysis.network import predict
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.presets import preset
from resnet_cli.graph.dims import evaluate
from resnet_cli.parse import shape
from tests.strategies import configs

MODULES = Path(__file__).parents[1] / "modules.py"

ISSUED = """\
2.0.conv1  Conv2d 3x3, stride 2, padding 1
  height   (56 + 2·1 − 3) // 2 + 1 = 28
  params   128·64·3·3 + 128 = 73,856
  MACs     128·28·28 · 64·3·3 = 57,802,752
  field    43 + (3 − 1)·4 = 51
"""

# What a quantity's name stands for in the table's row.
IN_ROW = {
    "params": lambda row: row.params,
    "buffers": lambda row: row.buffers,
    "MACs": lambda row: row.macs,
    "field": lambda row: row.receptive_field,
    "height": lambda row: row.output_shape[2],
    "length": lambda row: row.output_shape[2],
    "width": lambda row: row.output_shape[3],
    "channels": lambda row: row.output_shape[1],
    "features": lambda row: row.output_shape[1],
    "averaged": lambda row: row.input_shape[2] * row.input_shape[3],
    "shape": lambda row: row.output_shape,
}


def evaluated(formula: str) -> object:
    """Return what a printed formula comes to; of a sum of shapes, the shape that all have."""
    formula = formula.replace("·", "*").replace("−", "-")
    if re.fullmatch(r"\d+(x\d+)+ \+ \d+(x\d+)+", formula):
        main, side = formula.split(" + ")
        assert main == side
        return tuple(map(int, main.split("x")))
    return eval(formula, {"__builtins__": {}, "max": max})  # noqa: S307 - our own digits


def explained(config: ResNetConfig):
    network = predict(config)
    return network, explain(network.graph, network.summary)


@settings(deadline=None, max_examples=60)
@given(configs())
def test_every_formula_gives_the_number_in_the_table(config):
    network, explanations = explained(config)
    rows = {row.path: row for row in network.summary.rows}
    for explanation in explanations:
        row = rows[explanation.path]
        for name, formula, value in explanation.quantities:
            assert value == IN_ROW[name](row), (explanation.path, name)
            assert not formula or evaluated(pretty(formula)) == value, (explanation.path, name)


@settings(deadline=None, max_examples=30)
@given(configs())
def test_formulas_of_names_come_to_what_numbers_say(config):
    _, channels, height, width = config.input
    sizes = {"N": 3, "H": height, "W": width}
    named = config._replace(input=shape(f"Nx{channels}xHxW"))
    network = predict(config._replace(input=(3, channels, height, width)))
    numbers = {
        (each.path, quantity.name): quantity.value
        for each in explain(network.graph, network.summary)
        for quantity in each.quantities
    }
    _, explanations = explained(named)
    for explanation in explanations:
        for name, formula, value in explanation.quantities:
            here = (explanation.path, name)
            assert here not in numbers or evaluate(value, sizes) == numbers[here], here
            if formula and name != "shape":
                names = {"ceil": math.ceil, "floor": math.floor, "max": max, **sizes}
                assert eval(formula, names) == evaluate(value, sizes), here  # noqa: S307


@settings(deadline=None, max_examples=30)
@given(configs())
def test_every_row_is_explained_once_and_its_counts_are_all_there(config):
    network, explanations = explained(config)
    assert sorted(e.path for e in explanations) == sorted(row.path for row in network.summary.rows)
    rows = {row.path: row for row in network.summary.rows}
    for explanation in explanations:
        names = {name for name, _, _ in explanation.quantities}
        row = rows[explanation.path]
        assert {"params"} <= names or row.params == 0
        assert {"buffers"} <= names or row.buffers == 0 or not row.leaf
        assert {"MACs"} <= names or row.macs == 0
        assert {"field"} <= names or row.window is None or row.receptive_field is None


@pytest.mark.parametrize("name", ["d2l-resnet18", "resnext50_32x4d", "resnet20_cifar10"])
def test_every_printed_formula_gives_the_number_printed_beside_it(invoke, name):
    result = invoke("explain", "--preset", name, "--input", "2x3x96x64")
    printed = re.findall(r"^  \w+ +(.*) = ([\dx,]+)$", result.stdout, re.MULTILINE)
    assert result.code == 0
    assert len(printed) == result.stdout.count(" = ") > 100
    for formula, value in printed:
        shown = evaluated(formula)
        assert value == ("x".join(map(str, shown)) if isinstance(shown, tuple) else f"{shown:,}")


def test_a_convolution_is_explained_line_by_line(invoke):
    assert invoke("explain", "2.0.conv1") == (0, ISSUED, "")


def test_no_block_is_folded(invoke):
    result = invoke("explain", "BasicBlock", "--preset", "resnet34", "--fold")
    assert result.stdout.count("BasicBlock, main path") == 16


def test_an_addition_names_two_shapes_and_the_larger_field(invoke):
    lines = invoke("explain", "Residual").stdout.splitlines()
    start = lines.index("2.0  Residual, main path + projection")
    assert lines[start + 1] == "  shape    1x128x28x28 + 1x128x28x28 = 1x128x28x28"
    assert lines[start + 4] == "  field    max(67, 43) = 67"


def test_a_zero_padded_shortcut_shows_where_its_channels_come_from(invoke):
    result = invoke("explain", "layer2.0", "--preset", "resnet20_cifar10")
    assert "strided identity, zeros for new channels\n  channels 16 + 16 = 32\n" in result.stdout


def test_a_batch_multiplies_macs_and_not_params(invoke):
    result = invoke("explain", "7", "--input", "8x1x224x224")
    assert "params   10·512 + 10 = 5,130\n  MACs     8·10·512 = 40,960\n" in result.stdout


def test_the_width_is_explained_where_it_is_not_the_height(invoke):
    assert "width" not in invoke("explain").stdout
    result = invoke("explain", "0.0", "--input", "1x1x224x100")
    assert "  width    (100 + 2·3 − 7) // 2 + 1 = 50\n" in result.stdout


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        (["0.0"], ["0.0"]),
        (["0.0", "7"], ["0.0", "7"]),
        (["7", "0.0"], ["0.0", "7"]),
        (["1.1"], ["1.1.conv1", "1.1.bn1", "1.1.conv2", "1.1.bn2", "1.1"]),
        (["maxpool2d"], ["0.3"]),
        (["Linear", "POOL"], ["5", "7"]),
        (["head"], ["7"]),
        (["stem"], ["0.0", "0.1", "0.2", "0.3", "0"]),
    ],
)
def test_layers_are_named_by_path_role_or_type(words, paths):
    _, explanations = explained(ResNetConfig())
    assert [e.path for e in select(explanations, words)] == paths


def test_a_stage_is_named_with_or_without_its_space():
    _, explanations = explained(ResNetConfig())
    chosen = select(explanations, ["stage 2"])
    assert chosen == select(explanations, ["stage2"]) == select(explanations, ["2"])
    assert {e.role for e in chosen} == {"stage 2"}


def test_a_path_does_not_stand_for_one_that_only_begins_alike():
    _, explanations = explained(preset("resnet1202_cifar10").config)
    assert {e.path.split(".")[1] for e in select(explanations, ["layer1.1"])} == {"1"}


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("2.0.conv9", "2.0.conv"),
        ("Linaer", "Linear"),
        ("stemm", "stem"),
    ],
)
def test_an_unknown_layer_names_the_nearest(invoke, word, hint):
    result = invoke("explain", word)
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"resnet-shapes: LAYER: {word!r} is no layer's path")
    assert f"did you mean '{hint}" in result.stderr


def test_json_has_formulas_that_python_evaluates(invoke):
    document = json.loads(invoke("explain", "stem", "--format", "json").stdout)
    assert document["totals"]["params"] == 11_178_378
    by_path = {e["path"]: e for e in document["explanations"]}
    assert by_path["0.0"]["quantities"][0] == {
        "name": "height",
        "formula": "(224 + 2*3 - 7) // 2 + 1",
        "value": 112,
    }
    assert by_path["0.2"]["quantities"] == []


def test_markdown_has_a_row_a_quantity(invoke):
    lines = invoke("explain", "7", "--format", "markdown").stdout.splitlines()
    assert lines[0] == "| Path | Layer | Quantity | Arithmetic | Value |"
    assert lines[2] == "| 7 | Linear 512 to 10 | params | 10·512 + 10 | 5,130 |"
    assert len(lines) == 4


def test_plain_text_is_a_line_a_quantity_with_tabs(invoke):
    result = invoke("explain", "7", "--format", "plain")
    assert result.stdout == "7\tparams\t10*512 + 10\t5130\n7\tMACs\t10*512\t5120\n"


@pytest.mark.parametrize("kind", ["table", "markdown"])
def test_an_ascii_screen_gets_ascii_signs(invoke, monkeypatch, kind):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert invoke("explain", "--format", kind).code == 0
    text = raw.getvalue().decode("ascii").replace("\\*", "*")
    assert "(224 + 2*3 - 7) // 2 + 1" in text
    assert "?" not in text


def test_a_narrow_terminal_breaks_lines_and_loses_nothing(invoke, monkeypatch):
    wide = invoke("explain", "layer1", "--preset", "resnet50").stdout
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    narrow = invoke("explain", "layer1", "--preset", "resnet50", "--color", "never").stdout
    assert max(map(len, narrow.splitlines())) <= 60 < max(map(len, wide.splitlines()))
    assert narrow.split() == wide.split()


def test_csv_is_refused_by_name(invoke):
    result = invoke("explain", "--format", "csv")
    assert result.code == 2
    assert result.stderr.startswith("resnet-shapes: --format: 'csv' is not for this command")


@pytest.mark.parametrize(
    ("attribute", "shape"),
    [
        ("chain", "2x3x17x16"),
        ("Branches", "2x4x8x9"),
        ("Attention", "2x6x8"),
        ("Tied", "2x5:int64"),
    ],
)
def test_a_network_of_the_users_own_is_explained_in_the_same_words(invoke, attribute, shape):
    target = f"{MODULES}:{attribute}"
    result = invoke("explain", "--module", target, "--input", shape, "--format", "json")
    document = json.loads(result.stdout)
    rows = {
        row["path"]: row
        for row in json.loads(
            invoke(
                "--module", target, "--input", shape, "--format", "json", "--depth", "all"
            ).stdout
        )["layers"]
    }
    assert [each["path"] for each in document["explanations"]] != []
    for each in document["explanations"]:
        row = rows[each["path"]]
        found = {quantity["name"]: quantity for quantity in each["quantities"]}
        assert ("params" in found) or row["params"] == 0
        assert ("MACs" in found) or row["macs"] == 0
        for quantity in found.values():
            if quantity["formula"]:
                assert evaluated(quantity["formula"]) == (
                    tuple(quantity["value"])
                    if isinstance(quantity["value"], list)
                    else quantity["value"]
                )


def test_unequal_sides_and_rounding_up_are_in_the_formula(invoke):
    Path("mine.py").write_text(
        "from torch import nn\n"
        "net = nn.Sequential(nn.Conv2d(2, 4, (1, 5), dilation=(1, 2)),\n"
        "                    nn.MaxPool2d(2, ceil_mode=True), nn.Conv1d(1, 1, 1))\n"
        "net = net[:2]\n"
    )
    result = invoke("explain", "--module", "./mine.py:net", "--input", "1x2x7x20")
    assert result.stdout == (
        "0  Conv2d 1x5, stride 1, padding 0, dilation 1x2\n"
        "  height   (7 + 2·0 \N{MINUS SIGN} 1) // 1 + 1 = 7\n"
        "  width    (20 + 2·0 \N{MINUS SIGN} 9) // 1 + 1 = 12\n"
        "  params   4·2·1·5 + 4 = 44\n"
        "  MACs     4·7·12 · 2·1·5 = 3,360\n"
        "  field    1 + (9 \N{MINUS SIGN} 1)·1 = 9\n"
        "\n"
        "1  MaxPool2d 2x2, stride 2, padding 0\n"
        "  height   (7 + 2·0 \N{MINUS SIGN} 2 + 1) // 2 + 1 = 4\n"
        "  width    (12 + 2·0 \N{MINUS SIGN} 2 + 1) // 2 + 1 = 6\n"
        "  field    9 + (2 \N{MINUS SIGN} 1)·1 = 10\n"
    )


def test_what_functions_and_transposed_convolutions_multiply_is_explained(invoke):
    Path("mine.py").write_text(
        "import torch\n"
        "from torch import nn\n"
        "from torch.nn import functional as F\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.up = nn.ConvTranspose2d(4, 6, (3, 2), (2, 1), (1, 0), (1, 0), 2,\n"
        "                                     dilation=(2, 1))\n"
        "        self.heads = nn.MultiheadAttention(6, 2)\n"
        "        self.weight = nn.Parameter(torch.ones(8, 3, 3, 3))\n"
        "    def forward(self, x):\n"
        "        x = self.up(x)\n"
        "        y = F.conv2d(x, self.weight, groups=2).flatten(2)\n"
        "        y = y @ y.transpose(1, 2) + torch.bmm(y, y.transpose(1, 2))\n"
        "        y = torch.einsum('bij,bkj->bik', y, y) @ y @ y[:1] @ y[0, 0]\n"
        "        return self.heads(*[x.flatten(2).permute(2, 0, 1)] * 3)[0], y\n"
    )
    result = invoke("explain", "--module", "./mine.py:Net", "--input", "2x4x5x6")
    lines = dict.fromkeys(result.stdout.replace("·", "*").splitlines())
    assert "up  ConvTranspose2d 3x2, stride 2x1, padding 1x0, dilation 2x1, groups 2" in lines
    found = [line.split(None, 1) for line in lines if line.startswith("  ")]
    names = Counter(name for name, _ in found)
    assert names["height"] == names["width"] == 1
    assert names["MACs"] == 6
    for name, text in found:
        formula, _, value = text.rpartition(" = ")
        assert formula or name == "params"  # of what stands beside modules
        assert not formula or evaluated(formula) == int(value.replace(",", ""))


def test_a_sum_of_one_is_no_formula(invoke):
    Path("mine.py").write_text(
        "from torch import nn\nnet = nn.Sequential(nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU()))\n"
    )
    result = invoke("explain", "0", "--module", "./mine.py:net", "--input", "1x3x4x4")
    assert "0  Sequential, the sum of its layers\n  params   8\n  MACs     96\n" in result.stdout
