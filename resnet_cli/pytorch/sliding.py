"""Functions that slide a window over a map: convolutions and pooling."""

from typing import Any

from resnet_cli.graph.filters import ConvFunction, ConvTransposeFunction
from resnet_cli.graph.pooling import AvgPool, MaxPool
from resnet_cli.pytorch.calls import Arguments, Entry, Named, Rule, table, tensors_of
from resnet_cli.pytorch.naming import adaptive, padded, sides


def _convolution(rank: int) -> Rule:
    def named(given: Arguments) -> Named | None:
        weight = given["weight"]
        dilation, stride = (
            sides(given.get("dilation", 1), rank),
            sides(given.get("stride", 1), rank),
        )
        padding = padded(given.get("padding", 0), tuple(weight.shape[2:]), dilation)
        if padding is None:
            return None
        kind = ConvFunction(stride, padding, dilation, given.get("groups", 1))
        return Named(kind, tensors_of(given))

    return named


def _transposed(rank: int) -> Rule:
    def named(given: Arguments) -> Named | None:
        stride, dilation = (sides(given.get(name, 1), rank) for name in ("stride", "dilation"))
        padding, more = (sides(given.get(name, 0), rank) for name in ("padding", "output_padding"))
        groups = given.get("groups", 1)
        kind = ConvTransposeFunction(stride, padding, more, dilation, groups)
        return Named(kind, tensors_of(given))

    return named


def _max_pool(rank: int) -> Rule:
    def named(given: Arguments) -> Named | None:
        if given.get("return_indices"):
            return None
        kernel = sides(given["kernel_size"], rank)
        found = given.get("stride")
        stride = kernel if found is None or found == [] else sides(found, rank)
        padding, dilation = (
            sides(given.get(name, default), rank)
            for name, default in (("padding", 0), ("dilation", 1))
        )
        kind = MaxPool(kernel, stride, padding, dilation, bool(given.get("ceil_mode", False)))
        return Named(kind, (given["input"],))

    return named


def _avg_pool(rank: int) -> Rule:
    def named(given: Arguments) -> Named | None:
        if given.get("divisor_override"):
            return None
        kernel = sides(given["kernel_size"], rank)
        found = given.get("stride")
        stride = kernel if found is None or found == [] else sides(found, rank)
        rounds, include = given.get("ceil_mode", False), given.get("count_include_pad", True)
        padding = sides(given.get("padding", 0), rank)
        return Named(AvgPool(kernel, stride, padding, bool(rounds), include), (given["input"],))

    return named


def _adaptive(which: str, rank: int) -> Rule:
    def named(given: Arguments) -> Named | None:
        if given.get("return_indices"):
            return None
        return Named(adaptive(which, sides(given["output_size"], rank)), (given["input"],))

    return named


_CONV = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
_SPREAD = ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")
_MAX = ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")
_AVG = ("input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")

SLIDING: dict[Any, Entry] = {
    **table({f"conv{n}d": (_CONV, _convolution(n)) for n in (1, 2, 3)}),
    **table({f"conv_transpose{n}d": (_SPREAD, _transposed(n)) for n in (1, 2, 3)}),
    **table({f"max_pool{n}d": (_MAX, _max_pool(n)) for n in (1, 2, 3)}),
    **table({f"avg_pool{n}d": ((*_AVG, "divisor_override"), _avg_pool(n)) for n in (2, 3)}),
    **table({"avg_pool1d": (_AVG, _avg_pool(1))}),
    **table(
        {
            f"adaptive_{which.lower()}_pool{n}d": (
                ("input", "output_size", "return_indices"),
                _adaptive(which, n),
            )
            for n in (1, 2, 3)
            for which in ("Avg", "Max")
        }
    ),
}
