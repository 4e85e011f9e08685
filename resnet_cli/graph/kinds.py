"""Kinds of operation, and the arithmetic of each: shape, weights, MACs, window, memory.

A kind answers `facts(*shapes)` with integer arithmetic alone, from the shapes that come in,
and prints itself as its module does in PyTorch. Shapes are `(N, C, *map)`, or whatever else
an operation takes; their sizes are integers, or formulas (`dims.py`) that bear the same
arithmetic. A new kind is one class in graph/, one `case` where PyTorch is built and one where it
is captured; no walk knows it by name.

Kinds are named tuples: as frozen as a frozen dataclass, and created at import in a seventh
of the time. What depends on the input (channels, features) is no attribute of a kind.
"""

from math import prod
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:  # to create a protocol takes as long as two kinds
    from typing import Protocol

    from resnet_cli.graph.dims import Size

    class Kind(Protocol):
        """What every kind of operation answers."""

        @property
        def name(self) -> str:
            """The class that does it in PyTorch, or the function's name where there is none."""

        def facts(self, *shapes: "Shape") -> "Facts":
            """Infer shapes and costs from the inputs' shapes."""

    class Layer(Kind, Protocol):
        """A kind that PyTorch has a module for."""

        def printed(self, shape: "Shape", /) -> str:
            """Write it as PyTorch prints the module, on an input of `shape`."""
else:  # not as text in annotations, which typing compiles one by one
    Kind = Layer = Size = object

Shape: TypeAlias = tuple[Size, ...]
Sides: TypeAlias = tuple[int, ...]
"""A number for each dimension of a map: (height, width) in two dimensions."""

Weights: TypeAlias = tuple[tuple[str, tuple[int, ...]], ...]
"""Tensors that a module holds, by the names that PyTorch gives them."""


class Window(NamedTuple):
    """A sliding window, a number for each dimension: kernel (dilation included), stride, padding.

    `extra` is what rounding up adds before the division (`ceil_mode` of pooling); `dilation` is
    there where the kernel has gaps.
    """

    kernel: Sides
    stride: Sides
    padding: Sides
    extra: Sides | None = None
    dilation: Sides | None = None

    def slide(self, sizes: Shape) -> Shape:
        """Return the map's output sizes (Dumoulin and Visin 2016, relationship 6)."""
        sides = zip(sizes, *self[:3], self.extra or (0,) * len(sizes), strict=True)
        return tuple([(size + (2 * p - k + extra)) // s + 1 for size, k, s, p, extra in sides])


class Keeps(NamedTuple):
    """What autograd keeps of an operation from its forward pass to its backward pass.

    Measured on PyTorch's CPU with `torch.autograd.graph.saved_tensors_hooks`. `inputs` are kept
    by their positions, `for_weights` only where weights of its own train, and `crosswise` each
    of two inputs only where the other has a gradient; with `copies` the first of them is kept
    as a copy, since it is written over. `extra` are elements beside them, `statistics` such
    that training mode alone keeps, `indices` those of 8 bytes. Backward gives every input a
    tensor of its own unless it `passes` on its output's gradient itself; `between` are the
    elements of further gradients on the way, from the output on, each gone with the next.
    """

    inputs: tuple[int, ...] = ()
    for_weights: tuple[int, ...] = ()
    crosswise: bool = False
    copies: bool = False
    output: bool = False
    extra: Size = 0
    statistics: Size = 0
    indices: Size = 0
    passes: bool = False
    between: tuple[Size, ...] = ()


KEEPS_NOTHING, KEEPS_INPUT, KEEPS_OUTPUT = Keeps(), Keeps((0,)), Keeps(output=True)
PASSES = Keeps(passes=True)


class Facts(NamedTuple):
    """What one operation does to its inputs: the shapes that it gives, and its costs.

    `weights` are trainable, `buffers` running statistics, each by name with its shape; `macs`
    are multiply-accumulates without bias and normalisation. `window` is None where an
    output element sees one element of each input; with `is_global` there is no map left that
    could see a part. With `is_gate` an input without a map only weighs the others. `is_view`
    says that the outputs take no memory of their own: they share the first input's, as a view
    or written in place, or are a source that is there anyway. `is_known` is False where the
    arithmetic is not, `is_counted` where it multiplies and nobody knows how often. One that `hides`
    is more than one step inside: what it holds meanwhile nobody sees. `keeps` is None where
    nobody has said what is kept for backward: that is not known, and not nothing.

    Where axes move, `axes` has for each axis of the output that of the first input (None: a new
    one); each element sees all along those that it `mixes`, and along those that it `shifts` stands
    elsewhere. `why` says why it sees no window.
    `equal` are sizes that have to be the same: formulas that may differ; `within` are sizes of
    which the first must not exceed the second.
    """

    outputs: tuple[Shape, ...]
    weights: Weights = ()
    buffers: Weights = ()
    macs: Size = 0
    window: Window | None = None
    is_global: bool = False
    is_gate: bool = False
    is_view: bool = False
    is_known: bool = True
    is_counted: bool = True
    hides: bool = False
    axes: tuple[int | None, ...] | None = None
    mixes: Sides = ()
    shifts: Sides = ()
    why: str = ""
    equal: tuple[tuple[Size, Size], ...] = ()
    within: tuple[tuple[Size, Size], ...] = ()
    keeps: Keeps | None = None

    @property
    def is_pointwise(self) -> bool:
        """Whether each element that it gives sees what one element that it takes does."""
        moves = self.axes is not None or self.mixes or self.shifts or self.why
        return self.window is None and self.is_known and not self.is_global and not moves

    @property
    def params(self) -> int:
        """Trainable elements."""
        return sum([prod(shape) for _, shape in self.weights])

    @property
    def buffer_elements(self) -> int:
        """Elements of running statistics, counters among them."""
        return sum([prod(shape) for _, shape in self.buffers])


K = TypeVar("K")


def kind(cls: type[K]) -> type[K]:
    """Let two kinds be equal only as one class: the bare tuples of two kinds may be alike."""

    def equal(self: K, other: object) -> bool:
        return type(self) is type(other) and bool(tuple.__eq__(self, other))  # type: ignore[operator]

    def unequal(self: K, other: object) -> bool:
        return not equal(self, other)

    cls.__eq__, cls.__ne__ = equal, unequal  # type: ignore[method-assign, assignment]
    return cls


@kind
class Input(NamedTuple):
    """A source: the network's input of that position."""

    shape: Shape
    position: int = 0

    @property
    def name(self) -> str:
        return "input"

    def facts(self, *shapes: Shape) -> Facts:
        """Give its own shape."""
        return Facts((self.shape,), keeps=KEEPS_NOTHING)


def dilated(kernel: Sides, dilation: Sides) -> Sides:
    """Return the pixels from a kernel's first to its last, along each side."""
    return tuple([d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)])


def sliding(kernel: Sides, stride: Sides, padding: Sides, dilation: Sides) -> Window:
    """Return the window of a kernel whose pixels stand `dilation` apart."""
    apart = dilation if {*dilation} != {1} else None
    return Window(dilated(kernel, dilation), stride, padding, dilation=apart)


def together(one: Size, other: Size) -> tuple[tuple[Size, Size], ...]:
    """Return what has to hold for two sizes to be the same; nothing where they are.

    Raises `ValueError` for two numbers that are not.
    """
    if one == other:
        return ()
    if isinstance(one, int) and isinstance(other, int):
        raise ValueError(f"{one} is not {other}")
    return ((one, other),)
