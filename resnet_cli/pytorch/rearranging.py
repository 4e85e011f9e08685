"""Functions that move elements, take them apart or reduce them, as `functions.py` has others."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from resnet_cli.graph.activations import Activation, Identity
from resnet_cli.graph.elementwise import Along, Elementwise, Reduce
from resnet_cli.graph.joins import (
    Cat,
    Chunk,
    Cut,
    Gather,
    Index,
    Pick,
    Split,
    Stack,
    TensorSplit,
    Unbind,
)
from resnet_cli.graph.moves import Flatten, Subsample
from resnet_cli.graph.sizes import Read
from resnet_cli.graph.views import Expand, Permute, Repeat, Squeeze, Transpose, Unsqueeze, View
from resnet_cli.pytorch.calls import Arguments, Entry, Named, Rule, table, tensors_of
from resnet_cli.pytorch.naming import sides
from resnet_cli.pytorch.sized import Sized


def _flatten(given: Arguments) -> Named | None:
    if not all(type(given.get(name, 0)) is int for name in ("start_dim", "end_dim")):
        return None
    if given["input"].dim() < 2:
        return Named(Identity("flatten"), (given["input"],))
    return Named(Flatten(given.get("start_dim", 0), given.get("end_dim", -1)), (given["input"],))


def _view(name: str) -> Rule:
    def named(given: Arguments) -> Named | None:
        size = given.get("size", given.get("shape"))
        if isinstance(size, torch.dtype) or size is None or not isinstance(size, tuple | list):
            return None
        if len(size) == 1 and isinstance(size[0], torch.dtype):
            return None
        return Named(View(tuple(size), function=name), (given["input"],))

    return named


def _alike(name: str) -> Rule:
    """Return the rule of what takes another tensor's shape; that tensor is read and no input."""

    def named(given: Arguments) -> Named | None:
        shape = tuple(Read(given["other"], axis) for axis in range(given["other"].dim()))
        kind = Expand(shape) if name == "expand" else View(shape, function=name)
        return Named(kind, (given["input"],))

    return named


def _unflatten(given: Arguments) -> Named | None:
    tensor, sizes = given["input"], tuple(given["sizes"])
    dim = given["dim"] % tensor.dim()
    before = tuple(Read(tensor, axis) for axis in range(dim))
    behind = tuple(Read(tensor, axis) for axis in range(dim + 1, tensor.dim()))
    return Named(View((*before, *sizes, *behind), function="unflatten"), (tensor,))


def _permute(given: Arguments) -> Named | None:
    return Named(Permute(tuple(given["dims"])), (given["input"],))


def _transpose(given: Arguments) -> Named | None:
    first = given.get("dim0", given.get("axis0"))
    second = given.get("dim1", given.get("axis1"))
    return Named(Transpose(first, second), (given["input"],))


def _turned(given: Arguments) -> Named | None:
    """Name `x.T`, `x.mT` and `x.t()`."""
    tensor = given["input"]
    return Named(Transpose(), (tensor,)) if tensor.dim() >= 2 else None


def _movedim(given: Arguments) -> Named | None:
    tensor = given["input"]
    rank = tensor.dim()
    source = [axis % rank for axis in sides(given["source"], 1)]
    places = dict(zip((a % rank for a in sides(given["destination"], 1)), source, strict=True))
    others = iter(axis for axis in range(rank) if axis not in source)
    order = tuple(places[a] if a in places else next(others) for a in range(rank))
    return Named(Permute(order), (tensor,))


def _squeeze(given: Arguments) -> Named | None:
    tensor = given["input"]
    rank, shape = tensor.dim(), tuple(tensor.shape)
    dims = range(rank) if "dim" not in given else [d % rank for d in sides(given["dim"], 1)]
    gone = tuple(axis for axis in dims if shape[axis] == 1)
    return Named(Squeeze(gone, tuple(axis for axis in dims if axis not in gone)), (tensor,))


def _expand(given: Arguments) -> Named | None:
    return Named(Expand(tuple(given["size"])), (given["input"],))


def _repeat(given: Arguments) -> Named | None:
    return Named(Repeat(tuple(given["repeats"])), (given["input"],))


def _interleave(given: Arguments) -> Named | None:
    tensor, times, dim = given["input"], given["repeats"], given.get("dim")
    if not isinstance(times, int) or dim is None:
        return None
    rank = tensor.dim()
    return Named(Repeat(tuple(times if a == dim % rank else 1 for a in range(rank))), (tensor,))


def _joined(kind: type[Cat] | type[Stack]) -> Rule:
    def named(given: Arguments) -> Named | None:
        dim = given.get("dim", given.get("axis", 0))
        return Named(kind(dim), tuple(given["tensors"]))

    return named


