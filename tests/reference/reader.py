"""Section 2: triggers and CSV files; gives the landing rows of a batch (section 3)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from .contract import ALIASES, COLUMNS, FEEDS, REQUIRED, Row
from .strict_csv import records


@dataclass
class Batch:
    """One trigger with the landed rows of its files."""

    batch_id: str
    batch_date: date
    landed: dict[str, list[Row]]
    full_feeds: frozenset[str]
    content: frozenset[tuple[str, str]]


def _spelling(name: str) -> str:
    """How names of columns are compared: any case, blanks and hyphens as underscores."""
    return re.sub(r"[\s-]", "_", name.strip().lower())


def _canonical(feed: str, name: str) -> str:
    return ALIASES[feed].get(_spelling(name), _spelling(name))


def _header(feed: str, fields: list[str]) -> list[tuple[str, bool]]:
    """Per field of the header: its column name, and whether the contract has it."""
    header: list[tuple[str, bool]] = []
    for field in fields:
        canonical = _canonical(feed, field)
        known = canonical in COLUMNS[feed]
        header.append((canonical if known else field.strip(), known))
    seen = [_spelling(name) for name, _ in header]
    if len(set(seen)) != len(seen):
        raise ValueError(f"{feed}: duplicate column")
    missing = set(REQUIRED[feed]) - {name for name, known in header if known}
    if missing:
        raise ValueError(f"{feed}: missing required columns {sorted(missing)}")
    return header


def read_csv(feed: str, path: Path, batch_id: str, batch_date: date) -> list[Row]:
    """The landing rows of one file: raw text, blank as None, extras kept, ragged rows raw."""
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    stream = records(data.decode("utf-8-sig"))
    first = next(stream, None)
    if first is None or first.fields is None:
        raise ValueError(f"{path.name}: no header")
    header = _header(feed, first.fields)
    names = [_canonical(feed, field) for field in first.fields]
    has_extra = any(not known for _, known in header)
    rows: list[Row] = []
    for number, record in enumerate(stream, start=1):
        fields = record.fields
        row: Row = dict.fromkeys(COLUMNS[feed])
        row["_extra"] = None
        row["_raw_line"] = None
        is_header_again = fields and [_canonical(feed, field) for field in fields] == names
        if fields is None or len(fields) != len(header) or is_header_again:
            row["_raw_line"] = record.raw
        else:
            extra: dict[str, str | None] = {}
            for (name, known), field in zip(header, fields, strict=True):
                value = field if field.strip() else None
                if known:
                    row[name] = value
                else:
                    extra[name] = value
            if has_extra:
                row["_extra"] = extra
        row["_batch_id"] = batch_id
        row["_batch_date"] = batch_date
        row["_source_file"] = path.name
        row["_file_sha256"] = sha256
        row["_row_number"] = number
        rows.append(row)
    return rows


def _find(root: Path, trigger: Path, feed: str, name: str, folder: str) -> Path:
    """The data file: beside the trigger's own root first, then below the given root."""
    own = next((parent.parent for parent in trigger.parents if parent.name == "triggers"), root)
    in_archive = "archive" in trigger.parts[len(own.parts) :]
    places = ["source/", f"archive/{folder}/"]
    if in_archive:
        places.reverse()
    for base in (own, root):
        for place in places:
            path = base / f"{feed}_data" / place / name
            if path.is_file():
                return path
    raise FileNotFoundError(f"{trigger.name} names {name}, which is nowhere below {own}")


def read_batch(root: Path, trigger: Path) -> Batch | None:
    """A trigger and its files; None while `data_files_ready` is false (WAITING)."""
    content = json.loads(trigger.read_text(encoding="utf-8-sig"))
    if content.get("data_files_ready", True) is False:
        return None
    batch_id: str = content["trigger_id"]
    batch_date = date.fromisoformat(content["batch_date"])
    full_names = {
        entry.get("name")
        for entry in content.get("files") or []
        if entry.get("load_type") == "full"
    }
    landed: dict[str, list[Row]] = {feed: [] for feed in FEEDS}
    hashes: set[tuple[str, str]] = set()
    full: set[str] = set()
    for name in content["expected_files"]:
        feed = name.split("_")[0]
        if name != f"{feed}_{str(batch_date).replace('-', '_')}.csv" or feed not in FEEDS:
            raise ValueError(f"{trigger.name}: bad file name {name}")
        path = _find(root, trigger, feed, name, f"{batch_date}/{batch_id}")
        landed[feed] = read_csv(feed, path, batch_id, batch_date)
        hashes.add((name, hashlib.sha256(path.read_bytes()).hexdigest()))
        if name in full_names:
            full.add(feed)
    return Batch(batch_id, batch_date, landed, frozenset(full), frozenset(hashes))


def read_batches(
    root: Path, triggers: list[Path] | None, withdrawn: Collection[Path] = ()
) -> tuple[list[Batch], list[Batch]]:
    """(all landed batches, the effective ones by date): the last arrived of a date wins.

    A trigger over the same files as the batch in effect is skipped (section 2, SKIPPED). Batches of
    the withdrawn triggers were landed only.
    """
    paths = sorted((root / "triggers" / "source").glob("*.json")) if triggers is None else triggers
    landed: list[Batch] = []
    effective: dict[date, Batch] = {}
    for path in paths:
        batch = read_batch(root, path)
        if batch is None:
            continue
        before = effective.get(batch.batch_date)
        if before is not None and before.content == batch.content:
            continue
        landed.append(batch)
        if path not in withdrawn:
            effective[batch.batch_date] = batch
    return landed, [effective[day] for day in sorted(effective)]
