"""Capture the libraries' networks, predict other sizes, and hold them against PyTorch.

python -m tests.libraries [torchvision | timm | transformers] [name …]

Each network runs once and is recorded; at further sizes, never run before, every operation's
predicted shapes are held against those of a run. Needs the library.
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
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from resnet_cli.analysis.rows import summarise
from resnet_cli.analysis.symbols import resized, symbolic
from resnet_cli.errors import SizeError
from resnet_cli.graph.captured import Opaque
from resnet_cli.graph.graph import at, infer
from resnet_cli.pytorch.module_proof import module_difference
from resnet_cli.pytorch.run import run
from tests.libraries import networks


def captured(model, given):
    """Run a network; return the graph."""
    done = run(model, given.values, torch.float32, named=given.named)
    if done.error is not None:
        raise done.error
    return done.graph


def compare(graph, named, model, given):
    """Return how a size never run comes out: equal, refused by both, or what is wrong."""
    size = given.numbers
    try:
        found = module_difference(model, graph, given.values, torch.float32, named=given.named)
    except SizeError as error:
        if run(model, given.values, torch.float32, named=given.named).error is not None:
            return "refused by both", ""
        return "refused here alone", f"{size}: {error}"
    if found is not None:
        return "unequal", f"{size}: {found.path} {found.what} {found.predicted}, {found.actual}"
    if named.ends:
        return "equal", ""
    here = resized(graph, [tuple(tensor.shape) for tensor in given.tensors])
    shapes = [facts.outputs for facts in infer(at(named, size))]
    if shapes == [facts.outputs for facts in infer(here)]:
        return "equal", ""
    return "unequal", f"{size}: the closed forms give other sizes"


def examine(library, name):
    """Return what is found about one network."""
    found = {"name": name}
    model, sizes, device = networks.build(library, name)
    found["device"] = device
    start = time.perf_counter()
    first, *others = (networks.given(library, name, size, device) for size in sizes)
    graph = captured(model, first)
    found["seconds"] = time.perf_counter() - start
    opaque = Counter(op.kind.name for op in graph.operations if isinstance(op.kind, Opaque))
    found["opaque"] = dict(opaque)
    found["guards"] = len(graph.guards)
    found["ways"] = sorted({guard.way for guard in graph.guards if guard.way})
    macs = sum(facts.macs for facts in infer(graph))
    # What attention runs as one kernel on the CPU the counter does not know.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter, torch.no_grad():
        model.requires_grad_(requires_grad=False)(*first.values, **first.named)
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
    start = time.perf_counter()
    named = symbolic(graph, first.axes)
    found["conditions"] = summarise(named).conditions
    found["ends"] = named.ends
    found["symbols"] = time.perf_counter() - start
    found["other"] = [compare(graph, named, model, given) for given in others]
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
        ways = [way for way, _ in found["other"]]
        equal = all(way in ("equal", "refused by both") for way in ways) and "equal" in ways
        macs = 2 * found["macs"] == found["flops"]
        params = found["params"] == found["params_torch"]
        for key, value in (
            ("captured without opaque", bare),
            ("equal at other sizes", equal),
            ("MACs", macs),
            ("closed forms to the end", not found["ends"]),
            *((f"sizes {way}", ways.count(way)) for way in dict.fromkeys(ways)),
            ("params", params),
        ):
            sums[key] += value
        said = [f"{found['seconds']:.1f}s {found['device']}"]
        said += [f"opaque {found['opaque']}"] if not bare else []
        said += [f"ways {found['ways']}"] if found["ways"] else []
        said += [f"MACs {found['macs']} of {found['flops'] / 2}"] if not macs else []
        said += [f"not counted {found['not_counted']}"] if found["not_counted"] else []
        said += [f"params {found['params']} of {found['params_torch']}"] if not params else []
        said += [found["ends"]] if found["ends"] else []
        said += [f"{', '.join(map(str, found['conditions']))}"] if found["conditions"] else []
        said += [f"{way} {text}" for way, text in found["other"] if way != "equal"]
        print(
            f"{name:36} {'ok' if bare and equal and macs and params else '--'}  " + "; ".join(said)
        )
        sys.stdout.flush()
    print(dict(sums))


if __name__ == "__main__":
    main()