def _split(given: Arguments) -> Named | None:
    size = given.get("size", given.get("split_size", given.get("split_size_or_sections")))
    size = tuple(size) if isinstance(size, tuple | list) else size
    return Named(Split(size, given.get("dim", 0)), (given["input"],))


def _tensor_split(given: Arguments) -> Named | None:
    places = given.get("indices", given.get("tensor_indices_or_sections"))
    size = given["input"].shape[given.get("dim", 0)]
    if not isinstance(places, tuple | list) or any(not 0 <= place <= size for place in places):
        return None
    return Named(TensorSplit(tuple(places), given.get("dim", 0)), (given["input"],))


def _chunk(given: Arguments) -> Named | None:
    return Named(Chunk(given["chunks"], given.get("dim", 0)), (given["input"],))


def _unbind(given: Arguments) -> Named | None:
    return Named(Unbind(given.get("dim", 0)), (given["input"],))


def _narrow(given: Arguments) -> Named | None:
    start, length = given["start"], given["length"]
    return _picked(given["input"], given["dim"], Cut(start, start + length))


def _select(given: Arguments) -> Named | None:
    return _picked(given["input"], given["dim"], given["index"])


def _picked(tensor: Tensor, dim: int, entry: Any) -> Named | None:
    if isinstance(entry, Tensor):
        return None
    entries: list[Any] = [Cut()] * tensor.dim()
    entries[dim] = entry
    return Named(Index(tuple(entries)), (tensor,))


def _index_select(given: Arguments) -> Named | None:
    return Named(Gather(given["dim"], "index_select"), (given["input"], given["index"]))


def _gather(given: Arguments) -> Named | None:
    return Named(Pick(given["dim"]), (given["input"], given["index"]))


def _entries(index: Sequence[Any], tensor: Tensor) -> list[Any] | None:
    """Return an entry for each axis; a tensor stands for itself. None for what has no kind."""
    entries: list[Any] = []
    shape, rank = tensor.shape, tensor.dim()
    for each in index:
        if each is None:
            entries.append("new")
        elif each is Ellipsis:
            left = rank - sum(other is not None and other is not Ellipsis for other in index)
            entries += [Cut()] * left
        elif isinstance(each, slice):
            parts = (each.start, each.stop)
            step = 1 if each.step is None else each.step
            if type(step) is not int or any(isinstance(part, Tensor) for part in parts):
                return None
            inside = isinstance(each.stop, Sized) and each.stop <= shape[_axes(entries)]
            entries.append(Cut(*parts, step, inside))
        elif isinstance(each, Tensor) or (isinstance(each, int) and not isinstance(each, bool)):
            entries.append(each)
        else:
            return None
    return entries + [Cut()] * (rank - _axes(entries))


def _axes(entries: Sequence[Any]) -> int:
    """Return how many axes entries are for; one for a new axis is for none."""
    return sum(isinstance(entry, Tensor) or entry != "new" for entry in entries)


def _is(entry: Any) -> bool:
    return isinstance(entry, Tensor)


def _index(given: Arguments) -> Named | None:
    """Name `x[…]` with places and slices, or with tensors of places side by side."""
    tensor, index = given["input"], given["index"]
    index = index if isinstance(index, tuple) else (index,)
    entries = _entries(index, tensor)
    if entries is None:
        return None
    if any(map(_is, entries)):
        places = [place for place, entry in enumerate(entries) if _is(entry)]
        numbers = [entries[place] for place in places]
        others = [entry for entry in entries if not _is(entry)]
        is_plain = all(entry == Cut() for entry in others) and places[-1] - places[0] < len(places)
        if not is_plain or any(each.dtype not in (torch.int64, torch.int32) for each in numbers):
            return None
        return Named(Gather(places[0]), (tensor, *numbers))
    if len(entries) == tensor.dim() >= 3 and all(isinstance(e, Cut) for e in entries):
        steps = tuple(entry.step for entry in entries)
        bare = all(entry.start is entry.stop is None for entry in entries)
        if bare and steps[:2] == (1, 1) and {*steps} != {1}:
            return Named(Subsample(steps[2:]), (tensor,))
    return Named(Index(tuple(entries)), (tensor,))


def _reduced(name: str) -> Rule:
    def named(given: Arguments) -> Named | None:
        tensor, dim = given["input"], given.get("dim", given.get("axis"))
        if isinstance(dim, Tensor):
            return Named(Elementwise(name), tensors_of(given))
        if given.get("out") is not None:
            return None
        outputs = 2 if name in ("std_mean", "var_mean") else 1
        if name in ("max", "min", "median", "mode", "cummax") and dim is not None:
            outputs = 2
        dims = None if dim is None or dim in ((), []) else sides(dim, 1)
        kind = Reduce(name, dims, bool(given.get("keepdim", False)), outputs)
        return Named(kind, (tensor,))

    return named


