"""The dbt project's declarations agree with each other and with the specification."""

import csv
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from reference.metrics import feed_metrics, nullable_columns
from reference.scd2 import Target

from ingest.config import PROJECT_DIR
from ingest.contract import load_contract

PROJECT = Path(__file__).parents[2]
FEEDS = ("orders", "customers", "products", "inventory", "shipping")
CATEGORIES = {"completeness", "format", "business", "referential", "uniqueness"}

# The specification's rules by severity; those in QUARANTINING quarantine the row.
RULES = {
    "HIGH": """
        orders_row_well_formed orders_key_unique orders_order_id_present orders_customer_id_present
        orders_product_id_present orders_order_date_valid orders_order_date_not_after_batch
        orders_amount_valid orders_amount_positive orders_currency_known
        customers_row_well_formed customers_key_unique customers_customer_id_present
        customers_email_present customers_email_format customers_phone_present
        customers_date_of_birth_valid customers_date_of_birth_plausible
        products_row_well_formed products_key_unique products_product_id_present
        products_category_present products_price_valid products_price_positive
        products_currency_known products_stock_quantity_valid products_launch_date_valid
        products_launch_not_after_batch
        inventory_row_well_formed inventory_key_unique inventory_product_id_present
        inventory_warehouse_location_present inventory_stock_quantity_valid
        inventory_reserved_quantity_valid inventory_available_quantity_valid
        shipping_row_well_formed shipping_key_unique shipping_order_id_present shipping_cost_valid
        shipping_package_weight_positive shipping_currency_known shipping_insurance_value_valid
    """,
    "MEDIUM": """
        orders_status_known orders_created_timestamp_valid
        customers_values_parse customers_phone_format customers_tier_known
        customers_registration_date_valid customers_registration_not_after_batch
        products_values_parse products_product_name_present products_weight_positive
        products_discontinued_valid
        inventory_values_parse inventory_stock_status_consistent
        shipping_values_parse shipping_estimated_delivery_valid
        shipping_delivery_not_before_dispatch
    """,
    "LOW": """
        orders_payment_method_known orders_shipping_address_present
        customers_date_of_birth_present customers_first_name_present customers_last_name_present
        customers_country_present customers_zip_code_present
        products_category_known products_dimensions_format
        inventory_last_updated_valid
        shipping_tracking_number_present shipping_method_known shipping_dimensions_format
    """,
}
QUARANTINING = set(RULES["HIGH"].split())

CROSS_TABLE_RULES = {
    "orphaned_orders": ("HIGH", "orders"),
    "orphaned_orders_products": ("HIGH", "orders"),
    "orphaned_customers": ("MEDIUM", "customers"),
    "unreasonable_orders": ("HIGH", "orders"),
    "price_mismatch": ("MEDIUM", "orders"),
    "orders_without_shipping": ("HIGH", "orders"),
    "shipments_without_address": ("LOW", "shipping"),
    "shipping_without_orders": ("MEDIUM", "shipping"),
    "unreasonable_shipping": ("MEDIUM", "shipping"),
    "products_without_inventory": ("MEDIUM", "products"),
    "inventory_without_products": ("MEDIUM", "inventory"),
    "stock_mismatch": ("MEDIUM", "products"),
    "low_value_premium_orders": ("LOW", "orders"),
    "orders_outside_hours": ("LOW", "orders"),
    "discontinued_orders": ("HIGH", "orders"),
}

