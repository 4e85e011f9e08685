"""The arithmetic behind the numbers: every formula gives the number beside it."""

import io
import json
import math
import re
import sys
from collections import Counter
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import example, given, settings

from resnet_cli.analysis.explain import explain, select
from resnet_cli.analysis.explain_layers import sees
from resnet_cli.analysis.explanation import pretty
from resnet_cli.analysis.fold import fold
from resnet_cli.analysis.network import predict
from resnet_cli.analysis.walk import Sight
from resnet_cli.family import presets
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.presets import preset
from resnet_cli.graph.dims import evaluate
from resnet_cli.graph.products import Conv
from resnet_cli.parse import shape
from tests.strategies import configs

MODULES = Path(__file__).parents[1] / "modules.py"

ISSUED = """\
2.0.conv1  Conv2d 3x3, stride 2, padding 1
  shapes   1x64x56x56 → 1x128x28x28
  in       64, from add in 1.1
  out      channels[1] = 128
  height   H_out = ⌊(H + 2p − k)/s⌋ + 1 = ⌊(56 + 2·1 − 3)/2⌋ + 1 = 28
  params   out·in·k·k + bias = 128·64·3·3 + 128 = 73,856
  MACs     N·out·H_out·W_out · in·k·k = 1·128·28·28 · 64·3·3 = 57,802,752
  field    r + (k − 1)·j = 43 + (3 − 1)·4 = 51
  sees     3x3 of each of 64 channels; 51x51 of the network's input, the next one 8 on

k kernel, s stride, p padding, d dilation. H, W: the sides of the map that comes in, of
which an element sees r pixels of the input, and its neighbour stands j on.
"""