def _along(name: str, outputs: int = 1) -> Rule:
    def named(given: Arguments) -> Named | None:
        dims = given.get("dim", given.get("dims"))
        if dims is None:
            return Named(Activation(name), tensors_of(given)) if name == "roll" else None
        return Named(Along(name, sides(dims, 1), outputs), (given["input"],))

    return named


_DIM = ("input", "dim", "keepdim")
_SPREADS = ("input", "dim", "unbiased", "keepdim")

REARRANGING: dict[Any, Entry] = {
    **table({"flatten": (("input", "start_dim", "end_dim"), _flatten)}),
    **table({name: (("input", "*size"), _view(name)) for name in ("view", "reshape")}),
    **table({f"{name}_as": (("input", "other"), _alike(name)) for name in ("view", "reshape")}),
    **table({"unflatten": (("input", "dim", "sizes"), _unflatten)}),
    Tensor.permute: (("input", "*dims"), _permute),
    torch.permute: (("input", "dims"), _permute),
    **table(
        dict.fromkeys(
            ("transpose", "swapaxes", "swapdims"), (("input", "dim0", "dim1"), _transpose)
        )
    ),
    **table({"t": (("input",), _turned)}),
    Tensor.T.__get__: (("input", "type"), _turned),  # type: ignore[attr-defined]
    Tensor.mT.__get__: (("input", "type"), _turned),  # type: ignore[attr-defined]
    Tensor.data.__get__: (  # type: ignore[attr-defined]
        ("input", "type"),
        lambda given: Named(Activation("data"), (given["input"],)),
    ),
    **table(dict.fromkeys(("movedim", "moveaxis"), (("input", "source", "destination"), _movedim))),
    **table({"squeeze": (("input", "dim"), _squeeze)}),
    **table({"unsqueeze": (("input", "dim"), lambda g: Named(Unsqueeze(g["dim"]), (g["input"],)))}),
    Tensor.expand: (("input", "*size"), _expand),
    Tensor.expand_as: (("input", "other"), _alike("expand")),
    torch.broadcast_to: (("input", "size"), _expand),
    Tensor.repeat: (("input", "*repeats"), _repeat),
    **table({"repeat_interleave": (("input", "repeats", "dim"), _interleave)}),
    **{f: (("tensors", "dim"), _joined(Cat)) for f in (torch.cat, torch.concat, torch.concatenate)},
    torch.stack: (("tensors", "dim"), _joined(Stack)),
    **table({"split": (("input", "size", "dim"), _split)}),
    **table({"split_with_sizes": (("input", "size", "dim"), _split)}),
    **table({"tensor_split": (("input", "indices", "dim"), _tensor_split)}),
    **table({"chunk": (("input", "chunks", "dim"), _chunk)}),
    **table({"unbind": (("input", "dim"), _unbind)}),
    **table({"narrow": (("input", "dim", "start", "length"), _narrow)}),
    **table({"select": (("input", "dim", "index"), _select)}),
    **table({"index_select": (("input", "dim", "index"), _index_select)}),
    **table({"gather": (("input", "dim", "index"), _gather)}),
    Tensor.__getitem__: (("input", "index"), _index),
    **table(
        {
            name: (_DIM, _reduced(name))
            for name in (
                *("mean", "sum", "amax", "amin", "max", "min", "argmax", "argmin", "any", "all"),
                *("prod", "logsumexp", "median", "mode", "nanmean", "nansum"),
            )
        }
    ),
    **table({n: (_SPREADS, _reduced(n)) for n in ("std", "var", "std_mean", "var_mean")}),
    **table({"norm": (("input", "p", "dim", "keepdim"), _reduced("norm"))}),
    torch.linalg.vector_norm: (("input", "ord", "dim", "keepdim"), _reduced("vector_norm")),
    **table(
        {
            name: (("input", "dim", "_stacklevel", "dtype"), _along(name))
            for name in ("softmax", "log_softmax", "softmin", "cumsum", "cumprod", "logcumsumexp")
        }
    ),
    **table({"roll": (("input", "shifts", "dims"), _along("roll"))}),
    **table({"flip": (("input", "*dims"), _along("flip"))}),
    **table({"argsort": (("input", "dim", "descending"), _along("argsort"))}),
    **table({"sort": (("input", "dim", "descending"), _along("sort", 2))}),
    F.normalize: (
        ("input", "p", "dim", "eps"),
        lambda given: _along("normalize")({"dim": 1, **given}),
    ),
}
