"""A graph's modules as PyTorch prints them, in the notation of the notebook's version.

Newer versions print one field more for batch norm (2.13: `bias=True`).
"""

from typing import TYPE_CHECKING, cast

from resnet_cli.graph.graph import Graph, Module, children, infer

if TYPE_CHECKING:
    from resnet_cli.graph.kinds import Layer


def printed(graph: Graph) -> str:
    """Return the network as `print` of its modules would show it."""
    facts = infer(graph)
    below = children(graph.modules)
    leaves = {operation.path: operation for operation in reversed(graph.operations)}

    texts: dict[str, str] = {}

    def text(module: Module) -> str:
        if module.like in texts:
            return texts[module.like]
        if module.held is not None:  # what is no class of PyTorch's prints no more
            return f"{module.type}()"
        if module.is_leaf:
            kind, inputs, *_ = leaves[module.path]
            operation, output = inputs[0]
            return cast("Layer", kind).printed(facts[operation].outputs[output])
        body = "".join(
            f"  ({child.path.rpartition('.')[2]}): " + text(child).replace("\n", "\n  ") + "\n"
            for child in below.get(module.path, ())
        )
        return texts.setdefault(module.path, f"{module.type}(\n{body})")

    return text(graph.modules[0])
