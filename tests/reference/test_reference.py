"""Checks of the reference model itself, on small files whose results are worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from .compare import differences
from .contract import Row
from .model import expected
from .rules import ROW_RULES
from .strict_csv import OpenQuoteError, Record, records
from .typing_ import (
    code,
    is_email,
    is_phone,
    parse_amount,
    parse_boolean,
    parse_date,
    parse_dimensions,
    parse_integer,
    parse_timestamp,
    parse_weight,
)

ORDERS = (
    "order_id,customer_id,product_id,order_date,order_amount,currency,payment_method,"
    "shipping_address,order_status,created_timestamp"
)
CUSTOMERS = (
    "customer_id,first_name,last_name,email,phone,date_of_birth,registration_date,address,city,"
    "state,zip_code,country,customer_tier,last_login,created_timestamp"
)
PRODUCTS = (
    "product_id,product_name,category,subcategory,brand,price,currency,stock_quantity,weight_kg,"
    "dimensions_cm,color,material,description,launch_date,discontinued,created_timestamp"
)
INVENTORY = (
    "product_id,stock_quantity,location,last_restocked,created_timestamp,warehouse_id,"
    "reserved_quantity"
)
SHIPPING = (
    "order_id,service_type,shipping_cost,currency,tracking_number,package_weight,"
    "package_dimensions,estimated_delivery,actual_delivery,created_timestamp"
)
HEADERS = {
    "orders": ORDERS,
    "customers": CUSTOMERS,
    "products": PRODUCTS,
    "inventory": INVENTORY,
    "shipping": SHIPPING,
}


def order(
    key: str = "O1",
    customer: str = "C1",
    product: str = "P1",
    day: str = "2024-12-01",
    amount: str = "100.00",
    currency: str = "USD",
    status: str = "pending",
    created: str = "2024-12-01 10:00:00",
) -> str:
    return f"{key},{customer},{product},{day},{amount},{currency},paypal,Road 1,{status},{created}"


def customer(key: str = "C1", tier: str = "gold", login: str = "2024-11-01 00:00:00") -> str:
    return (
        f"{key},Ann,Lee,ann@x.org,+1 555 123 4567,2000-02-29,2024-11-20,Road 1,Rome,RM,00100,IT,"
        f"{tier},{login},2024-11-20 00:00:00"
    )


def product(key: str = "P1", price: str = "100.00", discontinued: str = "false") -> str:
    return (
        f"{key},Lamp,Electronics,Light,Acme,{price},USD,5,2.000,10x10x2,red,tin,nice,2024-11-20,"
        f"{discontinued},2024-11-20 00:00:00"
    )


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes one batch (feed=lines) and its trigger; gives the trigger's path."""

    def _write(
        day: str,
        batch_id: str | None = None,
        below: str = "",
        full: bool = False,
        **feeds: list[str],
    ) -> Path:
        root = tmp_path / below
        names = []
        for feed, lines in feeds.items():
            name = f"{feed}_{day.replace('-', '_')}.csv"
            names.append(name)
            path = root / f"{feed}_data" / "source" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join([HEADERS[feed], *lines]) + "\n")
        content: dict[str, object] = {
            "trigger_id": batch_id or f"b{day}",
            "batch_date": day,
            "expected_files": names,
        }
        if full:
            content["files"] = [{"name": name, "load_type": "full"} for name in names]
        trigger = root / "triggers" / "source" / f"trigger_{day.replace('-', '_')}.json"
        trigger.parent.mkdir(parents=True, exist_ok=True)
        trigger.write_text(json.dumps(content))
        return trigger

    return _write


def by(rows: list[Row], *names: str) -> dict[object, Row]:
    return {tuple(row[name] for name in names) if names[1:] else row[names[0]]: row for row in rows}


@pytest.mark.parametrize(
    "text", ["5.999", "1,299.99", "1e3", ".5", "5.", "NaN", "\u0665", "5 .0", "--5"]
)
def test_bad_amounts(text: str) -> None:
    assert parse_amount(text) is None


