"""Reading a CSV file: one streaming pass from its bytes to a Parquet file of landing rows."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv

from ingest.contract import Feed, header_key
from ingest.errors import Rejected, Waiting
from ingest.files import open_delivered
from ingest.reading.csv_stream import (
    Block,
    CsvStream,
    OpenQuoteError,
    RecordTooLongError,
    look_through,
)
from ingest.reading.header import Header, invisible_characters, match_header, name_list
from ingest.reading.row_writer import Lineage, MalformedRow, RowWriter
from ingest.reading.strict_csv import records, without_line_end

__all__ = ["Lineage", "ParsedFile", "parse_file"]

_OUT_OF_PLACE = "a quote or a carriage return out of place"


@dataclass(frozen=True)
class ParsedFile:
    """What was found in a file that keeps the contract.

    Attributes:
        feed: Its feed.
        name: Its name.
        sha256: SHA-256 of its bytes, lower-case hexadecimal.
        rows: Data rows, malformed ones included.
        bytes: Its size.
        malformed_rows: Rows whose fields cannot be told.
        header: Its columns' names in normal form, which has no blanks, separated by blanks.
        warnings: What is odd but no reason to refuse it, one sentence each.
    """

    feed: str
    name: str
    sha256: str
    rows: int
    bytes: int
    malformed_rows: int
    header: str
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
        max_row_bytes: No row may be longer, which bounds the memory.

    Raises:
        Rejected: The file breaks the contract.
        Waiting: The file vanished, or changed while it was read.
    """
    with open_delivered(source) as file:
        before = os.fstat(file.fileno())
        # The hash stands in every row, so it must be known before the first one is written.
        first = look_through(file)
        stream = CsvStream(file, source.name, first.newline, max_row_bytes)
        try:
            header = match_header(stream.read_head(), feed, source.name)
            with RowWriter(out, feed, header, lineage, source.name, first.sha256) as writer:
                _parse(stream, source.name, header, writer, max_row_bytes)
            if stream.sha256 != first.sha256 or _has_changed(source, before):
                raise Waiting(
                    f"{source.name} changed while it was read: it is read again at the next look."
                )
        except BaseException:
            out.unlink(missing_ok=True)
            raise
    return ParsedFile(
        feed=feed.name,
        name=source.name,
        sha256=first.sha256,
        rows=writer.rows,
        bytes=stream.size,
        malformed_rows=writer.malformed_rows,
        header=" ".join(map(header_key, header.cells)),
        warnings=_warnings(source.name, stream, header, writer),
    )


def _parse(stream: CsvStream, name: str, header: Header, writer: RowWriter, limit: int) -> None:
    """Pass all rows of a stream to the writer."""
    parser = _Parser(stream, header)
    blocks = map(parser.rows, stream.blocks())
    try:
        # A block is written while the next one is read and parsed.
        with ThreadPoolExecutor(max_workers=1) as ahead:
            following = ahead.submit(next, blocks, None)
            while (rows := following.result()) is not None:
                following = ahead.submit(next, blocks, None)
                writer.add(*rows)
    except RecordTooLongError:
        raise Rejected(
            f"{name}: row {writer.rows + 1} does not end within {limit} bytes, most likely"
            " for an unclosed quote: close it, and double the quotes inside quoted values. If the"
            " row is right, raise ECOMM_MAX_ROW_BYTES."
        ) from None
    except OpenQuoteError:
        raise Rejected(
            f"{name}: unclosed quote: row {writer.rows + 1} begins a quoted value that the rest of"
            " the file does not end: close the quote there or in a row before it."
        ) from None


