"""RFC 4180, read strictly: which records a text has, and which of them are malformed.

Most parsers are lenient where a quote stands out of place or a carriage return stands alone, and so
give values that the file does not hold. What passes here has one reading only.

Texts are bytes in UTF-8, whose commas, quotes and line ends are those of ASCII. They begin where a
record begins. `newline` is what ends the lines of the file: LF, before which a CR may stand, or CR.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

LF, CR = b"\n", b"\r"

_QUOTED = rb'"[^"]*+(?:""[^"]*+)*+"'
_PLAIN = rb'[^",\r\n]*+'
_FIELD = rb"(?>" + _QUOTED + rb"|" + _PLAIN + rb")"
_LINE_ENDS = {LF: rb"\r?\n", CR: rb"\r"}
_QUOTE, _COMMA = ord('"'), ord(",")


@dataclass(frozen=True)
class Record:
    """A record, or the lines that a malformed one takes.

    Attributes:
        text: Its bytes, line end included.
        is_well_formed: Whether a strict reader gives its fields.
    """

    text: bytes
    is_well_formed: bool


def records(text: bytes, newline: bytes, *, is_last: bool) -> Iterator[Record]:
    """Give the records of a text one by one; a blank line is one, too.

    A malformed record takes the lines from the one where it begins to the one where the fault is
    seen. An unfinished record, whose end or whose fault the text does not show, is not given.

    Args:
        text: The text.
        newline: What ends its lines.
        is_last: Whether the file ends where the text does: then only a record with an open quote is
            unfinished.
    """
    well_formed = _record(newline, is_last)
    start = 0
    while start < len(text):
        match = well_formed.match(text, start)
        if match:
            end = match.end()
        else:
            fault = _fault(text, start)
            end = text.find(newline, fault) + 1
            if is_last and fault < len(text):
                end = end or len(text)
            elif end == 0:
                return
        yield Record(text[start:end], match is not None)
        start = end


def without_line_end(text: str, newline: bytes) -> str:
    """Text of a record without its line end."""
    if newline == LF and text.endswith("\r\n"):
        return text[:-2]
    return text.removesuffix(newline.decode())


def fields(record: bytes) -> list[str]:
    """Values of a well-formed record."""
    values = []
    start, is_more = 0, True
    while is_more:
        match = _ANY_FIELD.match(record, start)
        assert match is not None, "the pattern matches the empty text"
        value = match[0].decode()
        values.append(value[1:-1].replace('""', '"') if value.startswith('"') else value)
        start = match.end() + 1
        is_more = record.startswith(b",", match.end())
    return values


def strict_end(text: bytes, newline: bytes, *, is_last: bool) -> int | None:
    """End of the last whole record of a text without malformed records; None when it has one.

    The same as `records` tells, by arithmetic: outside of values the number of quotes before a
    place is even. So the 1st, 3rd, 5th ... quote opens a value, or is the second of a pair inside
    one; the others close a value, or are the first of such a pair.

    Args:
        text: The text.
        newline: What ends its lines.
        is_last: Whether the file ends where the text does.
    """
    codes = np.frombuffer(text, np.uint8)
    quotes = np.flatnonzero(codes == _QUOTE) if b'"' in text else np.empty(0, np.int64)
    if not (_opens(codes, quotes, newline) and _closes(codes, quotes)):
        return None
    if _has_other_line_end(text, codes, quotes, newline, is_last=is_last):
        return None
    if is_last and len(quotes) % 2 == 0:
        return len(text)
    end = text.rfind(newline)
    while end >= 0:
        before = int(np.searchsorted(quotes, end))
        if before % 2 == 0:
            return end + 1
        # Inside a value: go on before it.
        end = text.rfind(newline, 0, int(quotes[before - 1]))
    return 0


@cache
def _record(newline: bytes, is_last: bool) -> re.Pattern[bytes]:
    end = _LINE_ENDS[newline] + (rb"|\Z" if is_last else rb"")
    return re.compile(_FIELD + rb"(?:," + _FIELD + rb")*+(?:" + end + rb")")


_ANY_FIELD = re.compile(_FIELD)
_FIELDS = re.compile(rb"(?:" + _FIELD + rb",)*+")
_LAST_FIELD = re.compile(_QUOTED + rb"|(?!\")" + _PLAIN)


def _fault(text: bytes, start: int) -> int:
    """Where a record that is not well-formed goes wrong; the text's end when it does not show."""
    last = _LAST_FIELD.match(text, _fields_end(text, start))
    return len(text) if last is None else last.end()


def _fields_end(text: bytes, start: int) -> int:
    match = _FIELDS.match(text, start)
    assert match is not None, "the pattern matches the empty text"
    return match.end()


_AFTER = np.zeros(256, bool)
# What kind of line end it is, `_has_other_line_end` asks.
_AFTER[[_QUOTE, _COMMA, ord("\n"), ord("\r")]] = True


def _opens(codes: npt.NDArray[np.uint8], quotes: npt.NDArray[np.int64], newline: bytes) -> bool:
    """Whether each quote at an even place begins a value, or is the second of a pair."""
    opening = quotes[::2]
    if len(opening) and opening[0] == 0:
        opening = opening[1:]
    before = np.zeros(256, bool)
    before[[_QUOTE, _COMMA, newline[0]]] = True
    return bool(before[codes[opening - 1]].all())


def _closes(codes: npt.NDArray[np.uint8], quotes: npt.NDArray[np.int64]) -> bool:
    """Whether each quote at an odd place ends a value, or is the first of a pair."""
    closing = quotes[1::2]
    if len(closing) and closing[-1] == len(codes) - 1:
        closing = closing[:-1]
    return bool(_AFTER[codes[closing + 1]].all())


def _has_other_line_end(
    text: bytes,
    codes: npt.NDArray[np.uint8],
    quotes: npt.NDArray[np.int64],
    newline: bytes,
    *,
    is_last: bool,
) -> bool:
    """Whether a CR that ends no line, or an LF in a file whose lines end in CR, is in no value."""
    if newline == CR:
        alone = np.flatnonzero(codes == LF[0]) if LF in text else np.empty(0, np.int64)
    elif CR not in text or text.count(CR) == text.count(CR + LF):
        return False
    else:
        alone = np.flatnonzero(codes == CR[0])
        next_is_lf = np.append(codes[1:] == LF[0], not is_last)
        alone = alone[~next_is_lf[alone]]
    return bool((np.searchsorted(quotes, alone) % 2 == 0).any())
