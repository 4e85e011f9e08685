"""Text files from outside: read in bounded memory, or refused in one line."""

from typing import TYPE_CHECKING

from resnet_cli.errors import FileError

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
