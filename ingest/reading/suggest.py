"""What a file's own headers and ways of writing may mean: proposals for the contract.

Nothing of it is applied by itself: it is shown, and somebody who knows the file declares it.
"""

import csv
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from ingest.contract import Column, Feed, header_key
from ingest.errors import ConfigError

_LIKE = 0.6
_ROWS = 1000
_DATES = (
    *("dd/MM/yyyy", "MM/dd/yyyy", "dd.MM.yyyy", "dd-MM-yyyy", "MM-dd-yyyy", "yyyy/MM/dd"),
    *("d/M/yyyy", "M/d/yyyy", "d.M.yyyy", "yyyyMMdd"),
)
_TIMES = ("", " HH:mm", " HH:mm:ss", " H:mm")
_DIRECTIVES = {"y": "%Y", "M": "%m", "d": "%d", "H": "%H", "m": "%M", "s": "%S"}
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_ISO_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d(:?\d\d)?)?")
_INTEGER = re.compile(r"[+-]?(0|[1-9]\d{0,17})")
_BOOLEANS = {"true", "false", "yes", "no", "t", "f"}
# What stands between thousands, and before decimals.
_NUMBERS = ((None, None), (",", None), (".", ","), (None, ","), (" ", ","), ("'", None))


@dataclass(frozen=True)
class Proposal:
    """What the contract may say of a column.

    Attributes:
        name: The column, in the contract's words.
        meta: Its `meta`.
        is_new: Whether the contract lacks it.
        remark: What somebody has to decide; empty where nothing is open.
    """

    name: str
    meta: dict[str, Any]
    is_new: bool
    remark: str = ""


def likely_headers(
    feed: Feed, missing: Collection[str], unknown: Collection[str]
) -> dict[str, str]:
    """For missing columns the unknown header that is most like their name; each header once.

    Args:
        feed: The feed.
        missing: Contract columns that a file lacks.
        unknown: Headers of the file that the contract does not know.
    """
    columns = [column for column in feed.columns if column.name in missing]
    pairs = sorted(
        (
            (-_likeness(column, header), column.name, header)
            for column in columns
            for header in unknown
        ),
    )
    found: dict[str, str] = {}
    for unlikeness, name, header in pairs:
        if -unlikeness >= _LIKE and name not in found and header not in found.values():
            found[name] = header
    return {column.name: found[column.name] for column in columns if column.name in found}


def propose(source: Path, feed: Feed) -> list[Proposal]:
    """Proposals for all columns of which the contract has to say more than it does.

    Args:
        source: A CSV file; its first thousand rows tell how it writes values.
        feed: What it shall be.

    Raises:
        ConfigError: The file cannot be read.
    """
    headers, rows = _first_rows(source)
    values = {
        header: [cell for row in rows if (cell := row[position].strip())]
        for position, header in enumerate(headers)
    }
    by_column = {
        column.name: header
        for header in headers
        if (column := feed.by_header.get(header_key(header)))
    }
    unknown = [header for header in headers if header not in by_column.values()]
    missing = [column.name for column in feed.columns if column.name not in by_column]
    likely = likely_headers(feed, missing, unknown)
    found = [
        proposal
        for column in feed.columns
        if (
            proposal := _of_known(
                column, by_column.get(column.name), likely.get(column.name), values, feed
            )
        )
    ]
    rest = [header for header in unknown if header not in likely.values() and header]
    return found + [_of_new(header, values[header]) for header in rest]


def as_yaml(proposals: Sequence[Proposal]) -> str:
    """Columns as they stand in the contract, to be pasted there."""
    lines = []
    for proposal in proposals:
        meta = yaml.safe_dump(
            {"meta": proposal.meta}, default_flow_style=True, sort_keys=False, width=10**6
        )
        lines.append(f"          - name: {proposal.name}")
        if proposal.is_new:
            lines.append("            description: To be described.")
        remark = f"  # {proposal.remark}" if proposal.remark else ""
        lines.append(f"            config: {meta.strip()}{remark}")
    return "\n".join(lines)


def _likeness(column: Column, header: str) -> float:
    key = header_key(header)
    return max(
        SequenceMatcher(None, header_key(name), key).ratio()
        for name in (column.name, *column.aliases)
    )


def _first_rows(source: Path) -> tuple[list[str], list[list[str]]]:
    try:
        with source.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            headers = [header.strip() for header in next(reader, [])]
            rows = [row for row in islice(reader, _ROWS) if len(row) == len(headers)]
    except OSError as error:
        raise ConfigError(f"{source} cannot be read: {error.strerror}.") from None
    except (UnicodeDecodeError, csv.Error):
        raise ConfigError(f"{source} is no CSV text in UTF-8: save it as that.") from None
    if len(headers) < 2:
        raise ConfigError(f"{source} has no header of columns separated by commas.")
    return headers, rows


