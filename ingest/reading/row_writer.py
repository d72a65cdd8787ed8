"""Writing landing rows to a Parquet file, batch by batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.contract import Feed
from ingest.reading.header import Header

_EXTRA_TYPE = pa.map_(pa.string(), pa.string())
_INGEST_COLUMNS = pa.schema(
    [
        ("_extra", _EXTRA_TYPE),
        ("_raw_line", pa.string()),
        ("_batch_id", pa.string()),
        ("_batch_date", pa.date32()),
        ("_source_file", pa.string()),
        ("_file_sha256", pa.string()),
        ("_row_number", pa.int64()),
        ("_landed_at", pa.timestamp("us", tz="UTC")),
    ]
)


@dataclass(frozen=True)
class Lineage:
    """The batch that rows belong to, and when it is landed (UTC)."""

    batch_id: str
    batch_date: date
    landed_at: datetime


@dataclass(frozen=True)
class MalformedRow:
    """A row whose fields cannot be told.

    Attributes:
        position: Its place among the rows that it is added with, 0 for the first.
        text: The row as it was delivered.
        problem: What is wrong with it.
    """

    position: int
    text: str
    problem: str


class RowWriter:
    """A Parquet file of landing rows that is being written; a context manager.

    Attributes:
        rows: Data rows so far, malformed ones included.
        malformed_rows: Malformed rows so far.
        first_malformed: Number of the first of them and what is wrong with it; None when there is
            none.
    """

    def __init__(
        self,
        out: Path,
        feed: Feed,
        header: Header,
        lineage: Lineage,
        source_file: str,
        file_sha256: str,
    ) -> None:
        """Begin the file.

        Args:
            out: Where it is written.
            feed: Feed of the rows.
            header: Where the parsed batches have which column.
            lineage: Batch of the rows.
            source_file: Name of the CSV file.
            file_sha256: Its hash.
        """
        self.rows = 0
        self.malformed_rows = 0
        self.first_malformed: tuple[int, str] | None = None
        self._header = header
        self._schema = pa.schema([(column.name, pa.string()) for column in feed.columns])
        for field in _INGEST_COLUMNS:
            self._schema = self._schema.append(field)
        self._constants = {
            "_batch_id": lineage.batch_id,
            "_batch_date": lineage.batch_date,
            "_source_file": source_file,
            "_file_sha256": file_sha256,
            "_landed_at": lineage.landed_at,
        }
        # On this machine the file stays, as a part of the table, hence dictionaries as an engine
        # would write them; who searches the table reads the statistics in its log.
        self._writer = pq.ParquetWriter(out, self._schema, write_statistics=False)

    def __enter__(self) -> Self:
        """Return the file itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the file."""
        self._writer.close()

    def add(self, batch: pa.RecordBatch, malformed: Sequence[MalformedRow]) -> None:
        """Add the file's next rows.

        Args:
            batch: The well-formed ones: the header's columns in their order, as text; empty values
                are NULL.
            malformed: The others.
        """
        first = self.rows + 1
        positions = [row.position for row in malformed]
        numbers = np.arange(first, first + batch.num_rows + len(malformed))
        if batch.num_rows:
            self._write(self._columns(batch), pa.array(np.delete(numbers, positions)))
        if malformed:
            if self.first_malformed is None:
                self.first_malformed = first + positions[0], malformed[0].problem
            texts = pa.array([row.text for row in malformed], pa.string())
            self._write({"_raw_line": texts}, pa.array(numbers[positions]))
        self.rows += len(numbers)
        self.malformed_rows += len(malformed)

    def _columns(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        columns: dict[str, pa.Array] = {
            name: _blank_to_null(batch.column(position))
            for name, position in self._header.known.items()
        }
        if self._header.unknown:
            columns["_extra"] = _map(
                list(self._header.unknown),
                [_blank_to_null(batch.column(item)) for item in self._header.unknown.values()],
            )
        return columns

    def _write(self, columns: dict[str, pa.Array], numbers: pa.Array) -> None:
        """Write rows; a column that is not given is constant, or else NULL."""
        count = len(numbers)
        columns["_row_number"] = numbers
        for name, value in self._constants.items():
            columns[name] = pa.repeat(pa.scalar(value, self._schema.field(name).type), count)
        arrays = [
            columns[field.name] if field.name in columns else pa.nulls(count, field.type)
            for field in self._schema
        ]
        self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))


def _blank_to_null(values: pa.Array) -> pa.Array:
    """Turn text of nothing but white space into NULL."""
    is_blank = pc.utf8_is_space(values)
    if not pc.any(is_blank).as_py():
        return values
    return pc.if_else(is_blank, pa.scalar(None, values.type), values)


def _map(keys: list[str], columns: list[pa.Array]) -> pa.Array:
    """Combine columns into one column of maps from their names to their values."""
    width, rows = len(keys), len(columns[0])
    starts = pa.array(range(0, rows * width + 1, width), pa.int32())
    # The first row's cell of every column, then the second row's, and so on.
    columnwise = [range(column * rows, (column + 1) * rows) for column in range(width)]
    order = pa.array(chain.from_iterable(zip(*columnwise, strict=True)), pa.int64())
    values = pa.concat_arrays(columns).take(order)
    return pa.MapArray.from_arrays(starts, pa.array(keys * rows, pa.string()), values)
