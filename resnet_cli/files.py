"""Files: read in bounded memory or refused in one line, written whole or not at all."""

import os
from typing import TYPE_CHECKING

from resnet_cli.errors import ClosedPipe, FileError

if TYPE_CHECKING:
    from pathlib import Path


def read_bytes(path: "Path", most: int) -> bytes:
    """Return the content of a file of at most so many bytes. Raises `FileError`."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}") from error
    if len(data) > most:
        raise FileError(f"{path}: is over {most // 1024:,} KiB; that is none of this tool's files")
    return data


def decode(path: "Path", data: bytes) -> str:
    """Return a UTF-8 file's text without its byte order mark. Raises `FileError`."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"{path}: is not UTF-8 text, at byte {error.start}") from error


def write_atomically(path: "Path", content: str | bytes) -> None:
    """Write a file whole or not at all: beside it first, then renamed. Raises `FileError`.

    Text becomes UTF-8 with its line ends as they are. A link keeps pointing where it did, and
    what is no regular file (`/dev/stdout`, a named pipe) is written to and never replaced.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        if path.is_file() or path.is_dir() or not path.exists():
            _replace(path.resolve(), data)
        else:
            path.write_bytes(data)
    except BrokenPipeError as error:
        raise ClosedPipe from error
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror or error}") from error


def _replace(path: "Path", data: bytes) -> None:
    """Put a finished file in the place of `path`; leave nothing else behind."""
    import tempfile  # 4 ms, and only a file needs it
    from pathlib import Path

    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(path.stat().st_mode if path.exists() else 0o666 & ~_umask())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
