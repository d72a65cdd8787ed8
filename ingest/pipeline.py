"""One run: look at every trigger, apply with dbt what is landed, archive what is applied."""

import time
import uuid
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from pyspark.sql import SparkSession

from ingest.batches import archive
from ingest.batches.evolution import Change, ContractStore
from ingest.batches.intake import Intake, TriggerResult
from ingest.batches.landing import LandingTables
from ingest.batches.ledger import Landing, Ledger
from ingest.batches.processing_log import LogRow, ProcessingLog, now
from ingest.batches.results import Anomaly, anomalies
from ingest.batches.trigger import triggers_in
from ingest.build import BuildResult, DbtBuild, OnNode
from ingest.config import Settings
from ingest.contract import load_contract
from ingest.feed_root import FeedRoot
from ingest.files import differs


@dataclass(frozen=True)
class Applied:
    """One dbt build: the landing that it was to apply, and how it went.

    Without a landing it was to empty the tables: the last batch there was has been withdrawn.
    """

    landing: Landing | None
    result: BuildResult
    seconds: float


@dataclass(frozen=True)
class Leftover:
    """Why files of a batch are still in their source folders.

    Attributes:
        message: Which, and what to do.
        is_waiting: Whether the next run deals with them by itself.
    """

    message: str
    is_waiting: bool


