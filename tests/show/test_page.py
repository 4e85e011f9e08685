"""A page in a browser: every control, the keyboard, the address, and what cannot happen there."""

import json
import re
from pathlib import Path

import pytest

from resnet_cli.show.page import document
from tests.show.browser import VISIT, Tab

STAGES = ["layer1", "layer2", "layer3", "layer4"]
TOP = ["conv1", "bn1", "relu", "maxpool", *STAGES, "avgpool", "fc"]
"""The network's own modules in ResNet-18."""

HOSTILE = """
import torch
from torch import nn

Evil = type("</script><b>", (nn.ReLU,), {})

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.evil = Evil()
        self.add_module("</script><img src=x onerror=alert(1)>", nn.Conv2d(3, 4, 3))
        self.add_module("a' \\" & <!-- b", nn.Sequential(nn.Conv2d(4, 5, 3), nn.ReLU()))

    def forward(self, x):
        for module in self.children():
            x = module(x)
        return x
"""


@pytest.fixture
def path(invoke):
    """Write ResNet-18's page."""
    assert invoke("--no-run", "--preset", "resnet18", "-o", "net.html").code == 0
    return Path("net.html").resolve()


@pytest.fixture
def tab(browser, path):
    with Tab(browser, path) as found:
        yield found
        assert found.wrong == []
        assert found.requests == [found.url]


def test_it_begins_with_the_networks_own_modules_and_opens_them(tab):
    assert tab.paths() == TOP
    tab.page.click("tr[data-path='layer1'] .twist")
    assert tab.paths() == [*TOP[:5], "layer1.0-1", *TOP[5:]]
    tab.page.click("tr[data-path='layer1.0-1'] .twist")
    assert "layer1.0-1.conv1" in tab.paths()
    tab.page.click("tr[data-path='layer1'] .twist")
    assert tab.paths() == TOP
    tab.page.click("#all")
    assert len(tab.paths()) == tab.page.locator("#tree tbody tr").count()
    tab.page.click("#all")
    assert tab.paths() == TOP


def test_sizes_change_every_number_and_the_headline(tab):
    tab.page.fill("#size-N", "8")
    tab.page.fill("#size-H", "64")
    tab.page.fill("#size-W", "96")
    assert tab.text("#input") == "8x3x64x96"
    assert tab.text("tr[data-path='layer1'] .shape") == "8x64x16x24"
    tab.page.select_option("#dtype", "float16")
    assert tab.text("#dtype-said") == "float16"


@pytest.mark.parametrize("value", ["", "0", "-1", "1.5", "x", "2147483648", "9999999999"])
def test_a_wrong_size_is_said_and_no_number_changes(tab, value):
    before = tab.text("#macs")
    tab.page.fill("#size-H", value)
    assert tab.text("#wrong").startswith("every size is a whole number")
    assert tab.page.get_attribute("#size-H", "aria-invalid") == "true"
    assert tab.text("#macs") == before
    tab.page.fill("#size-H", "224")
    assert tab.text("#wrong") == ""


def test_training_shows_what_is_saved_and_its_choices_follow(tab):
    assert tab.page.is_disabled("#amp")
    assert tab.page.is_hidden("#saved")
    assert tab.text("#peak-name") == "Peak of a pass"
    tab.page.select_option("#train", "adam")
    assert tab.page.is_visible("#saved")
    assert tab.page.is_visible("td.saved")
    assert tab.text("#peak-name") == "Peak of a training step"
    tab.page.select_option("#amp", "bfloat16")
    assert tab.text("#peak-name") == "Peak of a training step, not proved"
    tab.page.select_option("#dtype", "float64")
    assert tab.page.is_disabled("#amp")
    assert tab.page.input_value("#amp") == ""
    assert tab.text("#peak-name") == "Peak of a training step"


def test_memory_says_the_largest_batch(tab):
    most = tab.text("#fit b")
    assert re.fullmatch(r"[\d,]+", most)
    assert tab.text("#fit-name") == "Largest batch in 24 GiB"
    tab.page.fill("#gib", "0.01")
    assert tab.text("#fit b") == "0"
    assert tab.text("#fit span").endswith("and does not fit")
    tab.page.fill("#gib", "much")
    assert "as in 24" in tab.text("#fit span")
    tab.page.fill("#gib", "24")
    assert tab.text("#fit b") == most


