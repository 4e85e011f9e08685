"""Figures with units: k, M, G for counts; kB, MB, GB and KiB, MiB, GiB for bytes."""

from collections.abc import Mapping

COUNT_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
BYTE_UNITS = {
    "": 1,
    "b": 1,
    **{f"{prefix}b": 1000**power for power, prefix in enumerate("kmgt", 1)},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgt", 1)},
}


def human_count(value: int, decimals: int = 3) -> str:
    """Write a count with a decimal unit: 1,814,073,344 is `1.814 G`."""
    for power, unit in ((12, "T"), (9, "G"), (6, "M"), (3, "k")):
        if round(value / 10 ** (power - 3), decimals) >= 1000:
            return f"{value / 10**power:,.{decimals}f} {unit}"
    return str(value)


def human_bytes(value: int) -> str:
    """Write bytes with one decimal and a binary unit: 6,422,528 is `6.1 MiB`."""
    for power, unit in ((4, "TiB"), (3, "GiB"), (2, "MiB"), (1, "KiB")):
        if round(value / 1024 ** (power - 1), 1) >= 1024:  # 1,048,575 is 1.0 MiB
            return f"{value / 1024**power:,.1f} {unit}"
    return f"{value} B"


def parse_count(value: object) -> int:
    """Parse `12M`, `1.5G`, `25_557_032` or a number. Raises `ValueError`."""
    return _parse(value, COUNT_UNITS, "a count, as in 25557032, 12M or 1.5G (units k, M, G, T)")


def parse_bytes(value: object) -> int:
    """Parse `40MiB`, `1.5GB`, `4096` or a number. Raises `ValueError`."""
    return _parse(value, BYTE_UNITS, "bytes, as in 4096, 40MiB or 1.5GB (units kB … TB, KiB … TiB)")


def _parse(value: object, units: Mapping[str, int], form: str) -> int:
    """Return a figure times its unit, exactly: no binary fraction comes between."""
    import re

    text = str(value).strip().replace("_", "").replace(",", "")
    match = re.fullmatch(r"(\d{1,30})(?:\.(\d{1,30}))?\s*([a-z]*)", text.lower())
    if isinstance(value, bool) or match is None or match[3] not in units:
        raise ValueError(f"{value!r} is not {form}")
    whole, fraction, unit = match[1], match[2] or "", match[3]
    scale: int = 10 ** len(fraction)
    return int(whole + fraction) * units[unit] // scale
