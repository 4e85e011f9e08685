"""A training step against PyTorch: every byte that autograd keeps, and the peak it is seen to have.

`torch.distributed._tools.mem_tracker.MemTracker` watches the second step, when the optimiser's
state is there.
"""

import contextlib

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.mem_tracker import MemTracker
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from resnet_cli.analysis.kept import pieces
from resnet_cli.analysis.memory import bounded, rolled_up, training
from resnet_cli.analysis.step import Amp, Checkpoint, Optimizer, Step
from resnet_cli.family import presets, resnet
from resnet_cli.pytorch.build import build
from resnet_cli.pytorch.run import run
from resnet_cli.pytorch.saved import saved
from tests.pytorch.networks import NETWORKS

SGD, MOMENTUM, ADAM, ADAMW = Optimizer

FAMILIES = (
    *("d2l-resnet18", "resnet18", "resnet50", "resnet20_cifar10", "resnet110_cifar10"),
    *("resnext50_32x4d", "wide_resnet50_2", "regnet_y_400mf", "regnetx_002", "resnetv2_18d"),
    *("seresnet18", "ecaresnet26t", "resnet50_gn", "resnet10t"),
)


def network(name, batch, size, dtype="float32"):
    """Return a preset's graph at a size, and its configuration."""
    config = presets.preset(name).config
    config = config._replace(input=(batch, config.input[1], size, size), dtype=dtype)
    return config, resnet.build(config)


def optimise(optimizer, parameters):
    """Return PyTorch's optimiser, tensor by tensor."""
    if optimizer in (SGD, MOMENTUM):
        momentum = 0.9 if optimizer is MOMENTUM else 0
        return torch.optim.SGD(parameters, lr=0.1, momentum=momentum, foreach=False)
    kind = torch.optim.Adam if optimizer is ADAM else torch.optim.AdamW
    return kind(parameters, foreach=False)


def tracked(model, shape, optimizer, parameters, dtype=torch.float32):
    """Return the peak of the second step, in bytes."""
    image = torch.zeros(shape, dtype=dtype)
    with torch.no_grad():
        given = model(image)
    target = torch.zeros((given.shape[0], *given.shape[2:]), dtype=torch.int64)
    del given
    changes = optimise(optimizer, parameters)

    def step():
        loss = F.cross_entropy(model(image), target)
        loss.backward()
        changes.step()
        changes.zero_grad()

    step()
    tracker = MemTracker()
    tracker.track_external(model, changes, image, target)
    with tracker:
        step()
    (snapshot,) = tracker.get_tracker_snapshot("peak").values()
    return snapshot["Total"]


def fake_peak(config, graph, step):
    """Return the tracker's peak of a preset on fake CPU tensors."""
    dtype = getattr(torch, config.dtype)
    with FakeTensorMode():
        model = build(graph, dtype=dtype).train(not step.eval_norms)
        return tracked(model, config.input, step.optimizer, [*model.parameters()], dtype)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("optimizer", Optimizer)
def test_the_peak_is_the_trackers_to_the_byte(name, optimizer):
    for batch, more in ((1, 0), (3, 33)):
        size = presets.preset(name).config.input[2] + more
        config, graph = network(name, batch, size)
        step = Step(optimizer)
        found = training(graph, step)
        assert found.exact
        assert found.peak_bytes == fake_peak(config, graph, step)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "bfloat16", "float16"])
@pytest.mark.parametrize("eval_norms", [False, True])
def test_other_types_and_frozen_statistics_have_the_trackers_peak(dtype, eval_norms):
    config, graph = network("resnet18", 4, 97, dtype)
    for optimizer in (MOMENTUM, ADAMW):
        step = Step(optimizer, eval_norms=eval_norms)
        found = training(graph, step, dtype)
        assert found.exact
        assert found.peak_bytes == fake_peak(config, graph, step)


HOW = [
    {},
    {"eval_norms": True},
    {"amp": Amp.BFLOAT16},
    {"amp": Amp.FLOAT16, "eval_norms": True},
    {"checkpoint": Checkpoint.STAGE},
    {"checkpoint": Checkpoint.BLOCK},
    {"freeze": ("stem", "stage 1")},
    {"freeze": ("stage 2",)},
    {"freeze": ("stage 3", "head")},
    {"amp": Amp.BFLOAT16, "freeze": ("stem", "stage 1", "head")},
    {"amp": Amp.BFLOAT16, "checkpoint": Checkpoint.BLOCK, "freeze": ("stem", "stage 1")},
    {"checkpoint": Checkpoint.BLOCK, "freeze": ("stem", "layer1.0.conv1"), "eval_norms": True},
]


