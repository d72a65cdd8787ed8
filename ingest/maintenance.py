"""Disk space of a local warehouse: files that no table needs any more, and files that are too many.

Every statement that replaces a table, or rows of it, leaves the files of before, so that who reads
the table meanwhile can go on. On this machine nobody else takes them away. Sail knows neither
OPTIMIZE nor VACUUM, so delta-rs does the work, whichever engine wrote the tables.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deltalake import DeltaTable

from ingest.catalog import tables_on_disk
from ingest.config import SUFFIXES, Settings
from ingest.engines.delta_files import told_of
from ingest.private import private_files

# A warehouse that is smaller is left alone.
SMALL_BYTES = 20_000_000
# From so many times the live bytes on.
DUE_FACTOR = 2
# A run looks at the largest tables, which have this share of the bytes together: a third of them.
SHARE = 0.9
# A partition of more files is compacted; each batch adds one or two.
MANY_FILES = 16
# A run looks at a small table from so many files on; it is due when it does not need so many.
VERY_MANY_FILES = 3 * MANY_FILES


@dataclass(frozen=True)
class Maintained:
    """What a maintenance did.

    Attributes:
        tables: Tables that were looked at.
        compacted: Those of them whose small files were merged.
        live_bytes: Size of the files that the tables consist of now.
        bytes_before: Size of all their files before.
        bytes_after: Size of all their files now.
    """

    tables: int
    compacted: int
    live_bytes: int
    bytes_before: int
    bytes_after: int

    def __str__(self) -> str:
        """In one sentence."""
        merged = f" Small files were merged in {self.compacted}." if self.compacted else ""
        return (
            f"{self.tables} tables: {_megabytes(self.bytes_before)} before,"
            f" {_megabytes(self.bytes_after)} now, {_megabytes(self.live_bytes)} of them in use."
            f"{merged}"
        )


def due(settings: Settings) -> Sequence[Path]:
    """Folders of the tables that a run maintains at its end; most of the time none.

    They are due when files that no table needs take more room than those that one does. The small
    tables, which are many, would take most of the time for few of the bytes: each waits until it
    has many files, in whatever warehouse, since a query opens those of a table one by one.

    Raises:
        EngineError: A table's log cannot be read.
    """
    files = {folder: _data_files(folder) for folder in _tables(settings)}
    crowded = [
        folder
        for folder, found in files.items()
        if len(found) > VERY_MANY_FILES and _is_crowded(folder, len(found))
    ]
    sizes = {folder: sum(map(_bytes, found)) for folder, found in files.items()}
    on_disk = sum(sizes.values())
    if on_disk <= SMALL_BYTES:
        return crowded
    largest, in_largest, unused = [], 0, 0
    for folder in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if in_largest < SHARE * on_disk:
            largest.append(folder)
            in_largest += sizes[folder]
            with told_of(folder, "maintained"):
                unused += sizes[folder] - _live_bytes(DeltaTable(folder))
    if on_disk <= DUE_FACTOR * (on_disk - unused):
        return crowded
    return largest + [folder for folder in crowded if folder not in largest]


@private_files()
def maintain(
    settings: Settings, folders: Sequence[Path] | None = None, now: datetime | None = None
) -> Maintained:
    """Merge small files, and remove those that no version of the last `keep_minutes` needs.

    The caller keeps others from writing meanwhile. What tables hold does not change.

    Args:
        settings: Name the warehouse and its schemas.
        folders: Of the tables; default: all.
        now: The present; default: the clock's.

    Raises:
        EngineError: A table's log or files cannot be read or written.
    """
    since = (now or datetime.now(UTC)) - timedelta(minutes=settings.keep_minutes)
    chosen = _tables(settings) if folders is None else folders
    before = sum(map(_size, chosen))
    compacted = live = 0
    for folder in chosen:
        with told_of(folder, "maintained"):
            table = DeltaTable(folder)
            if _has_many_files(table):
                table.optimize.compact()
                compacted += 1
            used = _live_bytes(table)
            live += used
            if _size(folder) == used:
                # To remove nothing would be two commits as well.
                continue
            # Not `full`: that would also take what somebody's statement has not committed yet.
            table.vacuum(
                retention_hours=0,
                enforce_retention_duration=False,
                dry_run=False,
                keep_versions=_versions_read_since(table, since),
            )
    return Maintained(len(chosen), compacted, live, before, sum(map(_size, chosen)))


def _tables(settings: Settings) -> Sequence[Path]:
    return [
        folder
        for suffix in SUFFIXES
        for tables in tables_on_disk(settings.warehouse, settings.schema_of(suffix)).values()
        for folder in tables
    ]


def _versions_read_since(table: DeltaTable, since: datetime) -> list[int]:
    """Versions that were the newest at that time or later: a query may still read them."""
    commits = [(int(entry["version"]), int(entry["timestamp"])) for entry in table.history()]
    moment = since.timestamp() * 1000
    later = [version for version, timestamp in commits if timestamp >= moment]
    earlier = [version for version, timestamp in commits if timestamp < moment]
    return [*later, max(earlier)] if earlier else later


def _is_crowded(folder: Path, on_disk: int) -> bool:
    """Whether so many of a table's files are not needed, or are to be merged, that it is due."""
    with told_of(folder, "maintained"):
        table = DeltaTable(folder)
        unused = on_disk - len(table.file_uris())
        return unused > VERY_MANY_FILES or _has_many_files(table)


def _has_many_files(table: DeltaTable) -> bool:
    files = Counter(uri.rpartition("/")[0] for uri in table.file_uris())
    return any(count > MANY_FILES for count in files.values())


def _live_bytes(table: DeltaTable) -> int:
    sizes: Iterable[int] = table.get_add_actions().column("size_bytes").to_pylist()
    return sum(sizes)


def _size(folder: Path) -> int:
    """Bytes of a table's data files, whether it needs them or not."""
    return sum(map(_bytes, _data_files(folder)))


def _data_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.parquet") if path.parent.name != "_delta_log"]


def _bytes(file: Path) -> int:
    return file.stat().st_size


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