def test_literals() -> None:
    assert parse_amount(" -5.1 ") == Decimal("-5.10")
    assert parse_amount("9" * 16 + ".99") is not None
    assert parse_amount("9" * 17) is None
    assert parse_weight("5.125") == Decimal("5.125")
    assert parse_weight("5.1255") is None
    assert parse_integer("+2147483647") == 2147483647
    assert parse_integer("2147483648") is None
    assert parse_integer("5.0") is None
    assert parse_date("2024-02-30") is None
    assert parse_date("2024-2-03") is None
    assert parse_date("0000-01-01") is None
    assert parse_boolean(" Yes ") is True
    assert parse_boolean("y") is None
    assert parse_timestamp("2024-01-01T00:30:00.5+01:00") == datetime(
        2023, 12, 31, 23, 30, 0, 500000
    )
    assert parse_timestamp("2024-01-01 00:30:00-0130") == datetime(2024, 1, 1, 2)
    assert parse_timestamp("2024-01-01 00:30:00 Z") is None
    assert parse_timestamp("9999-12-31 23:59:59-00:01") is None
    assert parse_timestamp("0001-01-01 00:00:00+0001") is None
    assert parse_timestamp("0001-01-01 00:00:00-18") == datetime(1, 1, 1, 18)
    assert parse_timestamp("2024-01-01 00:00:00+18:01") is None
    assert parse_timestamp("2024-01-01 24:00:00") is None
    assert parse_timestamp("2024-01-01") is None
    assert parse_dimensions("\t10 x 2.5X3\n") == (10.0, 2.5, 3.0)
    assert parse_dimensions("10x2.5") is None
    assert code(" Credit-Card") == "credit_card"


def test_email_and_phone() -> None:
    assert is_email("a@b.c")
    assert not any(map(is_email, ["a@b", "@b.c", "a@b..c", "a@b.c ", "a@@b.c", "a@b.", "a@x@b.c"]))
    assert is_phone("+1 (555) 123-45.67")
    assert not any(map(is_phone, ["123456", "1" * 16, "1+234567", "555-1234x5", "\u0665" * 7]))


def test_records_keep_quotes_newlines_and_raw_text() -> None:
    text = 'a,b\r\n\r\n \t\n"1,""x""\r\ny",2\n3,4,"5"\r\n,'
    assert list(records(text)) == [
        Record("a,b", ["a", "b"]),
        Record('"1,""x""\r\ny",2', ['1,"x"\r\ny', "2"]),
        Record('3,4,"5"', ["3", "4", "5"]),
        Record(",", ["", ""]),
    ]
    with pytest.raises(OpenQuoteError):
        list(records('a,b\n"1,2\n'))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"24" TV"\nb', [('"24" TV"', None), ("b", ["b"])]),
        ('a,"b\nc,"d\ne', [('a,"b\nc,"d', None), ("e", ["e"])]),
        ('a"b\nc', [('a"b', None), ("c", ["c"])]),
        ('"x\\" y"\r\nc', [('"x\\" y"', None), ("c", ["c"])]),
        ("a\rb\nc", [("a\rb", None), ("c", ["c"])]),
        ('a,b\r"c\nd"\re', [("a,b", ["a", "b"]), ('"c\nd"', ["c\nd"]), ("e", ["e"])]),
    ],
)
def test_records_are_read_strictly(text: str, expected: list[tuple[str, Any]]) -> None:
    newline = "\n" if "\n" in text.replace('"c\nd"', "") else "\r"
    header, *found = records(f"h{newline}{text}")
    assert header == Record("h", ["h"])
    assert found == [Record(*item) for item in expected]


