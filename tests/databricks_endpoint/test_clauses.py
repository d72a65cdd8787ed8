"""Each clause that only Databricks has is sent, for each table that it is for."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bundle.bundle import load
from pyspark.sql import SparkSession

from databricks_endpoint.conftest import CATALOG, SCHEMA, Run, Stack
from databricks_endpoint.server import Endpoint
from ingest.config import PROJECT_DIR

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
    "daily_sales": "order_date",
    "customer_rfm": "customer_id",
    "cohort_retention": "cohort_month, month_number",
    "product_affinity": "product_id_a, product_id_b",
    # No key: a shipment without an estimate has no month.
    "delivery_performance": "",
}
CLUSTERED = {
    "orders_enriched": "order_date, order_id",
    "customer_analytics": "customer_id",
    "product_analytics": "product_id",
    "inventory_movements": "batch_date, product_id",
    "customer_rfm": "customer_id",
    "product_affinity": "product_id_a, product_id_b",
    **{f"{feed}_errors": "_batch_date" for feed in FEEDS},
    **{f"{feed}_target": "record_key, effective_date" for feed in FEEDS},
}
CHECKS = {
    "orders_enriched": "orders_enriched_amount_not_negative check (order_amount_usd >= 0)",
    "customer_analytics": "customer_analytics_orders_not_negative check (total_orders >= 0)",
    "product_analytics": "product_analytics_orders_not_negative check (total_orders >= 0)",
    "inventory_movements": "inventory_movements_type_known check"
    " (movement_type in ('initial', 'inbound', 'outbound'))",
    "product_affinity": "product_affinity_pair_once check (product_id_a < product_id_b)",
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
def nodes(applied: object, stack: Stack) -> list[dict[str, Any]]:
    """The project's models and snapshots."""
    path = Path(stack.environment["DBT_TARGET_PATH"]) / "manifest.json"
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
    assert len(nodes) == 40
    for node in nodes:
        for text in creations(sent, full_name(node)):
            assert all(name.replace(" = ", "=").lower() in text.replace(" = ", "=")
                       for name in RETENTION), text[:300]  # fmt: skip
        assert creations(sent, full_name(node)), node["name"]


def test_every_table_is_commented(sent: list[str], nodes: list[dict[str, Any]]) -> None:
    for node in nodes:
        assert all(" comment '" in text for text in creations(sent, full_name(node))), node["name"]


def test_columns_of_what_stays_and_of_views_are_commented(
    nodes: list[dict[str, Any]], spark: SparkSession
) -> None:
    found = 0
    for node in nodes:
        tables = [f"{SCHEMA}_{node['config']['meta'].get('published_as')}.{node['name']}"]
        if node["resource_type"] == "snapshot" or node["config"]["materialized"] == "incremental":
            tables.append(f"{node['schema']}.{node['name']}")
        for table in (table for table in tables if "_None." not in table):
            described = spark.sql(f"describe table {table}").collect()
            comments = {row["col_name"]: row["comment"] for row in described}
            for name, column in node["columns"].items():
                assert comments[name] == column["description"].strip(), (table, name)
                found += 1
            # What a target does not declare is as the contract or stg declares it.
            assert node["resource_type"] != "snapshot" or all(comments.values()), table
    assert found > 200


def test_columns_of_a_table_are_commented_by_one_statement(builds: list[list[str]]) -> None:
    """Five targets, five error tables and analytics_summary, all made by the first build."""
    comments = r"alter table \S+ alter column `\w+` comment"
    counts = [sum(bool(re.search(comments, text)) for text in sent) for sent in builds]

    assert counts == [11, 0, 0]


def test_tables_are_clustered(sent: list[str], nodes: list[dict[str, Any]]) -> None:
    for node in nodes:
        texts = creations(sent, full_name(node))
        if node["name"] in CLUSTERED:
            columns = CLUSTERED[node["name"]]
            assert all(f"cluster by ({columns})" in text for text in texts), node["name"]
        else:
            assert not any("cluster by" in text for text in texts)


