"""A graph to a Summary: a row a module in the order of execution, and the totals."""

from collections.abc import Iterable, Sequence
from math import inf
from operator import index
from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.analysis.ends import NOTHING, Ends
from resnet_cli.analysis.failure import Failure, marked
from resnet_cli.analysis.paths import is_at
from resnet_cli.analysis.summary import UNKNOWN, LayerRow, Summary, added
from resnet_cli.analysis.walk import GLOBAL, UNSEEN, Walk, item_size, walk
from resnet_cli.graph.graph import Call, Graph, Module, Value, Weight, children, values

if TYPE_CHECKING:
    from resnet_cli.analysis.conditions import Condition
    from resnet_cli.graph.dims import Size
    from resnet_cli.graph.kinds import Facts, Window

ROOT = "."
"""The path of the network itself, where it has a row."""

FUNCTION = "function"
"""The type of a row for what multiplies and is no module."""


class Span(NamedTuple):
    """Where the rows of a module stand, and what they add up to."""

    module: Module
    start: int
    end: int
    sums: "Sums"


class Sums(NamedTuple):
    """What the leaves below a module add up to, and of how many operations no MACs are known."""

    params: int = 0
    frozen: int = 0
    buffers: int = 0
    macs: "Size" = 0
    activation_bytes: "Size" = 0
    not_counted: int = 0


NO_SUMS, NO_WEIGHT, NO_CALL = Sums(), Weight(), Call(0, None, None)


def summarise(
    graph: Graph,
    name: str = "network",
    *,
    dtype: str = "float32",
    failure: Failure | None = None,
    walked: Walk | None = None,
) -> Summary:
    """Return every module's row and the totals of a network of that element type.

    Where its run failed the rows end at the failing module, which has the error. Whoever has
    `walked` over the graph already gives that.
    """
    walked = walked or walk(graph, item_size(dtype))
    gather = _Rows(walked, failure)
    gather.network()
    numbers = all(isinstance(held, int) for held in walked.held)
    operations = zip(graph.operations, walked.facts, strict=True)
    odd = [(op.kind.name, facts) for op, facts in operations if facts.hides or not facts.is_counted]
    no_peak = "the run failed" if failure else _no_peak(graph, odd)
    peak, peak_at = (None, None) if no_peak or not numbers else _peak(walked)
    first, *_ = (*graph.modules[0].calls, NO_CALL)  # it may end before its forward begins
    takes, gives = gather.ends.of(first.takes), gather.ends.of(graph.output)
    return Summary(
        name=name,
        input_shape=takes.shape,
        output_shape=gives.shape,
        dtype=dtype,
        itemsize=item_size(dtype),
        rows=tuple(gather.rows),
        peak_bytes=peak,
        peak_at=peak_at,
        held={} if numbers else _amounts(walked),
        no_peak=no_peak,
        output_tree=gives.tree,
        not_counted=tuple(dict.fromkeys(name for name, facts in odd if not facts.is_counted)),
        error=None if failure is None else failure.message,
        conditions=() if numbers else _conditions(walked),
        ends=graph.ends,
        by_values=tuple(dict.fromkeys(guard.way for guard in graph.guards if not guard.sign)),
    )


def _peak(walked: Walk) -> tuple[int, str]:
    """Return the most that is held at once, and the layer that holds it first."""
    peak = max(map(index, walked.held), default=0)
    return peak, next((path for held, path in walked.peaks() if held == peak), "") or ROOT


def _amounts(walked: Walk) -> "dict[Size, str]":
    """Return the amounts that are held, each with the layer that holds it first."""
    found: dict[Size, str] = {}
    for held, path in walked.peaks():
        found.setdefault(held, path or ROOT)
    return found


def _no_peak(graph: Graph, odd: "Sequence[tuple[str, Facts]]") -> str:
    """Say why nobody knows the most that is held at once, if that is so."""
    if graph.ends:
        return "closed forms end"
    hidden = dict.fromkeys(name for name, facts in odd if facts.hides)
    return f"nobody sees what is held inside {', '.join(hidden)}" if hidden else ""


