"""Inputs as people have them: by name, nested, and what is no tensor at all."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from resnet_cli.parse import Input
from resnet_cli.pytorch.inputs import Keyed, Named, Several, leaves, parse, written
from tests import modules
from tests.modules import inspect

IDS = torch.zeros(1, 16, dtype=torch.int64)


def target(attribute):
    return f"{modules.__file__}:{attribute}"


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("1x16:int64", Input((1, 16), "int64")),
        ("scalar:bool", Input((), "bool")),
        ("mask=1x16:bool", Named("mask", Input((1, 16), "bool"))),
        (
            "[3x480x640, 3x320x320]",
            Several((Input((3, 480, 640)), Input((3, 320, 320)))),
        ),
        ("(1x2, [3],)", Several((Input((1, 2)), Several((Input((3,)),))), is_tuple=True)),
        (
            "batch={image: 1x3x8x8, 'ids': 1x5:int64}",
            Named(
                "batch", Keyed((("image", Input((1, 3, 8, 8))), ("ids", Input((1, 5), "int64"))))
            ),
        ),
        ("[]", Several(())),
    ],
)
def test_an_input_is_a_shape_or_several_and_may_have_a_name(text, given):
    assert parse(text) == given
    assert parse(str(given)) == given


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1x2", "1x2"),
        ([1, 2], "1x2"),
        (["3x4", [5, 6]], "[3x4, 5x6]"),
        ({"image": "1x3x8x8", "ids": [1, 5]}, "{image: 1x3x8x8, ids: 1x5}"),
    ],
)
def test_a_file_may_say_it_with_its_own_lists_and_tables(value, text):
    assert written(value) == text
    assert list(leaves(parse(value))) == list(leaves(parse(text)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1x2", r"'\[1x2' is not an input, as in .*mask=1x16:bool"),
        ("[1x2]]", "is not an input"),
        ("[1x2)", "is not an input"),
        ("{a}", "'a' has no value"),
        ("{a: 1x2:int6}", "did you mean 'int64'"),
        ("[" * 5000, "nested more than 6 deep"),
        ("[1x2 3x4]", "is not of the form NxCxHxW"),
        ("mask=", "is empty"),
        ("a=1=2", "is not of the form"),
    ],
)
def test_what_is_no_input_is_refused_with_what_would_be_right(text, message):
    with pytest.raises(ValueError, match=message):
        parse(text)


@pytest.mark.parametrize(
    ("inputs", "named", "texts"),
    [
        ((), {"ids": IDS}, ("ids=1x16:int64",)),
        ((IDS,), {"mask": "1x16:bool"}, ("1x16:int64", "mask=1x16:bool")),
        ((IDS,), {"mask": (1, 16)}, ("1x16:int64", "mask=1x16")),
        (
            (),
            {"ids": "1x16:int64", "how": "a cat", "sizes": [1, 2]},
            ("ids=1x16:int64", "how='a cat'", "sizes=[1, 2]"),
        ),
        ((IDS, None, "cat"), {}, ("1x16:int64", "None", "'cat'")),
    ],
)
def test_inputs_by_name_and_what_is_no_tensor_reach_forward(inputs, named, texts):
    summary = inspect(modules.Tokens(), *inputs, **named)
    assert (summary.error, summary.inputs) == (None, texts)
    assert summary.output_shape == (1, 16, 2)


def test_a_detector_takes_a_list_and_targets():
    images = [torch.zeros(3, 8, 8), torch.zeros(3, 9, 9)]
    summary = inspect(modules.Detector(), images, [{"boxes": torch.zeros(1, 4)}] * 2)
    assert summary.inputs == ("[3x8x8, 3x9x9]", "[{boxes: 1x4}, {boxes: 1x4}]")
    assert summary.output_tree == ["1x4x6x6", "1x4x7x7"]


def test_a_batch_may_be_a_dictionary():
    summary = inspect(modules.Batched(), {"image": torch.zeros(1, 3, 8, 8), "ids": IDS})
    assert summary.inputs == ("{image: 1x3x8x8, ids: 1x16:int64}",)
    assert summary.output_tree == ["1x4x6x6", "1x16x4"]


def test_what_is_meant_as_a_shape_is_taken_or_refused_as_one():
    assert inspect(nn.ReLU(), "1, 3, 8, 8").output_shape == (1, 3, 8, 8)
    with pytest.raises(ValueError, match="is no element type"):
        inspect(nn.ReLU(), "1x3x8x8:int6")


def test_a_name_that_forward_has_not_is_said_with_those_it_has():
    error = inspect(modules.Tokens(), IDS, msk="1x16").error
    assert "got an unexpected keyword argument 'msk'; forward(ids, mask, how, sizes): give" in error
    assert "or by name=" in error


def document(invoke, *args):
    result = invoke(*args, "--format", "json")
    assert result.code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("attribute", "inputs"),
    [
        ("Tokens", ["1x16:int64", "mask=1x16:bool"]),
        ("Tokens", ["mask=1x16:bool", "ids=1x16:int64"]),
        ("Detector", ["[3x48x64, 3x32x32]"]),
        ("Batched", ["{image: 1x3x8x8, ids: 1x5:int64}"]),
        ("Batched", ["batch={image: 1x3x8x8, ids: 1x5:int64}"]),
    ],
)
def test_the_flag_and_json_say_inputs_in_one_form(invoke, attribute, inputs):
    flags = [word for one in inputs for word in ("--input", one)]
    found = document(invoke, "--module", target(attribute), *flags)
    assert found["inputs"] == found["config"]["input"] == inputs
    again = [word for one in found["inputs"] for word in ("--input", one)]
    assert document(invoke, "--module", target(attribute), *again)["layers"] == found["layers"]


@pytest.mark.parametrize(
    ("attribute", "value", "inputs"),
    [
        (
            "Tokens",
            '{ ids = "1x16:int64", mask = [1, 16] }',
            ["ids=1x16:int64", "mask=1x16"],
        ),
        ("Tokens", '["1x16:int64", "mask=1x16:bool"]', ["1x16:int64", "mask=1x16:bool"]),
        ("Detector", '[["3x48x64", [3, 32, 32]]]', ["[3x48x64, 3x32x32]"]),
        ("Detector", '"[3x48x64, 3x32x32]"', ["[3x48x64, 3x32x32]"]),
        (
            "Batched",
            '[{ image = "1x3x8x8", ids = "1x5:int64" }]',
            ["{image: 1x3x8x8, ids: 1x5:int64}"],
        ),
        ("ReLU", "[1, 3, 8, 8]", ["1x3x8x8"]),
    ],
)
def test_a_file_says_inputs_as_the_flag_does(invoke, attribute, value, inputs):
    module = "torch.nn:ReLU" if attribute == "ReLU" else target(attribute)
    Path("pyproject.toml").write_text(
        f"[tool.resnet-shapes.networks.mine]\nmodule = '{module}'\ninput = {value}\n"
    )
    assert document(invoke, "--network", "mine")["inputs"] == inputs


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--input", "a=1x3x8x8"), "--input: a=1x3x8x8 is named or nested, which is for --module"),
        (("--module", "a:b", "--input", "a=1", "--input", "a=2"), "--input: a is given 2 times"),
        (("lock", "--module", "a:b", "--input", "[Nx3]"), "--input: has names in it"),
    ],
)
def test_inputs_that_cannot_be_are_refused(invoke, args, message):
    result = invoke(*args)
    assert (result.code, result.stdout) == (2, "")
    assert message in result.stderr


def test_inspect_takes_nested_shapes_as_text():
    found = inspect(modules.Batched(), "{image: 1x3x8x8, ids: 1x5:int64}")
    assert found.error is None
    assert [row.output_shape for row in found.rows] == [(1, 4, 6, 6), (1, 5, 4)]
    found = inspect(modules.Detector(), "[3x8x9, 3x5x5]")
    assert found.error is None
    assert found.rows[0].macs == 4 * 27 * (6 * 7 + 3 * 3)


@pytest.mark.parametrize("text", ["[a cat]", "(x)", "{not: shapes}", "[]", "{image: 1x3x8x8"])
def test_a_text_in_brackets_that_is_no_shape_goes_in_as_it_is(text):
    class Says(nn.Module):
        def forward(self, words):
            assert words == text
            return torch.zeros(1, 2)

    assert inspect(Says(), text).error is None
