"""Where a run ended early, and what is known of the rows around there."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.analysis.paths import is_at
from resnet_cli.analysis.summary import UNKNOWN, LayerRow

if TYPE_CHECKING:
    from resnet_cli.graph.kinds import Window


class Failure(NamedTuple):
    """Where a run ended early: the path of the module, why, and what it would slide."""

    path: str
    message: str
    window: "Window | None" = None


def marked(rows: Sequence[LayerRow], failure: Failure) -> Iterator[LayerRow]:
    """Give the rows with the error at the failing layer and at those around it.

    What a run would have told of them is not known; nor is what a module holds, of which the
    rows are a part.
    """
    path, message, window = failure
    for row in rows:
        if not is_at(path, row.path):
            yield row
            continue
        found = row._replace(
            error=f"in {path}",
            note="",
            macs=UNKNOWN,
            output_bytes=UNKNOWN,
            activation_bytes=UNKNOWN,
        )
        if not row.leaf:
            found = found._replace(params=UNKNOWN, frozen=0, buffers=UNKNOWN)
        yield found._replace(error=message, window=window) if row.path == path else found