# What a quantity's name stands for in the table's row.
IN_ROW = {
    "params": lambda row: row.params,
    "frozen": lambda row: row.frozen,
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
    signs = {"·": "*", "−": "-", "⌊": "floor(", "⌋": ")", ",": "", "⌈": "ceil(", "⌉": ")"}
    formula = "".join(signs.get(char, char) for char in formula.replace(", ", ";"))
    formula = formula.replace(";", ", ")
    if re.fullmatch(r"\d+(x\d+)+ \+ \d+(x\d+)+", formula):
        main, side = formula.split(" + ")
        assert main == side
        return tuple(map(int, main.split("x")))
    names = {"__builtins__": {}, "max": max, "floor": math.floor, "ceil": math.ceil}
    return eval(formula, names)  # noqa: S307 - our own digits


def explained(config: ResNetConfig):
    network = predict(config)
    return network, explain(network.graph, network.summary, config=config)


@settings(deadline=None, max_examples=60)
@given(configs())
def test_every_formula_gives_the_number_in_the_table(config):
    network, explanations = explained(config)
    rows = {row.path: row for row in network.summary.rows}
    for explanation in explanations:
        row = rows[explanation.path]
        for name, formula, value, *_ in explanation.quantities:
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
        for name, formula, value, *_ in explanation.quantities:
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
        names = {name for name, *_ in explanation.quantities}
        row = rows[explanation.path]
        assert {"params"} <= names or row.params == 0
        assert {"buffers"} <= names or row.buffers == 0 or not row.leaf
        assert {"MACs"} <= names or row.macs == 0
        assert {"field"} <= names or row.window is None or row.receptive_field is None


@pytest.mark.parametrize("name", ["d2l-resnet18", "resnext50_32x4d", "resnet20_cifar10"])
def test_every_printed_formula_gives_the_number_printed_beside_it(invoke, name):
    result = invoke("explain", "--preset", name, "--input", "2x3x96x64")
    lines = re.findall(r"^  (?!in )\w+ +(.*) = ([\dx,]+)$", result.stdout, re.MULTILINE)
    printed = [(steps.split(" = ")[-1], value) for steps, value in lines]
    printed = [(formula, value) for formula, value in printed if not re.search("[a-z]{3}", formula)]
    assert result.code == 0
    assert len(printed) > 100
    for formula, value in printed:
        shown = evaluated(formula)
        said = "x".join(map(str, shown)) if isinstance(shown, tuple) else f"{shown:,.0f}"
        assert value == said, formula


@pytest.mark.parametrize(
    ("channels", "groups", "said"),
    [
        (1, 1, "3x3 of its channel;"),
        (3, 1, "3x3 of each of 3 channels;"),
        (8, 8, "3x3 of its channel;"),
        (8, 4, "3x3 of each of the 2 channels of its group;"),
    ],
)
def test_an_element_sees_its_channel_or_several(channels, groups, said):
    row = predict(ResNetConfig()).summary.rows[0]._replace(input_shape=(1, channels, 9, 9))
    assert sees(Conv(8, (3, 3), groups=groups), row, Sight((3, 3), (1, 1))).startswith(said)


def test_a_convolution_is_explained_line_by_line(invoke):
    assert invoke("explain", "2.0.conv1") == (0, ISSUED, "")


def out_rules(config: ResNetConfig) -> dict[str, tuple[str, int]]:
    """Return the rule, and the number, of each width, by path."""
    _, explanations = explained(config)
    widths = ((e.path, each) for e in explanations for each in e.channels if each.name == "out")
    return {path: (each.rule, each.value) for path, each in widths}


@settings(deadline=None, max_examples=60)
@given(configs())
@example(preset("resnext101_32x8d").config)
def test_the_rule_of_a_width_holds_where_its_fields_are_others(config):
    other = config
    if config.regnet is None:
        other = config._replace(channels=tuple(2 * width for width in config.channels))
        if config.groups > 1 or config.width_per_group != 64:
            other = other._replace(width_per_group=2 * config.width_per_group)
    theirs = out_rules(other._replace(classes=config.classes + 1))
    fields = {"floor": math.floor, **other.to_dict(), "classes": config.classes + 1}
    rules = out_rules(config)
    assert [*rules.values()][-1] == ("classes", config.classes)
    for path, (rule, _) in rules.items():
        if rule:
            assert eval(rule, fields) == theirs[path][1], (path, rule)  # noqa: S307


def test_widths_that_are_equal_by_chance_have_each_its_own_rule():
    rules = out_rules(preset("resnext101_32x8d").config)
    inner = "floor(channels[0]*width_per_group/64)*groups"
    assert rules["layer1.0.conv1"] == rules["layer1.0.conv2"] == (inner, 256)
    assert rules["layer1.0.conv3"] == rules["layer1.0.downsample.0"] == ("4*channels[0]", 256)
    assert rules["layer3.22.conv3"] == ("4*channels[2]", 1024)


@pytest.mark.parametrize("name", presets.NAMES[::7])
def test_every_convolution_of_a_published_network_says_where_its_width_is_from(name):
    config = preset(name).config
    _, explanations = explained(config)
    for each in explanations:
        if each.type == "Conv2d" and ".se." not in each.path and each.role.startswith("stage"):
            assert each.channels[1].rule, each.path


def test_channels_come_from_the_layer_that_made_them():
    _, explanations = explained(ResNetConfig())
    makers = {e.path: e.channels[0].note for e in explanations if e.channels}
    assert makers["0.0"] == "from the input"
    assert makers["1.0.conv1"] == "from 0.0"
    assert makers["1.0.conv2"] == "from 1.0.conv1"
    assert makers["2.0.conv1"] == makers["2.0.conv3"] == "from add in 1.1"
    assert makers["7"] == "from add in 4.1"


def test_a_gate_hands_on_the_channels_that_it_weighs():
    _, explanations = explained(preset("seresnext101_32x8d").config)
    makers = {e.path: e.channels[0].note for e in explanations if e.channels}
    assert makers["layer1.0.se.fc1"] == "from layer1.0.conv3"
    assert makers["layer1.1.conv1"] == "from add in layer1.0"
    rules = out_rules(preset("seresnext101_32x8d").config)
    assert rules["layer1.0.conv3"] == ("4*channels[0]", 256)


def own(invoke, code: str, shape: str) -> dict[str, tuple[dict, dict]]:
    """Return each layer's channels and quantities, by name, of a network of the user's own."""
    Path("mine.py").write_text(f"import torch\nfrom torch import nn\n{code}")
    args = ("--module", "./mine.py:net", "--input", shape, "--format", "json")
    result = invoke("explain", *args)
    assert result.code == 0, result.stderr
    return {
        each["path"]: (
            {q["name"]: q for q in each["channels"]},
            {q["name"]: q for q in each["quantities"]},
        )
        for each in json.loads(result.stdout)["explanations"]
    }


PLUS = """
class Plus(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 1)
    def forward(self, x):
        return x + self.conv(x)
"""


def test_what_an_addition_gives_is_its_own(invoke):
    code = PLUS + "net = nn.Sequential(Plus(), Plus(), nn.ConvTranspose2d(2, 2, 2), Plus())"
    found = own(invoke, code, "1x2x4x4")
    makers = {path: channels["in"]["note"] for path, (channels, _) in found.items() if channels}
    assert makers == {
        "0.conv": "from the input",
        "1.conv": "from add in 0",
        "2": "from add in 1",
        "3.conv": "from 2",
    }


@pytest.mark.parametrize(
    ("layer", "shape", "rule", "formula", "value"),
    [
        ("nn.Flatten()", "2x3x4x5", "C*H*W", "3*4*5", 60),
        ("nn.Flatten(2)", "2x3x4x5", "H*W", "4*5", 20),
        ("nn.Flatten(0)", "2x3x4x5", "N*C*H*W", "2*3*4*5", 120),
        ("nn.Flatten(1, -2)", "2x3x4x5", "C*H", "3*4", 12),
        ("nn.Flatten(0, 1)", "2x3", "", "2*3", 6),
    ],
)
def test_what_is_flattened_is_multiplied(invoke, layer, shape, rule, formula, value):
    _, quantities = own(invoke, f"net = nn.Sequential({layer})", shape)["0"]
    found = quantities["features"]
    assert (found["rule"], found["formula"], found["value"]) == (rule, formula, value)


def test_a_norm_without_weights_or_statistics_has_no_rule_for_them(invoke):
    norms = "nn.BatchNorm2d(8, affine=False), nn.BatchNorm2d(8, track_running_stats=False)"
    found = own(invoke, f"net = nn.Sequential({norms})", "2x8x4x4")
    assert {name: q["value"] for name, q in found["0"][1].items()} == {"buffers": 17}
    assert {name: q["value"] for name, q in found["1"][1].items()} == {"params": 16}
    first, second = (
        line
        for line in invoke(
            "explain", "--module", "./mine.py:net", "--input", "2x8x4x4"
        ).stdout.splitlines()
        if line.startswith(("0", "1"))
    )
    assert (first, second) == ("0  BatchNorm2d", "1  BatchNorm2d, learned scale and shift")


def test_what_is_not_known_is_not_said(invoke):
    code = (
        PLUS
        + """
class Distances(nn.Module):
    def __init__(self):
        super().__init__()
        self.plus = nn.Sequential(nn.ConvTranspose2d(2, 2, 3, 2), Plus(), nn.AdaptiveAvgPool2d(1))
    def forward(self, x):
        y = self.plus(x).flatten(1)
        return torch.cdist(y, y)
net = Distances()
"""
    )
    found = own(invoke, code, "1x2x4x4")
    assert "field" not in found["plus.1"][1]
    assert "field" not in found["plus.2"][1]
    assert found["cdist()"][1] == {}
    assert (
        "global" not in invoke("explain", "--module", "./mine.py:net", "--input", "1x2x4x4").stdout
    )


def test_a_global_field_is_said(invoke):
    assert "  field    global\n" in invoke("explain", "5").stdout


def test_frozen_parameters_are_apart_as_in_the_table(invoke):
    code = """
net = nn.Sequential()
net.add_module("a", nn.Conv2d(1, 4, 1, bias=False))
net.add_module("b", nn.Conv2d(4, 4, 1))
net.b.weight.requires_grad_(False)
net = nn.Sequential(net)
"""
    found = own(invoke, code, "1x1x2x2")
    leaf, around = found["0.b"][1], found["0"][1]
    assert (leaf["params"]["formula"], leaf["params"]["value"]) == ("4*4*1*1 + 4 - 16", 4)
    assert leaf["params"]["rule"] == "out*in*k*k + bias - frozen"
    assert leaf["frozen"]["value"] == around["frozen"]["value"] == 16
    assert (around["params"]["formula"], around["params"]["value"]) == ("2*4", 8)


def test_a_container_groups_what_it_adds_up_by_name():
    _, explanations = explained(ResNetConfig())
    params = {e.path: e.quantities for e in explanations}["1.0"][1]
    assert params.name == "params"
    assert params.parts == ("conv1", "conv2", "bn1", "bn2")
    assert params.formula == "2*36928 + 2*128"


def test_many_equal_parts_are_the_first_and_the_last(invoke):
    said = invoke("explain", "layer1", "--preset", "resnet1202_cifar10", "--format", "json").stdout
    stage = json.loads(said)["explanations"][-1]
    assert stage["path"] == "layer1"
    assert stage["quantities"][0]["parts"] == ["[0]", "...", "[199]"]
    assert stage["quantities"][0]["formula"] == "200*4672"


def test_a_folded_row_is_explained_with_what_it_stands_for(invoke):
    network, explanations = explained(preset("resnet34").config)
    (fold,) = select(explanations, ["layer1.0-2.conv1"], network.summary.rows)
    assert fold.text.endswith(": the same in layer1.0.conv1 to layer1.2.conv1")
    assert fold.text.startswith("3 x Conv2d 3x3")
    params = next(each for each in fold.quantities if each.name == "params")
    assert params[1:4] == ("3*(64*64*3*3)", 110_592, "3*(out*in*k*k)")
    folds = select(explanations, ["layer1.0-2"], network.summary.rows)
    assert [each.path.rpartition(".")[2] for each in folds][-1] == "0-2"
    result = invoke("explain", "layer1.0-5", "--preset", "resnet34")
    assert (result.code, result.stdout) == (2, "")


@settings(deadline=None, max_examples=30)
@given(configs())
def test_a_folded_rows_numbers_are_the_tables(config):
    network, explanations = explained(config)
    rows = network.summary.rows
    folds = [run for run in fold(rows, 99, folded=True) if run.times > 1]
    for run in folds:
        each = next(e for e in select(explanations, [run.row.path], rows) if e.path == run.row.path)
        for quantity in each.quantities:
            value = IN_ROW[quantity.name](run.row)
            assert quantity.value == value, (run.row.path, quantity.name)
            assert not quantity.formula or evaluated(quantity.formula) == value


def test_sizes_are_put_into_the_formulas_that_names_give(invoke):
    args = ("explain", "0.0", "--input", "Nx1xHxW", "--at", "N=2,H=64,W=32", "--at", "N=1,H=9,W=9")
    lines = invoke(*args).stdout.splitlines()
    assert lines[1] == "  shapes   Nx1xHxW → Nx64x⌈H/2⌉x⌈W/2⌉"
    assert lines[2] == "           2x1x64x32 → 2x64x32x16 at N=2,H=64,W=32"
    height = next(line for line in lines if line.startswith("  height"))
    assert height.endswith(" = ⌈H/2⌉ = 32 at N=2,H=64,W=32 = 5 at N=1,H=9,W=9")
    document = json.loads(invoke(*args, "--format", "json").stdout)
    assert document["at"] == [{"N": 2, "H": 64, "W": 32}, {"N": 1, "H": 9, "W": 9}]
    assert document["explanations"][0]["quantities"][0]["at"] == [32, 5]
    table = invoke(*args, "--format", "markdown").stdout
    assert table.splitlines()[0].endswith("| Value | N=2,H=64,W=32 | N=1,H=9,W=9 |")
    assert invoke("explain", "--at", "N=1").code == 2


def test_no_block_is_folded(invoke):
    result = invoke("explain", "BasicBlock", "--preset", "resnet34")
    assert result.stdout.count("BasicBlock, main path") == 16


def test_an_addition_names_two_shapes_and_the_larger_field(invoke):
    lines = invoke("explain", "Residual").stdout.splitlines()
    start = lines.index("2.0  Residual, main path + projection")
    shapes = "1x128x28x28 + 1x128x28x28 = 1x128x28x28"
    assert lines[start + 2] == f"  shape    main path + shortcut = {shapes}"
    assert lines[start + 5] == "  field    max(main, shortcut) = max(67, 43) = 67"


def test_a_shape_has_no_thousands():
    assert pretty("2048x4096x7x7 + 2048x4096x7x7") == "2048x4096x7x7 + 2048x4096x7x7"
    assert pretty("2048xceil(H/2)") == "2048x\N{LEFT CEILING}H/2\N{RIGHT CEILING}"


def test_a_zero_padded_shortcut_shows_where_its_channels_come_from(invoke):
    result = invoke("explain", "layer2.0", "--preset", "resnet20_cifar10")
    assert "strided identity, zeros for new channels\n" in result.stdout
    assert "\n  channels in + zeros = 16 + 16 = 32\n" in result.stdout


def test_a_batch_multiplies_macs_and_not_params(invoke):
    result = invoke("explain", "7", "--input", "8x1x224x224")
    assert "  params   out·in + bias = 10·512 + 10 = 5,130\n" in result.stdout
    assert "  MACs     N·out·in = 8·10·512 = 40,960\n" in result.stdout


def test_the_width_is_explained_where_it_is_not_the_height(invoke):
    assert "width" not in invoke("explain").stdout
    result = invoke("explain", "0.0", "--input", "1x1x224x100")
    assert (
        "  width    W_out = ⌊(W + 2p − k)/s⌋ + 1 = ⌊(100 + 2·3 − 7)/2⌋ + 1 = 50\n" in result.stdout
    )


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
        "rule": "H_out = floor((H + 2*p - k)/s) + 1",
        "formula": "floor((224 + 2*3 - 7)/2) + 1",
        "value": 112,
        "parts": [],
        "note": "",
    }
    assert by_path["0.0"]["input_shape"] == [1, 1, 224, 224]
    assert by_path["0.0"]["channels"][0]["note"] == "from the input"
    assert by_path["0.2"]["quantities"] == []


