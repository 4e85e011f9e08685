"""What commands receive: frozen values, each with what holds where nobody says anything.

Named tuples, since every start makes them: as dataclasses they take eight times as long.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from resnet_cli.analysis.summary import By
from resnet_cli.analysis.tools import Tool
from resnet_cli.cli.screen import Screen
from resnet_cli.parse import ALL_DEPTHS

if TYPE_CHECKING:
    from pathlib import Path


class Format(StrEnum):
    """How a result is written; the first five write a network's layers."""

    TABLE = "table"
    PLAIN = "plain"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    LATEX = "latex"
    HTML = "html"
    JUNIT = "junit"


ENDINGS = {
    ".json": Format.JSON,
    ".csv": Format.CSV,
    ".md": Format.MARKDOWN,
    ".markdown": Format.MARKDOWN,
    ".tex": Format.LATEX,
    ".html": Format.HTML,
    ".htm": Format.HTML,
    ".xml": Format.JUNIT,
}
"""How a file is written whose name ends so, unless --format says another."""

TEXTS = (".txt", ".text", ".log", ".out")
"""Endings of what is a table unless something says another; others are so too, but for typos."""

FIGURES = (".svg", ".png", ".pdf", ".mmd")
"""The endings of what `draw` writes."""

PURPOSES: Mapping[Format, str] = {
    Format.TABLE: "table",
    Format.PLAIN: "plain, the notebook's lines",
    Format.MARKDOWN: "markdown, for GitHub",
    Format.LATEX: "latex, for papers",
    Format.JSON: "json, for programs",
    Format.CSV: "csv, for spreadsheets",
    Format.HTML: "html, a page to explore",
    Format.JUNIT: "junit, for CI",
}
"""What the help says of each format."""

SUMMARY_FORMATS = (
    *(Format.TABLE, Format.PLAIN, Format.JSON, Format.CSV, Format.MARKDOWN),
    Format.LATEX,
)


class Device(StrEnum):
    """Where the proof runs."""

    AUTO = "auto"
    CPU = "cpu"
    META = "meta"
    CUDA = "cuda"
    MPS = "mps"


class Color(StrEnum):
    """Whether to write colours."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class ProofOptions(NamedTuple):
    """Whether PyTorch proves the prediction, and where it runs."""

    run: bool = True
    device: Device = Device.AUTO


class TableOptions(NamedTuple):
    """What a table shows; without `columns` those that say something about the network."""

    depth: int = 1
    at: tuple[Mapping[str, int], ...] = ()
    columns: tuple[str, ...] = ()
    by: By | None = None
    fold: bool = True
    bars: bool = False
    count_like: tuple[Tool, ...] = ()


class Output(NamedTuple):
    """How a result is written, and where: to a file, or the screen."""

    format: Format = Format.TABLE
    color: Color = Color.AUTO
    path: "Path | None" = None

    def screen(self) -> Screen:
        """Return where to write."""
        return Screen(self.color, self.path)


ELSEWHERE: Mapping[str, tuple[tuple[str, ...], object]] = {
    # A program, or who reads a page, can leave rows out and cannot ask for more.
    "depth": ((Format.JSON, Format.CSV, Format.HTML), ALL_DEPTHS),
    # It is asked for the text, in a moment.
    "run": (("print-net",), False),
}
"""The options of which something else is usual in some formats or commands: where, and what."""
