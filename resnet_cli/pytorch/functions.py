"""Which kind of operation a function of PyTorch is, and on which of its arguments.

Functions stand by their names, which `torch`, tensors and `torch.nn.functional` share: `rule` is
asked with arguments by name. What is not here, or is called in a way that a rule does not know,
has no name: it is captured as an opaque operation.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F

from resnet_cli.graph.activations import Activation
from resnet_cli.graph.elementwise import Elementwise, Made, Multiply
from resnet_cli.graph.filters import EmbeddingFunction, LinearFunction
from resnet_cli.graph.matmul import Attention, Einsum, MatMul
from resnet_cli.graph.moves import Pad
from resnet_cli.graph.norms import LayerNorm
from resnet_cli.graph.pointwise import Add, ReLU
from resnet_cli.graph.resample import Fold, Interpolate, PadBy, PixelShuffle, PixelUnshuffle, Unfold
from resnet_cli.pytorch.calls import Arguments, Entry, Named, Rule, table, tensors_of
from resnet_cli.pytorch.naming import sides
from resnet_cli.pytorch.rearranging import REARRANGING
from resnet_cli.pytorch.sliding import SLIDING

if TYPE_CHECKING:
    from resnet_cli.graph.kinds import Kind


def function(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Named | None:
    """Return what a call of a function is, or None where it has no name here."""
    found = FUNCTIONS.get(func) if callable(func) else None
    if found is None:
        return None
    names, rule = found
    if names and names[-1].startswith("*"):  # sizes one by one, or as one sequence
        fixed = len(names) - 1
        more = args[fixed:]
        if len(more) == 1 and isinstance(more[0], tuple | list):
            more = more[0]
        args = [*args[:fixed], tuple(more)] if more else args
        names = (*names[:-1], names[-1][1:])
    if len(args) > len(names):
        return None
    return rule({**dict(zip(names, args, strict=False)), **kwargs})


def pointwise(name: str, *, inplace: bool = False) -> Rule:
    """Return the rule of a function that keeps the shape of its first tensor."""

    def named(given: Arguments) -> Named | None:
        if given.get("out") is not None:
            return None
        changes = inplace or given.get("inplace") is True
        kind: Kind = ReLU(changes) if name == "relu" else Activation(name, changes)
        return Named(kind, tensors_of(given))

    return named


def combined(name: str, *, inplace: bool = False) -> Rule:
    """Return the rule of a function of several tensors, or of one and numbers."""

    def named(given: Arguments) -> Named | None:
        both = tensors_of(given)
        if given.get("out") is not None:
            return None
        if len(both) == 1:
            known = {"mul": "multiply"}.get(name, name)
            return Named(Activation(known, inplace), both)
        kind: Kind = Elementwise(name, inplace)
        if given.get("alpha", 1) == 1 and name in ("add", "mul"):
            kind = Add(inplace) if name == "add" else Multiply(inplace)
        return Named(kind, both)

    return named


def _matmul(name: str) -> Rule:
    def named(given: Arguments) -> Named | None:
        left, right = given["input"], given["other"]
        if name == "__rmatmul__":
            return Named(MatMul("matmul"), (right, left))
        added = (given["added"],) if "added" in given else ()
        return Named(MatMul(name.strip("_")), (*added, left, right))

    return named


def _einsum(given: Arguments) -> Named | None:
    factors = given["factors"]
    equation = given["equation"]
    if not isinstance(equation, str) or len(factors) != 2 or "." in equation:
        return None
    equation = equation.replace(" ", "")
    if "->" not in equation:
        once = sorted({i for i in equation if i.isalpha() and equation.count(i) == 1})
        equation += "->" + "".join(once)
    return Named(Einsum(equation), tuple(factors))


def _pad(given: Arguments) -> Named | None:
    """Name `F.pad`, which gives the last dimension's sides first."""
    tensor, pad = given["input"], [*given["pad"]]
    pad += [0] * (2 * tensor.dim() - len(pad))
    before, behind = tuple(pad[0::2][::-1]), tuple(pad[1::2][::-1])
    mode = given.get("mode", "constant")
    kind = Pad if all(type(side) is int for side in pad) else PadBy
    return Named(kind(before, behind, mode), (tensor,))


