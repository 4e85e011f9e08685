"""What other tools count: their published formulas' totals, and kinds that nobody established."""

from math import prod

import pytest
from hypothesis import given

from resnet_cli.analysis.conventions import FORMULAS, TERMS, counts, legend
from resnet_cli.analysis.network import predict
from resnet_cli.analysis.tools import Tool, parse
from resnet_cli.family import presets, resnet
from resnet_cli.family.config import ResNetConfig
from resnet_cli.graph.activations import Activation
from resnet_cli.graph.builder import Builder
from resnet_cli.graph.captured import Opaque
from resnet_cli.graph.elementwise import Multiply
from resnet_cli.graph.graph import infer
from resnet_cli.graph.kinds import Input
from resnet_cli.graph.norms import GroupNorm
from resnet_cli.graph.pointwise import ReLU
from resnet_cli.graph.pooling import AvgPool
from resnet_cli.graph.products import Conv
from tests.strategies import configs

# resnet18, resnet50, d2l-resnet18: each tool's own words on 1x3x224x224, 1x1x224x224.
TOTALS = {
    "torch": (3_628_146_688, 8_178_368_512, 3_469_780_992),
    "torchvision": (1_814_073_344, 4_089_184_256, 1_734_890_496),
    "torchinfo": (1_814_083_944, 4_089_238_376, 1_737_382_026),
    "fvcore": (1_819_065_856, 4_111_512_576, 1_739_531_776),
    "ptflops": (1_825_313_768, 4_132_436_968, 1_746_757_130),
    "ptflops-aten": (1_814_074_344, 4_089_185_256, 1_737_374_218),
    "thop": (1_824_033_792, 4_133_742_592, 1_744_148_480),
    "calflops": (3_636_250_112, 8_211_108_352, 3_480_016_896),
    "deepspeed": (3_636_250_112, 8_211_108_352, 3_480_016_896),
}
NETWORKS = ("resnet18", "resnet50", "d2l-resnet18")


def graph_of(name, **changes):
    """Return a preset's graph."""
    return resnet.build(ResNetConfig(**{**presets.preset(name).values(), **changes}))


def relu_functions(graph):
    """Return the outputs of all ReLUs that are no modules, in elements."""
    leaves = {module.path for module in graph.modules if module.is_leaf}
    return sum(
        prod(facts.outputs[0])
        for operation, facts in zip(graph.operations, infer(graph), strict=True)
        if isinstance(operation.kind, ReLU) and operation.path not in leaves
    )


def test_every_tool_has_a_formula_and_totals_here():
    assert {tool.value for tool in FORMULAS} == {tool.value for tool in Tool} == TOTALS.keys()
    assert set().union(*FORMULAS.values()) == TERMS.keys()


@pytest.mark.parametrize("tool", Tool)
@pytest.mark.parametrize("name", NETWORKS)
def test_three_networks_are_counted_as_each_tool_counts_them(name, tool):
    graph = graph_of(name)
    (count,) = counts(graph, [tool])
    more = 0
    if tool is Tool.PTFLOPS and name != "d2l-resnet18":
        more = relu_functions(graph)  # torchvision's are modules, which count twice
    assert count.total + more == TOTALS[tool][NETWORKS.index(name)]
    assert count.no_rule == ()


@given(configs())
def test_the_default_is_torchvisions_and_half_of_pytorchs(config):
    network = predict(config)
    found = {c.tool: c.total for c in counts(network.graph, Tool)}
    assert found[Tool.TORCHVISION] == network.summary.macs
    assert found[Tool.TORCH] == network.summary.flops
    assert found[Tool.CALFLOPS] == found[Tool.DEEPSPEED]
    batch, *others = config.input
    more = resnet.build(config._replace(input=(2 * batch, *others)))
    assert [c.total for c in counts(more, Tool)] == [
        total and 2 * total for total in found.values()
    ]


def with_kinds(*kinds):
    """Return a network of a convolution and these kinds behind it."""
    net = Builder()
    image = x = net.apply(Input((1, 3, 8, 8)))
    x = net.layer("conv", Conv(4, (3, 3)), x)
    for kind in kinds:
        inputs = (x, x) if isinstance(kind, Multiply) else (x,)
        x = net.apply(kind, *inputs)
    return net.graph("Network", image, x)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Multiply(), "mul"),
        (GroupNorm(2), "GroupNorm"),
        (AvgPool((2, 2), (2, 2)), "AvgPool2d"),
        (Activation("Sigmoid"), "Sigmoid"),
        (Opaque("blur", ((1, 4, 6, 6),)), "blur"),
    ],
)
def test_what_was_not_established_is_named_and_has_no_total(kind, name):
    for count in counts(with_kinds(kind), Tool):
        if count.tool in (Tool.TORCH, Tool.TORCHVISION):  # they count products alone
            assert (count.total is not None, count.no_rule) == (True, ())
        else:
            assert (count.total, count.no_rule) == (None, (name,))
            assert count.said == f"no rule for {name}"


def test_what_multiplies_without_a_rule_has_no_total_anywhere():
    graph = with_kinds(Opaque("einsum", ((1, 4, 6, 6),), macs=None))
    assert {count.no_rule for count in counts(graph, Tool)} == {("einsum",)}
    assert {count.said for count in counts(graph, Tool, ran=False)} == {"not known"}


def test_a_formula_and_its_letters_are_explained():
    (count,) = counts(graph_of("resnet18"), [Tool.FVCORE])
    assert count.formula == "M + 2 n + a"
    assert legend([Tool.FVCORE]) == (
        "M: this tool's MACs, n: outputs of batch norms, a: inputs of average pools."
    )


def test_tools_are_parsed_and_a_wrong_one_is_said():
    assert parse("all") == (*Tool,)
    assert parse(" THOP,fvcore") == parse(["thop", "fvcore"]) == (Tool.THOP, Tool.FVCORE)
    for wrong, why in (
        ("thopp", r"'thopp' is no tool whose count is known \(did you mean 'thop'\?\); they are"),
        ("", "'' is no tool"),
        ("thop,thop", "'thop' is named 2 times"),
        ("all,thop", "'all' is no tool"),
        (3, "3 is not a list of tools"),
    ):
        with pytest.raises(ValueError, match=why):
            parse(wrong)
