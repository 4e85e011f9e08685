"""A notebook's table has a choice of depth."""

from pathlib import Path

from resnet_cli.analysis.network import predict
from resnet_cli.family.presets import preset
from resnet_cli.show.notebook import to_html
from tests.show.browser import Tab


def test_a_notebook_has_a_choice_of_depth_for_each_table_and_the_totals(browser):
    html = to_html(predict(preset("resnet18").config).summary)
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
