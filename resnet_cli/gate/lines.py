"""A network as the lock file holds it: a line a module around others and a line an operation.

    {"module": "layer1.0", "type": "Bottleneck"}
    {"path": "layer1.0.conv1", "kind": "Conv2d", "attributes": {"out_channels": 64, …},
     "outputs": [[1, 64, 56, 56]], "params": 4096, "macs": 12845056}

Lines stand in the order of execution, a module's before its first operation's; what never runs
stands last. What is as usual is not written: an attribute as PyTorch's class has it, the one
input that is the operation before, the network's own element type, a count of 0. Inputs are "how
many operations back", or, as the shortcut around a block, what the first operation of the module
around it takes: a layer more is a line more, and paths of modules stand nowhere but in their own
lines.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from resnet_cli.analysis.rows import ROOT
from resnet_cli.graph.captured import Opaque, Source
from resnet_cli.graph.graph import Module, Nest, Operation, Value, infer, ways
from resnet_cli.graph.kinds import Input, Kind
from resnet_cli.text import short

if TYPE_CHECKING:
    from resnet_cli.analysis.network import Network
    from resnet_cli.analysis.summary import LayerRow
    from resnet_cli.graph.kinds import Facts

Line: TypeAlias = Mapping[str, Any]

COUNTS = ("params", "frozen", "buffers")
TRAINING = ("saved_bytes", "train_peak_bytes")
"""What a lock holds as well where a training step was asked for."""


class Locked(NamedTuple):
    """A network as a lock file holds it; `gives` is what it returns, by operations back.

    What is `usual` for each kind's attributes is known of a network and not written.
    """

    dtype: str
    gives: Any
    training: Mapping[str, int]
    lines: Sequence[Line]
    usual: Mapping[str, Mapping[str, Any]] = {}

    @classmethod
    def of(cls, network: "Network") -> "Locked":
        """Return a network as the lock would hold it now."""
        graph, summary = network.graph, network.summary
        totals = summary.totals()
        return cls(
            str(summary.dtype),
            _nest(graph.output, len(graph.operations)),
            {name: int(totals[name] or 0) for name in TRAINING if name in totals},
            [*_lines(network)],
            {kind.name: _usual(kind) for kind, *_ in graph.operations},
        )

    @property
    def unseen(self) -> list[str]:
        """The kinds that it holds by name and shape alone: what they were given is not known."""
        return [*dict.fromkeys(line["kind"] for line in self.lines if line.get("known") is False)]

    def total(self, name: str) -> int:
        """Return the sum over all lines of `params` or another count, of what is counted."""
        return sum(line.get(name) or 0 for line in self.lines)

    @property
    def is_counted(self) -> bool:
        """Whether the MACs of every line are known."""
        return all(line.get("macs", 0) is not None for line in self.lines)


def shape_of(value: Any) -> list[int]:
    """Return a file's shape. Raises `ValueError` for what is none."""
    if not isinstance(value, list) or not all(type(size) is int for size in value):
        raise ValueError(f"{short(value)} is no shape")
    return value


def line_of(value: Any) -> Line:
    """Return a file's line, each field of the type that is compared later.

    Raises what `read` turns into a `FileError`.
    """
    path, kind = ("module", "type") if "module" in value else ("path", "kind")
    for name, wanted in ((path, str), (kind, str), ("attributes", dict)):
        if not isinstance(value.get(name, {} if name == "attributes" else None), wanted):
            raise ValueError(f"{name} is {short(value.get(name))}")
    for name in (*COUNTS, "macs"):
        if not isinstance(value.get(name), int | None):
            raise ValueError(f"{name} is {short(value[name])}")
    for shape in (*value.get("outputs", ()), *(value[n] for n in ("shape",) if n in value)):
        shape_of(shape)
    for each in (*value.get("inputs", ()), *value.get("sizes_of", ())):
        named = {"back": each, "output": 0} if type(each) is int else each
        is_known = {*named} in ({"first"}, {"back", "output"})
        if not is_known or any(type(n) is not int or n < 0 for n in named.values()):
            raise ValueError(f"{short(each)} is no input")
    if path == "path":
        list(value["outputs"])
    return dict(value)


def _lines(network: "Network") -> Iterator[Line]:
    graph = network.graph
    waiting = {module.path: module for module in graph.modules if module.path or module.is_leaf}
    rows = {row.path: row for row in network.summary.rows}
    first: dict[str, int] = {}
    for number, (operation, facts) in enumerate(zip(graph.operations, infer(graph), strict=True)):
        own = None
        began = _began(operation.path, number, first)
        around = () if began is None else graph.operations[began].inputs
        for path in () if isinstance(operation.kind, Input) else ways(operation.path):
            module = waiting.pop(path, None)
            if module is not None and not module.is_leaf:
                yield {"module": path, "type": module.type}
            elif module is not None:
                own = module
        line = _line(operation, facts, own, own and rows.get(own.path or ROOT))
        yield {**line, **_taken(operation, number, around)}
    for path, module in waiting.items():
        yield _beside(module, rows.get(path))


