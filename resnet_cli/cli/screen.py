"""How commands write: results to stdout or a file, notes to stderr, each as it can show them."""

import os
import sys
from typing import TYPE_CHECKING, TextIO

from resnet_cli.errors import ClosedPipe, FileError
from resnet_cli.files import write_atomically
from resnet_cli.text import Look, broken, harmless, printable

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType


class Screen:
    """Both streams, and what each can show.

    `color` is `auto`, `always` or `never`; with `auto` NO_COLOR beats FORCE_COLOR, and each
    stream decides for itself. With `output` the results go to that file.
    """

    def __init__(self, color: str = "auto", output: "Path | None" = None) -> None:
        self.color = color
        self.output = output
        self.stdout = sys.stdout  # the user's own code may put another in its place

    def look(self) -> Look:
        """Return what the results' place can show; a pipe or file has no width."""
        if self.output is not None:
            return Look()
        return Look(_width(self.stdout), ascii=self.is_ascii())

    def is_ascii(self) -> bool:
        """Say whether the results' place has ASCII alone; a file has it all."""
        return self.output is None and _is_ascii(self.stdout)

    def show(self, renderable: "RenderableType") -> None:
        """Write a renderable to the results' place."""
        from resnet_cli.show.grid import rendered

        colored = self.output is None and self._is_colored(self.stdout)
        self._put(rendered(renderable, colored=colored))

    def write(self, text: str) -> None:
        """Write a result, nothing in it that steers a terminal or a log."""
        self._put(harmless(text))

    def _put(self, text: str) -> None:
        """Write a result as it is, and flush: it stands before anything slow begins."""
        if self.output is not None:
            self.save(self.output, text.encode())
        else:
            _write(self.stdout, text)

    def save(self, path: "Path", content: bytes) -> None:
        """Write a file, and say so."""
        write_atomically(path, content)
        self.note(f"wrote {printable(str(path))}", "dim")

    def note(self, message: str, style: str = "") -> None:
        """Write a line to stderr, in colour where that can show it; nowhere if it is closed."""
        message = fitted(printable(message), sys.stderr)
        if sys.stderr is None:
            return
        if style and self._is_colored(sys.stderr):
            from rich.text import Text

            from resnet_cli.show.grid import rendered

            _write(sys.stderr, rendered(Text(message, style), colored=True))
        else:
            _write(sys.stderr, message + "\n")

    def is_interactive(self) -> bool:
        """Say whether stderr can show a line that changes."""
        return _is_terminal(sys.stderr) and os.environ.get("TERM") not in ("dumb", "unknown")

    def _is_colored(self, stream: TextIO | None) -> bool:
        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR"):
            return True
        return _is_terminal(stream) and os.environ.get("TERM") not in ("dumb", "unknown")


PIECE = 1024
"""Characters written at once: with PYTHONUNBUFFERED, Python does not notice that a reader or a
disk took only a part, so the next piece must; as UTF-8 a piece is at most what a pipe takes whole.
"""


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None or not stream.writable():
        raise FileError("cannot write: the output is closed")
    encoding = stream.encoding or "utf-8"
    try:
        for start in range(0, len(text), PIECE):
            piece = text[start : start + PIECE]
            stream.write(piece.encode(encoding, "replace").decode(encoding))
        stream.flush()
    except BrokenPipeError as error:
        raise ClosedPipe from error
    except OSError as error:
        raise FileError(f"cannot write the output: {error.strerror or error}") from error


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


def _width(stream: TextIO | None) -> int | None:
    """Return a terminal's columns (COLUMNS beats it), None for a pipe or file."""
    if not _is_terminal(stream):
        return None
    import shutil  # 4 ms, and a pipe does not need it

    return shutil.get_terminal_size().columns


def fitted(message: str, stream: TextIO | None) -> str:
    """Break a message between words where a terminal ends; a pipe has it in one line."""
    return broken(message, _width(stream))


def _is_ascii(stream: TextIO | None) -> bool:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return not encoding.lower().replace("-", "").startswith("utf")
