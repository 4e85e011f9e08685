"""Graphs as they are written: values, modules, repetition, print, and sizes for names."""

from hypothesis import given
from hypothesis import strategies as st

from resnet_cli import parse
from resnet_cli.graph.branches import branches, way
from resnet_cli.graph.builder import Builder
from resnet_cli.graph.graph import Value, at, infer, values
from resnet_cli.graph.kinds import Input
from resnet_cli.graph.moves import Flatten
from resnet_cli.graph.pointwise import Add, BatchNorm, ReLU
from resnet_cli.graph.printed import printed
from resnet_cli.graph.products import Conv

CONV = Conv(2, (3, 3), padding=(1, 1))


def block(net, name, x, *, skip=True):
    """Write a block of one convolution, with or without a shortcut."""
    with net.inside(name, "Block", x, registered=("norm", "conv")):
        y = net.layer("conv", CONV, x)
        y = net.layer("norm", BatchNorm(), y)
        return net.apply(Add(), y, x) if skip else y


def stack(blocks, *, repeated):
    """Write equal blocks one after another, each by hand or as a repetition of the first."""
    net = Builder()
    image = x = net.apply(Input((1, 2, 4, 4)))
    with net.inside("stage", "Sequential", x, role="stage 1"):
        if repeated:
            block(net, "0", x)
            x = net.repeat("0", blocks - 1)
        else:
            for index in range(blocks):
                x = block(net, str(index), x)
    return net.graph("Network", image, x)


@given(st.integers(1, 5))
def test_what_repeats_is_what_would_be_written_out(blocks):
    repeated, written = stack(blocks, repeated=True), stack(blocks, repeated=False)
    assert repeated.operations == written.operations
    assert [module._replace(like="") for module in repeated.modules] == [*written.modules]
    assert repeated.output == written.output
    assert printed(repeated) == printed(written)


def test_equal_operations_on_equal_shapes_are_inferred_once():
    facts = infer(stack(3, repeated=False))
    assert len(facts) == 1 + 3 * 3
    assert len({*map(id, facts)}) == 4  # of the input, the convolution, the norm, the addition


def test_modules_stand_as_they_are_registered_and_run_as_they_are_called():
    graph = stack(1, repeated=False)
    paths = [module.path for module in graph.modules]
    assert paths == ["", "stage", "stage.0", "stage.0.norm", "stage.0.conv"]
    assert [each.path for each in graph.operations[1:]] == [
        "stage.0.conv",
        "stage.0.norm",
        "stage.0",
    ]
    assert printed(graph).index("(norm)") < printed(graph).index("(conv)")


def test_a_container_prints_what_is_in_it_two_spaces_deeper():
    net = Builder()
    x = image = net.apply(Input((1, 3)))
    with net.inside("0", "Sequential", x):
        x = net.layer("0", ReLU(), x)
    x = net.layer("1", Flatten(), x)
    assert printed(net.graph("Sequential", image, x)) == (
        "Sequential(\n  (0): Sequential(\n    (0): ReLU()\n  )\n"
        "  (1): Flatten(start_dim=1, end_dim=-1)\n)"
    )


def test_branches_are_the_chains_to_the_one_addition():
    graph = stack(1, repeated=False)
    inner = next(module for module in graph.modules if module.path == "stage.0")
    found = branches(graph, inner)
    assert (found.main, found.side, found.addition, found.after) == ((1, 2), (), 3, ())
    outer = next(module for module in graph.modules if module.path == "stage")
    assert branches(graph, outer) is None


def test_there_is_no_way_around_an_addition():
    graph = stack(2, repeated=False)
    assert way(graph, Value(0), Value(2)) == (1, 2)
    assert way(graph, Value(0), Value(3)) is None
    assert way(graph, Value(2), Value(1)) is None


def test_values_are_found_in_any_nest():
    nest = [Value(1), {"a": Value(2), "b": "int"}, (None, [Value(3, 1)])]
    assert [*values(nest)] == [Value(1), Value(2), Value(3, 1)]
    assert [*values(Value(7))] == [Value(7)]
    assert [*values(None)] == []


def test_names_get_sizes_and_shapes_follow():
    net = Builder()
    x = net.apply(Input(parse.shape("Nx3xHx8")))
    y = net.layer("0", Conv(4, (3, 3), (2, 2), (1, 1)), x)
    graph = net.graph("Sequential", x, y)
    (shape,) = infer(at(graph, {"N": 2, "H": 9}))[-1].outputs
    assert shape == (2, 4, 5, 4)
    assert at(graph, {"N": 2, "H": 9}).inputs == ((2, 3, 9, 8),)
