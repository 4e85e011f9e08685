"""What a network adds up to, each block that repeats counted once."""

from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.family import resnet
from resnet_cli.family.config import ResNetConfig
from resnet_cli.graph.graph import infer, values

if TYPE_CHECKING:
    from resnet_cli.graph.dims import Size


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
    found = infer(graph)
    runs: dict[int, int] = {}  # the same operation on the same shape has the same facts
    for times_run, facts in zip(often, found, strict=True):
        runs[id(facts)] = runs.get(id(facts), 0) + times_run
    params = buffers = 0
    macs: Size = 0
    for facts in {id(facts): facts for facts in found}.values():
        times_run = runs[id(facts)]
        params += times_run * facts.params
        buffers += times_run * facts.buffer_elements
        macs = macs + times_run * facts.macs
    return Count(params, buffers, macs)
