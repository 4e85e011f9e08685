"""A graph to an `nn.Module` that runs it: what the proof runs."""

import operator
from collections.abc import Callable, Mapping, Sequence
from operator import index
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from resnet_cli.errors import BackendError
from resnet_cli.graph.activations import Activation, Identity
from resnet_cli.graph.captured import Source
from resnet_cli.graph.elementwise import Multiply
from resnet_cli.graph.filters import ConvFunction
from resnet_cli.graph.graph import Graph, Module, Value, children, infer, values
from resnet_cli.graph.kinds import Kind, Shape
from resnet_cli.graph.moves import Flatten, Pad, Subsample
from resnet_cli.graph.norms import GroupNorm
from resnet_cli.graph.pointwise import Add, BatchNorm, ReLU
from resnet_cli.graph.pooling import AdaptiveAvgPool, AvgPool, MaxPool
from resnet_cli.graph.products import Conv, Linear
from resnet_cli.graph.views import Squeeze, Transpose, Unsqueeze

Function: TypeAlias = Callable[..., Any]


class Instruction(NamedTuple):
    """One thing that a module does: a function, or a module in it by name, on earlier values."""

    run: Function | str
    takes: Sequence[Value]
    gives: Value
    dead: Sequence[Value] = ()
    """The values that nothing needs any more."""


class Container(nn.Module):
    """A module that runs its own part of the graph, of others in it, functions and buffers."""

    def __init__(
        self,
        below: Mapping[str, nn.Module],
        held: Mapping[Value, Tensor],
        steps: Sequence[Instruction],
        takes: Value,
        gives: Value,
    ) -> None:
        super().__init__()
        for name, module in below.items():
            self.add_module(name, module)
        for value, tensor in held.items():
            self.register_buffer(f"_{value.operation}", tensor, persistent=False)
        self.held = [*held]
        self.steps = steps
        self.takes = takes
        self.gives = gives

    def forward(self, x: Tensor) -> Tensor:
        """Run the steps."""
        found = {self.takes: x}
        for value in self.held:
            found[value] = self.get_buffer(f"_{value.operation}")
        for run, takes, gives, dead in self.steps:
            function = self._modules[run] if isinstance(run, str) else run
            assert function is not None
            found[gives] = function(*[found[value] for value in takes])
            for value in dead:
                del found[value]
        return found[self.gives]


def build(graph: Graph, **factory: Any) -> nn.Module:
    """Return a graph as modules with uninitialised weights; `factory` is `device` and `dtype`.

    Each module with others in it is called once, on one value, as a configuration's graph has it.
    """
    facts, below = infer(graph), children(graph.modules)
    leaves = {operation.path: operation for operation in graph.operations}

    def made(module: Module) -> nn.Module:
        if module.is_leaf and module.held is None:
            kind, inputs, *_ = leaves[module.path]
            source, output = inputs[0]
            leaf: nn.Module = layer(kind, facts[source].outputs[output], **factory)
            return leaf
        inner = below.get(module.path, ())
        parts = {child.path.rpartition(".")[2]: made(child) for child in inner}
        (call,) = module.calls
        (takes,) = values(call.takes)
        steps = _steps(graph, module, inner)
        (gives,) = values(call.gives)
        held = {}
        for value in {value for step in steps for value in step.takes}:
            kind = graph.operations[value.operation].kind
            if isinstance(kind, Source):
                held[value] = torch.empty([*map(index, kind.shape)], **factory)
        return type(module.type, (Container,), {})(parts, held, steps, takes, gives)  # type: ignore[no-any-return]

    with SkipInit():
        return made(graph.modules[0])


