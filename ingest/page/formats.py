"""How the page writes numbers, dates and times. A value that is not there is an en dash."""

from datetime import date, datetime

_NOTHING = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"


def number(value: float | None, decimals: int = 0) -> str:
    """A number with thousands separators."""
    if value is None:
        return _NOTHING
    text = f"{value:,.{decimals}f}"
    return text.replace("-", _MINUS)


def count(value: int, noun: str) -> str:
    """How many of something, whose plural ends in s."""
    return f"{number(value)} {noun}{'' if value == 1 else 's'}"


def money(value: float | None, decimals: int = 2) -> str:
    """An amount of USD, to the cent."""
    return number(value, decimals)


def percent(part: float, whole: float) -> str:
    """A part of a whole in per cent; nothing of nothing is an en dash."""
    return f"{number(100 * part / whole, 1)} %" if whole else _NOTHING


def signed(value: float, decimals: int = 0) -> str:
    """A change, with its sign; none is 0 without one."""
    text = number(abs(value), decimals)
    if not any(digit in text for digit in "123456789"):
        return text
    return f"{_MINUS if value < 0 else '+'}{text}"


def day(value: date) -> str:
    """A date in words, such as 17 January 2025."""
    return f"{value.day} {value:%B} {value.year}"


def short_day(value: date) -> str:
    """A date without its year, such as 17 Jan."""
    return f"{value.day} {value:%b}"


def moment(value: datetime | None) -> str:
    """A time (UTC) to the minute."""
    return f"{value:%Y-%m-%d %H:%M}" if value else _NOTHING


def duration(seconds: float | None) -> str:
    """How long something took."""
    if seconds is None:
        return _NOTHING
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"
