"""`draw`: files by their ending, what it refuses, and what stands in a file."""

import importlib.metadata
import os
import re
import subprocess
import sys
import webbrowser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from resnet_cli.draw.backend import install_hint
from resnet_cli.draw.mermaid import MAX_ARROWS

SVG = "{http://www.w3.org/2000/svg}"


def test_the_ending_says_how_to_draw(invoke):
    starts = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF", "mmd": b"---\ntitle"}
    for ending, start in starts.items():
        assert invoke("draw", "-o", f"net.{ending}") == (0, "", f"wrote net.{ending}\n")
        assert Path(f"net.{ending}").read_bytes().startswith(start)
    assert invoke("draw", "-o", "NET.SVG").code == 0
    assert not [name for name in os.listdir() if name.startswith(".")]


@pytest.mark.parametrize("part", ["network", "stage", "block"])
def test_svg_is_xml_with_texts_and_the_command_line(invoke, part):
    result = invoke("draw", "--preset", "resnet50", "--part", part, "-o", "a & <b>.svg")
    assert result == (0, "", "wrote a & <b>.svg\n")
    root = _svg("a & <b>.svg")
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert "1x512x28x28" in texts
    assert "identity" in texts
    described = root.findtext(f"{SVG}desc")
    assert described == f"resnet-shapes draw --preset resnet50 --part {part} -o 'a & <b>.svg'"


def test_pdf_and_png_carry_the_command_line(invoke):
    for ending in ("pdf", "png"):
        invoke("draw", "--part", "block", "-o", f"block.{ending}")
        content = Path(f"block.{ending}").read_bytes()
        assert f"resnet-shapes draw --part block -o block.{ending}".encode() in content
        assert b"CreationDate" not in content


def test_pdf_embeds_its_font_as_text(invoke):
    invoke("draw", "-o", "net.pdf")
    content = Path("net.pdf").read_bytes()
    assert b"/CIDFontType2" in content
    assert b"/Type3" not in content


def test_the_users_own_matplotlib_settings_change_nothing(invoke):
    import matplotlib as mpl

    invoke("draw", "-o", "net.pdf")
    plain = Path("net.pdf").read_bytes()
    with mpl.rc_context({"pdf.fonttype": 3, "font.size": 30, "savefig.bbox": "tight"}):
        invoke("draw", "-o", "net.pdf")
        assert mpl.rcParams["font.size"] == 30
    assert Path("net.pdf").read_bytes() == plain


def test_a_figure_is_the_same_byte_for_byte_in_every_run():
    code = """if True:
        from resnet_cli.cli.main import run
        for ending in ("svg", "pdf", "png"):
            run(["draw", "--part", "block", "-o", f"block.{ending}"])
            run(["draw", "--profile", "-o", f"profile.{ending}"])
        """
    runs = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        runs.append({name: Path(name).read_bytes() for name in sorted(os.listdir())})
    assert len(runs[0]) == 6
    for name, content in runs[0].items():
        assert content == runs[1][name], name


