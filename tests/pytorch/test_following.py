"""Every kind's arithmetic is PyTorch's, also at sizes that were never run."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from resnet_cli.graph.captured import Opaque
from resnet_cli.graph.graph import infer
from resnet_cli.graph.kinds import Input
from resnet_cli.pytorch import naming
from resnet_cli.pytorch.run import run
from tests.pytorch.test_capture import Function

SIZES = [(2, 4, 12, 16), (1, 4, 24, 8), (3, 4, 20, 28)]


def graph_of(model, *inputs):
    done = run(model.eval(), [torch.zeros(size) for size in inputs], torch.float32)
    assert done.error is None, done.error
    return done.graph


def at(graph, size):
    """Return the shapes of every operation where the input has another size."""
    operations = tuple(
        op._replace(kind=Input(size)) if isinstance(op.kind, Input) else op
        for op in graph.operations
    )
    return [facts.outputs for facts in infer(graph._replace(operations=operations))]


def follows(forward, **parts):
    """Say that what a function is recorded as gives PyTorch's shapes at sizes not run."""
    model = Function(forward, **parts)
    graph = graph_of(model, SIZES[0])
    assert not [op.kind for op in graph.operations if isinstance(op.kind, Opaque)]
    for size in SIZES[1:]:
        other = graph_of(model, size)
        assert [op.kind.name for op in graph.operations] == [
            op.kind.name for op in other.operations
        ]
        assert at(graph, size) == [facts.outputs for facts in infer(other)]
    return graph


MODULES = [
    nn.Conv2d(4, 6, 3, padding="same"),
    nn.ConvTranspose2d(4, 6, 2, 2),
    nn.ConvTranspose2d(4, 6, (3, 2), (2, 1), (1, 0), (1, 0), dilation=(2, 1), bias=False),
    nn.GroupNorm(2, 4),
    nn.InstanceNorm2d(4, affine=True, track_running_stats=True),
    nn.Softmax(1),
    nn.Softmax2d(),
    nn.AdaptiveMaxPool2d((3, 2)),
    nn.AdaptiveAvgPool2d((None, 2)),
    nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False),
    nn.MaxPool2d(3, 2, 1, dilation=2, ceil_mode=True),
    nn.PixelShuffle(2),
    nn.PixelUnshuffle(2),
    nn.Unfold(3, padding=1, stride=2),
    nn.Upsample(scale_factor=1.5, mode="bilinear"),
    nn.Upsample((7, 9)),
    nn.ZeroPad2d((1, 2, 3, 0)),
    nn.ReflectionPad2d(1),
    nn.LocalResponseNorm(3),
    nn.PReLU(),
    nn.Hardswish(),
    nn.Dropout2d(),
]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_has_a_kind_that_prints_itself_and_goes_to_other_sizes(module):
    graph = follows(lambda net, x: net.part(x), part=module)
    kind = graph.operations[1].kind
    if hasattr(kind, "printed") and "padding=same" not in str(module):
        # 2.13 prints `bias=True` for norms; what is default elsewhere is not an attribute.
        printed = kind.printed(SIZES[0]).split("(")[0]
        assert str(module).startswith(printed)


@pytest.mark.parametrize(
    "module",
    [
        nn.ConvTranspose2d(4, 6, 2, 2),
        nn.ConvTranspose1d(4, 6, 3, 2, 1, 1, bias=False),
        nn.GroupNorm(2, 4),
        nn.LayerNorm(8),
        nn.RMSNorm(8),
        nn.Embedding(10, 3),
        nn.AdaptiveMaxPool2d((3, 2)),
        nn.PixelShuffle(2),
        nn.Softmax(dim=1),
        nn.MultiheadAttention(8, 2),
        nn.InstanceNorm2d(4),
    ],
    ids=str,
)
def test_new_kinds_print_as_pytorch_does(module):
    text = naming.layer(module).printed((2, 4, 8, 8))
    assert text in (str(module), str(module).replace(", bias=True", "").replace(", bias=False", ""))


