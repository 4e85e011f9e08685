"""The proof: PyTorch builds and runs what was predicted, and says where it differs."""

import re
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from torch import fx, nn
from torch.utils.flop_counter import FlopCounterMode

from resnet_cli.analysis.network import Network
from resnet_cli.errors import BackendError, ForwardError
from resnet_cli.family import tree as resnet
from resnet_cli.family.config import DType, ResNetConfig, Stem
from resnet_cli.family.presets import NAMES, preset
from resnet_cli.pytorch import forward, room
from tests.strategies import configs

SMALL = Network(ResNetConfig(input=(1, 1, 32, 32), channels=(4, 8), blocks=(1, 2)))
few = settings(max_examples=15)


def prove(network, device="cpu", summary=None):
    """Prove a network, or a tampered summary of it."""
    return forward.prove(network.tree, summary or network.summary, device)


def model_of(config):
    """Return the network as modules with weights of one, for inference."""
    model = forward.build(resnet.build(config), dtype=torch.float64).eval().requires_grad_(False)
    for weights in model.parameters():
        nn.init.ones_(weights)
    return model


def tampered(path, /, **changes):
    """Return the small network's summary with one row changed."""
    rows = SMALL.summary.rows
    return replace(
        SMALL.summary, rows=tuple(r._replace(**changes) if r.path == path else r for r in rows)
    )


@few
@given(configs())
def test_the_prediction_is_pytorchs_for_every_module(config):
    network = Network(config)
    proof = prove(network)
    assert proof.difference is None
    assert proof.modules == len(network.summary.rows)


@few
@given(configs())
def test_twice_the_macs_are_pytorchs_flops_and_the_params_its_params(config):
    model = forward.build(resnet.build(config)).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(config.input))
    summary = Network(config).summary
    assert counter.get_total_flops() == summary.flops
    assert sum(p.numel() for p in model.parameters()) == summary.params
    assert sum(b.numel() for b in model.buffers()) == summary.buffers


@few
@given(configs(stages=3))
def test_the_peak_is_what_liveness_analysis_of_the_traced_graph_finds(config):
    model = forward.build(resnet.build(config)).eval()
    assert _Liveness(model).peak(config.input) == Network(config).summary.peak_bytes


class _Liveness(fx.Interpreter):
    """Run a traced network and note the storage behind each value; a view has its base's."""

    def __init__(self, model):
        # A freed storage's address could be another's, so all are kept.
        super().__init__(fx.symbolic_trace(model), garbage_collect_values=False)
        self.storage, self.nbytes = {}, {}

    def peak(self, shape):
        """Return the most bytes alive while a module (or option A's padding) runs."""
        with torch.no_grad():
            self.run(torch.zeros(shape))
        place = {node: i for i, node in enumerate(self.module.graph.nodes)}
        born, last = {}, {}
        for node, storage in self.storage.items():
            born.setdefault(storage, place[node])
            last[storage] = max([last.get(storage, 0), *(place[user] for user in node.users)])
        return max(
            sum(self.nbytes[s] for s in born if born[s] <= place[node] <= max(last[s], born[s]))
            for node in self.storage
            if self._is_boundary(node)
        )

    def run_node(self, n):
        out = super().run_node(n)
        self.storage[n] = out.untyped_storage()._cdata
        self.nbytes[self.storage[n]] = out.untyped_storage().nbytes()
        return out

    def _is_boundary(self, node):
        if node.op == "call_module":
            return not isinstance(self.module.get_submodule(node.target), nn.Flatten)
        return node.op == "call_function" and "pad" in str(node.target)


@settings(max_examples=10)  # the images are large
@given(configs(stages=2))
def test_the_receptive_field_is_what_the_gradient_reaches(config):
    # A max pool passes its gradient to one pixel of a window; an average pool to all.
    field = max(row.receptive_field or 0 for row in Network(config).summary.rows)
    stride = Network(config).summary.rows[-4].stride
    size = 2 * field + 4 * stride
    config = replace(config, input=(1, 1, size, size))
    rows = {row.path: row for row in Network(config).summary.at_depth(1)}
    model = model_of(config)
    if config.stem is Stem.IMAGENET:
        model[0][3] = nn.AvgPool2d(3, 2, 1)
    image = torch.ones(config.input, dtype=torch.float64, requires_grad=True)
    value = image
    for path in range(len(config.blocks) + 1):
        value = model[path](value)
        centre = value.shape[2] // 2
        (gradient,) = torch.autograd.grad(value[0, 0, centre, centre], image, retain_graph=True)
        reached = gradient[0, 0].nonzero()
        side = reached.max(0).values - reached.min(0).values + 1
        assert side.tolist() == [rows[str(path)].receptive_field] * 2


