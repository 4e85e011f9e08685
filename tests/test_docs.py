"""The README says what the tool does: its screens are the tool's, its pictures are fresh."""

import re

import pytest

from tests import config_schema, docs


def test_every_screen_of_the_readme_is_what_the_tool_prints():
    text = docs.README.read_text(encoding="utf-8")
    assert len(docs.BLOCK.findall(text)) >= 4
    assert docs.TABLE.search(text)
    assert docs.fresh_readme(text) == text


def test_a_stale_screen_is_found():
    text = "```console\n$ resnet-shapes --version\nresnet-shapes, version 0\n```\n"
    assert docs.fresh_readme(text) != text


@pytest.mark.parametrize("name", docs.SCREENS)
def test_the_pictures_of_screens_are_fresh(name):
    assert (docs.IMAGES / name).read_text(encoding="utf-8") == docs.screen(name)


@pytest.mark.parametrize("name", docs.FIGURES)
def test_the_figures_are_fresh(name):
    assert (docs.IMAGES / name).read_text(encoding="utf-8") == docs.figure(name)


def test_the_configurations_schema_is_fresh():
    assert config_schema.PATH.read_text(encoding="utf-8") == config_schema.made()


def test_every_picture_of_the_readme_is_there():
    text = docs.README.read_text(encoding="utf-8")
    names = re.findall(r"\(\.github/images/([^)]+)\)", text)
    assert names
    assert all((docs.IMAGES / name).is_file() for name in names)


def test_every_file_that_the_pages_name_is_there():
    for page in (docs.README, docs.ROOT / "CONTRIBUTING.md"):
        names = re.findall(
            r"`((?:[a-z_]+/)+[a-z_]*(?:\.[a-z]+)?)`", page.read_text(encoding="utf-8")
        )
        rooms = (docs.ROOT, docs.ROOT / "resnet_cli")
        missing = [name for name in names if not any((room / name).exists() for room in rooms)]
        assert names
        assert missing == [], page
