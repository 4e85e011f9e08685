"""One residual block: its branches, its addition, and the addition that cannot be."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_cli.analysis.block import ADDITION, MAIN, SHORTCUT, BlockConfig, predict_block
from resnet_cli.analysis.network import predict
from resnet_cli.family import presets
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.modes import Block, Shortcut
from resnet_cli.show.tables import bar
from resnet_cli.text import Look

# The notebook's two experiments, and every other kind of block.
KINDS = {
    "identity": (["--input", "4x3x6x6", "--channels", "3"], "4x3x6x6"),
    "projection": (["--input", "4x3x6x6", "--channels", "6", "--stride", "2"], "4x6x3x3"),
    "pad": (
        ["--input", "4x3x7x5", "--channels", "6", "--stride", "2", "--shortcut", "pad"],
        "4x6x4x3",
    ),
    "norm": (["--input", "1x4x8x8", "--channels", "8", "--shortcut-norm"], "1x8x8x8"),
    "bottleneck": (["--block", "bottleneck", "--input", "1x8x9x9", "--stride", "3"], "1x32x3x3"),
    "bottleneck identity": (
        ["--block", "bottleneck", "--input", "1x8x6x6", "--channels", "2"],
        "1x8x6x6",
    ),
    "groups": (
        ["--preset", "resnext50_32x4d", "--input", "1x256x8x8", "--channels", "64"],
        "1x256x8x8",
    ),
    "stride on 1x1": (
        ["--block", "bottleneck", "--stride-on", "1x1", "--stride", "2", "--input", "2x4x7x7"],
        "2x16x4x4",
    ),
}


@st.composite
def blocks(draw):
    """Give any block, also one that cannot add."""
    identity = draw(st.booleans())
    in_channels = draw(st.integers(1, 8))
    sides = st.integers(1, 12)
    config = ResNetConfig(
        input=(draw(st.integers(1, 2)), in_channels, draw(sides), draw(sides)),
        channels=(draw(st.integers(in_channels, 12)),),
        blocks=(1,),
        block=draw(st.sampled_from(Block)),
        shortcut=draw(st.sampled_from(Shortcut)),
        shortcut_norm=draw(st.booleans()),
    )
    return predict_block(BlockConfig(config, draw(st.integers(1, 3)), identity))


@pytest.mark.parametrize("kind", KINDS)
def test_pytorch_agrees_with_every_kind_of_block(invoke, kind):
    flags, output = KINDS[kind]
    result = invoke("block", *flags, "--format", "json")
    document = json.loads(result.stdout)
    assert result.code == 0
    assert result.stderr.startswith("proved: all ")
    assert document["forward"]["agrees"] is True
    assert document["forward"]["modules"] == len(document["layers"])
    assert "x".join(map(str, document["output_shape"])) == output
    shape = document["output_shape"]
    assert document["addition"] == {"main_path": shape, "shortcut": shape, "equal": True}


def test_the_table_ends_in_the_addition_of_two_equal_shapes(invoke):
    flags, _ = KINDS["projection"]
    result = invoke("block", *flags, "--columns", "path,role,type,output_shape")
    lines = [line.split() for line in result.stdout.splitlines()[4:12]]
    assert lines == [
        ["block.conv1", "main", "path", "Conv2d", "4x6x3x3"],
        ["block.bn1", "main", "path", "BatchNorm2d", "4x6x3x3"],
        ["block.conv2", "main", "path", "Conv2d", "4x6x3x3"],
        ["block.bn2", "main", "path", "BatchNorm2d", "4x6x3x3"],
        ["block.conv3", "shortcut", "Conv2d", "4x6x3x3"],
        ["addition", "main", "path", "4x6x3x3"],
        ["addition", "+", "shortcut", "4x6x3x3"],
        ["block", "addition", "=", "sum", "4x6x3x3"],
    ]
    assert result.stderr.startswith("proved: all 6 modules agree")


@pytest.mark.parametrize(("kind", "shown"), [("identity", "identity"), ("pad", "zero-padded")])
def test_a_shortcut_without_a_module_has_a_row_too(invoke, kind, shown):
    result = invoke("block", *KINDS[kind][0], "--no-run", "--format", "markdown")
    assert f"| {SHORTCUT} | {shown} |  | {KINDS[kind][1]} | 0 | 0 |" in result.stdout


def test_an_addition_that_cannot_be_ends_the_table_and_names_rule_and_flag(invoke):
    result = invoke(
        *("block", "--input", "4x3x6x6", "--channels", "6", "--stride", "2"),
        *("--shortcut", "none", "--color", "always"),
    )
    assert result.code == 1
    red = [line for line in result.stdout.splitlines() if "\x1b[1;31m" in line]
    assert len(red) == 2
    assert "4x6x3x3" in red[0]
    assert "4x3x6x6" in red[1]
    assert "= sum" not in result.stdout
    rule, remedy = result.stderr.splitlines()
    assert "NOT added: 4x6x3x3 + 4x3x6x6: an addition needs two equal shapes" in rule
    assert remedy.startswith("--shortcut projection or --shortcut pad gives the shortcut")


def test_json_says_that_the_addition_cannot_be(invoke):
    result = invoke("block", "--channels", "32", "--shortcut", "none", "--format", "json")
    document = json.loads(result.stdout)
    assert result.code == 1
    assert document["config"]["shortcut"] == "none"
    assert document["forward"] is None
    assert document["addition"]["equal"] is False
    assert document["addition"]["main_path"] == [1, 32, 56, 56]
    assert document["addition"]["shortcut"] == [1, 64, 56, 56]
    # Zeros cannot take channels away.
    assert "--shortcut projection gives" in document["addition"]["error"]
    assert "block" not in [layer["path"] for layer in document["layers"]]


def test_one_channel_is_not_stretched_over_many(invoke):
    result = invoke("block", "--input", "1x1x4x4", "--channels", "3", "--shortcut", "none")
    assert result.code == 1


def test_no_shortcut_module_is_fine_where_the_shapes_stay(invoke):
    result = invoke("block", "--input", "1x4x5x5", "--shortcut", "none")
    assert result.code == 0
    assert "proved: all 5 modules agree" in result.stderr


@settings(deadline=None, max_examples=80)
@given(blocks())
def test_a_block_adds_exactly_where_both_branches_have_one_shape(network):
    main, side = network.addends
    assert network.adds == (main == side)
    assert (network.network.summary.rows[0].path == "block") == network.adds
    assert network.adds or network.network.config.identity
    roles = [row.role for row in network.shown.rows]
    assert roles.count(ADDITION) == 2 + network.adds
    assert set(roles) == {MAIN, SHORTCUT, ADDITION}


@settings(deadline=None, max_examples=80)
@given(blocks())
def test_what_people_see_adds_up_to_the_block(network):
    assert network.shown.totals() == network.network.summary.totals()
    if network.adds:
        block = network.network.summary.rows[0]
        assert (block.params, block.macs) == (
            network.network.summary.params,
            network.network.summary.macs,
        )
        assert network.shown.rows[-1].output_shape == block.output_shape
        assert network.shown.rows[-1].receptive_field == block.receptive_field


@pytest.mark.parametrize("index", [0, 1])
def test_a_block_alone_counts_what_it_counts_in_its_network(index):
    config = ResNetConfig(blocks=(2, 2, 2, 2))
    whole = {row.path: row for row in predict(config).summary.rows}[f"3.{index}"]
    alone = ResNetConfig(input=whole.input_shape, channels=(256,), blocks=(1,))
    block = predict_block(BlockConfig(alone, stride=2 - index)).network.summary.rows[0]
    assert (block.params, block.macs) == (whole.params, whole.macs)
    assert block.output_shape == whole.output_shape


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("resnet50", "layer3"),
        ("seresnet50", "layer3"),
        ("resnetv2_18", "stages.2.blocks"),
        ("regnet_y_400mf", "trunk_output.block3"),
        ("regnetx_002", "s3"),
    ],
)
def test_a_presets_block_alone_counts_what_its_blocks_count(invoke, name, stage):
    network = predict(presets.preset(name).config)
    rows = {row.path: row for row in network.summary.rows}
    inside = [path for path in rows if path.rpartition(".")[0] == stage]
    second = rows[inside[1]]  # the first has the stride, this one keeps its map
    planes = str(network.config.widths[2])
    size = "x".join(map(str, rows[stage].output_shape))
    args = ("--input", size, "--channels", planes)
    alone = invoke("block", "--preset", name, "--no-run", "--format", "json", *args)
    layers = [layer for layer in json.loads(alone.stdout)["layers"] if layer["leaf"]]
    assert sum(layer["params"] for layer in layers) == second.params
    assert sum(layer["macs"] for layer in layers) == second.macs
    assert "zero-padded" not in invoke("block", "--preset", name, "--no-run", *args).stdout


def test_the_shortcut_follows_the_main_path_however_a_library_registers_it(invoke):
    shown = invoke("block", "--preset", "resnetv2_50", "--no-run").stdout
    assert "zero-padded" not in shown
    assert shown.index("block.conv3") < shown.index("block.downsample.conv") < shown.index("= sum")


@pytest.mark.parametrize("kind", ["plain", "csv", "markdown", "table"])
def test_every_format_lists_the_modules_of_both_branches(invoke, kind):
    result = invoke("block", *KINDS["projection"][0], "--no-run", "--format", kind)
    assert (result.code, result.stderr) == (0, "")
    # Three convolutions in the block, the shortcut's among them.
    assert result.stdout.count("Conv2d") == 3


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--channels", "2,3"], "--channels: 2,3 names 2 widths; a block has one"),
        (["--stride", "0"], "--stride: '0' is not a stride: give 1 or more"),
        (["--input", "5"], "--input: '5' has 1 dimension; an input has four"),
        (["--stride", "two"], "--stride: 'two' is not a whole number"),
        (["--groups", "2"], "--groups: 2 needs --block bottleneck"),
        (["--channels", "0"], "--channels: 0 (in 0) is not a positive number"),
        (["--shortcut", "nome"], "--shortcut: 'nome' is not one of projection, pad, none"),
        (
            ["--channels", "2", "--shortcut", "pad"],
            "--shortcut: pad adds zero channels and cannot go from 64 to 2",
        ),
    ],
)
def test_a_wrong_request_names_the_flag(invoke, flags, says):
    result = invoke("block", *flags)
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"resnet-shapes: {says}")


def test_only_a_block_takes_no_shortcut(invoke):
    assert invoke("--shortcut", "none").code == 2


def test_a_variable_for_whole_networks_is_passed_over(invoke, monkeypatch):
    monkeypatch.setenv("RESNET_SHAPES_CHANNELS", "8,16")
    assert "1x64x56x56" in invoke("block", "--no-run").stdout


def test_a_presets_kind_of_block_is_taken_and_its_input_is_not(invoke):
    result = invoke("block", "--preset", "resnet50", "--no-run", "--format", "json")
    document = json.loads(result.stdout)
    assert document["input_shape"] == [1, 64, 56, 56]
    assert document["config"]["block"] == "bottleneck"


def test_bars_show_shares_of_params_and_macs(invoke):
    lines = invoke("--no-run", "--bars", "--columns", "path,params_percent").stdout.splitlines()
    assert lines[2].split() == ["Path", "Params", "%", "Params", "share", "MACs", "share"]
    bars = {line.split()[0]: line for line in lines[4:9]}
    # 75.1 % of the params in twelve cells are nine.
    assert "█" * 9 + " " in bars["4"]


def test_bars_are_ascii_where_the_screen_is(invoke, monkeypatch):
    monkeypatch.setattr("resnet_cli.cli.screen._is_ascii", lambda stream: True)
    result = invoke("--no-run", "--bars")
    assert result.stdout.isascii()
    assert "#########" in result.stdout


@pytest.mark.parametrize(
    ("percent", "shown", "in_ascii"),
    [(0, "", ""), (100, "█" * 12, "#" * 12), (50, "█" * 6, "#" * 6), (75.1, "█" * 9, "#" * 9)]
    + [
        (100 * (8 + n) / 96, "█" + eighths, "#" * (2 if n > 4 else 1))
        for n, eighths in ((1, "▏"), (3, "▍"), (5, "▋"), (7, "▉"))
    ],
)
def test_a_bars_length_is_its_share(percent, shown, in_ascii):
    assert bar(percent, Look()) == shown
    assert bar(percent, Look(ascii=True)) == in_ascii
