"""Matching a CSV header against the contract: by name, never by position."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice

from ingest.contract import Feed
from ingest.errors import Rejected
from ingest.files import one_line

_NAMES_SHOWN = 20
_CHARACTERS_SHOWN = 60


@dataclass(frozen=True)
class Header:
    """Where a file has what.

    Attributes:
        width: Number of columns.
        known: Position of each contract column that the file has, by canonical name.
        unknown: Position of each other column, by its header as written, trimmed.
    """

    width: int
    known: dict[str, int]
    unknown: dict[str, int]


def match_header(cells: Sequence[str], feed: Feed, file_name: str) -> Header:
    """Find the contract's columns among the header's cells.

    A column without a name is called `column_<position>`, 1 for the first.

    Args:
        cells: Header cells as written.
        feed: Feed of the file.
        file_name: For messages.

    Raises:
        Rejected: There is no header, a column is there twice, or a required one is missing.
    """
    known: dict[str, int] = {}
    unknown: dict[str, int] = {}
    seen: set[str] = set()
    twice: list[str] = []
    for position, cell in enumerate(cells):
        header = cell.strip() or f"column_{position + 1}"
        column = feed.by_header.get(header.lower())
        name = column.name if column else header
        if name.lower() in seen:
            twice.append(name)
        seen.add(name.lower())
        (known if column else unknown)[name] = position

    # First of all: without a header the cells are data, which no message may show.
    if not known:
        raise Rejected(
            f"{file_name} has no header: begin it with a line that names the columns of"
            f" {feed.name}, separated by commas."
        )
    if twice:
        raise Rejected(
            f"{file_name}: the header has more than one column for {name_list(twice)}"
            " (case and aliases do not tell columns apart): keep one."
        )
    required = (column.name for column in feed.columns if not column.optional)
    missing = [name for name in required if name not in known]
    if missing:
        raise Rejected(
            f"{file_name}: the header lacks required columns: {name_list(missing)}: add each, or"
            " declare the name in use as its alias in the contract."
        )
    return Header(len(cells), known, unknown)


def name_list(names: Collection[str]) -> str:
    """Column names for a message: printable, and not without end."""
    shown = (one_line(name[:_CHARACTERS_SHOWN]) for name in islice(names, _NAMES_SHOWN))
    more = len(names) - _NAMES_SHOWN
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