@pytest.mark.parametrize("name", NAMES)
def test_print_net_is_pytorchs_own_print_of_every_preset(name):
    config = preset(name).config
    with forward._SkipInit():
        printed = str(forward.build(resnet.build(config)))
    # Newer versions print the batch norm's bias as well.
    printed = re.sub(r"(BatchNorm2d\(.*), bias=True(.*\))", r"\1\2", printed)
    assert str(resnet.build(config)) == printed


@pytest.mark.parametrize("dtype", DType)
def test_every_element_type_is_proved(dtype):
    network = Network(replace(SMALL.config, dtype=dtype))
    assert prove(network).agrees


def test_meta_proves_what_no_memory_holds():
    network = Network(ResNetConfig(input=(64, 3, 4096, 4096), channels=(8, 8), blocks=(1, 1)))
    proof = prove(network, "auto")
    assert (proof.device, proof.agrees) == ("meta", True)


@pytest.mark.parametrize(
    ("path", "changes", "difference"),
    [
        (
            "1.0.conv2",
            {"output_shape": (1, 4, 9, 8)},
            ("1.0.conv2", "output shape", "1x4x9x8", "1x4x8x8"),
        ),
        ("0.0", {"params": 1}, ("0.0", "params", "1", "200")),
        ("2.1.bn1", {"buffers": 16}, ("2.1.bn1", "buffers", "16", "17")),
        ("2", {"params": 1}, ("2", "params", "1", "2152")),
        ("2.0.conv3", {"path": "2.0.conv4"}, ("2.0.conv4", "modules", "there", "no such module")),
    ],
)
def test_a_tampered_prediction_is_found_and_named(path, changes, difference):
    assert prove(SMALL, summary=tampered(path, **changes)).difference == difference


def test_a_module_without_a_prediction_is_named():
    summary = replace(SMALL.summary, rows=SMALL.summary.rows[:-1])
    difference = prove(SMALL, summary=summary).difference
    assert difference == ("5", "modules", "no such module", "there")


def test_a_difference_is_named_where_it_arises_and_not_where_it_shows():
    wrong = tampered("1.0.conv2", params=1)
    rows = tuple(r._replace(params=1) if r.path in ("1", "1.0") else r for r in wrong.rows)
    assert prove(SMALL, summary=replace(wrong, rows=rows)).difference.path == "1.0.conv2"


def failing(network):
    """Prove a network on an input that it cannot take."""
    with pytest.raises(ForwardError, match="PyTorch could not run the network on cpu: "):
        prove(network, summary=replace(network.summary, input_shape=(1, 7, 32, 32)))


@pytest.mark.parametrize(
    "run", [prove, lambda n: prove(n, summary=tampered("0", params=1)), failing]
)
def test_pytorchs_global_state_stays_also_when_the_proof_fails(run):
    torch.manual_seed(7)
    before = torch.get_rng_state(), torch.get_num_threads(), torch.get_default_dtype()
    heard = len(nn.modules.module._global_forward_hooks)
    run(SMALL)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (torch.get_num_threads(), torch.get_default_dtype()) == before[1:]
    assert torch.is_grad_enabled()
    assert len(nn.modules.module._global_forward_hooks) == heard
    assert nn.Linear(1, 1).weight.abs().sum() > 0  # weights are initialised again


def test_the_listener_hears_every_module_before_it_runs():
    heard = []
    forward.prove(SMALL.tree, SMALL.summary, "cpu", heard.append)
    assert set(heard) == {row.path for row in SMALL.summary.rows}
    assert heard[:3] == ["0", "0.0", "0.1"]


def test_the_hooks_are_gone_when_the_run_is_over():
    model = forward.build(SMALL.tree).eval()
    with (
        pytest.raises(ZeroDivisionError),
        forward._listening(model, {}, lambda _: None),
    ):
        1 / 0  # noqa: B018
    assert all(not m._forward_hooks and not m._forward_pre_hooks for m in model.modules())


@pytest.mark.parametrize(
    ("changes", "device"),
    [
        ({}, "cpu"),
        ({"dtype": DType.BFLOAT16}, "meta"),
        ({"input": (16, 1, 224, 224)}, "cpu"),
        ({"input": (32, 1, 224, 224)}, "meta"),
        ({"input": (1, 1, 32, 32), "dtype": DType.FLOAT16}, "cpu"),
        ({"input": (64, 3, 4096, 4096)}, "meta"),
    ],
)
def test_auto_takes_the_cpu_while_the_run_is_short_and_small(changes, device):
    assert room.choose_device(Network(ResNetConfig(**changes)).summary) == device


def test_a_device_that_is_not_there_is_refused_with_those_that_are(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(
        BackendError, match=r"--device cuda: .* has no cuda here; there are cpu, meta"
    ):
        forward.available("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert forward.available("cuda") == "cuda"


@pytest.mark.parametrize("error", ["", "one line\nand more"])
def test_an_error_is_told_in_one_line(error):
    assert forward.first_line(RuntimeError(error)) == (error.split("\n")[0] or "RuntimeError")
