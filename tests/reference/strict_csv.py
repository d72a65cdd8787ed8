"""RFC 4180, read strictly, one character after the other: the judge of the product's reader.

The grammar of the standard (section 2), with what the specification adds to it:

    file        = record *(line-end record) [line-end]
    record      = field *("," field)
    field       = quoted / plain
    quoted      = DQUOTE *(any character but DQUOTE / 2DQUOTE) DQUOTE
    plain       = *(any character but DQUOTE, ",", CR, LF)
    line-end    = CRLF / LF, or CR in a file without an LF outside quotes

A record that the grammar does not give is malformed: its lines, to the one with the character that
does not fit, are one row as they came, and reading goes on with the next line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


class OpenQuoteError(ValueError):
    """The file ends inside a quoted value."""


@dataclass(frozen=True)
class Record:
    """Raw text without its line end, and the values; None for a malformed one."""

    raw: str
    fields: list[str] | None


def line_ends_of(text: str) -> tuple[str, ...]:
    """The line ends that a file has."""
    inside = False
    for character in text:
        if character == '"':
            inside = not inside
        elif character == "\n" and not inside:
            return ("\r\n", "\n")
    return ("\r",)


def records(text: str) -> Iterator[Record]:
    """All records of a file, the header first; lines of white space only are none."""
    ends = line_ends_of(text)
    place = 0
    while place < len(text):
        fields, stop = _record(text, place, ends)
        if fields is None:
            # To the end of the line that `stop` is in.
            while stop < len(text) and not text.startswith(ends, stop):
                stop += 1
        raw = text[place:stop]
        if raw.strip():
            yield Record(raw, fields)
        place = stop + _line_end(text, stop, ends)


def _line_end(text: str, place: int, ends: tuple[str, ...]) -> int:
    """Length of the line end that stands at a place; 0 for none."""
    return next((len(end) for end in ends if text.startswith(end, place)), 0)


def _record(text: str, place: int, ends: tuple[str, ...]) -> tuple[list[str] | None, int]:
    """Values of the record that begins at a place, and the place behind it.

    None, and the place of the character that does not fit, for a malformed one.
    """
    fields: list[str] = []
    value = ""
    state = "field begins"
    while True:
        character = text[place : place + 1]
        if state == "in quotes":
            if not character:
                raise OpenQuoteError
            if character == '"':
                state = "quote in quotes"
            else:
                value += character
            place += 1
        elif state == "quote in quotes" and character == '"':
            value += character
            state = "in quotes"
            place += 1
        elif not character or _line_end(text, place, ends):
            return [*fields, value], place
        elif character == ",":
            fields.append(value)
            value = ""
            state = "field begins"
            place += 1
        elif character == '"' and state == "field begins":
            state = "in quotes"
            place += 1
        elif character in '"\r\n' or state == "quote in quotes":
            return None, place
        else:
            value += character
            state = "plain"
            place += 1