def _conditions(walked: Walk) -> "tuple[Condition, ...]":
    """Return what an input with names must be."""
    if not walked.graph.guards and not any(facts.equal or facts.within for facts in walked.facts):
        return ()
    from resnet_cli.analysis.conditions import conditions, needs  # a network of a family has none

    return conditions(needs(walked.graph, walked.facts))


class _Rows:
    """Rows while they are gathered, depth first."""

    def __init__(self, walked: Walk, failure: Failure | None) -> None:
        self.walked = walked
        self.failure = failure
        self.below = children(walked.graph.modules)
        self.done: dict[str, list[int]] = {}
        for number, operation in enumerate(walked.graph.operations):
            self.done.setdefault(operation.path, []).append(number)
        self.ends = Ends(walked)
        self.weights: dict[int, Weight] = {}
        self.spans: dict[str, Span] = {}
        self.rows: list[LayerRow] = []
        self.givers: list[int] = []  # the operation that gives what a row gives

    def network(self) -> None:
        """Add the rows of the network's own modules and all below; a lone module has its own."""
        network = self.walked.graph.modules[0]
        if network.is_leaf:
            self._leaf(network, ROOT, 1, "")
        else:
            self._inside(network, 1, "")
        if self.failure is not None:
            if all(row.path != self.failure.path for row in self.rows):  # its own forward failed
                self.failure = self.failure._replace(path=ROOT)
                self.rows.append(self._row(network, ROOT, 1, "", NO_SUMS))
            self.rows[:] = marked(self.rows, self.failure)

    def _inside(self, module: Module, depth: int, role: str) -> Sums:
        """Add what a module holds itself, then what it calls, in the order of execution."""
        parts: list[tuple[float, Module | list[int]]] = []
        for child in self.below.get(module.path, ()):
            began = child.calls[0].first if child.calls else self._began(child)
            if began < inf or self.failure is None or is_at(self.failure.path, child.path):
                parts.append((began, child))
        parts.extend((indices[0], indices) for indices in self._functions(module.path))
        parts.sort(key=lambda part: part[0])
        every = [NO_SUMS]
        for _, part in parts:
            if isinstance(part, Module):
                every.append(self._module(part, depth, role or part.role))
            else:
                every.append(self._function(part, depth, role))
        return Sums(*map(added, zip(*every, strict=True)))

    def _module(self, module: Module, depth: int, role: str) -> Sums:
        """Add a module's row and those below it, whose counts it sums up."""
        if module.is_leaf:
            return self._leaf(module, module.path, depth, role)
        if module.like in self.spans:
            return self._copied(module, self.spans[module.like])
        position = len(self.rows)
        sums = self._inside(module, depth + 1, role)
        self.rows.insert(position, self._row(module, module.path, depth, role, sums))
        self.givers.insert(position, self.givers.pop())
        self.spans[module.path] = Span(module, position, len(self.rows), sums)
        return sums

    def _copied(self, module: Module, span: "Span") -> Sums:
        """Add the rows of a module like one before: what its pixels see alone is its own."""
        shift = module.calls[0].first - span.module.calls[0].first
        cut, new, sights = len(span.module.path), module.path, self.walked.sights
        place = slice(span.start, span.end)
        sight, field, stride = UNSEEN, UNSEEN.widest, UNSEEN.step
        for row, giver in zip(self.rows[place], self.givers[place], strict=True):
            self.givers.append(giver + shift)
            if (own := sights[giver + shift] or UNSEEN) is not sight:  # most have the one before's
                sight, field, stride = own, own.widest, own.step
            self.rows.append(row.elsewhere(new + row.path[cut:], field, stride))
        return span.sums

    def _leaf(self, module: Module, path: str, depth: int, role: str) -> Sums:
        """Add the row of a module that is one layer, whatever it does inside."""
        facts = [self.walked.facts[i] for i in self.done.get(module.path, ())]
        held = module.held
        if held is None:
            held = self._derived(facts[0]) if facts else NO_WEIGHT
        calls = () if module.same_as else module.calls
        sums = Sums(
            held.params,
            held.frozen,
            held.buffers,
            sum([each.macs for each in facts]),
            sum([self._new_bytes(call) for call in calls]),
            sum([not each.is_counted for each in facts]),
        )
        window = facts[0].window if facts else None
        self.rows.append(self._row(module, path, depth, role, sums, window))
        return sums

    def _row(
        self,
        module: Module,
        path: str,
        depth: int,
        role: str,
        sums: Sums,
        window: "Window | None" = None,
    ) -> LayerRow:
        calls = module.calls
        shown = -1 if self.failure is not None and is_at(self.failure.path, path) else 0
        takes = self.ends.of(calls[shown].takes) if calls else NOTHING
        gives = self.ends.of(calls[shown].gives) if calls else NOTHING
        self.givers.append(gives.giver)
        sight = gives.sight
        shape = gives.shape
        if module.held is not None and module.held.shape:
            shape = module.held.shape
        plain = len(calls) == 1 and not module.note and not module.same_as
        note = sight.why if plain else self._note(module, sight.why)
        return LayerRow(
            path,
            depth,
            module.is_leaf,
            role,
            module.type,
            takes.shape,
            shape,
            sums.params,
            sums.buffers,
            UNKNOWN if sums.not_counted and sums.macs == 0 else sums.macs,
            gives.nbytes,
            sums.activation_bytes,
            sight.widest,
            sight.step,
            window,
            sums.frozen,
            0 if module.same_as else len(calls),
            note if note != takes.sight.why else "",
            None,
            None,
            sight is GLOBAL,
            takes.tree,
            gives.tree,
        )

    def _functions(self, path: str) -> Iterable[list[int]]:
        """Return the operations that multiply and that a module with others in it does itself."""
        found: dict[str, list[int]] = {}
        for number in self.done.get(path, ()):
            facts = self.walked.facts[number]
            if facts.macs != 0 or not facts.is_counted:
                name = self.walked.graph.operations[number].kind.name
                found.setdefault(name, []).append(number)
        return found.values()

    def _function(self, indices: Sequence[int], depth: int, role: str) -> Sums:
        """Add the row of a function, whose module has others below it."""
        operations, facts = self.walked.graph.operations, self.walked.facts
        kind, _, path, *_ = operations[indices[0]]
        calls = [Call(i, operations[i].inputs, Value(i)) for i in indices]
        name = f"{path}.{kind.name}()" if path else f"{kind.name}()"
        done = Module(name, FUNCTION, is_leaf=True, calls=tuple(calls))
        sums = Sums(
            macs=sum([facts[i].macs for i in indices]),
            activation_bytes=sum([self._new_bytes(call) for call in calls]),
            not_counted=sum([not facts[i].is_counted for i in indices]),
        )
        self.rows.append(self._row(done, name, depth, role, sums))
        return sums

    def _began(self, module: Module) -> float:
        """Return when a module, or one below it, first ran; a lone weight is there before."""
        if module.calls:
            return module.calls[0].first
        if _is_weight(module):
            return -1
        return min(map(self._began, self.below.get(module.path, ())), default=inf)

    def _derived(self, facts: "Facts") -> Weight:
        """Return what the kind of an operation says that its module holds."""
        held = self.weights.get(id(facts))
        if held is None:
            held = self.weights[id(facts)] = Weight(facts.params, 0, facts.buffer_elements)
        return held

    def _note(self, module: Module, why: str) -> str:
        """Return what is special about a module: how it ran, what it shares, what is not known."""
        if module.note:
            return module.note
        if module.same_as:
            return f"same module as {module.same_as}"
        if not module.calls:
            return "unused" if self._began(module) == inf else ""
        shapes = [[self.walked.shape(v) for v in values(call.takes)] for call in module.calls]
        differs = any(each != shapes[0] for each in shapes)
        calls = f"{len(shapes)} calls" + (", the first shown" if differs else "")
        return f"{calls}; {why}" if why else calls

    def _new_bytes(self, call: Call) -> "Size":
        """Return the bytes that a call gives and did not take: a view is no new memory."""
        gives, taken = self.ends.of(call.gives), self.ends.of(call.takes).storages
        return 0 if any(storage in taken for storage in gives.storages) else gives.nbytes


def _is_weight(module: Module) -> bool:
    """Say whether it is a lone parameter or buffer, which stands beside modules."""
    return module.held is not None and module.is_leaf and bool(module.held.shape)