def test_search_finds_layers_wherever_they_are(tab):
    tab.page.fill("#search", "CONV2")
    shown = tab.paths()
    assert "layer1.0-1.conv2" in shown
    assert "layer1" in shown  # what is around it
    assert "conv1" in shown  # its type is Conv2d
    assert not {"avgpool", "maxpool", "layer1.0-1.bn1"} & {*shown}
    assert re.fullmatch(r"\d+ found", tab.text("#found"))
    tab.page.fill("#search", "no such layer")
    assert tab.paths() == []
    assert tab.text("#found") == "0 found"
    tab.page.fill("#search", "")
    assert tab.paths() == TOP


@pytest.mark.parametrize(
    ("column", "most"), [(3, "layer4"), (4, "layer1"), (5, "layer1"), (2, "relu")]
)
def test_a_column_sorts_and_goes_back(tab, column, most):
    head = tab.page.locator("#tree thead button").nth(column)
    cell = tab.page.locator("#tree thead th").nth(column)
    head.click()
    assert cell.get_attribute("aria-sort") == "descending"
    assert tab.paths() != TOP
    assert {*tab.paths()} == {*TOP}
    head.click()
    assert cell.get_attribute("aria-sort") == "ascending"
    assert tab.paths()[-1] == most
    head.click()
    assert cell.get_attribute("aria-sort") == "none"
    assert tab.paths() == TOP


def test_names_and_types_sort_upwards_first(tab):
    for column in (0, 1):
        head = tab.page.locator("#tree thead button").nth(column)
        head.click()
        cell = tab.page.locator("#tree thead th").nth(column)
        assert cell.get_attribute("aria-sort") == "ascending"
        head.click()
        head.click()
        assert tab.paths() == TOP


def test_a_bar_is_as_long_as_the_share(tab):
    full = tab.page.evaluate(
        """() => {
          const cell = document.querySelector("tr[data-path='layer4'] td.params");
          const bar = parseFloat(getComputedStyle(cell, "::after").width);
          return bar / (cell.clientWidth - 12);
        }"""
    )
    assert abs(full - 8_393_728 / 11_689_512) < 0.01


def test_what_sorts_stays_below_its_parent(tab):
    tab.page.click("#all")
    tab.page.locator("#tree thead button").nth(4).click()
    paths = tab.paths()
    for position, path in enumerate(paths):
        around = path.rpartition(".")[0]
        if around:
            assert around in paths[:position]


def test_a_row_and_a_box_select_each_other(tab):
    tab.page.click("tr[data-path='layer2']")
    assert tab.selected() == "layer2"
    assert tab.page.locator(".box.selected").count() > 1
    tab.page.locator(".box.block").first.click()
    assert tab.selected() == "layer1.0-1"
    assert tab.text("#layer") == "layer1.0-1"
    assert tab.text("#times") == "2 alike; this is the last of them"
    assert "layer1.0-1" in tab.paths()  # its stage is open now
    assert tab.page.locator(".box.selected").count() == 2  # with its addition
    tab.page.locator(".box.conv").first.click()
    assert tab.selected() == "conv1"


def test_a_box_of_a_layer_that_a_search_hides_ends_the_search(tab):
    tab.page.fill("#search", "bn1")
    tab.page.locator(".box.linear").first.click()
    assert tab.selected() == "fc"
    assert "fc" in tab.paths()
    assert tab.page.input_value("#search") == ""


def test_the_arithmetic_follows(tab):
    tab.page.locator(".box.conv").first.click()
    assert tab.text("#says") == "Conv2d 7x7, stride 2, padding 3"
    words = tab.text("#quantities")
    assert "⌊(224 + 2·3 − 7)/2⌋ + 1 = 112" in words
    assert "64·3·7·7 = 9,408" in words
    tab.page.fill("#size-H", "100")
    assert "⌊(100 + 2·3 − 7)/2⌋ + 1 = 50" in tab.text("#quantities")
    tab.page.click("#close")
    assert tab.page.is_hidden("#lesson")
    assert tab.selected() is None