def _of_known(
    column: Column,
    header: str | None,
    likely: str | None,
    values: dict[str, list[str]],
    feed: Feed,
) -> Proposal | None:
    """What the contract may say more of a column that it has."""
    more: dict[str, Any] = {}
    remark = ""
    used = header or likely
    if likely:
        more["aliases"] = [*column.aliases, likely]
    elif not used and not column.optional:
        more["optional"] = True
        if any(column.name in part for part in feed.key):
            more, remark = {}, "part of the key: files must have it; find its header"
    declared = dict(column.declared)
    if used and values[used]:
        # How it is written is told anew.
        for key in ("format", "thousands", "decimal"):
            declared.pop(key, None)
        if written := _writing(column.type, values[used]):
            more |= written[0]
            remark = written[1]
        else:
            remark = f"not all of the first rows can be read as {column.type}"
    meta = {**declared, **more}
    if meta == column.declared and not remark:
        return None
    return Proposal(column.name, meta, is_new=False, remark=remark)


def _of_new(header: str, values: list[str]) -> Proposal:
    name = re.sub(r"[^a-z0-9]+", "_", header.lower()).strip("_") or "unnamed"
    name = name if name[0].isalpha() else f"column_{name}"
    kind, written, remark = _kind(name, values)
    meta: dict[str, Any] = {"type": kind, **written, "optional": True}
    if header_key(header) != name:
        meta["aliases"] = [header]
    return Proposal(name, meta, is_new=True, remark=remark)


def _kind(name: str, values: list[str]) -> tuple[str, dict[str, Any], str]:
    """Type of a column by its values, how it is written, and what is open."""
    if not values or name.endswith(("_id", "_code", "phone", "zip")):
        return "string", {}, ""
    if all(_INTEGER.fullmatch(value) for value in values):
        return ("int" if max(abs(int(value)) for value in values) < 2**31 else "bigint"), {}, ""
    if all(value.lower() in _BOOLEANS for value in values):
        return "boolean", {}, ""
    for kind in ("date", "timestamp", "decimal(18,2)"):
        if written := _writing(kind, values):
            has_time = "H" in written[0].get("format", "")
            return "timestamp" if has_time else kind, *written
    return "string", {}, ""


def _writing(kind: str, values: list[str]) -> tuple[dict[str, Any], str] | None:
    """How values of a type are written, where that is to be declared, and what is open.

    None where they cannot be read as the type.
    """
    if not values or kind in ("string", "boolean"):
        return {}, ""
    if kind.startswith(("int", "bigint", "decimal")):
        for thousands, decimal in _NUMBERS:
            if all(_is_number(value, kind, thousands, decimal) for value in values):
                given = {"thousands": thousands, "decimal": decimal}
                return {key: value for key, value in given.items() if value}, ""
        return None
    iso = [_ISO_DATE] if kind == "date" else [_ISO_TIMESTAMP]
    iso += [_ISO_DATE] if kind == "date or timestamp" else []
    if all(any(pattern.fullmatch(value) for pattern in iso) for value in values):
        return {}, ""
    if not (fitting := list(_fitting(values))):
        return None
    others = ", ".join(fitting[1:])
    return {"format": fitting[0]}, f"or {others}: the first rows fit all" if others else ""


def _fitting(values: list[str]) -> Iterator[str]:
    """Formats in which all values are dates; where two digits always stand, two are asked for."""
    seen: set[str] = set()
    for form in (f"{day}{time}" for day in _DATES for time in _TIMES):
        loose = re.sub(r"(?<![yMdHms])([MdHms])(?![yMdHms])", r"\1\1", form)
        if loose not in seen and all(_is_written(value, form) for value in values):
            seen.add(loose)
            yield form


def _is_written(value: str, form: str) -> bool:
    parts = re.findall(r"yyyy|MM?|dd?|HH?|mm?|ss?|.", form)
    is_field = [part[0] in _DIRECTIVES for part in parts]
    pattern = "".join(
        (r"\d{4}" if part == "yyyy" else r"\d\d" if len(part) == 2 else r"\d\d?")
        if of_field
        else re.escape(part)
        for part, of_field in zip(parts, is_field, strict=True)
    )
    directives = "".join(
        _DIRECTIVES[part[0]] if of_field else part
        for part, of_field in zip(parts, is_field, strict=True)
    )
    if not re.fullmatch(pattern, value, re.ASCII):
        return False
    try:
        datetime.strptime(value, directives)
    except ValueError:
        return False
    return True


def _is_number(value: str, kind: str, thousands: str | None, decimal: str | None) -> bool:
    whole = rf"(\d{{1,3}}([{thousands}]\d{{3}})+|\d+)" if thousands else r"\d+"
    places = int(kind.split(",")[1].rstrip(") ")) if kind.startswith("decimal") else 0
    fraction = rf"([{decimal or '.'}]\d{{1,{places}}})?" if places else ""
    return re.fullmatch(rf"[+-]?{whole}{fraction}", value, re.ASCII) is not None
