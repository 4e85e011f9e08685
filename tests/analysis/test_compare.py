"""Networks side by side, against the paper's table 1."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from resnet_cli.analysis.compare import FIGURES, best, compare
from resnet_cli.analysis.network import predict
from resnet_cli.cli.commands.compare import FORMATS
from resnet_cli.family.modes import DType
from resnet_cli.family.presets import preset
from resnet_cli.show.compare import comparison_table
from resnet_cli.show.grid import rendered
from resnet_cli.text import Look

PAPER = (
    "resnet18",
    "resnet34",
    "resnet50 --stride-on 1x1",
    "resnet101 --stride-on 1x1",
    "resnet152 --stride-on 1x1",
)

# He et al. 2015, table 1: the columns' blocks, stage by stage.
BLOCKS = {
    "resnet18": [f"[3x3, {c}; 3x3, {c}] x 2" for c in (64, 128, 256, 512)],
    "resnet50 --stride-on 1x1": [
        f"[1x1, {c}; 3x3, {c}; 1x1, {4 * c}] x {n}"
        for c, n in ((64, 3), (128, 4), (256, 6), (512, 3))
    ],
    "resnet152 --stride-on 1x1": [
        f"[1x1, {c}; 3x3, {c}; 1x1, {4 * c}] x {n}"
        for c, n in ((64, 3), (128, 8), (256, 36), (512, 3))
    ],
}


def records(invoke, *arguments: str) -> dict[str, dict]:
    result = invoke("compare", *arguments, "--format", "json")
    assert (result.code, result.stderr) == (0, "")
    return {record["network"]: record for record in json.loads(result.stdout)["networks"]}


def entries(*names: str):
    return compare((name, predict(preset(name).config)) for name in names)


def test_macs_are_those_of_the_papers_table_1(invoke):
    found = records(invoke, *PAPER)
    gmacs = [round(record["macs"] / 10**9, 2) for record in found.values()]
    assert gmacs == [1.81, 3.66, 3.86, 7.57, 11.28]
    # The paper prints 1.8, 3.6, 3.8, 7.6 and 11.3, the second and third cut and not rounded.
    assert all(abs(a - b) < 0.07 for a, b in zip(gmacs, [1.8, 3.6, 3.8, 7.6, 11.3], strict=True))


def test_the_screen_has_the_papers_gmacs(invoke):
    line = next(x for x in invoke("compare", *PAPER).stdout.splitlines() if x.startswith("MACs "))
    assert re.findall(r"([\d.]+) G", line) == ["1.81", "3.66", "3.86", "7.57", "11.28"]


@pytest.mark.parametrize("name", BLOCKS)
def test_stages_are_written_as_in_table_1(invoke, name):
    stem, *stages, head = records(invoke, *PAPER)[name]["parts"]
    assert stem["layers"] == "7x7, 64, stride 2; 3x3 max pool, stride 2"
    assert [stage["layers"] for stage in stages] == BLOCKS[name]
    assert [stage["size"] for stage in stages] == [[56, 56], [28, 28], [14, 14], [7, 7]]
    assert head == {"role": "head", "size": [1, 1], "layers": "average pool, 1000-d fc"}


def test_groups_are_written_as_in_resnexts_table_1(invoke):
    parts = records(invoke, "resnext50_32x4d")["resnext50_32x4d"]["parts"]
    assert parts[1]["layers"] == "[1x1, 128; 3x3, 128, C=32; 1x1, 256] x 3"


@pytest.mark.parametrize("name", ["regnet_y_400mf", "resnetv2_50", "regnetx_002"])
def test_stages_inside_of_a_module_are_rows_as_well(invoke, name):
    parts = records(invoke, name)[name]["parts"]
    stages = [f"stage {number}" for number in (1, 2, 3, 4)]
    assert [part["role"] for part in parts] == ["stem", *stages, "head"]
    counts = preset(name).config.blocks
    assert [int(part["layers"].rpartition(" x ")[2]) for part in parts[1:-1]] == [*counts]


def test_ratios_are_to_the_first():
    first, second = entries("resnet18", "resnet50")
    assert set(first.ratios.values()) == {1.0}
    assert second.ratios == {
        key: second.figures[key] / first.figures[key] for key in second.figures
    }
    assert round(second.ratios["params"], 2) == 2.19


def test_figures_are_the_summarys():
    network = predict(preset("resnet50").config)
    (entry,) = compare([("it", network)])
    assert list(entry.figures) == list(FIGURES)
    assert entry.figures.items() - network.summary.totals().items() == {("receptive_field", 427)}


def test_a_network_with_fewer_stages_leaves_rows_empty(invoke):
    three, four = "resnet20_cifar10", "resnet18"
    lines = invoke("compare", three, four, "--format", "markdown").stdout.splitlines()
    rows = {line.split(" | ")[0].strip("| "): line for line in lines}
    assert rows["stage 4"].startswith("| stage 4 |  | 7x7, ")
    assert rows["head"].startswith("| head | 1x1, average pool, 10-d fc | 1x1")
    table = list(csv.DictReader(io.StringIO(invoke("compare", three, four, "--format", "csv")[1])))
    assert [row["stage_4_size"] for row in table] == ["", "7x7"]


def test_flags_outside_are_for_all_and_those_inside_are_nearer(invoke):
    found = records(invoke, "resnet18", "resnet18 --input 1x3x64x64", "--input", "2x3x96x96")
    assert [r["config"]["input"] for r in found.values()] == ["2x3x96x96", "1x3x64x64"]


def test_a_variable_loses_to_the_networks_own_values(invoke, monkeypatch):
    monkeypatch.setenv("RESNET_SHAPES_CHANNELS", "8,8,8,8")
    monkeypatch.setenv("RESNET_SHAPES_PRESET", "resnet34")
    (record,) = records(invoke, "resnet18").values()
    assert record["config"]["channels"] == [64, 128, 256, 512]
    assert record["params"] == 11_689_512


def test_configured_networks_are_compared_by_name(invoke, tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[tool.resnet-shapes.networks.ours]\npreset = "resnet18"\nclasses = 7\n'
    )
    found = records(invoke, "resnet18", "ours", "ours --classes 9")
    classes = [record["config"]["classes"] for record in found.values()]
    assert classes == [1000, 7, 9]
    assert invoke("compare", "our").stderr.endswith("(did you mean 'ours'?)\n")


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("resnet5", "'resnet5': 'resnet5' is no preset or configured network (did you mean "),
        ("", "'': '' is no preset or configured network"),
        ("resnet18 --clases 3", "'resnet18 --clases 3': No such option"),
        ("resnet50 --groups x", "'resnet50 --groups x': --groups: 'x' is not a whole number"),
        ("resnet18 --groups 2", "'resnet18 --groups 2': --groups: 2 needs --block bottleneck"),
        ("resnet18 --blocks 2", "'resnet18 --blocks 2': --blocks: 2 names 1 stage, but"),
        ("resnet18 --format csv", "'resnet18 --format csv': No such option"),
        ("resnet18 resnet34", "'resnet18 resnet34': Got unexpected extra argument (resnet34)"),
        ("resnet18 'x", '"resnet18 \'x": No closing quotation'),
    ],
)
def test_a_wrong_argument_is_named_with_its_flag(invoke, argument, says):
    result = invoke("compare", "resnet18", argument)
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"resnet-shapes: {says}")
    assert result.stderr.count("\n") == 1


def test_without_a_network_there_is_nothing_to_compare(invoke):
    assert invoke("compare").code == 2


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_has_every_figure(invoke, kind):
    result = invoke("compare", "resnet18", "resnet50", "--format", kind)
    assert (result.code, result.stderr) == (0, "")
    shown = ("25557032", "4089184256") if kind in ("csv", "json") else ("25.56 M", "4.09 G")
    assert all(text in result.stdout for text in shown)


@pytest.mark.parametrize("width", [60, 80, 100, 160, 250])
def test_a_terminal_of_any_width_shows_every_figure_whole(width):
    names = ("resnet18", "resnext50_32x4d", "resnet152")
    natural = rendered(comparison_table(entries(*names), Look()), colored=False)
    fitted = rendered(comparison_table(entries(*names), Look(width)), colored=False)
    tables, _, _ = fitted.partition("MACs: multiply")
    assert max(map(len, tables.splitlines())) <= width
    assert sorted(re.findall(r"[\d.,]+x(?!\d)", fitted)) == sorted(
        re.findall(r"[\d.,]+x(?!\d)", natural)
    )
    assert "…" not in fitted


def test_three_networks_stand_beside_each_other_at_80_columns():
    names = ("resnet18", "resnext50_32x4d", "resnet152")
    shown = rendered(comparison_table(entries(*names), Look(80)), colored=False)
    assert shown.count("Params") == 1
    assert max(map(len, shown.splitlines())) <= 80


def test_what_does_not_fit_follows_in_a_table_of_its_own():
    names = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
    shown = rendered(comparison_table(entries(*names), Look(80)), colored=False)
    assert shown.count("Params") == 2
    assert "5.15x" in shown


def test_neither_compare_nor_explain_nor_an_unproved_block_imports_torch():
    code = """
