"""Histories of hostile batches, run from files to marts: late, superseded, full loads."""

import json
import random
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from reference.compare import differences
from reference.model import expected
from support import hostile
from support.batches import tables, write_batch
from support.rows import row
from support.stack import Stack
from support.statements import CASES, READING, kind_of

from ingest.engines.local import LocalEngine


@pytest.fixture(scope="module")
def late(
    engine: LocalEngine, warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[Path], set[str]]:
    """Broken literals, subsets of feeds, full loads; a late batch, a superseding one.

    Gives the folder of the deliveries, their triggers, and the kinds of dbt's statements.
    """
    folder, logs = tmp_path_factory.mktemp("late"), tmp_path_factory.mktemp("logs")
    stack = Stack(folder / "feeds", warehouse, "late")
    rng = random.Random(5)
    triggers = []
    deliveries = [
        (date(2025, 1, 15), {}),
        (date(2025, 1, 17), {}),
        (date(2025, 1, 16), {}),  # late
        (date(2025, 1, 17), {"supersedes": True}),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECOMM_ALLOW_MASS_CLOSING", "true")
        patch.setenv("DBT_LOG_PATH", str(logs))
        patch.setenv("DBT_LOG_LEVEL_FILE", "debug")
        patch.setenv("DBT_LOG_FORMAT_FILE", "json")
        for n, (day, fields) in enumerate(deliveries):
            delivery = folder / f"delivery-{n}"
            triggers.append(hostile.write_batch(delivery, day, rng, f"batch-{n}", **fields))
            stack.deliver(delivery)
            if n > 0:
                stack.run()
        stack.build()  # the newest batch once more
    events = [json.loads(line) for log in logs.glob("*") for line in log.open(encoding="utf-8")]
    sent = [event["data"]["sql"] for event in events if event["info"]["name"] == "SQLQuery"]
    return folder, triggers, {kind_of(statement) for statement in sent}


def test_late_and_superseding_batches_equal_a_clean_run(
    late: tuple[Path, list[Path], set[str]], spark: SparkSession
) -> None:
    folder, triggers, _ = late

    assert not differences(expected(folder, triggers), tables(spark, "late"))
    replays = spark.table("late_ops.processing_log").where("step = 'replay'").count()
    assert replays == 2


def test_each_kind_of_statement_in_use_has_a_case(
    late: tuple[Path, list[Path], set[str]],
) -> None:
    """Those of dbt for a batch, a later one, one between them, one again, and full loads."""
    assert late[2] - READING == {case.kind for case in CASES}


def test_full_load_that_closes_too_much_stops_the_build(
    engine: LocalEngine,
    warehouse: Path,
    spark: SparkSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Few keys may go, and a small part of many; a build that stops has closed none."""
    stack = Stack(tmp_path, warehouse, "guarded")

    def deliver(day: int, orders: int, shipments: int) -> None:
        feeds = {
            "orders": [row("orders", n) for n in range(orders)],
            "shipping": [row("shipping", n) for n in range(shipments)],
        }
        load_types = dict.fromkeys(feeds, "full")
        write_batch(tmp_path, date(2025, 1, day), f"b{day}", feeds, load_types)

    deliver(15, orders=60, shipments=85)
    # 19 of 60 are more than 30 %, 20 of 85 are less.
    deliver(16, orders=41, shipments=65)
    stack.run()
    deliver(17, orders=41, shipments=45)
    result = stack.run(exit_code=1)

    assert "lacks 20 of the 65 current keys" in result.output.replace("\n", " ")
    closed = spark.table("guarded_targets.shipping_target").where("expiry_date = '2025-01-17'")
    assert closed.count() == 0
    target = spark.table("guarded_targets.orders_target")
    assert target.where("expiry_date = '2025-01-16'").count() == 19

    monkeypatch.setenv("ECOMM_ALLOW_MASS_CLOSING", "true")
    stack.run()
    assert closed.count() == 20
