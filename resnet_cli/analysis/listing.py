"""The modules of a network that did not run: what each holds, and nothing that a run would tell."""

from collections.abc import Iterator, Mapping, Sequence

from resnet_cli.analysis.rows import ROOT
from resnet_cli.analysis.summary import UNKNOWN, LayerRow, Summary, added
from resnet_cli.analysis.walk import item_size
from resnet_cli.graph.graph import Module, Weight, children


def listed(modules: Sequence[Module], name: str, *, dtype: str = "float32") -> Summary:
    """Return every module's row in the order of registration; a lone module has its own."""
    network, below = modules[0], children(modules)
    rows = [_row(network, ROOT, 1, [])] if network.is_leaf else [*_rows(network, 1, below)]
    return Summary(
        name=name,
        input_shape=(),
        output_shape=(),
        dtype=dtype,
        itemsize=item_size(dtype),
        rows=tuple(rows),
        peak_bytes=None,
        measured=True,
        ran=False,
    )


def _rows(module: Module, depth: int, below: Mapping[str, Sequence[Module]]) -> Iterator[LayerRow]:
    """Give the rows of all modules in a module, each before those in it."""
    for child in below.get(module.path, ()):
        inside = [*_rows(child, depth + 1, below)]
        yield _row(child, child.path, depth, inside)
        yield from inside


def _row(module: Module, path: str, depth: int, inside: Sequence[LayerRow]) -> LayerRow:
    leaves = [row for row in inside if row.leaf]
    held = module.held or Weight(UNKNOWN, 0, UNKNOWN)
    if not module.is_leaf:
        params = added(row.params for row in leaves)
        buffers = added(row.buffers for row in leaves)
        held = Weight(params, sum(row.frozen for row in leaves), buffers)
    note = f"same module as {module.same_as}" if module.same_as else module.note
    return LayerRow(
        path=path,
        depth=depth,
        leaf=module.is_leaf,
        role="",
        type=module.type,
        input_shape=(),
        output_shape=held.shape,
        params=held.params,
        buffers=held.buffers,
        macs=UNKNOWN,
        output_bytes=UNKNOWN,
        activation_bytes=UNKNOWN,
        receptive_field=None,
        stride=None,
        window=None,
        frozen=held.frozen,
        calls=UNKNOWN,
        note=note,
    )
