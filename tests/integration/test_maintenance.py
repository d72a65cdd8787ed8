"""What is removed from a warehouse on this machine, and what stays for those who read."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import SettingsFor
from deltalake import DeltaTable
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from ingest import maintenance
from ingest.cli import app
from ingest.config import Settings
from ingest.engines.local import LocalEngine
from ingest.errors import EngineError
from ingest.maintenance import due, maintain


@pytest.fixture
def settings(settings_for: SettingsFor, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Settings of a schema of the test's own, with the tables of ingest."""
    found = settings_for(tmp_path, request.node.name.removeprefix("test_"))
    LocalEngine(found).connect()
    return found


def replaced(spark: SparkSession, settings: Settings) -> Path:
    """A table that was replaced twice."""
    table = settings.table("marts", "replaced")
    for number in (1, 2, 3):
        spark.sql(f"create or replace table {table} using delta as select {number} as number")
    return settings.warehouse / settings.schema_of("marts") / "replaced"


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.parquet")}


def test_files_of_before_go_and_rows_stay(spark: SparkSession, settings: Settings) -> None:
    folder = replaced(spark, settings)
    assert len(files(folder)) == 3

    done = maintain(settings, now=datetime.now(UTC) + timedelta(minutes=settings.keep_minutes + 1))

    assert len(files(folder)) == 1
    assert done.live_bytes == done.bytes_after < done.bytes_before
    assert spark.table(settings.table("marts", "replaced")).collect() == [(3,)]


def test_where_nothing_is_to_be_done_nothing_is_committed(
    spark: SparkSession, settings: Settings
) -> None:
    folder = replaced(spark, settings)
    later = datetime.now(UTC) + timedelta(minutes=settings.keep_minutes + 1)
    maintain(settings, now=later)
    version = DeltaTable(folder).version()

    maintain(settings, now=later)

    assert DeltaTable(folder).version() == version


def test_what_a_query_may_still_read_stays(spark: SparkSession, settings: Settings) -> None:
    """One that began before the table was replaced goes on reading the version of then."""
    folder = replaced(spark, settings)
    query = DeltaTable(folder, version=1).to_pyarrow_dataset()

    maintain(settings)

    assert len(files(folder)) == 3
    assert query.to_table().to_pylist() == [{"number": 2}]


def test_the_version_that_was_the_newest_then_stays(
    spark: SparkSession, settings: Settings
) -> None:
    """It is older than what is kept, but was replaced since."""
    folder = replaced(spark, settings)
    commits = sorted(entry["timestamp"] for entry in DeltaTable(folder).history())
    since = datetime.fromtimestamp((commits[1] + commits[2]) / 2000, UTC)

    maintain(settings, now=since + timedelta(minutes=settings.keep_minutes))

    assert len(files(folder)) == 2
    assert DeltaTable(folder, version=1).to_pyarrow_table().to_pylist() == [{"number": 2}]


def test_small_files_are_merged(spark: SparkSession, settings: Settings) -> None:
    table = settings.table("marts", "appended")
    spark.sql(f"create table {table} (number int, text string) using delta")
    for number in range(maintenance.MANY_FILES + 1):
        spark.sql(f"insert into {table} values ({number}, 'ä{number}')")
    before = sorted(spark.table(table).collect())
    folder = settings.warehouse / settings.schema_of("marts") / "appended"

    assert maintain(settings).compacted == 1

    assert len(DeltaTable(folder).file_uris()) == 1
    assert not [path for path in folder.rglob("*") if path.stat().st_mode & 0o077]
    assert sorted(spark.table(table).collect()) == before
    assert maintain(settings).compacted == 0


def test_it_is_due_when_more_is_left_than_used(
    spark: SparkSession, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = replaced(spark, settings)
    assert not due(settings), "a small warehouse is left alone"

    monkeypatch.setattr(maintenance, "SMALL_BYTES", 0)
    assert folder in due(settings)

    maintain(settings, now=datetime.now(UTC) + timedelta(minutes=settings.keep_minutes + 1))
    assert not due(settings)


def test_a_run_leaves_small_tables_alone(
    spark: SparkSession, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until they have many files."""
    monkeypatch.setattr(maintenance, "SMALL_BYTES", 0)
    monkeypatch.setattr(maintenance, "DUE_FACTOR", 1)
    folder = replaced(spark, settings)
    large = settings.table("marts", "large")
    for _ in range(2):
        spark.sql(f"create or replace table {large} using delta as select id from range(100000)")
    tables = due(settings)
    assert settings.warehouse / settings.schema_of("marts") / "large" in tables
    assert folder not in tables

    monkeypatch.setattr(maintenance, "VERY_MANY_FILES", 1)
    assert folder in due(settings)


def test_many_files_are_due_in_a_small_warehouse_too(
    spark: SparkSession, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a table needs them or not."""
    number = maintenance.MANY_FILES + 1
    monkeypatch.setattr(maintenance, "VERY_MANY_FILES", number - 1)
    names = ("appended", "replaced_often", "by_day")
    appended, replaced_often, by_day = (
        settings.warehouse / settings.schema_of("marts") / name for name in names
    )
    tables = [settings.table("marts", name) for name in names]
    spark.sql(f"create table {tables[0]} (number int) using delta")
    spark.sql(f"create table {tables[2]} (day int, number int) using delta partitioned by (day)")
    for day in range(number):
        spark.sql(f"insert into {tables[0]} values ({day})")
        spark.sql(f"create or replace table {tables[1]} using delta as select {day} as number")
        spark.sql(f"insert into {tables[2]} values ({day}, {day})")
    # The newest of them is needed.
    assert due(settings) == [appended]
    spark.sql(f"create or replace table {tables[1]} using delta as select 0 as number")
    assert set(due(settings)) == {appended, replaced_often}
    assert len(DeltaTable(by_day).file_uris()) == number, "as many as before, each of its own day"

    maintain(
        settings,
        due(settings),
        now=datetime.now(UTC) + timedelta(minutes=settings.keep_minutes + 1),
    )

    assert not due(settings)
    assert spark.table(tables[0]).count() == number


def test_a_table_that_cannot_be_read_is_named(spark: SparkSession, settings: Settings) -> None:
    folder = replaced(spark, settings)
    for path in (folder / "_delta_log").glob("*.json"):
        path.write_text("no commit")

    with pytest.raises(EngineError, match=r"Table \w+_marts\.replaced cannot be maintained"):
        maintain(settings)
    # The engine of the other tests would stumble over it.
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (["--target", "databricks"], 1, "databricks bundle run maintenance"),
        (["--warehouse", "/nowhere"], 2, "There are no tables in /nowhere"),
    ],
)
def test_what_cannot_be_maintained_is_refused(flags: list[str], code: int, words: str) -> None:
    refused = CliRunner().invoke(app, ["maintain", *flags])

    assert refused.exit_code == code
    assert words in refused.stderr
    assert not Path("/nowhere").exists()
