"""Each kind of statement in use does on the local engine what it says; no other kind is in use."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from support.batches import write_batch
from support.house import House
from support.statements import CASES, READING, Case, kind_of, run_case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_statement(case: Case, spark: SparkSession, warehouse: Path) -> None:
    assert run_case(spark, case, "statements", warehouse / "statements") == case.expected


def test_each_kind_in_use_has_a_case(spark: SparkSession, warehouse: Path, tmp_path: Path) -> None:
    """All that dbt sends for a batch, a later one, one between them, and a full load."""
    house = House(tmp_path, warehouse, "kinds", more={"ECOMM_ALLOW_MASS_CLOSING": "true"})
    sent: list[str] = []

    def on_event(event: Any) -> None:
        if event.info.name == "SQLQuery":
            sent.append(event.data.sql)

    for day in ("2025_01_15", "2025_01_17", "2025_01_16"):
        house.deliver_day(day)
        assert house.ingest("land").exit_code == 0
        house.build(callbacks=[on_event])
    order = {"order_id": "O1", "customer_id": "C1"} | dict.fromkeys(
        (
            "product_id",
            "order_date",
            "order_amount",
            "currency",
            "payment_method",
            "shipping_address",
            "order_status",
            "created_timestamp",
        ),
        "",
    )
    write_batch(tmp_path, date(2025, 1, 18), "full", {"orders": [order]}, {"orders": "full"})
    assert house.ingest("land").exit_code == 0
    # The late batch made the one after it pending again.
    for _ in range(2):
        house.build(callbacks=[on_event])
    kinds = {kind_of(statement) for statement in sent}

    assert kinds - READING == {case.kind for case in CASES}
