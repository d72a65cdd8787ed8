"""Landing: how a batch's rows come into the landing tables, and what is known of batches.

A batch's rows may lie in the landing tables unseen; it is landed from the moment its files stand in
`landed_files`, which one insert puts there. Rows that no record vouches for are left from a landing
that was cut short, and `sweep` removes them. A row in `withdrawals` takes a landing back.

A landing's rows are those with its batch_id, its batch_date and the hash of one of its files.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from pyspark.sql import SparkSession

from ingest.catalog import append_rows, sql_text
from ingest.config import Settings
from ingest.contract import Contract
from ingest.reading.reader import Lineage


@dataclass(frozen=True)
class LandedFile:
    """A row of `landed_files`: a file that a landing brought."""

    landing_number: int
    batch_id: str
    batch_date: date
    feed: str
    source_file: str
    file_sha256: str
    file_rows: int
    load_type: str
    trigger_file: str
    landed_at: datetime


@dataclass(frozen=True)
class FileToLand:
    """A parsed file on its way into a landing table.

    Attributes:
        feed: Feed of the file.
        source_file: Name of the file.
        file_sha256: SHA-256 of its bytes.
        file_rows: Data rows, malformed ones included.
        load_type: `incremental` or `full`.
        parquet: The rows, with the contract's columns and those that ingest adds.
    """

    feed: str
    source_file: str
    file_sha256: str
    file_rows: int
    load_type: str
    parquet: Path


@dataclass(frozen=True)
class Landing:
    """One landing of a batch.

    Attributes:
        number: Counts landings, 1 first.
        batch_id: The trigger_id of its trigger.
        batch_date: Business date.
        trigger_file: Name of the trigger's file.
        landed_at: When it was landed.
        files: Its files.
        withdrawn_at: When it was withdrawn; None when it was not.
        is_effective: Whether it was not withdrawn and no later landing took the date over.
        is_applied: Whether dbt has applied it wholly.
    """

    number: int
    batch_id: str
    batch_date: date
    trigger_file: str
    landed_at: datetime
    files: tuple[LandedFile, ...]
    withdrawn_at: datetime | None
    is_effective: bool
    is_applied: bool

    @property
    def content(self) -> frozenset[tuple[str, str]]:
        """Name and SHA-256 of each file."""
        return frozenset((file.source_file, file.file_sha256) for file in self.files)


@dataclass(frozen=True)
class _Withdrawal:
    """A row of `withdrawals`: a landing that was taken back."""

    landing_number: int
    batch_id: str
    batch_date: date
    withdrawn_at: datetime
    is_undone: bool


@dataclass(frozen=True)
class Reconciliation:
    """What `batch_reconciliation` says about an applied landing, over its five feeds."""

    file_rows: int
    valid_rows: int
    quarantined_rows: int
    score: float
    status: str


class LandingStore:
    """The landing tables of one warehouse and schema, and what is known of their batches."""

    def __init__(self, session: SparkSession, settings: Settings, contract: Contract) -> None:
        """Open the store; its tables exist."""
        self._session = session
        self._settings = settings
        self._contract = contract
        self._landed_files = settings.table("landing", "landed_files")
        self._withdrawals = settings.table("ops", "withdrawals")
        self._reconciliation = settings.table("ops", "batch_reconciliation")
        self._current_batch = settings.table("ops", "current_batch")
        self._is_swept = False

    def landings(self) -> list[Landing]:
        """All landings, in the order in which they landed."""
        rows = self._session.table(self._landed_files).collect()
        files = sorted((LandedFile(**row.asDict()) for row in rows), key=_landing_then_feed)
        applied = self.reconciliations().keys()
        withdrawn = {item.landing_number: item.withdrawn_at for item in self._withdrawn()}
        effective = {
            file.batch_date: file.landing_number
            for file in files
            if file.landing_number not in withdrawn
        }
        landings = []
        for number, group in groupby(files, key=attrgetter("landing_number")):
            landed = tuple(group)
            first = landed[0]
            landings.append(
                Landing(
                    number=number,
                    batch_id=first.batch_id,
                    batch_date=first.batch_date,
                    trigger_file=first.trigger_file,
                    # Spark hands out local time without a zone.
                    landed_at=first.landed_at.astimezone(UTC),
                    files=landed,
                    withdrawn_at=withdrawn.get(number),
                    is_effective=effective.get(first.batch_date) == number,
                    is_applied=number in applied,
                )
            )
        return landings

    def pending(self) -> list[Landing]:
        """Effective landings that dbt has yet to apply, oldest batch_date first.

        A withdrawal that the tables do not show yet makes dbt rewind (macros/scd2/rewind.sql), to
        before the withdrawn date and to before the batch that it applies next: what lies there is
        applied again.
        """
        effective = self._effective()
        pending = [item for item in effective if not item.is_applied]
        withdrawn = [item.batch_date for item in self._withdrawn() if not item.is_undone]
        if withdrawn and effective:
            rewound_to = min(*withdrawn, (pending or effective[-1:])[0].batch_date)
            pending = [
                item for item in effective if not item.is_applied or item.batch_date >= rewound_to
            ]
        return pending

    def is_withdrawal_open(self) -> bool:
        """Whether the tables still hold a batch that was withdrawn: a dbt build is due."""
        return any(not item.is_undone for item in self._withdrawn())

    def to_apply(self) -> list[Landing]:
        """Landings that dbt builds in turn until none is pending, oldest batch_date first.

        Those after a late or replacing batch are among them: its build makes them pending again.
        """
        pending = self.pending()
        if not pending:
            return []
        return [item for item in self._effective() if item.batch_date >= pending[0].batch_date]

    def reconciliations(self) -> dict[int, Reconciliation]:
        """Results of the applied landings, by landing number."""
        rows = self._session.sql(
            "select landing_number, sum(file_rows) as file_rows, sum(valid_rows) as valid_rows,"
            " sum(quarantined_rows) as quarantined_rows, max(batch_score) as score,"
            f" max(batch_status) as status from {self._reconciliation} group by landing_number"
        ).collect()
        results = (row.asDict() for row in rows)
        return {row.pop("landing_number"): Reconciliation(**row) for row in results}

    def replay(self, since: date | None) -> list[Landing]:
        """Make batches pending again; the next dbt build rewinds to before the oldest of them.

        Args:
            since: batch_date of the first batch to apply again; None means all.

        Returns:
            The landings that are to be applied again, oldest batch_date first.
        """
        chosen = [item for item in self._effective() if since is None or item.batch_date >= since]
        if chosen and self._session.catalog.tableExists(self._current_batch):
            oldest = min(item.batch_date for item in chosen)
            # First, so that a kill in between does no harm: without the landing that it is at, dbt
            # rewinds whatever it applies next (macros/scd2/rewind.sql).
            self._session.sql(f"update {self._current_batch} set landing_number = 0")
            self._session.sql(
                f"delete from {self._reconciliation} where batch_date >= date '{oldest}'"
            )
        return chosen

    def withdraw(self, day: date) -> list[Landing]:
        """Take back whatever is landed for a date, in one commit; the next dbt build undoes it.

        The rows stay in the landing tables. The date is without a batch then: one that had been
        replaced does not come back, since whoever sent its successor has called it wrong.

        Args:
            day: batch_date of the batch.

        Returns:
            The landings of that date, those withdrawn before included: none when none ever landed.
        """
        found = [item for item in self.landings() if item.batch_date == day]
        withdrawn_at = datetime.now(UTC)
        rows = [
            (item.number, item.batch_id, item.batch_date, withdrawn_at, False)
            for item in found
            if item.withdrawn_at is None
        ]
        if rows:
            append_rows(self._session, self._withdrawals, rows)
        return found

    def land(self, lineage: Lineage, trigger_file: str, files: Sequence[FileToLand]) -> int:
        """Land a batch wholly or not at all.

        A file that an earlier landing of the same batch brought already is not inserted again: a
        replacing batch may keep some of its files. After a withdrawal it is, and takes the place of
        the rows that were read then.

        Args:
            lineage: The batch, as its rows name it.
            trigger_file: Name of its trigger.
            files: Its files.

        Returns:
            The landing's number.

        Raises:
            Exception: Whatever the engine raises; nothing of the batch is visible then.
        """
        if not self._is_swept:
            self.sweep()
        landings = self.landings()
        number = max((landing.number for landing in landings), default=0) + 1
        present, withdrawn = (
            {
                (file.feed, file.file_sha256)
                for landing in landings
                if (landing.batch_id, landing.batch_date) == (lineage.batch_id, lineage.batch_date)
                if (landing.withdrawn_at is not None) == is_withdrawn
                for file in landing.files
            }
            for is_withdrawn in (False, True)
        )
        records = []
        # Until the record stands, or the rows are gone again, there may be rows to sweep.
        self._is_swept = False
        try:
            for file in files:
                key = (file.feed, file.file_sha256)
                if key not in present:
                    self._insert(file)
                    if key in withdrawn:
                        self._remove_older(file, lineage)
                records.append(
                    LandedFile(
                        landing_number=number,
                        batch_id=lineage.batch_id,
                        batch_date=lineage.batch_date,
                        feed=file.feed,
                        source_file=file.source_file,
                        file_sha256=file.file_sha256,
                        file_rows=file.file_rows,
                        load_type=file.load_type,
                        trigger_file=trigger_file,
                        landed_at=lineage.landed_at,
                    )
                )
            self._commit(records)
        except BaseException as error:
            try:
                self.sweep()
            except Exception:
                error.add_note("Rows that were inserted already stay unseen until the next run.")
            raise
        self._is_swept = True
        return number

    def sweep(self) -> int:
        """Remove rows that no record vouches for; returns the number of files they were of."""
        removed = 0
        for feed in self._contract.feeds:
            table = self._settings.table("landing", feed)
            orphans = self._session.sql(
                "select distinct landed._batch_id, landed._batch_date, landed._file_sha256"
                f" from {table} as landed left anti join {self._landed_files} as records"
                " on landed._batch_id = records.batch_id"
                " and landed._batch_date = records.batch_date"
                " and landed._file_sha256 = records.file_sha256"
                f" and records.feed = {sql_text(feed)}"
            ).collect()
            for orphan in orphans:
                self._session.sql(f"delete from {table} where {_rows_of(*orphan)}")
            removed += len(orphans)
        self._is_swept = True
        return removed

    def _insert(self, file: FileToLand) -> None:
        table = self._settings.table("landing", file.feed)
        rows = self._session.read.parquet(str(file.parquet))
        # By name: the contract's order may change, and a column that it had stays in the table.
        columns = [
            f"`{name}`" if name in rows.columns else f"cast(null as string) as `{name}`"
            for name in self._session.table(table).columns
        ]
        rows.selectExpr(*columns).write.insertInto(table)

    def _remove_older(self, file: FileToLand, lineage: Lineage) -> None:
        """Remove the rows of a file that was landed, withdrawn, and has now been inserted again."""
        rows = _rows_of(lineage.batch_id, lineage.batch_date, file.file_sha256)
        self._session.sql(
            f"delete from {self._settings.table('landing', file.feed)} where {rows}"
            f" and _landed_at <> timestamp {sql_text(lineage.landed_at.isoformat(' '))}"
        )

    def _effective(self) -> list[Landing]:
        """The effective landings, oldest batch_date first."""
        effective = [item for item in self.landings() if item.is_effective]
        return sorted(effective, key=attrgetter("batch_date"))

    def _withdrawn(self) -> list[_Withdrawal]:
        rows = self._session.table(self._withdrawals).collect()
        found = [_Withdrawal(**row.asDict()) for row in rows]
        # Spark hands out local time without a zone.
        return [replace(row, withdrawn_at=row.withdrawn_at.astimezone(UTC)) for row in found]

    def _commit(self, records: Sequence[LandedFile]) -> None:
        rows = [tuple(vars(record).values()) for record in records]
        append_rows(self._session, self._landed_files, rows)


def _rows_of(batch_id: str, batch_date: date, file_sha256: str) -> str:
    """Condition on a landing table: the rows of one file of one batch."""
    return (
        f"_batch_id = {sql_text(batch_id)} and _batch_date = date {sql_text(batch_date)}"
        f" and _file_sha256 = {sql_text(file_sha256)}"
    )


def _landing_then_feed(file: LandedFile) -> tuple[int, str]:
    return file.landing_number, file.feed
