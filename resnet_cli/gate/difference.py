"""How two results differ, as `check` says it of a network and its lock."""

from typing import TYPE_CHECKING, Any

from resnet_cli.analysis.network import Network, Plain
from resnet_cli.errors import ConfigError
from resnet_cli.gate import changes, earlier
from resnet_cli.gate.changes import Change, told
from resnet_cli.gate.earlier import Earlier
from resnet_cli.gate.lines import Locked

if TYPE_CHECKING:
    from resnet_cli.show.result import Result


class Difference(tuple[Change, ...]):
    """Changes in order; printed they are a diff's lines, each with what follows from it."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(line for said in told(self) for line in said.lines)


def difference(old: "Result", new: "Result") -> Difference:
    """Return the changes from one result to another. Raises `ConfigError` for names in inputs."""
    for each in (old, new):
        if each.summary.held:
            raise ConfigError(
                "input", f"{each.name}: the input has names, and a diff needs numbers"
            )
    was, now = (_locked(each) for each in (old, new))
    if was is not None and now is not None:
        return Difference(changes.changes(was, now))
    rows = {row.path: earlier.metrics(row) for row in old.layers}
    totals: dict[str, Any] = {name: old.totals[name] for name in ("params", "macs")}
    shape = [*map(int, old.input_shape)]
    locked = Earlier(is_module=True, input_shape=shape, totals=totals, rows=rows)
    return Difference(earlier.changes(locked, new.summary))


def _locked(result: "Result") -> Locked | None:
    """Return a network as a lock would hold it, None where its operations are not known."""
    if result.graph is None or not result.summary.ran:
        return None
    return Locked.of(Network(Plain(result.config), result.graph, result.summary))
