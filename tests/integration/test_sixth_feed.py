"""A feed is four new files and no edit: CONTRIBUTING.md, "A new feed"."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from support.batches import write_batch
from support.docs import undescribed
from support.evolution import Contract, add
from support.rows import row
from support.stack import Stack, environment_of

from ingest.engines.local import LocalEngine
from tools.dbt_docs import complete

FILES = Path(__file__).parent.parent / "fixtures" / "returns"


def returned(number: int, **values: str) -> dict[str, str]:
    good = {
        "return_id": f"R{number}",
        "order_id": "O1",
        "return_date": "2025-01-15",
        "reason": "Too small",
        "refund_amount": "10.00",
        "currency": "USD",
        "created_timestamp": "2025-01-15 10:00:00",
    }
    return good | values


@pytest.fixture(scope="module")
def stack(
    engine: LocalEngine, warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Two batches with returns are applied, and dbt has made its docs."""
    folder = tmp_path_factory.mktemp("returns")
    contract = Contract.copied(folder / "project")
    contract.change("orders", add("channel", "string", optional=True, code=True))
    project = contract.project
    shutil.copytree(FILES, project / "models/staging/returns")
    stack = Stack(folder / "feeds", warehouse, "returns", more=environment_of(project))
    first = [returned(1), returned(2), returned(3, refund_amount="-1"), returned(4)]
    orders = {"orders": [row("orders", 1)]}
    write_batch(stack.root, date(2025, 1, 15), "b1", orders | {"returns": first})
    second = [returned(1, reason="Too large"), returned(2), returned(3), returned(3)]
    write_batch(stack.root, date(2025, 1, 16), "b2", {"returns": second})
    stack.run()
    stack.dbt("docs", "generate")
    yield stack


def rows(spark: SparkSession, table: str) -> list[dict[str, Any]]:
    return [found.asDict() for found in spark.table(f"returns_{table}").collect()]


def test_it_is_small() -> None:
    files = list(FILES.iterdir())

    assert len(files) <= 4
    assert sum(len(file.read_text().splitlines()) for file in files) <= 150


def test_it_lands_and_has_a_history(stack: Stack, spark: SparkSession) -> None:
    assert len(rows(spark, "landing.returns")) == 8
    target = rows(spark, "targets.returns_target")
    reasons = {
        key: [
            v["reason"]
            for v in sorted(target, key=lambda v: v["effective_date"])
            if v["record_key"] == key
        ]
        for key in ("R1", "R2", "R3", "R4")
    }
    assert reasons == {
        "R1": ["Too small", "Too large"],
        "R2": ["Too small"],
        "R3": ["Too small"],
        "R4": ["Too small"],
    }


def test_it_is_validated_and_reconciled(stack: Stack, spark: SparkSession) -> None:
    errors = rows(spark, "staging.returns_errors")
    broken = {(error["_batch_id"], *error["failed_rules"]) for error in errors}
    assert broken == {("b1", "returns_refund_amount_valid"), ("b2", "returns_key_unique")}
    assert {error["_batch_id"]: error["resolved_by_batch_id"] for error in errors}["b1"] == "b2"
    results = rows(spark, "ops.validation_results")
    told = Counter(result["batch_id"] for result in results if result["feed"] == "returns")
    assert told == {"b1": 5, "b2": 5}
    counts = {
        row["batch_id"]: (
            row["file_rows"],
            row["landed_rows"],
            row["valid_rows"],
            row["is_balanced"],
        )
        for row in rows(spark, "ops.batch_reconciliation")
        if row["feed"] == "returns"
    }
    assert counts == {"b1": (4, 4, 3, True), "b2": (4, 4, 3, True)}


def test_it_is_undone_and_replayed(stack: Stack, spark: SparkSession) -> None:
    """A late batch comes between: as everything else, the feed is as if all had come in order."""
    late = [returned(2, reason="Broken"), returned(4, return_date="soon")]
    write_batch(stack.root, date(2025, 1, 15), "b1-again", {"returns": late}, supersedes=True)

    stack.run()

    target = rows(spark, "targets.returns_target")
    assert Counter(version["record_key"] for version in target) == {"R1": 1, "R2": 2, "R3": 1}
    errors = rows(spark, "staging.returns_errors")
    assert Counter(error["_batch_id"] for error in errors) == {"b1-again": 1, "b2": 1}


def test_it_is_in_the_docs(stack: Stack) -> None:
    target = Path(stack.more["DBT_TARGET_PATH"])
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    catalog = json.loads((target / "catalog.json").read_text(encoding="utf-8"))
    names = {"base_returns", "stg_returns", "returns_errors", "returns_target"}
    nodes = {node["name"]: node for node in manifest["nodes"].values() if node["name"] in names}

    assert nodes.keys() == names and all(node["description"] for node in nodes.values())
    documented = {
        catalog["nodes"][node["unique_id"]]["metadata"]["name"] for node in nodes.values()
    }
    assert documented == names
    source = catalog["sources"]["source.ecomm_pipeline.landing.returns"]
    assert {"return_id", "reason", "_batch_id"} <= source["columns"].keys()


def test_docs_describe_all_columns(stack: Stack) -> None:
    """Also those of a column that is new in the contract of another feed, and only there."""
    target = Path(stack.more["DBT_TARGET_PATH"])

    complete(target)

    assert undescribed(target) == []
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    for name in ("model.{}.base_orders", "model.{}.stg_orders", "snapshot.{}.orders_target"):
        columns = nodes[name.format("ecomm_pipeline")]["columns"]
        assert columns["channel"]["description"] == "channel", name
        assert columns["channel_code"]["description"].startswith("Normal form"), name
