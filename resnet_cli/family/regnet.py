"""RegNet: widths and depths from a line, quantised (Radosavovic et al. 2020, section 3.3)."""

from itertools import groupby
from math import isfinite, log, nan
from typing import NamedTuple

from resnet_cli.parse import number

MOST = 10_000
"""Blocks, and channels of a block: far beyond any that was ever built."""


class RegNet(NamedTuple):
    """A line of widths: `w0 + wa * i` of the i-th of `depth` blocks, in steps of a factor `wm`.

    Widths are multiples of 8 and then of the `group_size` of the 3x3 convolutions, as timm
    rounds, or never below `min_ratio` of what they were, as torchvision does (0.9). With an
    `se_ratio` (RegNetY: 0.25) each block has a gate, of that share of its input's width.
    """

    w0: int
    wa: float
    wm: float
    depth: int
    group_size: int
    se_ratio: float = 0.0
    min_ratio: float = 0.0

    @property
    def wrong(self) -> str:
        """What is wrong with it, or nothing."""
        least = {"w0": 8, "wa": 0, "wm": 1.01, "depth": 1, "group_size": 1, "se_ratio": 0}
        for name, bound in least.items():
            if not (value := getattr(self, name)) >= bound:
                return f"{_said(name, value)} is too small: give at least {bound}"
        if self.w0 % 8:
            return f"w0={self.w0} is no multiple of 8"
        if max(self.se_ratio, self.min_ratio) > 1 or max(self.depth, self.group_size) > MOST:
            return f"{self}: ratios are at most 1, depth and group-size {MOST:,}"
        if max(self.wa * self.depth + self.w0, self.wm) > MOST:
            return f"{self}: its widths grow beyond {MOST:,}"
        return ""

    @property
    def stages(self) -> list[tuple[int, int]]:
        """Width and number of blocks of each stage."""
        exact = (self.w0 + self.wa * i for i in range(self.depth))
        steps = (round(log(width / self.w0) / log(self.wm)) for width in exact)
        widths = (8 * round(self.w0 * self.wm**step / 8) for step in steps)
        return [(self._fitted(width), len([*run])) for width, run in groupby(widths)]

    def _fitted(self, width: int) -> int:
        """Return a width as a multiple of the group size."""
        size = min(self.group_size, width)
        if not self.min_ratio:
            return round(width / size) * size
        fitted = max(size, (width + size // 2) // size * size)
        return fitted + size if fitted < self.min_ratio * width else fitted

    def __str__(self) -> str:
        """Write it as its flag takes it."""
        defaults = RegNet._field_defaults
        return ",".join(
            _said(name, value)
            for name, value in self._asdict().items()
            if value != defaults.get(name)
        )


_WHOLE = ("w0", "depth", "group_size")


def _said(name: str, value: float) -> str:
    """Write a number as its flag takes it, to the last digit."""
    return f"{name.replace('_', '-')}={value!r}".removesuffix(".0")


def _real(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not isfinite(value):
        raise ValueError(f"{text!r} is no number")
    return value


def parse(value: object) -> RegNet:
    """Parse `w0=24,wa=36.44,wm=2.49,depth=13,group-size=8`. Raises `ValueError`."""
    example = "w0=24,wa=36.44,wm=2.49,depth=13,group-size=8, and se-ratio=0.25 for a RegNetY"
    given: dict[str, float] = {}
    for word in str(value).split(","):
        name, _, text = word.partition("=")
        key = name.strip().replace("-", "_")
        if key not in RegNet._fields or key in given:
            raise ValueError(f"{value!r}: {name.strip()!r} is none of a RegNet's: give {example}")
        try:
            given[key] = number(text) if key in _WHOLE else _real(text)
        except ValueError as error:
            raise ValueError(f"{value!r}: {name.strip()}: {error}; give {example}") from None
    missing = [name for name in RegNet._fields[:5] if name not in given]
    if missing:
        raise ValueError(f"{value!r} says nothing for {', '.join(missing)}; give {example}")
    return RegNet(**given)  # type: ignore[arg-type]