def test_landing_base_and_errors(write: Write, tmp_path: Path) -> None:
    write(
        "2024-12-02",
        orders=[
            order(),
            "",
            "only,three,fields",
            order("O2", amount="5.999", currency="XXX"),
            order("O3", created="2024-12-01 09:00:00"),
            order("O3", created="2024-12-01 11:00:00"),
            order("O3", created="bad"),
            order("O3", day="2024-12-03"),
            order("  "),
        ],
    )
    tables = expected(tmp_path)
    landing = by(tables["landing.orders"], "_row_number")
    assert sorted(map(str, landing)) == [str(number) for number in range(1, 9)]
    assert landing[2]["_raw_line"] == "only,three,fields" and landing[2]["order_id"] is None
    assert landing[8]["order_id"] is None
    base = by(tables["staging.base_orders"], "_row_number")
    assert base[1]["failed_rules"] == [] and base[1]["_parse_errors"] == []
    assert base[2]["failed_rules"] == ["orders_row_well_formed"]
    assert base[3]["failed_rules"] == ["orders_amount_valid", "orders_currency_known"]
    assert base[3]["_parse_errors"] == ["order_amount"]
    assert base[4]["failed_rules"] == ["orders_key_unique"]
    assert base[5]["failed_rules"] == []
    assert base[6]["failed_rules"] == ["orders_created_timestamp_valid", "orders_key_unique"]
    assert base[7]["failed_rules"] == ["orders_order_date_not_after_batch"]
    assert base[8]["failed_rules"] == ["orders_order_id_present"]
    assert {row["_row_number"] for row in tables["staging.stg_orders"]} == {1, 5}
    assert len(tables["staging.orders_errors"]) == 6
    results = by(tables["ops.validation_results"], "rule_id")
    # 15 cross-table rules, the two or three that every feed has, and the table's own.
    assert len(results) == sum(map(len, ROW_RULES.values())) + 15 == 86
    assert results["orders_key_unique"]["failed_records"] == 2
    assert results["orders_key_unique"]["score"] == 75.0
    assert results["orders_key_unique"]["status"] == "FAIL"
    assert results["orders_created_timestamp_valid"]["severity"] == "MEDIUM"
    assert results["customers_email_format"]["score"] == 100.0
    assert results["orphaned_orders"]["checked_records"] == 2
    reconciliation = by(tables["ops.batch_reconciliation"], "feed")
    assert len(reconciliation) == 5
    assert reconciliation["orders"]["quarantined_rows"] == 6
    assert reconciliation["orders"]["is_balanced"] is True
    assert reconciliation["orders"]["batch_status"] == "FAIL"


def test_what_cannot_be_read_was_given(write: Write, tmp_path: Path) -> None:
    lines = [customer("C1"), customer("C2").replace("2000-02-29", "31/02/90")]
    write("2024-12-02", customers=[*lines, customer("C3").replace("2000-02-29", "")])
    base = by(expected(tmp_path)["staging.base_customers"], "customer_id")
    assert base["C1"]["failed_rules"] == []
    assert base["C2"]["failed_rules"] == ["customers_date_of_birth_valid"]
    assert base["C3"]["failed_rules"] == ["customers_date_of_birth_present"]


def test_history_and_full_load(write: Write, tmp_path: Path) -> None:
    write("2024-12-01", customers=[customer("C1", "gold"), customer("C2"), customer("C3")])
    write("2024-12-02", customers=[customer("C1", "gold", "2024-12-02 00:00:00")])
    write("2024-12-03", customers=[customer("C1", "silver")])
    bad = customer("C3").replace("ann@x.org", "nobody")
    write("2024-12-04", full=True, customers=[customer("C1", "gold"), bad])
    write("2024-12-05", customers=[customer("C2")])
    rows = expected(tmp_path)["targets.customers_target"]
    spans = sorted(
        (str(row["record_key"]), str(row["effective_date"])[-2:], str(row["expiry_date"])[-2:])
        for row in rows
    )
    assert spans == [
        ("C1", "01", "03"),
        ("C1", "03", "04"),
        ("C1", "04", "ne"),
        ("C2", "01", "04"),
        ("C2", "05", "ne"),
        ("C3", "01", "ne"),
    ]
    first = by(rows, "record_key", "effective_date")["C1", date(2024, 12, 1)]
    assert first["last_login"] == datetime(2024, 11, 1)
    assert first["age"] == 24 and first["age_segment"] == "Gen Z"
    assert first["lifecycle_stage"] == "New"