def _began(path: str, number: int, first: dict[str, int]) -> int | None:
    """Return the first operation of the module around one, and note where modules begin.

    It is that of the nearest that began before; None where none did.
    """
    began = None
    for way in ways(path):
        if (start := first.setdefault(way, number)) != number:
            began = start
    return began


def _line(operation: Operation, facts: "Facts", own: Module | None, row: "LayerRow | None") -> Line:
    """Return an operation's line; what its module holds stands in the first one's."""
    kind = operation.kind
    line = {
        "path": operation.path,
        "kind": kind.name,
        "type": own.type if own is not None and own.type != kind.name else None,
        "attributes": _attributes(kind) or None,
        "dtypes": list(operation.dtypes) or None,
        "outputs": _plain(facts.outputs),
        **_counts(row),
        "macs": int(facts.macs) or None,
    }
    line = {name: value for name, value in line.items() if value is not None}
    if not facts.is_known:
        line["known"] = False
    if not facts.is_counted:
        line["macs"] = None
    return line


def _beside(module: Module, row: "LayerRow | None") -> Line:
    """Return the line of a module that no operation's tells: it never runs, or is a weight."""
    line: dict[str, Any] = {"module": module.path, "type": module.type}
    if module.same_as:
        line["same_as"] = module.same_as
    if module.held is not None and module.held.shape:
        line["shape"] = list(module.held.shape)
    return {**line, **(_counts(row) if module.is_leaf else {})}


def _counts(row: "LayerRow | None") -> dict[str, int]:
    """Return what a module holds, where it holds anything."""
    if row is None or not row.leaf:
        return {}
    return {name: int(count) for name in COUNTS if (count := getattr(row, name))}


def _attributes(kind: Kind) -> dict[str, Any]:
    """Return what a kind was given and is not as usual."""
    if isinstance(kind, Opaque):  # its outputs and MACs stand in the line as any other's
        return {"is_view": True} if kind.is_view else {}
    usual = _usual(kind)
    given: dict[str, Any] = kind._asdict()  # type: ignore[attr-defined]
    found = {name: _plain(value) for name, value in given.items() if value != kind.name}
    found.pop("is_number", None)  # which says how PyTorch prints it, and nothing of what it does
    return {n: value for n, value in found.items() if n not in usual or value != usual[n]}


def _usual(kind: Kind) -> dict[str, Any]:
    """Return a kind's attributes as they are where nobody gives them."""
    usual = kind._field_defaults  # type: ignore[attr-defined]  # kinds are named tuples
    return {name: _plain(value) for name, value in usual.items()}


def _plain(value: Any) -> Any:
    """Return an attribute as JSON has it; a formula by its name with what is in it."""
    if not isinstance(value, tuple):
        return int(value) if isinstance(value, int) and type(value) is not bool else value
    parts = [*map(_plain, value)]
    return {type(value).__name__: parts} if hasattr(value, "_fields") else parts


def _taken(operation: Operation, number: int, around: Sequence[Value]) -> Line:
    """Return what an operation takes, and whose sizes it reads, unless that is as usual."""
    inputs, reads = (
        [
            {"first": around.index(value)}
            if value in around and value.operation != number - 1
            else _nest(value, number)
            for value in values
        ]
        for values in (operation.inputs, operation.reads)
    )
    is_usual = inputs == [1] or isinstance(operation.kind, Input | Source)
    return {**({} if is_usual else {"inputs": inputs}), **({"sizes_of": reads} if reads else {})}


def sources(lines: Sequence[Line]) -> list[list[tuple[int, int]]]:
    """Return what each operation's line takes, then whose sizes it reads: operation and output.

    What stands for nothing, in a file that somebody wrote, is the output of operation -1.
    """
    first: dict[str, int] = {}
    found: list[list[tuple[int, int]]] = []
    for number, line in enumerate(lines):
        began = _began(line["path"], number, first)
        around = [] if began is None else found[began]
        taken = []
        for each in (*line.get("inputs", [1]), *line.get("sizes_of", [])):
            if isinstance(each, int):
                taken.append((number - each, 0))
            elif "first" in each:
                taken.append(around[each["first"]] if each["first"] < len(around) else (-1, 0))
            else:
                taken.append((number - each["back"], each["output"]))
        found.append(taken)
    return found


def _nest(nest: Nest, number: int) -> Any:
    match nest:
        case Value(operation, output):
            back = number - operation
            return {"back": back, "output": output} if output else back
        case Mapping():
            return {"dict": {str(key): _nest(inner, number) for key, inner in nest.items()}}
        case list() | tuple():
            return [_nest(inner, number) for inner in nest]
    return nest
