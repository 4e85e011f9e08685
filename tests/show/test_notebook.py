"""What `inspect` returns shows itself: the table as text, one line where Python shows it."""

from pathlib import Path

import pytest

from resnet_cli.analysis.network import predict
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.presets import NAMES, preset
from resnet_cli.show.notebook import Inspected
from tests.show.browser import Tab


@pytest.mark.parametrize("name", ["resnet18", "resnext50_32x4d", "resnet20_cifar10"])
def test_its_text_is_the_table_that_a_pipe_gets(invoke, name):
    summary = predict(preset(name).config).summary
    assert f"{Inspected.of(summary)}\n" == invoke("--no-run", "--preset", name).stdout


def test_it_is_shown_in_one_line():
    shown = repr(Inspected.of(predict(preset("resnet18").config).summary))
    assert shown == (
        "<resnet18  input 1x3x224x224  float32: 11,689,512 params, 1,814,073,344 MACs, 52 layers>"
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_line_is_short(name):
    config = preset(name).config._replace(input=(2**31 - 1, 3, 2**20, 2**20))
    assert len(repr(Inspected.of(predict(config).summary))) < 200


def test_the_line_stays_short_and_one_whatever_its_name_and_inputs():
    summary = predict(ResNetConfig()).summary
    many = summary._replace(name="a\nb" * 99, inputs=("1x16:int64",) * 99)
    shown = repr(Inspected.of(many))
    assert len(shown) < 200
    assert len(shown.splitlines()) == 1


def test_it_is_the_same_summary():
    summary = predict(ResNetConfig()).summary
    assert isinstance(Inspected.of(summary), type(summary))
    assert Inspected.of(summary).totals() == summary.totals()
    assert Inspected.of(summary)._replace(name="x").name == "x"


def test_a_notebook_has_a_choice_of_depth_for_each_table_and_the_totals(browser):
    html = Inspected.of(predict(preset("resnet18").config).summary)._repr_html_()
    Path("note.html").write_text(f"<!doctype html><title>x</title>{html}{html}", "utf-8")
    with Tab(browser, Path("note.html").resolve(), java_script_enabled=False) as tab:
        shown = tab.page.locator("form").first.locator("tbody tr[class]:visible")
        other = tab.page.locator("form").last.locator("tbody tr[class]:visible")
        assert shown.count() == other.count() == 10
        tab.page.locator("form").first.get_by_label("depth 2").check()
        assert shown.count() == 10 + 7  # of each stage its kinds of block
        assert other.count() == 10
        tab.page.locator("form").first.get_by_label("depth 1").check()
        assert shown.count() == 10
        assert "1,814,073,344" in tab.text("form table:last-of-type")
        assert "<script" not in html
        assert " style=" not in html
