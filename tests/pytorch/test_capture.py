"""What a run is captured as: operations, data flow, and what is left without a name."""

import weakref

import pytest
import torch
from hypothesis import given, settings
from torch import nn
from torch.nn import functional as F

from resnet_cli.family import presets, resnet
from resnet_cli.graph.activations import Activation, Identity
from resnet_cli.graph.captured import Opaque, Source
from resnet_cli.graph.graph import Value, infer
from resnet_cli.graph.joins import Chunk
from resnet_cli.graph.kinds import Input
from resnet_cli.graph.moves import Flatten
from resnet_cli.graph.pointwise import Add, ReLU
from resnet_cli.graph.pooling import MaxPool
from resnet_cli.graph.products import Conv
from resnet_cli.graph.resample import Interpolate
from resnet_cli.pytorch.build import build
from resnet_cli.pytorch.run import run
from tests import modules
from tests.strategies import configs


class Function(nn.Module):
    """A network whose forward is a function, with the modules that it needs."""

    def __init__(self, forward, **parts):
        super().__init__()
        for name, module in parts.items():
            setattr(self, name, module)
        self.function = forward

    def forward(self, *inputs):
        return self.function(self, *inputs)


def graph_of(model, *shapes):
    """Capture a model on zeros."""
    done = run(model.eval(), [torch.zeros(shape) for shape in shapes], torch.float32)
    assert done.error is None, done.error
    return done.graph


def captured(forward, *shapes, **parts):
    """Capture a function of tensors, and give its operations."""
    return graph_of(Function(forward, **parts), *shapes).operations


@settings(deadline=None, max_examples=40)
@given(configs())
def test_what_a_configuration_says_is_what_is_seen_to_run(config):
    graph = resnet.build(config)
    found = graph_of(build(graph), config.input)
    assert found.operations == graph.operations
    assert infer(found) == infer(graph)
    assert [m.path for m in found.modules] == [m.path for m in graph.modules]
    assert [m.calls for m in found.modules] == [m.calls for m in graph.modules]


@pytest.mark.parametrize("name", ["resnet50", "resnext50_32x4d", "resnet20_cifar10"])
def test_presets_are_captured_as_they_are_written(name):
    config = presets.preset(name).config
    graph = resnet.build(config)
    done = run(
        build(graph, device="meta"), [torch.zeros(config.input, device="meta")], torch.float32
    )
    assert done.graph.operations == graph.operations


def test_dropout_in_eval_mode_is_no_second_use_of_its_input():
    operations = captured(lambda net, x: x + net.drop(x), (2, 3), drop=nn.Dropout())
    assert [op.kind for op in operations] == [Input((2, 3)), Identity("Dropout"), Add()]
    assert operations[2].inputs == (Value(0), Value(1))
    functional = captured(lambda _, x: x + F.dropout(x, training=False), (2, 3))
    assert functional[2].inputs == (Value(0), Value(1))


def test_only_what_is_written_in_place_has_a_new_value():
    def forward(_, x):
        y = x * 2
        y.relu_()
        y += x
        return y.add_(x)

    operations = captured(forward, (2, 3))
    assert [op.kind for op in operations[2:]] == [ReLU(inplace=True), *[Add(inplace=True)] * 2]
    assert [op.inputs for op in operations[2:]] == [
        (Value(1),),
        (Value(2), Value(0)),
        (Value(3), Value(0)),
    ]


def test_parameters_buffers_and_constants_are_sources():
    model = modules.Attention()
    assert Source("parameter", (1, 6, 8)) in [
        op.kind for op in graph_of(model, (2, 6, 8)).operations
    ]
    operations = captured(lambda _, x: x + torch.ones(3), (2, 3))
    assert operations[1].kind == Source("constant", (3,), made=True)
    assert operations[2].inputs == (Value(0), Value(1))


def test_several_outputs_are_told_apart():
    def forward(_, x):
        first, second = x.chunk(2, dim=1)
        return second + first

    chunk, add = captured(forward, (2, 4))[1:]
    assert chunk.kind == Chunk(2, 1, parts=2)
    assert add.inputs == (Value(1, 1), Value(1, 0))


def test_a_number_is_added_to_each_element():
    operations = captured(lambda _, x: (x + 1) * 0.5, (2, 3))
    assert [op.kind for op in operations[1:]] == [Activation("add"), Activation("multiply")]


