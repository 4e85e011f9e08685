"""Files: read in bounded memory or refused in one line, written whole or not at all."""

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from resnet_cli.errors import ClosedPipe, FileError

if TYPE_CHECKING:
    from io import FileIO
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

    Text becomes UTF-8 with its line ends as they are. A link keeps pointing where it did. A file
    of another owner, or that has more names, is written through and stays that file; one that
    nobody may write is refused. What is no regular file (`/dev/stdout`, a named pipe) is written
    to and never replaced.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        there = _there(path)
        _refuse_planted(path)
        if there is None:
            _replace(path.resolve(), data, 0o666 & ~_umask())
        elif not stat.S_ISREG(there.st_mode):
            path.write_bytes(data)
        elif not there.st_mode & _WRITING or not os.access(path, os.W_OK):
            mode = stat.filemode(there.st_mode)
            raise FileError(f"cannot write {path}: it is write-protected ({mode})")
        elif there.st_nlink > 1 or there.st_uid != _user():
            _overwrite(path, data)
        else:
            _replace(path.resolve(), data, stat.S_IMODE(there.st_mode))
    except BrokenPipeError as error:
        raise ClosedPipe from error
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror or error}") from error


_WRITING = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def _there(path: "Path") -> os.stat_result | None:
    """Return what stands at a path, links followed; None where nothing does."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _refuse_planted(path: "Path") -> None:
    """Refuse a link that another user put where everybody may: it could point to any file."""
    folder = path.parent.stat()
    if path.is_symlink() and folder.st_mode & stat.S_ISVTX and folder.st_mode & stat.S_IWOTH:
        owner = path.lstat().st_uid
        if owner not in (_user(), folder.st_uid):
            raise FileError(
                f"cannot write {path}: it is a link of another user's (number {owner}), in a "
                "folder that everybody may write to"
            )


def of_others(path: str) -> tuple[str, int] | None:
    """Return what of a file, of its links and of the folders on the way is another user's.

    That is who neither we are nor root; with their number.
    """
    for end in dict.fromkeys((os.path.abspath(path), os.path.realpath(path))):
        place = end
        while True:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                owner = os.lstat(place).st_uid
                if owner not in (_user(), 0):
                    return place, owner
            if place == os.path.dirname(place):
                break
            place = os.path.dirname(place)
    return None


def _user() -> int:
    """Return who we are; the owner of every file where there are no users."""
    return os.geteuid() if hasattr(os, "geteuid") else 0


def _replace(path: "Path", data: bytes, mode: int) -> None:
    """Put a finished file in the place of `path`; leave nothing else behind."""
    # Its name is known before it is there: a signal at any moment finds what to take away.
    beside = path.with_name(f".resnet-shapes.{os.urandom(8).hex()}")
    try:
        with open(beside, "xb", opener=_private) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(mode)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _overwrite(path: "Path", data: bytes) -> None:
    """Write into the file that is there; put its content back where that is interrupted."""
    with path.open("r+b", buffering=0) as file:
        before = file.read()
        try:
            _fill(file, data)
            os.fsync(file.fileno())
        except BaseException:
            _fill(file, before)
            raise


def _fill(file: "FileIO", data: bytes) -> None:
    file.seek(0)
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
    file.truncate()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