def test_the_keyboard_alone_is_enough(tab):
    keys = tab.page.keyboard
    keys.press("/")
    keys.type("fc")
    assert tab.page.input_value("#search") == "fc"
    keys.press("Escape")
    assert tab.page.input_value("#search") == ""
    for key, path in (
        ("Home", "conv1"),
        ("End", "fc"),
        ("ArrowDown", "fc"),  # the last one stays
        ("Home", "conv1"),
        ("ArrowUp", "conv1"),
        ("ArrowDown", "bn1"),
        ("ArrowDown", "relu"),
        ("ArrowDown", "maxpool"),
        ("ArrowDown", "layer1"),
        ("ArrowRight", "layer1"),  # opens
        ("ArrowRight", "layer1.0-1"),
        ("Enter", "layer1.0-1"),  # opens
        ("ArrowDown", "layer1.0-1.conv1"),
        ("ArrowLeft", "layer1.0-1"),
        ("ArrowLeft", "layer1.0-1"),  # closes
        ("ArrowUp", "layer1"),
    ):
        keys.press(key)
        assert tab.selected() == path, key
        assert tab.page.evaluate("document.activeElement.dataset.path") == path
    assert tab.paths() == [*TOP[:5], "layer1.0-1", *TOP[5:]]


def test_every_control_is_reached_by_tab(tab):
    reached = []
    for _ in range(40):
        tab.page.keyboard.press("Tab")
        reached.append(
            tab.page.evaluate("document.activeElement.id || document.activeElement.tagName")
        )
    for name in ("size-N", "size-H", "size-W", "dtype", "train", "gib", "search", "all", "figure"):
        assert name in reached
    assert "TR" in reached


def test_the_address_shows_the_same_again(browser, path, tab):
    tab.page.fill("#size-N", "4")
    tab.page.select_option("#train", "momentum")
    tab.page.select_option("#checkpoint", "block")
    tab.page.fill("#gib", "8")
    tab.page.click("tr[data-path='layer3'] .twist")
    tab.page.click("tr[data-path='layer3.1']")
    tab.page.locator("#tree thead button").nth(3).click()
    body = tab.page.inner_text("body")
    address = tab.page.evaluate("location.hash")
    with Tab(browser, path, address) as other:
        assert other.page.inner_text("body") == body
        assert other.selected() == "layer3.1"
        assert other.address == tab.address
        other.page.evaluate("location.hash = ''")
        other.page.wait_for_function("document.getElementById('size-N').value === '1'")
        assert other.paths() == TOP
        assert other.wrong == []


@pytest.mark.parametrize(
    "address",
    [
        "#size=&N=&H=x&train-with=no&show-layer=9&open-row=zz&sort-by=99&memory-gib=-",
        "#N=%00%22%3Cimg%20src=x%20onerror=alert(1)%3E&find-layers=%3Cb%3E",
        "#%",
        "#sort-by=__proto__&train-with=__proto__&show-layer=toString",
    ],
)
def test_no_address_breaks_it(browser, path, address):
    with Tab(browser, path, address) as tab:
        tab.page.fill("#search", "")
        tab.page.click("tr[data-path='layer1']")
        tab.page.fill("#size-N", "2")
        tab.page.fill("#size-H", "224")
        assert tab.text("#input") == "2x3x224x224"
        assert tab.wrong == []


def test_without_javascript_the_table_is_there_at_its_size(browser, path):
    with Tab(browser, path, java_script_enabled=False) as tab:
        assert tab.text("#input") == "1x3x224x224"
        assert tab.page.locator("#tree tbody tr:visible").count() > 30
        assert tab.page.locator("tr[data-path='layer1'] td.macs").text_content() == "462,422,016"
        assert tab.page.is_hidden("#controls")
        assert tab.page.is_hidden("#search")
        assert tab.text("#macs b") == "1.814 G"


