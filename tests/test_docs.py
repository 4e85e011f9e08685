"""README and docs say what the tool does: screens are the tool's, pictures fresh, links lead."""

import re

import pytest

from tests import config_schema, docs


@pytest.mark.parametrize("page", docs.PAGES, ids=lambda page: page.stem)
def test_every_screen_of_a_page_is_what_the_tool_prints(page):
    text = page.read_text(encoding="utf-8")
    assert docs.fresh(text) == text


def test_the_pages_show_screens_and_tables():
    texts = [page.read_text(encoding="utf-8") for page in docs.PAGES]
    assert sum(len(docs.BLOCK.findall(text)) for text in texts) > 15
    assert any(map(docs.TABLE.search, texts))


def test_a_stale_screen_is_found():
    text = "```console\n$ resnet-shapes --version\nresnet-shapes, version 0\n```\n"
    assert docs.fresh(text) != text


def test_the_readme_is_a_page_that_one_reads():
    assert len(docs.README.read_text(encoding="utf-8").splitlines()) <= 180


@pytest.mark.parametrize("name", docs.SCREENS)
def test_the_pictures_of_screens_are_fresh(name):
    assert (docs.IMAGES / name).read_text(encoding="utf-8") == docs.screen(name)


@pytest.mark.parametrize("name", docs.FIGURES)
def test_the_figures_are_fresh(name):
    assert (docs.IMAGES / name).read_text(encoding="utf-8") == docs.figure(name)


def test_the_configurations_schema_is_fresh():
    assert config_schema.PATH.read_text(encoding="utf-8") == config_schema.made()


LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
BOOK = [*docs.PAGES, *(docs.ROOT / f"{name}.md" for name in ("CONTRIBUTING", "SECURITY"))]


@pytest.mark.parametrize("page", BOOK, ids=lambda page: page.stem)
def test_every_link_to_a_file_leads_there(page):
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [at for at in links if "://" not in at and not (page.parent / at).is_file()] == []


def test_the_readme_has_pictures_and_links():
    links = LINK.findall(docs.README.read_text(encoding="utf-8"))
    assert sum(link.endswith(".svg") for link in links) == len(docs.SCREENS) + len(docs.FIGURES)
    assert sum(link.startswith("docs/") for link in links) > 10


def test_every_file_that_the_pages_name_is_there():
    rooms = (docs.ROOT, docs.ROOT / "resnet_cli")
    texts = [page.read_text(encoding="utf-8") for page in BOOK]
    names = re.findall(r"`((?:[a-z_]+/)+[a-z_]*(?:\.[a-z]+)?)`", "".join(texts))
    assert len(names) > 20
    assert [name for name in names if not any((room / name).exists() for room in rooms)] == []
