"""Section 4, Literals: text to typed values; None when the text cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?"
    r"(?:(Z)|([+-])([0-9]{2})(?::?([0-9]{2}))?)?"
)
_AMOUNT = re.compile(r"[+-]?[0-9]+(?:\.[0-9]{1,2})?")
_WEIGHT = re.compile(r"[+-]?[0-9]+(?:\.[0-9]{1,3})?")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
_DIMENSIONS = re.compile(rf"{_NUMBER} *[xX] *{_NUMBER} *[xX] *{_NUMBER}")
_PHONE = re.compile(r"\+?[0-9 .()\-]*")

# The specification names no limit; this is the one that date libraries share with Spark.
_LONGEST_OFFSET = timedelta(hours=18)

_BOOLEANS = {
    "true": True,
    "1": True,
    "yes": True,
    "t": True,
    "false": False,
    "0": False,
    "no": False,
    "f": False,
}


def parse_date(text: str) -> date | None:
    """Exactly four, two and two digits, and a day that exists."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def parse_timestamp(text: str) -> datetime | None:
    """Date, space or T, time, optional fraction and zone; the result is naive UTC."""
    match = _TIMESTAMP.fullmatch(text.strip())
    if match is None:
        return None
    day = parse_date(match[1])
    hour, minute, second = int(match[2]), int(match[3]), int(match[4])
    if day is None or hour > 23 or minute > 59 or second > 59:
        return None
    micro = int((match[5] or "").ljust(6, "0"))
    value = datetime(day.year, day.month, day.day, hour, minute, second, micro)
    if match[7] is None:
        return value
    zone_hours, zone_minutes = int(match[8]), int(match[9] or "0")
    offset = timedelta(hours=zone_hours, minutes=zone_minutes)
    if zone_minutes > 59 or offset > _LONGEST_OFFSET:
        return None
    try:
        return value - offset if match[7] == "+" else value + offset
    except OverflowError:
        return None


def parse_date_or_timestamp(text: str) -> datetime | None:
    """`last_updated`: a date counts as its midnight."""
    day = parse_date(text)
    if day is not None:
        return datetime(day.year, day.month, day.day)
    return parse_timestamp(text)


def _parse_decimal(text: str, shape: re.Pattern[str], scale: int) -> Decimal | None:
    trimmed = text.strip()
    if shape.fullmatch(trimmed) is None:
        return None
    whole = trimmed.lstrip("+-").split(".")[0].lstrip("0")
    if len(whole) > 18 - scale:
        return None
    return Decimal(trimmed).quantize(Decimal(1).scaleb(-scale))


def parse_amount(text: str) -> Decimal | None:
    """DECIMAL(18,2): optional sign, digits, at most two decimals."""
    return _parse_decimal(text, _AMOUNT, 2)


def parse_weight(text: str) -> Decimal | None:
    """DECIMAL(18,3): optional sign, digits, at most three decimals."""
    return _parse_decimal(text, _WEIGHT, 3)


def parse_integer(text: str) -> int | None:
    """Optional sign and digits that fit 32 bits."""
    trimmed = text.strip()
    if _INTEGER.fullmatch(trimmed) is None or len(trimmed.lstrip("+-").lstrip("0")) > 10:
        return None
    # A very long run of leading zeros would trip Python's own limit on int().
    value = int(trimmed.lstrip("+-").lstrip("0") or "0")
    if trimmed.startswith("-"):
        value = -value
    return value if -(2**31) <= value < 2**31 else None


def parse_boolean(text: str) -> bool | None:
    """true, false, 1, 0, yes, no, t, f in any case."""
    return _BOOLEANS.get(text.strip().lower())


PARSERS: dict[str, Callable[[str], object]] = {
    "date": parse_date,
    "timestamp": parse_timestamp,
    "date_or_timestamp": parse_date_or_timestamp,
    "amount": parse_amount,
    "weight": parse_weight,
    "integer": parse_integer,
    "boolean": parse_boolean,
}


def code(text: str) -> str:
    """How text codes compare: trimmed, lower case, spaces and hyphens as underscores."""
    return text.strip().lower().replace(" ", "_").replace("-", "_")


def parse_dimensions(text: str) -> tuple[float, float, float] | None:
    """`LxWxH`: three unsigned decimals with x or X between, spaces allowed."""
    match = _DIMENSIONS.fullmatch(text.strip())
    if match is None:
        return None
    return float(match[1]), float(match[2]), float(match[3])


def is_email(text: str) -> bool:
    """One @, no white space, something before it, two or more non-empty domain parts after."""
    if text.count("@") != 1 or any(char.isspace() for char in text):
        return False
    local, domain = text.split("@")
    parts = domain.split(".")
    return local != "" and len(parts) >= 2 and all(part != "" for part in parts)


def is_phone(text: str) -> bool:
    """Optional leading +, then 7 to 15 digits with space . - ( ) anywhere."""
    if _PHONE.fullmatch(text) is None:
        return False
    return 7 <= sum(char in "0123456789" for char in text) <= 15
