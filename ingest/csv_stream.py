"""The bytes of a CSV file on their way to the parser: hashed, checked, and their end marked."""

import codecs
import csv
import hashlib
import io
import secrets
from typing import BinaryIO

from ingest.errors import Rejected

_UTF8_BOM = codecs.BOM_UTF8
_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_NOT_CSV = {
    b"\x1f\x8b": "is compressed with gzip: deliver it uncompressed",
    b"PK\x03\x04": "is a zip archive or an Excel workbook: deliver plain CSV",
    b"\x89PNG": "is an image: deliver plain CSV",
    b"PAR1": "is a Parquet file: deliver plain CSV",
    codecs.BOM_UTF16_LE: "is UTF-16 or UTF-32: save it as UTF-8",
    codecs.BOM_UTF16_BE: "is UTF-16 or UTF-32: save it as UTF-8",
    codecs.BOM_UTF32_BE: "is UTF-16 or UTF-32: save it as UTF-8",
}


class CsvStream(io.RawIOBase):
    """A file that the parser reads from its first data row on.

    Every byte passes the checks (strict UTF-8, no NUL) and the hash. The first and the last record
    are not the file's. The start mark, an empty row, is there because Arrow's parser gives nothing
    out before it has a well-formed row, however many malformed ones it gathers. The end mark, one
    field, tells whether a quote was left open: then it is no record, but swallowed by one.

    Attributes:
        end_mark: Text of the last record, which no file can contain.
        size: Bytes of the file read so far.
    """

    def __init__(self, file: BinaryIO, name: str, max_row_bytes: int) -> None:
        """Open the stream.

        Args:
            file: The file, at its beginning.
            name: Its name, for messages.
            max_row_bytes: The header must end within so many bytes.
        """
        super().__init__()
        self.end_mark = f"end-of-file-{secrets.token_hex(16)}"
        self.size = 0
        self._file = file
        self._name = name
        self._max_row_bytes = max_row_bytes
        self._hash = hashlib.sha256()
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._lines = 0
        self._pending = b""
        self._is_marked = False

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes read so far, lower-case hexadecimal."""
        return self._hash.hexdigest()

    def readable(self) -> bool:
        """Say that the stream can be read."""
        return True

    def read_header(self) -> list[str]:
        """Take the header off: the first record that is not blank, which may span lines.

        Returns:
            Its cells as written; none when the file has nothing but blank lines.

        Raises:
            Rejected: The file is empty, not UTF-8 text or not separated by commas, or the header
                has wrong quotes or no end.
        """
        head = self._next(self._max_row_bytes)
        if not head:
            raise Rejected(f"{self._name} is empty (zero bytes): deliver it again with its header.")
        head = head.removeprefix(_UTF8_BOM)
        # The limit may have cut a character; a header that reaches so far is refused anyway.
        text = io.StringIO(head.decode("utf-8", errors="ignore"), newline="")
        self._check_delimiter(text.getvalue().lstrip().partition("\n")[0])
        try:
            records = csv.reader(text, strict=True)
            cells = next((cells for cells in records if "".join(cells).strip()), [])
        except csv.Error:
            raise Rejected(
                f"{self._name}: the header has a quote that is not closed or stands inside a name:"
                ' put each quoted name in one pair of quotes, and write "" for a quote in it.'
            ) from None
        header = text.getvalue()[: text.tell()].encode()
        if len(header) >= self._max_row_bytes - len(_UTF8_BOM):
            raise Rejected(
                f"{self._name}: the header does not end within {self._max_row_bytes} bytes: give"
                " it a line of its own, or raise ECOMM_MAX_ROW_BYTES."
            )
        start_mark = '""' + "," * (len(cells) - 1) + "\n"
        self._pending = start_mark.encode() + head[len(header) :]
        return cells

    def read(self, size: int = -1) -> bytes:
        """Read on; the end mark follows the file's last byte.

        Raises:
            Rejected: The bytes are not UTF-8 text.
        """
        if size < 0:
            return self.readall()
        # No short reads before the end: the parser refuses a row that goes on beyond two reads.
        chunk = self._pending
        while len(chunk) < size and not self._is_marked:
            more = self._next(size - len(chunk))
            self._is_marked = not more
            chunk += more or f"\n{self.end_mark}\n".encode()
        self._pending = chunk[size:]
        return chunk[:size]

    def _check_delimiter(self, line: str) -> None:
        found = [name for char, name in _OTHER_DELIMITERS.items() if char in line]
        if found and "," not in line:
            raise Rejected(
                f"{self._name} has the wrong delimiter: its columns are separated by {found[0]}:"
                " export it with commas."
            )

    def _next(self, size: int) -> bytes:
        chunk = self._file.read(size)
        if self.size == 0:
            for magic, problem in _NOT_CSV.items():
                if chunk.startswith(magic):
                    raise Rejected(f"{self._name} {problem}.")
        try:
            self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            line = self._lines + error.object[: error.start].count(b"\n") + 1
            raise Rejected(
                f"{self._name} is not UTF-8 (line {line} has a byte that UTF-8 does not allow):"
                " save it as UTF-8, not as Latin-1 or another encoding."
            ) from None
        nul = chunk.find(b"\0")
        if nul >= 0:
            line = self._lines + chunk.count(b"\n", 0, nul) + 1
            raise Rejected(
                f"{self._name} is not a text file (line {line} has a NUL byte,"
                " as binary and UTF-16 files do): deliver plain CSV, saved as UTF-8."
            )
        self._lines += chunk.count(b"\n")
        self.size += len(chunk)
        self._hash.update(chunk)
        return chunk
