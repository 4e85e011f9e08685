"""A file is written whole or not at all, and stays what it was."""

import os
from unittest import mock

import pytest

from resnet_cli.errors import FileError
from resnet_cli.files import write_atomically

posix = pytest.mark.skipif(os.name != "posix", reason="what POSIX files do")


def names(folder):
    """Return what lies in a folder."""
    return [path.name for path in folder.iterdir()]


def test_a_file_is_written_whole_and_alone(tmp_path):
    target = tmp_path / "net.json"
    write_atomically(target, "old\n")
    write_atomically(target, "new ×\n")  # noqa: RUF001
    assert target.read_bytes() == b"new \xc3\x97\n"
    assert names(tmp_path) == ["net.json"]


def test_a_file_that_cannot_be_finished_leaves_the_old_one_whole(tmp_path, monkeypatch):
    target = tmp_path / "net.json"
    target.write_text("old")
    for error in (OSError(28, "No space left on device"), KeyboardInterrupt()):

        def full(_, error=error):
            raise error

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises((FileError, KeyboardInterrupt)):
            write_atomically(target, "new")
        assert target.read_text() == "old"
        assert names(tmp_path) == ["net.json"]


def test_a_file_that_cannot_be_encoded_leaves_nothing_behind(tmp_path):
    with pytest.raises(UnicodeEncodeError):
        write_atomically(tmp_path / "net.json", "\udcff")
    assert names(tmp_path) == []


@pytest.mark.parametrize("place", ["missing/net.json", "folder"])
def test_a_place_that_cannot_be_written_is_named(tmp_path, place):
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileError, match=f"cannot write .*{place}: "):
        write_atomically(tmp_path / place, "text")
    assert names(tmp_path) == ["folder"]


@posix
def test_a_new_file_follows_the_umask_and_an_old_one_keeps_its_mode(tmp_path):
    target = tmp_path / "net.json"
    before = os.umask(0o027)
    try:
        write_atomically(target, "")
    finally:
        os.umask(before)
    assert target.stat().st_mode & 0o777 == 0o640
    target.chmod(0o600)
    write_atomically(target, "again")
    assert target.stat().st_mode & 0o777 == 0o600


@posix
def test_a_link_keeps_pointing_where_it_did(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_atomically(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


@posix
def test_a_device_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomically(pipe, "text")
        assert os.read(reader, 99) == b"text"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


@posix
def test_a_file_with_more_names_is_written_through(tmp_path, monkeypatch):
    target, other = tmp_path / "net.json", tmp_path / "other"
    target.write_text("a longer content")
    os.link(target, other)
    write_atomically(target, "new")
    assert (other.read_text(), target.stat().st_nlink) == ("new", 2)
    for error in (OSError(28, "No space left on device"), KeyboardInterrupt()):
        monkeypatch.setattr(os, "fsync", mock.Mock(side_effect=error))
        with pytest.raises((FileError, KeyboardInterrupt)):
            write_atomically(target, "newer")
        assert other.read_text() == "new"


@posix
def test_a_file_of_another_owner_stays_theirs(tmp_path, monkeypatch):
    target = tmp_path / "net.json"
    target.write_text("old")
    inode = target.stat().st_ino
    monkeypatch.setattr(os, "geteuid", lambda: target.stat().st_uid + 1)
    write_atomically(target, "new")
    assert (target.read_text(), target.stat().st_ino) == ("new", inode)


@posix
def test_a_file_that_nobody_may_write_is_refused(tmp_path):
    target = tmp_path / "net.json"
    target.write_text("old")
    target.chmod(0o444)
    with pytest.raises(FileError, match=r"net\.json: it is write-protected \(-r--r--r--\)"):
        write_atomically(target, "new")
    assert target.read_text() == "old"


@posix
def test_links_in_a_circle_are_named(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(FileError, match=r"cannot write .*a: "):
        write_atomically(tmp_path / "a", "new")
    assert sorted(names(tmp_path)) == ["a", "b"]


@posix
def test_another_users_link_where_everybody_may_write_is_refused(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "link").symlink_to(tmp_path / "real")
    (tmp_path / "open").chmod(0o1777)
    link = tmp_path / "open" / "link"
    write_atomically(link, "of our own")
    if os.geteuid() == 0:
        os.chown(link, 12345, 12345, follow_symlinks=False)
        with pytest.raises(FileError, match="a link of another user's"):
            write_atomically(link, "new")
    assert (tmp_path / "real").read_text() == "of our own"
