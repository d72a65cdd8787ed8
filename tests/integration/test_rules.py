"""Every row rule: a row that breaks just that rule, and one that is just inside it."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunner
from pyspark.sql import SparkSession
from support.batches import write_batch
from support.formats import CASES as FORMATS
from support.formats import reading
from support.rows import GOOD, row
from typer.testing import CliRunner

from ingest.cli import app
from ingest.config import PROJECT_DIR, Settings
from ingest.engines.local import LocalEngine

DAY = date(2025, 1, 15)

# For each rule, cells that break just it, and cells that are just inside.
CASES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "orders_order_id_present": ({"order_id": " "}, {"order_id": "0"}),
    "orders_customer_id_present": ({"customer_id": ""}, {"customer_id": "-"}),
    "orders_product_id_present": ({"product_id": "\t"}, {"product_id": "-"}),
    "orders_order_date_valid": ({"order_date": "2025-1-15"}, {"order_date": " 2024-02-29 "}),
    "orders_order_date_not_after_batch": (
        {"order_date": "2025-01-16"},
        {"order_date": "2025-01-15"},
    ),
    "orders_amount_valid": ({"order_amount": "5.990"}, {"order_amount": "+5.9"}),
    "orders_amount_positive": ({"order_amount": "0.00"}, {"order_amount": "0.01"}),
    "orders_currency_known": ({"currency": "CHF"}, {"currency": " eur "}),
    "orders_status_known": ({"order_status": "lost"}, {"order_status": "DELIVERED"}),
    "orders_created_timestamp_valid": (
        {"created_timestamp": "2025-01-15 10:00"},
        {"created_timestamp": "2025-01-15T10:00:00.123456+0530"},
    ),
    "orders_payment_method_known": ({"payment_method": "cash"}, {"payment_method": "apple-pay"}),
    "orders_shipping_address_present": ({"shipping_address": " "}, {"shipping_address": "x"}),
    "customers_customer_id_present": ({"customer_id": ""}, {"customer_id": "."}),
    "customers_email_present": ({"email": ""}, {"email": "a@b.c"}),
    "customers_email_format": ({"email": "a@b.co\n"}, {"email": "a.b+c@d-e.f.g"}),
    "customers_phone_present": ({"phone": ""}, {"phone": "5550100"}),
    # What cannot be read was given: the rule _present holds.
    "customers_date_of_birth_valid": (
        {"date_of_birth": "31/02/90"},
        {"date_of_birth": "2000-02-29"},
    ),
    "customers_date_of_birth_plausible": (
        {"date_of_birth": "1899-12-31"},
        {"date_of_birth": "1900-01-01"},
    ),
    "customers_phone_format": ({"phone": "5550100\n"}, {"phone": "+(1) 2345.6789-0123 45"}),
    "customers_tier_known": ({"customer_tier": "diamond"}, {"customer_tier": "Premium"}),
    "customers_registration_date_valid": (
        {"registration_date": "2024-02-30"},
        {"registration_date": "2024-02-29"},
    ),
    "customers_registration_not_after_batch": (
        {"registration_date": "2025-01-16"},
        {"registration_date": "2025-01-15"},
    ),
    "customers_date_of_birth_present": ({"date_of_birth": ""}, {"date_of_birth": "2025-01-15"}),
    "customers_first_name_present": ({"first_name": ""}, {"first_name": "N"}),
    "customers_last_name_present": ({"last_name": ""}, {"last_name": "M"}),
    "customers_country_present": ({"country": ""}, {"country": "?"}),
    "customers_zip_code_present": ({"zip_code": ""}, {"zip_code": "0"}),
    # A zone leads out of the years 1 to 9999.
    "customers_values_parse": (
        {"last_login": "9999-12-31 23:59:59-05:00"},
        {"last_login": "9999-12-31 23:59:59.999999"},
    ),
    "products_product_id_present": ({"product_id": ""}, {"product_id": "."}),
    "products_category_present": ({"category": ""}, {"category": "home-&-garden"}),
    "products_price_valid": ({"price": "1,299.99"}, {"price": "1299.99"}),
    "products_price_positive": ({"price": "-1"}, {"price": "0.01"}),
    "products_currency_known": ({"currency": ""}, {"currency": "jpy"}),
    "products_stock_quantity_valid": ({"stock_quantity": "-1"}, {"stock_quantity": "0"}),
    "products_launch_date_valid": ({"launch_date": "soon"}, {"launch_date": "0001-01-01"}),
    "products_launch_not_after_batch": (
        {"launch_date": "2025-01-16"},
        {"launch_date": "2025-01-15"},
    ),
    "products_product_name_present": ({"product_name": ""}, {"product_name": "x"}),
    "products_weight_positive": ({"weight_kg": "1.2345"}, {"weight_kg": "0.001"}),
    "products_discontinued_valid": ({"discontinued": "y"}, {"discontinued": "YES"}),
    "products_category_known": ({"category": "toys"}, {"category": "Sports & Fitness"}),
    "products_dimensions_format": (
        {"dimensions_cm": "10x10"},
        {"dimensions_cm": "\t1 X 2.5 x 3\n"},
    ),
    "products_values_parse": (
        {"created_timestamp": "2025-01-15 24:00:00"},
        {"created_timestamp": "2025-01-15 23:59:59Z"},
    ),
    "inventory_product_id_present": ({"product_id": ""}, {"product_id": "."}),
    "inventory_warehouse_location_present": (
        {"warehouse_location": ""},
        {"warehouse_location": "x", "warehouse_id": ""},
    ),
    "inventory_stock_quantity_valid": ({"stock_quantity": "1.0"}, {"stock_quantity": "2147483647"}),
    "inventory_reserved_quantity_valid": ({"reserved_quantity": "-1"}, {"reserved_quantity": ""}),
    "inventory_available_quantity_valid": (
        {"available_quantity": "x"},
        {"available_quantity": "0"},
    ),
    "inventory_stock_status_consistent": (
        {"stock_status": "Out of Stock"},
        {"stock_status": "out-of-stock", "stock_quantity": "0"},
    ),
    "inventory_last_updated_valid": (
        {"last_updated": "0001-01-01 00:00:00+05:00"},
        {"last_updated": "0001-01-01 05:00:00+05"},
    ),
    "inventory_values_parse": ({"reorder_level": "many"}, {"reorder_level": ""}),
    "shipping_order_id_present": ({"order_id": ""}, {"order_id": "."}),
    "shipping_cost_valid": ({"shipping_cost": "-0.01"}, {"shipping_cost": "0"}),
    "shipping_package_weight_positive": ({"package_weight": "0"}, {"package_weight": "0.001"}),
    "shipping_currency_known": ({"currency": "BTC"}, {"currency": "aed"}),
    "shipping_insurance_value_valid": ({"insurance_value": "1e3"}, {"insurance_value": ""}),
    "shipping_estimated_delivery_valid": (
        {"estimated_delivery": ""},
        {"estimated_delivery": "2025-12-31"},
    ),
    "shipping_delivery_not_before_dispatch": (
        {"actual_delivery": "2025-01-14"},
        {"actual_delivery": "2025-01-15"},
    ),
    "shipping_tracking_number_present": ({"tracking_number": ""}, {"tracking_number": "0"}),
    "shipping_method_known": ({"shipping_method": "drone"}, {"shipping_method": "Overnight"}),
    "shipping_dimensions_format": ({"dimensions_cm": ""}, {"dimensions_cm": "1x1x1"}),
    "shipping_values_parse": ({"actual_delivery": "later"}, {"actual_delivery": ""}),
}

# Cells that quarantine a row.
BAD = {
    "orders": {"order_amount": "x"},
    "customers": {"email": "x"},
    "products": {"price": "x"},
    "inventory": {"stock_quantity": "x"},
    "shipping": {"shipping_cost": "x"},
}

# What a row of blank cells breaks; every other rule passes on NULL.
ON_NULL = {
    "orders": "order_id_present customer_id_present product_id_present order_date_valid"
    " amount_valid currency_known status_known created_timestamp_valid payment_method_known"
    " shipping_address_present",
    "customers": "customer_id_present email_present phone_present tier_known"
    " registration_date_valid date_of_birth_present first_name_present last_name_present"
    " country_present zip_code_present",
    "products": "product_id_present category_present price_valid currency_known"
    " stock_quantity_valid launch_date_valid product_name_present weight_positive"
    " discontinued_valid dimensions_format",
    "inventory": "product_id_present warehouse_location_present stock_quantity_valid"
    " last_updated_valid",
    "shipping": "order_id_present cost_valid package_weight_positive currency_known"
    " estimated_delivery_valid tracking_number_present method_known dimensions_format",
}


@pytest.fixture(scope="module")
def settings(
    engine: LocalEngine, warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Settings, dict[str, int]]]:
    """One batch with all cases, its base models built."""
    root = tmp_path_factory.mktemp("rules")
    rows: dict[str, list[dict[str, str]]] = {feed: [] for feed in GOOD}
    for rule, (broken, inside) in CASES.items():
        feed = rule.split("_")[0]
        rows[feed].append(row(feed, f"{rule}-broken", **broken))
        rows[feed].append(row(feed, f"{rule}-inside", **inside))
    for feed in GOOD:
        for second in ("00", "01", "xx"):
            rows[feed].append(row(feed, "twice", created_timestamp=f"2025-01-15 10:00:{second}"))
            rows[feed].append(row(feed, "draw"))
        # It breaks another quarantining rule, and so contends for no key.
        rows[feed].append(row(feed, "twice", created_timestamp="2025-01-15 11:00:00", **BAD[feed]))
        rows[feed].append(dict.fromkeys(GOOD[feed], ""))
    # Written one after the other, their two parts are the same.
    for product, place in (("K|1", "2"), ("K", "1|2"), ("K%7C1", "2")):
        rows["inventory"].append(row("inventory", 0, product_id=product, warehouse_id=place))
    write_batch(root, DAY, "rules", rows)
    for feed in GOOD:
        path = root / f"{feed}_data" / "source" / f"{feed}_2025_01_15.csv"
        with path.open("a", encoding="utf-8") as file:
            file.write("too,few\r\n")

    arguments = ["--root", str(root), "--warehouse", str(warehouse), "--schema", "rules"]
    landed = CliRunner().invoke(app, ["land", *arguments])
    assert landed.exit_code == 0, landed.output
    # The same files, as they landed under the same id for a date that was withdrawn since.
    spark = engine.connect()
    for feed in GOOD:
        landed_rows = spark.table(f"rules_landing.{feed}")
        then = {"_batch_date": "date_sub(_batch_date, 1)"}
        of_then = landed_rows.selectExpr(*(then.get(name, name) for name in landed_rows.columns))
        of_then.write.insertInto(f"rules_landing.{feed}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECOMM_WAREHOUSE", str(warehouse))
        patch.setenv("ECOMM_SCHEMA", "rules")
        built = dbtRunner().invoke(
            [
                "build",
                "--project-dir",
                str(PROJECT_DIR),
                "--profiles-dir",
                str(PROJECT_DIR),
                "--quiet",
                "--select",
                "+path:models/staging/*/base_*.sql",
                "orders_errors",
                "--indirect-selection",
                "cautious",
                "--exclude-resource-type",
                "unit_test",
            ]
        )
        assert built.success, built.exception
        counted = {
            result.node.name: result.failures
            for result in built.result
            if result.node.resource_type == "test" and "quarantine" in result.node.config.meta
        }
    yield Settings(root=root, warehouse=warehouse, schema_name="rules"), counted


def _found(spark: SparkSession, rule: str) -> list[tuple[int, list[str]]]:
    feed = rule.split("_")[0]
    rows = spark.table(f"rules_staging.base_{feed}").collect()
    return [(row["_row_number"], row["failed_rules"]) for row in rows]


def _number(rule: str, kind: str) -> int:
    feed = rule.split("_")[0]
    position = [case for case in CASES if case.startswith(f"{feed}_")].index(rule)
    return 2 * position + (1 if kind == "broken" else 2)


@pytest.mark.parametrize("feed", GOOD)
def test_rows_of_another_date_are_of_another_batch(
    feed: str, settings: object, spark: SparkSession
) -> None:
    """Under the same id, and of the same bytes: such as before a typo in the year was corrected."""
    landed = spark.table(f"rules_landing.{feed}")
    base = spark.table(f"rules_staging.base_{feed}")

    assert base.count() == landed.count() / 2 > 0
    assert {row["_batch_date"] for row in base.select("_batch_date").collect()} == {DAY}
    if feed == "orders":
        errors = spark.table("rules_staging.orders_errors")
        assert errors.count() == base.where("is_quarantined").count() > 0


@pytest.mark.parametrize("rule", CASES)
def test_row_breaks_just_its_rule(rule: str, settings: object, spark: SparkSession) -> None:
    found = dict(_found(spark, rule))

    assert found[_number(rule, "broken")] == [rule]
    assert found[_number(rule, "inside")] == []


@pytest.mark.parametrize("feed", GOOD)
def test_every_rule_on_null(feed: str, settings: object, spark: SparkSession) -> None:
    rows = spark.table(f"rules_staging.base_{feed}").where("_raw_line is null").collect()
    (blank,) = [row for row in rows if all(row[column] is None for column in GOOD[feed])]

    assert blank["failed_rules"] == sorted(f"{feed}_{rule}" for rule in ON_NULL[feed].split())


@pytest.mark.parametrize("feed", GOOD)
def test_of_one_key_the_latest_row_is_kept(
    feed: str, settings: object, spark: SparkSession
) -> None:
    """Of several created at one time it is the lowest in the file; an unreadable time is oldest."""
    base = spark.table(f"rules_staging.base_{feed}").orderBy("_row_number")
    twice = base.where("record_key like '%twice%'").collect()
    draw = base.where("record_key like '%draw%'").collect()
    key_unique = f"{feed}_key_unique"

    assert [key_unique in row["failed_rules"] for row in twice] == [True, False, True, False]
    assert [row["is_quarantined"] for row in twice] == [True, False, True, True]
    assert [row["failed_rules"] for row in draw] == [[key_unique], [key_unique], []]


def test_keys_of_two_parts_do_not_mix(settings: object, spark: SparkSession) -> None:
    stock = spark.table("rules_staging.base_inventory").where("product_id like 'K%'").collect()

    assert len({row["record_key"] for row in stock}) == len(stock) == 3
    assert [row["failed_rules"] for row in stock] == [[], [], []]


@pytest.mark.parametrize("feed", GOOD)
def test_malformed_row_breaks_its_rule_only(
    feed: str, settings: object, spark: SparkSession
) -> None:
    rows = spark.table(f"rules_staging.base_{feed}").where("_raw_line is not null").collect()

    assert [row["failed_rules"] for row in rows] == [[f"{feed}_row_well_formed"]]
    assert [row["_raw_line"] for row in rows] == ["too,few"]


def test_each_dbt_test_counts_the_rows_that_failed_rules_names(
    settings: tuple[Settings, dict[str, int]], spark: SparkSession
) -> None:
    counted = settings[1]
    named = dict.fromkeys(counted, 0)
    for feed in GOOD:
        for found in spark.table(f"rules_staging.base_{feed}").collect():
            for rule in found["failed_rules"]:
                named[rule] += 1

    assert named == counted
    assert all(count > 0 for count in counted.values())


def test_every_rule_has_a_case(settings: tuple[Settings, dict[str, int]]) -> None:
    for_all = {f"{feed}_{rule}" for feed in GOOD for rule in ("row_well_formed", "key_unique")}

    assert set(settings[1]) == set(CASES) | for_all


def test_formats_are_read_as_the_contract_declares_them(spark: SparkSession) -> None:
    (read,) = spark.sql(f"select {', '.join(reading(*case[:2]) for case in FORMATS)}").collect()

    assert list(read) == [expected for _, _, expected in FORMATS]
