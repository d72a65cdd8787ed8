"""The floor: the project's own SQL in DuckDB, from CSV files to Parquet files.

    python -m benchmarks.floor FEEDS COMPILED OUT

One process reads the first batch's files, runs the SELECT of every model in the graph's order, and
writes each table. The SQL is what dbt has compiled for Spark, translated by sqlglot, so the tables
are the same; `benchmarks.same` compares them. What it does not do is the price of a pipeline: no
ledger, no second batch, no history, nothing transactional, no malformed rows kept, no tests.
"""

import re
import sys
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from benchmarks.project import (
    PREFIX,
    column_names,
    compiled_sql,
    first_batch,
    headers,
    nodes_in_order,
)
from ingest.config import PROJECT_DIR
from ingest.contract import Feed, load_contract

_BATCH = "floor"
# Spark's names for what DuckDB calls otherwise.
_MACROS = """
    create macro arrays_overlap(a, b) as list_has_any(a, b);
    create macro btrim(a, b) as trim(a, b);
"""
# DuckDB joins by a hash only where no condition has an `or`.
_OPEN_END = re.compile(r"and \((\S+) < (\S+) or \2 is null\)")


def build(feeds: Path, compiled: Path, out: Path) -> None:
    """Make every table of the first batch.

    Args:
        feeds: Feed root.
        compiled: Target folder of dbt, after a first build on `local`.
        out: Folder to write, one Parquet file `<schema suffix>/<table>.parquet` for each table.
    """
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    connection.execute(_MACROS)
    for suffix in ("landing", "staging", "targets", "marts", "ops"):
        connection.execute(f"create schema {PREFIX}_{suffix}")
    _land(connection, feeds)
    for node in nodes_in_order(compiled):
        table = f"{node['schema']}.{node['name']}"
        connection.execute(f"create table {table} as {_select(node, compiled)}")
        file = out / node["schema"].removeprefix(f"{PREFIX}_") / f"{node['name']}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        connection.execute(f"copy {table} to '{file}' (format parquet)")


def _land(connection: duckdb.DuckDBPyConnection, feeds: Path) -> None:
    day, files = first_batch(feeds)
    landed = []
    for feed in load_contract(PROJECT_DIR).feeds.values():
        file = files[feed.name]
        header = _land_file(connection, feed, file, day)
        landed.append(f"(1, '{_BATCH}', '{feed.name}', '{file.name}', '{header}', 'incremental')")
    connection.execute(
        f"create table {PREFIX}_landing.landed_files as select * from (values {', '.join(landed)})"
        " as files (landing_number, batch_id, feed, file_sha256, header, load_type)"
    )
    connection.execute(
        f"create table {PREFIX}_ops.current_batch as"
        f" select '{_BATCH}' as batch_id, date '{day}' as batch_date, 1 as landing_number"
    )


def _land_file(connection: duckdb.DuckDBPyConnection, feed: Feed, file: Path, day: str) -> str:
    """Land a file; gives the names of the columns that it brings."""
    brought = dict(zip(column_names(feed, file), headers(file), strict=True))
    # A field of white space has no value.
    columns = [
        f"""case when btrim({field}, ' ') <> '' then {field} end as {column.name}"""
        if (field := f'"{brought[column.name]}"' if column.name in brought else None)
        else f"cast(null as varchar) as {column.name}"
        for column in feed.columns
    ]
    connection.execute(f"""
        create table {PREFIX}_landing.{feed.name} as
        select
            {", ".join(columns)},
            cast(null as map(varchar, varchar)) as _extra,
            cast(null as varchar) as _raw_line,
            '{_BATCH}' as _batch_id,
            date '{day}' as _batch_date,
            '{file.name}' as _source_file,
            '{file.name}' as _file_sha256,
            row_number() over () as _row_number,
            timestamptz '{day} 00:00:00+00' as _landed_at
        from read_csv('{file}', all_varchar = true, header = true, ignore_errors = true)
    """)
    return " ".join(brought)


def _select(node: dict[str, Any], compiled: Path) -> str:
    if node["resource_type"] == "seed":
        types = node["config"]["column_types"]
        file = PROJECT_DIR / node["original_file_path"]
        return f"select * from read_csv('{file}', header = true, types = {types})"
    if node["resource_type"] == "snapshot":
        # The first batch opens one version of each key.
        return (
            "select *, _batch_date as effective_date, cast(null as date) as expiry_date"
            f" from {PREFIX}_staging.stg_{node['config']['meta']['feed']}"
        )
    return _translated(compiled_sql(node, compiled))


def _translated(sql: str) -> str:
    sql = _OPEN_END.sub(r"and \1 < coalesce(\2, date '9999-12-31')", sql)
    tree = sqlglot.parse_one(sql, read="spark")
    for coalesce in list(tree.find_all(exp.Coalesce)):
        # Columns that were declared after they landed, which a first batch has none of.
        calls = {call.name.lower() for call in coalesce.find_all(exp.Anonymous)}
        if "map_filter" in calls:
            coalesce.replace(coalesce.this)
    for day in list(tree.find_all(exp.DayOfWeek)):
        # From 0 on in DuckDB, from 1 on in Spark.
        day.replace(exp.paren(exp.Add(this=day.copy(), expression=exp.Literal.number(1))))
    for quantile in list(tree.find_all(exp.Quantile)):
        # Between two values, as Spark's percentile is.
        arguments = [quantile.this, quantile.args["quantile"]]
        quantile.replace(exp.Anonymous(this="quantile_cont", expressions=arguments))
    return tree.sql(dialect="duckdb")


if __name__ == "__main__":
    build(*map(Path, sys.argv[1:]))
