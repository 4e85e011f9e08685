"""Names in the input, as a user meets them."""

import csv
import io
import json
import math

import pytest
from hypothesis import HealthCheck, given, settings

from resnet_cli import parse
from resnet_cli.analysis import points
from resnet_cli.analysis.network import predict
from resnet_cli.family.config import ResNetConfig
from tests.graph.test_dims import networks
from tests.show.test_formats import VALIDATOR

NAMED = ("--preset", "resnet18", "--input", "Nx3xHxW", "--no-run")
AT = ("--at", "N=8,H=512,W=511")


def test_the_table_shows_closed_forms(invoke):
    result = invoke(*NAMED)
    assert result.code == 0
    assert "Nx64x⌈H/4⌉x⌈W/4⌉" in result.stdout
    assert "8,388,608·N·⌈H/32⌉·⌈W/32⌉" in result.stdout
    assert "N·(9,408·⌈H/2⌉·⌈W/2⌉ + 147,456·⌈H/4⌉·⌈W/4⌉" in result.stdout
    assert "%" not in result.stdout
    assert "Peak" not in result.stdout


def test_sizes_are_evaluated_beside_the_formulas(invoke):
    result = invoke(*NAMED, *AT, "--at", "N=1,H=224,W=224")
    assert "Output shape at N=8,H=512,W=511" in result.stdout
    assert "8x512x16x16" in result.stdout
    assert "1,814,073,344" in result.stdout
    assert "MACs % at N=1,H=224,W=224" in result.stdout
    assert "Peak" in result.stdout


def test_an_ascii_terminal_gets_ascii_formulas(invoke, monkeypatch):
    monkeypatch.setattr("resnet_cli.cli.screen._is_ascii", lambda stream: True)
    for kind in ("table", "markdown"):
        result = invoke(*NAMED, *AT, "--format", kind)
        assert result.stdout.isascii()
        assert "Nx512xceil(H/32)xceil(W/32)" in result.stdout


def test_a_narrow_terminal_loses_no_digit_of_a_formula(invoke, monkeypatch):
    monkeypatch.setattr("resnet_cli.cli.screen._width", lambda stream: 80)
    lines = invoke(*NAMED, *AT).stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert any("N=8,H=512,W=511" in line for line in lines)


def test_json_writes_formulas_as_strings_that_evaluate(invoke):
    document = json.loads(invoke(*NAMED, *AT, "--format", "json").stdout)
    assert document["schema_version"] == 1
    assert document["input_shape"] == ["N", 3, "H", "W"]
    assert document["totals"]["peak_bytes"] is None
    (point,) = document["at"]
    assert point["sizes"] == {"N": 8, "H": 512, "W": 511}
    names = {"ceil": math.ceil, "floor": math.floor, **point["sizes"]}
    for formulas, numbers in zip(document["layers"], point["layers"], strict=True):
        for key in ("macs", "flops", "output_bytes"):
            assert eval(str(formulas[key]), names) == numbers[key]  # noqa: S307 - our own output
    assert point["totals"]["peak_bytes"] == 8 * 64 * 256 * 256 * 4 * 2


def test_the_schema_describes_formulas_sizes_and_the_proof_at_sizes(invoke):
    named = ("--input", "Nx1xHxW", "--channels", "4,4", "--blocks", "1,1", "--format", "json")
    for more in (("--no-run", "--at", "N=8,H=512,W=511"), ()):
        VALIDATOR.validate(json.loads(invoke(*named, *more).stdout))


def test_csv_has_a_column_a_size(invoke):
    rows = [*csv.DictReader(io.StringIO(invoke(*NAMED, *AT, "--format", "csv").stdout))]
    assert rows[0]["output_shape"] == "Nx64xceil(H/2)xceil(W/2)"
    assert rows[0]["output_shape@N=8,H=512,W=511"] == "8x64x256x256"
    assert rows[0]["macs"] == "9408*N*ceil(H/2)*ceil(W/2)"
    assert int(rows[0]["macs@N=8,H=512,W=511"]) == 9408 * 8 * 256 * 256


