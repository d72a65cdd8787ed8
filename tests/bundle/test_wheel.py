"""The wheel that the job installs."""

import subprocess
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from bundle.bundle import load, tasks
from ingest.config import PROJECT_DIR


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """Built as the bundle builds it, but for the folder."""
    command = load("prod")["artifacts"]["ingest"]["build"].split()
    assert command[0] == "uv"
    uv = Path(sysconfig.get_path("scripts")) / "uv"
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([uv, *command[1:], "--quiet", "--out-dir", out], cwd=PROJECT_DIR, check=True)
    [path] = out.glob("*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


def entry_points(wheel: zipfile.ZipFile) -> dict[str, str]:
    [path] = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    lines = wheel.read(path).decode().splitlines()
    assert lines[0] == "[console_scripts]"
    return dict(line.split(" = ") for line in lines[1:] if line)


def test_wheel_has_ingest_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    """Without the sample's generator, which no job runs."""
    names = set(wheel.namelist())
    sources = {
        str(path.relative_to(PROJECT_DIR))
        for path in PROJECT_DIR.glob("ingest/**/*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    samples = {name for name in sources if name.startswith("ingest/sample/")}

    assert samples
    assert {name for name in names if ".dist-info/" not in name} == sources - samples


def test_wheel_has_the_entry_points_that_the_jobs_name(wheel: zipfile.ZipFile) -> None:
    points = entry_points(wheel)
    package = wheel.namelist()[-1].split("-")[0]
    found = [
        task["python_wheel_task"]
        for job in load("prod")["resources"]["jobs"].values()
        for task in tasks(job)
        if "python_wheel_task" in task
    ]

    assert {task["entry_point"] for task in found} == {"ecomm-job", "ecomm-operation"}
    for task in found:
        assert task["package_name"] == package
        module, function = points[task["entry_point"]].split(":")
        code = wheel.read(f"{module.replace('.', '/')}.py").decode()
        assert f"\ndef {function}(" in code


def test_wheel_brings_no_engine(wheel: zipfile.ZipFile) -> None:
    """Databricks has its own Spark; another one beside it would shadow it."""
    [path] = [name for name in wheel.namelist() if name.endswith("/METADATA")]
    needed = message_from_bytes(wheel.read(path)).get_all("Requires-Dist") or []
    project = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text())

    assert sorted(needed) == sorted(project["project"]["dependencies"])
    assert not [name for name in needed if name.startswith(("pyspark", "pysail", "delta", "dbt"))]
