"""The Python API: results that compare, show and write themselves, without PyTorch."""

import doctest
import json
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings

import resnet_cli
from resnet_cli import Result, diff, predict
from resnet_cli.analysis.network import predict as predicted
from resnet_cli.analysis.operations import detailed
from resnet_cli.errors import ConfigError, SymbolError
from resnet_cli.family.config import DEFAULTS, FIELDS, ResNetConfig
from resnet_cli.family.presets import NAMES, preset
from tests.strategies import configs


def imported(code):
    """Return the modules that Python has in the end, and had not when it started."""
    code = f"import sys; before = {{*sys.modules}}; {code}; print(*{{*sys.modules}} - before)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return {*done.stdout.split()}


ROOT = resnet_cli.__path__[0] + "/.."


LINE = "w0=24,wa=36,wm=2.5,depth=13,group-size=8"


def copied(result):
    return pickle.loads(pickle.dumps(result))  # noqa: S301 - ours


def test_importing_the_package_imports_nothing_else():
    assert imported("import resnet_cli") == {"resnet_cli", "resnet_cli.version"}


def test_a_prediction_needs_neither_torch_nor_click_nor_rich():
    code = "import resnet_cli as r; r.Result.from_json(r.predict('resnet18').to_json())"
    assert not imported(code) & {"torch", "click", "rich", "matplotlib", "psutil"}


def test_a_table_imports_rich():
    """The test above can fail."""
    assert "rich" in imported("import resnet_cli as r; str(r.predict())")


def test_what_is_not_there_is_said():
    with pytest.raises(AttributeError, match="'resnet_cli' has no attribute 'predictt'"):
        resnet_cli.predictt  # noqa: B018


def test_a_network_is_predicted_by_name_input_and_fields():
    result = predict("resnet50", "1x3x224x224", classes=7)
    assert result["layer2.0.conv1"].output_shape == (1, 128, 56, 56)
    assert result["stage 2"].output_shape == (1, 512, 28, 28)
    assert result.output_shape == (1, 7)
    assert result.totals["params"] == 25_557_032 - 993 * 2049
    assert result.name == "resnet50, 7 classes"
    assert "fc" in result
    assert "fcc" not in result
    assert [layer.path for layer in result] == [layer.path for layer in result.layers]


def test_without_a_name_it_is_the_notebooks():
    assert predict() == predict("d2l-resnet18") == predict(input=(1, 1, 224, 224))


@settings(max_examples=30)
@given(configs())
def test_a_documents_configuration_and_text_are_the_same_network_again(config):
    result = Result.of(predicted(config))
    again = Result.from_json(result.to_json())
    assert again == result == predict(**result.config)
    assert hash(again) == hash(result)
    assert str(again) == str(result)
    assert again.layers == result.layers
    assert again.totals == result.totals
    assert not diff(again, result)


@pytest.mark.parametrize("name", NAMES[::8])
def test_a_document_is_what_the_command_line_prints(invoke, name):
    printed = invoke("--no-run", "--preset", name, "--format", "json").stdout
    assert predict(name).to_json() == printed
    assert predict(name).to_dict() == json.loads(printed)


@pytest.mark.parametrize(
    "args",
    [
        ("--preset", "resnet50", "--depth", "2"),
        ("--preset", "resnet50", "--input", "Nx3xHxW", "--depth", "1"),
        ("--train", "adam", "--amp", "bfloat16", "--freeze", "stage 1", "--depth", "1"),
        ("--train", "sgd", "--input", "Nx3xHxW"),
        ("--preset", "resnet18", "--depth", "operations"),
        ("--depth", "operations", "--input", "Nx3xHxW", "--train", "sgd"),
    ],
    ids=" ".join,
)
def test_what_arithmetic_does_not_say_again_is_read_as_it_stands(invoke, args):
    text = invoke("--no-run", "--format", "json", *args).stdout
    read = Result.from_json(text)
    assert read.graph is None
    assert read.to_dict() == json.loads(text)
    assert read == copied(read)
    assert read.summary._replace(name="x").totals() == read.totals
    table = [arg for arg in args if arg not in ("--depth", "1", "2", "operations")]
    assert str(read).splitlines()[-1] == invoke("--no-run", *table).stdout.splitlines()[-1]