@pytest.mark.parametrize("mart", [mart for mart, key in MARTS.items() if key])
def test_marts_have_their_constraints(mart: str, sent: list[str]) -> None:
    table = f"alter table `{CATALOG}`.`{SCHEMA}_marts`.`{mart}`"
    key = ", ".join(f"`{column}`" for column in MARTS[mart].split(", "))

    assert has(sent, f"{table} add constraint {mart}_pk primary key({key})")
    for column in MARTS[mart].split(", "):
        assert has(sent, f"{table} change column `{column}` set not null")
    if mart in CHECKS:
        assert has(sent, f"{table} add constraint {CHECKS[mart]}")


PUBLISHED = {
    **{mart: ("marts", "views") for mart in MARTS},
    **{f"{feed}_errors": ("staging", "error_views") for feed in FEEDS},
}
MASKED = {
    ("customer_analytics", "email"): "email",
    ("orders_enriched", "shipping_address"): "address",
    **{(f"{feed}_errors", "raw_record"): "text" for feed in FEEDS},
}


def rows_of(run: Run, schema: str, name: str) -> list[dict[str, object]]:
    columns = [str(row[0]) for row in run(f"describe table `{CATALOG}`.{SCHEMA}_{schema}.{name}")]
    columns = columns[: columns.index("")] if "" in columns else columns
    columns = [column for column in columns if not column.startswith("#")]
    listed = ", ".join(f"`{column}`" for column in dict.fromkeys(columns))
    rows = run(f"select {listed} from `{CATALOG}`.{SCHEMA}_{schema}.{name}")
    return [dict(zip(dict.fromkeys(columns), row, strict=True)) for row in rows]


def test_people_read_views_with_personal_data_masked(
    applied: object, run: Run, endpoint: Endpoint
) -> None:
    seen = 0
    for name, (tables, views) in PUBLISHED.items():
        with endpoint.as_member_of("personal-data"):
            plain = rows_of(run, tables, name)
            assert sorted(map(repr, rows_of(run, views, name))) == sorted(map(repr, plain)), name
        with endpoint.as_member_of("mart readers"):
            masked = rows_of(run, views, name)
        hidden = {column for table, column in MASKED if table == name}
        shown = [{k: v for k, v in row.items() if k not in hidden} for row in masked]
        expected = [{k: v for k, v in row.items() if k not in hidden} for row in plain]
        assert sorted(map(repr, shown)) == sorted(map(repr, expected)), name
        for column in hidden:
            values = [str(row[column]) for row in plain if row[column] is not None]
            found = [str(row[column]) for row in masked if row[column] is not None]
            assert len(found) == len(values)
            assert all(value.startswith("***") for value in found), (name, column)
            seen += len(found)
    assert seen > 100


def test_nothing_masks_or_grants_a_table(sent: list[str]) -> None:
    """Views do it: a mask would cost time travel, and a CHECK could not stand beside it."""
    assert not [text for text in sent if " set mask " in text or text.startswith("grant ")]


def test_personal_columns_are_tagged(
    sent: list[str], nodes: list[dict[str, Any]], spark: SparkSession
) -> None:
    found = {
        (full_name(node), column)
        for node in nodes
        for column in spark.table(f"{node['schema']}.{node['name']}").columns
        if column in PERSONAL
    }
    assert (f"`{CATALOG}`.`{SCHEMA}_marts`.`customer_analytics`", "email") in found
    assert (f"`{CATALOG}`.`{SCHEMA}_targets`.`customers_target`", "date_of_birth") in found
    assert (f"`{CATALOG}`.`{SCHEMA}_staging`.`orders_errors`", "raw_record") in found
    for table, column in found:
        tag = f"alter table {table} alter column `{column}` set tags ('pii' = '{PERSONAL[column]}')"
        # Once: a tag stays.
        assert sum(text == tag for text in sent) == 1, (table, column)


