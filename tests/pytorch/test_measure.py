"""A module's measurement: numbers, structure, failures, and no side effects."""

import math
import random

import pytest
import torch
from hypothesis import given, settings
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import resnet_cli
from resnet_cli.analysis.groups import grouped
from resnet_cli.analysis.network import predict
from resnet_cli.analysis.remarks import remarks
from resnet_cli.analysis.summary import By
from resnet_cli.pytorch.build import build
from resnet_cli.show.notebook import to_html, to_text
from tests import modules
from tests.modules import inspect
from tests.strategies import configs


def rows_of(summary):
    return {row.path: row for row in summary.rows}


def flops_of(model, *inputs):
    """Count the way that PyTorch runs while it trains: its short cut hides the products."""
    torch.backends.mha.set_fastpath_enabled(False)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.eval()(*inputs)
    torch.backends.mha.set_fastpath_enabled(True)
    return counter.get_total_flops()


@settings(max_examples=10, deadline=None)
@given(configs())
def test_what_is_measured_is_what_was_predicted(config):
    network = predict(config)
    predicted = network.summary
    measured = inspect(build(network.graph), config.input)
    for name in ("path", "depth", "type", "output_shape", "params", "buffers", "macs"):
        ours = [getattr(row, name) for row in measured.rows if row.path]
        assert sorted(map(str, ours)) == sorted(str(getattr(r, name)) for r in predicted.rows)
    assert measured.output_shape == predicted.output_shape


def test_a_chain_has_its_receptive_field_and_stride():
    summary = inspect(modules.chain(), "2x3x32x32")
    assert [(row.receptive_field, row.stride) for row in summary.rows] == [
        (3, 1),
        (3, 1),
        (3, 1),
        (4, 2),
        (4 + 4 * 2, 2),
        (None, None),
        (None, None),
        (None, None),
    ]
    assert summary.output_shape == (2, 7)
    assert rows_of(summary)["2"].activation_bytes == 0  # in place: no memory of its own


def test_a_dilated_window_sees_as_far_as_its_last_pixel():
    convolutions = (nn.Conv2d(3, 4, 3, dilation=2), nn.MaxPool2d(3, 1, dilation=(3, 1)))
    model = nn.Sequential(*convolutions, nn.ConvTranspose2d(4, 4, 3, dilation=2))
    result = resnet_cli.inspect(model, "1x3x32x32")
    assert [row.receptive_field for row in result] == [5, 5 + 6, 5 + 6 + 4]
    windows = [each["window"] for each in result.to_dict()["layers"]]
    assert [(each["kernel"], each["dilation"]) for each in windows] == [
        (5, 2),
        ([7, 3], [3, 1]),
        (5, 2),
    ]
    assert resnet_cli.Result.from_json(result.to_json())["1"].window == result["1"].window


def test_where_branches_meet_the_field_is_the_larger():
    rows = rows_of(inspect(modules.Branches(), "1x4x8x8"))
    assert rows["conv"].receptive_field == 3
    assert rows["side"].receptive_field == 1
    assert rows["relu"].receptive_field == 3


def test_an_unused_module_is_shown_as_unused():
    row = rows_of(inspect(modules.Branches(), "1x4x8x8"))["never"]
    assert (row.calls, row.note, row.params, row.output_shape) == (0, "unused", 6, ())


def test_shared_and_tied_weights_count_once():
    model = modules.Tied()
    summary = inspect(model, "2x5:int64")
    rows = rows_of(summary)
    assert summary.params == sum(p.numel() for p in model.parameters()) == 40 + 20
    assert rows["head"].params == 0
    assert rows["head"].note == "tied to table.weight"
    assert rows["again"].note == "same module as layer"


def test_a_module_called_several_times_shows_its_calls():
    summary = inspect(modules.Tied(), "2x5:int64")
    row = rows_of(summary)["layer"]
    assert (row.calls, row.note, row.macs) == (3, "3 calls", 3 * 2 * 5 * 4 * 4)
    assert summary.macs == row.macs + 2 * 5 * 4 * 10


def test_several_inputs_and_a_dataclass_are_shown_as_trees():
    summary = inspect(modules.Several(), "1x4:int64", (1, 3, 8, 8))
    assert summary.inputs == ("1x4:int64", "1x3x8x8")
    assert summary.output_tree == {"logits": "1x4x2", "maps": ["1x3x8x8", "scalar"]}
    assert summary.output_shape == (1, 4, 2)


