"""The error tables: which rows are quarantined, and a file of them to correct."""

import csv
import json
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from ingest.catalog import sql_text, tables_in
from ingest.config import Settings
from ingest.contract import Feed, header_key
from ingest.errors import ConfigError


@dataclass(frozen=True)
class ErrorRow:
    """A quarantined row.

    Attributes:
        feed: Its feed.
        batch_id: The batch that brought it.
        batch_date: Business date of the batch.
        source_file: The file that it stood in.
        row_number: Its number there, 1 for the first data row.
        max_severity: The worst of its failed rules: `HIGH`, `MEDIUM` or `LOW`.
        failed_rules: Ids of the rules that it broke.
        resolved_by_batch_id: The later batch that brought a valid row for its key; None when open.
        raw_record: The landed row as JSON. Personal data: for the export only, not for messages.
    """

    feed: str
    batch_id: str
    batch_date: date
    source_file: str
    row_number: int
    max_severity: str
    failed_rules: tuple[str, ...]
    resolved_by_batch_id: str | None
    raw_record: str


def error_rows(
    session: SparkSession,
    settings: Settings,
    feeds: Collection[str],
    batch_id: str | None = None,
    *,
    only_open: bool = False,
) -> list[ErrorRow]:
    """Quarantined rows, oldest batch first, then by feed and row.

    Args:
        session: Where the tables are.
        settings: Names the schemas.
        feeds: Which feeds.
        batch_id: Of which batch; None means all.
        only_open: Whether to leave out rows that a later batch resolved.
    """
    conditions = ["true"]
    if batch_id is not None:
        conditions.append(f"_batch_id = {sql_text(batch_id)}")
    if only_open:
        conditions.append("resolved_by_batch_id is null")
    known = tables_in(session, settings.schema_of("staging"))
    found = []
    for feed in feeds:
        # Before the first build there are no error tables.
        if f"{feed}_errors" not in known:
            continue
        rows = session.sql(
            "select _batch_id, _batch_date, _source_file, _row_number, max_severity, failed_rules,"
            f" resolved_by_batch_id, raw_record from {settings.table('staging', f'{feed}_errors')}"
            f" where {' and '.join(conditions)}"
        ).collect()
        for row in rows:
            batch, day, file, number, severity, rules, resolved_by, record = row
            found.append(
                ErrorRow(
                    feed, batch, day, file, number, severity, tuple(rules), resolved_by, record
                )
            )
    return sorted(
        found, key=lambda row: (row.batch_date, row.feed, row.source_file, row.row_number)
    )


def write_corrections(rows: Iterable[ErrorRow], feed: Feed, out: Path) -> int:
    """Write rows as a CSV that can be corrected and delivered again.

    The contract's columns come first, in its order; then the unknown columns that the rows have.
    Malformed rows stand last, as they came, in the order of columns of their own file.

    Args:
        rows: Rows of the feed.
        feed: The feed.
        out: File to write; only its owner may read it.

    Returns:
        Number of malformed rows.

    Raises:
        ConfigError: The file is there already or cannot be written.
    """
    records: list[dict[str, Any]] = [json.loads(row.raw_record) for row in rows]
    malformed = [record["_raw_line"] for record in records if "_raw_line" in record]
    cells = [_cells(record, feed) for record in records if "_raw_line" not in record]
    columns = [column.name for column in feed.columns]
    unknown = sorted({name for row in cells for name in row} - set(columns))
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*columns, *unknown])
            writer.writerows([row.get(name) for name in (*columns, *unknown)] for row in cells)
            file.writelines(f"{line}\r\n" for line in malformed)
    except FileExistsError:
        raise ConfigError(f"{out} is there already: name a new file.") from None
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error.strerror}.") from None
    return len(malformed)


def _cells(record: dict[str, Any], feed: Feed) -> dict[str, str | None]:
    """A row's values by column; the contract may have changed since the row landed."""
    landed = {name: value for name, value in record.items() if not name.startswith("_")}
    cells: dict[str, str | None] = {}
    for header, value in (record.get("_extra", {}) | landed).items():
        column = feed.by_header.get(header_key(header))
        name = column.name if column else header
        if value is not None or name not in cells:
            cells[name] = value
    return cells