@pytest.mark.parametrize("name", ["resnet18", "resnext50_32x4d"])
def test_rows_of_operations_are_read_as_they_were(invoke, name):
    flags = ("--no-run", "--preset", name, "--depth", "operations", "--format", "json")
    network = predicted(preset(name).config)
    rows = detailed(network.graph, network.summary).rows
    read = Result.from_json(invoke(*flags).stdout)
    assert [row._replace(activation_bytes=None) for row in rows] == [*read.layers]


def test_a_document_with_names_has_its_own_totals_and_nothing_to_evaluate(invoke):
    args = ("--no-run", "--depth", "1", "--input", "Nx3xHxW", "--format", "json")
    read = Result.from_json(invoke(*args).stdout)
    assert (read.summary.params, read.summary.macs) == (
        read.totals["params"],
        read.totals["macs"],
    )
    assert read.summary.frozen == 0
    with pytest.raises(SymbolError, match="a document has formulas"):
        read.summary.at({"N": 1, "H": 64, "W": 64})


@pytest.mark.parametrize("shape", ["Nx3xHxW", "Nx3x224xW", "2x3xSxS"])
def test_names_in_the_input_become_formulas_that_a_document_keeps(shape):
    result = predict("resnet50", shape)
    again = Result.from_json(result.to_json())
    assert again == result
    assert again.totals == result.totals
    assert str(again["layer4"].output_shape[3]).startswith("ceil(")


def test_formulas_are_evaluated_at_sizes():
    result = Result.from_json(predict("resnet50", "Nx3xHxW").to_json())
    assert result.at(N=2, H=192, W=256) == predict("resnet50", "2x3x192x256")
    with pytest.raises(ValueError, match="at: N=2,H=192 says nothing for W"):
        result.at(N=2, H=192)
    with pytest.raises(ValueError, match="names"):
        predict("resnet50").at(N=2)


def test_a_regnets_line_comes_back_to_the_last_digit():
    line = "w0=24,wa=30.115175234675405,wm=2.4935,depth=13,group-size=8,se-ratio=0.1234567"
    result = predict(regnet=line, input="Nx3xHxW")
    assert result.config["regnet"] == line
    assert Result.from_json(result.to_json()) == result
    assert result.at(N=1, H=64, W=64) == predict(regnet=line, input="1x3x64x64")


def test_it_goes_through_pickle_with_its_operations():
    result = predict("resnet18")
    again = copied(result)
    assert again == result
    assert again.graph == result.graph


def test_what_is_no_result_is_not_equal():
    assert predict() != predict(classes=11)
    assert predict() != "d2l-resnet18"


def test_its_text_is_the_table_that_a_pipe_gets(invoke):
    for name in ("resnet18", "resnext50_32x4d", "resnet20_cifar10"):
        assert f"{predict(name)}\n" == invoke("--no-run", "--preset", name).stdout


def test_it_is_shown_in_one_line():
    assert repr(predict("resnet18")) == (
        "<resnet18  input 1x3x224x224  float32: 11,689,512 params, 1,814,073,344 MACs, 52 layers>"
    )


@pytest.mark.parametrize("name", NAMES[::8])
def test_the_line_is_short(name):
    assert len(repr(predict(name, (2**31 - 1, 3, 2**20, 2**20)))) < 200


