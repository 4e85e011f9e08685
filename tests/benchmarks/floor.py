"""The floors: what a process costs that imports the libraries and prints the same rows.

python floor.py click
python floor.py click-rich
"""

import sys

ROWS = [
    ("0", "stem", "Sequential", "1x64x56x56", "3,328"),
    ("1", "stage 1", "Sequential", "1x64x56x56", "148,224"),
    ("2", "stage 2", "Sequential", "1x128x28x28", "534,400"),
    ("3", "stage 3", "Sequential", "1x256x14x14", "2,133,760"),
    ("4", "stage 4", "Sequential", "1x512x7x7", "8,527,360"),
    ("5", "pool", "AdaptiveAvgPool2d", "1x512x1x1", "0"),
    ("6", "flatten", "Flatten", "1x512", "0"),
    ("7", "head", "Linear", "1x10", "5,130"),
]


def with_click():
    import click

    click.echo("\n".join("  ".join(row) for row in ROWS))


def with_click_and_rich():
    import click  # noqa: F401 - its import is what is measured
    from rich.console import Console
    from rich.table import Table

    table = Table("Path", "Role", "Type", "Output shape", "Params")
    for row in ROWS:
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    {"click": with_click, "click-rich": with_click_and_rich}[sys.argv[1]]()