def test_plain_prints_torchs_line_with_formulas(invoke):
    line = invoke(*NAMED, "--format", "plain").stdout.splitlines()[7]
    assert line == "Sequential output shape:\t torch.Size([N, 512, ceil(H/32), ceil(W/32)])"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--input", "NxCxHxW"], "--input: C (channels of NxCxHxW) is no number"),
        (["--input", "Nx3xHx0"], "--input: 0 (width of Nx3xHx0) is not a positive number"),
        (["--input", "Nx3xH!xW"], "--input: 'Nx3xH!xW' is not of the form NxCxHxW"),
        (["--at", "N=8"], "--at: N=8: the input has no names"),
        ([*NAMED, "--at", "N=8"], "--at: N=8 says nothing for H and W"),
        ([*NAMED, "--at", "N=8,H=1,W=1,K=1"], "--at: N=8,H=1,W=1,K=1: the input has no K"),
        ([*NAMED, "--at", "N=8,N=9"], "--at: 'N=8,N=9' gives a name twice"),
        ([*NAMED, "--at", "N=8,H=0,W=1"], "--at: 0 (height of 8x3x0x1) is not a positive number"),
        ([*NAMED, "--at", "8"], "--at: '8' is not sizes for the input's names"),
        (["lock", *NAMED], "--input: 'Nx3xHxW' has names in it"),
    ],
)
def test_a_wrong_name_or_size_is_refused_in_one_line(invoke, args, message):
    result = invoke(*args)
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"resnet-shapes: {message}")
    assert result.stderr.count("\n") == 1


def test_sizes_that_break_a_presets_condition_are_refused_with_the_layer(invoke):
    args = ("--no-run", "--preset", "resnetaa50", "--input", "Nx3xHxW", "--at")
    assert invoke(*args, "N=1,H=97,W=97").code == 0
    refused = invoke(*args, "N=1,H=97,W=131")
    assert (refused.code, refused.stdout) == (2, "")
    said = "resnet-shapes: --at: N=1,H=97,W=131: layer layer2.0 (add, given 1x512x12x16 and"
    assert refused.stderr.startswith(said)


def test_check_holds_formulas_against_formulas(invoke):
    named = ("check", "--preset", "resnet18", "--input", "Bx3xHxW", "--no-run")
    holds = invoke(
        *named, "--expect-output", "Bx1000", "--expect", "layer4=?x512xceil(H/32)xceil(W/32)"
    )
    assert holds.code == 0
    assert invoke(*named, "--expect", "layer4=?x512xceil(H/16)xceil(W/32)").code == 1
    assert invoke(*named, "--expect", "layer4=?x512x7x7").code == 1
    budget = invoke(*named, "--max-macs", "2G")
    assert budget.code == 2
    assert "--max-macs: macs is a formula where the input has names" in budget.stderr


def test_the_proof_runs_at_sizes_that_tell_roundings_apart(invoke):
    result = invoke("--input", "Nx1xHxW", "--channels", "4,4", "--blocks", "1,1")
    assert result.code == 0
    assert " agree at N=1,H=17,W=16 and at N=2,H=16,W=17 (PyTorch" in result.stderr


def test_a_wrong_formula_is_not_proved(invoke, monkeypatch):
    from resnet_cli.graph.kinds import Window

    def rounded_down(self, sizes):
        return tuple(size // stride for size, stride in zip(sizes, self.stride, strict=True))

    monkeypatch.setattr(Window, "slide", rounded_down)
    result = invoke("--input", "1x1xHxW", "--channels", "4,4", "--blocks", "1,1")
    assert result.code == 1
    assert "NOT proved: layer 0.0: output shape 1x4x8x8 predicted, 1x4x8x9 in" in result.stderr
    assert "at H=16,W=17" in result.stderr


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks())
def test_formulas_evaluate_to_what_pytorch_computes(config):
    from resnet_cli.graph.graph import at
    from resnet_cli.pytorch.forward import prove

    network = predict(config._replace(input=parse.shape("Nx3xHxW")))
    strides = [row.stride for row in network.summary.rows]
    for sizes in points.separating(network.summary.input_shape, strides):
        graph = at(network.graph, sizes)
        assert prove(graph, network.summary.at(sizes), "cpu").difference is None


def test_separating_sizes_leave_numbers_alone():
    config = ResNetConfig(input=parse.shape("2x1xHx32"))
    assert points.separating(config.input, [4, None, 8]) == ({"H": 16}, {"H": 17})
