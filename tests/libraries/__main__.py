"""Capture the libraries' networks, predict other sizes, and hold them against PyTorch.

python -m tests.libraries [torchvision | timm] [name …]

Each network runs once and is recorded; at further sizes, never run before, every operation's
predicted shapes are held against those of a run. Needs torchvision or timm.
"""

import argparse
import contextlib
import importlib
import io
import sys
import time
import traceback
import warnings
from collections import Counter

import torch
from torch.utils.flop_counter import FlopCounterMode

from resnet_cli.graph.graph import infer
from resnet_cli.graph.kinds import Input, Opaque
from resnet_cli.pytorch.run import run
from tests.libraries import networks


def captured(model, size, device):
    """Run a network on zeros of that size; return the graph."""
    done = run(model, [torch.zeros(size, device=device)], torch.float32)
    if done.error is not None:
        raise done.error
    return done.graph


def resized(graph, size):
    """Return every operation's facts where the input has another size."""
    operations = tuple(
        op._replace(kind=op.kind._replace(shape=size)) if isinstance(op.kind, Input) else op
        for op in graph.operations
    )
    return infer(graph._replace(operations=operations))


def compare(graph, model, size, device):
    """Return where the prediction for a size differs from a run, or nothing."""
    try:
        facts = resized(graph, size)
    except Exception as error:
        return f"no prediction at {size}: {type(error).__name__}: {error}"
    try:
        other = captured(model, size, device)
    except Exception as error:
        return f"refused by PyTorch at {size}: {str(error)[:80]}"
    seen = infer(other)
    if len(seen) != len(facts):
        return f"{len(facts)} operations, {len(seen)} at {size}"
    for index, (ours, theirs) in enumerate(zip(facts, seen, strict=True)):
        if ours.outputs != theirs.outputs:
            op = graph.operations[index]
            shapes = f"{ours.outputs} not {theirs.outputs} at {size}"
            return f"{op.path} {op.kind.name} {op.kind!s:.80}: {shapes}"
    return ""


def examine(library, name):
    """Return what is found about one network."""
    found = {"name": name}
    model, sizes, device = networks.build(library, name)
    found["device"] = device
    start = time.perf_counter()
    graph = captured(model, sizes[0], device)
    found["seconds"] = time.perf_counter() - start
    opaque = Counter(op.kind.name for op in graph.operations if isinstance(op.kind, Opaque))
    found["opaque"] = dict(opaque)
    found["guards"] = len(graph.guards)
    found["ways"] = sorted({guard.way for guard in graph.guards if guard.way})
    macs = sum(facts.macs for facts in infer(graph))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(sizes[0], device=device))
    found["macs"], found["flops"] = macs, counter.get_total_flops()
    found["not_counted"] = sorted(
        {
            op.kind.name
            for op, facts in zip(graph.operations, infer(graph), strict=True)
            if not facts.is_counted
        }
    )
    found["params"] = sum(m.held.params + m.held.frozen for m in graph.modules if m.held)
    found["params_torch"] = sum(p.numel() for p in model.parameters())
    found["other"] = [compare(graph, model, size, device) for size in sizes[1:]]
    return found


def main():
    """Examine what the arguments name and print a line for each, then the sums."""
    parser = argparse.ArgumentParser()
    parser.add_argument("library")
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    importlib.import_module(given.library)
    sums = Counter()
    for name in given.names or networks.names(given.library):
        sums["all"] += 1
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                found = examine(given.library, name)
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            print(f"{name:36} FAILS {type(error).__name__}: {str(error)[:100]} ({last.name})")
            sums["fails"] += 1
            continue
        bare = not found["opaque"]
        equal = all(not text for text in found["other"])
        macs = 2 * found["macs"] == found["flops"]
        params = found["params"] == found["params_torch"]
        for key, value in (
            ("captured without opaque", bare),
            ("equal at other sizes", equal),
            ("MACs", macs),
            ("params", params),
        ):
            sums[key] += value
        said = [f"{found['seconds']:.1f}s {found['device']}"]
        said += [f"opaque {found['opaque']}"] if not bare else []
        said += [f"ways {found['ways']}"] if found["ways"] else []
        said += [f"MACs {found['macs']} of {found['flops'] / 2}"] if not macs else []
        said += [f"not counted {found['not_counted']}"] if found["not_counted"] else []
        said += [f"params {found['params']} of {found['params_torch']}"] if not params else []
        said += [text for text in found["other"] if text]
        print(
            f"{name:36} {'ok' if bare and equal and macs and params else '--'}  " + "; ".join(said)
        )
        sys.stdout.flush()
    print(dict(sums))


if __name__ == "__main__":
    main()
