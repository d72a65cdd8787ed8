"""Matching a CSV header against the contract: by name, never by position."""

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.contract import Feed, header_key
from ingest.errors import Rejected
from ingest.messages import one_line
from ingest.reading.csv_stream import Head
from ingest.reading.suggest import likely_headers

_NAMES_SHOWN = 20
_CHARACTERS_SHOWN = 60
_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars", " ": "blanks"}


@dataclass(frozen=True)
class Header:
    """Where a file has what.

    Attributes:
        cells: Its cells as written.
        known: Position of each contract column that the file has, by canonical name.
        unknown: Position of each other column, by its header as written, trimmed.
        feed: The feed that it is a header of.
    """

    cells: tuple[str, ...]
    known: dict[str, int]
    unknown: dict[str, int]
    feed: Feed

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.cells)

    def repetitions(self, batch: pa.RecordBatch) -> list[int]:
        """Rows that say what the header says, as where files were joined.

        Args:
            batch: Rows of the file as text, the columns in the header's order.
        """
        rest, rows = batch, np.arange(batch.num_rows)
        # How its values begin tells of nearly every row that it is none.
        for name, position in self.known.items():
            values = pc.utf8_lower(pc.utf8_ltrim_whitespace(rest.column(position)))
            begins = [pc.starts_with(values, start) for start in self._beginnings[name]]
            found = np.flatnonzero(pc.fill_null(reduce(pc.or_, begins), False))
            if not len(found):
                return []
            rest, rows = rest.take(pa.array(found)), rows[found]
        return [int(row) for row in rows if self._is_repeated(batch.slice(row, 1))]

    @cached_property
    def _beginnings(self) -> dict[str, list[str]]:
        """How each known column's name and aliases begin."""
        return {
            name: [
                key.partition("_")[0]
                for key, column in self.feed.by_header.items()
                if column.name == name
            ]
            for name in self.known
        }

    def _is_repeated(self, row: pa.RecordBatch) -> bool:
        cells = [column[0].as_py() or "" for column in row.columns]
        return [_key(cell, self.feed) for cell in cells] == self._keys

    @cached_property
    def _keys(self) -> list[str]:
        return [_key(cell, self.feed) for cell in self.cells]


def match_header(head: Head, feed: Feed, file_name: str) -> Header:
    """Find the contract's columns in a file's header.

    A column without a name is called `column_<position>`, 1 for the first.

    Args:
        head: How the file begins.
        feed: Feed of the file.
        file_name: For messages.

    Raises:
        Rejected: There is no header, it has a quote or line end out of place, a column is there
            twice, or a required one is missing.
    """
    cells = head.records[0] if head.records else None
    # First of all: without a header the cells are data, which no message may show.
    if problem := _what_is_there_instead(head, cells, feed):
        raise Rejected(f"{file_name} {problem}.")
    assert cells is not None, "a header was found"
    known: dict[str, int] = {}
    unknown: dict[str, int] = {}
    seen: set[str] = set()
    twice: list[str] = []
    for position, cell in enumerate(cells):
        header = cell.strip() or f"column_{position + 1}"
        column = feed.by_header.get(header_key(header))
        name = column.name if column else header
        if header_key(name) in seen:
            twice.append(name)
        seen.add(header_key(name))
        (known if column else unknown)[name] = position
    if twice:
        raise Rejected(
            f"{file_name}: the header has more than one column for {name_list(twice)}"
            " (case, blanks, hyphens and aliases do not tell columns apart): keep one."
        )
    required = (column.name for column in feed.columns if not column.optional)
    missing = [name for name in required if name not in known]
    if missing:
        raise Rejected(f"{file_name}: {_why_missing(missing, unknown, feed)}")
    return Header(tuple(cells), known, unknown, feed)


