"""Kinds that multiply activations with each other: matrix products and attention."""

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.graph.kinds import Facts, Shape, Weights, kind, together
from resnet_cli.graph.pointwise import broadcast

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size


@kind
class MatMul(NamedTuple):
    """The matrix product, batch by batch, by its function: matmul, bmm, mm, mv, addmm.

    What is added stands before the two factors, and is stretched to their product.
    """

    function: str = "matmul"

    @property
    def name(self) -> str:
        return self.function

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from `(…, n, k)` and `(…, k, m)`; vectors lose their dimension again."""
        *_, left, right = shapes
        rows, columns = left[-2:-1], right[-1:] if len(right) > 1 else ()
        inner = right[-2] if len(right) > 1 else right[0]
        batch, equal = broadcast(left[:-2], right[:-2])
        out = (*batch, *rows, *columns)
        equal += together(left[-1], inner)
        return Facts((out,), macs=prod(out) * left[-1], is_global=True, equal=equal)


@kind
class Einsum(NamedTuple):
    """Two factors summed over the indices that the result does not have (`bhid,bhjd->bhij`)."""

    equation: str

    @property
    def name(self) -> str:
        return "einsum"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from a shape for each factor; one multiplication for each choice of indices."""
        taken, given = self.equation.split("->")
        sizes: dict[str, Size] = {}
        equal: tuple[tuple[Size, Size], ...] = ()
        for indices, shape in zip(taken.split(","), shapes, strict=True):
            for index, size in zip(indices, shape, strict=True):
                equal += together(size, sizes.setdefault(index, size))
        out = tuple(sizes[index] for index in given)
        return Facts((out,), macs=prod(sizes.values()), is_global=True, equal=equal)


@kind
class Attention(NamedTuple):
    """Scaled dot product attention (Vaswani et al. 2017); a mask may follow and costs nothing."""

    @property
    def name(self) -> str:
        return "scaled_dot_product_attention"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from query `(…, L, E)`, key `(…, S, E)` and value `(…, S, V)`."""
        query, key, value = shapes[:3]
        *batch, length, width = query
        out = (*batch, length, value[-1])
        equal = together(key[-1], width) + together(value[-2], key[-2])
        macs = prod(batch) * length * key[-2] * (width + value[-1])
        return Facts((out,), macs=macs, is_global=True, equal=equal)


@kind
class MultiheadAttention(NamedTuple):
    """The module with its projections, without bias rows; `weights` says what it gives beside.

    These are the attention weights, "averaged" over the heads or of "each", or none.
    """

    width: int
    heads: int
    batch_first: bool = False
    bias: bool = True
    weights: str = ""

    @property
    def name(self) -> str:
        return "MultiheadAttention"

    def facts(self, *shapes: Shape) -> Facts:
        """Infer from query `(L, N, E)`, key and value `(S, N, E)`, or `(N, L, E)`, `(N, S, E)`."""
        first, second, width = shapes[0]
        source = shapes[1][1 if self.batch_first else 0]
        batch, length = (first, second) if self.batch_first else (second, first)
        outputs: tuple[Shape, ...] = (shapes[0],)
        if self.weights:
            heads = (self.heads,) if self.weights == "each" else ()
            outputs += ((batch, *heads, length, source),)
        macs = batch * self.width * (2 * (length + source) * self.width + 2 * length * source)
        kept: Weights = (("in_proj_weight", (3 * self.width, self.width)),)
        kept += (("in_proj_bias", (3 * self.width,)),) if self.bias else ()
        kept += (("out_proj.weight", (self.width, self.width)),)
        kept += (("out_proj.bias", (self.width,)),) if self.bias else ()
        equal = together(width, self.width)
        return Facts(outputs, kept, macs=macs, is_global=True, equal=equal, hides=True)

    def printed(self, _: Shape) -> str:
        """Write it as PyTorch does: with what projects its result."""
        return (
            "MultiheadAttention(\n  (out_proj): NonDynamicallyQuantizableLinear("
            f"in_features={self.width}, out_features={self.width}, bias={self.bias})\n)"
        )
