"""The machine formats: exact, complete, and described by the schema that ships."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError

import resnet_cli
from resnet_cli import __version__
from resnet_cli.analysis.network import predict
from resnet_cli.analysis.operations import detailed
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.modes import DType
from resnet_cli.family.presets import NAMES, preset
from resnet_cli.show import columns, formats, seen
from resnet_cli.show.latex_table import summary_to_latex
from tests.strategies import configs

SEED = Path(__file__).parents[1] / "seed"
SCHEMA = json.loads(
    (Path(resnet_cli.__file__).parent / "resnet-shapes.schema.json").read_text("utf-8")
)
VALIDATOR = Draft202012Validator(SCHEMA)
NETWORK = predict(ResNetConfig())


def document(network, forward=None, depth=99):
    """Return a network's JSON document, validated."""
    text = formats.to_json(network.summary, network.config.to_dict(), forward, depth)
    parsed = json.loads(text)
    VALIDATOR.validate(parsed)
    return parsed


def test_plain_is_what_the_notebook_printed():
    assert formats.to_plain(NETWORK.summary, 1) == (SEED / "shapes.txt").read_text()


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


@settings(max_examples=50)  # the validator takes its time
@given(configs(dtypes=tuple(DType)), st.integers(1, 6))
def test_every_document_is_valid_and_has_the_summarys_figures(config, depth):
    summary = predict(config).summary
    found = document(predict(config), depth=depth)
    assert found["totals"] == summary.totals()
    assert found["config"] == json.loads(json.dumps(config.to_dict()))
    assert [layer["path"] for layer in found["layers"]] == [
        row.path for row in summary.at_depth(depth)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_presets_document_is_valid(name):
    document(predict(preset(name).config), depth=2)


def test_the_document_of_operations_is_valid():
    summary = detailed(NETWORK.graph, NETWORK.summary)
    found = document(NETWORK._replace(summary=summary))
    added = next(row for row in found["layers"] if row["path"] == "1.0.add()")
    assert added["takes_from"] == ["1.0.bn2", "0.3"]


def test_a_layer_has_all_its_fields_under_their_names():
    found = document(NETWORK)
    assert list(found) == SCHEMA["required"]
    assert found["tool"] == {"name": "resnet-shapes", "version": __version__}
    assert found["input_shape"] == [1, 1, 224, 224]
    assert found["output_shape"] == [1, 10]
    assert found["layers"][1] == {
        "path": "0.0",
        "depth": 2,
        "leaf": True,
        "role": "stem",
        "type": "Conv2d",
        "input_shape": [1, 1, 224, 224],
        "output_shape": [1, 64, 112, 112],
        "params": 3_200,
        "buffers": 0,
        "macs": 39_337_984,
        "flops": 78_675_968,
        "output_bytes": 3_211_264,
        "receptive_field": 7,
        "stride": 2,
        "window": {"kernel": 7, "stride": 2, "padding": 3},
    }
    assert found["layers"][-1]["receptive_field"] is None
    assert found["forward"] is None


@pytest.mark.parametrize(
    "forward",
    [
        {"error": "PyTorch could not be imported"},
        {
            "torch": "2.13.0",
            "device": "cpu",
            "modules": 68,
            "agrees": False,
            "measured": False,
            "difference": {
                "path": "1.0.conv1",
                "what": "output shape",
                "predicted": "1x64x57x56",
                "actual": "1x64x56x56",
            },
            "seconds": 0.1,
        },
    ],
)
def test_whatever_pytorch_said_is_valid(forward):
    assert document(NETWORK, forward)["forward"] == forward


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.update(extra=1),
        lambda d: d.pop("totals"),
        lambda d: d["layers"][0].update(params=-1),
        lambda d: d["layers"][0].update(params=1.5),
        lambda d: d["layers"][0].pop("stride"),
        lambda d: d["config"].update(block="botleneck"),
        lambda d: d["config"].pop("dtype"),
        lambda d: d.update(forward={"torch": "2.13.0", "error": "both"}),
    ],
)
def test_the_schema_refuses_what_is_wrong(spoil):
    found = document(NETWORK)
    spoil(found)
    with pytest.raises(ValidationError):
        VALIDATOR.validate(found)


def test_a_dimension_may_be_an_expression():
    found = document(NETWORK)
    found["layers"][0]["output_shape"] = ["N", 64, "H//4", "W//4"]
    found["totals"]["macs"] = "N*H*W"
    VALIDATOR.validate(found)


@given(configs(), st.integers(1, 6))
def test_csv_has_a_header_and_a_line_a_layer(config, depth):
    summary = predict(config).summary
    text = formats.to_csv(summary, columns.pick(columns.COLUMNS), depth)
    lines = list(csv.DictReader(StringIO(text)))
    rows = summary.at_depth(depth)
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert list(line) == list(columns.COLUMNS)
        assert line["path"] == row.path
        assert int(line["params"]) == row.params
        assert line["output_shape"] == "x".join(map(str, row.output_shape))
        assert line["receptive_field"] == str(row.receptive_field or "")


def test_markdown_is_a_table_with_its_total():
    picked = columns.pick(("path", "type", "output_shape", "params"))
    lines = formats.to_markdown(NETWORK.summary, picked, 1).splitlines()
    assert lines[:3] == [
        "| Path | Type | Output shape | Params |",
        "| --- | --- | --- | ---: |",
        "| 0 | Sequential | 1x64x56x56 | 3,328 |",
    ]
    assert lines[-1] == "| **Total** |  |  | **11,178,378** |"


def test_markdown_keeps_the_sum_of_a_first_column():
    text = formats.to_markdown(NETWORK.summary, columns.pick(("params", "path")), 1)
    assert text.splitlines()[-1] == "| **11,178,378** |  |"


@given(st.text())
def test_no_text_ends_its_cell(text):
    _, _, line, *rest = formats.markdown_table(["A"], [[text]], [False]).splitlines()
    assert not rest
    assert line.startswith("| ")
    assert line.endswith(" |")
    inside = line[2:-2].replace("\\\\", "").replace("\\|", "")
    assert "|" not in inside
    assert "<" not in inside


def test_records_are_written_in_every_machine_format():
    rows = [{"name": "a|b", "params": 1000}, {"name": "c", "params": 2}]
    heads = ["Name", "Params"]
    assert formats.records("csv", "nets", heads, rows) == "name,params\na|b,1000\nc,2\n"
    assert formats.records("markdown", "nets", heads, rows) == (
        "| Name | Params |\n| --- | ---: |\n| a\\|b | 1,000 |\n| c | 2 |\n"
    )
    assert json.loads(formats.records("json", "nets", heads, rows))["nets"] == rows


def test_a_document_without_rows_is_json():
    assert json.loads(formats.json_text({"a": 1}, "rows", [], {})) == {"a": 1, "rows": []}


def test_a_field_in_markdown_and_latex_says_global_and_that_it_is_larger():
    summary = predict(preset("resnet50").config).summary  # 224 pixels a side
    picked = columns.pick(["path", "receptive_field"])
    shown = formats.to_markdown(summary, picked, 1)
    assert r"| layer3 | 267\* |" in shown
    assert "| avgpool | global |" in shown
    assert shown.endswith(f"\n\\{seen.FIELD_NOTE}\n")
    paper = summary_to_latex(summary, picked, 1, folded=True)
    assert "layer3 & 267* \\\\" in paper
    assert "avgpool & global \\\\" in paper
    assert seen.FIELD_NOTE in paper
    small = predict(preset("resnet20_cifar10").config).summary
    assert seen.FIELD_NOTE not in formats.to_markdown(small, columns.pick(["path"]), 1)