SEEDS: dict[str, list[tuple[Any, ...]]] = {
    "currency_rates": [
        ("currency", "usd_rate"),
        *[("USD", 1), ("EUR", "1.08"), ("GBP", "1.27"), ("CAD", "0.74"), ("AUD", "0.66")],
        *[("JPY", "0.0067"), ("INR", "0.012"), ("AED", "0.2723")],
    ],
    "customer_tiers": [
        ("tier", "clv_multiplier"),
        *[("premium", 10), ("gold", 7), ("silver", 5), ("bronze", 3), ("standard", 3)],
    ],
    "product_categories": [
        ("category", "margin_rate"),
        *[("electronics", "0.3"), ("clothing", "0.3"), ("home_&_garden", "0.3")],
        *[("home_&_kitchen", "0.3"), ("furniture", "0.3"), ("sports_&_fitness", "0.3")],
    ],
    "order_statuses": [
        ("status", "counts_as_revenue"),
        *[("pending", "true"), ("confirmed", "true"), ("processing", "true")],
        *[("shipped", "true"), ("delivered", "true"), ("completed", "true")],
        *[("cancelled", "false"), ("returned", "false")],
        *[("refunded", "false"), ("failed", "false")],
    ],
    "payment_methods": [
        ("payment_method",),
        *[("credit_card",), ("debit_card",), ("paypal",)],
        *[("apple_pay",), ("google_pay",), ("bank_transfer",)],
    ],
    "shipping_methods": [
        ("shipping_method",),
        *[("standard",), ("ground",), ("express",), ("priority",), ("overnight",)],
    ],
    "customer_segments": [
        ("customer_segment", "segment_rank", "min_spent", "min_orders"),
        *[("VIP", 1, 1000, 5), ("High Value", 2, 500, 3)],
        *[("Medium Value", 3, 200, 2), ("Low Value", 4, 0, 0)],
    ],
    "product_performance": [
        ("performance_category", "performance_rank", "min_revenue", "min_orders"),
        *[("Star", 1, 5000, 20), ("High Performer", 2, 2000, 10)],
        *[("Medium Performer", 3, 500, 5), ("Low Performer", 4, 0, 0)],
    ],
    "rfm_segments": [
        ("segment", "segment_rank", "r_min", "r_max", "fm_min", "fm_max"),
        *[("Champions", 1, 5, 5, 4, 5), ("Loyal", 2, 3, 4, 4, 5)],
        *[("Potential Loyalists", 3, 4, 5, 2, 3), ("New Customers", 4, 5, 5, 1, 1)],
        *[("Promising", 5, 4, 4, 1, 1), ("Need Attention", 6, 3, 3, 3, 3)],
        *[("About to Sleep", 7, 3, 3, 1, 2), ("Cannot Lose", 8, 1, 1, 5, 5)],
        *[("At Risk", 9, 1, 2, 3, 5), ("Hibernating", 10, 1, 2, 1, 2)],
    ],
}


