"""What `inspect` returns goes through JSON and pickle, and two of them differ as `check` says."""

import json
import pickle

import pytest
import torch
from torch import nn

import resnet_cli
import resnet_cli.show.result
from resnet_cli import Result, diff, inspect
from tests import modules
from tests.cli.test_schemas import validator

EXAMPLES = {
    "chain": (modules.chain(), ["2x3x32x32"]),
    "branches": (modules.Branches(), ["1x4x8x8"]),
    "batch": (modules.Batched(), ["{image: 1x3x8x8, ids: 1x16:int64}"]),
    "list": (modules.Detector(), ["[3x8x8, 3x9x9]"]),
    "not run": (modules.chain(), []),
    "tied": (modules.Tied(), []),
    "fails": (nn.Sequential(nn.Sequential(nn.ReLU(), nn.Linear(3, 2)), nn.ReLU()), ["1x4"]),
    "half": (nn.Conv2d(3, 4, 3).to(torch.bfloat16), ["1x3x8x8:bfloat16"]),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_result_is_itself_again(name):
    module, inputs = EXAMPLES[name]
    result = inspect(module, *inputs)
    validator("../resnet-shapes.schema").validate(result.to_dict())
    read = Result.from_json(result.to_json())
    copy = pickle.loads(pickle.dumps(result))  # noqa: S301 - ours
    assert read == copy == result == inspect(module, *inputs)
    assert read.to_dict() == result.to_dict()
    for row, was in zip(read.layers, result.layers, strict=True):
        assert row.activation_bytes is None
        assert row == was._replace(activation_bytes=None)
    assert (read.totals, str(read), repr(read)) == (result.totals, str(result), repr(result))
    assert (read.graph, copy.graph) == (None, result.graph)
    assert not diff(result, copy)
    assert not diff(read, result)
    assert not diff(result, read)


@pytest.mark.parametrize(
    "args",
    [
        ("chain", "--input", "2x3x32x32"),
        ("chain", "--input", "Nx3xHxW"),
        ("Branches", "--input", "1x4x8x8", "--train", "adam"),
        ("Branches", "--no-run"),
        ("Branches", "--input", "1x4x8x8", "--depth", "operations"),
    ],
    ids=" ".join,
)
def test_a_document_of_the_command_line_is_read_as_it_stands(invoke, args):
    target, *flags = args
    module = ("--module", f"{modules.__file__}:{target}")
    text = invoke(*module, *flags, "--format", "json").stdout
    assert Result.from_json(text).to_dict() == json.loads(text)


def test_a_difference_says_what_changed_and_what_follows():
    old, new = (
        inspect(nn.Sequential(nn.Conv2d(3, 8, 3, dilation=d), nn.Flatten()), "1x3x9x9")
        for d in (1, 2)
    )
    assert str(diff(old, new)).splitlines() == [
        "~ 0: dilation 1x1 → 2x2",
        "    1 operation behind it: other shapes or counts",
        "~ total: macs 10,584 → 5,400 (-49.0%)",
    ]
    read = Result.from_json(old.to_json())
    assert str(diff(read, new)).splitlines()[0] == "~ 0: output_shape 1x8x7x7 → 1x8x5x5, macs " + (
        "10,584 → 5,400"
    )


def test_one_line_says_that_a_run_failed():
    module, inputs = EXAMPLES["fails"]
    assert "float32: failed, " in repr(inspect(module, *inputs))
    assert "failed" not in repr(inspect(modules.chain(), "2x3x32x32"))


def test_a_shape_with_names_is_a_value_error():
    with pytest.raises(ValueError, match="'Nx3x8x8' has names in it, and a run needs numbers"):
        inspect(modules.chain(), "Nx3x8x8")
    with pytest.raises(ValueError, match="at: is for predictions"):
        inspect(modules.chain(), "1x3x8x8").at(N=2)


def test_the_package_says_where_its_class_is():
    assert resnet_cli.Result is resnet_cli.show.result.Result
