"""The proof: PyTorch builds and runs what was predicted, and says where it differs."""

import json
import operator
import re
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from torch import fx, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

import resnet_cli
from resnet_cli.analysis.network import predict
from resnet_cli.errors import BackendError, ForwardError
from resnet_cli.family import resnet
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.modes import DType, Stem
from resnet_cli.family.presets import NAMES, preset
from resnet_cli.graph.builder import Builder
from resnet_cli.graph.captured import Opaque
from resnet_cli.graph.graph import Call, Graph, Module, Operation, Value
from resnet_cli.graph.kinds import Input
from resnet_cli.graph.pointwise import ReLU
from resnet_cli.graph.printed import printed
from resnet_cli.pytorch import device as devices
from resnet_cli.pytorch import forward, room
from resnet_cli.pytorch.build import SkipInit, build
from resnet_cli.pytorch.difference import difference
from resnet_cli.show.formats import proof_dict
from tests.strategies import configs

DOCUMENT = json.loads(
    (Path(resnet_cli.__file__).parent / "resnet-shapes.schema.json").read_text("utf-8")
)
SCHEMA = Draft202012Validator({**DOCUMENT["$defs"]["proof"], "$defs": DOCUMENT["$defs"]})
SMALL = predict(ResNetConfig(input=(1, 1, 32, 32), channels=(4, 8), blocks=(1, 2)))
few = settings(max_examples=15)


def prove(network, device="cpu"):
    """Prove a network."""
    return forward.prove(network.graph, network.summary, device)


def model_of(config):
    """Return the network as modules with weights of one, for inference."""
    model = build(resnet.build(config), dtype=torch.float64).eval().requires_grad_(False)
    for weights in model.parameters():
        nn.init.ones_(weights)
    return model


@few
@given(configs())
def test_the_prediction_is_pytorchs_for_every_module(config):
    network = predict(config)
    proof = prove(network)
    assert proof.difference is None
    assert proof.modules == len(network.summary.rows)


@few
@given(configs())
def test_twice_the_macs_are_pytorchs_flops_and_the_params_its_params(config):
    model = build(resnet.build(config)).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(config.input))
    summary = predict(config).summary
    assert counter.get_total_flops() == summary.flops
    assert sum(p.numel() for p in model.parameters()) == summary.params
    assert sum(b.numel() for b in model.buffers()) == summary.buffers


@few
@given(configs(stages=3))
def test_the_peak_is_what_liveness_analysis_of_the_traced_graph_finds(config):
    model = build(resnet.build(config)).eval()
    assert (
        _Liveness(model, adds=config.pre_activation).peak(config.input)
        == predict(config).summary.peak_bytes
    )


class _Liveness(fx.Interpreter):
    """Run a traced network and note the storage behind each value; a view has its base's.

    Whether it `adds` into a new tensor a trace does not say: `+=` is an addition there as well.
    """

    def __init__(self, model, *, adds):
        self.adds = adds
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
        # In place an addition takes no memory, and is no moment of its own.
        return node.op == "call_function" and (
            "pad" in str(node.target)
            or node.target is operator.mul
            or (self.adds and node.target is operator.add)
        )


@settings(max_examples=10)  # the images are large
@given(configs(stages=2))
def test_the_receptive_field_is_what_the_gradient_reaches(config):
    config = config._replace(names="notebook", pre_activation=False, downsample="conv")
    config = config._replace(stem_pool="max", attention="none")
    if config.stem.is_deep:
        config = config._replace(stem="cifar", stem_width=None)
    # A max pool passes its gradient to one pixel of a window; an average pool to all.
    field = max(row.receptive_field or 0 for row in predict(config).summary.rows)
    stride = predict(config).summary.rows[-4].stride
    size = 2 * field + 4 * stride
    config = config._replace(input=(1, 1, size, size))
    rows = {row.path: row for row in predict(config).summary.at_depth(1)}
    model = model_of(config)
    if config.stem is Stem.IMAGENET:
        model.get_submodule("0")._modules["3"] = nn.AvgPool2d(3, 2, 1)
    image = torch.ones(config.input, dtype=torch.float64, requires_grad=True)
    value = image
    for path in range(len(config.blocks) + 1):
        value = model.get_submodule(str(path))(value)
        centre = value.shape[2] // 2
        (gradient,) = torch.autograd.grad(value[0, 0, centre, centre], image, retain_graph=True)
        reached = gradient[0, 0].nonzero()
        side = reached.max(0).values - reached.min(0).values + 1
        assert side.tolist() == [rows[str(path)].receptive_field] * 2