def test_the_line_stays_short_and_one_whatever_its_name_and_inputs():
    network = predicted(ResNetConfig())
    many = network.summary._replace(name="a\nb" * 99, inputs=("1x16:int64",) * 99)
    shown = repr(Result.of(network._replace(summary=many)))
    assert len(shown) < 200
    assert len(shown.splitlines()) == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"preset": "resnet55"}, r"'resnet55' is no preset \(did you mean 'resnet50'\?\)"),
        ({"chanels": 3}, r"chanels: is no field of a network \(did you mean 'channels'\?\)"),
        ({"input": "1x3"}, "input: '1x3' has 2 dimensions"),
        ({"input": (1, 3, 224.0, 224)}, "input: "),
        ({"groups": 3}, "groups: 3 needs block bottleneck"),
        ({"classes": "many"}, "classes: 'many' is not a whole number"),
        ({"classes": True}, "classes: True is not a whole number"),
        ({"block": "wide"}, "block: 'wide' is not one of basic, bottleneck"),
        ({"channels": 64}, "channels: 64 is not whole numbers"),
        ({"attention_ratio": "much"}, "attention_ratio: 'much' is no share"),
        ({"preset": 5}, "5 is no preset; 'resnet-shapes presets' lists them"),
        ({"preset": (1, 3, 224, 224)}, r"\(1, 3, 224, 224\) is no preset"),
        ({"preset": ""}, "'' is no preset"),
        ({"input": b"1x3x8x8"}, "input: b'1x3x8x8' is not NxCxHxW"),
        ({"regnet": LINE.replace("13", "inf")}, "regnet: .*: depth: 'inf' is not a whole number"),
        ({"regnet": LINE.replace("13", "13.9")}, "regnet: .*: depth: '13.9' is not a whole number"),
        ({"regnet": LINE.replace("8", "nan")}, "group-size: 'nan' is not a whole number; give w0="),
        ({"regnet": LINE.replace("36", "nan")}, "regnet: .*: wa: 'nan' is no number; give w0="),
        ({"regnet": LINE.replace("36", "inf")}, "regnet: .*: wa: 'inf' is no number"),
        ({"regnet": LINE.replace("2.5", "")}, "regnet: .*: wm: '' is no number"),
    ],
    ids=str,
)
def test_what_is_wrong_is_a_value_error_that_names_the_field(fields, said):
    with pytest.raises(ValueError, match=said):
        predict(**fields)


@pytest.mark.parametrize("field", [f for f in FIELDS if f != "input" and DEFAULTS[f] is not None])
def test_none_is_no_value_of_a_field_that_has_one(field):
    with pytest.raises(ConfigError, match=f"^{field}: None is "):
        predict(**{field: None})


def test_none_leaves_out_what_a_network_can_be_without():
    assert predict(None, None, stride_on=None, stem_width=None, regnet=None) == predict()


def test_sizes_are_whole_numbers():
    for wrong in (True, 1.5, "1", None):
        with pytest.raises(ConfigError, match=f"at: N={wrong}.* is not a whole number"):
            predict(input="Nx1x32x32").at(N=wrong)


@pytest.mark.parametrize("wrong", [0, None, slice(2), ("conv1",), predict().layers[0]], ids=str)
def test_what_is_no_text_is_no_layer(wrong):
    with pytest.raises(KeyError, match="is no layer's path or role, as in"):
        predict("resnet18")[wrong]
    assert wrong not in predict("resnet18")


def test_a_layer_that_is_not_there_is_a_key_error_that_names_the_nearest():
    with pytest.raises(KeyError) as caught:
        predict("resnet50")["layer2.0.con1"]
    assert str(caught.value).startswith(
        "'layer2.0.con1' is no layer of this network (did you mean 'layer2.0.conv1'?)"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"schema_version": 2}',
        predict().to_json().replace('"macs": ', '"max": '),
        predict().to_json().replace('"classes": 10', '"classes": "ten"'),
        predict(input="Nx1x32x32").to_json().replace('"40*N"', '"40*exit()"'),
        predict(input="Nx1x32x32").to_json().replace('"40*N"', '"40*("'),
        "[" * 100_000,
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_document_is_a_value_error(text):
    with pytest.raises(ValueError, match="is no document of a network"):
        Result.from_json(text)


def test_a_difference_reads_as_check_says_it():
    old, new = predict("resnet18"), predict("resnet18", classes=10)
    found = diff(old, new)
    assert str(found) == (
        "~ fc: out_features 1,000 → 10\n"
        "~ total: params 11,689,512 → 11,181,642 (-4.3%), "
        "macs 1,814,073,344 → 1,813,566,464 (-0.0%)"
    )
    assert found[0].where == "fc"
    assert not diff(old, predict("resnet18"))


def test_a_difference_of_formulas_asks_for_sizes():
    with pytest.raises(ValueError, match="resnet18: the input has names, and a diff needs numbers"):
        diff(predict("resnet18", "Nx3xHxW"), predict("resnet18"))


def test_a_data_frame_is_one_line():
    layers = predict("resnet18").to_dict()["layers"]
    assert [layer["path"] for layer in layers] == [row.path for row in predict("resnet18").layers]


def test_the_pages_examples_are_so():
    text = (Path(ROOT) / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    blocks = re.findall(r"(?ms)^```pycon\n(.*?)^```$", text)
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "api.md", None, 0)
    found = doctest.DocTestRunner().run(test)
    assert found.failed == 0
    assert found.attempted > 10
