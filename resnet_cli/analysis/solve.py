"""Which inputs give a layer a wanted size, and which still fit into a memory.

By bisection on the prediction: with one size of the input a name, a layer's size and the
memory of a pass are formulas that never shrink when it grows, so each answer is an interval.
In it those sizes count that the network can have: multiples of what a U-Net halves, say.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, product
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from resnet_cli.analysis.conditions import ANY, Allowed, Condition
from resnet_cli.analysis.network import Network
from resnet_cli.analysis.paths import is_at
from resnet_cli.analysis.possible import at_least, at_most, holds, possible
from resnet_cli.analysis.subject import Subject
from resnet_cli.analysis.summary import LayerRow, Sizes, Summary, find
from resnet_cli.errors import ConfigError
from resnet_cli.graph.dims import Dim, Size, evaluate
from resnet_cli.graph.kinds import Shape
from resnet_cli.graph.residues import classes
from resnet_cli.parse import LIMIT, LayerExpectation
from resnet_cli.text import format_shape, human_text

if TYPE_CHECKING:
    from resnet_cli.analysis.conditions import Need

_AXES = {2: "H", 3: "W"}

Bytes: TypeAlias = Callable[[int], int]
"""The bytes that a size needs."""


class Answer(NamedTuple):
    """For which sizes a condition holds: from `least` to `most`, no longer at `next`.

    `size` is the name that varies in `input`. `least` and `most` are None where no size
    does, `next` where all do. The bytes are those of a pass, or of a training step, at `most` and
    at `next`, the least size where none holds. Between them `only` say which sizes the network
    can have.
    """

    condition: str
    input: str
    size: str
    least: int | None
    most: int | None
    bytes: int | None
    next: int | None
    next_bytes: int | None
    only: tuple[Condition, ...] = ()


def image(inputs: Sequence[Shape]) -> Shape:
    """Return the one image among inputs without names. Raises `ConfigError` for others."""
    if len(inputs) != 1 or len(inputs[0]) != 4:
        shapes = ", ".join(map(format_shape, inputs))
        message = f"{shapes} is not one image, NxCxHxW: give the size that is asked for a name"
        raise ConfigError("input", f"{message}, as in 1xL:int64")
    return inputs[0]


def wanted(subject: Subject, want: LayerExpectation) -> list[Answer]:
    """Give the heights, then the widths, at which a layer has the wanted `(H, W)`.

    Without a layer it is the last map, whose size the input decides: before a global pool.
    Raises `ExpectationError` for a layer that is not there, `ValueError` for one without
    height and width and for a size that it never has.
    """
    inputs = subject.inputs
    if not _names(inputs):
        batch, channels, *_ = image(inputs)
        inputs = ((batch, channels, *(Dim.named(name, axis) for axis, name in _AXES.items())),)
    network = subject.on(inputs)
    row = find(network.summary, want.layer) if want.layer else _last_map(network.summary)
    want = want._replace(layer=want.layer or row.path)
    if len(row.output_shape) != 4:
        raise ValueError(f"layer {want.layer} gives {format_shape(row.output_shape)}: no H and W")
    sizes, others = possible(network.graph)
    condition = f"{want.layer}={format_shape(want.pattern)}"
    found = []
    for axis, size in zip(_AXES, want.pattern, strict=True):
        formula = row.output_shape[axis]
        name = _name(formula, inputs, axis, want.layer)
        least, most, after = _interval(formula, name, int(size or 0), sizes.get(name, ANY))
        if least is None or most < least:
            raise ValueError(_never(formula, name, axis, want, network))
        only = network.summary.conditions
        shape = ", ".join(map(format_shape, inputs))
        found.append(Answer(condition, shape, name, least, most, None, after, None, only))
    _meet(others, found)
    return found


def _last_map(summary: Summary) -> LayerRow:
    """Return the outermost module that gives the last map whose size the input decides.

    Raises `ValueError` where there is none.
    """
    for leaf in reversed(summary.rows):
        shape = leaf.output_shape
        if leaf.leaf and len(shape) == 4 and any(isinstance(size, Dim) for size in shape[2:]):
            around = (row for row in summary.rows if is_at(leaf.path, row.path))
            return next(row for row in around if row.output_shape == shape)
    raise ValueError("no layer gives a map whose size the input decides; give LAYER=HxW")


def fitting(subject: Subject, memory: int, reserve: int = 0) -> Iterator[Answer]:
    """Give the batches of the image, and the square images of the batch, that fit a memory.

    Of inputs with a name, the sizes of that. Counted are a pass's parameters, running statistics
    and peak at module boundaries, or all that a training step holds; `reserve` bytes stay free.

    Raises `ConfigError` for a network that cannot be trained so at any size, and for several
    names.
    """
    for name, inputs in _varied(subject.inputs):
        network = subject.on(inputs)
        need = _inference(network, name)
        if network.summary.training is not None:
            need = _training(network, name)
        sizes, _ = possible(network.graph)
        found = _fit(need, memory, reserve, sizes.get(name, ANY))
        shape = ", ".join(map(format_shape, inputs))
        yield found._replace(input=shape, size=name, only=network.summary.conditions)


def corners(answers: Sequence[Answer], others: Sizes) -> Iterator[Sizes]:
    """Give the sizes at the ends of what was wanted, with those of `others` beside them."""
    wants = [answer for answer in answers if answer.bytes is None and answer.next is not None]
    for _, group in groupby(wants, key=lambda answer: answer.condition):
        ends = [
            dict.fromkeys([(each.size, each.least or 0), (each.size, each.most or 0)])
            for each in group
        ]
        yield from ({**others, **dict(corner)} for corner in product(*ends))


def _varied(inputs: Sequence[Shape]) -> Iterator[tuple[str, Sequence[Shape]]]:
    """Give inputs with one name: what they have, or the batch, then the side of an image."""
    names = _names(inputs)
    if len(names) > 1:
        raise ConfigError(
            "input",
            f"{', '.join(map(format_shape, inputs))} has names for several sizes, and a memory "
            f"is asked for one: give numbers for all but one of {', '.join(names)}",
        )
    if names:
        yield names[0], inputs
        return
    batch, channels, height, width = image(inputs)
    side = Dim.named("S", 2)
    yield "N", ((Dim.named("N", 0), channels, height, width),)
    yield "S", ((batch, channels, side, side),)


def _names(inputs: Sequence[Shape]) -> list[str]:
    sizes = (size for shape in inputs for size in shape)
    return [*dict.fromkeys(str(size) for size in sizes if not isinstance(size, int))]


def _name(formula: Size, inputs: Sequence[Shape], axis: int, layer: str) -> str:
    """Return the one name that a formula has, or that the input has along its axis."""
    names = _names([shape[axis : axis + 1] for shape in inputs])
    if isinstance(formula, Dim):
        names = [*formula.names]
        found = classes(formula)
        if found is None or found.growth < 0 or [*found.values] != sorted(found.values):
            raise ValueError(f"layer {layer} has {formula} there, which does not grow with a name")
    if len(names) != 1:
        raise ValueError(f"layer {layer} is {formula} there whatever the names are")
    return names[0]


def _never(formula: Size, name: str, axis: int, want: LayerExpectation, network: Network) -> str:
    """Say why a layer never has a wanted size."""
    size = want.pattern[axis - 2]
    least, most, _ = _interval(formula, name, int(size or 0), ANY)
    if least is None or most < least:
        return f"layer {want.layer} is never {size} along {name}: it is {human_text(formula)}"
    said = [each for each in network.summary.conditions if name in each.split()]
    why = "; ".join(said) or "the network has a window that is larger than its map there"
    return f"layer {want.layer} is {size} along {name} for {name} from {least} to {most}, and {why}"


def _meet(others: "Sequence[Need]", found: Sequence[Answer]) -> None:
    """Raise `ValueError` where no ends of two intervals go together."""
    known = {each.size for each in found}
    for need in others:
        more = need.left - need.right
        if isinstance(more, Dim) and not known.issuperset(more.names):
            continue
        if not any(holds(need, corner) for corner in corners(found, {})):
            text = f"{need.left} {need.sign} {need.right}".replace("==", "=")
            raise ValueError(f"{found[0].condition} goes with no input: {text} has to hold")


def _inference(network: Network, name: str) -> Bytes:
    """Return what an inference pass needs at a size, in bytes."""
    summary = network.summary
    other = summary.at({name: 1})
    weights = other.memory_bytes - (other.peak_bytes or 0)
    amounts = tuple(summary.held)

    def need(size: int) -> int:
        held: tuple[int, ...] = evaluate(amounts, {name: size})
        return weights + max(held)

    return need


def _training(network: Network, name: str) -> Bytes:
    """Return what a training step needs at a size, in bytes; 0 where a norm has one value.

    There PyTorch refuses to train; that ends at some size, and never comes again.
    """
    from resnet_cli.analysis import train  # only a training step needs its walk

    def need(size: int) -> int:
        try:
            summary = train.evaluated(network.graph, network.summary, {name: size})
        except ConfigError as error:
            if error.field != "input":
                raise
            return 0
        assert summary.training is not None
        return summary.training.peak_bytes or 0

    return need


def _fit(need: Bytes, memory: int, reserve: int, sizes: Allowed) -> Answer:
    """Return the sizes whose need a memory has room for; 0 is no size that could be."""
    start = (at_least(sizes, 1) or LIMIT) - 1
    trains = _last(lambda size: need(size) == 0, start) + 1
    least = at_least(sizes, trains)
    most = at_most(sizes, _last(lambda size: need(size) <= memory - reserve, start))
    fits = least is not None and least <= most
    after = at_least(sizes, most + 1) if fits else least
    after = after if after is not None and after < LIMIT else None
    more = f" - {reserve:,} B" if reserve else ""
    return Answer(
        f"memory <= {memory:,} B{more}",
        "",
        "",
        least=least if fits else None,
        most=most if fits else None,
        bytes=need(most) if fits else None,
        next=after,
        next_bytes=need(after) if after else None,
    )


def _interval(
    formula: Size, name: str, size: int, sizes: Allowed
) -> tuple[int | None, int, int | None]:
    """Return the first and the last possible value at which a formula has a value, and the next."""
    start = (at_least(sizes, 1) or LIMIT) - 1
    least = _last(lambda value: evaluate(formula, {name: value}) < size, start) + 1
    most = _last(lambda value: evaluate(formula, {name: value}) <= size, start)
    after = at_least(sizes, most + 1) if most + 1 < LIMIT else None
    return at_least(sizes, least), at_most(sizes, most), after


def _last(holds: Callable[[int], bool], low: int = 0) -> int:
    """Return the last size below 2**31 at which a condition holds that ends once, or `low`."""
    high = LIMIT
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