EVERY_EIGHTH = [
    pytest.param(name, marks=[pytest.mark.slow] if i % 8 else []) for i, name in enumerate(NAMES)
]
"""All presets where slow tests run, a sample of each library's everywhere."""


@pytest.mark.parametrize("name", EVERY_EIGHTH)
def test_print_net_is_pytorchs_own_print_of_every_preset(name):
    config = preset(name).config
    with SkipInit():
        print_of = str(build(resnet.build(config)))
    # Newer versions print the batch norm's bias as well.
    print_of = re.sub(r"((?:BatchNorm2d|GroupNorm)\(.*), bias=True(.*\))", r"\1\2", print_of)
    assert printed(resnet.build(config)) == print_of


@pytest.mark.parametrize("dtype", DType)
def test_every_element_type_is_proved(dtype):
    network = predict(SMALL.config._replace(dtype=dtype))
    assert prove(network).agrees


def test_meta_proves_what_no_memory_holds():
    network = predict(ResNetConfig(input=(64, 3, 4096, 4096), channels=(8, 8), blocks=(1, 1)))
    proof = prove(network, "auto")
    assert (proof.device, proof.agrees) == ("meta", True)


class Fault(nn.Module):
    """The small network's first block with one thing done otherwise."""

    def __init__(self, block, fault):
        super().__init__()
        for name, module in block.named_children():
            self.add_module(name, module)
        self.fault = fault

    def forward(self, x):
        y = self.conv1(x)
        y = F.relu(y) if self.fault == "norm and ReLU exchanged" else self.bn1(y)
        y = self.bn1(y) if self.fault == "norm and ReLU exchanged" else F.relu(y)
        y = self.conv2(y)
        y = y if self.fault == "norm missing" else self.bn2(y)
        if self.fault == "the main path twice":
            y += y
        elif self.fault != "skip left out":
            y += x
        return F.relu(y)


def faulty(monkeypatch, change):
    """Let PyTorch build the small network otherwise than the graph says, and prove it."""

    def wrong(graph, **factory):
        model = build(graph, **factory)
        return change(model) or model

    monkeypatch.setattr(forward, "build", wrong)
    proof = prove(SMALL)
    SCHEMA.validate(proof_dict(proof))
    return proof.difference


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("skip left out", ("1.0", "operation", "add of 1.0", "ReLU of 1.0")),
        (
            "norm and ReLU exchanged",
            ("1.0.bn1", "operation", "BatchNorm2d of 1.0.bn1", "ReLU of 1.0"),
        ),
        ("another class", ("1.0", "type", "Residual", "Fault")),
        ("norm missing", ("1.0.bn2", "operation", "BatchNorm2d of 1.0.bn2", "add of 1.0")),
        (
            "the main path twice",
            (
                "1.0",
                "inputs",
                "BatchNorm2d of 1.0.bn2, MaxPool2d of 0.3",
                "BatchNorm2d of 1.0.bn2, BatchNorm2d of 1.0.bn2",
            ),
        ),
    ],
)
def test_what_runs_otherwise_than_predicted_is_named(monkeypatch, fault, found):
    def change(model):
        model.get_submodule("1")._modules["0"] = Fault(model.get_submodule("1.0"), fault)

    assert faulty(monkeypatch, change) == found


@pytest.mark.parametrize(
    ("path", "changes", "found"),
    [
        (
            "1.0.conv2",
            {"padding": (2, 2), "dilation": (2, 2)},
            ("attributes", "padding (1, 1), dilation (1, 1)", "padding (2, 2), dilation (2, 2)"),
        ),
        (
            "1.0.conv1",
            {"padding_mode": "reflect"},
            ("attributes", "padding_mode zeros", "padding_mode reflect"),
        ),
        ("0.0", {"stride": (1, 1)}, ("attributes", "stride (2, 2)", "stride (1, 1)")),
        ("0.3", {"ceil_mode": True}, ("attributes", "ceil_mode False", "ceil_mode True")),
    ],
)
def test_an_attribute_that_differs_is_named_with_both_values(monkeypatch, path, changes, found):
    def change(model):
        vars(model.get_submodule(path)).update(changes)
        if "padding_mode" in changes:
            model.get_submodule(path)._reversed_padding_repeated_twice = [1, 1, 1, 1]

    assert faulty(monkeypatch, change) == (path, *found)


