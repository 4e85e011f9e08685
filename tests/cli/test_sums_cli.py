"""`--by` and `--count-like`: sums by type and stage, and other tools' totals, in every format."""

import csv
import json
from pathlib import Path

import jsonschema
import pytest

import resnet_cli
from resnet_cli.analysis.tools import Tool

SMALL = ("--input", "1x1x32x32", "--channels", "8,16", "--blocks", "1,1", "--no-run")
SCHEMA = json.loads(
    (Path(resnet_cli.__file__).parent / "resnet-shapes.schema.json").read_text("utf-8")
)


def document(result):
    """Return a run's JSON, which the schema describes."""
    assert result.code == 0, result.stderr
    found = json.loads(result.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    return found


@pytest.mark.parametrize("by", ["type", "stage"])
@pytest.mark.parametrize("train", [(), ("--train", "adamw")])
def test_every_format_has_the_same_groups(invoke, by, train):
    args = (*SMALL, *train, "--by", by)
    groups = document(invoke(*args, "--format", "json"))["groups"]
    rows = list(csv.DictReader(invoke(*args, "--format", "csv").stdout.splitlines()))
    assert [row[by] for row in rows] == [group[by] for group in groups]
    for key in ("layers", "params", "macs", *(["saved_bytes"] if train else [])):
        assert [int(row[key]) for row in rows] == [group[key] for group in groups]
    for kind in ("table", "plain", "markdown"):
        text = invoke(*args, "--format", kind).stdout
        for group in groups:
            assert group[by] in text
            assert f"{group['macs']:,}" in text or str(group["macs"]) in text


def test_groups_stand_where_layers_do(invoke):
    result = invoke(*SMALL, "--by", "type")
    assert result.stdout.splitlines()[2:5:2] == [
        "Type               Layers  Params  Params %     MACs  MACs %",
        "Conv2d                  6   5,200     94.9%  231,424   99.9%",
    ]
    whole = document(invoke(*SMALL, "--depth", "1", "--by", "type", "--format", "json"))
    assert [layer["depth"] for layer in whole["layers"]] == [1] * 6
    assert sum(group["macs"] for group in whole["groups"]) == whole["totals"]["macs"]


def test_groups_of_an_input_with_names_are_formulas(invoke):
    args = ("--input", "Nx1xHxW", "--channels", "8", "--blocks", "1", "--no-run", "--by", "stage")
    group = document(invoke(*args, "--format", "json"))["groups"][0]
    assert (group["stage"], group["macs_percent"]) == ("stem", None)
    assert group["macs"] == "392*N*ceil(H/2)*ceil(W/2)"
    table = invoke(*args, "--at", "N=1,H=8,W=8").stdout
    assert "392·N·⌈H/2⌉·⌈W/2⌉" in table
    assert "6,272" in table


def test_sums_have_their_own_columns(invoke, tmp_path):
    result = invoke(*SMALL, "--by", "type", "--columns", "path")
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr == (
        "resnet-shapes: --by: sums have columns of their own; leave --columns out\n"
    )
    (tmp_path / "a.toml").write_text('columns = "path"')
    assert invoke("--config", "a.toml", *SMALL, "--by", "type").code == 0


def test_other_tools_counts_stand_below_the_table_and_in_the_document(invoke):
    result = invoke(*SMALL, "--count-like", "thop,torch")
    assert result.code == 0
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["torch", "FLOPs", "463,168", "2", "M"] in lines
    found = document(invoke(*SMALL, "--count-like", "all", "--format", "json"))["count_like"]
    assert [count["tool"] for count in found] == [*Tool]
    assert found[0] == {
        "tool": "torch",
        "counts": "FLOPs",
        "total": 463_168,
        "formula": "2 M",
        "no_rule": [],
    }
    text = invoke(*SMALL, "--count-like", "all", "--format", "markdown").stdout
    assert "| torch | FLOPs | 463,168 | 2 M |" in text


@pytest.mark.parametrize("kind", ["csv", "plain"])
def test_other_tools_counts_have_no_place_in_lines_of_layers(invoke, monkeypatch, kind):
    result = invoke(*SMALL, "--count-like", "thop", "--format", kind)
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr == (
        f"resnet-shapes: --count-like: has no place in {kind}; 'compare --count-like' writes CSV\n"
    )
    monkeypatch.setenv("RESNET_SHAPES_COUNT_LIKE", "thop")
    assert invoke(*SMALL, "--format", kind).code == 0


def test_compare_has_them_in_a_row(invoke):
    args = ("compare", "--count-like", "all", "d2l-resnet18")
    (entry,) = json.loads(invoke(*args, "--format", "json").stdout)["networks"]
    assert entry["like_ptflops"] == 1_746_757_130
    (row,) = csv.DictReader(invoke(*args, "--format", "csv").stdout.splitlines())
    assert int(row["like_ptflops_aten"]) == 1_737_374_218
    assert row["like_thop_ratio"] == "1.0000"
    text = invoke(*args).stdout
    assert "thop MACs" in text
    assert "1,744,148,480" in text


def test_what_was_not_established_is_named_for_modules(invoke):
    module = ("--module", "torch.nn:GELU", "--input", "1x3x8x8")
    table = invoke(*module, "--count-like", "fvcore").stdout
    assert "no rule for GELU" in table
    other = invoke(
        "compare", "d2l-resnet18", "torch.nn:GELU --input 1x3x8x8", "--count-like", "all"
    )
    assert other.code == 0
    assert "of GELU is not known." in other.stdout
    unrun = document(invoke(*module, "--no-run", "--count-like", "thop", "--format", "json"))
    assert unrun["count_like"][0]["total"] is None
