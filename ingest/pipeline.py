"""One run: look at every trigger, apply with dbt what is landed, archive what is applied."""

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from pyspark.sql import SparkSession

from ingest import archive
from ingest.build import BuildResult, DbtBuild, OnNode
from ingest.config import Settings
from ingest.contract import load_contract
from ingest.errors import ConfigError, Rejected, Waiting
from ingest.files import sha256_of
from ingest.intake import Intake, Look
from ingest.landing import Landing, LandingStore
from ingest.log import LogRow, ProcessingLog, now


@dataclass(frozen=True)
class Applied:
    """One dbt build: the landing that it was to apply, and how it went."""

    landing: Landing
    result: BuildResult
    seconds: float


def triggers_folder(settings: Settings) -> Path:
    """Where triggers arrive.

    Raises:
        ConfigError: The feed root is not there.
    """
    folder = settings.root / "triggers" / "source"
    if not folder.is_dir():
        raise ConfigError(
            f"There is no folder {folder}: create it, or name the feed root with --root."
        )
    return folder


class Pipeline:
    """The steps of a run; the caller keeps other runs out."""

    def __init__(self, settings: Settings, session: SparkSession) -> None:
        """Open the pipeline."""
        contract = load_contract(settings.project_dir)
        self.store = LandingStore(session, settings, contract)
        self._settings = settings
        log_table = settings.table("ops", "processing_log")
        self._log = ProcessingLog(session, log_table, settings.run_id or str(uuid.uuid4()))
        self._intake = Intake(settings, contract, self.store, self._log)
        self._build = DbtBuild(settings)

    def look_at_all(self) -> Iterator[Look]:
        """Look at each trigger, in the order of batch dates, and land what is ready.

        Raises:
            ConfigError: The feed root is not there.
        """
        triggers = list(triggers_folder(self._settings).glob("*.json"))
        self._intake.clear()
        for path in self._intake.in_order(triggers):
            yield self._intake.look(path)

    def log_unlisted(self, looks: list[Look]) -> list[str]:
        """Log the files that no trigger names; gives a message for each."""
        return self._intake.log_unlisted(looks)

    def build_all(self, on_build: Callable[[Landing], OnNode]) -> Iterator[Applied]:
        """Apply what is landed but not applied, oldest first, one dbt build each.

        A late batch makes dbt rewind, so that batches after it are pending again. A build that
        fails is the last.

        Args:
            on_build: Called before each build with the landing to apply; gives the listener to
                the build's nodes.
        """
        tried: set[int] = set()
        while pending := self.store.pending():
            landing = pending[0]
            started_at, start = now(), time.monotonic()
            if landing.number in tried:
                reason = "the build succeeded but left the batch unapplied"
                result = BuildResult(False, (("dbt", reason),), is_recorded=False)
            else:
                result = self._build(on_build(landing))
            tried.add(landing.number)
            if not result.is_recorded:
                self._log_failure(landing, result, started_at)
            yield Applied(landing, result, time.monotonic() - start)
            if not result.success:
                return

    def replay(self, since: date | None) -> list[Landing]:
        """Make the landed batches from a date on pending again, and log it; None means all.

        Returns:
            The landings that `build_all` will apply again, oldest batch_date first.
        """
        started_at = now()
        chosen = self.store.replay(since)
        rows = [
            LogRow(
                batch_id=landing.batch_id,
                batch_date=landing.batch_date,
                step="replay",
                status="SUCCESS",
                message="To be applied again from the landing tables.",
                started_at=started_at,
            )
            for landing in chosen
        ]
        if rows:
            self._log.write(rows)
        return chosen

    def archive(self, looks: list[Look], *, applied_only: bool) -> list[str]:
        """Move the files of the looks' landed or skipped batches to the archive.

        Args:
            looks: What the run looked at.
            applied_only: Whether to leave batches that dbt has yet to apply.

        Returns:
            A message for each batch whose files were not all moved.
        """
        landings = {landing.number: landing for landing in self.store.landings()}
        pending = {landing.number for landing in self.store.pending()} if applied_only else set()
        rows, problems = [], []
        for look in looks:
            if look.landing_number is None or look.landing_number in pending:
                continue
            row = self._archive_one(look, landings[look.landing_number])
            rows.append(row)
            if row.message:
                problems.append(row.message)
        if rows:
            self._log.write(rows)
        return problems

    def _archive_one(self, look: Look, landing: Landing) -> LogRow:
        assert look.batch_date is not None and look.batch_id is not None
        landed = dict(landing.content)
        sources = {
            feed: self._settings.root / f"{feed}_data" / "source" / name
            for feed, name in look.files.items()
        }
        # What came in a landed file's place since then has not landed.
        kept = [feed for feed, path in sources.items() if _differs(path, landed[path.name])]
        row = LogRow(
            batch_id=look.batch_id,
            batch_date=look.batch_date,
            step="archive",
            source_file=look.name,
            status="SUCCESS",
            started_at=now(),
        )
        try:
            moved = archive.archive(
                look.trigger_file,
                {feed: name for feed, name in look.files.items() if feed not in kept},
                self._settings.root,
                look.batch_date,
                look.batch_id,
                self._settings.archive_root,
            )
        except OSError as error:
            message = f"Files of batch {look.batch_id} were not all archived: {error.strerror}."
            return replace(row, status="FAILED", message=message, finished_at=now())
        row = replace(row, archived_files=moved, finished_at=now())
        if kept:
            names = ", ".join(look.files[feed] for feed in kept)
            message = (
                f"{names} came in the place of a landed file and stays: send a trigger for it, with"
                " supersedes true."
            )
            return replace(row, status="WARNING", message=message)
        return row

    def _log_failure(self, landing: Landing, result: BuildResult, started_at: datetime) -> None:
        """Log a build that ended before dbt could log it itself."""
        row = LogRow(
            batch_id=landing.batch_id,
            batch_date=landing.batch_date,
            step="build",
            status="FAILED",
            message="; ".join(f"{name}: {reason}" for name, reason in result.failures),
            started_at=started_at,
        )
        self._log.write([row])


def _differs(path: Path, sha256: str) -> bool:
    """Whether a file is there and has other content."""
    try:
        return sha256_of(path) != sha256
    except Waiting:
        return False
    except Rejected:
        return True