def invisible_characters(unknown: Collection[str], feed: Feed) -> dict[str, str]:
    """Columns that are unknown only for a character that nobody sees.

    Args:
        unknown: Headers that the contract does not have.
        feed: Their feed.

    Returns:
        By the column's canonical name: the character's code and name.
    """
    found = {}
    for header in unknown:
        hidden = [char for char in header if _is_invisible(char)]
        visible = "".join(char for char in header if not _is_invisible(char))
        if hidden and (column := feed.by_header.get(header_key(visible))):
            name = unicodedata.name(hidden[0], "without a name")
            found[column.name] = f"U+{ord(hidden[0]):04X}, {name}"
    return found


def name_list(names: Collection[str]) -> str:
    """Column names for a message: printable, and not without end."""
    shown = (one_line(name[:_CHARACTERS_SHOWN]) for name in islice(names, _NAMES_SHOWN))
    more = len(names) - _NAMES_SHOWN
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _key(cell: str, feed: Feed) -> str:
    key = header_key(cell)
    column = feed.by_header.get(key)
    return column.name if column else key


def _known(cells: Sequence[str], feed: Feed) -> set[str]:
    """The contract's columns that cells name."""
    return {feed.by_header[key].name for key in map(header_key, cells) if key in feed.by_header}


def _is_invisible(char: str) -> bool:
    return unicodedata.category(char) in ("Cf", "Cc") and not char.isspace()


def _what_is_there_instead(head: Head, cells: Sequence[str] | None, feed: Feed) -> str | None:
    """What a file begins with that is no header, and what to do; None when it is one."""
    if not head.line:
        return f"has no header, only blank lines: begin it with the columns of {feed.name}"
    known = _known(cells or [], feed)
    for delimiter, name in _OTHER_DELIMITERS.items():
        by_other = _known([cell.strip('"') for cell in head.line.split(delimiter)], feed)
        if len(by_other) > max(1, len(known)):
            return (
                f"has the wrong delimiter: its columns are separated by {name}: export it with"
                " commas"
            )
    if head.line.strip('"').lower().startswith("sep="):
        return 'begins with a line "sep=", which only Excel understands: remove that line'
    if cells is None:
        return (
            "has a header with a quote that is not closed or stands inside a name, or with a"
            " carriage return inside a line: put each quoted name in one pair of quotes, write"
            ' "" for a quote in it, and end all lines alike'
        )
    if known:
        return None
    if len(cells) == 1 and _known(cells[0].split(","), feed):
        return "has every line in quotes as a whole: remove the quotes around the lines"
    if hidden := invisible_characters(cells, feed):
        return f"has a header whose names cannot be read: {_remove(hidden)}"
    for above, later in enumerate(head.records[1:], start=1):
        if later and len(_known(later, feed)) > 1:
            return f"has its header below other lines, in row {above + 1}: remove what is above it"
    return (
        f"has no header: its first line has {len(cells)} fields, none of which is the name of a"
        f" column of {feed.name}: begin it with a line that names them, separated by commas:"
        f" {name_list([column.name for column in feed.columns if not column.optional])}"
    )


def _why_missing(missing: Collection[str], unknown: Collection[str], feed: Feed) -> str:
    hidden = invisible_characters(unknown, feed)
    if hidden := {name: char for name, char in hidden.items() if name in missing}:
        return f"the header lacks required columns: {name_list(missing)}: {_remove(hidden)}."
    message = (
        f"the header lacks required columns: {name_list(missing)}: add each, or declare the name in"
        f" use as its alias in the contract ({feed.declared_in})."
    )
    if likely := likely_headers(feed, missing, unknown):
        pairs = (f"{header} for {name}" for name, header in likely.items())
        message += f" Perhaps meant: {name_list(list(pairs))}."
    if unknown:
        message += f" Unknown columns of the file: {name_list(unknown)}."
    return message


def _remove(hidden: dict[str, str]) -> str:
    where = " and ".join(f"{name} ({char})" for name, char in islice(hidden.items(), 3))
    return f"an invisible character stands beside the name {where}: remove it"
