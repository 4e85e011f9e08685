"""Predict every layer's shape of a residual network at once, then prove it with PyTorch."""

from resnet_cli.version import __version__

TYPE_CHECKING = False  # as `typing` has it, which takes 4 ms of every start before `main`
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from torch.nn import Module

    from resnet_cli.errors import ResNetShapesError
    from resnet_cli.gate.difference import Difference
    from resnet_cli.show.result import Result

__all__ = ["ResNetShapesError", "Result", "__version__", "diff", "inspect", "predict"]


def predict(
    preset: str | None = None,
    input: "str | Sequence[int] | None" = None,  # noqa: A002 - the flag's name
    **fields: "Any",
) -> "Result":
    """Return every layer's shapes and costs of a residual network, by arithmetic, without PyTorch.

    It starts from a preset (`resnet-shapes presets` lists them), or from the notebook's ResNet-18,
    which the fields then change: those of the command line, `block="bottleneck"`, `groups=32`,
    `channels=(64, 128, 256, 512)`, as they stand in `Result.config`. The input is
    `(N, C, H, W)`, as numbers or as `"1x3x224x224"`; in `"Nx3xHxW"` N, H and W are names, and
    sizes and counts are formulas. Without one it is the preset's.

    Raises `ValueError` for what is no preset, field or network; the message names the field.
    """
    from resnet_cli.analysis import network
    from resnet_cli.family.plain import configured
    from resnet_cli.show.result import Result

    given = fields if input is None else {"input": input, **fields}
    return Result.of(network.predict(configured(preset, given)))


def inspect(module: "Module", *inputs: "Any", training: bool = False, **named: "Any") -> "Result":
    """Run `module` once on `inputs` and return every layer's shapes and costs.

    An input, by position or by name, is a tensor or whatever else `forward` takes (a list of
    tensors, a batch in a dictionary, a string), or a shape, `"1x3x224x224"`, `"1x16:int64"`,
    `(1, 3, 224, 224)` or `"{image: 1x3x8x8}"`, which becomes zeros on the module's device.
    Without any input the module does not run: its modules and parameters are known, and all
    else is None. The module runs where it is, in eval mode unless `training`, without gradients;
    afterwards its modes, buffers and hooks and the random state are as they were.

    Where the forward pass raises, the layers end at the failing one and the result's `error`
    says why. Scripted and exported modules are measured as a whole. Raises `TypeError` for what
    is no module, and `ValueError` for a shape with names.
    """
    from resnet_cli.pytorch import measure
    from resnet_cli.show.formats import proof_dict
    from resnet_cli.show.result import Result

    network, proof = measure.inspect(module, inputs, named, training=training)
    return Result.of(network, proof and proof_dict(proof))


def diff(old: "Result", new: "Result") -> "Difference":
    """Return how two networks differ, as `resnet-shapes check` says it; printed it is a diff.

    It is empty, and so false, where the lock file of both would be the same. Of a module that was
    read from JSON paths, types, output shapes and counts are compared alone. Raises `ValueError`
    for inputs with names: compare the results `at` sizes.
    """
    from resnet_cli.gate.difference import difference

    return difference(old, new)


def __getattr__(name: str) -> "Any":
    """Import a class when it is first asked for, so that `import resnet_cli` takes no time."""
    if name == "Result":
        from resnet_cli.show.result import Result

        return Result
    if name == "ResNetShapesError":
        from resnet_cli.errors import ResNetShapesError

        return ResNetShapesError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
