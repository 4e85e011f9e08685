"""Records of plain values in every format that has them: a line a record."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from resnet_cli.cli.screen import Screen
from resnet_cli.cli.values import Format
from resnet_cli.show import formats

Fields: TypeAlias = Mapping[str, tuple[str, bool, int]]
"""A field's header, whether it is a number, and when a narrow terminal drops it."""


def write_records(
    screen: Screen,
    kind: Format,
    key: str,
    fields: Fields,
    records: Sequence[Mapping[str, Any]],
    note: str = "",
    tail: Mapping[str, object] | None = None,
) -> None:
    """Write records as a table with a note below it, or for machines, in JSON under `key`.

    What is in `tail` stands in the JSON behind them.
    """
    if kind in (Format.TABLE, Format.MARKDOWN):  # what is no amount has no separators
        amounts = {name for name, (_, is_amount, _) in fields.items() if is_amount}
        records = [
            {k: v if k in amounts or type(v) is not int else str(v) for k, v in record.items()}
            for record in records
        ]
    if kind is Format.TABLE:
        from resnet_cli.show.grid import Head, records_table  # Rich, which only a table needs

        heads = [Head(*field) for field in fields.values()]
        rows = (record.values() for record in records)
        screen.show(records_table(heads, rows, screen.look(), note))
    else:
        titles = [title for title, _, _ in fields.values()]
        screen.write(formats.records(kind, key, titles, records, tail))
