"""Records of plain values in every format that has them: a line a record."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from resnet_cli.cli.values import Format, Output
from resnet_cli.show import formats

Fields: TypeAlias = Mapping[str, tuple[str, bool, int]]
"""A field's header, whether it is a number, and when a narrow terminal drops it."""


def write_records(
    output: Output,
    key: str,
    fields: Fields,
    records: Sequence[Mapping[str, Any]],
    note: str = "",
) -> None:
    """Write records as a table with a note below it, or for machines, in JSON under `key`."""
    screen = output.screen()
    if output.format in (Format.TABLE, Format.MARKDOWN):  # what is no amount has no separators
        amounts = {name for name, (_, is_amount, _) in fields.items() if is_amount}
        records = [
            {k: v if k in amounts or type(v) is not int else str(v) for k, v in record.items()}
            for record in records
        ]
    if output.format is Format.TABLE:
        from resnet_cli.show.grid import Head, records_table  # Rich, which only a table needs

        heads = [Head(*field) for field in fields.values()]
        rows = (record.values() for record in records)
        screen.show(records_table(heads, rows, screen.look(), note))
    else:
        titles = [title for title, _, _ in fields.values()]
        screen.write(formats.records(output.format, key, titles, records))
