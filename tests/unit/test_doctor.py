"""The doctor: each illness is told, and gone when the cure is taken."""

import os
import shlex
import subprocess
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ingest import doctor
from ingest.cli import app
from ingest.config import PROJECT_DIR, load_settings
from ingest.doctor import Finding, examine

HOST = {"DATABRICKS_HOST": "shop.example", "DATABRICKS_HTTP_PATH": "/sql/1.0/warehouses/1"}


@pytest.fixture(autouse=True)
def _no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tried in test_doctor_of_a_healthy_place."""
    monkeypatch.setattr(doctor, "_sail", lambda _: Finding("Engine", "not looked at"))
    for name in list(os.environ):
        if name.startswith("DATABRICKS_"):
            monkeypatch.delenv(name)


@pytest.fixture
def found(tmp_path: Path) -> Callable[..., Finding]:
    """Gives a finding by name, in a folder with a feed root."""

    def look(name: str, **given: Any) -> Finding:
        settings: dict[str, Any] = {"root": tmp_path / "feeds", "warehouse": tmp_path / "tables"}
        (finding,) = [
            item for item in examine(load_settings(**settings | given)) if item.name == name
        ]
        return finding

    (tmp_path / "feeds" / "triggers" / "source").mkdir(parents=True)
    return look


def test_nothing_is_wrong_and_nothing_is_made(
    found: Callable[..., Finding], tmp_path: Path
) -> None:
    settings = load_settings(root=tmp_path / "feeds", warehouse=tmp_path / "tables")

    assert [item for item in examine(settings) if item.cure] == []
    assert [path.name for path in tmp_path.iterdir()] == ["feeds"]


def test_python(found: Callable[..., Finding], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.version_info", (3, 10, 4, "final", 0))

    assert found("Python").state == "3.10.4"
    assert "make PYTHON=python3.12 setup" in str(found("Python").cure)


def test_packages(found: Callable[..., Finding], monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "pysail":
            raise PackageNotFoundError
        return "1"

    monkeypatch.setattr(doctor, "version", version)

    assert found("Packages") == Finding("Packages", "pysail missing", "make setup")
    assert found("Packages", target="databricks").cure is None


def test_project(found: Callable[..., Finding], tmp_path: Path) -> None:
    assert "make setup" in str(found("dbt packages", project_dir=tmp_path).cure)
    assert "use a whole copy of the project" in str(found("Contract", project_dir=tmp_path).cure)
    assert found("Contract", project_dir=PROJECT_DIR).cure is None


def test_variable_with_a_typing_error(
    found: Callable[..., Finding], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECOMM_WAREHOSE", "/stack")
    cure = found("Settings").cure
    assert cure == "unset ECOMM_WAREHOSE, or name it ECOMM_WAREHOUSE"

    monkeypatch.delenv("ECOMM_WAREHOSE")
    monkeypatch.setenv("ECOMM_ALLOW_MASS_CLOSING", "true")
    monkeypatch.setenv("ECOMM_SCHEMA", "shop")
    assert found("Settings").cure is None


def test_feed_root_is_made_as_it_says(found: Callable[..., Finding], tmp_path: Path) -> None:
    cure = str(found("Feed root", root=tmp_path / "o ther").cure)

    subprocess.run(shlex.split(cure.partition(", or ")[0]), check=True)

    assert found("Feed root", root=tmp_path / "o ther").cure is None


def test_folders_that_cannot_be_written(
    found: Callable[..., Finding], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # As root everything can be written.
    monkeypatch.setattr("os.access", lambda path, mode: False)

    assert str(found("Feed root").cure).startswith("chmod u+rwx ")
    assert f"chmod u+rwx {tmp_path}, or name another with --warehouse" in str(
        found("Warehouse").cure
    )


def test_disk(found: Callable[..., Finding], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_FREE_BYTES", 1 << 80)

    assert "free some of the disk" in str(found("Disk").cure)


def test_java(found: Callable[..., Finding], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.engines.java.java_home", lambda _: None)
    assert "make setup-java" in str(found("Engine", target="spark").cure)

    monkeypatch.setattr("ingest.engines.java.java_home", lambda folder: folder)
    assert found("Engine", target="spark").cure is None


@pytest.mark.parametrize(
    ("given", "cure"),
    [
        ({"DATABRICKS_HOST": ""}, "DATABRICKS_HOST to the workspace's name"),
        ({"DATABRICKS_HOST": "https://shop.example"}, "without https://"),
        ({"DATABRICKS_HTTP_PATH": "1"}, "DATABRICKS_HTTP_PATH to /sql/1.0/warehouses/<id>"),
        ({"DATABRICKS_CLIENT_ID": "x"}, "DATABRICKS_CLIENT_SECRET both, or neither"),
    ],
)
def test_credentials(
    given: dict[str, str],
    cure: str,
    found: Callable[..., Finding],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in HOST.items():
        monkeypatch.setenv(name, value)
    assert found("Credentials", target="databricks").cure is None

    for name, value in given.items():
        monkeypatch.setenv(name, value)

    assert cure in str(found("Credentials", target="databricks").cure)


def test_command_tells_the_cure_and_fails(tmp_path: Path) -> None:
    told = CliRunner().invoke(
        app, ["doctor", "--root", str(tmp_path), "--warehouse", str(tmp_path / "tables")]
    )

    assert told.exit_code == 1
    assert f"MEND  Feed root: no folder {tmp_path}/triggers/source\n      mkdir -p" in told.stdout
