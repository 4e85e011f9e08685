"""Which known network is this? Its graph held against the presets', whatever its paths.

Two values are the same where the same kind of operation takes the same values: a number for each
such form, and two networks are one where their outputs have one number. Batch, size, element type
and channels are no part of it, nor the order in which branches run, nor what only names a tensor.
"""

from collections import Counter
from collections.abc import Sequence
from operator import index
from typing import Any, NamedTuple

from resnet_cli.family import presets, resnet
from resnet_cli.family.config import ResNetConfig
from resnet_cli.family.modes import Attention
from resnet_cli.graph.activations import Identity
from resnet_cli.graph.elementwise import Multiply
from resnet_cli.graph.graph import Graph, Operation, Value, infer, values
from resnet_cli.graph.kinds import Facts, Input, Kind, Shape
from resnet_cli.graph.moves import Flatten
from resnet_cli.graph.pointwise import Add
from resnet_cli.graph.pooling import AdaptiveAvgPool
from resnet_cli.graph.products import Conv, Linear
from resnet_cli.graph.views import Squeeze, View
from resnet_cli.text import format_shape

_MOST_STEM = 12
"""Operations before the first stage: a deep stem has three convolutions, norms and activations."""


class _Body(NamedTuple):
    """A network without its head: the operation that ends it, and the head, if there is one."""

    last: int
    head: Linear | Conv | None


def known(graph: Graph) -> str | None:
    """Return the title of the preset that a network is, with what differs at its ends, or None.

    It is as `presets.title` says it: `resnet50, 7 classes`. Weights that are shared, or not those
    of the operations alone, are another network's.
    """
    body = _body(graph)
    configs = [] if body is None else _possible(graph.operations[: body.last + 1])
    if body is None or not configs:
        return None
    facts = infer(graph)
    held = sum(m.held.params + m.held.frozen for m in graph.modules if m.held is not None)
    if held and held != sum(each.params for each in facts):
        return None
    found = _Likeness(graph, facts, body)
    titles = [title for config in configs if (title := found.title(config))]
    titles = titles or [t for config in configs if (t := found.title(config, stem=True))]
    return min(titles, key=lambda title: title.count(","), default=None)


def _possible(operations: Sequence[Operation]) -> list[ResNetConfig]:
    """Return the presets with a body's additions, gates and widest convolution; builds none."""
    kinds = [operation.kind for operation in operations]
    additions = sum(isinstance(kind, Add) for kind in kinds)
    gates = sum(isinstance(kind, Multiply) for kind in kinds)
    widest = max((kind.out_channels for kind in kinds if isinstance(kind, Conv)), default=0)
    configs = (presets.preset(name).config for name in presets.NAMES)
    return [each for each in configs if _expected(each) == (additions, gates, widest)]


def _expected(config: ResNetConfig) -> tuple[int, int, int]:
    """Return what of a preset can be said without building it."""
    blocks, planes, regnet = sum(config.blocks), config.widths[-1], config.regnet
    has_gates = regnet.se_ratio > 0 if regnet else config.attention is not Attention.NONE
    widest = max(planes * config.expansion, config.inner_width(planes))
    return blocks, blocks * has_gates, widest


