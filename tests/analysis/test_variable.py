"""A network's formulas have, at every size, what the network has there."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli.analysis import train
from resnet_cli.analysis.backward import corners
from resnet_cli.analysis.network import Network, Plain, predict
from resnet_cli.analysis.rows import summarise
from resnet_cli.analysis.step import Optimizer, Step
from resnet_cli.analysis.templates import explained, template
from resnet_cli.analysis.variable import ELEMENT, largest, variable
from resnet_cli.errors import ConfigError
from resnet_cli.family.config import DType
from resnet_cli.family.presets import preset
from resnet_cli.graph.builder import Builder
from resnet_cli.graph.dims import Dim, evaluate
from resnet_cli.graph.kinds import Input
from resnet_cli.graph.matmul import MultiheadAttention
from tests.strategies import configs

N, H, W = (Dim.named(name, axis) for name, axis in (("N", 0), ("H", 2), ("W", 3)))
STEP = Step(Optimizer.SGD)


def varied(config, step=STEP):
    network = predict(config._replace(input=(N, config.image_channels, H, W)))
    return variable(network, depth=99, folded=True, step=step)


@given(configs(), st.data())
def test_the_formulas_of_any_network_have_its_figures_at_any_size(config, data):
    found = varied(config)
    way, update = (data.draw(st.sampled_from(each)) for each in found.trained[:2])
    dtype = DType.FLOAT32 if way.amp else data.draw(st.sampled_from([*DType]))
    numbers = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 300), st.integers(1, 300)))
    sizes = dict(zip("NHW", numbers, strict=True))
    at = {**sizes, str(ELEMENT): dtype.itemsize}
    batch, height, width = numbers
    own = config._replace(input=(batch, config.image_channels, height, width), dtype=dtype)
    plain = predict(own).summary
    assert max(evaluate(tuple(found.held), at)) == plain.peak_bytes
    for name in ("params", "macs", "activation_bytes", "param_bytes", "buffer_bytes"):
        assert evaluate(getattr(found.summary, name), at) == getattr(plain, name)
    step = Step(update.optimizer, way.amp, way.checkpoint)
    try:
        trained = train.predict(own, step).summary.training
    except ConfigError:
        assert 1 in evaluate(tuple(found.trained.ones), at)
        return
    assert evaluate(way.saved_bytes, at) == trained.saved_bytes
    assert evaluate(way.flops, at) == trained.flops
    highest = max(evaluate((*way.passes, update.after), at))
    assert evaluate(update.always, at) + highest == trained.peak_bytes
    assert all(value != 0 for value in evaluate(tuple(found.trained.apart), at))


def test_where_nobody_knows_the_peak_no_amount_is_one_of_it():
    net = Builder()
    tokens = net.apply(Input((N, 4, 8)))
    attention = MultiheadAttention(8, 2, batch_first=True)
    graph = net.graph("Net", tokens, net.layer("heads", attention, tokens, tokens, tokens))
    found = variable(Network(Plain({}), graph, summarise(graph)), depth=99, folded=True, step=None)
    assert found.summary.no_peak
    assert found.held == []


def test_a_folded_row_saves_what_all_that_it_stands_for_save():
    config = preset("resnet18").config
    found = varied(config)
    at = {"N": 1, "H": 224, "W": 224, str(ELEMENT): 4}
    (plain,) = (way for way in found.trained.ways if not (way.amp or way.checkpoint))
    saved = evaluate(tuple(plain.saved), at)
    alone = {row.path: row.saved_bytes for row in train.predict(config, STEP).summary.rows}
    rows = found.rows
    assert [sum(alone[path] for path in row.paths) for row in rows] == [*saved]
    assert any(row.times > 1 for row in rows)


def test_of_amounts_those_stay_that_are_the_largest_somewhere():
    area = N * H * W
    amounts = [area, area + 1, 2 * N, 2 * N + 1, area + N, N + 1]
    assert {*largest(amounts)} == {area + 1, 2 * N + 1, area + N}
    assert largest([3, 7, 5]) == [7]


def test_a_moment_halfway_between_its_neighbours_is_none_of_the_highest():
    assert [*corners([N, N + 1, N + 2, N + 3, N + 9, N + 2])] == [N, N + 3, N + 9, N + 2]
    assert [*corners([N, 3 * N])] == [N, 3 * N]
    assert [*corners([N])] == [N]


@pytest.mark.parametrize("name", ["resnet20_cifar10", "resnext50_32x4d"])
def test_an_explanation_with_gaps_has_the_numbers_of_one_without(name):
    from resnet_cli.analysis.explain import explain

    config = preset(name).config
    found = varied(config)
    explanations, known = explained(found.walked, found.summary)
    sizes = dict(zip("NHW", (2, 50, 70), strict=True))
    network = predict(config._replace(input=(2, config.image_channels, 50, 70)))
    for ours, theirs in zip(explanations, explain(network.graph, network.summary), strict=True):
        assert ours.path == theirs.path
        numbers = {q.name: q.value for q in theirs.quantities}
        for quantity in ours.quantities:
            if quantity.name in numbers:  # a width is not said where it is as the height
                assert evaluate(quantity.value, sizes) == numbers[quantity.name]
            parts = template(quantity.formula, known)
            text = "".join(str(evaluate(part, sizes)) for part in parts)
            assert "\0" not in text
            if (
                quantity.name in ("height", "params", "MACs", "field")
                and "max" not in text
                and text
            ):
                names = {"ceil": math.ceil, "floor": math.floor}
                assert eval(text, names) == evaluate(quantity.value, sizes)  # noqa: S307