def test_markdown_has_a_row_a_quantity(invoke):
    lines = invoke("explain", "7", "--format", "markdown").stdout.splitlines()
    assert lines[0] == "| Path | Layer | Quantity | Rule | Arithmetic | Value |"
    assert lines[2] == "| 7 | Linear 512 to 10 | shapes |  |  | 1x512 → 1x10 |"
    assert lines[5] == "|  |  | params | out·in + bias | 10·512 + 10 | 5,130 |"
    assert len(lines) == 7


def test_plain_text_is_a_line_a_quantity_with_tabs(invoke):
    result = invoke("explain", "7", "--format", "plain")
    assert result.stdout == "7\tparams\t10*512 + 10\t5130\n7\tMACs\t1*10*512\t5120\n"


@pytest.mark.parametrize("kind", ["table", "markdown"])
def test_an_ascii_screen_gets_ascii_signs(invoke, monkeypatch, kind):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert invoke("explain", "--format", kind).code == 0
    text = raw.getvalue().decode("ascii").replace("\\*", "*")
    assert "floor((224 + 2*3 - 7)/2) + 1" in text
    assert "?" not in text


def test_a_narrow_terminal_breaks_lines_and_loses_nothing(invoke, monkeypatch):
    wide = invoke("explain", "layer1", "--preset", "resnet50").stdout
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    narrow = invoke("explain", "layer1", "--preset", "resnet50", "--color", "never").stdout
    assert max(map(len, narrow.splitlines())) <= 60 < max(map(len, wide.splitlines()))
    assert narrow.split() == wide.split()