import sys
sys.modules["torch"] = None
from resnet_cli.cli.main import run
sys.exit(run(["compare", "resnet18", "resnet50"]) + run(["explain"]) + run(["block", "--no-run"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


MODULE = """
from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x):
        return x + self.conv2(self.conv1(x))


def build(width=4):
    stage = nn.Sequential(Block(width), Block(width))
    return nn.Sequential(nn.Conv2d(3, width, 3, 2, 1), stage, nn.AdaptiveAvgPool2d(1),
                         nn.Flatten(), nn.Linear(width, 5))
"""


def test_a_module_of_the_users_own_stands_beside_a_preset(invoke):
    Path("mine.py").write_text(MODULE)
    target = "./mine.py:build --module-args width=8 --input 1x3x32x32"
    found = records(invoke, "resnet20_cifar10", target)
    assert [(part["role"], part["layers"]) for part in found[target]["parts"]] == [
        ("0", "3x3, 8, stride 2"),
        ("1", "[3x3, 8; 3x3, 8] x 2"),
        ("4", "5-d fc"),
    ]
    assert found[target]["params"] == 8 * 27 + 8 + 4 * (8 * 72 + 8) + 45
    assert found[target]["ratios"]["params"] == found[target]["params"] / 269_722
    shown = invoke("compare", "resnet20_cifar10", target)
    assert "stage 3" in shown.stdout
    assert "[3x3, 8; 3x3, 8] x 2" in shown.stdout


FIELDS = """
from torch import nn

conv = nn.Conv2d(3, 8, 5)
pooled = nn.Sequential(conv, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))
flat = nn.Sequential(conv, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 14 * 14, 3))
up = nn.Sequential(conv, nn.ConvTranspose2d(8, 4, 2, 2), nn.Conv2d(4, 2, 3))
"""


@pytest.mark.parametrize(("name", "field"), [("pooled", 5), ("flat", 6), ("up", None)])
def test_the_field_is_that_of_the_last_map(invoke, name, field):
    Path("fields.py").write_text(FIELDS)
    result = invoke("compare", f"./fields.py:{name} --input 1x3x32x32", "--format", "json")
    (entry,) = json.loads(result.stdout)["networks"]
    assert entry["receptive_field"] == field


@pytest.mark.parametrize("kind", ["table", "markdown", "csv"])
def test_what_is_not_known_is_no_number(invoke, kind):
    Path("bare.py").write_text("from torch import nn\nnet = nn.Sequential(nn.Softmax(1))\n")
    result = invoke("compare", "resnet18", "./bare.py:net --input 2x3", "--format", kind)
    assert result.code == 0
    assert "None" not in result.stdout
    if kind == "csv":
        assert next(csv.DictReader(io.StringIO(result.stdout)))["receptive_field_ratio"] == "1.0000"


def test_a_configuration_flag_for_all_is_for_the_configurations(invoke):
    Path("mine.py").write_text(MODULE)
    found = records(invoke, "resnet18", "./mine.py:build", "--classes", "7")
    assert found["./mine.py:build"]["parts"][-1]["layers"] == "5-d fc"
    assert found["resnet18"]["parts"][-1]["layers"] == "average pool, 7-d fc"


def test_what_is_spread_and_what_is_joined_stands_in_its_row(invoke):
    Path("mine.py").write_text(
        "import torch\n"
        "from torch import nn\n"
        "class Dense(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.one, self.two = nn.Conv2d(4, 4, 1), nn.Conv2d(8, 4, (1, 3), (1, 2))\n"
        "    def forward(self, x):\n"
        "        return self.two(torch.cat([x, self.one(x)], 1))\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.up = nn.ConvTranspose2d(4, 4, 2, 2, groups=2)\n"
        "        self.dense, self.out = Dense(), nn.Conv2d(7, 2, 1)\n"
        "    def forward(self, x):\n"
        "        y = torch.nn.functional.pad(self.dense(self.up(x)), (0, 1))\n"
        "        return self.out(torch.cat([y, y[:, 1:]], 1))\n"
    )
    result = invoke("compare", "./mine.py:Net", "--input", "1x4x8x8", "--format", "json")
    (entry,) = json.loads(result.stdout)["networks"]
    assert [(part["role"], part["layers"]) for part in entry["parts"]] == [
        ("up", "2x2 transposed, 4, C=2, stride 2"),
        ("dense", "1x1, 4; concatenation of 2; 1x3, 4, stride 1x2"),
        ("out", "concatenation of 2; 1x1, 2"),
    ]


def shown_at(width, *changed):
    """Return resnet18 beside what is changed of it, as a terminal shows them."""
    config = preset("resnet18").config
    networks = [("resnet18", predict(config))]
    networks += [(f"other {i}", predict(config._replace(**c))) for i, c in enumerate(changed)]
    return rendered(comparison_table(compare(networks), Look(width)), colored=False)


def test_an_input_that_differs_is_marked():
    screen = shown_at(None, {}, {"input": (1, 3, 64, 64)}, {"dtype": DType.FLOAT16})
    (row,) = (line for line in screen.splitlines() if line.startswith("input"))
    assert re.split(r"\s{2,}", row) == [
        *("input", "1x3x224x224", "1x3x224x224", "1x3x64x64 *", "1x3x224x224 float16 *"),
    ]
    assert "* another input than the first network's" in screen
    assert "*" not in shown_at(None, {})


def test_the_least_of_a_row_is_marked_where_figures_differ():
    wide, narrow = (
        compare([("a", predict(preset("resnet18").config)), ("b", other)])
        for other in (
            predict(preset("resnet50").config),
            predict(preset("resnet18").config._replace(classes=10)),
        )
    )
    assert (best(wide, "params"), best(wide, "receptive_field")) == ({0}, set())
    assert (best(narrow, "params"), best(narrow, "peak_bytes")) == ({1}, set())
    assert shown_at(None, {"classes": 10}).count("\N{BLACK LEFT-POINTING SMALL TRIANGLE}") > 3


@pytest.mark.parametrize(("width", "is_first"), [(None, False), (200, False), (60, True)])
def test_totals_come_first_where_a_stage_needs_more_than_a_line(width, is_first):
    lines = [line.split("  ")[0] for line in shown_at(width, {"classes": 10}).splitlines()]
    assert (lines.index("Params") < lines.index("stage 1")) == is_first


def test_columns_are_as_wide_as_the_terminal_lets_them():
    def layers(width):
        screen = shown_at(width, {"classes": 10})
        return "7x7, 64, stride 2; 3x3 max pool, stride 2" in screen

    assert not layers(80)
    assert layers(100)