def shuffled(_, x):
    batch, channels, height, width = x.size()
    x = x.view(batch, 2, channels // 2, height, width).transpose(1, 2).contiguous()
    return x.view(batch, -1, height, width)


def windows(_, x):
    """Partition into windows of 7, with padding, as Swin does."""
    batch, channels, height, width = x.shape
    x = F.pad(x.permute(0, 2, 3, 1), (0, 0, 0, (7 - width % 7) % 7, 0, (7 - height % 7) % 7))
    _, high, wide, _ = x.shape
    x = x.view(batch, high // 7, 7, wide // 7, 7, channels).permute(0, 1, 3, 2, 4, 5)
    x = x.reshape(batch * (high // 7) * (wide // 7), 49, channels)
    x = x.view(batch, high // 7, wide // 7, 7, 7, channels).permute(0, 1, 3, 2, 4, 5)
    return x.reshape(batch, high, wide, channels)[:, :height, :width, :].contiguous()


def attended(net, x):
    tokens = x.flatten(2).transpose(1, 2)
    query, key, value = net.qkv(tokens).chunk(3, dim=-1)
    scores = (query @ key.transpose(-2, -1)) * query.shape[-1] ** -0.5
    return torch.cat(
        [scores.softmax(dim=-1) @ value, F.scaled_dot_product_attention(query, key, value)], 1
    )


def added(_, x):
    """Add to a product, as GPT-2's linear layers do; to an alias of what nobody else has."""
    y = torch.addmm(torch.ones(6), x.mean((2, 3)), torch.ones(4, 6))
    z = y.view_as(y)
    z += 1
    return z * 2 + y


def grouped(_, x):
    """Attend with a key and value for every two queries' heads."""
    query, few = x.transpose(2, 3), x[:, ::2].transpose(2, 3)
    return F.scaled_dot_product_attention(query, few, few, enable_gqa=True)


def picked(_, x):
    """Take places by numbers: of two axes at once, behind all others, and one for each."""
    rows = torch.arange(x.shape[0])
    last = x[rows, rows * 0] + x[..., rows.sum() * torch.ones(3, dtype=torch.int64)].sum()
    return torch.gather(last.flatten(1), 1, torch.zeros(last.shape[0], 5, dtype=torch.int64))


FUNCTIONS = [
    shuffled,
    added,
    grouped,
    picked,
    windows,
    lambda _, x: F.interpolate(F.max_pool2d(x, 3, 2), size=x.shape[-2:], mode="bilinear"),
    lambda _, x: F.avg_pool2d(F.relu6(x), 2) + F.adaptive_avg_pool2d(x, 1),
    lambda _, x: x.mean((2, 3), keepdim=True) * x - x.amax(1, keepdim=True) / 2,
    lambda _, x: torch.stack([x, x], 1).sum(1).std(dim=(1, 2)),
    lambda _, x: torch.cat(x.split([1, 3], 1)[::-1], 1)[:, :2, 1:-1, ::2],
    lambda _, x: torch.zeros(x.shape[0], x.size(2) + 1).unsqueeze(1).expand(-1, 3, -1),
    lambda _, x: torch.arange(x.shape[2]).view(1, 1, -1, 1) * x,
    lambda _, x: x.new_zeros((x.shape[0], math.ceil(x.shape[2] / 5))) + 1,
    lambda _, x: x.flatten(1).unflatten(1, (4, -1)).squeeze(1),
    lambda _, x: torch.einsum("bchw,bdhw->bcd", x, x),
    lambda _, x: x.flatten(2).softmax(-1).cumsum(-1).roll(1, -1),
    lambda _, x: x.movedim(1, -1).repeat(1, 2, 1, 1).reshape_as(torch.cat([x, x], 1)),
    lambda _, x: torch.where(x > 0, x, -x).masked_fill(x < 0, 1.0).clamp(0, 1),
    lambda _, x: F.conv_transpose2d(
        F.conv2d(x, torch.ones(4, 2, 3, 3), groups=2), torch.ones(4, 1, 2, 2), None, 2
    ),
    lambda _, x: F.layer_norm(x.permute(0, 2, 3, 1), (4,)) @ torch.ones(4, 5),
]


@pytest.mark.parametrize("forward", FUNCTIONS)
def test_functions_and_sizes_that_code_reads_are_followed(forward):
    follows(forward)


def test_attention_is_followed():
    follows(attended, qkv=nn.Linear(4, 12))


def test_the_attention_module_is_one_operation_that_gives_one_or_two():
    net = Function(
        lambda n, x: n.part(*[x.flatten(2).transpose(1, 2)] * 3),
        part=nn.MultiheadAttention(4, 2, batch_first=True),
    )
    (kind,) = [op.kind for op in graph_of(net, SIZES[0]).operations if op.path == "part"]
    assert kind.name == "MultiheadAttention"
    assert kind.weights == "averaged"


def test_a_comparison_of_sizes_is_a_guard():
    def forward(_, x):
        return x * 2 if x.shape[2] > x.shape[3] else x + 1

    graph = graph_of(Function(forward), SIZES[0])
    (guard,) = graph.guards
    assert (guard.sign, guard.held, guard.way) == (">", False, "")


@pytest.mark.parametrize(
    ("forward", "way"),
    [
        (lambda _, x: x[:, : int(x.shape[2] ** 0.5) % 4 + 1], "**"),
        (lambda _, x: sum(x[:, :, i] for i in range(x.shape[2])), "range()"),
        (lambda _, x: x * len(x), "len()"),
        (lambda _, x: x.view(int(x.shape[0]), -1), "int()"),
        (lambda _, x: x if x.sum() > 0 else x + 1, "bool"),
        (lambda _, x: x[x > 0], "getitem"),
        (lambda _, x: x * [0.0] * 0 if not x.shape else torch.cat([x] * x.shape[0]), "*"),
    ],
)
def test_where_a_size_leaves_the_arithmetic_it_is_noted(forward, way):
    graph = graph_of(Function(forward), SIZES[0])
    assert way in [guard.way for guard in graph.guards]


def test_what_iterates_over_a_tensor_takes_parts_of_it():
    graph = graph_of(Function(lambda _, x: sum(row for row in x)), (2, 3))
    assert [op.kind.name for op in graph.operations] == ["input", "unbind", "add", "add"]
    with pytest.raises(ValueError, match="3 is not 2"):
        at(graph, (3, 3))
