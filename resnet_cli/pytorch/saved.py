"""What a training step's forward pass keeps for the backward pass, as PyTorch is seen to keep it.

`torch.autograd.graph.saved_tensors_hooks` sees every tensor that autograd keeps. A storage counts
once, for the innermost module that runs when it is kept first; parameters and buffers do not.
Fake tensors (PyTorch's own, on the CPU) have sizes and no elements: the same bytes at no cost.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.checkpoint import checkpoint

from resnet_cli.analysis.step import Step
from resnet_cli.pytorch.isolate import unchanged
from resnet_cli.pytorch.modules import HOOK_BEFORE, HOOK_BEHIND, paths_of

if TYPE_CHECKING:
    from torch._subclasses.fake_tensor import FakeTensorMode


Inputs = Callable[[], tuple[Sequence[Any], Mapping[str, Any]]]
"""Makes what a model takes, by position and by name, anew."""


class Saved:
    """What is kept, module by module, while a network runs."""

    def __init__(self, model: nn.Module) -> None:
        self.paths = paths_of(model)
        self.bytes_by_path: dict[str, int] = {}
        self.loss_bytes = 0
        self.stack: list[str] = []
        self._held = [*model.parameters(), *model.buffers()]
        self._seen = {_storage(tensor) for tensor in self._held}
        self._alive: list[Tensor] = []  # so that no storage's address comes again

    def keep(self, tensor: Tensor) -> Tensor:
        """Count what autograd keeps."""
        storage = _storage(tensor)
        if storage not in self._seen:
            self._seen.add(storage)
            self._alive.append(tensor)
            nbytes = tensor.untyped_storage().nbytes()
            if self.stack and nbytes:
                path = self.stack[-1]
                self.bytes_by_path[path] = self.bytes_by_path.get(path, 0) + nbytes
            else:
                self.loss_bytes += nbytes
        return tensor

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Follow which module runs, and what is kept meanwhile."""
        handles = []
        for module, path in self.paths.items():
            enter = _entering(self.stack, path)
            handles.append(HOOK_BEFORE(module, enter))
            handles.append(HOOK_BEHIND(module, self._leave))
        try:
            with torch.autograd.graph.saved_tensors_hooks(self.keep, lambda tensor: tensor):
                yield
        finally:
            for handle in handles:
                handle.remove()

    @contextlib.contextmanager
    def faked(self, mode: "FakeTensorMode | None") -> Iterator[None]:
        """Let tensors have no elements; what stands for a parameter counts as it does."""
        from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode  # sympy: a second

        mode = mode or FakeTensorMode(allow_non_fake_inputs=True)
        with mode, _Statistics():  # type: ignore[no-untyped-call]
            self._alive += [
                mode.from_tensor(t) for t in self._held if not isinstance(t, FakeTensor)
            ]
            self._seen.update(map(_storage, self._alive))
            yield

    def _leave(self, module: nn.Module, args: Any, given: Any) -> None:
        self.stack.pop()


class _Statistics(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Batch norms' statistics in the type of their weights, as every kernel has them.

    The fake one has them in that of its input, which under autocast is another.
    """

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        if func is torch.ops.aten.native_batch_norm.default and args[1] is not None:
            return out[0], *(each.to(args[1].dtype) for each in out[1:])
        return out


def trains(module: nn.Module, step: Step) -> bool:
    """Say whether a module is in train mode in a step: norms need not be."""
    return not (step.eval_norms and isinstance(module, nn.modules.batchnorm._NormBase))


def saved(
    model: nn.Module,
    inputs: Inputs,
    step: Step,
    pieces: Sequence[str] = (),
    *,
    fake: "FakeTensorMode | bool" = False,
) -> Saved:
    """Run a training step's forward pass and its loss; leave the model as it was.

    `inputs` makes what the model takes, by position and by name; `pieces` are paths of what
    runs again; with `fake` no element is computed, in the mode that the model was made in, if
    any. The model is on the CPU. Raises what it raises.
    """
    modules = [*paths_of(model)]
    with contextlib.ExitStack() as stack:
        stack.enter_context(unchanged(modules))
        found = Saved(model)  # knows the buffers that the run has
        stack.enter_context(_trainable(found.paths, step))
        stack.enter_context(torch.enable_grad())
        for module in modules:
            module.training = trains(module, step)
        mode = None if isinstance(fake, bool) else fake
        faked = found.faked(mode) if fake else contextlib.nullcontext()
        with faked, found.listening(), _again(found.paths, pieces), _autocast(step):
            values, named = inputs()
            output = model(*values, **named)
            if isinstance(output, Tensor) and output.dim() > 1:
                shape = (output.shape[0], *output.shape[2:])
                target = torch.zeros(shape, dtype=torch.int64, device=output.device)
                F.cross_entropy(output, target)
    return found


@contextlib.contextmanager
def _trainable(paths: Mapping[nn.Module, str], step: Step) -> Iterator[None]:
    """Let the weights of frozen layers need no gradient, for as long."""
    frozen = tuple(f"{path}." for path in step.freeze)
    changed = [
        parameter
        for module, path in paths.items()
        if frozen and f"{path}.".startswith(frozen)
        for parameter in module.parameters(recurse=False)
        if parameter.requires_grad
    ]
    for parameter in changed:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in changed:
            parameter.requires_grad_(True)


@contextlib.contextmanager
def _again(paths: Mapping[nn.Module, str], pieces: Sequence[str]) -> Iterator[None]:
    """Let modules run under checkpointing, which keeps what they take and nothing in them."""
    modules = {path: module for module, path in paths.items()}
    for path in pieces:
        modules[path].forward = _checkpointed(modules[path])
    try:
        yield
    finally:
        for path in pieces:
            del modules[path].__dict__["forward"]


def _checkpointed(module: nn.Module) -> Callable[..., Any]:
    run = module.forward

    def forward(*args: Any) -> Any:
        if not any(tensor.requires_grad for tensor in (*args, *module.parameters())):
            return run(*args)  # nothing is kept, and what checkpointing takes is let go at once
        return checkpoint(run, *args, use_reentrant=False)

    return forward


def _autocast(step: Step) -> Any:
    if step.amp is None:
        return contextlib.nullcontext()
    return torch.autocast("cpu", dtype=getattr(torch, step.amp))


def _entering(stack: list[str], path: str) -> Callable[[nn.Module, Any], None]:
    def enter(module: nn.Module, args: Any) -> None:
        stack.append(path)

    return enter


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)
