"""Figures with units: k, M, G for counts, KiB, MiB, GiB for bytes."""


def human_count(value: int) -> str:
    """Write a count with three decimals and a decimal unit: 1,814,073,344 is `1.814 G`."""
    for power, unit in ((12, "T"), (9, "G"), (6, "M"), (3, "k")):
        if value >= 10**power:
            return f"{value / 10**power:,.3f} {unit}"
    return str(value)


def human_bytes(value: int) -> str:
    """Write bytes with one decimal and a binary unit: 6,422,528 is `6.1 MiB`."""
    for power, unit in ((4, "TiB"), (3, "GiB"), (2, "MiB"), (1, "KiB")):
        if value >= 1024**power:
            return f"{value / 1024**power:,.1f} {unit}"
    return f"{value} B"
