"""Who is measured, each as whole processes on feed roots of this project's own samples."""

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import Cost, measured
from ingest.config import PROJECT_DIR
from ingest.sample import generate

Turn = Mapping[str, Cost]


@dataclass(frozen=True)
class Pipeline:
    """This project, in a folder of its own.

    Attributes:
        place: Folder with feed root, warehouse and dbt's target folder.
        target: Its engine: `local` or `spark`.
    """

    place: Path
    target: str = "local"

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
        places = ["--root", str(self.place / "feeds"), "--warehouse", str(self.warehouse)]
        return measured(
            [sys.executable, "-m", "ingest", command, *places, "--target", self.target],
            PROJECT_DIR,
            self._environment(),
            self.warehouse / ".engine" / "engine.json",
        )

    def first(self, feeds: Path, command: str = "run") -> Cost:
        """The first day of a sample from nothing: without tables, without an engine that is up."""
        self.clear()
        self.deliver(feeds, 0)
        return self.run(command)

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


@dataclass(frozen=True)
class Contender:
    """Who takes its turn on the first batch of a sample.

    Attributes:
        name: As the results call it.
        lacks: What it does not do of what this project does: its time says nothing without.
        run: Does the work once, on a feed root, from nothing.
        tables: Where its targets and marts are then; None where it makes none.
        most_orders: The largest batch that it is asked for; None means any.
    """

    name: str
    lacks: str
    run: Callable[[Path], Cost]
    tables: Path | None = None
    most_orders: int | None = None


def batch_contenders(pipeline: Pipeline, on_spark: Pipeline, place: Path) -> list[Contender]:
    """Those that make all tables of a batch, this project on its local engine first."""
    floor, notebooks = place / "floor", place / "notebooks"
    return [
        Contender("this project", "", pipeline.first, pipeline.warehouse),
        Contender(
            "this project on Spark", "", on_spark.first, on_spark.warehouse, most_orders=100_000
        ),
        Contender(
            "notebooks on Spark",
            "late, corrected, full and withdrawn batches; landing whole or not at all; strict"
            " reading; columns beyond the contract; tests of its tables; metrics and anomalies",
            lambda feeds: peer("notebooks", feeds, pipeline.compiled, notebooks),
            notebooks,
            most_orders=100_000,
        ),
        Contender(
            "DuckDB, the floor",
            "a second batch; history; malformed rows; a ledger; commits; tests",
            lambda feeds: peer("floor", feeds, pipeline.compiled, floor),
            floor,
        ),
    ]


def reading_contenders(pipeline: Pipeline, place: Path) -> list[Contender]:
    """Those that read the files of a batch and write tables of text, this project first."""
    strictness = "strict reading; row numbers; a batch landed whole or not at all"
    return [
        Contender("this project", "", lambda feeds: pipeline.first(feeds, "land")),
        Contender(
            "Spark's CSV reader",
            f"hashes; {strictness}",
            lambda feeds: peer("spark_reading", feeds, place / "spark_reading"),
        ),
        Contender(
            "dlt",
            f"hashes; the contract; {strictness}; it leaves malformed rows out",
            lambda feeds: peer("dlt_reading", feeds, place / "dlt_reading"),
        ),
        Contender(
            "pyarrow, the floor",
            f"the contract; {strictness}; Delta tables; it leaves malformed rows out",
            lambda feeds: peer("reading", feeds, place / "reading"),
        ),
    ]


def peer(module: str, *arguments: Path) -> Cost:
    """Run a module of this package; the last argument is the folder that it makes anew."""
    shutil.rmtree(arguments[-1], ignore_errors=True)
    command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
    return measured(command, PROJECT_DIR, {})


def sample(place: Path, days: int, orders: int) -> Path:
    """A feed root with so many days of so many orders; made once."""
    folder = place / "feeds" / f"{days}_of_{orders}"
    if not folder.exists():
        generate(folder, days=days, orders=orders, seed=7)
    return folder


def _copy(file: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, place)
