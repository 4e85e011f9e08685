"""What multiplies and has no rule here: PyTorch's own counts, or the word that nobody knows.

An operation that reads a parameter, or takes two tensors, may multiply them. PyTorch's registry
of FLOPs knows the operations that many functions are made of (`tensordot` ends in `mm`); where
it knows none of them the function is not counted, and named.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

_ROOMS = ("aten", "prims", "prim")
"""Where PyTorch's own operations are; any other library's may multiply what they like."""

_HARMLESS = frozenset(
    (
        *("getitem", "gather", "scatter", "scatter_", "scatter_add", "scatter_add_", "take"),
        *("take_along_dim", "index_put", "index_put_", "index_add", "index_add_", "index_copy_"),
        *("index_fill_", "masked_scatter", "masked_scatter_", "masked_select", "meshgrid"),
        *("broadcast_tensors", "cartesian_prod", "searchsorted", "bucketize", "isin", "equal"),
        *(
            "allclose",
            "hstack",
            "vstack",
            "dstack",
            "column_stack",
            "block_diag",
            "nms",
            "grid_sample",
        ),
        *("roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool", "ps_roi_pool", "split", "tensor"),
        *("as_tensor", "item", "tolist", "register_hook", "backward", "nonzero", "unique", "topk"),
        *("set_", "data", "device", "dtype", "is_floating_point", "result_type", "can_cast"),
        *(
            "sym_size",
            "size",
            "numel",
            "dim",
            "stride",
            "is_contiguous",
            "data_ptr",
            "max_unpool2d",
        ),
        *("embedding_bag", "pad_sequence", "pack_padded_sequence", "pad_packed_sequence", "iter"),
        *("scatter_reduce", "scatter_reduce_", "resize_", "as_strided", "is_same_size", "glu"),
        *(
            "linalg_norm",
            "linalg_diagonal",
            "complex",
            "polar",
            "view_as_complex",
            "view_as_real",
            "heaviside",
            "fake_quantize",
        ),
    )
)
"""Functions of several tensors, or of a parameter, that pick, lay out or compare."""


_OF_ITSELF = ("linalg_", "matrix_", "cov", "corrcoef", "inverse", "pinverse", "chain_matmul")
"""How the names of functions begin that multiply one tensor with itself."""


def may_multiply(func: Any, given: Sequence[Any], is_parameter: Callable[[Tensor], bool]) -> bool:
    """Say whether a function without a rule could multiply weights or activations."""
    space = getattr(func, "_qualified_op_name", "") or str(getattr(func, "_qualname", ""))
    name = getattr(func, "__name__", "").strip("_").split(".")[0]
    if name in _HARMLESS or getattr(func, "__module__", "") == "torch.nn.init":
        return False
    room = space.partition("::")[0]
    if (room and room not in _ROOMS) or any(isinstance(e, torch.ScriptObject) for e in given):
        return True
    found = [tensor for tensor in _tensors(given) if tensor.is_floating_point()]
    squares = bool(found) and name.startswith(_OF_ITSELF)
    return squares or len(found) > 1 or any(map(is_parameter, found))


class Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """The MACs of what runs meanwhile, by PyTorch's registry."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.flops = 0

    @property
    def macs(self) -> int | None:
        """Half the FLOPs; None where there was nothing that the registry knows."""
        return self.flops // 2 or None

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        from torch.utils.flop_counter import flop_registry

        kwargs = dict(kwargs or {})
        rule = flop_registry.get(func._overloadpacket)
        if rule is None and func is not torch.ops.prim.device.default:
            with self:
                out = func.decompose(*args, **kwargs)
            if out is not NotImplemented:
                return out
        out = func(*args, **kwargs)
        if rule is not None:
            self.flops += int(rule(*args, **kwargs, out_val=out))
        return out


def _tensors(given: Sequence[Any]) -> Iterator[Tensor]:
    for each in given:
        if isinstance(each, Tensor):
            yield each
        elif isinstance(each, list | tuple):
            yield from _tensors(each)
