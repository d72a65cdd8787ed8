"""Each clause that only Databricks has is sent, for each table that it is for."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from databricks_endpoint.conftest import CATALOG, SCHEMA, House
from databricks_endpoint.server import Endpoint

FEEDS = ("orders", "customers", "products", "inventory", "shipping")
MARTS = {
    "orders_enriched": "order_id",
    "customer_analytics": "customer_id",
    "product_analytics": "product_id",
    "analytics_summary": "report_date",
    "seasonal_analysis": "season_year, season",
    "segment_analysis": "customer_segment",
    "category_analysis": "category",
    "inventory_movements": "product_id, warehouse, batch_date",
}
CLUSTERED = {
    "orders_enriched": "order_date, order_id",
    "customer_analytics": "customer_id",
    "product_analytics": "product_id",
    "inventory_movements": "batch_date, product_id",
    **{f"{feed}_errors": "_batch_date" for feed in FEEDS},
    **{f"{feed}_target": "record_key, effective_date" for feed in FEEDS},
}
CHECKS = {
    "orders_enriched": "orders_enriched_amount_not_negative check (order_amount_usd >= 0)",
    "customer_analytics": "customer_analytics_orders_not_negative check (total_orders >= 0)",
    "product_analytics": "product_analytics_orders_not_negative check (total_orders >= 0)",
    "inventory_movements": "inventory_movements_type_known check"
    " (movement_type in ('initial', 'inbound', 'outbound'))",
}
PERSONAL = {
    "email": "email",
    "phone": "phone",
    "address": "address",
    "shipping_address": "address",
    "destination_address": "address",
    "date_of_birth": "date",
    "raw_record": "text",
    "_raw_line": "text",
    "_extra": "map",
}
RETENTION = (
    "'delta.deletedFileRetentionDuration' = 'interval 30 days'",
    "'delta.logRetentionDuration' = 'interval 60 days'",
)


@pytest.fixture(scope="module")
def sent(applied: object, endpoint: Endpoint) -> list[str]:
    """All statements of the lane, in one line and lower case, without dbt's comment before them."""
    texts = (
        re.sub(r"^\s*/\*.*?\*/", "", item.text, flags=re.DOTALL) for item in endpoint.statements
    )
    return [" ".join(text.split()).lower() for text in texts]


@pytest.fixture(scope="module")
def nodes(applied: object, house: House) -> list[dict[str, Any]]:
    """The project's models and snapshots."""
    path = Path(house.environment["DBT_TARGET_PATH"]) / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    return [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "snapshot") and node["package_name"] != "dbt"
    ]


def full_name(node: dict[str, Any]) -> str:
    return f"`{CATALOG}`.`{node['schema']}`.`{node['name']}`"


def creations(sent: list[str], table: str) -> list[str]:
    return [text for text in sent if f"create or replace table {table}" in text]


def has(sent: list[str], *parts: str) -> bool:
    return any(all(part.lower() in text for part in parts) for text in sent)


def test_every_table_keeps_its_versions(sent: list[str], nodes: list[dict[str, Any]]) -> None:
    assert len(nodes) == 34
    for node in nodes:
        for text in creations(sent, full_name(node)):
            assert all(name.replace(" = ", "=").lower() in text.replace(" = ", "=")
                       for name in RETENTION), text[:300]  # fmt: skip
        assert creations(sent, full_name(node)), node["name"]


def test_every_table_and_column_is_commented(
    sent: list[str], nodes: list[dict[str, Any]], spark: SparkSession
) -> None:
    for node in nodes:
        assert all(" comment '" in text for text in creations(sent, full_name(node))), node["name"]
        # Asked of the tables: a column that is selected as it stands brings its comment along.
        described = spark.sql(f"describe table {node['schema']}.{node['name']}").collect()
        comments = {row["col_name"]: row["comment"] for row in described}
        for name, column in node["columns"].items():
            assert comments[name] == column["description"], (node["name"], name)


