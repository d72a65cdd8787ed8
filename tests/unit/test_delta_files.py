"""Files that become a Delta table's, read by delta-rs."""

import resource
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from ingest.engines.delta_files import append_file
from ingest.errors import EngineError
from ingest.messages import explain


def table(folder: Path) -> Path:
    """A table of one row."""
    write_deltalake(folder, pa.table({"day": ["a"], "number": [1]}))
    return folder


def parquet(path: Path, **columns: list[object]) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def rows(folder: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = DeltaTable(folder).to_pyarrow_table().to_pylist()
    return sorted(found, key=lambda row: str(row["day"]))


def test_file_is_moved_into_the_table(tmp_path: Path) -> None:
    folder = table(tmp_path / "things")
    file = parquet(tmp_path / "parsed.parquet", number=[2, 3], day=["b", "b"])

    append_file(folder, file, 2, {"day": "b"})

    assert not file.exists()
    assert DeltaTable(folder).version() == 1
    assert [(row["day"], row["number"]) for row in rows(folder)] == [("a", 1), ("b", 2), ("b", 3)]


def test_only_the_owner_reads_what_is_written(tmp_path: Path) -> None:
    folder = table(tmp_path / "things")
    before = set(folder.rglob("*"))

    append_file(folder, parquet(tmp_path / "parsed.parquet", day=["b"]), 1, {"day": "b"})

    written = set(folder.rglob("*")) - before
    assert {path.suffix for path in written} == {".json", ".parquet"}
    assert not [path for path in written if path.stat().st_mode & 0o077]


def test_column_that_the_file_lacks_is_null(tmp_path: Path) -> None:
    folder = table(tmp_path / "things")

    append_file(folder, parquet(tmp_path / "parsed.parquet", day=["b"]), 1, {"day": "b"})

    assert rows(folder)[1] == {"day": "b", "number": None}


def test_log_tells_what_the_file_holds(tmp_path: Path) -> None:
    folder = table(tmp_path / "things")
    file = parquet(tmp_path / "parsed.parquet", day=["b", "b"], number=[2, 3])
    size = file.stat().st_size

    append_file(folder, file, 2, {"day": "b"})

    actions = DeltaTable(folder).get_add_actions(flatten=True)
    told = {
        name: actions.column(name).to_pylist()
        for name in ("size_bytes", "num_records", "min.day", "max.day", "null_count.day")
    }
    newest = told["min.day"].index("b")
    assert {name: values[newest] for name, values in told.items()} == {
        "size_bytes": size,
        "num_records": 2,
        "min.day": "b",
        "max.day": "b",
        "null_count.day": 0,
    }


def test_table_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    folder = table(tmp_path / "shop_landing" / "orders")
    next((folder / "_delta_log").glob("*.json")).write_text("no log")
    file = parquet(tmp_path / "parsed.parquet", day=["b"], number=[2])

    with pytest.raises(EngineError, match=r"^Table shop_landing\.orders cannot be written: "):
        append_file(folder, file, 1, {"day": "b"})


def test_disk_that_is_full_for_the_log(tmp_path: Path) -> None:
    """No file of this process may grow beyond 10 bytes, as if the disk were full by then."""
    folder = table(tmp_path / "shop_landing" / "orders")
    file = parquet(tmp_path / "parsed.parquet", day=["b"], number=[2])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(EngineError, match="File too large") as told:
            append_file(folder, file, 1, {"day": "b"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert explain(told.value).startswith("Table shop_landing.orders cannot be written: ")
    assert [row["day"] for row in rows(folder)] == ["a"]