def test_functions_and_weights_beside_modules_have_rows_and_sums_match():
    model, x = modules.Attention(), torch.zeros(2, 6, 8)
    summary = inspect(model, x)
    rows = rows_of(summary)
    assert rows["matmul()"].macs == 2 * (2 * 6 * 6 * 8)
    assert rows["position"].params == 48
    assert not any(path.startswith("heads.") for path in rows)
    assert summary.params == sum(p.numel() for p in model.parameters())
    heads = rows["heads"].macs
    assert heads == 2 * (4 * 6 * 8 * 8 + 2 * 6 * 6 * 8)


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (nn.Conv1d(4, 6, 3, groups=2), (2, 4, 9)),
        (nn.Conv2d(4, 6, 3, stride=2), (2, 4, 9, 9)),
        (nn.Conv3d(2, 3, 2), (1, 2, 5, 5, 5)),
        (nn.ConvTranspose1d(4, 6, 3), (2, 4, 9)),
        (nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2), (2, 4, 5, 5)),
        (nn.ConvTranspose3d(2, 3, 2), (1, 2, 3, 3, 3)),
        (nn.Linear(5, 7), (2, 3, 5)),
        (nn.GRU(4, 5, 2, bidirectional=True), (3, 2, 4)),
        (modules.Attention().heads, None),
        (modules.Branches(), (1, 4, 8, 8)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_macs_are_half_of_what_pytorchs_own_counter_says(model, shape):
    inputs = (torch.zeros(2, 6, 8),) * 3 if shape is None else (torch.zeros(shape),)
    assert 2 * inspect(model, *inputs).macs == flops_of(model, *inputs) > 0


def test_a_recurrent_layer_counts_each_weight_at_each_step():
    summary = inspect(nn.LSTM(4, 5, num_layers=2, batch_first=True), "2x3x4")
    assert summary.macs == 2 * 3 * (4 * 5 * 4 + 4 * 5 * 5 + 2 * 4 * 5 * 5)


def test_an_operation_without_a_rule_is_named_once():
    model = nn.ModuleList([nn.Bilinear(3, 3, 2)])
    model.forward = lambda x: model[0](x, x) + model[0](x, x)
    summary = inspect(model, "2x3")
    assert summary.not_counted == ("bilinear",)
    assert "MACs are not known: bilinear not counted." in remarks(summary)


@pytest.mark.parametrize(
    ("model", "shape", "path", "hint"),
    [
        (
            nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(16, 4, 3)),
            "1x3x8x8",
            "1",
            "in_channels should be 8, not 16",
        ),
        (nn.Sequential(nn.Linear(4, 8), nn.Linear(9, 2)), "1x4", "1", "in_features should be 8"),
        (
            nn.Sequential(nn.MaxPool2d(2), nn.Linear(12, 2)),
            "1x3x4x4",
            "1",
            "flatten first: 1x3x2x2 has the 12 features",
        ),
        (
            nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 5)),
            "1x3x6x6",
            "1",
            "the map of 4x4 is smaller than the window of 5x5",
        ),
        (
            nn.Sequential(nn.Flatten(), nn.BatchNorm1d(3, track_running_stats=False)),
            "1x3x1x1",
            "1",
            "more than one value a channel",
        ),
        (nn.Sequential(nn.Embedding(4, 2)), "1x4", "0", "give --input 1x4:int64"),
    ],
)
def test_a_failing_layer_is_named_with_what_would_be_right(model, shape, path, hint):
    summary = inspect(model, shape)
    assert [row.path for row in summary.rows] == [str(i) for i in range(int(path) + 1)]
    failed = summary.rows[-1]
    assert (failed.path, failed.output_shape) == (path, ())
    assert failed.input_shape
    assert hint in failed.error
    assert f"layer {path} (" in summary.error


def test_batch_norm_in_train_mode_fails_with_a_hint():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    assert inspect(model, "1x3x3x3").error is None
    assert "in train mode" in inspect(model, "1x3x3x3", training=True).error


def test_a_layer_that_fails_when_it_is_called_again_shows_that_call():
    pool = nn.MaxPool2d(2)
    summary = inspect(nn.Sequential(pool, nn.Conv2d(3, 5, 1), pool), "1x3x2x2")
    (failed,) = [row for row in summary.rows if row.error]
    assert (failed.input_shape, failed.output_shape) == ((1, 5, 1, 1), ())
    assert "given 1x5x1x1" in summary.error