def read(path: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((PROJECT / path).read_text(encoding="utf-8"))
    return content


def contract(feed: str) -> dict[str, str]:
    """Types of the feed's contract columns by name, in order."""
    (table,) = read(f"models/staging/{feed}/_{feed}__contract.yml")["sources"][0]["tables"]
    assert table["name"] == feed
    columns = table["columns"]
    metas = {column["name"]: column.get("config", {}).get("meta", {}) for column in columns}
    return {name: meta["type"] for name, meta in metas.items() if "type" in meta}


def row_rules(feed: str) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """Rules declared on the feed's base model, each with the column that it stands under."""
    model = read(f"models/staging/{feed}/_{feed}__models.yml")["models"][0]
    for place in (model, *model["columns"]):
        for test in place.get("data_tests", []):
            ((kind, declaration),) = test.items()
            yield (place["name"] if place is not model else None), declaration | {"test": kind}


@pytest.mark.parametrize("feed", FEEDS)
def test_row_rules_are_the_specified_ones(feed: str) -> None:
    specified = {
        rule: severity
        for severity, rules in RULES.items()
        for rule in rules.split()
        if rule.startswith(f"{feed}_")
    }
    metas = {rule["name"]: rule["config"]["meta"] for _, rule in row_rules(feed)}
    assert {rule: meta["severity"] for rule, meta in metas.items()} == specified
    assert {r for r, meta in metas.items() if meta["quarantine"]} == QUARANTINING & set(specified)
    assert {meta["category"] for meta in metas.values()} <= CATEGORIES


def test_no_rule_is_declared_twice() -> None:
    names = [rule["name"] for feed in FEEDS for _, rule in row_rules(feed)]
    assert len(names) == len(set(names)) == sum(len(rules.split()) for rules in RULES.values())


def test_cross_table_rules_are_the_specified_ones() -> None:
    metas = {}
    for file in (PROJECT / "tests/cross_table").glob("*.sql"):
        meta = re.match(r"{{ config\(meta=({.*?})\)", file.read_text(encoding="utf-8"))
        assert meta, f"{file.name} does not begin with its meta"
        metas[file.stem] = yaml.safe_load(meta[1])
    described = {test["name"] for test in read("tests/cross_table/_cross_table.yml")["data_tests"]}
    assert {r: (m["severity"], m["feed"]) for r, m in metas.items()} == CROSS_TABLE_RULES
    assert described == set(CROSS_TABLE_RULES)
    assert not any(meta["quarantine"] for meta in metas.values())
    assert {meta["category"] for meta in metas.values()} <= CATEGORIES


@pytest.mark.parametrize("feed", FEEDS)
def test_every_typed_column_has_a_rule_for_unreadable_values(feed: str) -> None:
    typed = {name for name, type_ in contract(feed).items() if type_ != "string"}
    covered: set[str] = set()
    rest: list[str] = []
    for column, rule in row_rules(feed):
        if column and rule["name"].endswith(("_valid", "_positive", "_plausible")):
            covered.add(column)
        if rule["name"] == f"{feed}_values_parse":
            rest = rule["arguments"]["columns"]
    assert covered <= typed
    assert sorted(rest) == sorted(typed - covered)


@pytest.mark.parametrize("feed", FEEDS)
def test_present_rules_look_at_what_was_given(feed: str) -> None:
    """A column is NULL too where a value cannot be read, or where the file may lack the column."""
    for _, rule in row_rules(feed):
        if rule["name"].endswith("_present"):
            assert rule["test"] == "given", rule["name"]


@pytest.mark.parametrize("feed", FEEDS)
def test_target_follows_its_feed(feed: str) -> None:
    (snapshot,) = read(f"snapshots/{feed}_target.yml")["snapshots"]
    assert snapshot["name"] == f"{feed}_target"
    assert snapshot["relation"] == f"ref('stg_{feed}')"
    assert snapshot["config"] == {"meta": {"feed": feed}}


def test_contract_says_keys_and_what_is_tracked() -> None:
    """As the specification has it."""
    feeds = load_contract(PROJECT_DIR).feeds
    assert {name: feed.key_text for name, feed in feeds.items()} == {
        "orders": "order_id",
        "customers": "customer_id",
        "products": "product_id",
        "inventory": "product_id, warehouse_id else warehouse_location",
        "shipping": "order_id",
    }
    for name, feed in feeds.items():
        untracked = {column.name for column in feed.columns if not column.tracked}
        assert untracked == {"created_timestamp"} | (
            {"last_login"} if name == "customers" else set()
        )


def test_targets_and_no_secrets_in_the_profile() -> None:
    outputs = read("profiles.yml")["ecomm"]["outputs"]
    assert set(outputs) == {"local", "spark", "databricks"}
    assert {name: output["type"] for name, output in outputs.items()} == {
        "local": "spark",
        "spark": "spark",
        "databricks": "databricks",
    }
    for setting in ("host", "http_path", "token"):
        assert re.fullmatch(r"{{ env_var\('\w+', ''\) }}", outputs["databricks"][setting])
    assert not re.search(r"dapi|password|cloud\.databricks", (PROJECT / "profiles.yml").read_text())


def test_seeds_are_the_specified_ones() -> None:
    assert {file.stem for file in (PROJECT / "seeds").glob("*.csv")} == set(SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_seed_has_the_specified_values(seed: str) -> None:
    def comparable(cell: object) -> object:
        text = str(cell)
        return Decimal(text) if re.fullmatch(r"[0-9.]+", text) else text

    with (PROJECT / f"seeds/{seed}.csv").open(encoding="utf-8", newline="") as file:
        rows = [tuple(map(comparable, row)) for row in csv.reader(file)]
    assert rows == [tuple(map(comparable, row)) for row in SEEDS[seed]]


def test_each_metric_has_a_rule_of_thumb() -> None:
    """One place each: with the feed's contract, else with batch_metrics."""
    (ops,) = read("models/ops/_ops__sources.yml")["sources"]
    metas = {table["name"]: table["config"]["meta"] for table in ops["tables"]}
    general = metas["batch_metrics"]["advice"]

    for feed in FEEDS:
        (landing,) = read(f"models/staging/{feed}/_{feed}__contract.yml")["sources"]
        own = landing["tables"][0]["config"]["meta"].get("metrics", {})
        declared = {f"null_pct:{name}" for name in nullable_columns(feed)} | own.keys() | {*general}
        measured = feed_metrics(feed, [], Target(feed), date(2025, 1, 15)).keys()
        assert declared - {"null_pct", "missing_feed"} == measured
        assert all(metric["advice"].strip() for metric in own.values())
    assert all(text.strip() for text in general.values())
    assert {"null_pct", "missing_feed"} <= general.keys()
