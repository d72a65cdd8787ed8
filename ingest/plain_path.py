"""Paths that every engine reads as they are: a link stands for a folder whose path is not plain."""

import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path

from ingest.private import make_private

# Sail takes some other characters for patterns, and writes tables to the URL-encoded path.
_PLAIN = re.compile(r"[A-Za-z0-9/._+,:;=@-]+")
_LINKS = "ecomm-warehouses"


def plain_path(folder: Path) -> Path:
    """The folder's path, or that of a link to it when it has blanks, accents and the like.

    Raises:
        OSError: The link cannot be made.
    """
    if _PLAIN.fullmatch(str(folder)):
        return folder
    # The same folder has the same link, for every command and for dbt.
    link = _links() / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    try:
        link.symlink_to(folder)
    except FileExistsError:
        if Path(os.readlink(link)) != folder:
            raise
    return link


def _links() -> Path:
    """Folder of the links, which nobody else can change."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").resolve()
    if not _PLAIN.fullmatch(str(cache)):
        cache = Path(tempfile.gettempdir()).resolve() / f"ecomm-{os.getuid()}"
        make_private(cache)
    links = cache / _LINKS
    make_private(links)
    for folder in (cache, links):
        found = folder.lstat()
        if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
            raise PermissionError(f"{folder} belongs to somebody else")
    return links