def test_inventory_keys_and_movements(write: Write, tmp_path: Path) -> None:
    write(
        "2024-12-01",
        inventory=["P|1%,0,Rome,2024-12-01,,,", "P2,10,Oslo,2024-12-01,,W9,4"],
    )
    write("2024-12-02", inventory=["P|1%,7,Rome,2024-12-01,,,", "P2,10,Bonn,2024-12-01,,W9,4"])
    write("2024-12-03", full=True, inventory=["P2,8,Bonn,2024-12-01,,W9,4"])
    tables = expected(tmp_path)
    target = by(tables["targets.inventory_target"], "record_key", "effective_date")
    assert ("P%7C1%25|Rome", date(2024, 12, 1)) in target
    assert target["P2|W9", date(2024, 12, 1)]["stock_utilization_rate"] == 0.4
    assert target["P2|W9", date(2024, 12, 1)]["stock_indicator"] == "Reorder Required"
    assert [
        (row["product_id"], row["previous_quantity"], row["quantity_change"], row["movement_type"])
        for row in tables["marts.inventory_movements"]
    ] == [
        ("P|1%", None, 0, "initial"),
        ("P|1%", 0, 7, "inbound"),
        ("P2", None, 10, "initial"),
        ("P2", 10, -2, "outbound"),
    ]


def test_marts(write: Write, tmp_path: Path) -> None:
    write("2024-12-01", customers=[customer()], products=[product()], orders=[order()])
    write(
        "2024-12-31",
        customers=[customer(tier="premium")],
        products=[product(price="50.00", discontinued="1")],
        orders=[
            order("O2", amount="0.35", currency="GBP", day="2024-12-31", status=""),
            order("O3", status="Cancelled", day="2024-11-30"),
            order("O4", customer="C9", product="P9", amount="20000"),
        ],
        shipping=["O1,Ground,9.26,EUR,T1,2.000,1x1x1,2024-12-02,2024-12-03,2024-12-01 23:00:00"],
    )
    tables = expected(tmp_path)
    enriched = by(tables["marts.orders_enriched"], "order_id")
    assert len(enriched) == 4
    assert enriched["O1"]["customer_tier"] == "gold"
    assert enriched["O1"]["estimated_clv"] == Decimal(700)
    assert enriched["O1"]["cost_category"] == "Medium Cost"  # 10.0008 -> 10.00 USD
    assert enriched["O1"]["delivery_performance"] == "Slightly Delayed"
    assert enriched["O1"]["total_stock_quantity"] == 0
    assert enriched["O1"]["day_of_week"] == 1 and enriched["O1"]["is_weekend"] is True
    assert enriched["O2"]["order_amount_usd"] == Decimal("0.44")  # 0.4445
    assert enriched["O2"]["profit_usd"] == Decimal("0.13")
    assert enriched["O2"]["estimated_clv"] == Decimal("4.40")
    assert enriched["O2"]["price"] == Decimal(50) and enriched["O2"]["discontinued"] is True
    assert enriched["O3"]["price"] == Decimal(100)  # older than the history: the earliest
    assert enriched["O3"]["counts_as_revenue"] is False
    assert enriched["O4"]["is_orphan_customer"] is True and enriched["O4"]["first_name"] is None
    (one,) = tables["marts.customer_analytics"]
    assert one["total_orders"] == 2 and one["total_spent"] == Decimal("100.44")
    assert one["estimated_clv"] == 352.2 and one["order_frequency_days"] == 15.0
    assert one["activity_status"] == "Active" and one["customer_segment"] == "Low Value"
    (lamp,) = tables["marts.product_analytics"]
    assert lamp["sales_status"] == "Discontinued" and lamp["price_usd"] == Decimal(50)
    summary = by(tables["marts.analytics_summary"], "report_date")
    assert summary[date(2024, 12, 1)]["total_revenue"] == Decimal(100)
    assert summary[date(2024, 12, 31)]["total_orders"] == 3
    (season,) = tables["marts.seasonal_analysis"]
    assert (season["season_year"], season["season"]) == (2025, "Winter")
    segments = by(tables["marts.segment_analysis"], "customer_segment")
    assert segments["Low Value"]["revenue_share_pct"] == 100.0
    assert segments["VIP"]["avg_customer_value"] is None
    categories = by(tables["marts.category_analysis"], "category")
    assert categories["Unknown"]["category_revenue"] == Decimal(20000)
    assert categories["Electronics"]["products_count"] == 1
    last = {
        str(row["rule_id"]): row["failed_records"]
        for row in tables["ops.validation_results"]
        if row["batch_id"] == "b2024-12-31" and row["failed_records"]
    }
    assert last == {
        "orders_status_known": 1,
        "orphaned_orders": 1,
        "orphaned_orders_products": 1,
        "unreasonable_orders": 2,
        "low_value_premium_orders": 1,
        "products_without_inventory": 1,
        "discontinued_orders": 1,
    }


