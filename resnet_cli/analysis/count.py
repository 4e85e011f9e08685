"""What a network adds up to, each block that repeats counted once."""

from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.family import resnet
from resnet_cli.family.config import ResNetConfig
from resnet_cli.graph.graph import infer, values

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size
    from resnet_cli.graph.kinds import Facts


class Count(NamedTuple):
    """Trainable elements, running statistics in elements, and multiply-accumulates."""

    params: int
    buffers: int
    macs: "Size"


def count(config: ResNetConfig) -> Count:
    """Return a configuration's counts without a walk over all of its blocks."""
    graph, times = resnet.shortened(config)
    often = [1] * len(graph.operations)
    for module in graph.modules:
        if module.path in times:
            (call,) = module.calls
            (gives,) = values(call.gives)
            inside = slice(call.first, gives.operation + 1)
            often[inside] = [times[module.path]] * len(often[inside])
    known: dict[int, tuple[Facts, int]] = {}  # what repeats has the same facts
    for times_run, facts in zip(often, infer(graph), strict=True):
        known[id(facts)] = facts, times_run + known.get(id(facts), (facts, 0))[1]
    params = buffers = 0
    macs: Size = 0
    for facts, times_run in known.values():
        params += times_run * facts.params
        buffers += times_run * facts.buffer_elements
        macs = macs + times_run * facts.macs
    held = sum(module.held.buffers for module in graph.modules if module.held)
    return Count(params, buffers + held, macs)
