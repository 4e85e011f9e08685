"""A target to a module ready to run, on a device, quickly and in bounded memory."""

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.utils._device import _device_constructors

from resnet_cli.errors import BackendError, TargetError, TooLargeError
from resnet_cli.parse import Input
from resnet_cli.pytorch.device import available, device_of, dtype_of, lacks_values
from resnet_cli.pytorch.inputs import Given, Keyed, Named, Nest, Several, leaves
from resnet_cli.pytorch.nests import tensors
from resnet_cli.pytorch.room import CPU_BYTES, CPU_MACS, CPU_MACS_16_BIT, free_memory
from resnet_cli.pytorch.target import Target, check_arguments, describe, load
from resnet_cli.text import human_bytes

SMALL_BYTES = 2**20
"""What a network may compute with while it is built on the meta device."""

INPUT_BYTES = CPU_BYTES // 4
"""With `auto` inputs beyond this go to the meta device, as most maps after them are larger."""

_RANDOM = ("normal_", "uniform_", "trunc_normal_")


def construct(target: Target, arguments: Mapping[str, Any], device: str) -> tuple[nn.Module, str]:
    """Return the module that the target names and the device that it is on.

    With `auto` a class or factory is built on the CPU unless that takes much memory, then on
    the meta device, and where that cannot be on the CPU after all. Raises `TargetError` and
    `BackendError`.
    """
    if device != "auto":
        available(device)
    found = load(target)
    if isinstance(found, nn.Module):
        if arguments:
            raise TargetError(f"--module-args: {target} is a module already; it takes none")
        if device == "meta":
            found = _without_values(found)
        model = found if device == "auto" else found.to(device)
        return model, device_of(model)
    if not callable(found):
        raise TargetError(
            f"--module {target}: is a {type(found).__name__}; give an nn.Module, its class, or "
            "a function that returns one"
        )
    check_arguments(target, found, arguments)
    if device == "auto":
        return _anywhere(target, found, arguments)
    try:
        budget = None if device == "meta" else free_memory()
        return _built(target, found, arguments, device, budget), device
    except TooLargeError:
        raise BackendError(
            f"--device {device}: the weights need more than the {human_bytes(free_memory())} "
            "that are free; use --device meta, which needs none"
        ) from None


def construct_fake(target: Target, arguments: Mapping[str, Any]) -> tuple[nn.Module, Any]:
    """Return the module on the CPU with tensors that have no elements, and their mode."""
    from torch._subclasses.fake_tensor import FakeTensorMode  # imports sympy: a second

    found, mode = load(target), FakeTensorMode(allow_non_fake_inputs=True)
    if isinstance(found, nn.Module):
        return found, mode
    with mode:
        return _built(target, found, arguments, "cpu", None), mode


def budget(model: nn.Module) -> int:
    """Return the MACs that a run on the CPU may take before the meta device is quicker."""
    return CPU_MACS_16_BIT if dtype_of(model).itemsize == 2 else CPU_MACS


def place_inputs(
    model: nn.Module,
    inputs: Sequence[Given],
    device: str,
    *,
    limit: int | None = None,
    is_fake: bool = False,
) -> tuple[list[Any], dict[str, Any]]:
    """Return zeros of the inputs' shapes, of the module's own type unless they name one.

    They are nested as the inputs are, and those with names stand apart. Raises `TooLargeError`
    above `limit` bytes and `BackendError` where memory would end; fake ones need none.
    """
    own = dtype_of(model)

    def dtype(one: Input) -> torch.dtype:
        named: torch.dtype = getattr(torch, one.dtype) if one.dtype else own
        return named

    def made(one: Any) -> Any:
        if isinstance(one, Input):
            return torch.zeros(one.sizes, dtype=dtype(one), device=device)
        if isinstance(one, Keyed):
            return {key: made(part) for key, part in one.parts}
        return (tuple if one.is_tuple else list)(map(made, one.parts))

    every = [leaf for one in inputs for leaf in leaves(one)]
    need = sum(math.prod(one.sizes) * dtype(one).itemsize for one in every)
    if limit is not None and need > limit:
        raise TooLargeError
    if device == "cpu" and not is_fake and need > free_memory():
        raise BackendError(
            f"--input: needs {human_bytes(need)}, and {human_bytes(free_memory())} are free; use "
            "--device meta, which needs none"
        )
    named = {one.name: made(one.value) for one in inputs if isinstance(one, Named)}
    return [made(one) for one in inputs if not isinstance(one, Named)], named


def assumed_inputs(model: nn.Module) -> tuple[Given, ...]:
    """Return inputs for a module when none were given. Raises `TargetError` where unclear.

    Lightning's `example_input_array` if there is one, or else one image or vector for the
    first layer.
    """
    example = getattr(model, "example_input_array", None)
    if isinstance(example, Mapping):
        return tuple(Named(str(name), _shapes(each)) for name, each in example.items())
    if next(tensors(example), None) is not None:
        return tuple(map(_shapes, example if isinstance(example, tuple) else (example,)))
    for module in model.modules():
        if isinstance(module, nn.Conv2d) and not isinstance(module, nn.LazyConv2d):
            return (Input((1, module.in_channels, 224, 224)),)
        if isinstance(module, nn.Linear) and not isinstance(module, nn.LazyLinear):
            return (Input((1, module.in_features)),)
        if next(module.parameters(recurse=False), None) is not None:
            break
    raise TargetError("--input: is missing; give one for each input of forward, in its order")