@pytest.mark.parametrize("width", [390, 800, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen_and_axe_finds_nothing(browser, path, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    size = {"width": width, "height": 844}
    address = "#train-with=adam&open-row=layer1&show-layer=layer1"
    with Tab(browser, path, address, viewport=size, color_scheme=scheme) as tab:
        assert tab.page.evaluate("document.documentElement.scrollWidth") == width
        found = Axe().run(tab.page)
        assert found.violations_count == 0, found.generate_report()
        assert tab.wrong == []


@pytest.mark.parametrize("width", [500, 800, 1200])
def test_the_table_fits_or_says_that_it_scrolls_and_keeps_the_layers_in_view(browser, path, width):
    with Tab(browser, path, viewport={"width": width, "height": 844}) as tab:
        assert tab.is_fitting()
        tab.page.click("#all")
        tab.page.select_option("#train", "adam")
        place = tab.page.locator("#tree tbody th").first
        before = place.bounding_box()["x"]
        tab.page.evaluate("document.querySelector('.scroll').scrollLeft = 1000")
        assert place.bounding_box()["x"] == before


def test_print_has_the_table_and_no_controls(tab):
    tab.page.emulate_media(media="print", color_scheme="dark")
    assert tab.page.is_hidden("#controls")
    assert tab.page.is_hidden("#search")
    assert tab.paths() == TOP
    assert tab.page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"


def test_the_policy_lets_nothing_else_run_nor_load(tab):
    tab.page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.ran = 1";
          document.body.append(script);
          document.body.insertAdjacentHTML("beforeend", "<img src='https://example.org/x.png' "
            + "onerror='window.ran = 2'><p id='styled' style='color: red'>");
          setTimeout(() => {  // what runs from here is the page's, not the debugger's
            try { window.eval("window.ran = 3"); } catch (error) { window.refused = error.name; }
          });
        }"""
    )
    tab.page.wait_for_function("window.refused")
    assert tab.page.evaluate("window.ran") is None
    assert tab.page.evaluate("document.getElementById('styled').style.length") == 0
    assert tab.page.evaluate("window.refused") == "EvalError"
    for word in ("inline script", "inline event handler", "inline style", "image"):
        assert any(word in text for text in tab.wrong), tab.wrong
    tab.wrong.clear()
    tab.requests[1:] = []


def test_the_file_has_no_style_attribute_and_one_script_of_its_own(path):
    text = path.read_text()
    assert not re.search(r"<[^>]*\sstyle\s*=", text)
    assert not re.search(r"<[^>]*\son\w+\s*=", text)
    assert re.findall(r"<script[^>]*>", text) == [
        '<script type="application/json" id="data">',
        "<script>",
    ]
    assert "://" not in text
    script = text.rpartition("<script>")[2].partition("</script>")[0]
    style = text.partition("<style>")[2].partition("</style>")[0]
    assert document.policy(script, style).replace("'", "&#x27;") in text


@pytest.mark.parametrize(("name", "most"), [("resnet50", 150), ("resnet152", 300)])
def test_it_is_small(invoke, name, most):
    invoke("--no-run", "--preset", name, "-o", "net.html")
    assert Path("net.html").stat().st_size < most * 1000


def test_a_hostile_name_of_a_layer_stays_text(browser, invoke):
    Path("net.py").write_text(HOSTILE)
    module = ("--module", "./net.py:Net", "--input", "1x3x16x16")
    assert invoke(*module, "-o", "net.html").code == 0
    with Tab(browser, Path("net.html").resolve()) as tab:
        assert tab.page.locator("img").count() == 0
        name = "</script><img src=x onerror=alert(1)>"
        assert tab.text("tbody tr:nth-child(2) th b") == name
        tab.page.locator("tbody tr").nth(1).click()
        assert tab.text("#layer") == name
        tab.page.locator("tbody tr").first.click()
        assert tab.text("#says").startswith("</script><b>")
        tab.page.locator("tbody tr").nth(2).dblclick()
        tab.page.fill("#size-H", "20")
        assert tab.text("#input") == "1x3x20x16"
        assert tab.wrong == []
        assert tab.requests == [tab.url + ""]


MODULES = """
import torch
from torch import nn

class Skip(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.down = nn.MaxPool2d(2)
        self.b = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.ReLU(), nn.Dropout(0.5))
        self.up = nn.Upsample(scale_factor=2)
        self.c = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        y = self.norm(self.a(x))
        return self.c(torch.cat([y, self.up(self.b(self.down(y)))], 1))

class Window(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 4, 5))

class Flat(nn.Sequential):
    def __init__(self):
        conv = nn.Conv2d(1, 4, 3, stride=2)
        super().__init__(conv, nn.ReLU(), nn.Flatten(), nn.Linear(4 * 13 * 13, 10))
"""


@pytest.fixture
def module(invoke):
    """Write the page of a module."""

    def write(name, shape, *more):
        Path("own.py").write_text(MODULES)
        args = ("--module", f"./own.py:{name}", "--input", shape, *more)
        result = invoke(*args, "-o", "net.html")
        assert result.code == 0, result.stderr
        return Path("net.html").resolve(), result.stderr

    return write


def test_a_modules_page_has_what_it_does_at_any_size_and_refuses_where_it_fails(
    browser, module, invoke
):
    path, said = module("Skip", "1x3x32x32")
    assert "proved: all" in said
    sizes = [(2, 34, 48), (1, 2, 2), (3, 64, 30), (1, 33, 32), (1, 32, 1), (2, 7, 7)]
    asked = [
        dict(zip(("size-N", "size-H", "size-W"), map(str, each), strict=True)) for each in sizes
    ]
    with Tab(browser, path) as tab:
        answers = tab.page.evaluate(VISIT, asked)
        assert tab.wrong == []
    for (batch, height, width), answer in zip(sizes, answers, strict=True):
        shape = f"{batch}x3x{height}x{width}"
        args = ("--module", "./own.py:Skip", "--input", shape, "--format", "json")
        document = json.loads(invoke(*args).stdout)
        if document.get("error"):
            assert "must be even" in answer["wrong"] or "smaller" in answer["wrong"]
            continue
        assert answer["wrong"] == ""
        assert answer["totals"]["macs"] == f"{document['totals']['macs']:,}"
        assert [row[:4] for row in answer["rows"]] == [
            [
                layer["path"],
                "x".join(map(str, layer["output_shape"])),
                f"{layer['params']:,}",
                f"{layer['macs']:,}",
            ]
            for layer in document["layers"]
        ]


def test_a_map_smaller_than_a_window_is_refused(browser, module):
    path, _ = module("Window", "1x3x16x16")
    with Tab(browser, path) as tab:
        tab.page.fill("#size-H", "5")
        assert tab.text("#wrong") == ""
        tab.page.fill("#size-H", "4")
        assert tab.text("#wrong") == "a map is smaller than its window"
        assert tab.wrong == []


def test_where_only_the_batch_is_free_it_alone_has_a_control(browser, module):
    path, _ = module("Flat", "1x1x28x28")
    with Tab(browser, path) as tab:
        assert tab.page.locator("#controls input").count() == 2  # and the memory's
        tab.page.fill("#size-N", "5")
        assert tab.text("#input") == "5x1x28x28"
        assert tab.wrong == []


def test_a_step_of_training_a_module_is_the_measured_one(browser, module, invoke):
    train = ("--train", "adamw")
    path, _ = module("Skip", "2x3x32x32", *train)
    args = ("--module", "./own.py:Skip", "--input", "2x3x32x32", *train, "--format", "json")
    step = json.loads(invoke(*args).stdout)["training"]
    with Tab(browser, path) as tab:
        assert tab.text("#peak span") == f"{step['peak_bytes']:,}"
        assert tab.text("#saved span") == f"{step['saved_bytes']:,}"
        assert tab.page.locator("#train option").all_text_contents() == ["none", "adamw"]
        assert tab.page.locator("#size-N").count() == 0
        assert tab.wrong == []


def test_a_module_that_fails_or_does_not_run_has_a_page_that_says_so(browser, module, invoke):
    path, _ = module("Flat", "1x1x28x28", "--no-run")
    with Tab(browser, path) as tab:
        assert "did not run" in tab.text("header")
        assert tab.text("#macs b") == "not known"
        tab.page.locator("tbody tr").first.click()
        assert tab.wrong == []
    args = ("--module", "./own.py:Flat", "--input", "1x1x30x30", "-o", "bad.html")
    assert invoke(*args).code == 1
    with Tab(browser, Path("bad.html").resolve()) as tab:
        assert tab.text("header p.failed").startswith("FAILED: layer 3 (Linear")
        assert tab.is_fitting()
        tab.page.locator("tbody tr").last.click()
        assert tab.wrong == []


def test_an_input_with_names_begins_at_the_sizes_of_at(browser, invoke):
    args = ("--no-run", "--input", "8x3xSx64", "--at", "S=48", "-o", "net.html")
    assert invoke(*args).code == 0
    with Tab(browser, Path("net.html").resolve()) as tab:
        assert tab.text("#input") == "8x3x48x64"
        assert tab.page.input_value("#size-S") == "48"
        tab.page.fill("#size-S", "96")
        assert tab.text("#input") == "8x3x96x64"
        assert tab.wrong == []