def test_a_nested_failure_is_marked_at_every_depth():
    model = nn.Sequential(nn.Sequential(nn.ReLU(), nn.Linear(3, 2)), nn.ReLU())
    summary = inspect(model, "1x4")
    outer, relu, inner = summary.rows
    assert (outer.error, relu.error) == ("in 0.1", None)
    assert "in_features should be 4, not 3" in inner.error
    assert summary.at_depth(1) == [outer, inner]
    assert to_text(summary).count("in_features should be 4") == 1
    assert to_html(summary).count("in_features should be 4") == 1


def test_a_failure_of_the_networks_own_code_has_the_users_last_frame():
    summary = inspect(modules.Restless(fails=True), "4x3")
    assert summary.rows[-1].path == "."
    assert "on purpose" in summary.error
    assert "modules.py:" in summary.error


def test_too_few_inputs_are_a_hint():
    assert "give one --input for each" in inspect(modules.Several(), "1x4:int64").error


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_is_changed(fails):
    model = modules.Restless(fails=fails)
    model.drop.eval()
    heard = []
    model.register_forward_pre_hook(lambda *_: heard.append(1))
    buffers = {name: (buffer, buffer.clone()) for name, buffer in model.named_buffers()}
    modes = [module.training for module in model.modules()]
    state, python = torch.get_rng_state(), random.getstate()
    hooks = [
        (len(m._forward_hooks), len(m._forward_pre_hooks), len(m._forward_hooks_with_kwargs))
        for m in model.modules()
    ]
    assert (inspect(model, "4x3").error is not None) is fails
    assert modes == [module.training for module in model.modules()]
    for name, buffer in model.named_buffers():
        assert buffer is buffers[name][0]
        assert torch.equal(buffer, buffers[name][1])
    assert torch.equal(torch.get_rng_state(), state)
    assert random.getstate() == python
    assert torch.is_grad_enabled()
    assert hooks == [
        (len(m._forward_hooks), len(m._forward_pre_hooks), len(m._forward_hooks_with_kwargs))
        for m in model.modules()
    ]
    assert all(p.dtype is torch.float32 and p.grad is None for p in model.parameters())
    assert heard == [1]


def test_a_lazy_module_is_measured_and_stays_lazy():
    model = nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(2))
    summary = inspect(model, "1x3x5x5")
    assert [row.type for row in summary.rows] == ["Conv2d", "Flatten", "Linear"]
    assert summary.params == (4 * 27 + 4) + (36 * 2 + 2)
    assert isinstance(model[0], nn.LazyConv2d)
    assert torch.nn.parameter.is_lazy(model[0].weight)


def test_a_parametrised_module_is_one_layer():
    model = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)))
    (row,) = inspect(model, "2x4").rows
    assert (row.type, row.params, row.macs) == ("Linear", 3 * 4 + 3 + 3, 2 * 3 * 4)


def test_frozen_parameters_are_counted_apart():
    model = modules.chain()
    model[0].requires_grad_(False)
    summary = inspect(model, "1x3x16x16")
    assert summary.frozen == rows_of(summary)["0"].frozen == 8 * 27 + 8
    assert summary.params + summary.frozen == sum(p.numel() for p in model.parameters())
    assert summary.totals()["frozen"] == summary.frozen


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize(
    "scripted", [lambda net: torch.jit.trace(net, torch.zeros(2, 3)), torch.jit.script]
)
def test_a_scripted_module_is_one_operation_measured_as_a_whole(scripted):
    net = scripted(nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)))
    before = [buffer.clone() for buffer in net.buffers()]
    for summary in (inspect(nn.Sequential(net), "4x3"), inspect(net, "4x3", training=True)):
        (row,) = summary.rows
        assert (row.type, row.output_shape, row.params) == ("Sequential", (4, 2), 12)
        assert summary.not_counted == ("scripted Sequential",)
    assert all(map(torch.equal, net.buffers(), before))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_an_exported_module_is_one_operation_measured_as_a_whole():
    net = torch.export.export(nn.Sequential(nn.Linear(3, 2)).eval(), (torch.zeros(4, 3),)).module()
    for summary in (inspect(nn.Sequential(net), "4x3"), inspect(net, "4x3")):
        (row,) = summary.rows
        assert (row.type, row.output_shape, row.params) == ("GraphModule", (4, 2), 8)
        assert (summary.macs, summary.not_counted) == (24, ())


