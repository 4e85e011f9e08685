"""The arithmetic of each kind, by hand and by formula."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli.graph.activations import Activation, Identity
from resnet_cli.graph.captured import Opaque, Source
from resnet_cli.graph.elementwise import Multiply
from resnet_cli.graph.joins import Split, TensorSplit
from resnet_cli.graph.kinds import Facts, Input, Window
from resnet_cli.graph.matmul import Attention, MatMul, MultiheadAttention
from resnet_cli.graph.moves import Flatten, Pad, Subsample
from resnet_cli.graph.norms import GroupNorm
from resnet_cli.graph.pointwise import Add, BatchNorm, ReLU
from resnet_cli.graph.pooling import AdaptiveAvgPool, AvgPool, MaxPool
from resnet_cli.graph.products import Conv, Linear
from resnet_cli.graph.resample import PixelShuffle, PixelUnshuffle

SQUARE = {"weight": (64, 1, 7, 7), "bias": (64,)}


def square(kernel, stride=1, padding=0):
    return Window((kernel,) * 2, (stride,) * 2, (padding,) * 2)


@pytest.mark.parametrize(
    ("kind", "shapes", "outputs", "counts", "window"),
    [
        (
            Conv(64, (7, 7), (2, 2), (3, 3)),
            [(2, 1, 224, 224)],
            [(2, 64, 112, 112)],
            # 64 filters of 7 x 7 + bias; 2 x 64 x 112 x 112 outputs of 49 products each.
            (64 * 50, 0, 2 * 64 * 112 * 112 * 49),
            square(7, 2, 3),
        ),
        (
            Conv(12, (3, 3), padding=(1, 1), groups=4, bias=False),
            [(1, 8, 5, 7)],
            [(1, 12, 5, 7)],
            (12 * 2 * 9, 0, 12 * 5 * 7 * 2 * 9),
            square(3, 1, 1),
        ),
        (
            Conv(4, (1, 3), (1, 2), (0, 2), (1, 2)),
            [(1, 2, 5, 9)],
            [(1, 4, 5, 5)],
            (4 * 2 * 3 + 4, 0, 4 * 5 * 5 * 2 * 3),
            Window((1, 5), (1, 2), (0, 2), dilation=(1, 2)),
        ),
        (BatchNorm(), [(1, 64, 9, 9)], [(1, 64, 9, 9)], (128, 129, 0), None),
        (BatchNorm(affine=False), [(1, 64, 9)], [(1, 64, 9)], (0, 129, 0), None),
        (BatchNorm(track_running_stats=False), [(1, 64, 9)], [(1, 64, 9)], (128, 0, 0), None),
        (GroupNorm(4), [(3, 64, 9)], [(3, 64, 9)], (128, 0, 0), None),
        (ReLU(), [(3, 5)], [(3, 5)], (0, 0, 0), None),
        (Activation("GELU"), [(3, 5)], [(3, 5)], (0, 0, 0), None),
        (Identity(), [(3, 5)], [(3, 5)], (0, 0, 0), None),
        (
            MaxPool((3, 3), (2, 2), (1, 1)),
            [(1, 4, 7, 1)],
            [(1, 4, 4, 1)],
            (0, 0, 0),
            square(3, 2, 1),
        ),
        (AvgPool((2, 2), (2, 2)), [(1, 4, 7, 4)], [(1, 4, 3, 2)], (0, 0, 0), square(2, 2)),
        (AdaptiveAvgPool(), [(2, 4, 7, 3)], [(2, 4, 1, 1)], (0, 0, 0), None),
        (Flatten(), [(2, 4, 3, 5)], [(2, 60)], (0, 0, 0), None),
        (Flatten(0, 1), [(2, 4, 3, 5)], [(8, 3, 5)], (0, 0, 0), None),
        (Linear(10), [(4, 512)], [(4, 10)], (5130, 0, 4 * 5120), None),
        (Linear(10, bias=False), [(4, 3, 512)], [(4, 3, 10)], (5120, 0, 12 * 5120), None),
        (Subsample((2, 2)), [(1, 4, 7, 8)], [(1, 4, 4, 4)], (0, 0, 0), square(1, 2)),
        (Pad((0, 0, 1, 0), (0, 2, 1, 3)), [(1, 4, 7, 8)], [(1, 6, 9, 11)], (0, 0, 0), None),
        # Of a batch of 2: each of the 4 x 5 elements is 3 products.
        (MatMul(), [(2, 4, 3), (2, 3, 5)], [(2, 4, 5)], (0, 0, 2 * 4 * 5 * 3), None),
        (MatMul("mv"), [(4, 3), (3,)], [(4,)], (0, 0, 12), None),
        # 2 x 6 queries of width 4 meet 5 keys, and the 5 values have width 3.
        (
            Attention(),
            [(2, 6, 4), (2, 5, 4), (2, 5, 3)],
            [(2, 6, 3)],
            (0, 0, 2 * 6 * 5 * (4 + 3)),
            None,
        ),
        # Projections of 6 queries and results, of 5 keys and values, and both products.
        (
            MultiheadAttention(4, 2, batch_first=True),
            [(3, 6, 4), (3, 5, 4), (3, 5, 4)],
            [(3, 6, 4)],
            (4 * 16 + 4 * 4, 0, 3 * (2 * 6 * 16 + 2 * 5 * 16 + 2 * 6 * 5 * 4)),
            None,
        ),
        (PixelShuffle(3), [(1, 18, 2, 5)], [(1, 2, 6, 15)], (0, 0, 0), None),
        (PixelUnshuffle(3), [(1, 2, 6, 15)], [(1, 18, 2, 5)], (0, 0, 0), None),
        (TensorSplit((1, 3), -1), [(2, 5)], [(2, 1), (2, 2), (2, 2)], (0, 0, 0), None),
        (Split(2, 1), [(3, 5)], [(3, 2), (3, 2), (3, 1)], (0, 0, 0), None),
        (Add(), [(2, 3, 4), (2, 3, 4)], [(2, 3, 4)], (0, 0, 0), None),
        (Multiply(), [(2, 3, 4, 4), (2, 3, 1, 1)], [(2, 3, 4, 4)], (0, 0, 0), None),
        (Input((2, 3)), [], [(2, 3)], (0, 0, 0), None),
        (Source("parameter", (4,)), [], [(4,)], (0, 0, 0), None),
        (Opaque("topk", ((2,), (2,)), 7), [(2, 9)], [(2,), (2,)], (0, 0, 7), None),
    ],
    ids=str,
)
def test_each_kind_knows_its_shape_and_its_costs(kind, shapes, outputs, counts, window):
    facts = kind.facts(*shapes)
    assert [*facts.outputs] == outputs
    assert (facts.params, facts.buffer_elements, facts.macs) == counts
    assert facts.window == window


def test_weights_have_the_names_and_shapes_of_a_state_dict():
    assert dict(Conv(64, (7, 7)).facts((1, 1, 9, 9)).weights) == SQUARE
    facts = BatchNorm().facts((1, 3, 2, 2))
    assert dict(facts.weights) == {"weight": (3,), "bias": (3,)}
    assert dict(facts.buffers) == {
        "running_mean": (3,),
        "running_var": (3,),
        "num_batches_tracked": (),
    }


def test_an_operation_without_a_rule_is_not_counted_and_not_known():
    facts = Opaque("bilinear", ((1,),), None).facts((1,))
    assert (facts.macs, facts.is_counted, facts.is_known) == (0, False, False)
    assert Opaque("softmax", ((1,),)).facts((1,)).is_counted


@given(st.integers(1, 9), st.integers(1, 4), st.integers(0, 4), st.integers(1, 60))
def test_a_window_slides_as_often_as_it_fits(kernel, stride, padding, size):
    places = range(0, size + 2 * padding - kernel + 1, stride)
    if places:
        assert Window((kernel,), (stride,), (padding,)).slide((size,)) == (len(places),)


@given(st.integers(1, 9), st.integers(1, 4), st.integers(0, 4), st.integers(1, 60))
def test_rounded_up_is_as_pytorch_rounds(kernel, stride, padding, size):
    padding = min(padding, kernel // 2)
    if size + 2 * padding < kernel:
        return
    # PyTorch's own rule (pooling_output_shape): up, unless the last window begins behind the input.
    expected = -(-(size + 2 * padding - kernel) // stride) + 1
    if (expected - 1) * stride >= size + padding:
        expected -= 1
    pool = MaxPool((kernel,), (stride,), (padding,), (1,), ceil_mode=True)
    assert pool.facts((1, 1, size)).outputs == ((1, 1, expected),)


@given(st.integers(1, 5), st.sampled_from([Conv(4, (3, 3)), MaxPool((2, 2), (2, 2)), BatchNorm()]))
def test_the_batch_multiplies_macs_and_leaves_parameters_alone(batch, kind):
    one, many = kind.facts((1, 3, 8, 8)), kind.facts((batch, 3, 8, 8))
    assert many.macs == batch * one.macs
    assert (many.params, many.buffers) == (one.params, one.buffers)
    assert many.outputs == ((batch, *one.outputs[0][1:]),)


@pytest.mark.parametrize("shapes", [((2, 3), (3, 2)), ((1, 4, 8, 8), (1, 4, 7, 8))])
def test_shapes_that_do_not_go_together_are_refused(shapes):
    with pytest.raises(ValueError, match="cannot be combined"):
        Add().facts(*shapes)


def test_kinds_of_two_classes_are_never_equal():
    # As bare tuples each pair is the same.
    for one, other in [
        (Add(), Multiply()),
        (ReLU(), Add()),
        (Activation("x"), Identity("x")),
        (Input((1, 2), 0), Source((1, 2), 0)),
    ]:
        assert tuple(one)[:1] == tuple(other)[:1]
        assert one != other
        assert len({one, other}) == 2
    assert ReLU() == ReLU()
    assert ReLU(inplace=True) != ReLU()


def test_facts_compare_as_values():
    assert Conv(4, (3, 3)).facts((1, 3, 8, 8)) == Conv(4, (3, 3)).facts((1, 3, 8, 8))
    assert isinstance(ReLU().facts((1,)), Facts)


@pytest.mark.parametrize(
    ("kind", "shape", "text"),
    [
        (Conv(8, (1, 1)), (1, 3, 9, 9), "Conv2d(3, 8, kernel_size=(1, 1), stride=(1, 1))"),
        (
            Conv(32, (3, 3), (2, 2), (1, 1), groups=32, bias=False),
            (1, 32, 9, 9),
            "Conv2d(32, 32, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), groups=32, "
            "bias=False)",
        ),
        (
            BatchNorm(),
            (1, 8, 9, 9),
            "BatchNorm2d(8, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)",
        ),
        (Linear(2), (1, 3), "Linear(in_features=3, out_features=2, bias=True)"),
        (ReLU(inplace=True), (1, 3), "ReLU(inplace=True)"),
        (
            MaxPool((3, 3), (2, 2), (1, 1)),
            (1, 3, 9, 9),
            "MaxPool2d(kernel_size=3, stride=2, padding=1, dilation=1, ceil_mode=False)",
        ),
        (AvgPool((2, 2), (2, 2)), (1, 3, 9, 9), "AvgPool2d(kernel_size=2, stride=2, padding=0)"),
    ],
    ids=str,
)
def test_each_layer_prints_itself_as_pytorch_does(kind, shape, text):
    assert kind.printed(shape) == text


def test_a_group_norm_keeps_two_numbers_of_each_group_of_each_image():
    keeps = GroupNorm(4).facts((3, 64, 9, 7)).keeps
    assert (keeps.inputs, keeps.extra) == ((0,), 3 * 4 * 2)


def test_unshuffled_sides_are_whole_numbers():
    assert [type(size) for size in PixelUnshuffle(2).facts((1, 3, 4, 6)).outputs[0]] == [int] * 4
