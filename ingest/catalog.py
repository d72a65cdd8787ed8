"""What is in the catalog of any engine: the pipeline's schemas and tables, and values there."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import to_arrow_schema

from ingest.config import SUFFIXES, Settings
from ingest.contract import Table, load_contract

# Sail takes a number that is the same in a whole file from the file's statistics, where it reads it
# as a double, one digit off at times: none are kept (docs/adr/0022-numbers-have-no-statistics.md).
WITHOUT_STATISTICS = "tblproperties ('delta.dataSkippingNumIndexedCols' = '0')"
_NAME = re.compile(r"[a-z_][a-z0-9_]*")


def create_schemas(session: SparkSession, settings: Settings, warehouse: Path | None) -> None:
    """Create the five schemas where they are missing.

    Args:
        session: Where to create them.
        settings: Names the schemas.
        warehouse: Folder that gets a folder for each; None lets the engine choose the place.
    """
    for schema in map(settings.schema_of, SUFFIXES):
        # Databricks asks for the right to create schemas even when there is nothing to create.
        if not session.catalog.databaseExists(schema):
            location = f" location {sql_text(warehouse / schema)}" if warehouse else ""
            session.sql(f"create schema if not exists {schema}{location}")


def create_tables(
    session: SparkSession, settings: Settings, clauses: Callable[[Table], str] = lambda _: ""
) -> None:
    """Create the tables that ingest writes; with plain columns, so that every column takes NULL.

    Args:
        session: Where to create them.
        settings: Names the schemas.
        clauses: What an engine adds to a table's statement.
    """
    for table in load_contract(settings.project_dir).tables:
        name = settings.table(table.suffix, table.name)
        if not session.catalog.tableExists(name):
            columns = ", ".join(f"`{column}` {kind}" for column, kind in table.columns)
            session.sql(
                f"create table if not exists {name} ({columns}) using delta {clauses(table)}"
            )
    # A warehouse of before a file's header was noted.
    add_text_columns(session, settings, "landed_files", ["header"])


def add_text_columns(
    session: SparkSession, settings: Settings, name: str, names: Iterable[str]
) -> None:
    """Add the columns that a landing table lacks; what is there gets NULL in them.

    Args:
        session: Where the table is.
        settings: Names the schemas.
        name: Name of the table.
        names: Columns that it shall have.
    """
    table = settings.table("landing", name)
    present = session.table(table).columns
    missing = [column for column in names if column not in present]
    if not missing:
        return
    if settings.target == "local":
        # Sail cannot alter a table: it is written anew, in one commit.
        added = ", ".join(f"cast(null as string) as `{column}`" for column in missing)
        session.sql(
            f"create or replace table {table} using delta options (overwriteSchema 'true')"
            f" as select *, {added} from {table}"
        )
    else:
        added = ", ".join(f"`{column}` string" for column in missing)
        session.sql(f"alter table {table} add columns ({added})")


def clauses_on_disk(table: Table) -> str:
    """What is added to a table's statement where tables are Delta folders of this machine.

    Landing has no fractions, and is searched by the statistics of its dates.
    """
    return WITHOUT_STATISTICS if table.suffix == "ops" else ""


def append_rows(session: SparkSession, table: str, rows: Iterable[Sequence[Any]]) -> None:
    """Append rows in one commit.

    Args:
        session: Where the table is.
        table: Qualified name.
        rows: Values in the order of the table's columns; times are aware.
    """
    schema = to_arrow_schema(session.table(table).schema)
    records = [dict(zip(schema.names, row, strict=True)) for row in rows]
    # As an Arrow table: from plain tuples Apache Spark would start Python workers.
    frame = session.createDataFrame(pa.Table.from_pylist(records, schema=schema))
    frame.write.insertInto(table)


def tables_on_disk(warehouse: Path, which: str = "*") -> dict[str, list[Path]]:
    """Folders of the warehouse's Delta tables, by schema; those of all schemas, or of `which`."""
    found: dict[str, list[Path]] = {}
    for log in sorted(warehouse.glob(f"{which}/*/_delta_log")):
        table, schema = log.parent, log.parent.parent.name
        if _NAME.fullmatch(schema) and _NAME.fullmatch(table.name):
            found.setdefault(schema, []).append(table)
    return found


def tables_in(session: SparkSession, schema: str) -> list[str]:
    """Names of a schema's tables, sorted; without what dbt works with and leaves behind."""
    listed = session.sql(f"show tables in {schema}").collect()
    return sorted(
        row["tableName"]
        for row in listed
        if not row["isTemporary"] and not row["tableName"].endswith("__dbt_tmp")
    )


def sql_text(value: object) -> str:
    """SQL literal of a text: Sail takes no parameters in statements that write."""
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def utc(time: datetime) -> datetime:
    """A time that Spark has handed out, which is local and without a zone, in UTC."""
    return time.astimezone(UTC)
