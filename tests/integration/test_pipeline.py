"""The sample, run from files to marts: against the reference, rerun, by plain dbt commands."""

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SettingsFor, free_port
from deltalake import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql.functions import expr, lit
from reference.compare import differences
from reference.metrics import metric_anomalies
from reference.model import expected
from support.batches import tables, timeless
from support.docs import mistyped, undescribed
from support.stack import SAMPLE, Stack, retry_after_failure

from ingest import maintenance
from ingest.config import PROJECT_DIR
from ingest.engines.engine import open_engine
from ingest.engines.local import LocalEngine
from ingest.errors import ConfigError
from ingest.page.facts import Page
from ingest.page.query import read_page
from tools.dbt_docs import complete

DAYS = ("2025_01_15", "2025_01_16", "2025_01_17")


@pytest.fixture(scope="module")
def sample(
    engine: LocalEngine, warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """The sample, applied: its first day, then a restart of the engine, then the others."""
    stack = Stack(tmp_path_factory.mktemp("sample"), warehouse, "sample")
    stack.deliver_day(DAYS[0])
    stack.run()
    engine.stop()
    engine.start(free_port())
    stack.deliver_day(DAYS[1])
    stack.deliver_day(DAYS[2])
    stack.run()
    yield stack


def test_sample_equals_the_reference(sample: Stack, spark: SparkSession) -> None:
    assert not differences(expected(SAMPLE), tables(spark, sample.schema))


def test_every_rule_is_broken_in_the_sample(sample: Stack, spark: SparkSession) -> None:
    results = spark.table("sample_ops.validation_results")
    broken = {row["rule_id"] for row in results.where("failed_records > 0").collect()}

    assert {row["rule_id"] for row in results.collect()} == broken


def test_no_row_is_lost(sample: Stack, spark: SparkSession) -> None:
    counts = {
        (row["feed"], str(row["batch_date"])): row
        for row in spark.table("sample_ops.batch_reconciliation").collect()
    }

    assert len(counts) == 5 * len(DAYS)
    for path in SAMPLE.glob("*_data/source/*.csv"):
        feed, day = path.stem.split("_", 1)
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = sum(1 for row in csv.reader(file) if row) - 1
        count = counts[feed, day.replace("_", "-")]
        assert count["file_rows"] == count["landed_rows"] == rows
        assert count["valid_rows"] + count["quarantined_rows"] == rows
        assert count["is_balanced"]


def test_files_end_in_the_archive(sample: Stack) -> None:
    archived = {path.name for path in sample.root.rglob("archive/*/*/*") if path.is_file()}

    assert archived == {path.name for path in SAMPLE.rglob("*") if path.is_file()}
    assert not [path for path in sample.root.rglob("source/*") if path.is_file()]


def test_error_rows_hold_the_landed_row(sample: Stack, spark: SparkSession) -> None:
    for feed in ("orders", "customers", "products", "inventory", "shipping"):
        rows = spark.table(f"sample_staging.{feed}_errors").collect()
        landed = {
            (row["_file_sha256"], row["_row_number"]): row
            for row in spark.table(f"sample_landing.{feed}").collect()
        }
        for error in rows:
            text = landed[error["_file_sha256"], error["_row_number"]].asDict()
            raw = json.loads(error["raw_record"])
            assert raw == {
                name: value
                for name, value in text.items()
                if value is not None and (name in ("_extra", "_raw_line") or name[0] != "_")
            }
            assert error["error_description"]


def test_log_tells_every_step(sample: Stack, spark: SparkSession) -> None:
    log = spark.table("sample_ops.processing_log").collect()
    steps = [(row["step"], row["status"]) for row in log]

    assert steps.count(("trigger", "LANDED")) == len(DAYS)
    assert steps.count(("build", "SUCCESS")) == len(DAYS)
    assert steps.count(("archive", "SUCCESS")) == len(DAYS)
    assert len([row for row in log if row["step"] == "land"]) == 5 * len(DAYS)
    assert all(row["started_at"] <= row["finished_at"] for row in log)


def test_no_personal_data_in_logs_and_reports(
    sample: Stack, spark: SparkSession, warehouse: Path, dbt_folder: Path, tmp_path: Path
) -> None:
    """Each e-mail, phone, address and name of the sample, in all that is no data or error table."""
    columns = {
        "customers": ("email", "phone", "address", "last_name"),
        "orders": ("shipping_address",),
        "shipping": ("destination_address",),
    }
    personal = {
        row[name]
        for feed, names in columns.items()
        for row in spark.table(f"sample_landing.{feed}").collect()
        for name in names
    }
    # A file that is refused, as its reason tells.
    stack = Stack(tmp_path / "feeds", warehouse, "refused")
    stack.deliver_day(DAYS[0])
    customers = next(stack.root.rglob("customers*.csv"))
    customers.write_text(customers.read_text().replace("email", "e-mail", 1) + '"unclosed')
    sample.dbt("test", "--select", "base_customers", "--log-level-file", "debug")
    texts = [
        *(
            str(row.asDict())
            for name in ("processing_log", "validation_results", "batch_reconciliation")
            for row in spark.table(f"sample_ops.{name}").collect()
        ),
        *(sample.ingest(command).output for command in ("status", "report", "errors")),
        stack.run(exit_code=4).output,
        *(path.read_text() for path in stack.root.rglob("*.reason.json")),
        (warehouse / ".engine" / "engine.log").read_text(),
        *((dbt_folder / name).read_text() for name in ("logs/dbt.log", "target/run_results.json")),
    ]
    report = "\n".join(texts)

    assert len(personal) > 200
    assert "lacks required columns: email" in report
    assert not [value for value in personal if value and len(value) > 4 and value in report]


def test_page_tells_what_the_tables_say(
    sample: Stack, spark: SparkSession, settings_for: SettingsFor
) -> None:
    settings = settings_for(sample.root, sample.schema)
    newest, earlier = (read_page(spark, settings, batch) for batch in (None, "daily-2025-01-16"))

    assert newest == read_page(spark, settings, "daily-2025-01-17")
    assert [item.batch_date.day for item in newest.history] == [15, 16, 17]
    assert earlier.history == newest.history[:2] and earlier.totals == newest.totals[:2]
    assert earlier.shop == newest.shop
    content = tables(spark, sample.schema)
    for page in (newest, earlier):
        assert_page_agrees(page, content)
    # Rows that went on are named as well, while their batch is the one built last.
    row_rules = [rule for rule in newest.rules if rule.is_row_level]
    assert all(len(rule.examples) == min(rule.failed, 5) for rule in row_rules)
    assert newest.triggers == ()
    with pytest.raises(ConfigError, match="No applied batch has the id nix"):
        read_page(spark, settings, "nix")
    unused = settings_for(sample.root, "unused")
    with (
        pytest.raises(ConfigError, match="No batch is applied yet"),
        open_engine(unused) as session,
    ):
        read_page(session, unused)


def assert_page_agrees(page: Page, content: dict[str, list[dict[str, Any]]]) -> None:
    """The page's facts, computed anew from the tables' rows."""
    day, batch_id = page.batch.batch_date, page.batch.batch_id
    for flow in page.batch.flows:
        errors = [
            row for row in content[f"staging.{flow.feed}_errors"] if row["_batch_date"] == day
        ]
        assert flow.quarantined_rows == len(errors)
        assert flow.landed_rows == len(
            [row for row in content[f"landing.{flow.feed}"] if row["_batch_id"] == batch_id]
        )
    results = [row for row in content["ops.validation_results"] if row["batch_id"] == batch_id]
    assert {rule.rule_id: (rule.checked, rule.failed, rule.status) for rule in page.rules} == {
        row["rule_id"]: (row["checked_records"], row["failed_records"], row["status"])
        for row in results
    }
    assert all(rule.trend[-1].failed == rule.failed for rule in page.rules)
    for change in page.targets:
        versions = content[f"targets.{change.feed}_target"]
        opened = {row["record_key"]: row for row in versions if row["effective_date"] == day}
        closed = {row["record_key"]: row for row in versions if row["expiry_date"] == day}
        before = {row["record_key"] for row in versions if row["effective_date"] < day}
        both = opened.keys() & closed.keys()
        columns = Counter(
            name
            for key in both
            for name, _ in change.columns
            if opened[key][name] != closed[key][name]
        )
        assert dict(change.columns) == columns
        assert (change.opened, change.closed) == (len(opened), len(closed))
        assert (change.changed_keys, change.new_keys) == (len(both), len(opened.keys() - before))
        assert change.current_keys == len(
            [
                row
                for row in versions
                if row["effective_date"] <= day
                and (row["expiry_date"] is None or row["expiry_date"] > day)
            ]
        )
    assert page.shop and page.steps.landing_seconds and page.steps.build_seconds
    revenue = float(sum(row["category_revenue"] for row in content["marts.category_analysis"]))
    for shares in (page.shop.categories, page.shop.seasons):
        assert sum(share.revenue for share in shares) == pytest.approx(revenue)
    paid = [row for row in content["marts.orders_enriched"] if row["counts_as_revenue"]]
    for shown in page.shop.days:
        amounts = [row["order_amount_usd"] for row in paid if row["order_date"] == shown.order_date]
        assert (shown.orders, shown.revenue) == (len(amounts), pytest.approx(float(sum(amounts))))
    assert page.shop.products_count == len(content["marts.product_analytics"])


def test_only_the_owner_reads_what_is_in_the_warehouse(sample: Stack, warehouse: Path) -> None:
    """Tables, their logs, and what engine and commands keep beside them."""
    found = list(warehouse.rglob("*"))

    assert {"engine.log", ".lock", "_delta_log"} <= {path.name for path in found}
    assert not [path for path in found if path.stat().st_mode & 0o077]


def test_targets_are_partitioned_by_what_a_batch_changes(sample: Stack, warehouse: Path) -> None:
    """What it writes anew are versions of a few days, or current ones; what is closed stays."""
    current = "expiry_date=__HIVE_DEFAULT_PARTITION__"
    by_day = {f"effective_date=2025-01-{day}" for day in (15, 16, 17)}
    by_closing = {current} | {f"expiry_date=2025-01-{day}" for day in (16, 17)}
    partitions = {"orders": by_day, "shipping": by_day}
    for feed in ("orders", "customers", "products", "inventory", "shipping"):
        files = (warehouse / f"{sample.schema}_targets" / f"{feed}_target").rglob("*.parquet")
        assert {file.parent.name for file in files} == partitions.get(feed, by_closing), feed


def test_numbers_are_read_from_files_alone(sample: Stack, warehouse: Path) -> None:
    """From statistics Sail reads them one digit off at times; seeds have few digits."""
    found = 0
    for folder in warehouse.glob(f"{sample.schema}_*/*"):
        table = DeltaTable(folder)
        numbers = {
            field.name
            for field in pa.schema(table.schema())
            if pa.types.is_decimal(field.type) or pa.types.is_floating(field.type)
        }
        known = pa.table(table.get_add_actions(flatten=True)).column_names
        is_seed = (PROJECT_DIR / "seeds" / f"{folder.name}.csv").exists()
        assert is_seed or not [name for name in numbers if f"min.{name}" in known], folder.name
        found += len(numbers)
    assert found > 50


def test_building_again_changes_nothing(sample: Stack, spark: SparkSession) -> None:
    before = timeless(tables(spark, sample.schema))
    # As if a rule had quarantined one more row of the batch the first time.
    errors = spark.table("sample_staging.orders_errors").where("_batch_date = '2025-01-17'")
    errors.limit(1).withColumn("error_id", lit("released")).write.insertInto(
        "sample_staging.orders_errors"
    )
    assert timeless(tables(spark, sample.schema)) != before
    # As if the batches had been measured for a week longer: the newest can be judged.
    metrics, judged = (f"sample_ops.{name}" for name in ("batch_metrics", "metric_anomalies"))
    measured = spark.table(metrics)
    for days in range(1, 8):
        measured.where("batch_date = '2025-01-15'").withColumn(
            "batch_date", expr(f"date_sub(batch_date, {days})")
        ).write.insertInto(metrics)
    history = spark.table(metrics).toArrow().to_pylist()

    sample.dbt("build", "--exclude-resource-type", "unit_test")

    days = sorted({row["batch_date"] for row in history})
    wanted = metric_anomalies(
        [[row for row in history if row["batch_date"] == day] for day in days]
    )
    found = spark.table(judged).toArrow().to_pylist()
    assert len(wanted) > 50
    assert not differences({judged: wanted}, {judged: found})
    odd = spark.table("sample_ops.processing_log").where("step = 'anomalies'").collect()
    assert [(row["status"], row["batch_id"]) for row in odd] == [("WARNING", "daily-2025-01-17")]
    spark.sql(f"delete from {metrics} where batch_date < '2025-01-15'")
    spark.sql(f"delete from {judged} where true")
    assert timeless(tables(spark, sample.schema)) == before


def test_delivering_again_is_skipped(sample: Stack, spark: SparkSession) -> None:
    before = timeless(tables(spark, sample.schema))
    sample.deliver_day(DAYS[2])
    result = sample.run()

    assert "SKIPPED" in result.output
    assert timeless(tables(spark, sample.schema)) == before
    assert not [path for path in sample.root.rglob("source/*") if path.is_file()]


def test_maintenance_changes_no_row(
    sample: Stack, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the engine wrote is rewritten and removed by another library; a run does it when due."""
    before = timeless(tables(spark, sample.schema))
    monkeypatch.setenv("ECOMM_KEEP_MINUTES", "0")
    with monkeypatch.context() as patch:
        patch.setattr(maintenance, "MANY_FILES", 1)
        done = sample.ingest("maintain")

    assert done.exit_code == 0, done.output
    assert "Small files were merged in" in done.output
    assert timeless(tables(spark, sample.schema)) == before

    sample.dbt("run", "--select", "orders_enriched")
    monkeypatch.setattr(maintenance, "SMALL_BYTES", 0)
    monkeypatch.setattr(maintenance, "DUE_FACTOR", 1)
    monkeypatch.setattr(maintenance, "SHARE", 1)
    assert "CLEANED" in sample.run().output
    assert "CLEANED" not in sample.run().output
    assert timeless(tables(spark, sample.schema)) == before


def test_export_equals_the_tables(sample: Stack, spark: SparkSession, tmp_path: Path) -> None:
    content = tables(spark, sample.schema)
    done = sample.ingest("export", str(tmp_path / "out"))

    assert done.exit_code == 0, done.output
    assert not [path for path in (tmp_path / "out").rglob("*") if path.stat().st_mode & 0o077]
    for name, rows in content.items():
        suffix, table = name.split(".")
        exported = pq.read_table(tmp_path / "out" / suffix / table).to_pylist()
        assert sorted(map(repr, exported)) == sorted(map(repr, rows)), name


def test_docs_catalog_has_every_table(sample: Stack, spark: SparkSession, tmp_path: Path) -> None:
    sample.dbt("docs", "generate", "--target-path", str(tmp_path))
    catalog = json.loads((tmp_path / "catalog.json").read_text())
    described = {
        (entry["metadata"]["schema"], entry["metadata"]["name"])
        for kind in ("nodes", "sources")
        for entry in catalog[kind].values()
    }

    for name in tables(spark, sample.schema):
        suffix, table = name.split(".")
        assert (f"sample_{suffix}", table) in described
    # `make docs` does so; until then the models tell of the columns with a fact of their own only.
    assert undescribed(tmp_path)
    complete(tmp_path)
    assert undescribed(tmp_path) == []
    assert mistyped(tmp_path) == []


def test_dbt_unit_tests_pass(sample: Stack) -> None:
    done = sample.dbt("test", "--select", "test_type:unit")
    results = [result for result in done if result.node.resource_type == "unit_test"]

    assert len(results) > 40
    assert {str(result.status) for result in results} == {"pass"}


def test_plain_dbt_commands_work(sample: Stack) -> None:
    dbt = Path(sys.executable).with_name("dbt")
    for arguments, shown in (
        (["test", "--select", "stg_orders"], "Completed successfully"),
        (
            ["build", "--select", "customer_analytics+", "--exclude-resource-type", "unit_test"],
            "OK created sql table model sample_marts.segment_analysis",
        ),
        (["show", "--inline", "select * from {{ ref('segment_analysis') }}"], "Medium Value"),
        (["source", "freshness"], "PASS freshness of landing.orders"),
    ):
        done = subprocess.run(
            [dbt, *arguments],
            cwd=PROJECT_DIR,
            env=os.environ | sample.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert shown in done.stdout


def test_failed_nodes_are_retried(sample: Stack, spark: SparkSession) -> None:
    retry_after_failure(sample, spark)


def test_report_shows_what_to_do(sample: Stack) -> None:
    shown = sample.ingest("report")

    assert shown.exit_code == 0
    assert "trigger_2025_01_17.json" in shown.output
    assert "orphaned_orders" in shown.output