def test_what_the_shop_wants_to_know(write: Write, tmp_path: Path) -> None:
    write(
        "2025-02-01",
        customers=[customer(f"C{number}") for number in range(1, 6)],
        products=[product(f"P{number}") for number in range(1, 4)],
        orders=[
            order("O1", "C1", "P1", "2024-12-30", "10.00"),
            order("O2", "C1", "P2", "2025-01-02", "20.00"),
            order("O3", "C2", "P2", "2024-12-30", "5.00"),
            order("O4", "C2", "P1", "2025-01-02", "5.00"),
            order("O5", "C3", "P1", "2025-01-02", "1.00"),
            order("O6", "C9", "P2", "2025-01-02", "100.00"),
            order("O7", "C4", "P9", "2025-01-02", "2.00"),
            order("O8", "C5", "P1", "2025-01-02", "900.00", status="Cancelled"),
        ],
        shipping=[
            f"O{number},Next-Day,{cost},EUR,T1,2.000,1x1x1,{due},{delivered},2025-01-01 23:00:00"
            for number, cost, due, delivered in (
                (1, "1.50", "2025-01-31", "2025-01-31"),
                (2, "1.25", "2025-01-03", "2025-01-04"),
                (3, "0", "2025-01-31", ""),
                (4, "0", "", "2025-01-03"),
            )
        ],
    )
    tables = expected(tmp_path)

    days = by(tables["marts.daily_sales"], "order_date")
    assert [day.isoformat() for day in days] == [
        *("2024-12-30", "2024-12-31", "2025-01-01", "2025-01-02")
    ]
    assert days[date(2024, 12, 31)]["orders_count"] == 0
    assert days[date(2024, 12, 31)]["avg_order_value"] is None
    assert days[date(2024, 12, 31)]["revenue_7d_avg"] == 7.5
    last = days[date(2025, 1, 2)]
    assert (last["unique_customers"], last["new_customers"], last["returning_customers"]) == (
        *(5, 3, 2),
    )
    assert last["revenue_cumulative"] == Decimal("143.00")

    # Four customers: all ordered last on one day, two of them twice.
    scored = by(tables["marts.customer_rfm"], "customer_id")
    assert scored.keys() == {"C1", "C2", "C3", "C4"}
    names = ("r_score", "f_score", "m_score", "fm_score", "rfm_segment")
    assert [[scored[key][name] for name in names] for key in ("C1", "C2", "C3", "C4")] == [
        [5, 5, 5, 5, "Champions"],
        [5, 5, 4, 5, "Champions"],
        [5, 3, 2, 3, "Potential Loyalists"],
        [5, 3, 3, 3, "Potential Loyalists"],
    ]
    assert scored["C1"]["recency_days"] == 30

    cohorts = by(tables["marts.cohort_retention"], "cohort_month", "month_number")
    december, january = date(2024, 12, 1), date(2025, 1, 1)
    assert [*cohorts] == [
        *((december, 0), (december, 1), (december, 2), (january, 0), (january, 1))
    ]
    assert cohorts[december, 1]["cohort_revenue"] == Decimal("25.00")
    assert cohorts[december, 2]["cumulative_revenue_per_customer"] == 20.0
    assert cohorts[december, 2]["retention_pct"] == 0.0

    (pair,) = tables["marts.product_affinity"]
    assert (pair["product_id_a"], pair["product_id_b"]) == ("P1", "P2")
    assert (pair["customers_both"], pair["customers_a"], pair["customers_b"]) == (2, 3, 2)
    assert (pair["support_pct"], pair["confidence_b_to_a_pct"]) == (50.0, 100.0)
    assert pair["lift"] == pytest.approx(2 * 4 / (3 * 2))

    groups = by(tables["marts.delivery_performance"], "delivery_month")
    group = groups[january]
    assert (group["carrier"], group["shipping_method"]) == ("unknown", "next_day")
    assert (group["delivered_count"], group["on_time_pct"]) == (2, 50.0)
    assert group["p90_delivery_days"] == pytest.approx(3 + 0.9 * (30 - 3))
    assert group["avg_cost_usd"] == pytest.approx((1.62 + 1.35) / 3)
    assert groups[None]["on_time_count"] == 0


