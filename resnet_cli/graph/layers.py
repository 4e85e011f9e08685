"""The vocabulary: what each layer does to a shape, and what it costs.

A leaf answers `facts(shape)` with integer arithmetic alone and prints itself as the
notebook's PyTorch did. Shapes are `(N, C, H, W)`, or `(N, features)` after `Flatten`;
their sizes are integers, or formulas (`dims.py`) that bear the same arithmetic.
A new kind of layer is one class here and one `case` in `forward.py`.

The classes are named tuples: as frozen as a frozen dataclass, and created at import in
a seventh of the time.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size

Shape: TypeAlias = "tuple[Size, ...]"


class Window(NamedTuple):
    """A square sliding window: kernel size, stride and zero padding, in pixels."""

    kernel: int
    stride: int
    padding: int

    def slide(self, size: "Size") -> "Size":
        """Return the output size along one dimension (Dumoulin and Visin 2016, relationship 6)."""
        return (size + 2 * self.padding - self.kernel) // self.stride + 1

    def __str__(self) -> str:
        return f"k{self.kernel} s{self.stride} p{self.padding}"


class Facts(NamedTuple):
    """What one leaf does to one input: its output shape and its costs.

    `params` are trainable elements, `buffers` running statistics, in elements; `macs` are
    multiply-accumulates without bias and normalisation. `window` is None where the layer
    looks at one pixel; `is_global` says that each output sees the whole map; `is_view`
    that the output shares the input's memory.
    """

    output_shape: Shape
    params: int = 0
    buffers: int = 0
    macs: "Size" = 0
    window: Window | None = None
    is_global: bool = False
    is_view: bool = False


class Conv2d(NamedTuple):
    """A grouped two-dimensional convolution with a square kernel."""

    in_channels: int
    out_channels: int
    kernel_size: int
    stride: int = 1
    padding: int = 0
    groups: int = 1
    bias: bool = True

    def facts(self, shape: Shape) -> Facts:
        """Infer from `(N, in_channels, H, W)`; each output element costs one filter's MACs."""
        window = Window(self.kernel_size, self.stride, self.padding)
        batch, _, height, width = shape
        out = (batch, self.out_channels, window.slide(height), window.slide(width))
        filter_size = self.in_channels // self.groups * self.kernel_size * self.kernel_size
        return Facts(
            out,
            params=self.out_channels * (filter_size + self.bias),
            macs=batch * self.out_channels * out[2] * out[3] * filter_size,
            window=window,
        )

    def __str__(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}"
        text += f", kernel_size={_pair(self.kernel_size)}, stride={_pair(self.stride)}"
        text += f", padding={_pair(self.padding)}" if self.padding else ""
        text += f", groups={self.groups}" if self.groups != 1 else ""
        return f"Conv2d({text}{'' if self.bias else ', bias=False'})"


class BatchNorm2d(NamedTuple):
    """Batch normalisation: learned scale and shift, running mean and variance, and a counter."""

    num_features: int

    def facts(self, shape: Shape) -> Facts:
        """Infer from `(N, num_features, H, W)`; the shape stays."""
        return Facts(shape, params=2 * self.num_features, buffers=2 * self.num_features + 1)

    def __str__(self) -> str:
        return (
            f"BatchNorm2d({self.num_features}, eps=1e-05, momentum=0.1, affine=True, "
            "track_running_stats=True)"
        )


class ReLU(NamedTuple):
    """The rectifier, not in place: its output is a tensor of its own."""

    inplace: bool = False

    def facts(self, shape: Shape) -> Facts:
        """Infer from any shape; the shape stays."""
        return Facts(shape)

    def __str__(self) -> str:
        return "ReLU()"


class MaxPool2d(NamedTuple):
    """Max pooling with a square window."""

    kernel_size: int
    stride: int
    padding: int

    def facts(self, shape: Shape) -> Facts:
        """Infer from `(N, C, H, W)`; channels stay, the map shrinks with the stride."""
        window = Window(self.kernel_size, self.stride, self.padding)
        batch, channels, height, width = shape
        return Facts((batch, channels, window.slide(height), window.slide(width)), window=window)

    def __str__(self) -> str:
        return (
            f"MaxPool2d(kernel_size={self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding}, dilation=1, ceil_mode=False)"
        )


