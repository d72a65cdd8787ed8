"""The bytes of a CSV file on their way to the parser: checked, hashed, cut into whole records."""

import codecs
import hashlib
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from ingest.errors import Rejected
from ingest.reading.strict_csv import CR, LF, fields, records, strict_end, without_line_end

BLOCK_BYTES = 2 << 20
# So many records are looked at for the header and for what stands in its place.
_HEAD_RECORDS = 10

_NOT_CSV = {
    b"\x1f\x8b": "is compressed with gzip: deliver it uncompressed",
    b"PK\x03\x04": "is a zip archive or an Excel workbook: deliver plain CSV",
    b"\x89PNG": "is an image: deliver plain CSV",
    b"PAR1": "is a Parquet file: deliver plain CSV",
    codecs.BOM_UTF16_LE: "is UTF-16 or UTF-32: save it as UTF-8",
    codecs.BOM_UTF16_BE: "is UTF-16 or UTF-32: save it as UTF-8",
    codecs.BOM_UTF32_BE: "is UTF-16 or UTF-32: save it as UTF-8",
}
# U+0080 to U+009F in UTF-8.
_C1_CONTROL = re.compile(rb"\xc2[\x80-\x9f]")


class RecordTooLongError(Exception):
    """The next record does not end within the limit."""


class OpenQuoteError(Exception):
    """The next record begins a value that the file does not end."""


@dataclass(frozen=True)
class FirstLook:
    """What must be known of a file before its rows are read.

    Attributes:
        sha256: SHA-256 of its bytes, lower-case hexadecimal.
        newline: What ends its lines: LF, or CR when no LF stands outside quotes.
    """

    sha256: str
    newline: bytes


def look_through(file: BinaryIO) -> FirstLook:
    """Read a file to its end, and go back to its beginning."""
    digest = hashlib.sha256()
    newline, is_quoted = CR, False
    while chunk := file.read(BLOCK_BYTES):
        digest.update(chunk)
        start = 0
        while newline == CR:
            end = chunk.find(LF, start)
            is_quoted ^= chunk.count(b'"', start, end if end >= 0 else len(chunk)) % 2 == 1
            if end < 0:
                break
            if not is_quoted:
                newline = LF
            start = end + 1
    file.seek(0)
    return FirstLook(digest.hexdigest(), newline)


@dataclass(frozen=True)
class Head:
    """How a file begins.

    Attributes:
        line: Its first line that is not blank.
        records: Cells of the first records that are not blank, the header first; None for a
            malformed one.
    """

    line: str
    records: tuple[list[str] | None, ...]


@dataclass(frozen=True)
class Block:
    """Some of a file's whole records.

    Attributes:
        text: The records; in the place of a malformed one stands the stream's mark, on a line.
        malformed: The malformed ones as they came, in their order, without their last line end.
    """

    text: bytes
    malformed: tuple[str, ...] = ()


