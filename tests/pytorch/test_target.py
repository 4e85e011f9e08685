"""A target's spelling, its import, and what is said when it cannot be had."""

from pathlib import Path

import pytest

from resnet_cli.errors import TargetError
from resnet_cli.pytorch.target import Target, check_arguments, describe, load, parse, parse_args


@pytest.mark.parametrize(
    ("text", "source", "attribute"),
    [
        ("torchvision.models:resnet50", "torchvision.models", "resnet50"),
        ("./my_net.py:build", "./my_net.py", "build"),
        ("C:\\nets\\my_net.py:Net.small", "C:\\nets\\my_net.py", "Net.small"),
    ],
)
def test_a_target_is_a_module_or_file_and_an_attribute(text, source, attribute):
    assert parse(text) == Target(source, attribute)
    assert str(parse(text)) == text


@pytest.mark.parametrize("text", ["", "resnet50", "a:", ":b", "a b:c", "a:b-c", "a/b:c", 3])
def test_what_is_no_target_is_refused_with_the_form(text):
    with pytest.raises(ValueError, match="module:attribute"):
        parse(text)


@pytest.mark.parametrize("text", ["nets/mine.py", "nets/mine.py:", "nets.mine"])
def test_a_target_without_a_name_lists_what_the_file_has(text):
    Path("nets").mkdir()
    Path("nets/mine.py").write_text(
        "import os\n_hidden = 1\nnet: int = 3\nclass Net: ...\ndef build(): ...\n1 / 0\n"
    )
    with pytest.raises(ValueError, match=r"mine(\.py)? has net, Net, build$"):
        parse(text)


def test_arguments_are_literals():
    assert parse_args("width=32, names=['a', None], deep={'x': (1, 2.5)}") == {
        "width": 32,
        "names": ["a", None],
        "deep": {"x": (1, 2.5)},
    }
    assert parse_args("") == {}
    assert parse_args({"width": 32}) == {"width": 32}


@pytest.mark.parametrize(
    "text",
    ["32", "width=", "width=open('x')", "**{'a': 1}", "a=1)(b=2", "a=b", "a=1, a=2", "(" * 5000],
)
def test_arguments_are_never_evaluated(text):
    with pytest.raises(ValueError, match="literal values, as in 'width=32, classes=7'"):
        parse_args(text)


def test_the_working_directory_and_a_files_own_folder_are_importable(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    Path("top_level_net.py").write_text("value = 3\n")
    Path("nets").mkdir()
    Path("nets/part_of_it.py").write_text("value = 4\n")
    Path("nets/whole_of_it.py").write_text(
        "import top_level_net, part_of_it\nvalue = top_level_net.value + part_of_it.value\n"
    )
    assert load(parse("top_level_net:value")) == 3
    assert load(parse("nets/whole_of_it.py:value")) == 7


def test_a_file_does_not_shadow_a_module_of_its_name(monkeypatch):
    import json

    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    Path("json.py").write_text("value = 5\n")
    assert load(parse("./json.py:value")) == 5
    assert __import__("sys").modules["json"] is json


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import numpyy", r"No module named 'numpyy' \(broken.py:1, in <module>\)"),
        ("def f():\n    return 1 / 0\nf()", r"ZeroDivisionError: .* \(broken.py:2, in f\)"),
        ("x = (", r"SyntaxError: '\(' was never closed \(broken.py:1\)"),
        ("from . import other", "a file of a package is given as package.module:attribute"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import os\nNet = 1\ndef other(): ...", "has no 'build'; it has Net, other$"),
        ("bild = 1", r"did you mean 'bild'\?"),
    ],
)
def test_a_broken_file_is_told_in_one_line_with_the_users_own_frame(code, message, monkeypatch):
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    Path("broken.py").write_text(code)
    with pytest.raises(TargetError, match=message) as caught:
        load(parse("./broken.py:build"))
    assert "\n" not in str(caught.value)


def test_what_is_not_there_is_said_so():
    with pytest.raises(TargetError, match=r"there is no file nowhere\.py"):
        load(parse("nowhere.py:build"))
    with pytest.raises(TargetError, match="there is no module 'nowhere' here"):
        load(parse("nowhere.deep:build"))


def test_arguments_that_do_not_fit_name_those_that_do():
    def build(width, classes=7):
        return width, classes

    check_arguments(parse("a:build"), build, {"width": 1})
    with pytest.raises(TargetError, match=r"missing a required argument.*it takes \(width, class"):
        check_arguments(parse("a:build"), build, {})


def test_an_error_without_text_is_its_class():
    assert describe(ValueError()) == "ValueError"