class Pipeline:
    """The steps of a run; the caller keeps other runs out."""

    def __init__(self, settings: Settings, session: SparkSession) -> None:
        """Open the pipeline."""
        contract = load_contract(settings.project_dir)
        self.ledger = Ledger(session, settings)
        self._session = session
        self._anomalies = settings.table("ops", "metric_anomalies")
        self._contract = ContractStore(session, settings, contract)
        self._root = FeedRoot.of(settings)
        log_table = settings.table("ops", "processing_log")
        self.log = ProcessingLog(session, log_table, settings.run_id or str(uuid.uuid4()))
        tables = LandingTables(session, settings, contract, self.ledger)
        self._intake = Intake(settings, contract, self.ledger, tables, self.log)
        self._build = DbtBuild(settings)

    def contract_changes(self) -> list[Change]:
        """What has changed in the contract since the last run, and what the next run would do."""
        return self._contract.changes(is_rebuilt=not self.ledger.landings())

    def follow_contract(self) -> list[Change]:
        """Let the landing tables follow the contract; gives what has changed since the last run.

        Raises:
            ConfigError: A change would lose or bend what the targets hold; nothing was done.
        """
        return self._contract.follow(is_rebuilt=not self.ledger.landings())

    def take_in_all(self) -> Iterator[TriggerResult]:
        """Look at each trigger, in the order of batch dates, and land what is ready.

        Raises:
            ConfigError: The feed root is not there.
        """
        self._root.check()
        triggers = triggers_in(self._root.triggers)
        self._intake.clear()
        for path in self._intake.in_order(triggers):
            yield self._intake.take_in(path)

    def log_unlisted(self, taken: list[TriggerResult]) -> list[str]:
        """Log the files that no trigger names; gives a message for each."""
        return self._intake.log_unlisted(taken)

    def build_all(self, on_build: Callable[[Landing | None], OnNode]) -> Iterator[Applied]:
        """Apply what is landed but not applied, oldest first, one dbt build each.

        A late batch, or a withdrawn one, makes dbt rewind, so that batches after it are pending
        again. A build that fails is the last.

        Args:
            on_build: Called before each build with the landing to apply, or None when no batch is
                left; gives the listener to the build's nodes.
        """
        tried: set[int | None] = set()
        while (pending := self.ledger.pending()) or self.ledger.is_withdrawal_open():
            landing = pending[0] if pending else None
            number = landing.number if landing else None
            started_at, start = now(), time.monotonic()
            if number in tried:
                reason = "the build succeeded but left the batch unapplied"
                result = BuildResult(False, (("dbt", reason),), is_recorded=False)
            else:
                result = self._build(on_build(landing))
            tried.add(number)
            if not result.is_recorded:
                self._log_failure(landing, result, started_at)
            yield Applied(landing, result, time.monotonic() - start)
            if not result.success:
                return

    def anomalies(self, landing: Landing) -> list[Anomaly]:
        """What is odd about an applied batch, the worst first."""
        return anomalies(self._session, self._anomalies, landing.batch_date)

    def replay(self, since: date | None) -> list[Landing]:
        """Make the landed batches from a date on pending again, and log it; None means all.

        Returns:
            The landings that `build_all` will apply again, oldest batch_date first.

        Raises:
            ConfigError: The contract has changed so that all batches have to be replayed.
        """
        started_at = now()
        if since is not None:
            self.follow_contract()
        chosen = self.ledger.replay(since)
        # Not before: a replay that is killed here is to be asked for again.
        self._contract.follow(is_rebuilt=True)
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
            self.log.write(rows)
        return chosen

    def withdraw(self, day: date) -> list[Landing]:
        """Take back what is landed for a date; `build_all` then makes the tables follow.

        dbt logs it when it rewinds, so that no kill keeps it from being logged.

        Returns:
            The landings of that date, those withdrawn before included: none when none ever landed.

        Raises:
            ConfigError: The contract does not fit the tables any more; nothing was done.
        """
        self.follow_contract()
        return self.ledger.withdraw(day)

    def builds_due(self) -> list[str]:
        """A name for each dbt build that is due, in order: the id of the batch that it applies."""
        due = [landing.batch_id for landing in self.ledger.to_apply()]
        return due or (["no batch"] if self.ledger.is_withdrawal_open() else [])

    def archive(self, taken: list[TriggerResult], *, applied_only: bool) -> list[Leftover]:
        """Move the files of landed or skipped batches to the archive.

        Args:
            taken: What the run's triggers came to.
            applied_only: Whether to leave batches that dbt has yet to apply.

        Returns:
            For each batch whose files were not all moved, why.
        """
        landings = {landing.number: landing for landing in self.ledger.landings()}
        pending = {landing.number for landing in self.ledger.pending()} if applied_only else set()
        announced = self._intake.announced(taken)
        rows, leftovers = [], []
        for result in taken:
            if result.landing_number is None or result.landing_number in pending:
                continue
            row, leftover = self._archive_one(result, landings[result.landing_number], announced)
            if leftover:
                leftovers.append(leftover)
                row = replace(row, message=leftover.message)
            rows.append(row)
        if rows:
            self.log.write(rows)
        return leftovers

    def _archive_one(
        self, result: TriggerResult, landing: Landing, announced: Collection[str]
    ) -> tuple[LogRow, Leftover | None]:
        """Move what landed; what a trigger names that is still to be looked at stays for it."""
        assert result.batch_date is not None and result.batch_id is not None
        known = {**dict(landing.content), result.trigger_file.name: result.trigger_sha256}
        to_move = {feed: name for feed, name in result.files.items() if name not in announced}
        row = LogRow(
            batch_id=result.batch_id,
            batch_date=result.batch_date,
            step="archive",
            source_file=result.name,
            status="SUCCESS",
            started_at=now(),
        )
        try:
            moves = archive.archive(
                result.trigger_file,
                to_move,
                self._root,
                result.batch_date,
                result.batch_id,
                is_known=lambda path: not differs(path, known[path.name]),
            )
        except OSError as error:
            message = f"Files of batch {result.batch_id} were not all archived: {error.strerror}."
            row = replace(row, status="FAILED", finished_at=now())
            return row, Leftover(message, is_waiting=False)
        row = replace(row, archived_files=moves.count, finished_at=now())
        messages = []
        if result.trigger_file in moves.kept:
            messages.append(
                f"{result.name} came in the place of the trigger that was looked at and stays: the"
                " next run looks at it."
            )
        if left := [name for name in result.files.values() if name in announced]:
            names = ", ".join(left)
            messages.append(f"Left for a trigger that the next run looks at: {names}.")
        if unread := [path.name for path in moves.kept if path != result.trigger_file]:
            messages.append(
                f"{', '.join(unread)} came in the place of a landed file and stays: send a trigger"
                " for it, with supersedes true, that names all files of the day, and with it those"
                " of the files that are not in source/."
            )
        if not messages:
            return row, None
        leftover = Leftover(" ".join(messages), is_waiting=not unread)
        return replace(row, status="WARNING"), leftover

    def _log_failure(
        self, landing: Landing | None, result: BuildResult, started_at: datetime
    ) -> None:
        """Log a build that ended before dbt could log it itself."""
        row = LogRow(
            batch_id=landing.batch_id if landing else None,
            batch_date=landing.batch_date if landing else None,
            step="build",
            status="FAILED",
            message="; ".join(f"{name}: {reason}" for name, reason in result.failures),
            started_at=started_at,
        )
        self.log.write([row])