class _Likeness(NamedTuple):
    """A network that is held against presets."""

    graph: Graph
    facts: Sequence[Facts]
    body: _Body

    def title(self, config: ResNetConfig, *, stem: bool = False) -> str | None:
        """Return a preset's title with what differs at its ends, None where something else does.

        With `stem` all that stands before the first stage differs, and is said.
        """
        theirs = resnet.build(config)
        body = _body(theirs)
        assert body is not None
        assert body.head is not None
        begin = self._stages(theirs, body) if stem else None
        if begin is None if stem else not self._is(theirs, body):
            return None
        head = self.body.head
        if head is not None and head.bias != body.head.bias:
            return None
        _, _, *size = config.input
        channels = index(self.graph.inputs[0][1])
        classes = config.classes if head is None else _classes(head)
        same = config._replace(input=(1, channels, *size), classes=classes)
        name, *ends = presets.title(same).split(", ")
        own = [] if begin is None else [self._stem(begin)]
        return ", ".join((name, *own, *ends, *([] if head else ["no linear layer"])))

    def _stem(self, end: int) -> str:
        """Say what slides over the map before the first stage."""
        windows = []
        for operation, facts in zip(self.graph.operations[: end + 1], self.facts, strict=False):
            if facts.window is not None:
                kernel, stride, *_ = facts.window
                steps = format_shape(dict.fromkeys(stride))
                windows.append(f"{operation.kind.name} {format_shape(kernel)} stride {steps}")
        return f"stem {' + '.join(windows) or 'without windows'}"

    def _is(self, theirs: Graph, body: _Body) -> bool:
        """Say whether it does what a preset does before its head."""
        forms = _Forms()
        whole = forms.of(theirs, infer(theirs))[body.last]
        return forms.of(self.graph, self.facts)[self.body.last] == whole

    def _stages(self, theirs: Graph, body: _Body) -> int | None:
        """Return what ends its stem where it does what a preset does from its first stage on."""
        stems = (module.calls[-1] for module in theirs.modules if module.role == "stem")
        begin = max(value for call in stems for value in values(call.gives))
        wanted = _kinds(theirs.operations[begin.operation + 1 : body.last])
        ours = _kinds(self.graph.operations)
        if wanted - ours or ours.total() > wanted.total() + _MOST_STEM // 3:
            return None
        forms = _Forms()
        behind = forms.of(theirs, infer(theirs), begin)[body.last]
        for start in range(1, _MOST_STEM):
            found = forms.of(self.graph, self.facts, Value(start))
            if found[self.body.last] == behind:
                return start
        return None


def _kinds(operations: Sequence[Operation]) -> Counter[Kind]:
    """Count the convolutions of each form: they cost least to look at, and differ most."""
    return Counter(each.kind for each in operations if isinstance(each.kind, Conv))


def _body(graph: Graph) -> _Body | None:
    """Return where a network's body ends; None of what gives several tensors, or takes them."""
    given = [*values(graph.output)]
    if len(given) != 1 or [len(shape) for shape in graph.inputs] != [4]:
        return None
    last = given[0].operation
    while isinstance(graph.operations[last].kind, Identity | Flatten):
        last = graph.operations[last].inputs[0].operation
    kind, inputs, *_ = graph.operations[last]
    if not isinstance(kind, Linear | Conv):
        return _Body(last, None)
    before = inputs[0].operation
    is_head = isinstance(kind, Linear) or isinstance(graph.operations[before].kind, AdaptiveAvgPool)
    return _Body(before, kind) if is_head else _Body(last, None)


def _classes(head: Linear | Conv) -> int:
    return head.out_features if isinstance(head, Linear) else head.out_channels


class _Forms:
    """A number for each form: what is done, to which forms."""

    def __init__(self) -> None:
        self.known: dict[tuple[Any, ...], int] = {}

    def of(self, graph: Graph, facts: Sequence[Facts], stem: Any = None) -> list[int]:
        """Return the form of what each operation gives; a `stem` is one whatever it is."""
        found: list[int] = []
        for number, (kind, inputs, *_) in enumerate(graph.operations):
            shapes = [facts[before].outputs[output] for before, output in inputs]
            taken = [(found[before], output) for before, output in inputs]
            if stem == Value(number):
                key: tuple[Any, ...] = ("stem",)
            elif _passes(kind, facts[number], shapes):
                found.append(taken[0][0])
                continue
            else:
                both = sorted(taken) if isinstance(kind, Add | Multiply) else taken
                key = (type(kind), _plain(kind), *both)
            found.append(self.known.setdefault(key, len(self.known)))
        return found


def _passes(kind: Kind, given: Facts, taken: Sequence[Shape]) -> bool:
    """Say whether an operation gives what it takes, or one element a channel under other axes."""
    if isinstance(kind, Flatten | View | Squeeze):
        return taken[0][2:] == (1, 1) and given.outputs[0] == taken[0][:2]
    return isinstance(kind, Identity)


def _plain(kind: Any) -> Any:
    """Return a kind without what changes no number, the input without its sizes."""
    if isinstance(kind, Input):
        return kind.position
    extra = {name: False for name in ("inplace", "is_copy", "is_number") if hasattr(kind, name)}
    return kind._replace(**extra) if extra else kind