class CsvStream:
    """A file that is read block by block; no more of it is in memory.

    Every byte passes the checks (strict UTF-8, no NUL) and the hash.

    Attributes:
        newline: What ends the file's lines.
        mark: A line that stands for a malformed record; no file can contain it.
        size: Bytes of the file read so far.
        control_line: First line that has a C1 control character (U+0080 to U+009F); 0 for none.
    """

    def __init__(self, file: BinaryIO, name: str, newline: bytes, max_row_bytes: int) -> None:
        """Open the stream.

        Args:
            file: The file, at its beginning.
            name: Its name, for messages.
            newline: What ends its lines.
            max_row_bytes: No record may be longer, nor the header.
        """
        self.newline = newline
        self.mark = f"malformed-{secrets.token_hex(16)}"
        self.size = 0
        self.control_line = 0
        self._file = file
        self._name = name
        self._max_row_bytes = max_row_bytes
        self._hash = hashlib.sha256()
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._lines = 0
        # What is read and not given out yet.
        self._rest = b""
        self._is_at_end = False

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes read so far, lower-case hexadecimal."""
        return self._hash.hexdigest()

    def read_head(self) -> Head:
        """Take the header off, which may span lines, and with it the blank lines before it.

        Raises:
            Rejected: The file is empty or not UTF-8 text, or the header has no end.
        """
        self._fill()
        if not self.size:
            raise Rejected(f"{self._name} is empty (zero bytes): deliver it again with its header.")
        self._rest = self._rest.removeprefix(codecs.BOM_UTF8)
        while True:
            is_full = len(self._rest) >= self._max_row_bytes - len(codecs.BOM_UTF8)
            header_end, found = 0, []
            end = 0
            for record in records(self._rest, self.newline, is_last=self._is_at_end):
                end += len(record.text)
                if record.text.decode().strip():
                    found.append(fields(record.text) if record.is_well_formed else None)
                    header_end = header_end or end
                if len(found) == _HEAD_RECORDS:
                    break
            if found or self._is_at_end or is_full:
                break
            self._fill()
        if not found and not self._is_at_end:
            raise Rejected(
                f"{self._name}: the header does not end within {self._max_row_bytes} bytes: give"
                " it a line of its own, or raise ECOMM_MAX_ROW_BYTES."
            )
        lines = self._rest.decode(errors="ignore").splitlines()
        head = Head(next((line for line in lines if line.strip()), ""), tuple(found))
        self._rest = self._rest[header_end:]
        if found and found[0] and len(found[0]) == 1:
            # Of another number of fields than the header.
            self.mark += ","
        return head

    def blocks(self) -> Iterator[Block]:
        """Give all records behind the header.

        Raises:
            Rejected: The bytes are not UTF-8 text.
            RecordTooLongError: The first record behind those given is too long.
            OpenQuoteError: The file ends in a value; all records before it are given.
        """
        while self._rest or not self._is_at_end:
            self._fill()
            end = strict_end(self._rest, self.newline, is_last=self._is_at_end)
            if end is None:
                block, end = self._set_malformed_apart()
            else:
                block = Block(self._rest[:end])
            self._rest = self._rest[end:]
            if block.text:
                yield block
            elif self._is_at_end and self._rest:
                raise OpenQuoteError
            elif len(self._rest) >= self._max_row_bytes:
                raise RecordTooLongError

    def _set_malformed_apart(self) -> tuple[Block, int]:
        """The whole records of what is read, and where they end."""
        line = self.mark.encode() + self.newline
        pieces: list[bytes] = []
        malformed: list[str] = []
        end = 0
        for record in records(self._rest, self.newline, is_last=self._is_at_end):
            end += len(record.text)
            if record.is_well_formed:
                pieces.append(record.text)
                continue
            text = without_line_end(record.text.decode(), self.newline)
            # White space with a CR in it is a blank line all the same.
            if text.strip():
                malformed.append(text)
                pieces.append(line)
        return Block(b"".join(pieces), tuple(malformed)), end

    def _fill(self) -> None:
        """Read on, as far as a record may be long."""
        room = self._max_row_bytes - len(self._rest)
        # More for a long record, which would be looked through again and again otherwise.
        wanted = min(room, max(BLOCK_BYTES, len(self._rest)))
        if wanted and not self._is_at_end:
            chunk = self._next(wanted)
            self._is_at_end = len(chunk) < wanted
            self._rest += chunk

    def _next(self, size: int) -> bytes:
        chunk = self._file.read(size)
        if self.size == 0:
            for magic, problem in _NOT_CSV.items():
                if chunk.startswith(magic):
                    raise Rejected(f"{self._name} {problem}.")
        self._check_encoding(chunk, is_last=len(chunk) < size)
        nul = chunk.find(b"\0")
        if nul >= 0:
            line = self._lines + chunk.count(self.newline, 0, nul) + 1
            raise Rejected(
                f"{self._name} is not a text file (line {line} has a NUL byte,"
                " as binary and UTF-16 files do): deliver plain CSV, saved as UTF-8."
            )
        # Many of one byte are counted faster so than by `count`.
        self._lines += int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == self.newline[0]))
        self.size += len(chunk)
        self._hash.update(chunk)
        return chunk

    def _check_encoding(self, chunk: bytes, *, is_last: bool) -> None:
        cut, _ = self._decoder.getstate()
        if chunk.isascii() and not cut:
            return
        try:
            self._decoder.decode(chunk, final=is_last)
        except UnicodeDecodeError as error:
            line = self._lines + error.object[: error.start].count(self.newline) + 1
            raise Rejected(
                f"{self._name} is not UTF-8 (line {line} has a byte that UTF-8 does not allow):"
                " save it as UTF-8, not as Latin-1 or another encoding."
            ) from None
        if not self.control_line and (control := _C1_CONTROL.search(cut + chunk)):
            before = (cut + chunk)[: control.start()]
            self.control_line = self._lines + before.count(self.newline) + 1