def test_a_batch_like_the_one_before_costs_two_statements(builds: list[list[str]]) -> None:
    """What is there is asked for, and what is there already is not set again."""
    asked = r"from `[^`]+`[.]information_schema[.](tables as known_tables|column_tags where)"
    done = r"^\s*(/[*].*?[*]/)?\s*(create or replace view|comment on column|alter table \S+ alter)"
    published = [
        [text for text in build if re.search(rf"{asked}|{done}", text, re.DOTALL)]
        for build in builds
    ]

    assert len(published[0]) > 50
    # All later ones, that of the late batch among them.
    assert [len(build) for build in published[1:]] == [2, 2]


def test_documentation_tells_how_many_statements_a_build_sends(builds: list[list[str]]) -> None:
    text = (PROJECT_DIR / "docs" / "databricks.md").read_text(encoding="utf-8")
    told = re.search(r"about (\d+) statements on the first day and (\d+) a batch later", text)
    assert told

    sent = [len(builds[0]), len(builds[-1])]
    assert sent == pytest.approx([int(number) for number in told.groups()], abs=10)


def test_a_changed_mask_makes_its_view_anew(
    applied: object, stack: Stack, endpoint: Endpoint, emitted: Callable[[], list[str]], run: Run
) -> None:
    other = {"personal_data_group": "other people"}
    stack.dbt("run", "--select", "segment_analysis", variables=other)
    made = [text for text in emitted() if "create or replace view" in text]
    assert len(made) == len(PUBLISHED)
    with endpoint.as_member_of("personal-data"):
        [[email], *_] = run(f"select email from `{CATALOG}`.{SCHEMA}_views.customer_analytics")
        assert str(email).startswith("***@")
    stack.dbt("run", "--select", "segment_analysis")


def test_people_on_call_may_travel_in_time(applied: object, run: Run) -> None:
    for name in (f"{SCHEMA}_targets.customers_target", f"{SCHEMA}_marts.customer_analytics"):
        table = f"`{CATALOG}`.{name}"
        history = run(f"describe history {table}")
        now = max(int(str(row[0])) for row in history)
        rows = f"select count(*) from {table}"
        present, past = run(rows), run(f"{rows} version as of {now - 1}")
        run(f"restore table {table} to version as of {now - 1}")
        assert run(rows) == past
        run(f"restore table {table} to version as of {now}")
        assert run(rows) == present


def test_a_second_deployment_keeps_what_the_bundle_says(
    applied: object, endpoint: Endpoint
) -> None:
    """Grants by hand go, those of the bundle stay, and every role can do what it is for."""
    bundle = load("prod")
    grants: dict[tuple[str, tuple[str, ...]], dict[str, set[str]]] = {}
    for kind, securable in (("schemas", "SCHEMA"), ("volumes", "VOLUME")):
        for item in bundle["resources"][kind].values():
            above = (item["schema_name"],) if kind == "volumes" else ()
            name = (*above, item["name"])
            grants[securable, name] = {
                grant["principal"]: {text.replace("_", " ") for text in grant["privileges"]}
                for grant in item["grants"]
            }
    unity = endpoint.unity
    volume = ("default", "incremental_load")
    unity.deploy(grants)
    unity.grants.add(("by hand", "WRITE VOLUME", "VOLUME", volume))
    assert unity.may("by hand", "WRITE VOLUME", "VOLUME", volume)
    unity.deploy(grants)

    assert not unity.may("by hand", "WRITE VOLUME", "VOLUME", volume)
    assert unity.may("ecomm_senders", "WRITE VOLUME", "VOLUME", volume)
    for role, schema in (("readers", "views"), ("stewards", "error_views"), ("stewards", "ops")):
        assert unity.may(f"ecomm_{role}", "SELECT", "TABLE", (f"ecomm_{schema}", "any"))
    for role in ("readers", "stewards", "pii", "senders"):
        for schema in ("landing", "staging", "targets", "marts"):
            assert not unity.may(f"ecomm_{role}", "SELECT", "TABLE", (f"ecomm_{schema}", "any"))


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