def test_list_valued_arguments_of_pools_are_as_tuples():
    pools = nn.Sequential(nn.MaxPool2d([2, 2]), nn.AvgPool2d(2, [2, 2]), nn.MaxPool2d([1, 2], [1]))
    summary = inspect(pools, "1x3x8x9")
    assert [row.output_shape for row in summary.rows] == [(1, 3, 4, 4), (1, 3, 2, 2), (1, 3, 2, 1)]
    assert [row.receptive_field for row in summary.rows] == [2, 4, None]


def test_a_lazy_network_that_fails_has_its_table_up_to_there():
    model = nn.Sequential(nn.LazyLinear(4), nn.Linear(3, 3), nn.LazyLinear(2))
    summary = inspect(model, "2x5")
    assert [(row.path, row.params) for row in summary.rows] == [("0", 24), ("1", 12)]
    assert "in_features should be 4" in summary.error


def test_a_graph_that_waits_for_its_backward_is_left_alone():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)).eval()
    loss = model(torch.ones(2, 3, requires_grad=True)).sum()
    versions = [buffer._version for buffer in model.buffers()]
    inspect(model, "2x3", training=True)
    assert versions == [buffer._version for buffer in model.buffers()]
    loss.backward()


def test_a_buffer_that_the_forward_registers_is_removed_again():
    model = modules.Registering()
    inspect(model, "2x3")
    assert dict(model.named_buffers()) == {}
    assert model._non_persistent_buffers_set == set()
    assert model.cache is None


def test_a_buffer_that_two_modules_share_is_shared_while_they_run():
    model = nn.Sequential(modules.Counting(), modules.Counting())
    model[1].count = model[0].count
    model[1].count_is = 2
    assert inspect(model, "2x3").error is None
    assert int(model[0].count) == 0
    assert model[1].count is model[0].count


def test_a_network_that_leaves_by_systemexit_has_failed():
    summary = inspect(modules.Leaving(), "2x3")
    assert summary.error.startswith("the network's own code (Leaving, given 2x3): SystemExit: 3")


@pytest.mark.parametrize(
    ("model", "shape", "other"),
    [
        (nn.Conv2d(3, 8, 3), "1x4x8x8", "; or give --input 1x3x8x8"),
        (nn.Conv2d(3, 8, 3), "4x8x8", "; or give --input 3x8x8"),
        (nn.Linear(3, 8), "2x4", "; or give --input 2x3"),
        (nn.Linear(3, 8), "2x5x4", "; or give --input 2x5x3"),
        (nn.BatchNorm1d(3), "2x4", "; or give --input 2x3"),
    ],
)
def test_an_input_of_wrong_channels_has_the_right_one_as_a_hint(model, shape, other):
    assert inspect(model, shape).error.endswith(other)
    assert other not in inspect(nn.Sequential(nn.Sigmoid(), model), shape).error


@pytest.mark.parametrize("name", ["add", "__iadd__", "cat"])
def test_a_failed_addition_names_its_two_branches(name):
    error = inspect(modules.Unequal(name), "1x3x8x8").error
    assert "the branches are 1x4x4x4 from conv and 1x8x8x8 from side" in error


def test_nothing_given_is_not_said_to_be_a_tuple():
    error = inspect(nn.Sequential(modules.Asking()), "2x3").error
    assert error.startswith("layer 0.layer (Linear): ")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_compiled_module_is_measured_as_it_was_before():
    model = modules.chain()
    plain = inspect(model, "1x3x16x16")
    compiled = inspect(torch.compile(model), "1x3x16x16")
    assert compiled.rows == plain.rows


def test_half_the_bytes_are_counted_for_half_precision():
    model = nn.Sequential(nn.Linear(3, 4, dtype=torch.float64), nn.ReLU())
    summary = inspect(model, "1x3")
    assert (summary.dtype, summary.param_bytes) == ("float64", 16 * 8)
    assert rows_of(summary)["1"].output_bytes == 4 * 8


def test_leaves_sum_to_the_totals_and_containers_to_their_leaves():
    summary = inspect(nn.Sequential(modules.chain(), nn.Linear(7, 3)), "1x3x16x16")
    outer = summary.rows[0]
    below = [row for row in summary.rows if row.path.startswith("0.")]
    for name in ("params", "buffers", "macs", "activation_bytes"):
        assert getattr(outer, name) == sum(getattr(row, name) for row in below)


