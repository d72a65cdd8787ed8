"""The commands that need an engine, as a user runs them."""

import csv
import io
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from ingest.build import BuildResult
from ingest.catalog import append_rows
from ingest.cli import app
from ingest.config import load_settings
from ingest.engines.engine import exclusive_use
from ingest.engines.local import LocalEngine
from ingest.jobs import operation
from ingest.pipeline import Applied, Listener, Pipeline
from ingest.sample import generate

FEEDS = {"customers", "inventory", "orders", "products", "shipping"}
runner = CliRunner()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folder with feeds of two days, landed by two runs, each with an engine of its own."""
    # No plain path.
    folder = tmp_path_factory.mktemp("place") / "ä [1]"
    folder.mkdir()
    triggers = generate(folder / "feeds", days=2, orders=60, seed=1)
    held_back = triggers[1].rename(folder / "held_back.json")
    assert runner.invoke(app, command("land", folder)).exit_code == 0
    held_back.rename(triggers[1])
    assert runner.invoke(app, command("land", folder)).exit_code == 0
    yield folder
    LocalEngine(load_settings(warehouse=folder / "tables")).stop()


def command(name: str, folder: Path, *more: str) -> list[str]:
    return [name, *more, "--root", str(folder / "feeds"), "--warehouse", str(folder / "tables")]


def export(place: Path, out: Path, *more: str) -> None:
    done = runner.invoke(app, command("export", place, str(out), *more))
    assert done.exit_code == 0, done.output


def test_land_without_an_engine_starts_and_stops_one(place: Path) -> None:
    assert not LocalEngine(load_settings(warehouse=place / "tables")).is_up
    assert list((place / "tables").glob(".parsed/*")) == []


def test_nothing_to_do_is_success(place: Path, tmp_path: Path) -> None:
    export(place, tmp_path / "before")

    done = runner.invoke(app, command("land", place))

    assert done.exit_code == 0
    export(place, tmp_path / "after")
    for table in ("landing/orders", "landing/landed_files", "ops/processing_log"):
        before, after = (
            pq.read_table(tmp_path / when / table).to_pylist() for when in ("before", "after")
        )
        assert sorted(map(repr, after)) == sorted(map(repr, before)), table


def test_status_shows_batches_and_triggers(place: Path) -> None:
    waiting = place / "feeds" / "triggers" / "source" / "trigger_2025_01_17.json"
    waiting.write_text(
        json.dumps(
            {
                "trigger_id": "third",
                "batch_date": "2025-01-17",
                "expected_files": ["orders_2025_01_17.csv"],
            }
        )
    )
    assert runner.invoke(app, command("land", place)).exit_code == 3
    bad = waiting.with_name("bad.json")
    bad.write_text("{}")
    # Rejected, and then landed under another id: a file of no rows.
    resolved = waiting.with_name("resolved.json")
    resolved.write_text('{"trigger_id": "odd"}')
    assert runner.invoke(app, command("land", place)).exit_code == 4
    resolved.write_text(
        '{"trigger_id": "even", "batch_date": "2025-01-14",'
        ' "expected_files": ["orders_2025_01_14.csv"]}'
    )
    lines = (place / "feeds/orders_data/archive").glob("2025-01-1*/*/*.csv")
    source = next(lines, None) or next((place / "feeds/orders_data/source").glob("*.csv"))
    header = source.read_text(encoding="utf-8").splitlines()[0]
    (place / "feeds/orders_data/source/orders_2025_01_14.csv").write_text(f"{header}\n")
    assert runner.invoke(app, command("land", place)).exit_code == 3

    shown = runner.invoke(app, command("status", place))
    waiting.unlink()

    assert shown.exit_code == 0
    words = shown.stdout.split()
    assert words.count("pending") == 3
    assert {"2025-01-15", "2025-01-16", "waiting", "rejected"} <= set(words)
    assert "resolved.json" not in words
    assert " ".join(words).count("Waiting for") == 1
    assert "orders_2025_01_17.csv." in words


def test_status_of_a_trigger_that_came_since_the_last_look(place: Path) -> None:
    path = place / "feeds" / "triggers" / "source" / "trigger_2025_01_17.JSON"
    path.write_text(
        '{"trigger_id": "new", "batch_date": "2025-01-17",'
        ' "expected_files": ["orders_2025_01_17.csv"]}'
    )
    assert runner.invoke(app, command("land", place)).exit_code == 3
    time.sleep(0.05)
    path.write_text(path.read_text())

    shown = runner.invoke(app, command("status", place))
    path.unlink()

    assert "Not looked at yet." in " ".join(shown.stdout.split())


def test_export_as_parquet(place: Path, tmp_path: Path) -> None:
    export(place, tmp_path / "out")

    assert (tmp_path / "out" / ".gitignore").read_text() == "*\n"
    assert {path.name for path in (tmp_path / "out").glob("[!.]*")} == {
        "landing",
        "ops",
    }
    assert {path.name for path in (tmp_path / "out" / "landing").iterdir()} == {
        *FEEDS,
        "landed_files",
    }
    orders = pq.read_table(tmp_path / "out" / "landing" / "orders")
    files = pq.read_table(tmp_path / "out" / "landing" / "landed_files").to_pylist()
    landed = sum(file["file_rows"] for file in files if file["feed"] == "orders")
    assert orders.num_rows == landed > 100
    assert orders.schema.field("_landed_at").type == pa.timestamp("us", "UTC")
    # A table without rows has a file all the same.
    empty = pq.read_table(tmp_path / "out" / "ops" / "validation_results")
    assert empty.num_rows == 0
    assert "rule_id" in empty.column_names


def test_export_again_replaces_only_an_export(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "out of [ü] %20"
    export(place, out)
    first = pq.read_table(out / "landing" / "orders")
    (out / "landing" / "orders" / "stale.parquet").touch()

    export(place, out)

    assert pq.read_table(out / "landing" / "orders").num_rows == first.num_rows

    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    refused = runner.invoke(app, command("export", place, str(precious)))
    assert refused.exit_code == 1
    assert "is not empty and no earlier export" in refused.stderr


def test_export_as_csv_defuses_formulas(
    spark: SparkSession, warehouse: Path, tmp_path: Path
) -> None:
    spark.sql(
        "create or replace table ecomm_marts.odd using delta as"
        " select * from (values"
        " (1, '=1+1', map('k', 'v\"w'), array('x'), timestamp '2025-01-15 10:00:00.000001'),"
        " (2, '+1', null, null, null), (3, '-5', null, null, null), (4, '@x', null, null, null),"
        " (5, '\\tx', null, null, null), (6, 'a=1', null, null, null), (7, '', null, null, null),"
        " (8, 'two\\nlines, \"q\"', null, null, null), (-9, null, null, null, null))"
        " as t(n, word, pairs, list, at)"
    )
    out = tmp_path / "out"
    done = runner.invoke(
        app, ["export", str(out), "--format", "csv", "--warehouse", str(warehouse)]
    )
    assert done.exit_code == 0, done.output

    assert not [path for path in out.rglob("*") if path.stat().st_mode & 0o077]
    text = (out / "marts" / "odd" / "odd.csv").read_text()
    rows = {row["n"]: row for row in csv.DictReader(io.StringIO(text))}
    words = {number: row["word"] for number, row in rows.items()}
    assert words == {
        "1": "'=1+1",
        "2": "'+1",
        "3": "'-5",
        "4": "'@x",
        "5": "'\tx",
        "6": "a=1",
        "7": "",
        "8": 'two\nlines, "q"',
        "-9": "",
    }
    assert json.loads(rows["1"]["pairs"]) == {"k": 'v"w'}
    assert json.loads(rows["1"]["list"]) == ["x"]
    assert rows["1"]["at"] == "2025-01-15 10:00:00.000001Z"
    assert '7,"",' in text
    assert "-9,,," in text


@pytest.mark.parametrize(
    "arguments", [["run"], ["land"], ["replay"], ["engine", "stop"]], ids=lambda words: words[-1]
)
def test_what_changes_tables_waits_for_nobody(
    arguments: list[str], engine: LocalEngine, warehouse: Path, tmp_path: Path
) -> None:
    """Though the engine is up, and needs no start."""
    (tmp_path / "triggers" / "source").mkdir(parents=True)
    root = ["--root", str(tmp_path)] if arguments in (["run"], ["land"]) else []

    with exclusive_use(warehouse):
        refused = runner.invoke(app, [*arguments, *root, "--warehouse", str(warehouse)])

    assert refused.exit_code == 1
    assert refused.stderr.startswith("Another run is at work in warehouse")
    assert engine.is_up


def test_engine_commands(tmp_path: Path) -> None:
    stack = ["--warehouse", str(tmp_path)]

    started = runner.invoke(app, ["engine", "start", *stack])
    again = runner.invoke(app, ["engine", "start", *stack])
    status = runner.invoke(app, ["engine", "status", *stack])
    healthy = runner.invoke(app, ["doctor", *stack])
    stopped = runner.invoke(app, ["engine", "stop", *stack])

    assert [done.exit_code for done in (started, again, status, stopped)] == [0, 0, 0, 0]
    assert started.stdout.startswith("The local engine runs on port ")
    assert again.stdout.startswith("The local engine is running already on port ")
    assert "ok    Engine: runs on port " in healthy.stdout
    assert "SPARK_REMOTE=sc://127.0.0.1:" in status.stdout
    assert stopped.stdout == "The local engine is stopped.\n"


def test_a_rejection_is_reported_by_its_own_run_only(
    engine: LocalEngine, warehouse: Path, tmp_path: Path
) -> None:
    """Else a job that looks again every two hours would tell of it again and again."""
    triggers = tmp_path / "triggers" / "source"
    triggers.mkdir(parents=True)
    (triggers / "trigger_bad.json").write_text("{")
    stack = ["--warehouse", str(warehouse), "--schema", "reported"]

    def land(run: str) -> int:
        given = ["land", "--root", str(tmp_path), "--run-id", run, *stack]
        return runner.invoke(app, given).exit_code

    def report(*more: str) -> int:
        return runner.invoke(app, ["report", *more, *stack]).exit_code

    assert (land("1"), report("--run-id", "1")) == (4, 4)
    assert (land("2"), report("--run-id", "2")) == (0, 0)
    # A repaired run is told of as a whole.
    assert (land("1"), report("--run-id", "1")) == (0, 4)
    # For a person who asks what came last.
    assert report() == 4


def test_an_operation_of_the_job_writes_to_its_folder(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "exports"
    settings = [f"--root={place / 'feeds'}", f"--warehouse={place / 'tables'}", "--target=local"]
    given = ["export", "tables --format csv", str(folder), *settings, "--archive-root=/nowhere"]
    monkeypatch.setattr(sys, "argv", ["ecomm-operation", *given])

    operation()

    assert (folder / "tables" / "landing" / "orders" / "orders.csv").is_file()


def test_feed_without_a_valid_row_and_a_low_score_have_an_exit_code(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the newest batch of all, and as one that the run applies."""
    settings = load_settings(warehouse=place / "tables")

    def applied(pipeline: Pipeline, listener: Listener) -> list[Applied]:
        landings = pipeline.ledger.landings()
        valid = {"orders": 0, "customers": 7}
        rows = [
            (landing.batch_id, landing.batch_date, landing.number, feed, 7, 7, count, 7 - count)
            for landing in landings
            for feed, count in valid.items()
        ]
        append_rows(session, table, [(*row, True, 70.0, "FAIL") for row in rows])
        found = pipeline.ledger.reconciliations()[landings[-1].number]
        return [Applied(landings[-1], BuildResult(True, (), True), 1.0, found)]

    monkeypatch.setattr(Pipeline, "build_all", applied)
    table = settings.table("ops", "batch_reconciliation")
    with LocalEngine(settings).session() as session:
        kept = session.table(table).toArrow()
        done = runner.invoke(app, command("run", place, "--min-score", "80"))
        stack = command("report", place)[:1] + command("report", place)[-2:]
        poor = runner.invoke(app, stack)
        session.sql(f"delete from {table}")

    assert kept.num_rows == 0
    assert done.exit_code == poor.exit_code == 5, done.output + poor.output
    assert "No row of orders is valid." in done.output and "is below 80." in done.output
    assert "No row of orders is valid." in poor.output and "below" not in poor.output
