"""Figures of any graph: forks and joins, what repeats, and that nothing overlaps."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_cli.draw import scene
from resnet_cli.draw.boxes import Level
from resnet_cli.draw.layout import arrange
from resnet_cli.draw.mermaid import to_mermaid
from resnet_cli.draw.parts import Fork, Node, Weave, joins, nodes, residual
from resnet_cli.draw.style import Category
from resnet_cli.errors import FigureError
from resnet_cli.graph.builder import Builder
from resnet_cli.graph.captured import Opaque
from resnet_cli.graph.kinds import Input
from resnet_cli.graph.pointwise import BatchNorm
from resnet_cli.graph.products import Conv
from tests.draw import nets
from tests.draw.geometry import clashes, estimates, extents, loose_ends

NETS = {
    "unet": nets.unet,
    "flat unet": lambda: nets.unet(depth=1),
    "inception": nets.inception,
    "squeeze": nets.squeeze,
    "dense": nets.dense,
    "woven": nets.woven,
    "two inputs": nets.two_inputs,
    "two outputs": nets.two_outputs,
}
LINKS = st.lists(st.lists(st.integers(0, 20), min_size=1, max_size=3), min_size=1, max_size=14)


def _shown(graph, level=Level.BLOCKS, *, folded=True):
    return scene.network(graph, "net", level, folded=folded)


def _parts(shown):
    return [part for section in shown.sections for unit in section.units for part in unit.parts]


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("name", NETS)
def test_nothing_overlaps_whatever_flows(name, level):
    for folded in (True, False):
        page = arrange(_shown(NETS[name](), level, folded=folded))
        assert clashes(page, list(extents(page))) == []


@settings(max_examples=60, deadline=None)
@given(LINKS)
def test_nothing_overlaps_whatever_the_links(links):
    for level in Level:
        page = arrange(_shown(nets.grown(links), level))
        assert clashes(page, list(estimates(page))) == []


@pytest.mark.parametrize("name", NETS)
def test_every_arrow_leads_from_something_to_something(name):
    for level in Level:
        page = arrange(_shown(NETS[name](), level, folded=False))
        assert loose_ends(page) == []
    page.arrows[2] = page.arrows[2]._replace(points=((-50, 0), (-40, 0)))
    assert len(loose_ends(page)) >= 2


@settings(max_examples=60, deadline=None)
@given(LINKS)
def test_every_operation_that_leads_to_the_end_has_a_box(links):
    graph = nets.grown(links)
    shown = _shown(graph, Level.CONVOLUTIONS, folded=False)
    drawn = [node.category for node in shown.nodes()]
    meet = [join.category for unit in _units(shown) for join in joins(unit.parts)]
    kinds = [operation.kind for operation in graph.operations]
    assert drawn.count(Category.CONV) == sum(isinstance(kind, Conv) for kind in kinds)
    concats = sum(isinstance(kind, Opaque) for kind in kinds)
    assert (drawn + meet).count(Category.CONCAT) == concats


def _units(shown):
    return [unit for section in shown.sections for unit in section.units]


@settings(max_examples=60, deadline=None)
@given(LINKS)
def test_mermaid_has_an_arrow_for_each_link(links):
    graph = nets.grown(links)
    lines = to_mermaid(_shown(graph, Level.CONVOLUTIONS, folded=False), "draw").splitlines()
    arrows = [line for line in lines if " -->" in line]
    taken = sum(len(operation.inputs) for operation in graph.operations)
    assert len(arrows) <= taken + 1  # and the one out of the figure
    ends = {arrow.split()[-1] for arrow in arrows} | {arrow.split()[0] for arrow in arrows}
    others = (line for line in lines if line.startswith("  n") and " -->" not in line)
    assert ends == {line.split("[")[0].split("(")[0].strip() for line in others}


def test_an_inception_block_has_its_arms_beside_each_other():
    forks = [part for part in _parts(_shown(nets.inception())) if isinstance(part, Fork)]
    fork, _ = forks  # the second takes more channels
    assert [[node.text for node in arm] for arm in fork.arms] == [
        ["1x1 conv, 64"],
        ["1x1, 96 · 3x3, 128"],
        ["1x1, 16 · 3x3, 32"],
        ["3x3 max pool · 1x1, 32"],
    ]
    assert fork.join.category is Category.CONCAT


def test_a_unet_nests_its_skips():
    shown = _shown(nets.unet(depth=3))
    depth, series = 0, _parts(shown)
    while fork := next((part for part in series if isinstance(part, Fork)), None):
        assert fork.arms[1] == ()
        depth, series = depth + 1, fork.arms[0]
    assert depth == 3


@pytest.mark.parametrize("level", Level)
def test_a_unet_is_a_u_whose_skips_lead_straight_across(level):
    page = arrange(_shown(nets.unet(depth=3), level))
    concats = [box for box in page.boxes[:-6] if box.category is Category.CONCAT]
    assert len(concats) == 3
    assert len({box.x for box in concats}) == 1
    for box in concats:
        skips = [arrow.points[-2:] for arrow in page.arrows if arrow.points[-1][0] == box.x]
        assert (box.y + box.height / 2,) * 2 in [(a[1], b[1]) for a, b in skips]
    shapes = {label.text: label for label in page.labels if label.style == "text"}
    assert shapes["1x3x128x128"].y == shapes["1x2x128x128"].y


def test_a_gate_is_a_fork_and_in_few_boxes_a_word():
    fine = _parts(_shown(nets.squeeze(), Level.CONVOLUTIONS))
    gates = [join for join in joins(fine) if join.category is Category.MULTIPLY]
    assert len(gates) == 1  # three blocks are drawn as one
    (block,) = (found for part in _parts(_shown(nets.squeeze())) if (found := residual(part)))
    assert [node.text for node in block.main] == ["3x3, 64 · 3x3, 64 · gate"]


def test_identical_neighbours_are_drawn_once_and_a_dense_block_grows():
    for net, times in ((nets.squeeze, 3), (nets.dense, 6)):
        assert max(unit.times for unit in _units(_shown(net()))) == times
        assert {unit.times for unit in _units(_shown(net(), folded=False))} == {1}
    dense = next(unit for unit in _units(_shown(nets.dense())) if unit.times > 1)
    assert (dense.input, dense.output) == ("1x64x64x64", "1x256x64x64")


def test_alike_blocks_with_a_frame_of_their_own_are_drawn_once():
    (section,) = [s for s in _shown(nets.inception(blocks=4)).sections if s.units[0].times > 1]
    assert (section.title, section.units[0].times) == ("mixed1 to mixed3", 3)
    titles = [section.title for section in _shown(nets.inception(4), folded=False).sections]
    assert titles == ["", "mixed0", "mixed1", "mixed2", "mixed3", ""]


def test_what_no_forks_describe_is_woven():
    assert any(isinstance(part, Weave) for part in _parts(_shown(nets.woven())))


def test_stages_are_framed_by_the_modules_around_blocks():
    titles = [section.title for section in _shown(nets.squeeze()).sections]
    assert titles == ["", "layer1", ""]
    assert scene.stages(nets.squeeze()) == ["layer1"]
    titles = [section.title for section in _shown(nets.inception()).sections]
    assert titles == ["", "mixed0", "mixed1", ""]


def test_a_stage_and_a_block_of_any_network_are_drawn():
    (section,) = scene.stage(nets.squeeze(), "net", 1, folded=True).sections
    assert section.title == "blocks 1 to 3"
    (section,) = scene.block(nets.squeeze(), "net", None).sections
    assert section.title == "identity shortcut\nstage 1, blocks 1 to 3"


def test_the_shape_on_an_arrow_is_the_one_that_arrives():
    net = Builder()
    image = net.apply(Input((1, 8, 4, 4)))
    x = net.layer("conv", Conv(8, (1, 1)), image)
    turned = net.apply(Opaque("permute", ((1, 4, 4, 8),), is_view=True), x)
    first = net.apply(Opaque("first", ((1, 4, 4, 8),)), turned)
    graph = net.graph("Turned", image, first)
    assert [node.shape for node in _shown(graph).nodes()] == ["1x4x4x8", "1x4x4x8"]
    both = net.apply(Opaque("both", ((1, 8),)), first, x)
    found = _shown(net.graph("Both", image, both)).nodes()
    assert [(node.text, node.shape) for node in found] == [
        ("1x1 conv, 8", "1x8x4x4"),
        ("reshape", "1x4x4x8"),
        ("first", "1x4x4x8"),
    ]


def test_what_is_constant_is_not_drawn_and_inputs_are_when_there_are_several():
    texts = [node.text for node in _shown(nets.two_inputs()).nodes()]
    assert texts == ["input 1, 1x3x16x16", "3x3 conv, 8", "input 2, 1x8x16x16"]
    shown = _shown(nets.two_inputs(), Level.LAYERS)
    assert [node.text for node in shown.nodes()][-1] == "add"


def test_norms_alone_are_drawn_and_nothing_at_all_is_refused():
    net = Builder()
    image = net.apply(Input((1, 3, 4, 4)))
    graph = net.graph("Norms", image, net.layer("norm", BatchNorm(), image))
    assert [node.text for node in _shown(graph).nodes()] == ["batch norm"]
    with pytest.raises(FigureError, match="no layer in this network"):
        _shown(net.graph("Nothing", image, image))


def test_several_outputs_meet_at_the_end():
    (unit,) = _units(_shown(nets.two_outputs()))
    assert unit.parts[-1].join == Node("outputs", Category.OTHER, "1x4x16x16, 1x10x16x16")
    assert len([*nodes(unit.parts)]) == 3