HOSTILE = r"a\\b{c}$d_e^f~g%h&i#[j]--k\\\\*l"


def test_latex_is_balanced_and_no_name_of_a_module_is_markup(invoke):
    Path("mine.py").write_text(
        "from torch import nn\n"
        "net = nn.Sequential()\n"
        f"net.add_module({HOSTILE!r}, nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2)))\n"
    )
    result = invoke("explain", "--module", "./mine.py:net", "--input", "1x3x8x8", "-o", "net.tex")
    assert result.code == 0, result.stderr
    text = Path("net.tex").read_text()
    for name in (r"\textbackslash{}b\{c\}\$d\_e\textasciicircum{}f", r"\%h\&i\#{[}j{]}{-}{-}k"):
        assert name in text
    assert text.count(r"\begin{align*}") == text.count(r"\end{align*}") > 8
    assert text.count(r"\left") == text.count(r"\right")
    for line in text.splitlines()[1:]:
        bare = re.sub(r"\\[{}$&#%_]", "", line)
        depths = [*accumulate({"{": 1, "}": -1}.get(char, 0) for char in bare)] or [0]
        assert min(depths) == depths[-1] == 0, line
        assert "%" not in bare
        assert bare.count("$") % 2 == 0
        assert bare.count("&") <= 1


def test_latex_has_the_rule_the_numbers_and_the_result(invoke):
    text = invoke("explain", "2.0.conv1", "--format", "latex").stdout
    assert (
        "\\begin{align*}\n"
        "  H_{\\mathrm{out}} &= \\left\\lfloor (H + 2p - k)/s\\right\\rfloor + 1 \\\\\n"
        "   &= \\left\\lfloor (56 + 2\\cdot 1 - 3)/2\\right\\rfloor + 1 \\\\\n"
        "   &= 28\n"
        "\\end{align*}\n"
    ) in text
    named = invoke("explain", "2.0.conv1", "--format", "latex", "--input", "Nx1xHxW").stdout
    assert "   &= \\left\\lceil H/8\\right\\rceil\n" in named


