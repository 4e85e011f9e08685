"""The prediction: sums, fields and memory, by rules that the walk does not use itself."""

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from resnet_cli.analysis.infer import Counter, infer
from resnet_cli.analysis.network import Network
from resnet_cli.family import tree as resnet
from resnet_cli.family.config import DType, ResNetConfig
from resnet_cli.graph.layers import Conv2d, ReLU, Residual, Sequential
from tests.strategies import configs

COUNTS = ("params", "buffers", "macs", "activation_bytes")


@given(configs())
def test_a_containers_counts_are_the_sums_over_its_leaves(config):
    rows = Network(config).summary.rows
    for row in rows:
        if row.leaf:
            continue
        leaves = [r for r in rows if r.leaf and r.path.startswith(row.path + ".")]
        for count in COUNTS:
            assert getattr(row, count) == sum(getattr(leaf, count) for leaf in leaves)
        assert row.receptive_field == max(leaf.receptive_field for leaf in leaves)


@given(configs())
def test_the_counter_and_the_rows_agree(config):
    summary = Network(config).summary
    sums = Counter().sums(resnet.build(config), config.input)
    assert (sums.params, sums.buffers, sums.macs) == (
        summary.params,
        summary.buffers,
        summary.macs,
    )
    assert sums.activations * config.dtype.itemsize == summary.activation_bytes
    assert sums.output_shape == summary.output_shape


@given(configs(), st.integers(2, 9))
def test_the_batch_multiplies_macs_and_memory_and_leaves_parameters_alone(config, times):
    batch, *image = config.input
    one = Network(config).summary
    many = Network(replace(config, input=(batch * times, *image))).summary
    for name, total in one.totals().items():
        same = name in ("params", "buffers", "param_bytes")
        assert many.totals()[name] == total * (1 if same else times)


@given(configs(dtypes=tuple(DType)))
def test_bytes_are_elements_times_the_element_types_size(config):
    summary = Network(config).summary
    assert summary.param_bytes == summary.params * config.dtype.itemsize
    for row in summary.rows:
        assert row.output_bytes == math.prod(row.output_shape) * config.dtype.itemsize


@given(configs())
def test_rows_are_a_walk_of_the_tree_each_container_before_what_it_holds(config):
    seen = set()
    for row in Network(config).summary.rows:
        parent = row.path.rpartition(".")[0]
        assert row.depth == row.path.count(".") + 1
        assert not parent or parent in seen
        seen.add(row.path)


@given(configs())
def test_depth_hides_rows_and_changes_none(config):
    summary = Network(config).summary
    for depth in range(1, 6):
        rows = summary.at_depth(depth)
        assert rows == [row for row in summary.rows if row.path.count(".") < depth]


@given(configs())
def test_the_peak_holds_at_least_any_layers_input_and_output(config):
    summary = Network(config).summary
    bound = max(
        (math.prod(row.input_shape) + math.prod(row.output_shape)) * summary.itemsize
        for row in summary.rows
        if row.leaf and row.type != "Flatten"
    )
    assert bound <= summary.peak_bytes <= 2 * bound


def test_the_smallest_input_gives_one_pixel_maps():
    for input_shape in ((1, 1, 1, 1), (1, 1, 32, 32)):
        summary = Network(ResNetConfig(input=input_shape)).summary
        assert summary.rows[-4].output_shape == (1, 512, 1, 1)
        assert summary.output_shape == (1, 10)


def test_the_global_pool_ends_receptive_field_and_stride():
    rows = Network(ResNetConfig()).summary.at_depth(1)
    assert [row.stride for row in rows] == [4, 4, 8, 16, 32, None, None, None]
    assert [row.receptive_field for row in rows[-3:]] == [None] * 3


def test_an_identity_shortcut_waits_for_the_main_path():
    # 2 x 4 x 4 floats are 128 bytes: the block's input, the convolution's input and output.
    conv = Conv2d(2, 2, 3, padding=1)
    block = Residual((("conv1", conv), ("conv2", conv)), None, ("conv1", "conv2"))
    chain = Sequential((("0", Sequential((("0", conv), ("1", conv)))),))
    waiting = Sequential((("0", Sequential((("0", block),))),))
    assert infer(chain, (1, 2, 4, 4)).peak_bytes == 2 * 128
    assert infer(waiting, (1, 2, 4, 4)).peak_bytes == 3 * 128


def test_the_notebooks_residual_keeps_or_halves_its_input():
    # Dive into Deep Learning, section 8.6.2: Residual(3, 3), and with a 1x1 and stride 2.
    config = ResNetConfig(input=(4, 3, 6, 6), channels=(3, 6), blocks=(1, 1))
    same = resnet.residual_block(config, 3, 3, 1)
    halved = resnet.residual_block(config, 3, 6, 2)
    for block, shape in ((same, (4, 3, 6, 6)), (halved, (4, 6, 3, 3))):
        assert infer(Sequential((("0", block),)), (4, 3, 6, 6)).output_shape == shape


def test_a_network_without_names_and_roles_can_be_inferred():
    summary = infer(Sequential((("0", ReLU()),)), (1, 2, 3, 4))
    assert (summary.name, summary.rows[0].role) == ("network", "")
    assert summary.totals()["macs"] == 0
