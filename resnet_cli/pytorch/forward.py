"""PyTorch: layer tree to `nn.Module`, the forward pass, the proof.

Imported late, as torch is: by `backend`.
"""

import time
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import index
from typing import Any

from resnet_cli.analysis.summary import Summary
from resnet_cli.errors import BackendError, ForwardError
from resnet_cli.graph import layers
from resnet_cli.pytorch.proof import Difference, Proof
from resnet_cli.pytorch.room import choose_device, refuse_too_large

with warnings.catch_warnings():
    # Without NumPy torch warns at import, and under -W error that would be the end of it.
    warnings.simplefilter("ignore")
    import torch
    from torch import Tensor, nn
    from torch.nn import functional as F
    from torch.overrides import TorchFunctionMode


class Residual(nn.Module):
    """A residual block: main path plus shortcut, then a ReLU."""

    def __init__(self, block: layers.Residual, build: Callable[[layers.Layer], nn.Module]) -> None:
        super().__init__()
        for name, child in block.children:
            self.add_module(name, build(child))
        self.main = [name for name, _ in block.main]
        self.shortcut = block.shortcut

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, C', H', W')
        y = x
        for name in self.main:
            y = self.get_submodule(name)(y)
            if name.startswith("bn") and name != self.main[-1]:
                y = F.relu(y)
        if self.shortcut is not None:
            name, layer = self.shortcut
            x = _pad(layer, x) if isinstance(layer, layers.PadShortcut) else getattr(self, name)(x)
        y += x
        return F.relu(y)


def prove(
    network: layers.Sequential,
    summary: Summary,
    device: str = "auto",
    on_layer: Callable[[str], None] = lambda path: None,
) -> Proof:
    """Run a dummy tensor through `network` and hold every module against `summary`.

    `on_layer` hears each module's path before it runs. The weights are left
    uninitialised; random state, default dtype, grad mode and threads stay as they were.

    Raises `BackendError` for a device that is not there and `ForwardError` where PyTorch
    cannot run the network at all.
    """
    start = time.perf_counter()
    device = choose_device(summary) if device == "auto" else available(device)
    if device == "cuda":
        refuse_too_large(summary, device, torch.cuda.mem_get_info()[0])
    dtype = getattr(torch, summary.dtype)
    shapes: dict[str, tuple[int, ...]] = {}
    try:
        with _SkipInit():
            model = build(network, device=device, dtype=dtype).eval()
        with _listening(model, shapes, on_layer), torch.no_grad():
            size = [*map(index, summary.input_shape)]
            model(torch.zeros(size, device=device, dtype=dtype))
    except (RuntimeError, MemoryError, TypeError, OverflowError) as error:
        raise ForwardError(
            f"PyTorch could not run the network on {device}: {first_line(error)}"
        ) from error
    difference = compare(summary, model, shapes)
    seconds = time.perf_counter() - start
    return Proof(torch.__version__, device, len(shapes), difference, seconds)


def build(layer: layers.Layer, **factory: Any) -> nn.Module:
    """Return the layer as a module; `factory` is `device` and `dtype`."""

    def child(inner: layers.Layer) -> nn.Module:
        return build(inner, **factory)

    match layer:
        case layers.Conv2d(i, o, kernel, stride, padding, groups, bias):
            return nn.Conv2d(i, o, kernel, stride, padding, groups=groups, bias=bias, **factory)
        case layers.BatchNorm2d(features):
            return nn.BatchNorm2d(features, **factory)
        case layers.ReLU():
            return nn.ReLU()
        case layers.MaxPool2d(kernel, stride, padding):
            return nn.MaxPool2d(kernel, stride, padding)
        case layers.AdaptiveAvgPool2d(size):
            return nn.AdaptiveAvgPool2d(size)
        case layers.Flatten():
            return nn.Flatten()
        case layers.Linear(i, o):
            return nn.Linear(i, o, **factory)
        case layers.Residual():
            return Residual(layer, child)
        case layers.Sequential(children):
            return nn.Sequential(OrderedDict((name, child(inner)) for name, inner in children))


def compare(
    summary: Summary, model: nn.Module, shapes: dict[str, tuple[int, ...]]
) -> Difference | None:
    """Return the first difference, leaves before containers, in the order of execution, or None.

    What differs in a leaf differs in all that hold it; the leaf says where.
    """
    modules = dict(model.named_modules())
    del modules[""]
    for row in sorted(summary.rows, key=lambda row: not row.leaf):
        if row.path not in modules:
            return Difference(row.path, "modules", "there", "no such module")
        module = modules.pop(row.path)
        params = sum(p.numel() for p in module.parameters() if p.requires_grad)
        buffers = sum(b.numel() for b in module.buffers())
        for what, predicted, actual in (
            ("output shape", row.output_shape, shapes.get(row.path)),
            ("params", row.params, params),
            ("buffers", row.buffers, buffers),
        ):
            if predicted != actual:
                return Difference(row.path, what, _text(predicted), _text(actual))
    if modules:
        return Difference(next(iter(modules)), "modules", "no such module", "there")
    return None


def available(device: str) -> str:
    """Return the device if it is there. Raises `BackendError` that says which ones are."""
    there = ["cpu", "meta"]
    if torch.cuda.is_available():
        there.append("cuda")
    if torch.backends.mps.is_available():
        there.append("mps")
    if device not in there:
        raise BackendError(
            f"--device {device}: this PyTorch ({torch.__version__}) has no {device} here; "
            f"there are {', '.join(there)}"
        )
    return device


def first_line(error: BaseException) -> str:
    """Return what an error says, in one line."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


class _SkipInit(TorchFunctionMode):
    """Pass over `torch.nn.init`: the values of the weights do not matter here."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)


@contextmanager
def _listening(
    model: nn.Module, shapes: dict[str, tuple[int, ...]], on_layer: Callable[[str], None]
) -> Iterator[None]:
    """Note each module's output shape under its path while the model runs."""
    handles = []
    for path, module in model.named_modules():
        if path:
            handles.append(module.register_forward_pre_hook(lambda *_, path=path: on_layer(path)))
            handles.append(
                module.register_forward_hook(
                    lambda _m, _i, out, path=path: shapes.__setitem__(path, tuple(out.shape))
                )
            )
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _pad(layer: layers.PadShortcut, x: Tensor) -> Tensor:
    """Return option A's shortcut: (N, C, H, W) -> (N, C', H', W'), zeros behind."""
    x = x[:, :, :: layer.stride, :: layer.stride]
    return F.pad(x, (0, 0, 0, 0, 0, layer.out_channels - layer.in_channels))


def _text(value: object) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)
