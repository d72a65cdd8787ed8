"""Opening what others delivered, and naming it."""

import hashlib
import io
import os
import stat
from pathlib import Path
from typing import NamedTuple

from ingest.errors import Rejected, Waiting


def open_delivered(path: Path) -> io.BufferedReader:
    """Open a delivered file for reading, never through a link.

    Raises:
        Rejected: It is a link, a folder or anything else but a regular file.
        Waiting: It is not there.
    """
    try:
        is_regular = stat.S_ISREG(path.lstat().st_mode)
        # A link put in the file's place since then is not followed either.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)
        if is_regular:
            return os.fdopen(os.open(path, flags), "rb")
    except FileNotFoundError:
        raise Waiting(f"{path.name} is not there any more: the next look tries again.") from None
    raise Rejected(f"{path.name} is a link or no regular file: deliver the file itself.")


def sha256_of(path: Path) -> str:
    """SHA-256 of a delivered file's bytes, lower-case hexadecimal.

    Raises:
        Rejected: It is a link, a folder or anything else but a regular file.
        Waiting: It is not there.
    """
    with open_delivered(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Sighting(NamedTuple):
    """What of a file changes when it is written to, or when another one takes its place."""

    mode: int
    size: int
    modified_ns: int
    changed_ns: int


def sighting(path: Path) -> Sighting | None:
    """How a file, or a link itself, looks from outside; None when it is not there.

    Unlike a hash it costs nothing, and can be taken of what cannot be read.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return Sighting(found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def differs(path: Path, sha256: str | None) -> bool:
    """Whether a file is there and has other content."""
    try:
        return sha256_of(path) != sha256
    except Waiting:
        return False
    except Rejected:
        return True


def is_clutter(name: str) -> bool:
    """Whether a file is what macOS leaves beside the files that it copies: nobody delivered it."""
    return name == ".DS_Store" or name.startswith("._")