def test_tables_are_clustered(sent: list[str], nodes: list[dict[str, Any]]) -> None:
    for node in nodes:
        texts = creations(sent, full_name(node))
        if node["name"] in CLUSTERED:
            columns = CLUSTERED[node["name"]]
            assert all(f"cluster by ({columns})" in text for text in texts), node["name"]
        else:
            assert not any("cluster by" in text for text in texts)


@pytest.mark.parametrize("mart", MARTS)
def test_marts_have_their_constraints(mart: str, sent: list[str]) -> None:
    table = f"alter table `{CATALOG}`.`{SCHEMA}_marts`.`{mart}`"
    key = ", ".join(f"`{column}`" for column in MARTS[mart].split(", "))

    assert has(sent, f"{table} add constraint {mart}_pk primary key({key})")
    for column in MARTS[mart].split(", "):
        assert has(sent, f"{table} change column `{column}` set not null")
    if mart in CHECKS:
        assert has(sent, f"{table} add constraint {CHECKS[mart]}")


def test_readers_get_marts_and_stewards_get_errors(
    sent: list[str], nodes: list[dict[str, Any]]
) -> None:
    for node in nodes:
        group = None
        if node["name"] in MARTS:
            group = "mart readers"
        elif node["name"].endswith("_errors"):
            group = "data-stewards"
        granted = [text for text in sent if f"grant select on {full_name(node)} to " in text]
        assert bool(granted) == (group is not None), node["name"]
        assert all(f"`{group}`" in text for text in granted)


def test_personal_columns_are_tagged_and_masked(
    sent: list[str], nodes: list[dict[str, Any]]
) -> None:
    found = [
        (full_name(node), column)
        for node in nodes
        for column in node["columns"]
        if column in PERSONAL
    ]
    assert (f"`{CATALOG}`.`{SCHEMA}_marts`.`customer_analytics`", "email") in found
    assert (f"`{CATALOG}`.`{SCHEMA}_marts`.`orders_enriched`", "shipping_address") in found
    assert (f"`{CATALOG}`.`{SCHEMA}_targets`.`customers_target`", "date_of_birth") in found
    assert (f"`{CATALOG}`.`{SCHEMA}_staging`.`orders_errors`", "raw_record") in found
    for table, column in found:
        alter = f"alter table {table} alter column `{column}` set"
        kind = PERSONAL[column]
        assert has(sent, f"{alter} tags ('pii' = '{kind}')"), (table, column)
        assert has(sent, f"{alter} mask `{CATALOG}`.`{SCHEMA}_ops`.mask_{kind}"), (table, column)
    masks = [text for text in sent if " set mask " in text]
    assert {tuple(text.split(" ")[i] for i in (2, 5)) for text in masks} == {
        (table, f"`{column}`") for table, column in found
    }


def test_masks_show_values_to_the_group_alone(sent: list[str]) -> None:
    for kind in set(PERSONAL.values()):
        name = f"create or replace function `{CATALOG}`.`{SCHEMA}_ops`.mask_{kind}(value "
        member = "value is null or is_account_group_member('personal-data') then value else"
        assert has(sent, name, member)


def test_who_would_read_masks_may_not_build(applied: object, house: House) -> None:
    outsiders = {"personal_data_group": "people that dbt is not among"}
    failed = house.dbt("run", "--select", "segment_analysis", success=False, variables=outsiders)

    assert "must be in the group people that dbt is not among" in str(failed)


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("landing.orders", ["_batch_date", "_batch_id"]),
        ("landing.landed_files", ["batch_date"]),
        ("ops.validation_results", ["batch_date"]),
    ],
)
def test_tables_of_ingest_are_clustered_and_keep_their_versions(
    table: str, columns: list[str], applied: object, spark: SparkSession
) -> None:
    [detail] = spark.sql(f"describe detail {SCHEMA}_{table}").collect()

    assert detail["clusteringColumns"] == columns
    assert detail["properties"]["delta.deletedFileRetentionDuration"] == "interval 30 days"
    assert detail["properties"]["delta.logRetentionDuration"] == "interval 60 days"
