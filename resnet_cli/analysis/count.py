"""What a network adds up to: its forward pass on shapes alone, of which no graph is kept."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from resnet_cli.family import resnet
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.names import Net, Scheme, scheme
from resnet_cli.graph.graph import Value, Weight
from resnet_cli.graph.kinds import Kind

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size
    from resnet_cli.graph.kinds import Shape

    Known: TypeAlias = dict[tuple[Kind, tuple[Shape, ...]], tuple[Shape, "Count"]]


class Count(NamedTuple):
    """Trainable elements, running statistics in elements, and multiply-accumulates."""

    params: int
    buffers: int
    macs: "Size"


def counts(configs: Iterable[ResNetConfig]) -> Iterator[Count]:
    """Give each configuration's counts; a block that repeats is counted once.

    Raises `ValueError` for an input of a size that the network cannot take.
    """
    known: Known = {}  # most networks have layers in common
    for config in configs:
        net = _Counting(scheme(config), known)
        resnet.run(net, config)
        yield Count(*map(sum, zip(*net.counts, strict=True)))


class _Counting(Net):
    """A network that is counted where another is written; a value is the place of its shape."""

    def __init__(self, scheme: Scheme, known: "Known") -> None:
        super().__init__(scheme)
        self.known = known
        self.shapes: list[Shape] = []
        self.counts: list[Count] = []
        self.began: dict[str, int] = {}  # where the counts of a part stand, by its name

    def apply(self, kind: Kind, *inputs: Value) -> Value:
        """Count an operation."""
        shapes = tuple([self.shapes[place] for place, _ in inputs])
        known = self.known.get((kind, shapes))
        if known is None:
            facts = kind.facts(*shapes)
            found = Count(facts.params, facts.buffer_elements, facts.macs)
            known = self.known[kind, shapes] = facts.outputs[0], found
        self.shapes.append(known[0])
        self.counts.append(known[1])
        return Value(len(self.shapes) - 1)

    def layer(self, name: str, kind: Kind, *inputs: Value, role: str = "") -> Value:
        """Count an operation, whatever its module is called."""
        return self.apply(kind, *inputs)

    def source(self, kind: Kind) -> Value:
        """Count a tensor that is there."""
        return self.apply(kind)

    @contextmanager
    def within(
        self, part: str, x: Value, name: str = "", role: str = "", held: Weight | None = None
    ) -> Iterator[None]:
        """Count a part, and what it holds itself."""
        self.began[name or part] = len(self.counts)
        if held is not None:
            self.counts.append(Count(held.params, held.buffers, 0))
        yield

    def repeat(self, name: str, times: int) -> Value:
        """Count a part so many times more."""
        self.counts += self.counts[self.began[name] :] * times
        return Value(len(self.shapes) - 1)
