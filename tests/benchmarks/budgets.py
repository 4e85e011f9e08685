"""What is measured, and what it may cost: data, no code that decides anything."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
SMALL, LARGE = "1x1x224x224", "8x1x512x512"
MIB = 2**20

PEERS = ("torchinfo", "torchsummary", "fvcore", "ptflops", "torchview")


class Case(NamedTuple):
    """One command line, run as a whole process that has to leave with `code`."""

    name: str
    argv: tuple[str, ...]
    code: int = 0


class Measure(StrEnum):
    """What of a process is held against a budget."""

    SECONDS = "seconds"
    FIRST_BYTE = "first byte"
    PEAK = "peak"


class Budget(NamedTuple):
    """At most `factor` times what the base case takes, and `plus` seconds or bytes more."""

    case: str
    measure: Measure
    factor: float
    base: str
    plus: float = 0

    @property
    def base_measure(self) -> "Measure":
        """What of the base counts: its memory for memory, its whole time for times."""
        return Measure.PEAK if self.measure is Measure.PEAK else Measure.SECONDS


def _tool(name: str, *args: str) -> Case:
    """Return a call of the tool, as its console script makes it."""
    return Case(name, (sys.executable, "-c", "from resnet_cli.__main__ import main; main()", *args))


def _script(name: str, file: str, *args: str) -> Case:
    return Case(name, (sys.executable, str(HERE / file), *args))


def _imported(module: str) -> Case:
    return Case(f"import {module}", (sys.executable, "-c", f"import {module}"))


CLICK, FLOOR, TORCH, PYPLOT = "click", "click + rich", "import torch", "import matplotlib.pyplot"
NOTEBOOK, TORCHINFO = f"notebook {SMALL}", f"torchinfo {SMALL}"

CASES = (
    _script(CLICK, "floor.py", "click"),
    _script(FLOOR, "floor.py", "click-rich"),
    _imported("torch"),
    _imported("matplotlib.pyplot"),
    _script(NOTEBOOK, "notebook.py"),
    _script(f"notebook {LARGE}", "notebook_at.py", LARGE),
    *(
        _script(f"{peer} {shape}", "peer.py", peer, shape)
        for shape in (SMALL, LARGE)
        for peer in PEERS
    ),
    _tool("--help", "--help"),
    _tool("--version", "--version"),
    _tool("prediction", "--no-run"),
    _tool(f"prediction {LARGE}", "--no-run", "--input", LARGE),
    _tool("prediction, json", "--no-run", "--format", "json"),
    _tool("print-net", "print-net"),
    _tool("presets", "presets"),
    _tool(f"proof {SMALL}"),
    _tool(f"proof {LARGE}", "--input", LARGE),
    _tool("proof, huge", "--preset", "wide_resnet101_2", "--input", "256x3x1024x1024"),
    _tool("resnet1202, json", "--preset", "resnet1202_cifar10", "--no-run", "--format", "json"),
    _tool(
        "resnet50 64x3x4096x4096, json",
        *("--preset", "resnet50", "--input", "64x3x4096x4096", "--no-run", "--format", "json"),
    ),
    _tool("resnet152, all depths", "--preset", "resnet152", "--depth", "all", "--no-run"),
    _tool(
        "resnet50 64x3x8192x8192", "--preset", "resnet50", "--input", "64x3x8192x8192", "--no-run"
    ),
    _tool("symbolic", "--preset", "resnet50", "--input", "Nx3xHxW", "--no-run"),
    _tool("solve", "solve", "--preset", "resnet50", "--want", "4=7x7", "--memory", "8GiB"),
    _tool("check, ten", "check", "--no-run", "--config", str(HERE / "networks.toml")),
    _tool("check, ten, proved", "check", "--config", str(HERE / "networks.toml")),
    _tool("block", "block", "--no-run", "--input", "4x3x6x6", "--channels", "3"),
    _tool("explain", "explain"),
    _tool("compare, five", "compare", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
    _tool("draw, mermaid", "draw", "-o", "net.mmd"),
    _tool("draw, svg", "draw", "--preset", "resnet50", "-o", "net.svg"),
    _tool("--module", "--module", f"{HERE / 'network.py'}:build", "--input", SMALL),
)

BUDGETS = (
    Budget("prediction", Measure.SECONDS, 1.35, FLOOR),
    Budget("prediction", Measure.PEAK, 0, FLOOR, 30 * MIB),
    Budget("prediction, json", Measure.SECONDS, 1.7, CLICK),
    Budget("print-net", Measure.SECONDS, 1.6, FLOOR),
    Budget("print-net", Measure.PEAK, 0, FLOOR, 30 * MIB),
    Budget(f"proof {SMALL}", Measure.SECONDS, 1.15, NOTEBOOK),
    Budget(f"proof {SMALL}", Measure.FIRST_BYTE, 1.8, FLOOR),
    Budget("--help", Measure.SECONDS, 1.3, FLOOR),
    Budget("--version", Measure.SECONDS, 1.3, FLOOR),
    Budget("resnet1202, json", Measure.SECONDS, 2.5, FLOOR),
    Budget("resnet50 64x3x4096x4096, json", Measure.SECONDS, 2.5, FLOOR),
    Budget("resnet152, all depths", Measure.SECONDS, 3, FLOOR),
    Budget("presets", Measure.SECONDS, 2.5, FLOOR),
    Budget("check, ten", Measure.SECONDS, 2, FLOOR),
    Budget("block", Measure.SECONDS, 2, FLOOR),
    Budget("explain", Measure.SECONDS, 2, FLOOR),
    Budget("compare, five", Measure.SECONDS, 2, FLOOR),
    Budget("draw, mermaid", Measure.SECONDS, 2, FLOOR),
    Budget("draw, svg", Measure.SECONDS, 3, PYPLOT),
    Budget("--module", Measure.SECONDS, 1.1, TORCHINFO),
    # The prediction does not grow with batch or image, and a huge proof needs no memory for it.
    Budget("resnet50 64x3x8192x8192", Measure.SECONDS, 1.1, "prediction", 0.02),
    Budget("proof, huge", Measure.PEAK, 1, TORCH, 120 * MIB),
)
