"""Fixtures of the lane: warehouses with a history, to copy, and runs that die on the way."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from reference.compare import differences
from reference.model import expected
from support.batches import tables
from support.stack import deliver_day, environment_of

from faults.killer import Point
from ingest.config import PROJECT_DIR, load_settings
from ingest.engines.local import LocalEngine

DAYS = ("2025_01_15", "2025_01_16", "2025_01_17")
KILLER = Path(__file__).with_name("killer.py")
# Full loads of a few rows close most keys, which these tests want.
ENVIRONMENT = {"ECOMM_ALLOW_MASS_CLOSING": "true"}


def deliver(root: Path, day: str) -> Path:
    """Put a day of the sample into a feed root; the 16th is a full load. Gives the trigger."""
    deliver_day(root, day)
    trigger = root / "triggers" / "source" / f"trigger_{day}.json"
    if day == DAYS[1]:
        content = json.loads(trigger.read_text(encoding="utf-8"))
        for entry in content["files"]:
            entry["load_type"] = "full"
        trigger.write_text(json.dumps(content), encoding="utf-8")
    return trigger


@dataclass(frozen=True)
class Place:
    """A feed root and a warehouse with an engine of its own.

    Attributes:
        folder: Holds both.
        project: The dbt project.
    """

    folder: Path
    project: Path = PROJECT_DIR

    @property
    def root(self) -> Path:
        """The feed root."""
        return self.folder / "feeds"

    @property
    def warehouse(self) -> Path:
        """The warehouse."""
        return self.folder / "tables"

    @property
    def engine(self) -> LocalEngine:
        """The warehouse's engine."""
        return LocalEngine(load_settings(warehouse=self.warehouse))

    def deliver(self, source: Path) -> None:
        """Put all files of another feed root into this one."""
        shutil.copytree(source, self.root, dirs_exist_ok=True)

    def start(self, *command: str, point: Point | None = None) -> subprocess.Popen[str]:
        """Start a command of ingest in a process of its own, which dies at the point."""
        script = [str(KILLER), point.to_json()] if point else ["-m", "ingest"]
        folders = ["--warehouse", str(self.warehouse)]
        of_project = {} if self.project == PROJECT_DIR else environment_of(self.project)
        if command[0] in ("run", "land"):
            folders += ["--root", str(self.root)]
        return subprocess.Popen(
            [sys.executable, *script, *command, *folders],
            cwd=PROJECT_DIR,
            env=os.environ | ENVIRONMENT | of_project,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ends(self, *command: str, exit_code: int = 0) -> str:
        """Run a command of ingest, which must end with the exit code; gives its output."""
        process = self.start(*command)
        output, _ = process.communicate()
        assert process.returncode == exit_code, f"{output}\nThe engine:\n{self._engine_log()}"
        return output

    def _engine_log(self) -> str:
        log = self.warehouse / ".engine" / "engine.log"
        return log.read_text(errors="replace")[-4000:] if log.exists() else "it has no log"

    def dies(self, *command: str, point: Point) -> None:
        """Run a command of ingest, which must die at the point."""
        process = self.start(*command, point=point)
        output, _ = process.communicate()
        assert process.returncode == -signal.SIGKILL, f"never came to {point}: {output}"

    def assert_clean(
        self,
        delivered: Path,
        triggers: list[Path],
        only: str = "",
        withdrawn: Collection[Path] = (),
    ) -> None:
        """Fail unless all tables equal those of a clean run, and no delivered file is left.

        Args:
            delivered: Feed root with all that was delivered.
            triggers: Its triggers, in the order of their arrival.
            only: Compare tables whose names begin so.
            withdrawn: Those of the triggers whose batches are only in landing.
        """
        wanted = expected(delivered, triggers, withdrawn)
        wanted = {name: rows for name, rows in wanted.items() if name.startswith(only)}
        engine = self.engine
        was_up = engine.is_up
        try:
            found = differences(wanted, tables(engine.start()[0], "ecomm"))
        finally:
            if not was_up:
                engine.stop()
            engine.disconnect()
        assert not found, "\n".join(found)
        assert not [path for path in self.root.rglob("source/*") if path.is_file()]
        assert not list(self.warehouse.glob(".parsed/*"))
        assert not (self.warehouse / ".at_work").exists()

    def copy_to(self, folder: Path) -> "Place":
        """A copy with the same tables, as yet without an engine."""
        ignored = shutil.ignore_patterns(".engine", ".lock")
        shutil.copytree(self.folder, folder, dirs_exist_ok=True, ignore=ignored)
        return Place(folder, self.project)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An empty place; at the end its engine is stopped, which a killed command leaves running."""
    yield Place(tmp_path / "place")
    Place(tmp_path / "place").engine.stop()


@dataclass(frozen=True)
class Delivered:
    """All three days of the sample, to compute what the tables must be.

    Attributes:
        root: Feed root that has all of them.
        triggers: Their triggers by day.
    """

    root: Path
    triggers: dict[str, Path]


@pytest.fixture(scope="session")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    """The three days."""
    root = tmp_path_factory.mktemp("delivered")
    return Delivered(root, {day: deliver(root, day) for day in DAYS})


@pytest.fixture(scope="session")
def first_day(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A place where the 15th is applied."""
    first = Place(tmp_path_factory.mktemp("first_day"))
    deliver(first.root, DAYS[0])
    first.ends("run")
    return first


@pytest.fixture(scope="session")
def two_days(first_day: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A place where the 15th and the 17th are applied; the 16th will be late."""
    both = first_day.copy_to(tmp_path_factory.mktemp("two_days"))
    deliver(both.root, DAYS[2])
    both.ends("run")
    return both
