"""What is known of batches: landed, effective, pending, applied, withdrawn.

A batch is landed from the moment its files stand in `landed_files`, which one insert puts there. A
row in `withdrawals` takes a landing back; rows in `batch_reconciliation` say that it is applied.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import groupby
from operator import attrgetter

from pyspark.sql import SparkSession

from ingest.catalog import append_rows, utc
from ingest.config import Settings


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
    header: str | None = None


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

    @property
    def state(self) -> str:
        """What has become of it: `applied`, `pending`, `replaced` or `withdrawn`."""
        if self.withdrawn_at:
            return "withdrawn"
        if not self.is_effective:
            return "replaced"
        return "applied" if self.is_applied else "pending"


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
    """What `batch_reconciliation` says about an applied landing, over its feeds.

    Attributes:
        file_rows: Rows of its files.
        valid_rows: Rows that kept all quarantining rules.
        quarantined_rows: The others.
        score: Batch score, 0 to 100.
        status: `PASS` or `FAIL`.
        feeds_without_valid_rows: Feeds that had rows of which none was valid.
    """

    file_rows: int
    valid_rows: int
    quarantined_rows: int
    score: float
    status: str
    feeds_without_valid_rows: tuple[str, ...] = ()

    def shortcomings(self, min_score: float | None) -> list[str]:
        """Why the batch is of little use, one sentence each.

        Args:
            min_score: What the batch score must reach; None asks for none.
        """
        found = [f"No row of {feed} is valid." for feed in self.feeds_without_valid_rows]
        if min_score is not None and self.score < min_score:
            found.append(f"The score {self.score:.2f} is below {min_score:g}.")
        return found


@dataclass(frozen=True)
class LedgerState:
    """All records, as they stand at one moment.

    Attributes:
        landings: All landings, in the order in which they landed.
        results: Results of the applied ones, by landing number.
        to_undo: batch_date of each batch that was withdrawn and that the tables still hold.
    """

    landings: tuple[Landing, ...]
    results: Mapping[int, Reconciliation]
    to_undo: tuple[date, ...]

    @property
    def effective(self) -> list[Landing]:
        """The effective landings, oldest batch_date first."""
        effective = [item for item in self.landings if item.is_effective]
        return sorted(effective, key=attrgetter("batch_date"))

    @property
    def is_withdrawal_open(self) -> bool:
        """Whether the tables still hold a batch that was withdrawn: a dbt build is due."""
        return bool(self.to_undo)

    @property
    def is_due(self) -> bool:
        """Whether a dbt build is due."""
        return self.is_withdrawal_open or bool(self.pending())

    @property
    def newest_result(self) -> Reconciliation | None:
        """Result of the applied batch with the latest batch_date; None when there is none."""
        applied = [item for item in self.effective if item.is_applied]
        return self.results[applied[-1].number] if applied else None

    def pending(self) -> list[Landing]:
        """Effective landings that dbt has yet to apply, oldest batch_date first.

        A withdrawal that the tables do not show yet makes dbt rewind (macros/batches/rewind.sql) to
        before the withdrawn date and to before the batch that it applies next: what lies there is
        applied again.
        """
        effective = self.effective
        pending = [item for item in effective if not item.is_applied]
        if self.to_undo and effective:
            rewound_to = min(*self.to_undo, (pending or effective[-1:])[0].batch_date)
            pending = [
                item for item in effective if not item.is_applied or item.batch_date >= rewound_to
            ]
        return pending

    def to_apply(self) -> list[Landing]:
        """Landings that dbt builds in turn until none is pending, oldest batch_date first.

        Those after a late or replacing batch are among them: its build makes them pending again.
        """
        pending = self.pending()
        if not pending:
            return []
        return [item for item in self.effective if item.batch_date >= pending[0].batch_date]


class Ledger:
    """The records of one warehouse and schema; the one writer of `landed_files`."""

    def __init__(self, session: SparkSession, settings: Settings) -> None:
        """Open the ledger; its tables exist."""
        self._session = session
        self._landed_files = settings.table("landing", "landed_files")
        self._withdrawals = settings.table("ops", "withdrawals")
        self._reconciliation = settings.table("ops", "batch_reconciliation")
        self._current_batch = settings.table("ops", "current_batch")

    def read(self) -> LedgerState:
        """Read all records, once."""
        rows = self._session.table(self._landed_files).collect()
        files = sorted((LandedFile(**row.asDict()) for row in rows), key=_landing_then_feed)
        results = self.reconciliations()
        withdrawals = self._withdrawn()
        withdrawn = {item.landing_number: item.withdrawn_at for item in withdrawals}
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
                    landed_at=utc(first.landed_at),
                    files=landed,
                    withdrawn_at=withdrawn.get(number),
                    is_effective=effective.get(first.batch_date) == number,
                    is_applied=number in results,
                )
            )
        to_undo = tuple(item.batch_date for item in withdrawals if not item.is_undone)
        return LedgerState(tuple(landings), results, to_undo)

    def landings(self) -> list[Landing]:
        """All landings, in the order in which they landed."""
        return list(self.read().landings)

    def reconciliations(self) -> dict[int, Reconciliation]:
        """Results of the applied landings, by landing number."""
        rows = self._session.sql(
            "select landing_number, sum(file_rows) as file_rows, sum(valid_rows) as valid_rows,"
            " sum(quarantined_rows) as quarantined_rows, max(batch_score) as score,"
            " max(batch_status) as status, array_sort(collect_list(case when landed_rows > 0 and"
            " valid_rows = 0 then feed end)) as feeds_without_valid_rows"
            f" from {self._reconciliation} group by landing_number"
        ).collect()
        results = [row.asDict() for row in rows]
        for row in results:
            row["feeds_without_valid_rows"] = tuple(row["feeds_without_valid_rows"])
        return {row.pop("landing_number"): Reconciliation(**row) for row in results}

    def replay(self, since: date | None) -> list[Landing]:
        """Make batches pending again; the next dbt build rewinds to before the oldest of them.

        Args:
            since: batch_date of the first batch to apply again; None means all.

        Returns:
            The landings that are to be applied again, oldest batch_date first.
        """
        chosen = [
            item for item in self.read().effective if since is None or item.batch_date >= since
        ]
        if chosen and self._session.catalog.tableExists(self._current_batch):
            oldest = min(item.batch_date for item in chosen)
            # First, so that a kill in between does no harm: without the landing that it is at, dbt
            # rewinds whatever it applies next (macros/batches/rewind.sql).
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

    def record(self, files: Sequence[LandedFile]) -> None:
        """Record a landing's files, in one commit: from then on it is landed."""
        rows = [tuple(vars(file).values()) for file in files]
        append_rows(self._session, self._landed_files, rows)

    def _withdrawn(self) -> list[_Withdrawal]:
        rows = self._session.table(self._withdrawals).collect()
        found = [_Withdrawal(**row.asDict()) for row in rows]
        return [replace(row, withdrawn_at=utc(row.withdrawn_at)) for row in found]


def _landing_then_feed(file: LandedFile) -> tuple[int, str]:
    return file.landing_number, file.feed
