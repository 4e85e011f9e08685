"""Every JSON document that a command writes is as the schema that ships says."""

import json
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft7Validator, Draft202012Validator, ValidationError
from jsonschema.validators import validator_for
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

import resnet_cli
from resnet_cli.cli.projectfile import load
from resnet_cli.errors import FileError
from tests.recorded.projects import PROJECTS

PACKAGE = Path(resnet_cli.__file__).parent
SMALL = ("--input", "1x1x32x32", "--channels", "8,16", "--blocks", "1,1")
MODULES = Path(__file__).parents[1] / "recorded" / "nets.py"


def resource(uri):
    return Resource.from_contents(
        json.loads(Path(uri.removeprefix("file://")).read_text(encoding="utf-8")), DRAFT202012
    )


@pytest.mark.parametrize(
    "name", sorted({*PROJECTS} - {"toml", "long", "foreign", "no-toml-but-foreign", "nearly"})
)
def test_the_schema_of_the_configuration_refuses_what_the_tool_refuses(name, tmp_path):
    """But for a text's form, and a network's name."""
    path = tmp_path / "pyproject.toml"
    path.write_text(PROJECTS[name], encoding="utf-8")
    table = tomllib.loads(PROJECTS[name])["tool"]["resnet-shapes"]
    schema = json.loads((PACKAGE / "schemas" / "config.json").read_text(encoding="utf-8"))
    errors = [error.message for error in Draft7Validator(schema).iter_errors(table)]
    try:
        load(path)
    except FileError:
        assert errors or name in ("budget", "escape", "name", "shape")
    else:
        assert errors == []


def validator(name):
    uri = (PACKAGE / "schemas" / f"{name}.json").as_uri()
    return Draft202012Validator({"$ref": uri}, registry=Registry(retrieve=resource))


@pytest.mark.parametrize("path", sorted((PACKAGE / "schemas").glob("*.json")), ids=lambda p: p.stem)
def test_a_schema_is_a_schema_and_describes_what_it_is_called(path):
    schema = json.loads(path.read_text(encoding="utf-8"))
    validator_for(schema).check_schema(schema)
    assert schema["title"]
    assert schema["description"]


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("presets", ["presets"]),
        ("compare", ["compare", "resnet18", "resnet50", "--train", "adamw"]),
        ("compare", ["compare", "resnet18", f"{MODULES}:UNet --input 1x1x8x8"]),
        ("explain", ["explain", "--preset", "resnet50", "--train", "sgd"]),
        ("explain", ["explain", "--preset", "resnet18", "layer1.0-1"]),
        ("explain", ["explain", "--input", "Nx3xHxW", "--at", "N=1,H=64,W=64"]),
        ("explain", ["explain", "--module", f"{MODULES}:UNet", "--input", "1x1x8x8"]),
        ("explain", ["explain", "--module", f"{MODULES}:Opaque", "--input", "2x4"]),
        ("block", ["block", "--no-run", "--stride", "2"]),
        ("block", ["block", "--shortcut", "none", "--stride", "2"]),
        ("block", ["block", "--input", "1x4x8x8", "--device", "cuda"]),
        ("solve", ["solve", "--preset", "resnet18", "--want", "layer4=7x7", "--memory", "1GiB"]),
        ("solve", ["solve", "--preset", "resnet18", "--memory", "1KiB"]),
        ("settings", ["check", *SMALL, "--show-config"]),
        ("check", ["check", *SMALL, "--no-run", "--expect-output", "?x10", "--max-params", "1"]),
        ("check", ["check", *SMALL, "--expect-output", "1x10"]),
        ("check", ["check", *SMALL, "--no-run"]),
        ("check", ["check", *SMALL, "--no-run", "--max-params", "1M", "--lock", "none.json"]),
        ("check", ["check", "--module", f"{MODULES}:Two", "--max-params", "1", "--no-run"]),
        ("check", ["check", "--module", "not_there:net", "--max-params", "1"]),
        ("check", ["check", "--input", "Nx3xHxW", "--expect-output", "Nx10", "--no-run"]),
        ("check", ["check", "--module", f"{MODULES}:Opaque", "--input", "2x4", "--max-macs", "1"]),
    ],
)  # fmt: skip
def test_a_document_is_as_its_schema_says(invoke, name, args):
    validator(name).validate(json.loads(invoke(*args, "--format", "json").stdout))


def test_changes_are_as_the_schema_says(invoke):
    assert invoke("lock", *SMALL, "-o", "net.lock").code == 0
    args = ("check", *SMALL, "--classes", "3", "--lock", "net.lock", "--no-run")
    document = json.loads(invoke(*args, "--format", "json").stdout)
    assert document["networks"][0]["changes"]
    validator("check").validate(document)
    document["networks"][0]["expectations"][0]["operator"] = "about"
    with pytest.raises(ValidationError):
        validator("check").validate(document)


@pytest.mark.parametrize(
    "args",
    [
        [*SMALL, "--train", "adamw"],
        ["--preset", "resnet50"],
        *(
            ["--module", f"{MODULES}:{net}", *[w for shape in shapes for w in ("--input", shape)]]
            for net, *shapes in (
                ("UNet", "1x1x8x8"),
                ("Two", "1x5:int64", "1x6"),
                ("Opaque", "2x4"),
                ("Attending", "2x5x8"),
                ("Frozen", "1x3x16x16"),
                ("alone", "1x3"),
                ("halves", "1x3x16x16"),
            )
        ),
    ],
)
def test_a_lock_is_as_its_schema_says(invoke, tmp_path, args):
    assert invoke("lock", *args, "-o", "net.lock").code == 0
    validator("lock").validate(json.loads((tmp_path / "net.lock").read_text()))
    assert invoke("check", *args, "--lock", "net.lock").code == 0