class AdaptiveAvgPool2d(NamedTuple):
    """Average pooling of the whole map to one pixel a channel."""

    output_size: tuple[int, int] = (1, 1)

    def facts(self, shape: Shape) -> Facts:
        """Infer from `(N, C, H, W)`: every output pixel sees the whole map."""
        batch, channels, _, _ = shape
        return Facts((batch, channels, *self.output_size), is_global=True)

    def __str__(self) -> str:
        return f"AdaptiveAvgPool2d(output_size={self.output_size})"


class Flatten(NamedTuple):
    """All dimensions but the batch made one; a view, without memory of its own."""

    start_dim: int = 1

    def facts(self, shape: Shape) -> Facts:
        """Infer from `(N, C, H, W)` to `(N, C * H * W)`."""
        batch, channels, height, width = shape
        return Facts((batch, channels * height * width), is_view=True)

    def __str__(self) -> str:
        return f"Flatten(start_dim={self.start_dim}, end_dim=-1)"


class Linear(NamedTuple):
    """A fully connected layer with bias."""

    in_features: int
    out_features: int

    def facts(self, shape: Shape) -> Facts:
        """Infer from `(N, in_features)`."""
        batch, _ = shape
        return Facts(
            (batch, self.out_features),
            params=self.out_features * (self.in_features + 1),
            macs=batch * self.out_features * self.in_features,
        )

    def __str__(self) -> str:
        return (
            f"Linear(in_features={self.in_features}, out_features={self.out_features}, bias=True)"
        )


class PadShortcut(NamedTuple):
    """Option A: a strided identity, the new channels zero (He et al. 2015, section 3.3).

    It has no parameters, and in PyTorch it is no module, so it has no row either.
    """

    in_channels: int
    out_channels: int
    stride: int

    def facts(self, shape: Shape) -> Facts:
        """Infer from `(N, in_channels, H, W)`: every stride-th pixel, zeros for new channels."""
        window = Window(1, self.stride, 0)
        batch, _, height, width = shape
        out = (batch, self.out_channels, window.slide(height), window.slide(width))
        return Facts(out, window=window)


class Sequential(NamedTuple):
    """Layers one after another, each with its name."""

    children: tuple[tuple[str, "Layer"], ...]

    def __str__(self) -> str:
        return _container("Sequential", self.children)


class Residual(NamedTuple):
    """A residual block: main path plus shortcut, added, then a ReLU (He et al. 2015, fig. 2).

    `main` is in the order of execution; a ReLU that is no module stands after every batch
    norm but the last. `shortcut` is None for the identity; with an empty name it is no
    module. `printed` names the modules in the order in which they are registered.
    """

    main: tuple[tuple[str, "Layer"], ...]
    shortcut: tuple[str, "Layer | PadShortcut"] | None
    printed: tuple[str, ...]

    @property
    def children(self) -> tuple[tuple[str, "Layer"], ...]:
        """The modules in the order of registration."""
        modules = dict((*self.main, *self.beside()))
        return tuple((name, modules[name]) for name in self.printed)

    def beside(self) -> Iterator[tuple[str, "Layer"]]:
        """Give the shortcut where it is a module."""
        if self.shortcut is not None and not isinstance(self.shortcut[1], PadShortcut):
            yield self.shortcut[0], self.shortcut[1]

    def __str__(self) -> str:
        return _container("Residual", self.children)


Leaf: TypeAlias = Conv2d | BatchNorm2d | ReLU | MaxPool2d | AdaptiveAvgPool2d | Flatten | Linear
Layer: TypeAlias = Leaf | Sequential | Residual


def _pair(value: int) -> str:
    return f"({value}, {value})"


def _container(name: str, children: tuple[tuple[str, Layer], ...]) -> str:
    """Print a container as PyTorch does: its children indented by two spaces."""
    body = "".join(
        f"  ({child_name}): " + str(child).replace("\n", "\n  ") + "\n"
        for child_name, child in children
    )
    return f"{name}(\n{body})"