class _Parser:
    """Arrow's parser, which is lenient, for records that are checked."""

    def __init__(self, stream: CsvStream, header: Header) -> None:
        self._stream = stream
        self._header = header
        self._names = [str(position) for position in range(header.width)]
        # It gives nothing out without a well-formed row, and takes a byte order mark away at the
        # beginning: a first row of our own.
        self._first = b'""' + b"," * (header.width - 1) + stream.newline
        self._convert = pv.ConvertOptions(
            column_types=dict.fromkeys(self._names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            # The stream has checked it.
            check_utf8=False,
        )

    def rows(self, block: Block) -> tuple[pa.RecordBatch, list[MalformedRow]]:
        """The well-formed rows of a block, and the malformed ones."""
        text = self._first + block.text
        invalid: list[tuple[int, str]] = []

        def note(row: pv.InvalidRow) -> str:
            invalid.append((row.number, row.text))
            return "skip"

        table = pv.read_csv(
            pa.BufferReader(text),
            # One block has no borders, at which the parser cuts quoted line ends. Only without
            # threads do invalid rows have numbers.
            read_options=pv.ReadOptions(
                column_names=self._names, block_size=len(text) + 1, use_threads=False
            ),
            parse_options=pv.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
            convert_options=self._convert,
        )
        batch = table.combine_chunks().to_batches()[0].slice(1)
        malformed = list(self._malformed(block, invalid))
        if repeated := self._header.repetitions(batch):
            batch, malformed = self._without(repeated, block, batch, malformed)
        return batch, malformed

    def _malformed(
        self, block: Block, invalid: Iterable[tuple[int, str]]
    ) -> Iterator[MalformedRow]:
        """What the stream and the parser found malformed."""
        out_of_place = iter(block.malformed)
        blank_lines = 0
        for number, text in invalid:
            # Our own first row is number 1.
            position = number - 2 - blank_lines
            if text == self._stream.mark:
                yield MalformedRow(position, next(out_of_place), _OUT_OF_PLACE)
            elif text.strip():
                yield MalformedRow(position, text, "too many or too few fields")
            else:
                # Empty lines the parser leaves out by itself; white space it takes for a record.
                blank_lines += 1

    def _without(
        self,
        repeated: list[int],
        block: Block,
        batch: pa.RecordBatch,
        malformed: list[MalformedRow],
    ) -> tuple[pa.RecordBatch, list[MalformedRow]]:
        """Set rows apart that repeat the header."""
        positions = np.arange(batch.num_rows + len(malformed))
        positions = np.delete(positions, [row.position for row in malformed])[repeated]
        texts = _record_texts(block.text, self._stream.newline)
        malformed += [
            MalformedRow(int(position), texts[position], "the header again")
            for position in positions
        ]
        kept = np.delete(np.arange(batch.num_rows), repeated)
        return batch.take(pa.array(kept)), sorted(malformed, key=attrgetter("position"))


def _record_texts(text: bytes, newline: bytes) -> list[str]:
    """Records that are not blank, without their line ends."""
    found = (
        without_line_end(record.text.decode(), newline)
        for record in records(text, newline, is_last=True)
    )
    return [text for text in found if text.strip()]


def _has_changed(source: Path, before: os.stat_result) -> bool:
    """Whether another file lies in the place of the one that was read, or it was written to."""
    try:
        # As before, of an open file: a mounted volume may tell another time of a path.
        with open_delivered(source) as file:
            after = os.fstat(file.fileno())
    except (Waiting, Rejected):
        return True
    return (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns)


def _warnings(name: str, stream: CsvStream, header: Header, writer: RowWriter) -> tuple[str, ...]:
    warnings = []
    if not writer.rows:
        warnings.append(f"{name} has a header but no rows.")
    if header.unknown:
        warnings.append(
            f"{name}: schema drift: unknown columns {name_list(header.unknown)}: kept in _extra."
        )
    for column, char in invisible_characters(header.unknown, header.feed).items():
        warnings.append(
            f"{name}: an unknown column would be {column} but for an invisible character ({char}):"
            " remove it."
        )
    if writer.first_malformed:
        number, problem = writer.first_malformed
        warnings.append(
            f"{name}: malformed rows are quarantined: {writer.malformed_rows}, the first is row"
            f" {number} ({problem})."
        )
    if stream.control_line:
        warnings.append(
            f"{name}: line {stream.control_line} has a C1 control character, as when"
            " Windows-1252 is read as Latin-1: the text is kept as it came; correct the export."
        )
    return tuple(warnings)
