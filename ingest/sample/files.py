"""How a batch is written: the day's header, dialect and trigger of each feed file.

The layout differs from day to day as real senders differ: other column names and order, optional
columns that come and go, Windows line ends, a byte order mark. The sample plays the sender, so its
columns are spelled out here and not read from the contract that they are checked against.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from pathlib import Path
from types import TracebackType

from ingest.feed_root import FeedRoot
from ingest.sample.vocabulary import SALES_CHANNELS

Row = Sequence[str]

COLUMNS: dict[str, tuple[str, ...]] = {
    "orders": (
        "order_id", "customer_id", "product_id", "order_date", "order_amount", "currency",
        "payment_method", "shipping_address", "order_status", "created_timestamp",
    ),
    "customers": (
        "customer_id", "first_name", "last_name", "email", "phone", "date_of_birth",
        "registration_date", "address", "city", "state", "zip_code", "country", "customer_tier",
        "last_login", "created_timestamp",
    ),
    "products": (
        "product_id", "product_name", "category", "subcategory", "brand", "price", "currency",
        "stock_quantity", "weight_kg", "dimensions_cm", "color", "material", "description",
        "launch_date", "discontinued", "created_timestamp",
    ),
    "inventory": (
        "product_id", "stock_quantity", "warehouse_location", "last_updated", "created_timestamp",
        "stock_status", "inventory_id", "warehouse_id", "warehouse_name", "reserved_quantity",
        "available_quantity", "reorder_level", "last_audit",
    ),
    "shipping": (
        "order_id", "shipping_method", "shipping_cost", "currency", "tracking_number",
        "package_weight", "dimensions_cm", "estimated_delivery", "actual_delivery",
        "created_timestamp", "shipping_id", "carrier", "origin_warehouse", "destination_address",
        "shipping_status", "insurance_value",
    ),
}  # fmt: skip
FEEDS = tuple(COLUMNS)
_ALIASES = {
    "inventory": {"warehouse_location": "location", "last_updated": "last_restocked"},
    "shipping": {"shipping_method": "service_type", "dimensions_cm": "package_dimensions"},
}
# Left out on even days, and on every other odd day. warehouse_id, as part of the key, always comes.
_ABSENT_EVEN = {
    "inventory": {"inventory_id", "warehouse_name", "reserved_quantity", "available_quantity"},
    "shipping": {"origin_warehouse", "shipping_status", "insurance_value"},
}
_ABSENT_THIRD = {
    "inventory": {"stock_status", "warehouse_name", "available_quantity", "reorder_level"},
    "shipping": {"shipping_id", "carrier", "destination_address"},
}


@functools.cache
def iso(ordinal: int) -> str:
    """Return the ISO text of a proleptic Gregorian day number."""
    return date.fromordinal(ordinal).isoformat()


@dataclass(frozen=True, slots=True)
class Batch:
    """One day of feeds; `number` counts from 1, `ordinal` is the batch_date's day number."""

    number: int
    ordinal: int

    @property
    def day(self) -> str:
        """The batch_date as ISO text."""
        return iso(self.ordinal)

    def file_name(self, stem: str, suffix: str) -> str:
        """Return `<stem>_YYYY_MM_DD.<suffix>`."""
        return f"{stem}_{self.day.replace('-', '_')}.{suffix}"


@dataclass(frozen=True, slots=True)
class Layout:
    """One file's header and dialect; `columns` are canonical names, in the order of the file."""

    columns: tuple[str, ...]
    header: tuple[str, ...]
    newline: str
    encoding: str
    has_blank_lines: bool
    has_last_newline: bool
    has_drift: bool


