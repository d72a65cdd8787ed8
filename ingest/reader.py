"""Reading a CSV file: one streaming pass from its bytes to a Parquet file of landing rows."""

import hashlib
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pv

from ingest.contract import Feed
from ingest.csv_stream import CsvStream
from ingest.errors import Rejected, Waiting
from ingest.files import open_delivered
from ingest.header import Header, match_header, name_list
from ingest.row_writer import Lineage, RowWriter

__all__ = ["Lineage", "ParsedFile", "parse_file"]


@dataclass(frozen=True)
class ParsedFile:
    """What was found in a file that keeps the contract.

    Attributes:
        feed: Its feed.
        name: Its name.
        sha256: SHA-256 of its bytes, lower-case hexadecimal.
        rows: Data rows, malformed ones included.
        bytes: Its size.
        malformed_rows: Rows with too many or too few fields.
        warnings: What is odd but no reason to refuse it, one sentence each.
    """

    feed: str
    name: str
    sha256: str
    rows: int
    bytes: int
    malformed_rows: int
    warnings: tuple[str, ...]


def parse_file(
    source: Path, feed: Feed, lineage: Lineage, out: Path, max_row_bytes: int
) -> ParsedFile:
    """Check a delivered file and turn it into a Parquet file of landing rows.

    Memory stays flat whatever the file's size. The Parquet file has exactly the columns of the
    feed's landing table; its rows need not be in the file's order, which `_row_number` tells.

    Args:
        source: The CSV file.
        feed: What it must bring.
        lineage: The batch that it belongs to.
        out: Parquet file to write; it is gone again when anything is raised.
        max_row_bytes: No row may be longer. The parser works on so much of a file at a time, and
            reads up to 32 times as much ahead, so this is what bounds the memory.

    Raises:
        Rejected: The file breaks the contract.
        Waiting: The file vanished, or changed while it was read.
    """
    with open_delivered(source) as file:
        before = os.fstat(file.fileno())
        # The hash stands in every row, so it must be known before the first one is written.
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        stream = CsvStream(file, source.name, max_row_bytes)
        try:
            header = match_header(stream.read_header(), feed, source.name)
            with RowWriter(out, feed, header, lineage, source.name, sha256) as writer:
                _parse(stream, source.name, header, writer, max_row_bytes)
            if stream.sha256 != sha256 or _has_changed(source, before):
                raise Waiting(
                    f"{source.name} changed while it was read: it is read again at the next look."
                )
        except BaseException:
            out.unlink(missing_ok=True)
            raise
    return ParsedFile(
        feed=feed.name,
        name=source.name,
        sha256=sha256,
        rows=writer.rows,
        bytes=stream.size,
        malformed_rows=writer.malformed_rows,
        warnings=_warnings(source.name, header, writer),
    )


class _InvalidRows:
    """Records that the parser leaves out because their number of fields is not the header's."""

    def __init__(self, end_mark: str) -> None:
        self._end_mark = end_mark
        self._reported: deque[tuple[int, str]] = deque()
        self._blank_lines = 0
        self.has_end_mark = False

    def report(self, record: pv.InvalidRow) -> str:
        """Note a record; the parser calls this from any thread, ahead of the rows it gives out."""
        self._reported.append((record.number, record.text))
        return "skip"

    def take(self) -> Iterator[tuple[int, str]]:
        """Number and text of the malformed rows among the records noted since the last time."""
        while self._reported:
            number, text = self._reported.popleft()
            if text == self._end_mark:
                self.has_end_mark = True
            elif not text.strip():
                # Empty lines the parser leaves out by itself; white space it takes for a record.
                self._blank_lines += 1
            else:
                # The stream's start mark is record 1.
                yield number - 1 - self._blank_lines, text


def _parse(
    stream: CsvStream, name: str, header: Header, writer: RowWriter, max_row_bytes: int
) -> None:
    """Pass all rows of a stream to the writer."""
    invalid = _InvalidRows(stream.end_mark)
    marks = 1
    try:
        for batch in _batches(stream, header.width, invalid, max_row_bytes):
            for number, text in invalid.take():
                writer.add_malformed(number, text)
            writer.add(batch.slice(marks))
            marks = 0
    except _RowTooLongError:
        raise Rejected(
            f"{name}: row {writer.rows + 1} does not end within {max_row_bytes} bytes, most likely"
            " for an unclosed quote: close it, and double the quotes inside quoted values. If the"
            " row is right, raise ECOMM_MAX_ROW_BYTES."
        ) from None
    for number, text in invalid.take():
        writer.add_malformed(number, text)
    if not invalid.has_end_mark:
        raise Rejected(
            f"{name}: unclosed quote: row {writer.rows} begins a quoted value that the rest of the"
            " file does not end: close the quote there or in a row before it."
        )


class _RowTooLongError(Exception):
    pass


def _batches(
    stream: CsvStream, width: int, invalid: _InvalidRows, block_bytes: int
) -> Iterator[pa.RecordBatch]:
    """Give the well-formed records block by block; the invalid ones are reported before."""
    names = [str(position) for position in range(width)]
    try:
        with pv.open_csv(
            pa.PythonFile(stream, mode="r"),
            # Only without threads do invalid records have numbers.
            read_options=pv.ReadOptions(
                column_names=names, block_size=block_bytes, use_threads=False
            ),
            parse_options=pv.ParseOptions(
                newlines_in_values=True, invalid_row_handler=invalid.report
            ),
            convert_options=pv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                # The stream has checked it.
                check_utf8=False,
            ),
        ) as batches:
            yield from batches
    except pa.ArrowInvalid as error:
        if "straddling" not in str(error):
            raise
        raise _RowTooLongError from None


def _has_changed(source: Path, before: os.stat_result) -> bool:
    """Whether another file lies in the place of the one that was read, or it was written to."""
    try:
        # As before, of an open file: a mounted volume may tell another time of a path.
        with open_delivered(source) as file:
            after = os.fstat(file.fileno())
    except (Waiting, Rejected):
        return True
    return (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns)


def _warnings(name: str, header: Header, writer: RowWriter) -> tuple[str, ...]:
    warnings = []
    if not writer.rows:
        warnings.append(f"{name} has a header but no rows.")
    if header.unknown:
        warnings.append(
            f"{name}: schema drift: unknown columns {name_list(header.unknown)}: kept in _extra."
        )
    if writer.malformed_rows:
        warnings.append(
            f"{name}: rows with too many or too few fields are quarantined:"
            f" {writer.malformed_rows}, the first is row {writer.first_malformed}."
        )
    return tuple(warnings)
