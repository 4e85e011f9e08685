"""What a training step holds, for people: a block that adds up, and what is not in it."""

from collections.abc import Collection
from operator import index
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from resnet_cli.show.grid import Cell, Grid, Head
from resnet_cli.text import Look, broken, human_bytes, human_count, human_text

if TYPE_CHECKING:
    from resnet_cli.analysis.memory import Training
    from resnet_cli.analysis.step import Step

LOSS = "Saved in all has {} bytes that the loss keeps, and no layer."

NOT_IN_IT = (
    "Not in it: CUDA context, cuDNN workspaces, allocator rounding and fragmentation, "
    "data-parallel buckets, temporaries of foreach and fused optimisers."
)


def training_block(
    training: "Training", names: Collection[object], look: Look
) -> tuple[RenderableType, ...]:
    """Return the block below a table; where the input has `names` the totals have the sums."""
    loss = human_text(training.loss_bytes, ascii_only=look.ascii)
    said = [*([] if training.loss_bytes == 0 else [LOSS.format(loss)]), *remarks(training)]
    head = Text(f"\nTraining step: {described(training.step)}", "bold")
    notes = Text("\n" + broken("\n".join([*said, NOT_IN_IT]), look.prose), "dim")
    if names:
        return head, notes
    return head, Text(), _sums(training, look), notes


def described(step: "Step") -> str:
    """Write how a network is trained, as in `adamw, amp bfloat16, frozen: 0, 1`."""
    parts = [str(step.optimizer)]
    parts += [f"amp {step.amp}"] if step.amp else []
    parts += [f"checkpoint by {step.checkpoint}"] if step.checkpoint else []
    parts += [f"frozen: {', '.join(step.freeze)}"] if step.freeze else []
    parts += ["norms in evaluation mode"] if step.eval_norms else []
    return ", ".join(parts)


def remarks(training: "Training") -> list[str]:
    """Return what a reader should know of the numbers: whether they are exact."""
    if training.unknown:
        names = ", ".join(training.unknown)
        return [
            f"Saved was measured, since it is not known what these keep: {names}.",
            "The peak is at most this: all that is there, all that is saved, and the gradients "
            "of all weights and of all maps.",
        ]
    found = [
        "Saved counts the input and the target, which at the peak have a row of their own.",
        "The peak is what PyTorch's MemTracker sees on the second step, foreach=False.",
    ]
    return found if training.exact else [found[0], "The peak was not proved with these options."]


def _sums(training: "Training", look: Look) -> RenderableType:
    """Return what there is in all, and at the peak, where it adds up."""
    heads = [Head("Bytes"), Head("In all", right=True), Head("At the peak", right=True)]
    gradients, saved, rest = training.at_peak or (None, None, None)
    always = {
        "Parameters": training.param_bytes,
        "Optimiser state": training.optimizer_bytes,
        "Buffers": training.buffer_bytes,
        "Input and target": training.input_bytes + training.target_bytes,
    }
    rows: list[list[object]] = [[label, size, size] for label, size in always.items()]
    rows += [
        ["Gradients of weights", training.gradient_bytes, gradients],
        ["Saved for backward", training.saved_bytes, saved],
    ]
    rows += [] if rest is None else [["The rest", None, rest]]
    cells = [[Cell(human_text(value)) for value in row] for row in rows]
    peak = index(training.peak_bytes or 0)
    where = "at most" if training.peak_at is None else f"at {training.peak_at}"
    total = [
        Cell(f"Peak, {where}", "bold"),
        Cell(human_bytes(peak), "dim"),
        Cell(human_text(peak), "bold"),
    ]
    sums = Grid(heads, cells, total, look)
    if training.flops is None:
        return sums
    flops = index(training.flops)
    line = Text(f"\nTraining FLOPs  {human_text(flops)}  ", end="")
    line.append(human_count(flops), "dim")
    return Group(sums, line)
