"""The processing log: what was done to each batch and file, failures included."""

from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime

from pyspark.sql import SparkSession

from ingest.catalog import sql_text
from ingest.files import one_line
from ingest.landing import append_rows


def now() -> datetime:
    """The present time, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class LogRow:
    """A row of `processing_log` without its run_id; the ops sources file describes the fields."""

    batch_id: str | None = None
    batch_date: date | None = None
    step: str
    feed: str | None = None
    source_file: str | None = None
    file_sha256: str | None = None
    status: str
    total_records: int | None = None
    valid_records: int | None = None
    invalid_records: int | None = None
    archived_files: int | None = None
    message: str | None = None
    started_at: datetime
    finished_at: datetime = field(default_factory=now)


class ProcessingLog:
    """Appends to `processing_log`, the rows of one look at a batch in one commit."""

    def __init__(self, session: SparkSession, table: str, run_id: str) -> None:
        """Open the log.

        Args:
            session: Where the table is.
            table: Qualified name of `processing_log`.
            run_id: Identifies this run of ingest.
        """
        self._session = session
        self._table = table
        self._run_id = run_id

    def write(self, rows: list[LogRow]) -> None:
        """Append the rows, their texts without control characters."""
        names = [item.name for item in fields(LogRow)]
        values = [(self._run_id, *(_clean(getattr(row, name)) for name in names)) for row in rows]
        append_rows(self._session, self._table, values)


def _clean(value: object) -> object:
    return one_line(value) if isinstance(value, str) else value


def rejected_triggers(session: SparkSession, table: str, limit: int) -> list[tuple[str, str, str]]:
    """Time (UTC), trigger file and reason of the triggers rejected last, newest first.

    Args:
        session: Where the table is.
        table: Qualified name of `processing_log`.
        limit: How many.
    """
    rows = session.sql(
        "select date_format(finished_at, 'yyyy-MM-dd HH:mm') as rejected_at, source_file, message"
        f" from {table} where step = 'trigger' and status = 'REJECTED'"
        f" order by finished_at desc limit {limit}"
    ).collect()
    return [(row.rejected_at, row.source_file, row.message) for row in rows]


@dataclass(frozen=True)
class LoggedLook:
    """Outcome of a look at a trigger, as the log has it."""

    trigger_file: str
    batch_id: str | None
    status: str
    message: str | None


def looks_of_run(session: SparkSession, table: str, run_id: str | None) -> list[LoggedLook]:
    """Outcomes of a run's looks at triggers, in its order; none if it found no trigger.

    Args:
        session: Where the table is.
        table: Qualified name of `processing_log`.
        run_id: Which run; None means the last that found triggers.
    """
    chosen = f"select {sql_text(run_id)} as run_id"
    if run_id is None:
        chosen = (
            f"select run_id from {table} where step = 'trigger' order by finished_at desc limit 1"
        )
    rows = session.sql(
        "select looks.source_file, looks.batch_id, looks.status, looks.message"
        f" from {table} as looks inner join ({chosen}) as run on looks.run_id = run.run_id"
        " where looks.step = 'trigger' order by looks.started_at"
    ).collect()
    return [LoggedLook(*row) for row in rows]


@dataclass(frozen=True)
class FailedRule:
    """A rule that rows of the newest validated batch broke."""

    batch_id: str
    batch_date: date
    rule_id: str
    feed: str
    severity: str
    failed_records: int
    checked_records: int
    status: str


def failed_rules(session: SparkSession, table: str) -> list[FailedRule]:
    """The newest batch's failed rules, worst first.

    Args:
        session: Where the table is.
        table: Qualified name of `validation_results`.
    """
    rows = session.sql(
        "select batch_id, results.batch_date, rule_id, feed, severity, failed_records,"
        f" checked_records, status from {table} as results inner join"
        f" (select max(batch_date) as batch_date from {table}) as newest"
        " on results.batch_date = newest.batch_date where status <> 'PASS'"
        " order by case severity when 'HIGH' then 1 when 'MEDIUM' then 2 else 3 end, rule_id"
    ).collect()
    return [FailedRule(*row) for row in rows]
