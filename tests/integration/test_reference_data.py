"""A bad seed stops what reads it; mended as the message says, the batch is applied."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from dbt.cli.main import dbtRunner
from pyspark.sql import SparkSession
from support.batches import write_batch
from support.rows import row
from support.stack import Stack, copy_project, environment_of

from ingest.catalog import tables_in
from ingest.engines.local import LocalEngine

TWICE = (
    "seeds/customer_tiers.csv, line 7 (Gold): tier Gold stands in line 3 already, for case, blanks"
    " and hyphens make no difference; keep one of the two."
)
BLANK = "seeds/currency_rates.csv, line 10: the line is blank; delete it."
UNREADABLE = (
    "seeds/currency_rates.csv, line 3 (EUR): 3 cells instead of 2; write no comma inside a cell,"
    " and a point in a number."
)


def test_bad_seed_stops_what_reads_it_until_it_is_mended(
    engine: LocalEngine, warehouse: Path, spark: SparkSession, tmp_path: Path
) -> None:
    project = copy_project(tmp_path / "project")
    stack = Stack(tmp_path / "feeds", warehouse, "seeded")
    stack = replace(stack, more=environment_of(project))
    feeds = {feed: [row(feed, 1)] for feed in ("orders", "customers", "products")}
    write_batch(stack.root, date(2025, 1, 15), "batch-1", feeds)
    tiers, rates = (project / f"seeds/{name}.csv" for name in ("customer_tiers", "currency_rates"))
    good = {file: file.read_text() for file in (tiers, rates)}
    tiers.write_text(good[tiers] + "Gold,8\n")
    rates.write_text(good[rates] + ",\n")

    shown = " ".join(stack.run(exit_code=1).output.split())

    # One sentence each, and nothing of dbt's around it.
    assert f" customer_tiers: {TWICE} " in shown
    assert f" currency_rates: {BLANK} " in shown
    assert "macro" not in shown and "Error" not in shown
    built = set(tables_in(spark, "seeded_staging"))
    assert not built & {"customer_tiers", "currency_rates", "base_customers", "base_orders"}
    assert not set(tables_in(spark, "seeded_marts")) - {"inventory_movements"}
    assert spark.table("seeded_ops.batch_reconciliation").count() == 0

    # By hand the same; and what dbt cannot even read.
    def seed(*arguments: str) -> str:
        folders = ["--project-dir", str(project), "--profiles-dir", str(project)]
        with stack.environment_set():
            done = dbtRunner().invoke(["seed", *arguments, *folders, "--quiet"])
        assert not done.success
        results = done.result or []
        return "\n".join([str(done.exception), *(str(result.message) for result in results)])

    assert TWICE in seed("--select", "customer_tiers", "payment_methods")
    assert "payment_methods" in tables_in(spark, "seeded_staging")
    rates.write_text(good[rates].replace("1.08", "1,08"))
    assert UNREADABLE in seed()

    # As the messages say: a point; one of the two.
    rates.write_text(good[rates])
    tiers.write_text(good[tiers].replace("gold,7\n", "") + "Gold,8\n")
    stack.run()

    assert spark.table("seeded_ops.batch_reconciliation").count() == 5
    (order,) = spark.table("seeded_marts.orders_enriched").collect()
    assert (order["order_amount_usd"], order["estimated_clv"]) == (10, 80)
