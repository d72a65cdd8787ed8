"""Texts in formats that a contract declares, and what they are read as."""

from typing import Any

from ingest.catalog import sql_text
from support.macros import project_macros

DAY = {"type": "date", "format": "dd/MM/yyyy"}
TIME = {"type": "timestamp", "format": "d.M.yyyy H:mm"}
EURO = {"type": "decimal(18,2)", "thousands": ".", "decimal": ","}
SWISS = {"type": "decimal(18,3)", "thousands": "'"}

# What the contract says of a column, a text, and the value as text; None where it cannot be read.
CASES: list[tuple[dict[str, Any], str, str | None]] = [
    (DAY, "15/01/2025", "2025-01-15"),
    (DAY, "01/02/2025", "2025-02-01"),
    (DAY, "29/02/2024", "2024-02-29"),
    (DAY, "29/02/2025", None),
    (DAY, "13/13/2025", None),
    # Only what is declared: no other format, not even the usual one.
    (DAY, "2025-01-15", None),
    (DAY, "1/2/2025", None),
    (DAY, "15/01/25", None),
    (DAY, "15/01/2025 10:00", None),
    (DAY, "15/01/0000", None),
    ({**DAY, "format": "yyyyMMdd"}, "20250115", "2025-01-15"),
    ({**DAY, "format": "yyyyMMdd"}, "2025115", None),
    # A day is what is asked for; its time has to be one all the same.
    ({**DAY, "format": "MM-dd-yyyy HH:mm"}, "01-15-2025 23:59", "2025-01-15"),
    ({**DAY, "format": "MM-dd-yyyy HH:mm"}, "01-15-2025 24:00", None),
    (TIME, "5.1.2025 9:05", "2025-01-05 09:05:00"),
    (TIME, "15.11.2025 23:59", "2025-11-15 23:59:00"),
    (TIME, "15.11.2025 23:5", None),
    (TIME, "15x11x2025 23:59", None),
    ({**TIME, "format": "dd/MM/yyyy"}, "15/01/2025", "2025-01-15 00:00:00"),
    (
        {"type": "date or timestamp", "format": "yyyy.MM.ddTHH"},
        "2025.01.15T07",
        "2025-01-15 07:00:00",
    ),
    (EURO, "1.299,99", "1299.99"),
    (EURO, "-1.299.000", "-1299000.00"),
    (EURO, "1299,9", "1299.90"),
    (EURO, "1299.99", None),
    (EURO, "1.29,99", None),
    (EURO, "1.2999,99", None),
    (EURO, ".299,99", None),
    (EURO, "1.299,999", None),
    (EURO, "1,299.99", None),
    (EURO, "", None),
    ({"type": "decimal(18,2)", "decimal": ","}, "5,99", "5.99"),
    ({"type": "decimal(18,2)", "decimal": ","}, "5.99", None),
    (SWISS, "12'345.678", "12345.678"),
    (SWISS, "12,345.678", None),
    ({"type": "int", "thousands": " "}, "1 000 000", "1000000"),
    ({"type": "int", "thousands": " "}, "1 000 000 000 000", None),
    ({"type": "int", "thousands": ","}, "1,5", None),
    ({"type": "int", "decimal": ","}, "1,0", None),
]


def reading(column: dict[str, Any], text: str) -> str:
    """SQL of what the project makes of a text in a column."""
    value = project_macros("typing", "ops")["read_value"](sql_text(text), column)
    return f"cast({value} as string)"
