"""Histories, run from files to marts: random, late, superseded, full loads."""

import random
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from reference.compare import differences
from reference.model import expected
from support import hostile
from support.batches import tables, write_batch
from support.house import House
from support.rows import row

from ingest.local import LocalEngine


def test_random_history_equals_the_reference(
    engine: LocalEngine,
    warehouse: Path,
    spark: SparkSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Broken literals, subsets of feeds, full loads."""
    monkeypatch.setenv("ECOMM_ALLOW_MASS_CLOSING", "true")
    house = House(tmp_path / "feeds", warehouse, "hostile")
    hostile.write_batches(tmp_path / "delivered", days=3, seed=11)
    house.deliver(tmp_path / "delivered")
    house.run()

    assert not differences(expected(tmp_path / "delivered"), tables(spark, house.schema))


def test_late_and_superseding_batches_equal_a_clean_run(
    engine: LocalEngine,
    warehouse: Path,
    spark: SparkSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ECOMM_ALLOW_MASS_CLOSING", "true")
    house = House(tmp_path / "feeds", warehouse, "late")
    rng = random.Random(5)
    triggers = []
    deliveries = [
        (date(2025, 1, 15), {}),
        (date(2025, 1, 17), {}),
        (date(2025, 1, 16), {}),  # late
        (date(2025, 1, 17), {"supersedes": True}),
    ]
    for n, (day, fields) in enumerate(deliveries):
        delivery = tmp_path / f"delivery-{n}"
        triggers.append(hostile.write_batch(delivery, day, rng, f"batch-{n}", **fields))
        house.deliver(delivery)
        if n > 0:
            house.run()

    assert not differences(expected(tmp_path, triggers), tables(spark, house.schema))
    replays = spark.table("late_ops.processing_log").where("step = 'replay'").count()
    assert replays == 2


def test_full_load_that_closes_too_much_stops_the_build(
    engine: LocalEngine,
    warehouse: Path,
    spark: SparkSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Few keys may go, and a small part of many; a build that stops has closed none."""
    house = House(tmp_path, warehouse, "guarded")

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
    house.run()
    deliver(17, orders=41, shipments=45)
    result = house.run(exit_code=1)

    assert "lacks 20 of the 65 current keys" in result.output.replace("\n", " ")
    closed = spark.table("guarded_targets.shipping_target").where("expiry_date = '2025-01-17'")
    assert closed.count() == 0
    target = spark.table("guarded_targets.orders_target")
    assert target.where("expiry_date = '2025-01-16'").count() == 19

    monkeypatch.setenv("ECOMM_ALLOW_MASS_CLOSING", "true")
    house.run()
    assert closed.count() == 20
