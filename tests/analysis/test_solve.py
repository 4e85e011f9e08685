"""Each answer is the interval that trying every input would find."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_cli.analysis import solve
from resnet_cli.analysis.network import predict
from resnet_cli.analysis.subject import of_family
from resnet_cli.family import presets
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.modes import DType
from resnet_cli.parse import LayerExpectation


def config(name="resnet18", **changes):
    return presets.preset(name).config._replace(**changes)


def memory(network: ResNetConfig, *shape: int) -> int:
    return predict(network._replace(input=shape)).summary.memory_bytes


def test_the_last_stage_of_resnet18_is_7x7_from_193_to_224():
    height, width = solve.wanted(of_family(config(), None), LayerExpectation("layer4", (7, 7)))
    assert (height.least, height.most, height.next) == (193, 224, 225)
    assert (width.least, width.most) == (193, 224)


@given(
    st.sampled_from(["d2l-resnet18", "resnet50", "resnet20_cifar10"]),
    st.sampled_from(["stem", "stage 1", "stage 3"]),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
)
def test_wanted_sizes_end_where_the_prediction_changes(name, layer, want):
    def size(side: int, other: int, axis: int) -> int:
        shape = (1, 3, side, other) if axis == 2 else (1, 3, other, side)
        rows = predict(config(name, input=shape)).summary.rows
        row = [row for row in rows if row.role == layer and row.depth == 1][-1]
        return row.output_shape[axis]

    answers = solve.wanted(of_family(config(name), None), LayerExpectation(layer, want))
    for answer, wanted, axis in zip(answers, want, (2, 3), strict=True):
        assert size(answer.least, 9, axis) == wanted == size(answer.most, 7, axis)
        assert size(answer.next, 9, axis) > wanted
        assert answer.least == 1 or size(answer.least - 1, 9, axis) < wanted


@given(
    st.sampled_from(["d2l-resnet18", "resnet50", "resnet20_cifar10"]),
    st.integers(10**7, 10**12),
    st.sampled_from(DType),
)
def test_the_largest_input_fits_and_the_next_does_not(name, limit, dtype):
    network = config(name, dtype=dtype)
    batch, image = solve.fitting(of_family(network, None), limit)
    _, channels, height, width = network.input
    for answer, shape in (
        (batch, lambda size: (size, channels, height, width)),
        (image, lambda size: (1, channels, size, size)),
    ):
        assert memory(network, *shape(answer.next)) == answer.next_bytes > limit
        if answer.most is None:
            assert answer.next == 1
        else:
            assert memory(network, *shape(answer.most)) == answer.bytes <= limit
            assert answer.next == answer.most + 1


def test_memory_counts_parameters_statistics_and_peak():
    network = config(dtype=DType.FLOAT16)
    summary = predict(network).summary
    counters = 20  # one int64 in each batch norm, whatever the dtype
    assert summary.memory_bytes == (
        2 * 11_689_512 + 2 * (summary.buffers - counters) + 8 * counters + summary.peak_bytes
    )


def test_every_size_gives_a_global_pool(invoke):
    result = invoke("solve", "--want", "pool=1x1", "--format", "json")
    height, width = json.loads(result.stdout)["answers"]
    assert (height["least"], height["most"], height["next"]) == (1, 2**31 - 1, None)
    assert width["most"] == 2**31 - 1


def test_the_table_shows_both_questions(invoke):
    result = invoke("solve", "--preset", "resnet18", "--want", "layer4=7x7", "--memory", "8GiB")
    assert result.code == 0
    assert "layer4=7x7" in result.stdout
    assert "193  " in result.stdout
    assert "running statistics and the peak" in result.stdout
    assert result.stderr == ""


def test_a_name_in_the_input_is_what_is_asked_for(invoke):
    whole = invoke("solve", "--memory", "1GB", "--format", "csv").stdout.splitlines()
    batch = invoke("solve", "--memory", "1GB", "--input", "Nx1x224x224", "--format", "csv")
    assert batch.stdout.splitlines() == whole[:2]
    side = invoke("solve", "--memory", "1GB", "--input", "1x1xSxS", "--format", "csv")
    assert side.stdout.splitlines() == [whole[0], whole[2]]
    height = invoke("solve", "--want", "4=7x7", "--input", "8x3xAxB", "--format", "csv")
    assert [row.split(",")[2:5] for row in height.stdout.splitlines()[1:]] == [
        ["A", "193", "224"],
        ["B", "193", "224"],
    ]


def test_nothing_fits_into_too_little(invoke):
    result = invoke("solve", "--memory", "1MB", "--format", "csv")
    row = '"memory <= 1,000,000 B",Nx1x224x224,N,,,,1,'
    assert result.stdout.splitlines()[1].startswith(row)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "resnet-shapes: there is nothing to solve: give --want HxW"),
        (["--want", "5=7x7"], "resnet-shapes: --want: layer 5 is never 7 along H: it is 1"),
        (["--want", "6=7x7"], "resnet-shapes: --want: layer 6 gives 1x512: no H and W"),
        (["--want", "9=7x7"], "resnet-shapes: --want: '9' is no layer of this network"),
        (["--want", "4=?x7"], "resnet-shapes: --want: '4=?x7' is not [LAYER=]HxW"),
        (["--memory", "8 cats"], "resnet-shapes: --memory: '8 cats' is not bytes"),
        (
            ["--input", "Nx3xHx8", "--memory", "1MB"],
            "resnet-shapes: --input: Nx3xHx8 has names for several sizes, and a memory is asked",
        ),
    ],
)
def test_a_wrong_question_is_refused_in_one_line(invoke, args, message):
    result = invoke("solve", *args)
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1
