"""When a batch counts as applied: only when it went all the way."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from dbt.adapters.spark.session import Cursor
from pyspark.sql import SparkSession
from pyspark.sql.functions import lit
from reference.compare import differences
from reference.model import expected
from support.batches import tables, timeless, write_batch
from support.rows import row
from support.stack import Stack

from ingest.batches.ledger import Ledger
from ingest.config import Settings, load_settings
from ingest.engines.local import LocalEngine

RULES = 86


class Applied:
    """A stack whose batches come one a day, and all that was delivered to it."""

    def __init__(self, folder: Path, warehouse: Path) -> None:
        self.stack = Stack(folder / "feeds", warehouse, "applied")
        self.last_id = ""
        self._triggers: list[Path] = []
        self._folder = folder
        self._day = 14

    def deliver(self, batch_id: str = "", **fields: Any) -> None:
        """Deliver a batch: a customer of another tier, and orders, some of them invalid.

        Args:
            batch_id: Id of the last batch, to supersede it; else the batch is one of the next day.
            **fields: More fields of the trigger.
        """
        self._day += not batch_id
        number = len(self._triggers)
        orders = [
            row("orders", number),
            row("orders", f"{number}-bad", order_amount=f"x{number}"),
            # Resolves the error of the delivery before.
            row("orders", f"{number - 1}-bad"),
            row("orders", "never-good", order_amount="x"),
        ]
        if number > 1 and not batch_id:
            # Resolved already.
            orders.append(row("orders", "0-bad"))
        tier = ("gold", "silver", "bronze")[number % 3]
        keys = (number % 2,) if number else (0, 1)
        customers = [row("customers", key, customer_tier=tier) for key in keys]
        feeds = {"orders": orders, "customers": customers}
        self.last_id = batch_id or f"b{number}"
        delivery = self._folder / f"delivery-{number}"
        self._triggers.append(write_batch(delivery, self.day(), self.last_id, feeds, **fields))
        self.stack.deliver(delivery)

    def day(self) -> date:
        """Business date of the last batch."""
        return date(2025, 1, self._day)

    def settings(self) -> Settings:
        """Settings of the stack."""
        return load_settings(warehouse=self.stack.warehouse, schema_name=self.stack.schema)

    def sources(self) -> list[Path]:
        """Files that wait in the source folders."""
        return [path for path in self.stack.root.rglob("source/*") if path.is_file()]

    def assert_clean(self, spark: SparkSession) -> None:
        """Fail unless all tables are those of a clean run of all that was delivered."""
        wanted = expected(self._folder, self._triggers)
        found = differences(wanted, tables(spark, self.stack.schema))
        assert not found, "\n".join(found)
        assert self.sources() == []


@pytest.fixture(scope="module")
def applied(
    engine: LocalEngine, warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Applied]:
    """Two batches are applied."""
    stack = Applied(tmp_path_factory.mktemp("applied"), warehouse)
    stack.deliver()
    stack.deliver()
    stack.stack.run()
    yield stack


def recorded(spark: SparkSession, batch_id: str) -> int:
    """Rows that record the batch as applied."""
    reconciliation = spark.table("applied_ops.batch_reconciliation")
    return reconciliation.where(f"batch_id = '{batch_id}'").count()


def last_build(spark: SparkSession) -> tuple[str, str]:
    """Status and message of the build that ended last."""
    builds = spark.table("applied_ops.processing_log").where("step = 'build'")
    last = max(builds.collect(), key=lambda build: build.finished_at)
    return last.status, last.message


def artifacts(folder: Path) -> tuple[int, int]:
    """When dbt's manifest and its results were written."""
    names = ("manifest.json", "run_results.json")
    manifest, results = ((folder / "target" / name).stat().st_mtime_ns for name in names)
    return manifest, results


def failing_at(node: str, patch: pytest.MonkeyPatch) -> None:
    """Let the engine refuse the statement of a dbt node."""
    execute = Cursor.execute

    def refuse(cursor: Cursor, sql: str, *arguments: Any) -> None:
        if f'"node_id": "{node}"' in sql:
            raise RuntimeError("no space left on device")
        execute(cursor, sql, *arguments)

    patch.setattr(Cursor, "execute", refuse)


def test_build_without_tests_judges_every_rule(applied: Applied, spark: SparkSession) -> None:
    """Seeds included, which it loads again."""
    applied.deliver()
    applied.stack.ingest("land")

    applied.stack.dbt("build", "--exclude-resource-type", "test", "unit_test")

    status, message = last_build(spark)
    assert status == "SUCCESS" and f"Batch {applied.last_id} " in message
    applied.stack.run()
    applied.assert_clean(spark)
    # Valid in this batch as well, but it was the one before that resolved the error.
    errors = spark.table("applied_staging.orders_errors").where("record_key = 'O0-bad'")
    assert [error.resolved_by_batch_id for error in errors.collect()] == ["b1"]