def same(found, seen):
    """Say whether what was seen to be kept is what was predicted, module by module."""
    assert rolled_up(seen.bytes_by_path) == found.saved
    assert seen.loss_bytes == found.loss_bytes
    assert sum(seen.bytes_by_path.values()) + seen.loss_bytes == found.saved_bytes


def hold(name, batch, size, *, fake, dtype="float32", **how):
    """Hold a preset's saved bytes against what autograd keeps."""
    config, graph = network(name, batch, size, dtype)
    found = training(graph, Step(SGD, **how), dtype)
    kind = getattr(torch, dtype)
    again = (
        [piece.path for piece in pieces(graph, found.step.checkpoint)]
        if "checkpoint" in how
        else []
    )
    model = build(graph, dtype=kind)
    inputs = lambda: ([torch.zeros(config.input, dtype=kind)], {})  # noqa: E731
    same(found, saved(model, inputs, found.step, again, fake=fake))


@pytest.mark.parametrize("name", ["d2l-resnet18", "resnet20_cifar10"])
def test_saved_bytes_are_those_that_autograd_keeps(name):
    hold(name, 2, 64, fake=False)


@pytest.mark.slow
@pytest.mark.parametrize("how", HOW, ids=str)
@pytest.mark.parametrize("fake", [True, False])
def test_every_way_to_save_memory_keeps_what_autograd_keeps(how, fake):
    hold("resnet20_cifar10", 2, 32, fake=fake, **how)
    hold("resnet18", 2, 40, fake=fake, **how)


@pytest.mark.parametrize("name", ["regnet_y_400mf", "resnetv2_18"])
def test_blocks_inside_of_another_module_are_run_again_as_any(name):
    hold(name, 2, 64, fake=True, checkpoint=Checkpoint.BLOCK)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*FAMILIES, "resnetblur18"])  # of a blur the peak is not proved
def test_every_family_keeps_what_autograd_keeps(name):
    size = presets.preset(name).config.input[2]
    hold(name, 1, size, fake=False)
    hold(name, 8, size + 33, fake=True)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "bfloat16", "float16"])
@pytest.mark.parametrize("fake", [True, False])
def test_every_element_type_keeps_what_autograd_keeps(dtype, fake):
    hold("resnet20_cifar10", 2, 32, fake=fake, dtype=dtype)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_every_kind_keeps_and_peaks_as_pytorch_has_it(name):
    """Small networks of the user's own: each known kind, alone and where branches meet."""
    make, shape = NETWORKS[name]
    model = make()
    model(torch.zeros(shape))  # lazy layers get their sizes
    graph = run(model, [torch.zeros(shape)], torch.float32, trains=lambda module: True).graph
    for step in (Step(MOMENTUM), Step(ADAMW), Step(MOMENTUM, eval_norms=True)):
        found = training(graph, step)
        assert found.exact, found.unknown
        same(found, saved(model, lambda: ([torch.zeros(shape)], {}), step))
        model.train()
        for module in model.modules():
            if step.eval_norms and isinstance(module, nn.modules.batchnorm._NormBase):
                module.eval()
        assert found.peak_bytes == tracked(model, shape, step.optimizer, [*model.parameters()])


@pytest.mark.slow
def test_flops_are_pytorchs_own_count():
    for how in ({}, {"freeze": ("stage 2",)}, {"freeze": ("stem", "stage 1")}):
        config, graph = network("resnet18", 2, 64)
        step = Step(SGD, **how)
        found = training(graph, step)
        with FakeTensorMode():
            model = build(graph)
            for path in found.step.freeze:
                model.get_submodule(path).requires_grad_(False)
            counter = FlopCounterMode(display=False)
            with counter, contextlib.suppress(RuntimeWarning):
                target = torch.zeros(2, dtype=torch.int64)
                F.cross_entropy(model(torch.zeros(config.input)), target).backward()
        assert found.flops == counter.get_total_flops()


class Gate(nn.Module):
    """A gate over a map by an operation of which nobody says what it keeps."""

    def __init__(self):
        super().__init__()
        self.conv, self.side = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)

    def forward(self, x):
        gate = torch.cumsum(self.side(x).mean((2, 3), keepdim=True), 1)
        return (self.conv(x) * torch.erf(gate)).flatten(1)


@pytest.mark.parametrize("optimizer", [MOMENTUM, ADAMW])
def test_a_bound_is_above_what_the_tracker_sees(optimizer):
    model, shape, step = Gate(), (2, 3, 32, 32), Step(optimizer)
    x = torch.zeros(shape)
    graph = run(model, [x], torch.float32, trains=lambda module: True).graph
    found = training(graph, step)
    assert found.unknown
    seen = saved(model, lambda: ([x], {}), step)
    bound = bounded(found, seen.bytes_by_path, seen.loss_bytes).peak_bytes
    model.train()
    assert bound > tracked(model, shape, optimizer, [*model.parameters()])
