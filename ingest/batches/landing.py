"""How a batch's rows come into the landing tables.

They may lie there unseen: a batch is landed only when the ledger has its files. Rows that no record
vouches for are left from a landing that was cut short, and `sweep` removes them.

A landing's rows are those with its batch_id, its batch_date and the hash of one of its files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pyspark.sql import SparkSession

from ingest.batches.ledger import LandedFile, Ledger
from ingest.catalog import sql_text
from ingest.config import Settings
from ingest.contract import Contract
from ingest.reading.reader import Lineage


@dataclass(frozen=True)
class FileToLand:
    """A parsed file on its way into a landing table.

    Attributes:
        feed: Feed of the file.
        source_file: Name of the file.
        file_sha256: SHA-256 of its bytes.
        file_rows: Data rows, malformed ones included.
        load_type: `incremental` or `full`.
        header: Its columns' names in normal form, separated by blanks.
        parquet: The rows, with the contract's columns and those that ingest adds; on this machine
            it becomes a file of the table.
    """

    feed: str
    source_file: str
    file_sha256: str
    file_rows: int
    load_type: str
    header: str
    parquet: Path


class LandingTables:
    """The landing tables of one warehouse and schema."""

    def __init__(
        self, session: SparkSession, settings: Settings, contract: Contract, ledger: Ledger
    ) -> None:
        """Open the tables, which exist; the ledger is theirs."""
        self._session = session
        self._settings = settings
        self._contract = contract
        self._ledger = ledger
        self._landed_files = settings.table("landing", "landed_files")
        self._is_swept = False

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
        landings = self._ledger.landings()
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
                    self._insert(file, lineage)
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
                        header=file.header,
                    )
                )
            self._ledger.record(records)
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

    def _insert(self, file: FileToLand, lineage: Lineage) -> None:
        if self._settings.target == "databricks":
            self._copy(file)
            return
        # Only where tables are folders there is a package for them.
        from ingest.engines.delta_files import append_file

        # What the table is searched by.
        constants = {
            "_batch_id": lineage.batch_id,
            "_batch_date": lineage.batch_date.isoformat(),
            "_file_sha256": file.file_sha256,
        }
        folder = self._settings.warehouse / self._settings.schema_of("landing") / file.feed
        append_file(folder, file.parquet, file.file_rows, constants)

    def _copy(self, file: FileToLand) -> None:
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


def _rows_of(batch_id: str, batch_date: date, file_sha256: str) -> str:
    """Condition on a landing table: the rows of one file of one batch."""
    return (
        f"_batch_id = {sql_text(batch_id)} and _batch_date = date {sql_text(batch_date)}"
        f" and _file_sha256 = {sql_text(file_sha256)}"
    )