def test_without_an_input_the_modules_and_parameters_are_known():
    model = modules.Tied()
    summary = inspect(model)
    assert [(row.path, row.params, row.macs) for row in summary.rows] == [
        ("table", 40, None),
        ("layer", 20, None),
        ("again", 0, None),
        ("head", 0, None),
    ]
    assert (summary.params, summary.macs, summary.activation_bytes) == (60, None, None)
    assert repr(resnet_cli.inspect(model)) == "<Tied  float32: 60 params, 4 layers>"
    assert "60" in to_html(summary)
    assert "unused" not in to_text(summary)


def test_a_lazy_network_without_an_input_knows_no_sums_of_what_it_does_not_know():
    model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.LazyLinear(3)))
    summary = inspect(model)
    assert [row.params for row in summary.rows] == [6, None, None]
    assert (summary.params, summary.param_bytes) == (None, None)
    assert repr(resnet_cli.inspect(model)) == "<Sequential  float32: 2 layers>"
    assert "Linear" in to_text(summary)


def test_a_network_that_takes_nothing_runs_without_an_input():
    assert inspect(modules.Generating()).output_shape == (1, 2)


def test_a_lazy_layer_that_cannot_be_made_is_named():
    summary = inspect(nn.Sequential(nn.Sequential(nn.Linear(3, 3), nn.LazyConv2d(3, 3))), "1x3")
    assert [(row.path, row.params) for row in summary.rows] == [
        ("0", None),
        ("0.0", 12),
        ("0.1", None),
    ]
    assert summary.error.startswith("layer 0.1 (LazyConv2d): Expected 3D")


def test_what_is_no_module_is_a_type_error():
    with pytest.raises(TypeError, match="not a int"):
        inspect(3)


def test_a_summary_shows_itself_in_a_terminal_and_in_a_notebook():
    from io import StringIO

    from rich.console import Console

    summary = resnet_cli.inspect(modules.chain(), "2x3x32x32")
    console = Console(file=StringIO(), width=60, height=50)
    console.print(summary)
    lines = console.file.getvalue().splitlines()
    assert max(len(line) for line in lines if "x" in line) <= 60
    assert any("2x8x32x32" in line for line in lines)
    html = summary._repr_html_()
    assert "<caption>Sequential  input 2x3x32x32  float32</caption>" in html
    assert html.count("<tr class") == len(summary.layers)
    assert "<td>Activations</td><td>156,792</td><td>153.1 KiB</td>" in html
    assert math.isfinite(summary.totals["macs"])


def test_a_lazy_norm_is_measured_and_stays_lazy():
    model = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d())
    summary = inspect(model, "2x3x8x8")
    assert (summary.params, summary.buffers) == (4 * 28 + 8, 9)
    assert torch.nn.parameter.is_lazy(model[1].running_mean)
    assert model(torch.zeros(1, 3, 8, 8)).shape == (1, 4, 6, 6)


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_macs_that_nobody_counts_are_none_and_no_zero():
    inner = torch.jit.script(nn.Sequential(nn.Conv2d(3, 4, 3)))
    summary = inspect(nn.Sequential(nn.Sequential(inner), nn.Conv2d(4, 2, 1)), "1x3x8x8")
    macs = {row.path: (row.macs, row.flops) for row in summary.rows}
    assert macs == {"0": (None, None), "0.0": (None, None), "1": (288, 576)}
    assert (summary.macs, summary.flops) == (288, 576)
    assert summary.not_counted


def test_a_missing_key_is_said_as_one():
    class Keys(nn.Module):
        def forward(self, x):
            return {"a": x}["b"]

    assert "KeyError: 'b'" in inspect(Keys(), "1x3").error


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_a_group_adds_up_what_is_counted_in_it():
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(4, 2, 1)
            self.scripted = torch.jit.script(nn.Conv2d(3, 4, 3))

        def forward(self, x):
            return self.conv(self.scripted(x))

    summary = inspect(Both(), "1x3x8x8")
    groups = grouped(summary, By.TYPE).summary
    assert groups.macs == summary.macs == 288
    assert {row.path: row.macs for row in groups.rows} == {"Conv2d": 288}
