"""The figures: what they show, that nothing overlaps, and that grey and colour tell apart."""

import re
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_cli.analysis.rows import summarise
from resnet_cli.draw import scene
from resnet_cli.draw.boxes import Level
from resnet_cli.draw.layout import arrange
from resnet_cli.draw.mermaid import count_arrows, to_mermaid
from resnet_cli.draw.page import text_width, wrapped
from resnet_cli.draw.parts import Node, nodes, residual
from resnet_cli.draw.style import CIRCLES, TINTS, Category
from resnet_cli.family import presets
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.modes import Block, Shortcut
from resnet_cli.family.resnet import build
from resnet_cli.graph.products import Conv
from tests.draw.geometry import clashes, estimates, extents, overlapping_neighbours, rectangles

SPREAD = (
    "d2l-resnet18",
    "seresnet50",
    "ecaresnet50d",
    "seresnetaa50d",
    "regnet_y_400mf",
    "resnetv2_50",
    "resnet34",
    "resnet50",
    "resnet152",
    "resnext101_64x4d",
    "wide_resnet101_2",
    "resnet110_cifar10",
)


def _graph(name, **changes):
    return build(presets.preset(name).config._replace(**changes))


def _scenes(graph):
    for folded in (True, False):
        yield scene.network(graph, "net", Level.BLOCKS, folded=folded)
        yield scene.network(graph, "net", Level.CONVOLUTIONS, folded=folded)
        yield scene.stage(graph, "net", None, folded=folded)
    yield scene.block(graph, "net", None)


@pytest.mark.parametrize("name", SPREAD)
def test_nothing_overlaps_in_the_presets(name):
    for shown in _scenes(_graph(name)):
        page = arrange(shown)
        if len(page.boxes) < 300:
            assert clashes(page, list(extents(page))) == []
        else:
            assert overlapping_neighbours(page) == []


def test_the_check_for_overlaps_sees_one():
    page = arrange(scene.block(_graph("resnet50"), "net", None))
    moved = page.boxes[1]._replace(x=page.boxes[0].x + 1, y=page.boxes[0].y + 1)
    page.boxes[1] = moved
    assert clashes(page, list(extents(page)))
    assert overlapping_neighbours(page)


@pytest.mark.parametrize("name", ["resnet50", "resnet20_cifar10"])
def test_a_text_is_estimated_as_wide_as_it_is_or_a_little_more(name):
    page = arrange(scene.network(_graph(name), "net", Level.BLOCKS, folded=True))
    for measured, estimated in zip(extents(page), estimates(page), strict=True):
        width = measured[2] - measured[0]
        assert width <= estimated[2] - estimated[0] <= 1.25 * width + 1


def test_texts_fit_their_boxes():
    for name in SPREAD:
        page = arrange(scene.network(_graph(name), "net", Level.BLOCKS, folded=True))
        boxes = rectangles(page.boxes)
        for label, text in zip(page.labels, extents(page), strict=True):
            if label.category is not None:
                assert any(
                    box[0] < text[0] and box[1] < text[1] and text[2] < box[2] and text[3] < box[3]
                    for box in boxes
                ), label


@st.composite
def configs(draw):
    stages = draw(st.integers(1, 5))
    block = draw(st.sampled_from(Block))
    widths = sorted(draw(st.lists(st.integers(1, 300), min_size=stages, max_size=stages)))
    return ResNetConfig(
        input=(draw(st.integers(1, 10**9)), 3, 224, 224),
        channels=tuple(16 * width for width in widths),
        blocks=tuple(draw(st.lists(st.integers(1, 5), min_size=stages, max_size=stages))),
        block=block,
        groups=draw(st.sampled_from([1, 32])) if block is Block.BOTTLENECK else 1,
        stem=draw(st.sampled_from(["imagenet", "cifar"])),
        shortcut=draw(st.sampled_from(Shortcut)),
        shortcut_norm=draw(st.booleans()),
    )


@settings(max_examples=25, deadline=None)
@given(configs())
def test_nothing_overlaps_whatever_the_network(config):
    for shown in _scenes(build(config)):
        page = arrange(shown)
        assert clashes(page, list(estimates(page))) == []


@settings(max_examples=25, deadline=None)
@given(configs())
def test_every_convolution_is_drawn_and_folding_loses_none(config):
    graph = build(config)
    built = sum(isinstance(operation.kind, Conv) for operation in graph.operations)
    for folded in (True, False):
        drawn = 0
        for section in scene.network(graph, "net", Level.CONVOLUTIONS, folded=folded).sections:
            for unit in section.units:
                convs = (node.category is Category.CONV for node in nodes(unit.parts))
                drawn += unit.times * sum(convs)
        assert drawn == built


def test_shapes_in_a_figure_are_those_of_the_table():
    graph = _graph("resnet50")
    shown = scene.network(graph, "net", Level.CONVOLUTIONS, folded=False)
    convs = [row for row in summarise(graph).rows if row.type == "Conv2d"]
    drawn = [node.shape for node in shown.nodes() if node.category is Category.CONV]
    assert drawn == ["x".join(map(str, row.output_shape)) for row in convs]


def test_a_block_is_drawn_in_both_kinds_from_a_stage_that_has_both():
    left, right = scene.block(_graph("d2l-resnet18"), "net", None).sections
    assert left.title == "identity shortcut\nstage 2, block 2"
    assert right.title == "1x1 convolution shortcut\nstage 2, block 1"
    changed, identity = (residual(side.units[0].parts[0]) for side in (right, left))
    assert [node.text for node in changed.shortcut] == ["1x1 conv, 128, /2"]
    assert [node.text for node in identity.main] == [
        "3x3 conv, 128",
        "batch norm",
        "ReLU",
        "3x3 conv, 128",
        "batch norm",
    ]