def test_batch_is_not_applied_while_a_mart_fails(
    applied: Applied, spark: SparkSession, dbt_folder: Path
) -> None:
    """Nor do the results of the batch before change, though all its rules are judged again."""
    applied.deliver()
    (dbt_folder / "target" / "manifest.json").unlink()
    kept = ("ops.validation_results", "ops.batch_reconciliation")
    waiting = applied.sources()
    before = timeless(tables(spark, "applied"))

    with pytest.MonkeyPatch.context() as patch:
        failing_at("model.ecomm_pipeline.seasonal_analysis", patch)
        shown = applied.stack.run(exit_code=1)

    assert "seasonal_analysis" in shown.output
    assert (dbt_folder / "target" / "manifest.json").exists()
    assert recorded(spark, applied.last_id) == 0
    status, message = last_build(spark)
    assert status == "FAILED" and message.startswith("build failed in seasonal_analysis: ")
    told = applied.stack.ingest("report")
    assert told.exit_code == 1 and message in told.output and "python -m ingest run" in told.output
    after = timeless(tables(spark, "applied"))
    assert [table for table in kept if after[table] != before[table]] == []
    # Its files stay, so that nothing is taken for done.
    assert applied.sources() == waiting

    # dbt goes on where it failed, and then all is built.
    applied.stack.dbt("retry")
    assert recorded(spark, applied.last_id) == 5


def test_superseding_batch_of_the_same_id_has_its_own_rows_only(
    applied: Applied, spark: SparkSession, dbt_folder: Path
) -> None:
    """The rows of both lie in landing under one id, with the same row numbers."""
    applied.deliver(applied.last_id, supersedes=True)
    written = artifacts(dbt_folder)

    applied.stack.run()

    # The project is as it was, its results are not; what `dbt retry` does is written again.
    assert artifacts(dbt_folder)[0] == written[0]
    assert artifacts(dbt_folder)[1] > written[1]
    results = json.loads((dbt_folder / "target" / "run_results.json").read_text("utf-8"))
    assert results["args"]["write_json"] is True
    assert recorded(spark, applied.last_id) >= 5
    results = spark.table("applied_ops.validation_results")
    assert results.where(f"batch_id = '{applied.last_id}'").count() == RULES
    landed = spark.table("applied_landing.orders").where(f"_batch_id = '{applied.last_id}'")
    assert landed.count() >= 8
    assert spark.table("applied_staging.base_orders").count() == 4
    applied.assert_clean(spark)


def test_replay_is_done_whatever_comes_between(applied: Applied, spark: SparkSession) -> None:
    """Formulas of today make derived columns and error rows anew, though no tracked one changed."""
    day = f"date '{applied.day()}'"
    for table, column, key in (
        ("targets.customers_target", "age_segment", "effective_date"),
        ("staging.orders_errors", "error_description", "_batch_date"),
    ):
        spark.sql(f"update applied_{table} set {column} = 'old' where {key} >= {day}")
    ledger = Ledger(spark, applied.settings())
    chosen = ledger.replay(applied.day())
    assert [landing.batch_id for landing in chosen] == [applied.last_id]

    # All was built for it before: all the same it is to be applied.
    for command in (
        ("test", "--select", "orders_amount_valid"),
        ("run", "--select", "current_batch"),
    ):
        applied.stack.dbt(*command)
        assert recorded(spark, applied.last_id) == 0

    assert [landing.number for landing in ledger.read().pending()] == [chosen[0].number]
    applied.stack.run()
    applied.assert_clean(spark)


def test_full_refresh_loses_no_history(applied: Applied, spark: SparkSession) -> None:
    """The tables that hold all batches could not be built again from the current one."""
    applied.stack.run()
    before = timeless(tables(spark, "applied"))
    assert len(before["staging.orders_errors"]) > 1
    # As a rule has left that was taken away since.
    results = spark.table("applied_ops.validation_results")
    old = results.where(f"batch_id = '{applied.last_id}' and rule_id = 'orders_amount_valid'")
    old.withColumn("rule_id", lit("taken_away")).write.insertInto("applied_ops.validation_results")

    kinds = ("config.materialized:incremental", "config.materialized:snapshot")
    applied.stack.dbt("build", "--full-refresh", "--select", *kinds, "--exclude", "test_type:unit")

    assert timeless(tables(spark, "applied")) == before


def test_rows_that_vanish_stop_the_build(applied: Applied, spark: SparkSession) -> None:
    """Rows in the file = landed = valid + quarantined."""
    files, orders = "applied_landing.landed_files", "applied_landing.orders"
    balanced = "every_row_of_orders_is_valid_or_quarantined"
    # Rows of another date under the same id, such as one withdrawn since, do not count.
    then = {"_batch_date": "date_sub(_batch_date, 1)"}
    landed = spark.table(orders)
    landed.selectExpr(*(then.get(name, name) for name in landed.columns)).write.insertInto(orders)
    for statement in (
        f"update {files} set file_rows = file_rows + 1 where feed = 'orders'",
        f"update {files} set file_rows = file_rows - 1 where feed = 'orders'",
        "delete from applied_staging.stg_orders where order_id not like '%bad'",
    ):
        spark.sql(statement)
        is_balanced = "- 1" in statement

        built = applied.stack.dbt("test", "--select", balanced, success=is_balanced)

        failed = [result.node.name for result in built if str(result.status) == "fail"]
        assert failed == ([] if is_balanced else [balanced])
