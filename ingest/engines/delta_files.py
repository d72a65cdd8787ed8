"""Delta tables of this machine as files, without an engine."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction

from ingest.errors import EngineError
from ingest.private import private_files


@private_files()
def append_file(table: Path, parquet: Path, rows: int, constants: Mapping[str, str]) -> None:
    """Append the rows of a Parquet file to a table, in one commit.

    The file becomes the table's: an engine would read it and write it once more. Columns of the
    table that it lacks are NULL in it, by Delta's protocol.

    Args:
        table: Folder of the table, which has no partitions.
        parquet: The file, which is moved; its columns may have any order.
        rows: Their number.
        constants: What some columns hold in each row, as JSON has it: who looks for something else
            skips the file.

    Raises:
        EngineError: The table cannot be read, or its log not written.
        OSError: The file cannot be moved.
    """
    statistics = {
        "numRecords": rows,
        "minValues": constants,
        "maxValues": constants,
        "nullCount": dict.fromkeys(constants, 0),
    }
    found = parquet.stat()
    name = f"part-{uuid4()}.snappy.parquet"
    file = AddAction(
        path=name,
        size=found.st_size,
        partition_values={},
        modification_time=found.st_mtime_ns // 1_000_000,
        data_change=True,
        stats=json.dumps(statistics),
    )
    parquet.chmod(0o600)
    shutil.move(parquet, table / name)
    with told_of(table, "written"):
        delta = DeltaTable(table)
        delta.create_write_transaction([file], "append", delta.schema())


@contextmanager
def told_of(table: Path, done: str) -> Iterator[None]:
    """Name the table that delta-rs cannot read or write.

    Args:
        table: Its folder.
        done: What is done to it, as a participle.

    Raises:
        EngineError: It failed, and why.
    """
    try:
        yield
    except (DeltaError, OSError) as error:
        # Messages of delta-rs name files and versions, never values.
        name = f"{table.parent.name}.{table.name}"
        raise EngineError(f"Table {name} cannot be {done}: {error}") from error
