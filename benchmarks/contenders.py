"""Who is measured, each as whole processes on feed roots of this project's own samples."""

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import Cost, measured
from ingest.config import PROJECT_DIR
from ingest.sample import generate


@dataclass(frozen=True)
class Pipeline:
    """This project on its local engine, in a folder of its own.

    Attributes:
        place: Folder with feed root, warehouse and dbt's target folder.
    """

    place: Path

    @property
    def warehouse(self) -> Path:
        """Where its tables are."""
        return self.place / "warehouse"

    @property
    def compiled(self) -> Path:
        """Where dbt has put the SQL of its last build."""
        return self.place / "target"

    def deliver(self, days: Path, number: int) -> None:
        """Put a day of a sample, numbered from 0 on, into the feed root, its trigger last."""
        root = self.place / "feeds"
        trigger = sorted((days / "triggers" / "source").glob("*.json"))[number]
        for name in json.loads(trigger.read_text())["expected_files"]:
            (file,) = days.glob(f"*/source/{name}")
            _copy(file, root / file.relative_to(days))
        _copy(trigger, root / trigger.relative_to(days))

    def run(self, command: str = "run") -> Cost:
        """Land what has been delivered and, unless the command is `land`, build."""
        arguments = ["--root", str(self.place / "feeds"), "--warehouse", str(self.warehouse)]
        return measured(
            [sys.executable, "-m", "ingest", command, *arguments],
            PROJECT_DIR,
            self._environment(),
            self.warehouse / ".engine" / "engine.json",
        )

    def start(self) -> None:
        """Start its engine, which a run would start and end for itself."""
        self.warehouse.mkdir(parents=True)
        self._engine("start")

    def stop(self) -> None:
        """End its engine, if it is up."""
        if (self.warehouse / ".engine" / "engine.json").exists():
            self._engine("stop")

    def _engine(self, command: str) -> None:
        arguments = ["engine", command, "--warehouse", str(self.warehouse)]
        measured([sys.executable, "-m", "ingest", *arguments], PROJECT_DIR, self._environment())

    def clear(self) -> None:
        """Take its tables and feeds away; dbt's parse of the project stays."""
        self.stop()
        for folder in (self.place / "feeds", self.warehouse):
            shutil.rmtree(folder, ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        return {
            "DBT_TARGET_PATH": str(self.compiled),
            "DBT_LOG_PATH": str(self.place / "logs"),
            "DBT_LOG_LEVEL_FILE": "warn",
        }


def floor(feeds: Path, compiled: Path, out: Path) -> Cost:
    """The project's own SQL in DuckDB, from CSV to Parquet."""
    shutil.rmtree(out, ignore_errors=True)
    arguments = [str(feeds), str(compiled), str(out)]
    return measured([sys.executable, "-m", "benchmarks.floor", *arguments], PROJECT_DIR, {})


def reading_floor(feeds: Path, out: Path) -> Cost:
    """Hash, pyarrow's CSV reader, Parquet."""
    shutil.rmtree(out, ignore_errors=True)
    arguments = [str(feeds), str(out)]
    return measured([sys.executable, "-m", "benchmarks.reading", *arguments], PROJECT_DIR, {})


def sample(place: Path, days: int, orders: int) -> Path:
    """A feed root with so many days of so many orders; made once."""
    folder = place / "feeds" / f"{days}_of_{orders}"
    if not folder.exists():
        generate(folder, days=days, orders=orders, seed=7)
    return folder


def _copy(file: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, place)