def _interpolate(given: Arguments) -> Named | None:
    tensor, size, scale = given["input"], given.get("size"), given.get("scale_factor")
    rank, mode = tensor.dim() - 2, given.get("mode", "nearest")
    if size is not None:
        return Named(Interpolate(sides(size, rank), None, mode), (tensor,))
    scales = tuple(map(float, sides(scale, rank)))
    return Named(Interpolate(None, scales, mode), (tensor,))


def _layer_norm(name: str) -> Rule:
    def named(given: Arguments) -> Named | None:
        kind = LayerNorm(tuple(given["normalized_shape"]), affine=False, function=name)
        return Named(kind, tensors_of(given))

    return named


def _shuffle(kind: type[PixelShuffle] | type[PixelUnshuffle]) -> Rule:
    return lambda given: Named(kind(given["factor"]), (given["input"],))


def _unfold(given: Arguments) -> Named | None:
    names = {"kernel_size": 1, "dilation": 1, "padding": 0, "stride": 1}
    found = [sides(given.get(name, default), 2) for name, default in names.items()]
    return Named(Unfold(*found), (given["input"],))


def _fold(given: Arguments) -> Named | None:
    size, kernel = (sides(given[name], 2) for name in ("output_size", "kernel_size"))
    return Named(Fold(size, kernel), (given["input"],))


def _made(name: str) -> Rule:
    """Return the rule of what makes a tensor of a size; `new_…` takes no more than the type."""
    return lambda given: Named(Made(name, sides(given["size"], 1)), ())


