"""Files and folders for their owner alone: the tables hold personal data."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@contextmanager
def private_files() -> Iterator[None]:
    """Keep others out of every file and folder made meanwhile, and made by processes started so."""
    before = os.umask(_OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def make_private(folder: Path) -> None:
    """Make a folder for its owner alone; one of this user's that is there loses others' rights.

    What is in a folder of before stays as it is: others cannot reach it any more.
    """
    with private_files():
        # A link may stand for it (plain_path).
        folder.resolve().mkdir(parents=True, exist_ok=True)
    found = folder.stat()
    # A folder with the sticky bit, such as /tmp, is everybody's on purpose.
    if found.st_uid == os.getuid() and found.st_mode & _OTHERS and not found.st_mode & stat.S_ISVTX:
        folder.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