@pytest.mark.parametrize("file", ["net.mmd", "net.svg"])
def test_mermaid_and_svg_import_neither_matplotlib_nor_torch_nor_rich(file):
    code = (
        f"import sys; from resnet_cli.cli.main import run; code = run(['draw', '-o', '{file}']); "
        "print(code, [m for m in ('matplotlib', 'numpy', 'torch', 'rich') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "0 []\n"


def test_a_figure_imports_no_pyplot_and_no_torch():
    code = (
        "import sys; from resnet_cli.cli.main import run; code = run(['draw', '-o', 'net.png']); "
        "print(code, [m for m in ('matplotlib.pyplot', 'torch', 'rich') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "0 []\n"


def test_without_matplotlib_it_says_how_to_install_it(invoke, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("matplotlib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for option in ((), ("--profile",)):
        result = invoke("draw", *option, "-o", "net.pdf")
        assert result.code == 2
        assert f"{install_hint()}, or write .svg or .mmd" in result.stderr
        assert result.stderr.count("\n") == 1
        assert not Path("net.pdf").exists()
    for file in ("net.mmd", "net.svg", "profile.svg"):
        option = ("--profile",) if "profile" in file else ()
        assert invoke("draw", *option, "-o", file).code == 0


INSTALLED = {
    None: "pip install 'resnet-shapes[draw]'",
    '{"url": "file:///a%20b", "dir_info": {"editable": true}}': "pip install -e '/a b[draw]'",
    '{"url": "file:///src", "dir_info": {}}': "pip install '/src[draw]'",
    '{"url": "file:///x-1.whl", "archive_info": {}}': "pip install "
    "'resnet-shapes[draw] @ file:///x-1.whl'",
    '{"url": "https://x.org/y", "vcs_info": {"vcs": "git", "commit_id": "1ab"}}': "pip install "
    "'resnet-shapes[draw] @ git+https://x.org/y@1ab'",
}


@pytest.mark.parametrize("record", INSTALLED, ids=str)
def test_the_hint_installs_from_where_the_tool_was_installed(monkeypatch, record):
    monkeypatch.setattr(
        importlib.metadata, "distribution", lambda _: importlib.metadata.PathDistribution(Path())
    )
    monkeypatch.setattr(importlib.metadata.PathDistribution, "read_text", lambda *_: record)
    assert install_hint() == INSTALLED[record]


def test_the_hint_for_a_source_tree_on_the_path(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "distribution", _raises)
    assert install_hint() == "pip install matplotlib"


def _raises(name):
    raise importlib.metadata.PackageNotFoundError(name)


def _size(path):
    """Return how large a figure is in points."""
    content = Path(path).read_bytes()
    if path.endswith("svg"):
        root = _svg(path)
        return tuple(float(root.get(side).removesuffix("pt")) for side in ("width", "height"))
    if path.endswith("pdf"):
        box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+)", content)
        return tuple(map(float, box.groups()))
    return tuple(int.from_bytes(content[i : i + 4], "big") * 72 / 200 for i in (16, 20))


@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
@pytest.mark.parametrize("more", [(), ("--profile",), ("--part", "block"), ("--columns", "3")])
def test_a_figure_is_as_wide_as_it_is_to_be_whatever_it_shows(invoke, ending, more):
    for given, points in (("85mm", 240.9), ("12.5cm", 354.3), ("5in", 360), ("300pt", 300)):
        file = f"net.{ending}"
        assert invoke("draw", *more, "-o", file, "--width", given).code == 0
        assert _size(file)[0] == pytest.approx(points, abs=0.4)


def test_a_width_in_pixels_is_that_of_a_png(invoke):
    invoke("draw", "-o", "net.png", "--width", "800px")
    assert int.from_bytes(Path("net.png").read_bytes()[16:20], "big") == 800
    invoke("draw", "-o", "net.svg", "--width", "800px")
    assert _size("net.svg")[0] == 600


def test_type_and_width_leave_the_columns_the_room_there_is(invoke):
    args = ("draw", "--preset", "resnet50", "-o", "net.svg", "--font-size", "7", "--width")
    invoke(*args, "170mm")
    root = _svg("net.svg")
    width = float(root.get("viewBox").split()[2])
    assert _size("net.svg")[0] / width == pytest.approx(7 / 8, rel=1e-3)
    refused = invoke(*args, "60mm")
    assert refused.code == 2
    said = re.search(
        r"--width: with type of 7 pt the figure is (\d+) mm wide at least", refused.stderr
    )
    assert invoke(*args, f"{int(said[1]) + 1}mm").code == 0


def test_title_and_legend_can_be_left_out(invoke):
    def texts(*more):
        invoke("draw", *more, "-o", "net.svg")
        return {"".join(text.itertext()) for text in _svg("net.svg").iter(f"{SVG}text")}

    whole, title = texts(), "d2l-resnet18, input 1x1x224x224"
    legend = {"convolution", "pooling", "Batch norms and ReLUs are not drawn."}
    assert {title, *legend} <= whole
    assert whole - texts("--no-title") == {title}
    assert whole - texts("--no-legend") >= legend
    invoke("draw", "--no-title", "-o", "net.mmd")
    assert "title:" not in Path("net.mmd").read_text(encoding="utf-8")


def test_a_figure_has_as_many_columns_as_it_is_to_have(invoke):
    sizes = []
    for count in ("1", "2", "3"):
        args = ("--preset", "resnet50", "-o", "net.svg", "--columns", count)
        assert invoke("draw", *args).code == 0
        sizes.append(_size("net.svg"))
    (wide, low), (wider, lower), (widest, lowest) = sizes
    assert wide < wider < widest
    assert low > lower > lowest


def test_a_variable_for_every_figure_is_passed_over_where_there_is_no_such_thing(
    invoke, monkeypatch
):
    monkeypatch.setenv("RESNET_SHAPES_FIGURE_COLUMNS", "2")
    for more in (
        ("-o", "net.mmd"),
        ("--part", "block", "-o", "b.svg"),
        ("--profile", "-o", "p.svg"),
    ):
        assert invoke("draw", *more).code == 0
    assert invoke("draw", "--part", "block", "-o", "b.svg", "--columns", "2").code == 2


def test_open_gives_the_file_to_the_systems_viewer(invoke, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    assert invoke("draw", "-o", "a b.svg", "--open") == (0, "", "wrote a b.svg\n")
    assert opened == [Path("a b.svg").resolve().as_uri()]
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    result = invoke("draw", "-o", "net.svg", "--open")
    says = "wrote net.svg\n--open: this system has no viewer for net.svg\n"
    assert (result.code, result.stderr) == (0, says)


NO_WIDTH = "give a number and its unit, mm, cm, in, pt or px, as in 85mm"
IN_MERMAID = "Mermaid has no such thing, its reader lays it out; draw .svg, .png or .pdf"
IN_A_PROFILE = "--profile plots every layer of the network in one column; leave this out"

REFUSED = {
    (): "-o: is missing; give a file, its ending says how to draw: .svg or .mmd (Mermaid text), "
    ".png or .pdf (by matplotlib), as in 'resnet-shapes draw -o net.svg'",
    **{
        ("-o", "a.svg", "--width", given): f"--width: '{given}' is no width; {NO_WIDTH}"
        for given in ("85", "mm", "-3cm", "wide", "1e3mm", "0mm", "8 5mm", "3ft")
    },
    **{
        ("-o", "a.svg", "--width", given): f"--width: '{given}' is not between 1cm and 500cm; "
        f"{NO_WIDTH}"
        for given in ("5mm", "9999in")
    },
    **{
        ("-o", "a.svg", "--font-size", given): f"--font-size: '{given}' is no size of type; "
        "give points from 1 to 100, as in 7"
        for given in ("0", "big", "-8", "101", "8px")
    },
    ("-o", "a.svg", "--columns", "0"): "--columns: '0' is no number of columns; give 1 or more",
    ("-o", "a.svg", "--columns", "two"): "--columns: 'two' is not a whole number",
    ("-o", "a.svg", "--columns", "99"): "--columns: 99 is not what this figure can have: "
    "1, 2, 3, 4, 5, 6, 9",
    ("-o", "a.svg", "--columns", "2", "--part", "block"): "--columns: --part block has a column "
    "for each kind of block",
    ("-o", "a.svg", "--columns", "2", "--profile"): f"--columns: {IN_A_PROFILE}",
    ("-o", "a.mmd", "--width", "85mm"): f"--width: {IN_MERMAID}",
    ("-o", "a.mmd", "--no-legend"): f"--legend: {IN_MERMAID}",
    ("-o", "a.mmd", "--columns", "2"): f"--columns: {IN_MERMAID}",
    ("-o", "a.mmd", "--font-size", "7"): f"--font-size: {IN_MERMAID}",
    ("-o", "net"): "--output: 'net' does not end in one of .svg, .png, .pdf, .mmd",
    ("-o", "net.swg"): "--output: 'net.swg' does not end in one of .svg, .png, .pdf, .mmd "
    "(did you mean '.svg'?)",
    ("-o", "a.svg", "--format", "json"): "--format: is not for 'draw'; "
    "the ending of -o FILE says how to draw",
    ("-o", "a.svg", "--part", "stage", "--stage", "5"): "--stage: 5 is no stage of this network; "
    "it has 1 to 4",
    ("-o", "a.svg", "--part", "stage", "--stage", "0"): "--stage: 0 is no stage of this network; "
    "it has 1 to 4",
    ("-o", "a.svg", "--stage", "2"): "--stage: needs --part stage or --part block",
    ("-o", "a.svg", "--part", "blok"): "--part: 'blok' is not one of network, stage, block "
    "(did you mean 'block'?)",
    ("-o", "a.mmd", "--profile"): "--profile: plots bars, which Mermaid cannot; "
    "give a file that ends in .svg, .png or .pdf",
    ("-o", "a.svg", "--profile", "--part", "stage"): f"--part: {IN_A_PROFILE}",
    ("-o", "no/a.svg"): "cannot write no/a.svg: No such file or directory",
    (
        *("-o", "a.svg", "--preset", "resnet20_cifar10", "--blocks", "900,900,900"),
        *("--no-fold", "--blocks-detail"),
    ): "the figure would have 5,406 boxes, more than 5,000; leave out --no-fold or --blocks-detail",
}


@pytest.mark.parametrize("args", REFUSED, ids=" ".join)
def test_what_cannot_be_drawn_is_refused_in_one_line(invoke, args):
    assert invoke("draw", *args) == (2, "", f"resnet-shapes: {REFUSED[args]}\n")
    assert os.listdir() == []


def test_a_tables_columns_before_the_command_are_not_the_figures(invoke):
    said = "--columns: is not for 'draw'; behind 'draw' it is the number of the figure's columns"
    assert invoke("--columns", "path", "draw", "-o", "a.svg") == (2, "", f"resnet-shapes: {said}\n")


def test_options_are_read_from_the_environment_too(invoke, monkeypatch):
    monkeypatch.setenv("RESNET_SHAPES_OUTPUT", "net.xyz")
    assert "RESNET_SHAPES_OUTPUT: 'net.xyz' does not end" in invoke("draw").stderr
    monkeypatch.setenv("RESNET_SHAPES_FORMAT", "json")
    monkeypatch.setenv("RESNET_SHAPES_PART", "block")
    assert invoke("draw", "-o", "net.mmd").code == 0
    assert "identity shortcut" in Path("net.mmd").read_text(encoding="utf-8")


def test_blocks_detail_and_no_fold_draw_more(invoke):
    sizes = []
    for option in ((), ("--blocks-detail",), ("--blocks-detail", "--no-fold")):
        invoke("draw", "--preset", "resnet50", *option, "-o", "net.mmd")
        sizes.append(Path("net.mmd").read_text(encoding="utf-8").count(":::conv"))
    # The stem and four projections; each kind of block; each block.
    assert sizes == [5, 5 + 4 * 2 * 3, 5 + 16 * 3]


def test_mermaid_beyond_what_github_renders_is_noted(invoke):
    result = invoke("draw", "--blocks", "90,90,90,90", "--no-fold", "-o", "net.mmd")
    assert result.code == 0
    assert f"GitHub renders at most {MAX_ARROWS}" in result.stderr


def test_a_profile_has_a_bar_a_convolution_and_names_the_stages(invoke):
    args = ("draw", "--preset", "resnet18", "--profile", "-o", "p.svg")
    assert invoke(*args, "--no-fold").code == 0
    root = _svg("p.svg")
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    convs = {f"layer{s}.{b}.conv{c}" for s in range(1, 5) for b in range(2) for c in (1, 2)}
    assert convs <= set(texts)
    for text in ("stem", "stage 1", "stage 4", "head", "Parameters: 11.690 M", "MACs: 1.814 G"):
        assert text in texts


def test_a_profile_folds_as_the_figure_does_and_tells_shortcuts_apart(invoke):
    args = ("draw", "--preset", "resnet1202_cifar10", "--shortcut", "projection", "--profile")
    assert invoke(*args, "-o", "p.svg").code == 0
    root = _svg("p.svg")
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert "layer2.1-199.conv2 \N{MULTIPLICATION SIGN} 199" in texts
    assert "shortcut" in texts
    boxes = [rect.get("class") for rect in root.iter(f"{SVG}rect")]
    # Two shortcuts with three bars each, and the sample in the legend.
    assert boxes.count("box shortcut") == 2 * 3 + 1
    assert _size("p.svg")[1] < 300


def test_a_figure_replaces_a_file_whole_and_keeps_its_mode(invoke):
    Path("net.svg").write_text("old" * 100_000, encoding="utf-8")
    Path("net.svg").chmod(0o640)
    invoke("draw", "-o", "net.svg")
    _svg("net.svg")
    if os.name == "posix":
        assert Path("net.svg").stat().st_mode & 0o777 == 0o640


@pytest.mark.slow
def test_a_huge_network_still_becomes_a_png(invoke):
    args = ("--preset", "resnet1202_cifar10", "--no-fold", "-o", "net.png")
    assert invoke("draw", *args) == (0, "", "wrote net.png\n")
    content = Path("net.png").read_bytes()
    width, height = (int.from_bytes(content[i : i + 4], "big") for i in (16, 20))
    assert max(width, height) < 2**16
    assert width * height <= 60_500_000


def _svg(name):
    return ET.parse(name).getroot()  # noqa: S314 (our own file)


UNET = """
import torch
from torch import nn


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(3, 4, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.mid = nn.Conv2d(4, 8, 3, padding=1)
        self.up = nn.ConvTranspose2d(8, 4, 2, 2)
        self.head = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        skip = self.down(x)
        return self.head(torch.cat([skip, self.up(self.mid(self.pool(skip)))], 1))
"""


@pytest.mark.parametrize("name", ["net.svg", "net.mmd"])
def test_a_network_of_the_users_own_is_drawn_with_its_skips(invoke, name):
    Path("unet.py").write_text(UNET)
    result = invoke("draw", "--module", "./unet.py:UNet", "--input", "1x3x16x16", "-o", name)
    assert (result.code, result.stdout) == (0, "")
    text = Path(name).read_text(encoding="utf-8")
    for words in ("3x3 conv, 8", "2x2 max pool", "1x2x16x16"):
        assert words in text


def test_a_network_without_a_layer_that_costs_is_drawn_and_has_no_profile(invoke):
    Path("soft.py").write_text("from torch import nn\nnet = nn.Sequential(nn.Softmax(1))\n")
    target = ("--module", "./soft.py:net", "--input", "2x3")
    assert invoke("draw", *target, "-o", "net.svg").code == 0
    result = invoke("draw", *target, "-o", "net.svg", "--profile")
    says = "resnet-shapes: there is no layer in this network that has a bar\n"
    assert (result.code, result.stderr) == (2, says)


def test_a_module_that_fails_is_not_drawn(invoke):
    Path("bad.py").write_text(
        "from torch import nn\nnet = nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 5))\n"
    )
    result = invoke("draw", "--module", "./bad.py:net", "--input", "1x2", "-o", "net.svg")
    assert result.code == 2
    assert result.stderr.startswith("resnet-shapes: cannot be drawn: layer 1 (Linear, given 1x3)")
    assert not Path("net.svg").exists()