def _shapes(value: Any) -> Nest:
    """Return what stands for tensors, nested as they are."""
    if isinstance(value, torch.Tensor):
        return Input(tuple(value.shape), str(value.dtype).removeprefix("torch."))
    if isinstance(value, Mapping):
        return Keyed(tuple((str(name), _shapes(each)) for name, each in value.items()))
    return Several(tuple(map(_shapes, value)), isinstance(value, tuple))


def own_copy(model: nn.Module) -> nn.Module:
    """Return the module, a copy where the run would give its lazy parameters their shapes."""
    buffers = [each for each in model.buffers() if is_lazy(each)]
    if not buffers and not any(map(is_lazy, model.parameters())):
        return model
    memo: dict[int, Any] = {}
    for buffer in buffers:  # PyTorch copies lazy parameters itself, and fails for these
        lazy: Any = type(buffer)
        memo[id(buffer)] = lazy(buffer.requires_grad, buffer.data.device, buffer.data.dtype)
    return copy.deepcopy(model, memo)


def _anywhere(target: Target, factory: Any, arguments: Mapping[str, Any]) -> tuple[nn.Module, str]:
    """Build on the CPU if that is little, else on meta, else on the CPU if that has the room."""
    try:
        return _built(target, factory, arguments, "cpu", CPU_BYTES), "cpu"
    except TooLargeError:
        pass
    try:
        return _built(target, factory, arguments, "meta", None), "meta"
    except TargetError as error:
        try:
            return _built(target, factory, arguments, "cpu", free_memory()), "cpu"
        except TooLargeError:
            raise error from None


def _without_values(model: nn.Module) -> nn.Module:
    """Return a copy of a module on the meta device; the values stay with the module itself."""
    memo: dict[int, Any] = {}
    for parameter in model.parameters():
        made = nn.Parameter(parameter.detach().to("meta"), parameter.requires_grad)
        memo[id(parameter)] = made
    memo.update((id(buffer), buffer.detach().to("meta")) for buffer in model.buffers())
    return copy.deepcopy(model, memo).to("meta")


def _made(
    factory: Any, arguments: Mapping[str, Any], device: str, budget: int | None
) -> nn.Module | Any:
    """Call a factory; on meta a second time, with values, where it looks at some."""
    if device != "meta":
        with _Frugal(budget):
            return factory(**arguments)
    try:
        with _Frugal(None), torch.device("meta"):
            return factory(**arguments)
    except Exception as error:
        if not lacks_values(error):
            raise
    with _Frugal(None), _Sparing():
        model = factory(**arguments)
    return model.to("meta") if isinstance(model, nn.Module) else model


def _built(
    target: Target, factory: Any, arguments: Mapping[str, Any], device: str, budget: int | None
) -> nn.Module:
    try:
        model = _made(factory, arguments, device, budget)
    except (KeyboardInterrupt, TooLargeError):
        raise
    except BaseException as error:
        values = device == "meta" and lacks_values(error)
        hint = (
            "; it needs values, and the meta device has none: give --device cpu" if values else ""
        )
        raise TargetError(f"--module {target}: raised {describe(error)}{hint}") from error
    return _checked(target, model if device in ("cpu", "meta") else model.to(device))


def _checked(target: Target, model: Any) -> nn.Module:
    if not isinstance(model, nn.Module):
        raise TargetError(
            f"--module {target}: should give an nn.Module, and gives one of class "
            f"{type(model).__name__}"
        )
    return model


class _Sparing(torch.overrides.TorchFunctionMode):
    """New tensors on the meta device, but for small ones that are made with values.

    What a network computes while it is built (torchvision's RegNet its widths) is small;
    weights are made empty, or are large.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func not in _device_constructors() or kwargs.get("device") is not None:
            return func(*args, **kwargs)
        made = func(*args, **{**kwargs, "device": "meta"})
        is_large = made.numel() * made.element_size() > SMALL_BYTES
        return made if is_large or func is torch.empty else func(*args, **kwargs)


class _Frugal(torch.overrides.TorchFunctionMode):
    """Zeros in place of random numbers, and a limit for the bytes that are made.

    The values of the weights do not matter to shapes and costs, and drawing them takes
    longer than the run; zeros are the same every time and never NaN.
    """

    def __init__(self, budget: int | None) -> None:
        super().__init__()
        self.budget = budget

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__name__", "").endswith(_RANDOM):
            with torch.no_grad():
                tensor: torch.Tensor = kwargs["tensor"] if "tensor" in kwargs else args[0]
                return tensor.zero_()
        out = func(*args, **kwargs)
        if self.budget is not None and isinstance(out, torch.Tensor):
            made = not any(isinstance(arg, torch.Tensor) for arg in args)
            if made and out.device.type != "meta":
                self.budget -= out.numel() * out.element_size()
                if self.budget < 0:
                    raise TooLargeError
        return out
