"""Hold the libraries' own networks against the presets of their names.

python -m tests.libraries.family [name …]

Each is built on meta and captured in one run. Equal are the keys and shapes of the state_dict, what
torchvision's print as, and,
in the order of execution, the convolutions, norms and linear layers with what each takes: those
layers that come before it, whatever stands between. Needs torchvision and timm.
"""

import sys

import torch

from resnet_cli.family import presets, resnet
from resnet_cli.graph.filters import ConvFunction
from resnet_cli.graph.printed import printed
from resnet_cli.graph.products import Conv, Linear
from resnet_cli.pytorch.build import build
from resnet_cli.pytorch.run import run

LAYERS = (Conv, ConvFunction, Linear)
NORMS = {"BatchNorm2d": "batch", "batch_norm": "batch", "GroupNorm": "group", "group_norm": "group"}


def skeleton(graph):
    """Return the layers in the order of execution, each with those that its input comes from."""
    found, origins = [], []
    for operation in graph.operations:
        reached = frozenset().union(*(origins[value.operation] for value in operation.inputs))
        # timm's norms with an activation in them call the function, whose weights are inputs.
        kind = NORMS.get(operation.kind.name, operation.kind)
        if isinstance(operation.kind, LAYERS) or operation.kind.name in NORMS:
            found.append((kind, reached))
            reached = frozenset({len(found) - 1})
        origins.append(reached)
    return found


def library(name, family):
    """Return a library's own network."""
    if family == "torchvision":
        from torchvision import models

        return models.get_model(name).to("meta")
    import timm

    with torch.device("meta"):
        return timm.create_model(name)


def differs(name, family):
    """Return what differs between a preset and a library's network, or nothing."""
    config = presets.preset(name).config
    graph, theirs = resnet.build(config), library(name, family).eval()
    ours = build(graph, device="meta").state_dict()
    shapes = [{k: tuple(t.shape) for k, t in d.items()} for d in (ours, theirs.state_dict())]
    if shapes[0] != shapes[1]:
        apart = sorted({*shapes[0].items()} ^ {*shapes[1].items()})
        return f"state_dict: {apart[:3]}"
    # From 2.13 on PyTorch prints one field more for batch norm.
    if family == "torchvision" and printed(graph) != str(theirs).replace(
        "bias=True, track", "track"
    ):
        return "print: another architecture"
    done = run(theirs, [torch.zeros(config.input, device="meta")], torch.float32)
    if done.error is not None:
        return f"fails: {done.error}"
    mine, other = skeleton(graph), skeleton(done.graph)
    first = next((pair for pair in zip(mine, other, strict=False) if pair[0] != pair[1]), None)
    return f"graph: {first or (len(mine), len(other))}" if mine != other else ""


def main():
    """Print what differs, and how many are equal."""
    timm = {*_timm()}
    wanted = sys.argv[1:] or presets.NAMES
    pairs = [(name, presets.source(name).family) for name in wanted]
    pairs = [pair for pair in pairs if pair[1] in ("torchvision", "timm")]
    pairs += [(name, "timm") for name, family in pairs if family == "torchvision" and name in timm]
    equal = 0
    for name, family in pairs:
        found = differs(name, family)
        equal += not found
        if found:
            print(f"{family:12} {name:24} {found}"[:300])
    print(f"{equal} of {len(pairs)} equal")


def _timm():
    import timm

    return timm.list_models()


if __name__ == "__main__":
    main()
