"""The contract changes on a warehouse that is in use: section 9 of the specification."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from support.batches import tables, timeless
from support.evolution import DAYS, Contract, change_much, content, deliver, make_optional, retype
from support.stack import Stack, environment_of

Rows = list[dict[str, object]]


class World:
    """A stack with a contract of its own."""

    def __init__(self, folder: Path, warehouse: Path, schema: str, spark: SparkSession) -> None:
        self.contract = Contract.copied(folder / "project")
        more = environment_of(self.contract.project)
        self.stack = Stack(folder / "feeds", warehouse, schema, more=more)
        self.spark = spark

    def run(self, *days: date, exit_code: int = 0) -> str:
        deliver(self.stack.root, *days)
        return self.stack.run(exit_code).output

    def rows(self, table: str) -> Rows:
        schema, name = table.split(".")
        return self.spark.table(f"{self.stack.schema}_{schema}.{name}").toArrow().to_pylist()

    def versions(self, feed: str, key: str) -> Rows:
        found = [item for item in self.rows(f"targets.{feed}_target") if item["record_key"] == key]
        return sorted(found, key=lambda item: str(item["effective_date"]))

    def tables(self) -> dict[str, list[str]]:
        """All rows, but for the note of what the last dbt run has built."""
        found = tables(self.spark, self.stack.schema)
        del found["ops.built_nodes"]
        return timeless(found)

    def content(self) -> dict[str, list[str]]:
        return content(tables(self.spark, self.stack.schema))


@pytest.fixture
def world(tmp_path: Path, warehouse: Path, spark: SparkSession) -> Callable[[str], World]:
    """Makes a stack with a contract of its own, in a schema of that name."""
    return lambda name: World(tmp_path / name, warehouse, name, spark)


def test_tables_keep_up_with_the_contract(world: Callable[[str], World]) -> None:
    changed = world("evolving")
    changed.run(DAYS[0])
    change_much(changed.contract)
    shown = changed.stack.ingest("contract", "diff").output
    assert "orders: gift_fee is new." in shown
    assert "inventory: reserved_quantity was int and is decimal(18,3)." in shown

    changed.run(DAYS[1])

    # Nothing is shifted.
    for table in ("landing.orders", "targets.orders_target"):
        assert {item["customer_id"] for item in changed.rows(table)} == {"C1"}, table
        assert {item["product_id"] for item in changed.rows(table)} == {"P1"}, table
    # A version opens when a value arrives, not when a column does.
    fees = {n: [v["gift_fee"] for v in changed.versions("orders", f"O{n}")] for n in (1, 2, 3)}
    assert fees == {1: [None, Decimal("1.50")], 2: [None], 3: [None, Decimal("9.99")]}
    # Nothing is rounded, and a wider type alone is no change.
    reserved = {
        n: [v["reserved_quantity"] for v in changed.versions("inventory", f"P{n}|W1")]
        for n in (1, 2, 3)
    }
    one = Decimal("1.000")
    assert reserved == {1: [one], 2: [one, Decimal("2.750")], 3: [one, one]}
    assert changed.versions("inventory", "P3|W1")[1]["reorder_level"] == 3_000_000_000
    audited = changed.versions("inventory", "P1|W1")[0]["last_audit"]
    assert isinstance(audited, datetime) and audited.replace(tzinfo=None) == datetime(2024, 12, 31)
    # What the contract has no more stays, and what files still bring is kept.
    assert [v["origin_warehouse"] for v in changed.versions("shipping", "O1")] == ["Denver"]
    assert [v["origin_warehouse"] for v in changed.versions("shipping", "O3")] == [None]
    late = [
        item for item in changed.rows("landing.shipping") if item["_batch_id"] == "batch-2025-01-16"
    ]
    assert {dict(item["_extra"])["origin_warehouse"] for item in late} == {"Denver"}
    assert changed.stack.ingest("contract", "diff").output == "The tables follow the contract.\n"

    # What the file lacks, and may lack, breaks no rule; what it has, and leaves blank, does.
    assert [v["phone"] for v in changed.versions("customers", "C2")] == [None]
    assert changed.rows("staging.customers_errors") == []

    # What is replayed takes from `_extra` what was not declared when it landed.
    # No row of it is valid.
    changed.run(DAYS[2], exit_code=5)
    (blank,) = changed.rows("staging.customers_errors")
    assert (blank["record_key"], blank["failed_rules"]) == ("C3", ["customers_phone_present"])
    fresh = world("evolved")
    change_much(fresh.contract)
    fresh.run(*sorted(DAYS), exit_code=5)
    assert changed.content() == fresh.content()
    assert [v["gift_fee"] for v in changed.versions("orders", "O1")] == [Decimal("1.50")]


def change_what_tables_rest_on(contract: Contract) -> tuple[str, ...]:
    """Change a type, a key and what is tracked; gives the sentences for them."""

    def untrack(columns: dict[str, dict[str, Any]]) -> None:
        columns["order_status"]["config"]["meta"]["tracked"] = False

    contract.change("customers", retype("zip_code", "int"))
    # As the later files ask for; that alone would do.
    contract.change("customers", make_optional("phone"))
    contract.change("inventory", key=["product_id"])
    contract.change("orders", untrack)
    return (
        "customers: zip_code was string and is int.",
        "its key was product_id, warehouse_id else warehouse_location and is product_id.",
        "orders: order_status was tracked and is not tracked.",
    )


def test_what_would_bend_the_tables_is_refused_until_a_replay(
    world: Callable[[str], World],
) -> None:
    changed = world("refusing")
    changed.run(DAYS[0])
    before = changed.tables()
    sentences = change_what_tables_rest_on(changed.contract)

    said = changed.run(DAYS[1], exit_code=1)

    assert all(words in said for words in sentences) and "python -m ingest replay" in said
    assert changed.tables() == before
    assert changed.stack.ingest("contract", "diff").exit_code == 1
    changed.stack.dbt("run", "--select", "current_batch", success=False)
    assert changed.stack.ingest("replay", "--from", "2025-01-15").exit_code == 1
    assert changed.stack.ingest("withdraw", "--date", "2025-01-15").exit_code == 1
    assert changed.tables() == before

    done = changed.stack.ingest("replay")
    assert done.exit_code == 0, done.output
    changed.run()
    fresh = world("accepting")
    change_what_tables_rest_on(fresh.contract)
    fresh.run(DAYS[0], DAYS[1])
    assert changed.content() == fresh.content()
