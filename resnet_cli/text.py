"""How values are written: shapes, counts, units, several shapes, and whatever the user gave.

Figures have units: k, M, G for counts; KiB, MiB, GiB for bytes.
"""

import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

Tree: TypeAlias = str | Sequence["Tree"] | Mapping[str, "Tree"] | None
"""Several shapes as a module takes or gives them: `["1x8", {"mask": "1x8:bool"}]`."""


PROSE = 88
"""The columns of running text, where there is room for them."""


class Look(NamedTuple):
    """What the output can show: its width in columns (None: any), and whether only ASCII."""

    width: int | None = None
    ascii: bool = False

    @property
    def prose(self) -> int:
        """The columns that a note has."""
        return PROSE if self.width is None else min(self.width, PROSE)


def broken(text: str, width: int | None) -> str:
    """Break each line between words where `width` columns end; a longer word stays whole."""
    if width is None or all(len(line) <= width for line in text.split("\n")):
        return text
    from textwrap import fill

    return "\n".join(
        fill(line, max(width, 1), break_long_words=False, break_on_hyphens=False)
        for line in text.split("\n")
    )


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


def format_shape(shape: Iterable[object]) -> str:
    """Write a shape as it is written everywhere: `1x64x56x56`; without dimensions, `scalar`."""
    return "x".join(map(factor, shape)) or "scalar"


def factor(size: object, write: Callable[[object], str] = str) -> str:
    """Write a size that others are multiplied by: a sum of names stands in brackets."""
    return f"({write(size)})" if getattr(size, "is_sum", False) else write(size)


def place_text(path: str) -> str:
    """Write where something is: a layer's path, or the network's own code."""
    return "the network's own code" if path in ("", ".") else f"layer {path}"


def tree_text(tree: Tree) -> str:
    """Write several shapes in one line: `(1x8x7x7, {aux: 1x10})`."""
    if tree is None or isinstance(tree, str):
        return tree or "none"
    if isinstance(tree, Mapping):
        return "{" + ", ".join(f"{key}: {tree_text(value)}" for key, value in tree.items()) + "}"
    return "(" + ", ".join(map(tree_text, tree)) + ")"


def plain_text(value: object) -> str:
    """Write a value for machines: no separators, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return format_shape(value)
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def human_text(value: object, *, ascii_only: bool = False) -> str:
    """Write a value for people; with `ascii_only` a formula as machines read it."""
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.1f}%"
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, tuple):
        write = str if ascii_only else _size
        return "x".join(factor(size, write) for size in value) or "scalar"
    return str(value) if ascii_only else f"{value:,}"


def _size(size: object) -> str:
    """Write a size in a shape for people: a formula with their signs, a number as it is."""
    return str(size) if isinstance(size, int) else f"{size:,}"


def printable(text: str) -> str:
    """Return the text on one line, control characters escaped: none steers a terminal or CI.

    GitHub's runner obeys `##[command]` wherever it stands in a line of the log.
    """
    if text.isprintable() and "##[" not in text:  # nearly all, and quick to see
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    ).replace("##[", r"\x23#[")


_PLAIN = bytes(range(0x20, 0x7F)) + b"\t\n"
"""What most documents in ASCII consist of: with nothing else in it no line need be looked at."""


def harmless(text: str) -> str:
    """Return text of several lines, each as `printable` has it, and none a `::command`."""
    is_plain = text.isprintable() or (text.isascii() and not text.encode().translate(None, _PLAIN))
    if is_plain and "##[" not in text and "::" not in text:  # nearly all
        return text
    return "\n".join(map(_harmless, text.split("\n")))


def _harmless(line: str) -> str:
    line = "\t".join(map(printable, line.split("\t")))
    if line.lstrip().startswith("::"):
        line = line.replace("::", r"\x3a:", 1)
    return line


def short(value: object) -> str:
    """Return a value of a file's as an error shows it, however large it is."""
    return reprlib.repr(value)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the nearest known word, or nothing."""
    from difflib import get_close_matches  # 4 ms, and only a mistake needs it

    names = {name.lower(): name for name in known}
    matches = [names[name] for name in get_close_matches(word.lower(), names, n=1)]
    return f" (did you mean {matches[0]!r}?)" if matches else ""
