"""Every kind: PyTorch builds it, runs it, prints it, and is seen to have run it."""

import importlib
import pkgutil
import re

import pytest
import torch

from resnet_cli import graph as room
from resnet_cli.graph.activations import Activation, Identity
from resnet_cli.graph.builder import Builder
from resnet_cli.graph.captured import Opaque, Source
from resnet_cli.graph.elementwise import Multiply
from resnet_cli.graph.kinds import Input
from resnet_cli.graph.moves import Flatten, Pad, Subsample
from resnet_cli.graph.pointwise import Add, BatchNorm, ReLU
from resnet_cli.graph.pooling import AdaptiveAvgPool, AvgPool, MaxPool
from resnet_cli.graph.printed import printed
from resnet_cli.graph.products import Conv, Linear
from resnet_cli.pytorch.build import build
from resnet_cli.pytorch.difference import difference
from resnet_cli.pytorch.run import run

MAP = (2, 4, 7, 6)

LAYERS = [
    Conv(6, (3, 3), (2, 2), (1, 1), groups=2, bias=False),
    Linear(3),
    BatchNorm(),
    ReLU(inplace=True),
    Identity(),
    MaxPool((3, 3), (2, 2), (1, 1), ceil_mode=True),
    AvgPool((2, 2), (2, 2)),
    AdaptiveAvgPool(),
    Flatten(),
]
"""What is a module of its own, most with attributes that are not the usual ones."""

FUNCTIONS = [
    Add(),
    Add(inplace=True),
    Multiply(),
    ReLU(),
    Subsample((2, 2)),
    Pad((0,) * 4, (1,) * 4),
]
"""What a module calls."""

WRITTEN = ("activations", "captured", "kinds", "moves", "pointwise", "pooling", "products")
"""The files of kinds that configurations are written in, and their neighbours."""

NEVER_BUILT = {Input, Source, Opaque, Activation}
"""What is a source, or only captured."""


def written(kind, *, as_layer):
    """Return a network of one operation behind another, on as many maps as it takes."""
    net = Builder()
    image = net.apply(Input(MAP))
    x = net.layer("0", BatchNorm(), image)
    if as_layer:
        x = net.layer("1", kind, x)
    else:
        x = net.apply(kind, *[x, image][: 1 + isinstance(kind, Add | Multiply)])
    return net.graph("Network", image, x)


@pytest.mark.parametrize(
    ("kind", "as_layer"), [*((k, True) for k in LAYERS), *((k, False) for k in FUNCTIONS)], ids=str
)
def test_each_kind_is_built_and_seen_to_run_as_itself(kind, as_layer):
    graph = written(kind, as_layer=as_layer)
    done = run(build(graph), [torch.zeros(MAP)], torch.float32)
    assert done.error is None, done.error
    assert difference(graph, done.graph) is None


@pytest.mark.parametrize("kind", LAYERS, ids=str)
def test_each_layer_prints_itself_as_its_module_does(kind):
    graph = written(kind, as_layer=True)
    # Newer versions print the batch norm's bias as well.
    print_of = re.sub(r"(BatchNorm2d\(.*), bias=True(.*\))", r"\1\2", str(build(graph)))
    assert printed(graph) == print_of


def test_no_kind_is_forgotten():
    """A new kind has a line in LAYERS or FUNCTIONS, so that the tests above see it."""
    names = [f"{room.__name__}.{file.name}" for file in pkgutil.iter_modules(room.__path__)]
    found = [each for name in names for each in vars(importlib.import_module(name)).values()]
    kinds = {
        each
        for each in found
        if isinstance(each, type)
        and issubclass(each, tuple)
        # What no configuration writes is captured alone (test_following.py).
        and each.__module__.rpartition(".")[2] in WRITTEN
    }
    tried = {*map(type, (*LAYERS, *FUNCTIONS))}
    assert {each for each in kinds if hasattr(each, "facts")} | tried == tried | NEVER_BUILT