def test_superseding_batch(write: Write, tmp_path: Path) -> None:
    old = write("2024-12-01", "old", "one", orders=[order()])
    later = write("2024-12-02", "later", "one", orders=[order("O2")])
    new = write("2024-12-01", "new", "two", orders=[order(amount="7")])
    again = write("2024-12-01", "again", "three", orders=[order(amount="7")])
    tables = expected(tmp_path / "one", [old, later, new, again])
    assert [row["_batch_id"] for row in tables["landing.orders"]] == ["old", "later", "new"]
    target = by(tables["targets.orders_target"], "record_key")
    assert target["O1"]["order_amount"] == Decimal(7) and target["O1"]["_batch_id"] == "new"
    assert {row["batch_id"] for row in tables["ops.batch_reconciliation"]} == {"new", "later"}
    assert [row["record_key"] for row in tables["staging.base_orders"]] == ["O2"]


def test_compare_finds_what_differs() -> None:
    rows: list[dict[str, object]] = [
        {"record_key": "a", "n": 1, "d": Decimal("5.10"), "f": 1 / 3, "at": datetime(2024, 1, 1)},
        {"record_key": "b", "n": None, "d": None, "f": None, "at": None},
    ]
    same: list[dict[str, object]] = [
        rows[1] | {"more": 1},
        {
            "record_key": "a",
            "n": Decimal(1),
            "d": 5.1,
            "f": 0.33333333333,
            "at": datetime(2024, 1, 1, tzinfo=UTC),
        },
    ]
    table = "targets.x_target"
    assert differences({table: rows}, {table: same}) == []
    assert differences({table: rows}, {}) == [f"{table}: table is missing"]
    changed = [rows[0] | {"d": Decimal("5.11")}, rows[1]]
    assert differences({table: rows}, {table: changed}) == [
        f"{table} [record_key='a'] d: expected Decimal('5.10'), actual Decimal('5.11')"
    ]
    found = differences({table: rows}, {table: [rows[0], rows[0]]})
    assert len(found) == 2 and "missing" in found[0] and "unexpected" in found[1]
    without = [{name: row[name] for name in row if name != "f"} for row in rows]
    assert differences({table: rows}, {table: without}) == [f"{table}: column f is missing"]
    one: dict[str, list[dict[str, object]]] = {"t": [{"k": 1, "m": {"a": "x", "b": None}}]}
    assert differences(one, {"t": [{"k": 1, "m": [("b", None), ("a", "x")]}]}) == []
    assert len(differences(one, {"t": [{"k": True, "m": {"a": "x", "b": None}}]})) == 2
    many: list[dict[str, object]] = [{"k": number} for number in range(50)]
    assert len(differences({"t": many}, {"t": []}, limit=5)) == 6
