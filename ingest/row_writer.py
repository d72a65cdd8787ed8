"""Writing landing rows to a Parquet file, batch by batch."""

from collections import deque
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.contract import Feed
from ingest.header import Header

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


class RowWriter:
    """A Parquet file of landing rows that is being written; a context manager.

    Attributes:
        rows: Data rows so far, malformed ones included.
        malformed_rows: Malformed rows so far.
        first_malformed: Number of the first of them; None when there is none.
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
        self.first_malformed: int | None = None
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
        self._pending: list[tuple[int, str]] = []
        # Numbers that malformed rows took among or after the well-formed rows that come next.
        self._taken: deque[range] = deque()
        self._next_number = 1
        self._writer = pq.ParquetWriter(out, self._schema)

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
        with self._writer:
            if error is None:
                self._write_malformed()

    def add(self, batch: pa.RecordBatch) -> None:
        """Add the file's next well-formed rows; the malformed ones among them are added already.

        Args:
            batch: The header's columns in their order, as text; empty values are NULL.
        """
        if batch.num_rows:
            self._write_well_formed(batch)
        self._write_malformed()

    def add_malformed(self, number: int, text: str) -> None:
        """Add a row with too many or too few fields.

        Args:
            number: Its number in the file, 1 for the first data row; malformed rows come in order.
            text: The row as it was delivered.
        """
        if self.first_malformed is None:
            self.first_malformed = number
        self.rows += 1
        self.malformed_rows += 1
        if self._taken and self._taken[-1].stop == number:
            self._taken[-1] = range(self._taken[-1].start, number + 1)
        else:
            self._taken.append(range(number, number + 1))
        self._pending.append((number, text))

    def _write_well_formed(self, batch: pa.RecordBatch) -> None:
        self.rows += batch.num_rows
        columns: dict[str, pa.Array] = {
            name: _blank_to_null(batch.column(position))
            for name, position in self._header.known.items()
        }
        if self._header.unknown:
            columns["_extra"] = _map(
                list(self._header.unknown),
                [_blank_to_null(batch.column(item)) for item in self._header.unknown.values()],
            )
        self._write(columns, self._free_numbers(batch.num_rows))

    def _free_numbers(self, count: int) -> pa.Array:
        """Take the next numbers that no malformed row has."""
        free: list[range] = []
        left = count
        while left:
            end = self._next_number + left
            if self._taken and self._taken[0].start < end:
                taken = self._taken.popleft()
                free.append(range(self._next_number, taken.start))
                self._next_number = taken.stop
            else:
                free.append(range(self._next_number, end))
                self._next_number = end
            left -= len(free[-1])
        return pa.array(chain.from_iterable(free), pa.int64())

    def _write_malformed(self) -> None:
        if self._pending:
            numbers, texts = zip(*self._pending, strict=True)
            self._write({"_raw_line": pa.array(texts, pa.string())}, pa.array(numbers, pa.int64()))
            self._pending.clear()

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
