"""One run: look at every trigger, apply with dbt what is landed, archive what is applied."""

import time
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol

from pyspark.sql import SparkSession

from ingest.batches import archive
from ingest.batches.evolution import Change, ContractStore
from ingest.batches.intake import Intake, TriggerResult
from ingest.batches.landing import LandingTables
from ingest.batches.ledger import Landing, Ledger, LedgerState, Reconciliation
from ingest.batches.processing_log import LogRow, ProcessingLog, now
from ingest.batches.results import Anomaly, anomalies
from ingest.batches.trigger import triggers_in
from ingest.build import BuildResult, DbtBuild, NodeListener
from ingest.config import Settings
from ingest.contract import load_contract
from ingest.feed_root import FeedRoot
from ingest.files import differs


@dataclass(frozen=True)
class Applied:
    """One dbt build: the landing that it was to apply, and how it went.

    Without a landing it was to empty the tables: the last batch there was has been withdrawn.

    Attributes:
        landing: The landing.
        result: How the build ended.
        seconds: Time that it took.
        reconciliation: Rows and score of the batch; None when it is not applied.
        anomalies: What is odd about the batch, the worst first.
    """

    landing: Landing | None
    result: BuildResult
    seconds: float
    reconciliation: Reconciliation | None = None
    anomalies: tuple[Anomaly, ...] = ()

    @property
    def success(self) -> bool:
        """Whether the tables hold the batch now, or none where none is left."""
        is_recorded = self.landing is None or self.reconciliation is not None
        return self.result.success and is_recorded


@dataclass(frozen=True)
class Leftover:
    """Why files of a batch are still in their source folders.

    Attributes:
        message: Which, and what to do.
        is_waiting: Whether the next run deals with them by itself.
    """

    message: str
    is_waiting: bool


@dataclass(frozen=True)
class Run:
    """What a run did.

    Attributes:
        changes: What has changed in the contract since the run before.
        taken: What each trigger came to.
        builds: The dbt builds.
        leftovers: What stays in the source folders.
    """

    changes: Sequence[Change] = ()
    taken: Sequence[TriggerResult] = ()
    builds: Sequence[Applied] = ()
    leftovers: Sequence[Leftover] = ()

    def shortcomings(self, min_score: float | None = None) -> list[str]:
        """Why batches that it applied are of little use, one sentence each.

        Args:
            min_score: What each batch's score must reach; None asks for none.
        """
        return [
            f"Batch {build.landing.batch_id} of {build.landing.batch_date}: {sentence}"
            for build in self.builds
            if build.landing and build.reconciliation
            for sentence in build.reconciliation.shortcomings(min_score)
        ]


class Listener(Protocol):
    """Whoever looks on while a run goes, such as a terminal."""

    def trigger(self, result: TriggerResult) -> None:
        """A trigger was looked at."""

    def building(self, landing: Landing | None) -> NodeListener:
        """A dbt build begins, for that landing; gives the listener to its nodes."""

    def applied(self, build: Applied) -> None:
        """That build has ended."""

    def note(self, message: str) -> None:
        """Something is odd that is no failure."""

    def problem(self, message: str) -> None:
        """Something went wrong beside a batch."""


class Pipeline:
    """A run and its steps; the caller keeps other runs out."""

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
        self._is_built_by_job = settings.target == "databricks"

    def run(self, listener: Listener, *, with_dbt: bool) -> Run:
        """Land every batch that is ready, build it with dbt, archive its files.

        Args:
            listener: Is told of each step as it ends.
            with_dbt: Whether to build; without, all that is landed is archived.

        Raises:
            ConfigError: The contract has changed in a way that would lose or bend what the tables
                hold, or the feed root is not there; nothing was landed.
        """
        changes = self.follow_contract()
        for change in changes:
            listener.note(f"Contract: {change} {change.effect}")
        taken = []
        for result in self.take_in_all():
            listener.trigger(result)
            taken.append(result)
        for message in self.log_unlisted(taken):
            listener.note(message)
        builds = self.build_all(listener) if with_dbt else []
        leftovers = self.archive(taken, applied_only=with_dbt)
        for leftover in leftovers:
            tell = listener.note if leftover.is_waiting else listener.problem
            tell(leftover.message)
        return Run(changes, taken, builds, leftovers)

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

    def build_all(self, listener: Listener) -> list[Applied]:
        """Apply what is landed but not applied, oldest first, one dbt build each.

        A late batch, or a withdrawn one, makes dbt rewind, so that batches after it are pending
        again. A build that fails is the last. On Databricks the job builds, so this only tells.
        """
        if self._is_built_by_job:
            pending = len(self.builds_due())
            listener.note(f"Batches that the job ecomm batches will apply: {pending}.")
            return []
        builds = []
        for build in self._builds(listener.building):
            listener.applied(build)
            builds.append(build)
        return builds

    def _builds(self, on_build: Callable[[Landing | None], NodeListener]) -> Iterator[Applied]:
        """The builds of `build_all`, each when it has ended."""
        tried: set[int | None] = set()
        state = self.ledger.read()
        while state.is_due:
            landing = next(iter(state.pending()), None)
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
            build = Applied(landing, result, time.monotonic() - start)
            if result.success:
                state = self.ledger.read()
                build = self._judged(build, state)
            yield build
            if not result.success:
                return

    def _judged(self, build: Applied, state: LedgerState) -> Applied:
        """A build that succeeded, with what the tables say now of the batch."""
        if build.landing is None:
            return build
        odd = anomalies(self._session, self._anomalies, build.landing.batch_date)
        found = state.results.get(build.landing.number)
        return replace(build, reconciliation=found, anomalies=tuple(odd))

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
        state = self.ledger.read()
        due = [landing.batch_id for landing in state.to_apply()]
        return due or (["no batch"] if state.is_withdrawal_open else [])

    def archive(self, taken: list[TriggerResult], *, applied_only: bool) -> list[Leftover]:
        """Move the files of landed or skipped batches to the archive.

        Args:
            taken: What the run's triggers came to.
            applied_only: Whether to leave batches that dbt has yet to apply.

        Returns:
            For each batch whose files were not all moved, why.
        """
        state = self.ledger.read()
        landings = {landing.number: landing for landing in state.landings}
        pending = {landing.number for landing in state.pending()} if applied_only else set()
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
