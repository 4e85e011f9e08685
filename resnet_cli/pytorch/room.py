"""Where a run has room: what the prediction says before PyTorch is imported."""

from operator import index
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from resnet_cli.analysis.summary import Summary
from resnet_cli.errors import BackendError
from resnet_cli.text import human_bytes

if TYPE_CHECKING:
    from resnet_cli.analysis.memory import Training

# A run on the CPU stays below about 2 s on two cores: MACs in 32 and 64 bit, and in 16 bit,
# where convolutions are some 30 times slower; and below about 1 GiB.
CPU_MACS = 40 * 10**9
CPU_MACS_16_BIT = 15 * 10**8
CPU_BYTES = 2**30

CGROUP = Path("/sys/fs/cgroup")


def choose_device(summary: Summary) -> str:
    """Return `cpu` where the predicted run is short and small, otherwise `meta`."""
    macs = CPU_MACS_16_BIT if summary.itemsize == 2 else CPU_MACS
    small = summary.memory_bytes <= min(CPU_BYTES, free_memory())
    return "cpu" if (summary.macs or 0) <= macs and small else "meta"


def has_room_to_train(summary: Summary, step: "Training") -> bool:
    """Say whether a training step's forward pass is short and small on the CPU."""
    is_16_bit = summary.itemsize == 2 or step.step.amp is not None
    need = summary.memory_bytes + index(step.saved_bytes)
    short = index(summary.macs or 0) <= (CPU_MACS_16_BIT if is_16_bit else CPU_MACS)
    return short and need <= min(CPU_BYTES, free_memory())


def has_room_to_run(summary: Summary) -> bool:
    """Say whether a captured network's run in training is short and small on the CPU."""
    macs = CPU_MACS_16_BIT if summary.itemsize == 2 else CPU_MACS
    need = 2 * index(summary.activation_bytes) + summary.param_bytes
    return index(summary.macs or 0) <= macs and need <= min(CPU_BYTES, free_memory())


def refuse_too_large(summary: Summary, device: str, free: int) -> None:
    """Raise `BackendError` where weights and peak exceed the `free` bytes of the device."""
    if (need := summary.memory_bytes) > free:
        raise BackendError(
            f"--device {device}: weights and peak need {human_bytes(need)}, and "
            f"{human_bytes(free)} are free; use --device meta, which needs none, or a smaller "
            "--input"
        )


def free_memory() -> int:
    """Return the bytes that this process may still take: the machine's, or its container's."""
    free: int = psutil.virtual_memory().available
    try:
        limit, used, stat = (
            (CGROUP / f"memory.{name}").read_text(encoding="ascii")
            for name in ("max", "current", "stat")
        )
        # What files left in the cache is given back on demand.
        cache = dict(line.split() for line in stat.splitlines())["inactive_file"]
        return min(free, int(limit) - int(used) + int(cache))
    except (OSError, ValueError, KeyError):  # no control group, or one without a limit ("max")
        return free