def _steps(graph: Graph, module: Module, below: Sequence[Module]) -> list[Instruction]:
    """Return what a module does, in the order of execution, and when each value ends."""
    found = []
    for child in below:
        name = child.path.rpartition(".")[2]
        for call in child.calls:
            (gives,) = values(call.gives)
            takes = graph.operations[call.first].inputs if child.is_leaf else [*values(call.takes)]
            found.append(Instruction(name, takes, gives))
    for number, (kind, inputs, path, *_) in enumerate(graph.operations):
        if path == module.path and inputs:
            found.append(Instruction(function(kind), inputs, Value(number)))
    found.sort(key=lambda step: step.gives)
    last = dict.fromkeys(values(module.calls[0].gives), len(found))
    for position, step in enumerate(found):
        last.update(dict.fromkeys(step.takes, position))
    return [
        step._replace(dead=[value for value in {*step.takes} if last[value] == position])
        for position, step in enumerate(found)
    ]


def layer(kind: Kind, shape: Shape, **factory: Any) -> Any:
    """Return the module of a kind, for an input of `shape`."""
    module: Any
    match kind:
        case Conv(out, kernel, stride, padding, dilation, groups, bias, mode):
            module = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[len(kernel) - 1]
            return module(
                shape[1], out, kernel, stride, padding, dilation, groups, bias, mode, **factory
            )
        case BatchNorm(dimensions, affine, track):
            module = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)[dimensions - 1]
            return module(shape[1], affine=affine, track_running_stats=track, **factory)
        case Linear(out, bias):
            return nn.Linear(index(shape[-1]), out, bias, **factory)
        case ReLU(inplace):
            return nn.ReLU(inplace)
        case GroupNorm(groups, affine):
            return nn.GroupNorm(groups, index(shape[1]), affine=affine, **factory)
        case Activation("Sigmoid"):
            return nn.Sigmoid()
        case Identity():
            return nn.Identity()
        case MaxPool(kernel, stride, padding, dilation, ceil):
            module = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)[len(kernel) - 1]
            return module(*map(_single, (kernel, stride, padding, dilation)), False, ceil)
        case AvgPool(kernel, stride, padding, ceil, include):
            module = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)[len(kernel) - 1]
            return module(*map(_single, (kernel, stride, padding)), ceil, include)
        case AdaptiveAvgPool(size, is_number):
            adaptive = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)
            module = adaptive[len(size) - 1]
            return module(size[0] if is_number else size)
        case Flatten(start, end):
            return nn.Flatten(start, end)
    raise BackendError(f"{kind.name} cannot be built: it has no module here")


def function(kind: Kind) -> Function:
    """Return the function that does what a kind does where it is no module."""
    match kind:
        case Add(inplace):
            return operator.iadd if inplace else operator.add
        case Multiply(inplace):
            return operator.imul if inplace else operator.mul
        case ReLU(inplace):
            return lambda x: F.relu(x, inplace)
        case AdaptiveAvgPool(size):
            return lambda x: F.adaptive_avg_pool2d(x, (size[0], size[1]))
        case ConvFunction(stride, padding, dilation, groups):
            return lambda x, weight: F.conv2d(x, weight, None, stride, padding, dilation, groups)
        case Flatten(start, end):
            return lambda x: x.flatten(start, end)
        case Squeeze((dim,)):
            return lambda x: x.squeeze(dim)
        case Transpose(one, other):
            return lambda x: x.transpose(one, other)
        case Unsqueeze(dim):
            return lambda x: x.unsqueeze(dim)
        case Subsample(stride):
            steps = (slice(None), slice(None), *(slice(None, None, step) for step in stride))
            return lambda x: x[steps]
        case Pad(before, behind, mode):
            sides = [side for pair in zip(before, behind, strict=True) for side in reversed(pair)]
            if mode != "constant":  # PyTorch wants those of the map alone
                sides = sides[4:]
            return lambda x: F.pad(x, sides[::-1], mode)
    raise BackendError(f"{kind.name} cannot be built: it has no function here")


def _single(sides: Sequence[int]) -> Any:
    """Return the number that all sides share, as users give it and PyTorch prints it."""
    return sides[0] if len({*sides}) == 1 else tuple(sides)


class SkipInit(TorchFunctionMode):
    """Pass over `torch.nn.init`: the values of the weights do not matter here."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)
