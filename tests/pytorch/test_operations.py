"""A row an operation, whatever network it is in: none is lost, none is counted twice."""

import pytest
import torch
from hypothesis import given, settings

from resnet_cli.analysis import train
from resnet_cli.analysis.fold import fold
from resnet_cli.analysis.network import predict
from resnet_cli.analysis.operations import detailed
from resnet_cli.analysis.step import Amp, Checkpoint, Optimizer, Step
from resnet_cli.family.presets import preset
from resnet_cli.parse import OPERATIONS
from resnet_cli.pytorch.measure import measure
from tests import modules
from tests.strategies import configs


def of(name):
    network = predict(preset(name).config)
    return {row.path: row for row in detailed(network.graph, network.summary).rows}


def hold(graph, summary):
    """Hold what every network's rows of operations have to be; return them."""
    found = detailed(graph, summary)
    paths = [row.path for row in found.rows]
    assert len(set(paths)) == len(paths)
    assert found.totals() == summary.totals()
    kept = [row.path for row in found.rows if row.path in {each.path for each in summary.rows}]
    assert kept == [row.path for row in summary.rows]
    for row in found.rows:
        flows = [name for name in row.takes_from if not name.startswith(("parameter", "input"))]
        assert {*flows} <= {*paths}
    return found


STEPS = (
    Step(Optimizer.SGD),
    Step(Optimizer.ADAM, freeze=("stage 1",)),
    Step(Optimizer.SGD, amp=Amp.BFLOAT16),
    Step(Optimizer.SGD, checkpoint=Checkpoint.BLOCK),
)


@pytest.mark.parametrize("step", STEPS, ids=str)
@pytest.mark.parametrize("name", ["resnet18", "seresnet50", "resnet20_cifar10"])
def test_what_operations_keep_adds_up_to_what_the_network_keeps(name, step):
    network = train.predict(preset(name).config, step)
    found = hold(network.graph, network.summary)
    training = network.summary.training
    whole = training.saved_bytes - training.loss_bytes
    tops = [row.saved_bytes or 0 for row in found.rows if row.depth == 1]
    leaves = [row.saved_bytes for row in found.rows if row.leaf]
    assert sum(tops) == whole
    assert None not in leaves
    if step.checkpoint is None:  # what is run again keeps what it takes, and has no layer for that
        assert sum(leaves) == whole


def test_each_call_of_a_layer_has_what_it_keeps_itself():
    network = train.predict(preset("resnet18").config, Step(Optimizer.SGD))
    rows = {row.path: row for row in detailed(network.graph, network.summary).rows}
    assert rows["layer1.0.relu"].saved_bytes == 4 * 64 * 56 * 56
    assert rows["layer1.0.relu#2"].saved_bytes == 4 * 64 * 56 * 56
    assert rows["layer1.0.add()"].saved_bytes == 0


def test_what_calls_keep_is_not_known_where_only_pytorch_said_what_the_layer_keeps():
    network = train.predict(preset("resnet18").config, Step(Optimizer.SGD))
    training = network.summary.training
    seen = training._replace(saved={**training.saved, "layer1.0.relu": 7})
    summary = train.with_training(network.summary, seen)
    rows = {row.path: row for row in detailed(network.graph, summary).rows}
    assert rows["layer1.0.conv1"].saved_bytes == summary.rows[6].saved_bytes
    assert rows["layer1.0.relu"].saved_bytes is None
    assert rows["layer1.0.relu#2"].saved_bytes is None


@settings(max_examples=30, deadline=None)
@given(configs())
def test_each_operation_of_any_network_has_one_row(config):
    network = predict(config)
    found = hold(network.graph, network.summary)
    operations = [each for each in network.graph.operations if each.inputs]
    alone = [row for row in found.rows if row.leaf]
    assert len(alone) == len(operations)
    assert sorted(row.type for row in alone) == sorted(each.kind.name for each in operations)
    assert all(row.takes_from for row in found.rows)


def test_an_addition_says_what_it_adds_and_a_shared_layer_each_of_its_calls():
    rows = of("resnet18")
    added = rows["layer2.0.add()"]
    assert added.takes_from == ("layer2.0.bn2", "layer2.0.downsample.1")
    assert (added.type, added.output_shape, added.macs) == ("add", (1, 128, 28, 28), 0)
    assert added.input_tree == ["1x128x28x28", "1x128x28x28"]
    assert rows["layer2.0.relu"].takes_from == ("layer2.0.bn1",)
    assert rows["layer2.0.relu#2"].takes_from == ("layer2.0.add()",)
    assert rows["layer2.1"].takes_from == ("layer2.0.relu#2",)
    assert rows["Flatten()"].takes_from == ("avgpool",)


def test_a_folded_row_says_where_the_first_and_the_last_take_something_from():
    network = predict(preset("resnet50").config)
    summary = detailed(network.graph, network.summary)
    rows = {each.row.path: each.row for each in fold(summary.rows, OPERATIONS, folded=True)}
    assert rows["layer3.1-5.add()"].takes_from == ("layer3.1-5.bn3", "layer3.0-4.relu#3")
    assert rows["layer1.0.conv1"].takes_from == ("maxpool",)
    both = {each.row.path: each.row for each in fold([*of("resnet18").values()], 9, folded=True)}
    assert both["layer1.0-1.conv1"].takes_from == ("maxpool then layer1.0.relu#2",)


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (modules.Branches(), (1, 4, 6, 6)),
        (modules.chain(), (2, 3, 32, 32)),
        (modules.computed(), (2, 4)),
        (modules.Attention(), (2, 6, 8)),
        (modules.Tied(), None),
        (modules.Restless(), (1, 4, 4, 4)),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_module_of_ones_own_has_rows_for_what_its_code_does(model, shape):
    inputs = torch.zeros(1, 3, dtype=torch.int64) if shape is None else torch.zeros(shape)
    done = measure(model.eval(), [inputs], "it")
    hold(done.graph, done.summary)


class Norm(torch.nn.LayerNorm):
    """Channels last, and back: three operations in a module without others."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def test_what_a_leaf_does_inside_is_below_it_and_no_leaf():
    done = measure(torch.nn.Sequential(Norm(8)), [torch.zeros(1, 8, 4, 4)], "it")
    found = hold(done.graph, done.summary)
    names = ["0", "0.permute()", "0.layer_norm()", "0.permute()#2"]
    assert [(row.path, row.depth, row.leaf) for row in found.rows] == [
        (name, 1 if name == "0" else 2, name == "0") for name in names
    ]
    assert found.rows[2].takes_from == ("0.permute()", "parameter 8")