def test_a_name_with_a_digit_is_one_name_in_latex(invoke):
    code = "net = nn.Sequential(nn.Linear(4, 2))"
    own(invoke, code, "2x3x4")
    args = ("--module", "./mine.py:net", "--input", "2x3x4", "--format", "latex")
    text = invoke("explain", *args).stdout
    product = r"N\cdot L_{\mathrm{1}}\cdot \mathrm{out}\cdot \mathrm{in}"
    assert f"&= {product} " in text


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
    lines = [line.strip() for line in result.stdout.replace("\N{MINUS SIGN}", "-").splitlines()]
    for line in (
        "0  Conv2d 1x5, stride 1, padding 0, dilation 1x2",
        "height   H_out = ⌊(H + 2p - k)/s⌋ + 1 = ⌊(7 + 2·0 - 1)/1⌋ + 1 = 7",
        "width    W_out = ⌊(W + 2p - d·(k - 1) - 1)/s⌋ + 1 = "
        "⌊(20 + 2·0 - 2·(5 - 1) - 1)/1⌋ + 1 = 12",
        "params   out·in·k_H·k_W + bias = 4·2·1·5 + 4 = 44",
        "MACs     N·out·H_out·W_out · in·k_H·k_W = 1·4·7·12 · 2·1·5 = 3,360",
        "field    r + d·(k - 1)·j = 1 + 2·(5 - 1)·1 = 9",
        "sees     1x5, 1x2 apart, of each of 2 channels; "
        "1x9 of the network's input, the next one 1 on",
        "1  MaxPool2d 2x2, stride 2, padding 0",
        "height   H_out = ⌊(H + 2p - k + more)/s⌋ + 1 = ⌊(7 + 2·0 - 2 + 1)/2⌋ + 1 = 4, "
        "more: ceil_mode's min(s - 1, k - p - 1)",
        "field    r + (k - 1)·j = 9 + (2 - 1)·1 = 10",
    ):
        assert line in lines


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
    lines = dict.fromkeys(result.stdout.splitlines())
    assert "up  ConvTranspose2d 3x2, stride 2x1, padding 1x0, dilation 2x1, groups 2" in lines
    found = [line.split(None, 1) for line in lines if line.startswith("  ")]
    names = Counter(name for name, _ in found)
    assert names["height"] == names["width"] == 1
    assert names["MACs"] == 6
    for name, text in found:
        *_, formula, value = ("", *text.split(" = "))
        if name not in ("in", "out", "shapes"):
            assert formula or name == "params"  # of what stands beside modules
            assert not formula or evaluated(formula) == int(value.split(", ")[0].replace(",", ""))


def test_a_sum_of_one_is_no_formula(invoke):
    Path("mine.py").write_text(
        "from torch import nn\nnet = nn.Sequential(nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU()))\n"
    )
    result = invoke("explain", "0", "--module", "./mine.py:net", "--input", "1x3x4x4")
    assert "  params   8\n  MACs     96\n" in result.stdout