def test_a_view_and_a_copy_are_told_apart():
    flat, moved = captured(lambda _, x: (x.flatten(1), x.transpose(1, 2).flatten(1)), (2, 3, 4))[
        1::2
    ]
    assert flat.kind.is_copy is False
    assert moved.kind == Flatten(1, is_copy=True)


def test_functions_have_the_kinds_of_their_modules():
    def forward(net, x):
        x = F.relu(x, inplace=True)
        return torch.flatten(F.pad(x, (1, 2, 3, 0)), 1)

    relu, pad, flatten = captured(forward, (1, 2, 4, 4))[1:]
    assert relu.kind == ReLU(inplace=True)
    assert (pad.kind.before, pad.kind.behind) == ((0, 0, 3, 1), (0, 0, 0, 2))
    assert flatten.kind.name == "Flatten"


def test_a_module_called_twice_is_one_module_with_two_calls():
    graph = graph_of(nn.Sequential(conv := nn.Conv2d(2, 2, 1), nn.ReLU(), conv), (1, 2, 3, 3))
    (module,) = (m for m in graph.modules if m.path == "0")
    assert [call.first for call in module.calls] == [1, 3]
    assert [op.path for op in graph.operations] == ["", "0", "1", "0"]
    assert graph.modules[-1].same_as == "0"


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        (nn.MaxPool2d([2, 2]), MaxPool((2, 2), (2, 2))),
        (nn.MaxPool2d(3, ceil_mode=True), MaxPool((3, 3), (3, 3), ceil_mode=True)),
        (
            nn.Conv2d(2, 4, (1, 3), dilation=(1, 2), padding_mode="reflect", bias=False),
            Conv(4, (1, 3), dilation=(1, 2), bias=False, padding_mode="reflect"),
        ),
        (nn.GELU(), Activation("GELU")),
        (nn.SiLU(inplace=True), Activation("SiLU", inplace=True)),
        (nn.Upsample(scale_factor=2), Interpolate(None, (2.0, 2.0))),
    ],
    ids=str,
)
def test_each_module_is_captured_as_its_kind(module, kind):
    assert graph_of(nn.Sequential(module), (1, 2, 7, 7)).operations[1].kind == kind


def test_what_does_not_give_what_its_kind_says_is_opaque():
    class Odd(nn.Conv2d):
        """A convolution whose hook cuts a row off."""

    odd = Odd(2, 2, 1)
    odd.register_forward_hook(lambda _m, _i, out: out[:, :, 1:])
    (_, found) = graph_of(nn.Sequential(odd), (1, 2, 3, 3)).operations
    assert found.kind == Opaque("Odd", ((1, 2, 2, 3),), 2 * 2 * 9)


def test_a_subclass_with_a_forward_of_its_own_is_what_it_does():
    class Scaled(nn.Conv2d):
        def forward(self, x):
            return super().forward(x) * 2

    operations = graph_of(nn.Sequential(Scaled(2, 2, 1)), (1, 2, 3, 3)).operations
    done = [op for op in operations if not isinstance(op.kind, Input | Source)]
    assert [(op.path, op.kind.name) for op in done] == [("0", "conv2d"), ("0", "multiply")]


def test_what_runs_beside_the_inputs_is_no_operation():
    def forward(_, x):
        mask = torch.arange(3).float().cumsum(0)
        return x * mask

    kinds = [op.kind.name for op in captured(forward, (2, 3))]
    assert kinds == ["input", "constant", "mul"]


def test_a_run_holds_no_tensor_that_the_network_lets_go():
    alive = []

    def forward(_, x):
        y = x * 2
        alive.append(weakref.ref(y))
        y = y * 3
        alive.append(alive[0]() is not None)
        return y

    captured(forward, (2, 3))
    assert alive[1] is False


def test_all_names_of_what_is_written_in_place_have_the_new_value():
    def forward(_, x):
        y = x * 2
        z = y.view_as(y)
        z += 1
        return y, z

    operations = captured(forward, (2, 3))
    assert [op.kind.name for op in operations] == ["input", "multiply", "view", "add"]


def test_a_part_that_is_written_has_no_name_for_the_whole():
    def forward(_, x):
        y = x * 2
        y[:, 1:] += 1
        return y

    assert "write" in [op.kind.name for op in captured(forward, (2, 3))]


def test_what_a_module_gives_back_may_be_written_whatever_steps_memory_has():
    def forward(net, x):
        y = net.same(x.permute(0, 3, 1, 2) * 2)
        y += 1
        return y

    operations = captured(forward, (1, 3, 4, 5), same=nn.Identity())
    assert [op.kind.name for op in operations][-2:] == ["Identity", "add"]