def test_a_stride_that_stands_on_another_layer_is_named_at_the_first(monkeypatch):
    def change(model):
        model.get_submodule("2.0.conv1").stride = (1, 1)
        model.get_submodule("2.0.conv2").stride = (2, 2)

    assert faulty(monkeypatch, change) == (
        "2.0.conv1",
        "attributes",
        "stride (2, 2)",
        "stride (1, 1)",
    )


def test_the_wrong_one_of_two_outputs_is_named():
    net = Builder()
    x = net.apply(Input((1, 4, 3, 3)))
    halves = net.apply(Opaque("chunk", ((1, 2, 3, 3), (1, 2, 3, 3)), is_view=True), x)
    graphs = []
    for output in (0, 1):
        kinds = [*net.operations, Operation(ReLU(), (Value(halves.operation, output),), "")]
        module = Module("", "Network", False, calls=(Call(0, x, Value(2)),))
        graphs.append(Graph(tuple(kinds), (module,), Value(2)))
    assert difference(*graphs) == (
        "",
        "inputs",
        "chunk of the network",
        "chunk of the network, output 1",
    )
    assert difference(graphs[0], graphs[0]) is None


def test_what_gives_the_right_shape_and_is_of_no_kind_is_named():
    net = Builder()
    x = net.apply(Input((1, 4)))
    graphs = []
    for kind in (ReLU(), Opaque("ReLU", ((1, 4),))):
        module = Module("", "Network", False, calls=(Call(0, x, Value(1)),))
        operations = (*net.operations, Operation(kind, (x,), ""))
        graphs.append(Graph(operations, (module,), Value(1)))
    named = "ReLU of the network"
    assert difference(*graphs) == ("", "operation", named, f"{named}, an opaque one")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            lambda m: m.get_submodule("0.0").register_parameter(
                "more", nn.Parameter(torch.ones(3))
            ),
            ("0.0", "params", "200", "203"),
        ),
        (
            lambda m: m.get_submodule("2.1.bn1").register_buffer("more", torch.ones(3)),
            ("2.1.bn1", "buffers", "17", "20"),
        ),
        (
            lambda m: m.get_submodule("1.0").add_module("never", nn.ReLU()),
            ("1.0.never", "modules", "no such module", "there"),
        ),
        (
            lambda m: nn.Sequential(*m.children(), nn.ReLU()),
            ("6", "operation", "none", "ReLU"),
        ),
    ],
)
def test_what_modules_hold_and_which_there_are_is_held_too(monkeypatch, change, found):
    assert faulty(monkeypatch, change) == found


@pytest.mark.parametrize("fails", [False, True])
def test_pytorchs_global_state_stays_also_when_the_proof_fails(monkeypatch, fails):
    narrow = nn.Linear(3, 3)
    torch.manual_seed(7)
    before = torch.get_rng_state(), torch.get_num_threads(), torch.get_default_dtype()
    heard = len(nn.modules.module._global_forward_hooks)
    if fails:
        with pytest.raises(ForwardError, match=r"could not run the network on cpu: mat1 and mat2"):
            faulty(monkeypatch, lambda m: m.add_module("5", narrow))
    else:
        prove(SMALL)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (torch.get_num_threads(), torch.get_default_dtype()) == before[1:]
    assert torch.is_grad_enabled()
    assert len(nn.modules.module._global_forward_hooks) == heard
    assert nn.Linear(1, 1).weight.abs().sum() > 0  # weights are initialised again


def test_the_listener_hears_every_module_before_it_runs():
    heard = []
    forward.prove(SMALL.graph, SMALL.summary, "cpu", heard.append)
    assert set(heard) == {row.path for row in SMALL.summary.rows}
    assert heard[:3] == ["0", "0.0", "0.1"]


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
    assert room.choose_device(predict(ResNetConfig(**changes)).summary) == device


def test_a_device_that_is_not_there_is_refused_with_those_that_are(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(
        BackendError, match=r"--device cuda: .* has no cuda here; there are cpu, meta"
    ):
        devices.available("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert devices.available("cuda") == "cuda"


@pytest.mark.parametrize("error", ["", "one line\nand more"])
def test_an_error_is_told_in_one_line(error):
    assert devices.first_line(RuntimeError(error)) == (error.split("\n")[0] or "RuntimeError")
