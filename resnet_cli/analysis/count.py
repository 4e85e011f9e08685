"""What a network adds up to, each block that repeats counted once."""

from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.family import resnet
from resnet_cli.family.config import ResNetConfig
from resnet_cli.graph.graph import infer

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
    params = buffers = 0
    macs: Size = 0
    for operation, facts in zip(graph.operations, infer(graph), strict=True):
        block = ".".join(operation.path.split(".")[:2])  # a stage's name and a block's
        often = times.get(block, 1)
        params += often * facts.params
        buffers += often * facts.buffer_elements
        macs = macs + often * facts.macs
    return Count(params, buffers, macs)
