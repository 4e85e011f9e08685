"""What a network's modules are called: a scheme for each library, and a builder that asks one.

The family's forward passes have parts ("stem", "stage") with words in them ("conv1"), which are
torchvision's names. A scheme says what its library calls them, and which parts are modules.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from resnet_cli.family.config import Names
from resnet_cli.graph.builder import Builder
from resnet_cli.graph.graph import Graph, Nest, Value
from resnet_cli.graph.kinds import Layer
from resnet_cli.graph.pointwise import ReLU


class Scheme(NamedTuple):
    """One library's names.

    `classes` has the class of each part that is a module; the others' modules stand in the module
    around them. In a `Sequential` a module is called by its place. `functions` are what no module
    does, as "part.word", `in_place` the parts in which ReLU writes over what it takes. `registered`
    has the words of a part as they are registered, where they run in another order.
    """

    classes: Mapping[str, str]
    functions: frozenset[str] = frozenset()
    in_place: frozenset[str] = frozenset()
    registered: Mapping[str, tuple[str, ...]] = {}


_NOTEBOOK = Scheme(
    classes={
        **dict.fromkeys(("network", "stem", "stage", "downsample"), "Sequential"),
        **dict.fromkeys(("basic", "bottleneck"), "Residual"),
    },
    functions=frozenset({"basic.relu", "bottleneck.relu"}),
    registered={"basic": ("conv1", "conv2", "conv3", "downsample", "bn1", "bn2")},
)

_TORCHVISION = Scheme(
    classes={
        "network": "ResNet",
        "stage": "Sequential",
        "basic": "BasicBlock",
        "bottleneck": "Bottleneck",
        "downsample": "Sequential",
    },
    functions=frozenset({"network.flatten"}),
    in_place=frozenset({"stem", "basic", "bottleneck"}),
    registered={
        "bottleneck": ("conv1", "bn1", "conv2", "bn2", "conv3", "bn3", "relu", "downsample")
    },
)

SCHEMES: Mapping[Names, Scheme] = {
    Names.NOTEBOOK: _NOTEBOOK,
    Names.TORCHVISION: _TORCHVISION,
}


class Net(Builder):
    """A network while it is written, its modules called as a scheme has it."""

    def __init__(self, scheme: Scheme, part: str = "network") -> None:
        super().__init__()
        self.scheme = scheme
        self.part = part
        self.role = ""
        self.numbers: dict[str, int] = {}

    def layer(self, name: str, kind: Layer, *inputs: Value, role: str = "") -> Value:
        """Add an operation that is a module of its own, or a function if the scheme says so."""
        if f"{self.part}.{name}" in self.scheme.functions:
            return self.apply(kind, *inputs)
        return super().layer(self._called(name), kind, *inputs, role=role or self.role)

    def relu(self, x: Value) -> Value:
        """Add a rectifier; one module is called wherever the part has one."""
        return self.layer("relu", ReLU(inplace=self.part in self.scheme.in_place), x)

    @contextmanager
    def within(self, part: str, x: Value, name: str = "", role: str = "") -> Iterator[None]:
        """Write a part that takes `x`: a module called `name`, if the scheme has a class for it."""
        outer, kind = (self.part, self.role), self.scheme.classes.get(part)
        if kind is None:
            self.part, self.role = part, role
            yield
        else:
            called = self._called(name or part)
            registered = self.scheme.registered.get(part, ())
            with self.inside(called, kind, x, registered, role or self.role):
                self.part, self.role = part, ""
                yield
        self.part, self.role = outer

    def network(self, x: Value, output: Nest) -> Graph:
        """Return what was written: a network that takes `x`."""
        return self.graph(self.scheme.classes["network"], x, output)

    def _called(self, word: str) -> str:
        """Return what the scheme calls a module."""
        if word.isdigit() or self.scheme.classes.get(self.part) != "Sequential":
            return word
        number = self.numbers.get(self.path, 0)
        self.numbers[self.path] = number + 1
        return str(number)
