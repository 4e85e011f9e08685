"""Write a graph as a forward pass: a call is an operation, and gives the value that it makes.

net = Builder()
image = net.apply(Input((1, 3, 224, 224)))
with net.inside("stem", "Sequential", image):
    x = net.layer("0", Conv(64, (7, 7), (2, 2), (3, 3)), image)  # (1, 64, 112, 112)
    x = net.layer("1", BatchNorm(), x)
    x = net.apply(ReLU(), x)
graph = net.graph("Network", image, x)
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from resnet_cli.graph.graph import Call, Graph, Module, Nest, Operation, Value, Weight
from resnet_cli.graph.kinds import Kind, Layer


class Builder:
    """A graph while it is written."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.modules: list[Module] = []
        self.path = ""
        self._kinds: dict[Kind, Kind] = {}  # equal ones are one: a walk knows it again
        self._places: dict[str, int] = {}  # in the module that is being written

    def apply(self, kind: Kind, *inputs: Value) -> Value:
        """Add an operation that the module around calls as a function; return what it gives."""
        self.operations.append(Operation(self._kinds.setdefault(kind, kind), inputs, self.path))
        return Value(len(self.operations) - 1)

    def layer(self, name: str, kind: Layer, *inputs: Value, role: str = "") -> Value:
        """Add an operation that is a module of its own; return what it gives.

        A module that is there already in the one around is called once more.
        """
        path = f"{self.path}.{name}" if self.path else name
        first = len(self.operations)
        value = Value(first)
        self.operations.append(Operation(self._kinds.setdefault(kind, kind), inputs, path))
        call = Call(first, inputs[0], value)
        place = self._places.get(path)
        if place is not None:
            module = self.modules[place]
            self.modules[place] = module._replace(calls=(*module.calls, call))
        else:
            self._places[path] = len(self.modules)
            self.modules.append(Module(path, kind.name, True, role, (call,)))
        return value

    @contextmanager
    def inside(
        self,
        name: str,
        kind: str,
        x: Value,
        registered: Sequence[str] = (),
        role: str = "",
        held: Weight | None = None,
    ) -> Iterator[None]:
        """Write the inside of a module of class `kind` that takes `x`; it gives its last value.

        `held` is what it holds itself, where it is a leaf. `registered` names the modules in it in
        their order of registration, where that is not the order in which they run.
        """
        outer, position, first = self.path, len(self.modules), len(self.operations)
        self.path = f"{outer}.{name}" if outer else name
        yield
        prefix, below = len(self.path) + 1, self.modules[position:]
        if registered:
            below.sort(key=lambda module: registered.index(module.path[prefix:].split(".")[0]))
        call = Call(first, x, Value(len(self.operations) - 1))
        self.modules[position:] = [
            Module(self.path, kind, held is not None, role, (call,), held),
            *below,
        ]
        self.path = outer

    def repeat(self, name: str, times: int) -> Value:
        """Write the module `name`, the last one here, so many times more; return the last value.

        Its name ends in a number, and the next ones count on from it. Each takes what the one
        before gives, which has the shape of what that one takes; no operation has several outputs.
        """
        path = f"{self.path}.{name}" if self.path else name
        position = next(i for i, module in enumerate(self.modules) if module.path == path)
        modules: list[Any] = self.modules[position:]  # each called on one value
        first = self.modules[position].calls[0].first
        operations, cut, stem = self.operations[first:], len(path), path.rstrip("0123456789")
        begin = int(path[len(stem) :])
        base = first - 1  # what the module takes is the value before it
        # What repeats: an operation's inputs and a call's ends by their places behind `base`.
        steps = [
            (kind, [i - base for i, _ in inputs], of[cut:], rest)
            for kind, inputs, of, *rest in operations
        ]
        parts = [
            (of, what, [(at, i - base, o - base) for at, (i, _), (o, _) in calls], rest)
            for (of, *what), calls, rest in ((m[:4], m.calls, m[5:-1]) for m in modules)
        ]
        # Named tuples past their own constructors, in a third of the time: a network of 1,202
        # layers has ten thousand here.
        new = tuple.__new__
        for number in range(1, times + 1):
            shift, copy = number * len(operations), f"{stem}{begin + number}"
            moved = [new(Value, (base + shift + i, 0)) for i in range(len(operations) + 1)]
            for kind, taken, suffix, rest in steps:
                inputs = tuple([moved[i] for i in taken])
                self.operations.append(new(Operation, (kind, inputs, copy + suffix, *rest)))
            for of, what, calls, rest in parts:
                again = tuple([new(Call, (at + shift, moved[i], moved[o])) for at, i, o in calls])
                self.modules.append(new(Module, (copy + of[cut:], *what, again, *rest, of)))
        return Value(len(self.operations) - 1)

    def graph(self, kind: str, x: Value, output: Nest) -> Graph:
        """Return what was written: a network of class `kind` that takes `x`."""
        network = Module("", kind, False, "", (Call(x.operation + 1, x, output),))
        return Graph(tuple(self.operations), (network, *self.modules), output)
