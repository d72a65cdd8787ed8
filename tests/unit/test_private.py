"""What others on the machine may not see."""

import os
from pathlib import Path

import pytest

from ingest.private import make_private, private_files


@pytest.fixture(autouse=True)
def _usual_umask() -> object:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_files_made_meanwhile_are_private(tmp_path: Path) -> None:
    with pytest.raises(KeyError), private_files():
        (tmp_path / "file").touch()
        (tmp_path / "folder").mkdir()
        raise KeyError
    (tmp_path / "later").touch()

    assert (mode(tmp_path / "file"), mode(tmp_path / "folder")) == (0o600, 0o700)
    assert mode(tmp_path / "later") == 0o644


def test_new_folder(tmp_path: Path) -> None:
    make_private(tmp_path / "a" / "b")

    assert mode(tmp_path / "a" / "b") == 0o700


def test_folder_of_before_loses_others_rights_and_its_content_stays(tmp_path: Path) -> None:
    (tmp_path / "old" / "table").mkdir(parents=True)
    (tmp_path / "old").chmod(0o2775)

    make_private(tmp_path / "old")

    assert mode(tmp_path / "old") == 0o2700
    assert mode(tmp_path / "old" / "table") == 0o755


def test_folder_of_everybody_or_of_somebody_else_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, rights in (("everybody", 0o1777), ("other", 0o755)):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(rights)
    make_private(tmp_path / "everybody")
    own = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: own + 1)
    make_private(tmp_path / "other")

    assert (mode(tmp_path / "everybody"), mode(tmp_path / "other")) == (0o1777, 0o755)
