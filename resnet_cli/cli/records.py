"""Records of plain values in every format that has them: a line a record."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from resnet_cli.cli.screen import Screen
from resnet_cli.cli.values import Format
from resnet_cli.show import formats

Fields: TypeAlias = Mapping[str, tuple[str, bool, int]]
"""A field's header, whether it is a number, and when a narrow terminal drops it."""

GROUP = -1
"""The rank of a field that has no column in a table: it is the heading of a group."""


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
    if kind in (Format.TABLE, Format.MARKDOWN, Format.LATEX):  # what is no amount has no separators
        amounts = {name for name, (_, is_amount, _) in fields.items() if is_amount}
        records = [
            {k: v if k in amounts or type(v) is not int else str(v) for k, v in record.items()}
            for record in records
        ]
    if kind is Format.TABLE:
        from resnet_cli.show.grid import Head, records_table  # Rich, which only a table needs

        shown = [name for name, (_, _, rank) in fields.items() if rank != GROUP]
        heads = [Head(*fields[name]) for name in shown]
        rows = ([record[name] for name in shown] for record in records)
        by = next((name for name in fields if name not in shown), None)
        groups = [record[by] for record in records] if by else []
        screen.show(records_table(heads, rows, screen.look(), note, groups))
    elif kind is Format.LATEX:
        from resnet_cli.show.latex_table import records_to_latex

        screen.write(
            records_to_latex(
                [title for title, _, _ in fields.values()],
                [[*record.values()] for record in records],
            )
        )
    else:
        titles = [title for title, _, _ in fields.values()]
        screen.write(formats.records(kind, key, titles, records, tail))
