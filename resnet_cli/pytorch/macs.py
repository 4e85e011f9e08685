"""Multiply-accumulates of PyTorch's functions, from what goes in and what comes out.

Rules stand at the functions and not at the modules: a module that is a subclass, is called
under another name or calls `torch.matmul` by itself is counted as it runs. Convolutions,
linear layers and matrix products count; bias, normalisation, activations and pooling do
not (the convention of torchvision's `_ops`).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

Rule: TypeAlias = Callable[[Sequence[Any], Mapping[str, Any], Any], int | None]
"""Arguments, keywords and output to MACs; None where the rule does not cover the call."""


def _take(args: Sequence[Any], kwargs: Mapping[str, Any], position: int, name: str) -> Any:
    return args[position] if len(args) > position else kwargs[name]


def _convolution(args: Sequence[Any], kwargs: Mapping[str, Any], out: Tensor) -> int:
    """Each output element costs one filter: weight (out, in / groups, *kernel)."""
    weight = _take(args, kwargs, 1, "weight")
    return int(out.numel() * math.prod(weight.shape[1:]))


def _transposed(args: Sequence[Any], kwargs: Mapping[str, Any], _: Tensor) -> int:
    """Each input element is spread by one filter: weight (in, out / groups, *kernel)."""
    weight = _take(args, kwargs, 1, "weight")
    return int(_take(args, kwargs, 0, "input").numel() * math.prod(weight.shape[1:]))


def _linear(args: Sequence[Any], kwargs: Mapping[str, Any], out: Tensor) -> int:
    return int(out.numel() * _take(args, kwargs, 1, "weight").shape[-1])


def _product(position: int, name: str) -> Rule:
    """Return the rule of (…, n, k) @ (…, k, m): the left factor stands at `position`."""

    def rule(args: Sequence[Any], kwargs: Mapping[str, Any], out: Tensor) -> int:
        return int(out.numel() * _take(args, kwargs, position, name).shape[-1])

    return rule


def _addbmm(args: Sequence[Any], kwargs: Mapping[str, Any], _: Tensor) -> int:
    """(b, n, k) @ (b, k, m), added up over b."""
    left, right = _take(args, kwargs, 1, "batch1"), _take(args, kwargs, 2, "batch2")
    return int(left.numel() * right.shape[-1])


def _attention(args: Sequence[Any], kwargs: Mapping[str, Any], _: Tensor) -> int:
    """Scores and their sum: query (…, L, E), key (…, S, E), value (…, S, V)."""
    query, key, value = (
        _take(args, kwargs, i, name) for i, name in enumerate(("query", "key", "value"))
    )
    *batch, length, width = query.shape
    return int(math.prod(batch) * length * key.shape[-2] * (width + value.shape[-1]))


def _multi_head(args: Sequence[Any], kwargs: Mapping[str, Any], _: Any) -> int:
    """Four projections and the attention between: query (L, N, E), key (S, N, K)."""
    query, key, value, width = args[:4]
    batch = query.shape[1] if query.dim() == 3 else 1
    length, source = query.shape[0], key.shape[0]
    projected = length * query.shape[-1] + source * (key.shape[-1] + value.shape[-1])
    projected += length * width
    bias_k, add_zero = _take(args, kwargs, 7, "bias_k"), _take(args, kwargs, 9, "add_zero_attn")
    attended = source + (bias_k is not None) + bool(add_zero)
    return int(batch * width * (projected + 2 * length * attended))


def _recurrent(args: Sequence[Any], _: Mapping[str, Any], __: Any) -> int:
    """Every weight matrix meets every step; args end with (…, weights, bias, layers, …)."""
    steps = args[0].numel() // args[0].shape[-1]
    weights = next(a for a in reversed(args) if isinstance(a, list | tuple))
    return int(sum(steps * weight.numel() for weight in weights if weight.dim() == 2))


def _cell(args: Sequence[Any], _: Mapping[str, Any], __: Any) -> int:
    """One step: (input, state, weight_ih, weight_hh, …)."""
    batch = args[0].numel() // args[0].shape[-1]
    return int(batch * (args[2].numel() + args[3].numel()))


def _unknown(*_: Any) -> None:
    """Say that this function multiplies and has no rule."""


_BY_FUNCTION: dict[Callable[..., Any], Rule] = {
    torch.conv1d: _convolution,
    torch.conv2d: _convolution,
    torch.conv3d: _convolution,
    torch.conv_transpose1d: _transposed,
    torch.conv_transpose2d: _transposed,
    torch.conv_transpose3d: _transposed,
    F.linear: _linear,
    F.multi_head_attention_forward: _multi_head,
    F.scaled_dot_product_attention: _attention,
    torch.addmm: _product(1, "mat1"),
    torch.addmv: _product(1, "mat"),
    torch.baddbmm: _product(1, "batch1"),
    torch.addbmm: _addbmm,
    torch.lstm: _recurrent,
    torch.gru: _recurrent,
    torch.rnn_tanh: _recurrent,
    torch.rnn_relu: _recurrent,
    torch.lstm_cell: _cell,
    torch.gru_cell: _cell,
    torch.rnn_tanh_cell: _cell,
    torch.rnn_relu_cell: _cell,
    torch.bilinear: _unknown,
    torch.cdist: _unknown,
    Tensor.__rmatmul__: _product(1, "other"),  # other @ self
    Tensor.addmm: _product(1, "mat1"),
    Tensor.baddbmm: _product(1, "batch1"),
    **{
        function: _product(0, "input")
        for name in ("matmul", "mm", "bmm", "mv", "dot")
        for function in (getattr(torch, name), getattr(Tensor, name))
    },
    Tensor.__matmul__: _product(0, "self"),
}

RULES: Mapping[Callable[..., Any], Rule] = _BY_FUNCTION
