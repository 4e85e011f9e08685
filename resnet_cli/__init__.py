"""Predict every layer's shape of a residual network at once, then prove it with PyTorch."""

from resnet_cli.version import __version__

TYPE_CHECKING = False  # as `typing` has it, which takes 4 ms of every start before `main`
if TYPE_CHECKING:
    from typing import Any

    from torch.nn import Module

    from resnet_cli.show.notebook import Inspected

__all__ = ["__version__", "inspect"]


def inspect(
    module: "Module", *inputs: "Any", training: bool = False, **named: "Any"
) -> "Inspected":
    """Run `module` once on `inputs` and return every layer's shapes and costs.

    An input, by position or by name, is a tensor or whatever else `forward` takes (a list of
    tensors, a batch in a dictionary, a string), or a shape, `"1x3x224x224"`, `"1x16:int64"`,
    `(1, 3, 224, 224)` or `"{image: 1x3x8x8}"`, which becomes zeros on the module's device.
    Without any input the module does not run: its modules and parameters are known, and all
    else is None. The module runs where it is, in eval mode unless `training`, without gradients;
    afterwards its modes, buffers and hooks and the random state are as they were. What is
    returned shows itself: as a table in a notebook or printed, in one line where Python shows it.

    Where the forward pass raises, the summary ends at the failing layer and its `error`
    says why. Scripted and exported modules are measured as a whole. Raises `TypeError` for what
    is no module.
    """
    from resnet_cli.pytorch import measure
    from resnet_cli.show.notebook import Inspected

    return Inspected.of(measure.inspect(module, inputs, named, training=training))
