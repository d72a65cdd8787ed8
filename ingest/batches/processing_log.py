"""The processing log: what was done to each batch and file, failures included."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from pathlib import Path

from pyspark.sql import SparkSession

from ingest.catalog import append_rows, sql_text, utc
from ingest.config import Settings
from ingest.files import sighting
from ingest.messages import one_line


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


@dataclass(frozen=True)
class LoggedAlert:
    """A row of step `alert`.

    Attributes:
        message: The channel and the alert's text, such as `webhook: ...`.
        is_sent: Whether the channel took it.
        is_mended: Whether a build has succeeded since.
        batch_id: The batch that it is about, when known, like the next.
        batch_date: Its business date.
    """

    message: str
    is_sent: bool
    is_mended: bool
    batch_id: str | None
    batch_date: date | None

    def is_on(self, mark: str) -> bool:
        """Whether it is one of the channel with that mark, such as `webhook: `."""
        return self.message.startswith(mark)


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

    def alerts(self) -> list[LoggedAlert]:
        """What alerts were sent, and which could not be; oldest first."""
        rows = self._session.sql(
            "select message, alerts.status = 'SUCCESS' as is_sent,"
            " finished_at < coalesce(built_at, finished_at) as is_mended, batch_id, batch_date"
            f" from {self._table} as alerts cross join (select max(finished_at) as built_at from"
            f" {self._table} where step = 'build' and status = 'SUCCESS') as builds"
            " where step = 'alert' order by finished_at"
        ).collect()
        return [LoggedAlert(*row) for row in rows]


def _clean(value: object) -> object:
    return one_line(value) if isinstance(value, str) else value


@dataclass(frozen=True)
class OpenTrigger:
    """A trigger whose last look did not land it, and whose batch has not landed since.

    Attributes:
        name: Name of its file.
        status: `WAITING`, `REJECTED` or `FAILED`.
        since: When that look was (UTC).
        reason: What the look said.
    """

    name: str
    status: str
    since: datetime
    reason: str


def open_triggers(
    session: SparkSession,
    settings: Settings,
    limit: int,
    outcomes: Sequence[str] = ("WAITING", "REJECTED", "FAILED"),
) -> list[OpenTrigger]:
    """The triggers that the last looks at them left open, newest first.

    One is settled once a batch of its id or of its date has landed since, under whatever name.

    Args:
        session: Where the tables are.
        settings: Names the tables.
        limit: How many.
        outcomes: What the last look came to.
    """
    log, landed = settings.table("ops", "processing_log"), settings.table("landing", "landed_files")
    rows = session.sql(
        f"select source_file, status, finished_at, message from ({_last_looks(log)}) as taken"
        f" where status in ({', '.join(map(sql_text, outcomes))}) and not exists (select 1 from"
        f" {landed} as landed where landed.landed_at > taken.finished_at and (landed.batch_id ="
        " taken.batch_id or landed.batch_date = taken.batch_date))"
        f" order by finished_at desc, source_file limit {limit}"
    ).collect()
    return [
        OpenTrigger(row.source_file, row.status, utc(row.finished_at), row.message or "")
        for row in rows
    ]


def _last_looks(log: str) -> str:
    """A query for the last look at each trigger file."""
    return (
        "select * from (select *, row_number() over (partition by source_file order by"
        f" finished_at desc) as age from {log} where step = 'trigger') as looks where age = 1"
    )


@dataclass(frozen=True)
class WaitingTrigger:
    """A trigger in its source folder, and the last look at it.

    Attributes:
        name: Its name, as it may be shown.
        state: What the look came to, in small letters; `new` when there was none yet.
        since: When that was (UTC).
        reason: What the look said.
    """

    name: str
    state: str = "new"
    since: str = ""
    reason: str = "Not looked at yet."


def waiting_triggers(
    session: SparkSession, table: str, triggers: Sequence[Path]
) -> list[WaitingTrigger]:
    """What the last looks at triggers said that are in their source folder.

    Args:
        session: Where the table is.
        table: Qualified name of `processing_log`.
        triggers: The triggers.
    """
    if not triggers:
        return []
    names = [one_line(path.name) for path in triggers]
    rows = session.sql(
        f"select source_file, status, message, finished_at from ({_last_looks(table)}) as taken"
        f" where source_file in ({', '.join(map(sql_text, names))})"
    ).collect()
    taken = {row.source_file: row for row in rows}
    found = []
    for path, name in zip(triggers, names, strict=True):
        result, there = taken.get(name), sighting(path)
        at = utc(result.finished_at) if result else None
        # One that came since then, in the place of another, has not been looked at.
        if result and at and there and there.changed_ns / 1e9 <= at.timestamp():
            found.append(
                WaitingTrigger(name, result.status.lower(), f"{at:%Y-%m-%d %H:%M}", result.message)
            )
        else:
            found.append(WaitingTrigger(name))
    return found


@dataclass(frozen=True)
class LoggedTrigger:
    """Outcome of a look at a trigger, as the log has it."""

    trigger_file: str
    batch_id: str | None
    status: str
    message: str | None


def triggers_of_run(session: SparkSession, table: str, run_id: str | None) -> list[LoggedTrigger]:
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
        "select taken.source_file, taken.batch_id, taken.status, taken.message"
        f" from {table} as taken inner join ({chosen}) as run on taken.run_id = run.run_id"
        " where taken.step = 'trigger' order by taken.started_at"
    ).collect()
    return [LoggedTrigger(*row) for row in rows]


def failed_builds(session: SparkSession, table: str) -> dict[str | None, str]:
    """Why the last build of a batch failed, by the batches of which it did.

    None stands for the build that empties the tables.

    Args:
        session: Where the table is.
        table: Qualified name of `processing_log`.
    """
    rows = session.sql(
        "select batch_id, message from (select *, row_number() over (partition by batch_id order by"
        f" finished_at desc) as age from {table} where step = 'build') as builds"
        " where age = 1 and status = 'FAILED'"
    ).collect()
    return {row.batch_id: row.message for row in rows}