def test_a_network_without_one_kind_of_block_shows_the_other():
    (only,) = scene.block(_graph("d2l-resnet18", channels=(64,), blocks=(3,)), "net", None).sections
    assert only.title == "identity shortcut\nstage 1, blocks 1 to 3"


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("seresnet50", "1x1 convolution shortcut"),
        ("ecaresnet50d", "average pool and 1x1 convolution"),
        ("regnet_y_400mf", "1x1 convolution shortcut"),
    ],
)
def test_a_block_with_a_gate_is_a_residual_block(name, heading):
    left, right = scene.block(_graph(name), "net", None).sections
    assert left.title.startswith("identity shortcut\n")
    assert right.title.startswith(f"{heading}\n")
    for side in (left, right):
        main = residual(side.units[0].parts[0]).main
        (gate,) = (part for part in main if not isinstance(part, Node))
        assert gate.join.category is Category.MULTIPLY
        # The shortcut's line passes the gate's boxes on their right.
        page = arrange(scene.block(_graph(name), "net", None))
        assert clashes(page, list(estimates(page))) == []


def test_a_stage_shows_its_blocks_in_a_row():
    shown = scene.stage(_graph("resnet50"), "net", 3, folded=True)
    assert [section.title for section in shown.sections] == ["block 1", "blocks 2 to 6"]
    assert [section.units[0].times for section in shown.sections] == [1, 5]
    assert len({frame.y for frame in arrange(shown).clusters}) == 1


def test_columns_are_even_even_if_a_stage_has_to_go_on_in_the_next():
    page = arrange(scene.network(_graph("resnet50"), "net", Level.BLOCKS, folded=False))
    ends = {frame.x: frame.y + frame.height for frame in page.clusters}
    assert len(ends) == 2
    assert max(ends.values()) - min(ends.values()) < 0.2 * page.height
    titles = [label.text for label in page.labels if label.style == "stage"]
    assert titles == ["stage 1", "stage 2", "stage 3", "stage 3", "stage 4"]


def test_a_page_grows_with_the_network_and_keeps_its_form():
    for folded in (True, False):
        page = arrange(scene.network(_graph("resnet152"), "net", Level.CONVOLUTIONS, folded=folded))
        assert 0.4 < page.width / page.height < 1.5
    assert page.width * page.height > 1_000_000


def _lightness(color):
    """Return CIE L* of a colour: what is left of it in grey."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    luminance = sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 116 * luminance ** (1 / 3) - 16


def test_categories_of_box_differ_in_grey():
    tints = [tint for category, tint in TINTS.items() if category not in CIRCLES]
    for one, other in combinations(tints, 2):
        differ = abs(_lightness(one.fill) - _lightness(other.fill)) > 4
        assert differ or one.line != other.line, (one, other)


def test_texts_stand_out_from_their_boxes():
    for tint in TINTS.values():
        assert abs(_lightness(tint.fill) - _lightness(tint.text)) > 45, tint


def test_a_title_breaks_into_lines_that_fit():
    lines = wrapped(
        "ResNet-18 (basic 2,2,2,2; channels 64,128,256,512), input 1x1x224x224",
        10,
        200,
        bold=True,
    )
    assert len(lines) > 1
    assert all(text_width(line, 10, bold=True) <= 200 for line in lines)


@settings(max_examples=25, deadline=None)
@given(configs())
def test_mermaid_arrows_lead_from_node_to_node_outside_of_subgraphs(config):
    for shown in _scenes(build(config)):
        lines = to_mermaid(shown, "resnet-shapes draw").splitlines()
        nodes = {
            line.split("[")[0].split("(")[0].strip() for line in lines if line.strip()[0] == "n"
        }
        arrows = [line for line in lines if " -->" in line]
        assert count_arrows("\n".join(lines)) == len(arrows)
        assert {arrow.split()[0] for arrow in arrows} <= nodes
        assert {arrow.split()[-1] for arrow in arrows} <= nodes
        last = max(i for i, line in enumerate(lines) if line.strip() == "end")
        assert min(i for i, line in enumerate(lines) if " -->" in line) > last
        assert sum("subgraph" in line for line in lines) == sum(
            line.strip() == "end" for line in lines
        )


@pytest.mark.parametrize("name", SPREAD)
def test_mermaid_has_the_shapes_and_titles_of_the_figure_each_once(name):
    shown = scene.network(_graph(name), "net", Level.BLOCKS, folded=True)
    text, labels = to_mermaid(shown, "draw"), arrange(shown).labels
    drawn = [label.text for label in labels if label.style == "shape" and "x" in label.text]
    shapes = {node.shape for node in shown.nodes()}
    said = [label for label in re.findall(r'-->\|"(.*?)"\|', text) if label != "identity"]
    assert said == [label for label in drawn if label in shapes]
    framed = {label.text for label in labels if label.style in ("stage", "count")}
    assert {*re.findall(r'subgraph \w+\["(.*?)"\]', text)} == framed


def test_mermaid_escapes_what_would_be_syntax():
    shown = scene.block(_graph("resnet18"), "net", None)
    node = next(shown.nodes())._replace(text='a"b#c<d>')
    unit = shown.sections[0].units[0]._replace(parts=(node,))
    sections = (shown.sections[0]._replace(units=(unit,)),)
    text = to_mermaid(shown._replace(sections=sections, title='say "x"\\'), "draw")
    assert '["a#quot;b#35;c#lt;d#gt;"]' in text
    assert 'title: "say \\"x\\"\\\\"\n' in text
