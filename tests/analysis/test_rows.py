"""The prediction: sums, fields and memory, by rules that the walk does not use itself."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli.analysis.count import counts
from resnet_cli.analysis.network import predict
from resnet_cli.analysis.rows import summarise
from resnet_cli.analysis.walk import walk
from resnet_cli.family import blocks, presets
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.modes import DType
from resnet_cli.family.names import Net, scheme
from resnet_cli.graph.activations import Activation
from resnet_cli.graph.captured import Opaque
from resnet_cli.graph.elementwise import Multiply
from resnet_cli.graph.kinds import Input
from resnet_cli.graph.pointwise import Add, BatchNorm, ReLU
from resnet_cli.graph.pooling import AdaptiveAvgPool
from resnet_cli.graph.products import Conv, Linear
from tests.strategies import configs

COUNTS = ("params", "buffers", "macs", "activation_bytes")


@given(configs())
def test_a_containers_counts_are_the_sums_over_its_leaves(config):
    rows = predict(config).summary.rows
    for row in rows:
        if row.leaf:
            continue
        leaves = [r for r in rows if r.leaf and r.path.startswith(row.path + ".")]
        for name in COUNTS:
            assert getattr(row, name) == sum(getattr(leaf, name) for leaf in leaves)
        fields = [leaf.receptive_field for leaf in leaves if leaf.receptive_field is not None]
        if fields:  # none of a head, and inside a gate that of what it weighs
            assert row.receptive_field == max(fields)


@given(configs())
def test_a_block_that_repeats_is_counted_once_and_as_often_as_it_stands_there(config):
    summary = predict(config).summary
    assert [*counts([config])] == [(summary.params, summary.buffers, summary.macs)]


@pytest.mark.parametrize("name", presets.NAMES)
def test_every_presets_count_is_its_summarys(name):
    summary = predict(presets.preset(name).config).summary
    assert [*counts([presets.preset(name).config])] == [
        (summary.params, summary.buffers, summary.macs)
    ]


@given(configs(), st.integers(2, 9))
def test_the_batch_multiplies_macs_and_memory_and_leaves_parameters_alone(config, times):
    batch, *image = config.input
    one = predict(config).summary
    many = predict(config._replace(input=(batch * times, *image))).summary
    for name, total in one.totals().items():
        same = name in ("params", "buffers", "param_bytes")
        assert many.totals()[name] == total * (1 if same else times)


@given(configs(dtypes=tuple(DType)))
def test_bytes_are_elements_times_the_element_types_size(config):
    summary = predict(config).summary
    assert summary.param_bytes == summary.params * config.dtype.itemsize
    for row in summary.rows:
        assert row.output_bytes == math.prod(row.output_shape) * config.dtype.itemsize


@given(configs())
def test_rows_are_a_walk_of_the_tree_each_container_before_what_it_holds(config):
    seen = set()
    for row in predict(config).summary.rows:
        parent = row.path.rpartition(".")[0]
        assert row.depth == row.path.count(".") + 1
        assert not parent or parent in seen
        seen.add(row.path)


@given(configs())
def test_depth_hides_rows_and_changes_none(config):
    summary = predict(config).summary
    for depth in range(1, 6):
        rows = summary.at_depth(depth)
        assert rows == [row for row in summary.rows if row.path.count(".") < depth]


@given(configs())
def test_the_peak_holds_at_least_any_layers_input_and_output(config):
    summary = predict(config).summary
    bound = max(
        (math.prod(row.input_shape) + math.prod(row.output_shape)) * summary.itemsize
        for row in summary.rows
        if row.leaf and row.type != "Flatten"
    )
    assert bound <= summary.peak_bytes <= 2 * bound


def test_the_smallest_input_gives_one_pixel_maps():
    for input_shape in ((1, 1, 1, 1), (1, 1, 32, 32)):
        summary = predict(ResNetConfig(input=input_shape)).summary
        assert summary.rows[-4].output_shape == (1, 512, 1, 1)
        assert summary.output_shape == (1, 10)


def test_the_global_pool_ends_receptive_field_and_stride():
    rows = predict(ResNetConfig()).summary.at_depth(1)
    assert [row.stride for row in rows] == [4, 4, 8, 16, 32, None, None, None]
    assert [row.receptive_field for row in rows[-3:]] == [None] * 3


CONV = Conv(2, (3, 3), padding=(1, 1))


def network(write, shape=(1, 2, 4, 4)):
    """Return the summary of what `write` writes, and the walk over it."""
    net = Net(scheme(ResNetConfig()), "")
    x = net.apply(Input(shape))
    graph = net.graph("Network", x, write(net, x))
    return summarise(graph), walk(graph)


def test_an_identity_shortcut_waits_for_the_main_path():
    # 2 x 4 x 4 floats are 128 bytes: the block's input, the convolution's input and output.
    def chain(net, x):
        return net.layer("1", CONV, net.layer("0", CONV, x))

    def waiting(net, x):
        return net.apply(Add(inplace=True), chain(net, x), x)

    assert network(chain)[0].peak_bytes == 2 * 128
    assert network(waiting)[0].peak_bytes == 3 * 128


def test_what_is_written_in_place_takes_no_memory():
    def write(net, x):
        return net.layer("1", ReLU(inplace=True), net.layer("0", CONV, x))

    summary, walked = network(write)
    assert [row.activation_bytes for row in summary.rows] == [128, 0]
    assert walked.storages == [0, 1, 1]
    assert summary.peak_bytes == 2 * 128


def test_the_notebooks_residual_keeps_or_halves_its_input():
    # Dive into Deep Learning, section 8.6.2: Residual(3, 3), and with a 1x1 and stride 2.
    config = ResNetConfig(input=(4, 3, 6, 6), channels=(3, 6), blocks=(1, 1))
    for planes, stride, shape in ((3, 1, (4, 3, 6, 6)), (6, 2, (4, 6, 3, 3))):
        summary, _ = network(
            lambda net, x, p=planes, s=stride: blocks.residual_block(net, config, "0", x, 3, p, s),
            (4, 3, 6, 6),
        )
        assert summary.output_shape == shape


def test_a_network_without_names_and_roles_can_be_summarised():
    summary, _ = network(lambda net, x: net.layer("0", ReLU(), x), (1, 2, 3, 4))
    assert (summary.name, summary.rows[0].role) == ("network", "")
    assert summary.totals()["macs"] == 0


def gated(net, x):
    """Write a squeeze-and-excitation gate (Hu, Shen, Sun 2018, figure 3) behind a convolution."""
    y = net.layer("conv", CONV, x)
    gate = net.layer("pool", AdaptiveAvgPool(), y)
    gate = net.layer("fc1", Conv(1, (1, 1)), gate)
    gate = net.layer("fc2", Conv(2, (1, 1)), net.apply(ReLU(), gate))
    return net.layer("next", CONV, net.apply(Multiply(), y, net.apply(Activation("Sigmoid"), gate)))


def test_a_gate_without_a_map_does_not_widen_what_is_seen():
    rows = {row.path: row for row in network(gated)[0].rows}
    assert [rows[path].receptive_field for path in ("conv", "fc2", "next")] == [3, None, 5]


def test_unequal_windows_give_the_larger_field():
    # 1x7 and 7x1 see 7 x 7 together, and not 13.
    def write(net, x):
        y = net.layer("0", Conv(2, (1, 7), padding=(0, 3)), x)
        return net.layer("1", Conv(2, (7, 1), padding=(3, 0)), y)

    rows = network(write)[0].rows
    assert [(row.receptive_field, row.stride) for row in rows] == [(7, 1)] * 2
    assert [row.window.kernel for row in rows] == [(1, 7), (7, 1)]


def test_unequal_strides_have_no_one_field_and_the_note_says_so():
    def write(net, x):
        y = net.layer("0", Conv(2, (3, 3), (2, 2), (1, 1)), x)
        with net.inside("1", "Block", y):
            half = net.layer("a", Conv(2, (1, 1), (2, 2)), y)
            full = net.layer("b", Conv(2, (2, 2)), y)
            y = net.apply(Add(), half, full)
        return net.layer("2", CONV, y)

    rows = {row.path: row for row in network(write)[0].rows}
    assert (rows["1"].receptive_field, rows["1"].stride) == (None, None)
    assert rows["1"].note == "maps of strides 4x4 and 2x2 meet: no one receptive field"
    assert (rows["2"].receptive_field, rows["2"].note) == (None, "")


def test_a_map_of_unequal_sides_strides_has_a_field_and_no_one_stride():
    rows = network(lambda net, x: net.layer("0", Conv(2, (3, 3), (2, 1), (1, 1)), x))[0].rows
    assert (rows[0].receptive_field, rows[0].stride) == (3, None)


def test_beyond_an_unknown_operation_nothing_is_seen():
    def write(net, x):
        y = net.layer("0", CONV, x)
        y = net.apply(Opaque("warp", ((1, 2, 4, 4),)), y)
        return net.layer("1", CONV, y)

    rows = network(write)[0].rows
    assert [row.receptive_field for row in rows] == [3, None]


def test_what_multiplies_beside_modules_has_a_row_and_counts_where_there_is_no_rule():
    def write(net, x):
        with net.inside("attend", "Attend", x):
            y = net.layer("in", Linear(4), x)
            y = net.apply(Opaque("matmul", ((1, 2, 4, 4),), 99), y, y)
            return net.apply(Opaque("bilinear", ((1, 2, 4, 4),), None), y)

    summary, _ = network(write)
    assert [row.path for row in summary.rows] == [
        "attend",
        "attend.in",
        "attend.matmul()",
        "attend.bilinear()",
    ]
    assert summary.macs == 99 + 32 * 4
    assert summary.not_counted == ("bilinear",)


def test_a_module_called_twice_is_one_row_with_its_weights_once():
    def write(net, x):
        y = net.layer("norm", BatchNorm(), x)
        return net.apply(ReLU(), y)

    summary, _ = network(write)
    assert [(row.path, row.params, row.calls) for row in summary.rows] == [("norm", 4, 1)]