def layout(feed: str, number: int) -> Layout:
    """Return how `feed` is written on day `number` (1 = first)."""
    is_even, is_third = number % 2 == 0, number % 3 == 0
    absent: set[str] = set()
    if is_even:
        absent = _ABSENT_EVEN.get(feed, absent)
    elif number % 4 == 3:
        absent = _ABSENT_THIRD.get(feed, absent)
    columns = tuple(c for c in COLUMNS[feed] if c not in absent)
    header = columns
    if is_even:
        columns = tuple(sorted(columns))
        header = tuple(_ALIASES.get(feed, {}).get(c, c) for c in columns)
        if feed == "products":
            # Names are matched without regard to case and surrounding blanks.
            header = tuple(f" {c.upper()}" for c in header)
    has_drift = feed == "orders" and is_third
    return Layout(
        columns=columns,
        header=(*header, "sales_channel") if has_drift else header,
        newline="\r\n" if is_third else "\n",
        encoding="utf-8-sig" if feed == "customers" and is_even else "utf-8",
        has_blank_lines=feed == "orders" and is_even,
        has_last_newline=not (feed == "inventory" and number % 3 == 1),
        has_drift=has_drift,
    )


class Sheet:
    """One feed file being written, row by row; use as a context manager."""

    def __init__(self, out: Path, feed: str, batch: Batch) -> None:
        """Create the file, and its folder, under the feed root `out`."""
        self.layout = layout(feed, batch.number)
        self.rows = 0
        self.path = FeedRoot(out).arrivals(feed) / batch.file_name(feed, "csv")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        places = {column: place for place, column in enumerate(COLUMNS[feed])}
        self._pick: Callable[[Row], tuple[str, ...]] = itemgetter(
            *(places[column] for column in self.layout.columns)
        )
        self._file = self.path.open(
            "w", encoding=self.layout.encoding, newline="", buffering=1 << 18
        )
        writer = csv.writer(self._file, lineterminator=self.layout.newline)
        self._write: Callable[[Iterable[str]], object] = writer.writerow
        self._write(self.layout.header)

    def __enter__(self) -> Sheet:
        """Return the sheet itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the file as its layout says."""
        if self.layout.has_blank_lines:
            self._file.write(self.layout.newline)
        self._file.close()
        if not self.layout.has_last_newline:
            os.truncate(self.path, self.path.stat().st_size - len(self.layout.newline))

    def write(self, row: Row) -> None:
        """Write a row that is given in the order of COLUMNS."""
        self._write(self._fields(row))

    def write_ragged(self, row: Row) -> None:
        """Write `row` twice: cut short, as by a lost connection, and with a field too many."""
        self._write(self._fields(row)[:-3])
        self._write((*self._fields(row), "surplus"))

    def _fields(self, row: Row) -> tuple[str, ...]:
        self.rows += 1
        fields = self._pick(row)
        if self.layout.has_drift:
            fields = (*fields, SALES_CHANNELS[self.rows % len(SALES_CHANNELS)])
        if self.layout.has_blank_lines and self.rows == 3:
            self._file.write(self.layout.newline)
        return fields


def write_trigger(out: Path, batch: Batch, sheets: Iterable[Sheet]) -> Path:
    """Write the trigger that announces the batch's finished files, and return its path."""
    sheets = list(sheets)
    trigger: dict[str, object] = {
        "trigger_id": f"daily-{batch.day}",
        "batch_date": batch.day,
        "expected_files": [sheet.path.name for sheet in sheets],
    }
    if batch.number % 2 == 0:
        trigger["files"] = [_manifest_entry(sheet) for sheet in sheets]
    elif batch.number % 4 == 1:
        trigger |= {
            "data_files_ready": True,
            "trigger_timestamp": f"{batch.day}T19:30:00Z",
            "client_name": "Example Outfitters",
            "source_system": "shop-export",
        }
    else:
        trigger |= {"source_system": "shop-export", "export_tool_version": "4.2.0"}
    path = FeedRoot(out).triggers / batch.file_name("trigger", "json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(trigger, indent=2) + "\n", encoding="utf-8", newline="\n")
    return path


def _manifest_entry(sheet: Sheet) -> dict[str, object]:
    with sheet.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "name": sheet.path.name,
        "sha256": digest,
        "rows": sheet.rows,
        "bytes": sheet.path.stat().st_size,
        "load_type": "incremental",
    }