def _arange(given: Arguments) -> Named | None:
    start, end, step = given["start"], given.get("end"), given.get("step", 1)
    if end is None:
        start, end = 0, start
    if not all(isinstance(each, int) for each in (start, end, step)):
        return None
    return Named(Made("arange", (-((start - end) // step),)), ())


def _linspace(given: Arguments) -> Named | None:
    return Named(Made("linspace", (given["steps"],)), ())


_POINTWISE = (
    *(
        "abs",
        "absolute",
        "neg",
        "negative",
        "exp",
        "exp2",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
    ),
    *(
        "sqrt",
        "rsqrt",
        "square",
        "sin",
        "cos",
        "tan",
        "tanh",
        "sinh",
        "cosh",
        "atan",
        "asin",
        "acos",
    ),
    *("sigmoid", "erf", "floor", "ceil", "round", "trunc", "frac", "sign", "reciprocal", "logit"),
    *("clamp_min", "clamp_max", "logical_not", "bitwise_not", "isnan", "isinf"),
    *("isfinite", "nan_to_num", "relu6", "gelu", "silu", "elu", "selu", "celu", "hardtanh", "mish"),
    *("hardswish", "hardsigmoid", "leaky_relu", "softplus", "logsigmoid", "softsign", "tanhshrink"),
    *(
        "hardshrink",
        "softshrink",
        "threshold",
        "prelu",
        "relu",
        "dropout",
        "dropout1d",
        "dropout2d",
    ),
    *("dropout3d", "alpha_dropout", "feature_alpha_dropout", "feature_dropout", "rrelu"),
    *("float", "half", "double", "bfloat16", "bool", "long", "int", "to", "type", "contiguous"),
    *("clone", "detach", "cpu", "zeros_like", "ones_like", "empty_like", "full_like"),
    *("rand_like", "randn_like", "batch_norm", "instance_norm", "group_norm", "zero_", "fill_"),
    *("local_response_norm", "triu", "tril", "bernoulli", "bernoulli_", "masked_fill_", "copy_"),
    *("__setitem__", "requires_grad_", "uniform_", "normal_", "alias", "__invert__", "__neg__"),
)
"""What keeps the shape of its first tensor, whatever else it takes; and where it ends in `_`."""

_COMBINED = (
    *("sub", "subtract", "rsub", "div", "divide", "true_divide", "floor_divide", "remainder"),
    *("fmod", "pow", "maximum", "minimum", "eq", "ne", "lt", "le", "gt", "ge", "logical_and"),
    *("logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor", "atan2", "where"),
    *("lerp", "addcmul", "addcdiv", "masked_fill", "__rsub__", "__rdiv__", "__rtruediv__"),
    *("__rpow__", "__pow__", "__sub__", "__truediv__", "__div__", "__floordiv__", "__mod__"),
    *("__rfloordiv__", "__and__", "__or__", "__xor__", "__eq__", "__ne__", "__lt__", "__le__"),
    *("__gt__", "__ge__", "__rand__", "__ror__", "clamp", "clip", "type_as", "greater", "less"),
)
"""What works element by element on all of its tensors."""

_ANY = tuple(f"argument{number}" for number in range(9))
_TWO = ("input", "other", "argument2", "argument3")
_FACTORY = ("size", "fill_value")


def _writes(name: str) -> bool:
    """Say whether a function of that name writes into its tensor."""
    return name == "__setitem__" or (name.endswith("_") and not name.startswith("__"))


def _in_place(name: str) -> str:
    return f"__i{name[2:]}" if name.startswith("__") else f"{name}_"


FUNCTIONS: dict[Any, Entry] = {
    **table({name: (_ANY, pointwise(name, inplace=_writes(name))) for name in _POINTWISE}),
    **table({f"{n}_": (_ANY, pointwise(n, inplace=True)) for n in _POINTWISE if n[-1] != "_"}),
    **table({name: (_TWO, combined(name.strip("_"))) for name in _COMBINED}),
    **table({_in_place(n): (_TWO, combined(n.strip("_"), inplace=True)) for n in _COMBINED}),
    **table(
        {
            form: (_TWO, combined(name, inplace=form.endswith("_") and form[:3] != "__r"))
            for name in ("add", "mul")
            for form in (name, f"{name}_", f"__i{name}__", f"__r{name}__")
        }
    ),
    **table({f"__{n}__": (_TWO, combined(n)) for n in ("add", "mul")}),
    **table({"multiply": (_TWO, combined("mul"))}),
    **table(
        {name: (("input", "other"), _matmul(name)) for name in ("matmul", "mm", "bmm", "mv", "dot")}
    ),
    **table({name: (("input", "other"), _matmul(name)) for name in ("__matmul__", "__rmatmul__")}),
    **table({name: (("added", "input", "other"), _matmul(name)) for name in ("addmm", "baddbmm")}),
    torch.einsum: (("equation", "*factors"), _einsum),
    F.linear: (("input", "weight", "bias"), lambda g: Named(LinearFunction(), tensors_of(g))),
    F.embedding: (
        ("input", "weight", *_ANY[:5]),
        lambda given: Named(EmbeddingFunction(), (given["input"], given["weight"])),
    ),
    F.scaled_dot_product_attention: (
        ("query", "key", "value", "attn_mask"),
        lambda g: Named(Attention(), tensors_of(g)),
    ),
    F.pad: (("input", "pad", "mode", "value"), _pad),
    F.interpolate: (("input", "size", "scale_factor", "mode", *_ANY[:3]), _interpolate),
    F.layer_norm: (
        ("input", "normalized_shape", "weight", "bias", "eps"),
        _layer_norm("layer_norm"),
    ),
    **table(
        {"rms_norm": (("input", "normalized_shape", "weight", "eps"), _layer_norm("rms_norm"))}
    ),
    **table({"pixel_shuffle": (("input", "factor"), _shuffle(PixelShuffle))}),
    **table({"pixel_unshuffle": (("input", "factor"), _shuffle(PixelUnshuffle))}),
    F.fold: (("input", "output_size", "kernel_size", *_ANY[:3]), _fold),
    F.unfold: (("input", "kernel_size", "dilation", "padding", "stride"), _unfold),
    **{
        getattr(torch, name): (("*size",), _made(name))
        for name in ("zeros", "ones", "empty", "rand", "randn")
    },
    torch.full: (_FACTORY, _made("full")),
    **{
        getattr(Tensor, f"new_{name}"): (("input", "*size"), _made(f"new_{name}"))
        for name in ("zeros", "ones", "empty")
    },
    Tensor.new_full: (("input", *_FACTORY), _made("new_full")),
    torch.arange: (("start", "end", "step"), _arange),
    torch.linspace: (("start", "end", "steps"), _linspace),
    **REARRANGING,
    **SLIDING,
}
"""The names of each function's arguments, and its rule."""
