"""Export of every table to plain files, streamed by the engine and by Arrow."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession

from ingest.catalog import tables_in
from ingest.config import SUFFIXES, Settings
from ingest.errors import ConfigError
from ingest.private import private_files

_MARKER = ".ecomm-export"
# A spreadsheet takes a cell that begins like this for a formula.
_FORMULA = r"^[=+\-@\t\r]"


@private_files()
def export(session: SparkSession, settings: Settings, out: Path, form: str) -> dict[str, int]:
    """Write every table of the settings' schemas to `out/<suffix>/<table>/`, for the owner alone.

    Args:
        session: Where the tables are.
        settings: Whose schemas to export.
        out: Folder to write; it must be new, empty, or an earlier export, which is replaced.
        form: `parquet` or `csv`. Times are UTC with microseconds. In CSV, maps and arrays are
            JSON, and a text that a spreadsheet would take for a formula begins with an apostrophe.

    Returns:
        Rows by `<suffix>.<table>`.

    Raises:
        ConfigError: `out` holds something else or cannot be written.
    """
    _prepare(out)
    counts = {}
    # The engine writes to the warehouse, whose path it understands.
    with tempfile.TemporaryDirectory(dir=settings.warehouse, prefix=".export") as parts:
        for suffix in SUFFIXES:
            schema = settings.schema_of(suffix)
            for name in tables_in(session, schema):
                table = f"{suffix}.{name}"
                frame = session.table(f"{schema}.{name}")
                counts[table] = _export_table(frame, Path(parts) / table, out / suffix / name, form)
    return counts


def _prepare(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()) and not (out / _MARKER).exists():
            raise ConfigError(f"{out} is not empty and no earlier export: choose another folder.")
        (out / _MARKER).touch()
        # Wherever it lies, version control leaves personal data alone.
        (out / ".gitignore").write_text("*\n", encoding="utf-8")
        for suffix in SUFFIXES:
            if (out / suffix).exists():
                shutil.rmtree(out / suffix)
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error.strerror}.") from None


def _export_table(frame: DataFrame, parts: Path, folder: Path, form: str) -> int:
    folder.mkdir(parents=True)
    frame.write.parquet(str(parts))
    rows = 0
    files = sorted(parts.glob("*.parquet"))
    if not files:
        # The engine writes no file for no rows; readers of an export want its columns all the same.
        parts.mkdir(exist_ok=True)
        files = [parts / "part-0.parquet"]
        pq.write_table(frame.limit(0).toArrow(), files[0])
    for number, file in enumerate(files):
        rows += pq.read_metadata(file).num_rows
        if form == "parquet":
            shutil.move(file, folder / f"part-{number}.parquet")
    if form == "csv":
        _write_csv(files, folder / f"{folder.name}.csv")
    shutil.rmtree(parts)
    return rows


def _write_csv(files: list[Path], out: Path) -> None:
    writer: pa_csv.CSVWriter | None = None
    for batch in _batches(files):
        plain = pa.Table.from_arrays([_plain(column) for column in batch], names=batch.schema.names)
        if writer is None:
            writer = pa_csv.CSVWriter(out, plain.schema)
        writer.write_table(plain)
    if writer is not None:
        writer.close()


def _batches(files: list[Path]) -> Iterator[pa.RecordBatch]:
    """The files' rows in pieces, at least one, empty if need be, so that there is a header."""
    yield pa.RecordBatch.from_pylist([], schema=pq.read_schema(files[0]))
    for file in files:
        yield from pq.ParquetFile(file).iter_batches()


def _plain(column: pa.Array) -> pa.Array:
    """The column as CSV can hold it."""
    kind = column.type
    if pa.types.is_nested(kind):
        column = pa.array([_json(kind, value) for value in column.to_pylist()], pa.string())
    elif pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("us", "UTC"))
    elif pa.types.is_string_view(kind) or pa.types.is_large_string(kind):
        # The local engine has it for text that it has computed; CSV files take no such type.
        column = column.cast(pa.string())
    if pa.types.is_string(column.type):
        return pc.if_else(
            pc.match_substring_regex(column, _FORMULA),
            pc.binary_join_element_wise("'", column, ""),
            column,
        )
    return column


def _json(kind: pa.DataType, value: Any) -> str | None:
    if value is None:
        return None
    return json.dumps(
        dict(value) if pa.types.is_map(kind) else value, ensure_ascii=False, default=str
    )
