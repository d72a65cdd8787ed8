"""Delivered files: opened only as what they are, and named in one harmless line."""

import hashlib
import os
from pathlib import Path

import pytest

from ingest.errors import Rejected, Waiting
from ingest.files import open_delivered, sha256_of, sighting
from ingest.messages import one_line


def test_file_is_opened_and_hashed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"abc")

    with open_delivered(path) as file:
        assert file.read() == b"abc"
    assert sha256_of(path) == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize("kind", ["link", "dangling link", "folder", "pipe", "nothing"])
def test_what_is_no_regular_file(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    match kind:
        case "link":
            (tmp_path / "real.csv").touch()
            path.symlink_to(tmp_path / "real.csv")
        case "dangling link":
            path.symlink_to(tmp_path / "nowhere.csv")
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
    error, told = (
        (Waiting, "^a.csv is not there any more: the next look tries again.$")
        if kind == "nothing"
        else (Rejected, "^a.csv is a link or no regular file: deliver the file itself.$")
    )

    for look in (open_delivered, sha256_of):
        with pytest.raises(error, match=told):
            look(path)


def test_link_that_comes_while_a_file_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the look at what it is, and before it is opened: its target is not read."""
    path, secret = tmp_path / "a.csv", tmp_path / "secret"
    path.touch()
    secret.write_text("secret")
    lstat = Path.lstat

    def look_and_replace(looked_at: Path) -> os.stat_result:
        found = lstat(looked_at)
        looked_at.unlink()
        looked_at.symlink_to(secret)
        return found

    monkeypatch.setattr(Path, "lstat", look_and_replace)
    with pytest.raises(OSError, match="symbolic links"):
        open_delivered(path)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("orders ü ✓.csv", "orders ü ✓.csv"),
        ("a\nb\r\t\0", "a?b???"),
        ("\x1b[31mred\x9b", "?[31mred?"),
        ("\u202egnp.exe\u2028", "?gnp.exe?"),
        (os.fsdecode(b"\xff.csv"), "?.csv"),
    ],
)
def test_name_is_shown_in_one_harmless_line(name: str, shown: str) -> None:
    assert one_line(name) == shown


@pytest.mark.parametrize("change", ["written", "another", "in its place", "link", "gone"])
def test_sighting_tells_what_changed(change: str, tmp_path: Path) -> None:
    """Also where as many bytes have the same time."""
    path, other = tmp_path / "a.csv", tmp_path / "b.csv"
    for file in (path, other):
        file.write_bytes(b"abc")
        os.utime(file, ns=(1, 1))
    before, there = sighting(path), path.lstat()
    assert before == (there.st_mode, 3, 1, there.st_ctime_ns)

    match change:
        case "written":
            path.write_bytes(b"xyz")
            os.utime(path, ns=(1, 1))
        case "another":
            path.write_bytes(b"abcd")
        case "in its place":
            other.replace(path)
        case "link":
            path.unlink()
            path.symlink_to(other)
        case "gone":
            path.unlink()

    assert sighting(path) != before
