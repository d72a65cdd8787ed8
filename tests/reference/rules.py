"""Section 4: the row-level rules, and the split of a batch into valid rows and errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from . import seeds
from .contract import COLUMNS, FEEDS, LINEAGE, TYPES, Row, record_key
from .typing_ import PARSERS, code, is_email, is_phone, parse_dimensions

# (typed row, names of its unreadable columns, batch date) -> does the row fail?
Check = Callable[[Row, frozenset[str], date], bool]


@dataclass(frozen=True)
class Rule:
    """One declared rule; `check` is None for those that need more than one row's values."""

    rule_id: str
    feed: str
    severity: str
    quarantine: bool
    check: Check | None = None


def _missing(column: str) -> Check:
    """Fails on NULL, so also on what cannot be read (`_valid`)."""
    return lambda row, unreadable, day: row[column] is None


def _absent(column: str) -> Check:
    """Fails where no value was given; one that cannot be read was given (`_present`)."""
    return lambda row, unreadable, day: row[column] is None and column not in unreadable


def _unreadable(*columns: str) -> Check:
    """Fails only on a non-blank value that cannot be read."""
    return lambda row, unreadable, day: any(column in unreadable for column in columns)


def _not_positive(column: str, null_fails: bool) -> Check:
    return lambda row, unreadable, day: (
        null_fails if row[column] is None else bool(row[column] <= 0)
    )


def _negative(column: str) -> Check:
    """Fails on NULL, on what cannot be read, and below 0."""
    return lambda row, unreadable, day: row[column] is None or bool(row[column] < 0)


def _negative_if_present(column: str) -> Check:
    return lambda row, unreadable, day: (
        column in unreadable if row[column] is None else bool(row[column] < 0)
    )


def _after_batch(column: str) -> Check:
    return lambda row, unreadable, day: row[column] is not None and bool(row[column] > day)


def _unknown(column: str, codes: Iterable[str], null_fails: bool = True) -> Check:
    known = frozenset(codes)
    return lambda row, unreadable, day: (
        null_fails if row[column] is None else code(row[column]) not in known
    )


def _dimensions(column: str) -> Check:
    return lambda row, unreadable, day: row[column] is None or parse_dimensions(row[column]) is None


def _email(row: Row, unreadable: frozenset[str], day: date) -> bool:
    return row["email"] is not None and not is_email(row["email"])


def _phone(row: Row, unreadable: frozenset[str], day: date) -> bool:
    return row["phone"] is not None and not is_phone(row["phone"])


def _implausible_birth(row: Row, unreadable: frozenset[str], day: date) -> bool:
    born: date | None = row["date_of_birth"]
    return born is not None and not date(1900, 1, 1) <= born <= day


def _status_inconsistent(row: Row, unreadable: frozenset[str], day: date) -> bool:
    status, quantity = row["stock_status"], row["stock_quantity"]
    if status is None or quantity is None:
        return False
    return bool((code(status) == "out_of_stock") != (quantity == 0))


def _delivered_before_dispatch(row: Row, unreadable: frozenset[str], day: date) -> bool:
    delivered: date | None = row["actual_delivery"]
    created: datetime | None = row["created_timestamp"]
    return delivered is not None and created is not None and delivered < created.date()


_Declared = tuple[str, str, bool, Check]


def _declare(feed: str, *declared: _Declared) -> list[Rule]:
    """The rules that every feed has, then its own."""
    return [
        Rule(f"{feed}_row_well_formed", feed, "HIGH", True),
        Rule(f"{feed}_key_unique", feed, "HIGH", True),
        *(Rule(rule_id, feed, severity, q, check) for rule_id, severity, q, check in declared),
    ]


_CURRENCY = _unknown("currency", seeds.CURRENCY_RATES)

ROW_RULES: dict[str, list[Rule]] = {
    "orders": _declare(
        "orders",
        ("orders_order_id_present", "HIGH", True, _absent("order_id")),
        ("orders_customer_id_present", "HIGH", True, _absent("customer_id")),
        ("orders_product_id_present", "HIGH", True, _absent("product_id")),
        ("orders_order_date_valid", "HIGH", True, _missing("order_date")),
        ("orders_order_date_not_after_batch", "HIGH", True, _after_batch("order_date")),
        ("orders_amount_valid", "HIGH", True, _missing("order_amount")),
        ("orders_amount_positive", "HIGH", True, _not_positive("order_amount", False)),
        ("orders_currency_known", "HIGH", True, _CURRENCY),
        ("orders_status_known", "MEDIUM", False, _unknown("order_status", seeds.ORDER_STATUSES)),
        ("orders_created_timestamp_valid", "MEDIUM", False, _missing("created_timestamp")),
        (
            "orders_payment_method_known",
            "LOW",
            False,
            _unknown("payment_method", seeds.PAYMENT_METHODS),
        ),
        ("orders_shipping_address_present", "LOW", False, _absent("shipping_address")),
    ),
    "customers": _declare(
        "customers",
        (
            "customers_values_parse",
            "MEDIUM",
            False,
            _unreadable("last_login", "created_timestamp"),
        ),
        ("customers_customer_id_present", "HIGH", True, _absent("customer_id")),
        ("customers_email_present", "HIGH", True, _absent("email")),
        ("customers_email_format", "HIGH", True, _email),
        ("customers_phone_present", "HIGH", True, _absent("phone")),
        ("customers_date_of_birth_valid", "HIGH", True, _unreadable("date_of_birth")),
        ("customers_date_of_birth_plausible", "HIGH", True, _implausible_birth),
        ("customers_phone_format", "MEDIUM", False, _phone),
        ("customers_tier_known", "MEDIUM", False, _unknown("customer_tier", seeds.CUSTOMER_TIERS)),
        ("customers_registration_date_valid", "MEDIUM", False, _missing("registration_date")),
        (
            "customers_registration_not_after_batch",
            "MEDIUM",
            False,
            _after_batch("registration_date"),
        ),
        ("customers_date_of_birth_present", "LOW", False, _absent("date_of_birth")),
        ("customers_first_name_present", "LOW", False, _absent("first_name")),
        ("customers_last_name_present", "LOW", False, _absent("last_name")),
        ("customers_country_present", "LOW", False, _absent("country")),
        ("customers_zip_code_present", "LOW", False, _absent("zip_code")),
    ),
    "products": _declare(
        "products",
        ("products_values_parse", "MEDIUM", False, _unreadable("created_timestamp")),
        ("products_product_id_present", "HIGH", True, _absent("product_id")),
        ("products_category_present", "HIGH", True, _absent("category")),
        ("products_price_valid", "HIGH", True, _missing("price")),
        ("products_price_positive", "HIGH", True, _not_positive("price", False)),
        ("products_currency_known", "HIGH", True, _CURRENCY),
        ("products_stock_quantity_valid", "HIGH", True, _negative("stock_quantity")),
        ("products_launch_date_valid", "HIGH", True, _missing("launch_date")),
        ("products_launch_not_after_batch", "HIGH", True, _after_batch("launch_date")),
        ("products_product_name_present", "MEDIUM", False, _absent("product_name")),
        ("products_weight_positive", "MEDIUM", False, _not_positive("weight_kg", True)),
        ("products_discontinued_valid", "MEDIUM", False, _missing("discontinued")),
        (
            "products_category_known",
            "LOW",
            False,
            _unknown("category", seeds.PRODUCT_CATEGORIES, null_fails=False),
        ),
        ("products_dimensions_format", "LOW", False, _dimensions("dimensions_cm")),
    ),
    "inventory": _declare(
        "inventory",
        (
            "inventory_values_parse",
            "MEDIUM",
            False,
            _unreadable("reorder_level", "last_audit", "created_timestamp"),
        ),
        ("inventory_product_id_present", "HIGH", True, _absent("product_id")),
        ("inventory_warehouse_location_present", "HIGH", True, _absent("warehouse_location")),
        ("inventory_stock_quantity_valid", "HIGH", True, _negative("stock_quantity")),
        (
            "inventory_reserved_quantity_valid",
            "HIGH",
            True,
            _negative_if_present("reserved_quantity"),
        ),
        (
            "inventory_available_quantity_valid",
            "HIGH",
            True,
            _negative_if_present("available_quantity"),
        ),
        ("inventory_stock_status_consistent", "MEDIUM", False, _status_inconsistent),
        ("inventory_last_updated_valid", "LOW", False, _missing("last_updated")),
    ),
    "shipping": _declare(
        "shipping",
        (
            "shipping_values_parse",
            "MEDIUM",
            False,
            _unreadable("actual_delivery", "created_timestamp"),
        ),
        ("shipping_order_id_present", "HIGH", True, _absent("order_id")),
        ("shipping_cost_valid", "HIGH", True, _negative("shipping_cost")),
        ("shipping_package_weight_positive", "HIGH", True, _not_positive("package_weight", True)),
        ("shipping_currency_known", "HIGH", True, _CURRENCY),
        ("shipping_insurance_value_valid", "HIGH", True, _negative_if_present("insurance_value")),
        ("shipping_estimated_delivery_valid", "MEDIUM", False, _missing("estimated_delivery")),
        ("shipping_delivery_not_before_dispatch", "MEDIUM", False, _delivered_before_dispatch),
        ("shipping_tracking_number_present", "LOW", False, _absent("tracking_number")),
        (
            "shipping_method_known",
            "LOW",
            False,
            _unknown("shipping_method", seeds.SHIPPING_METHODS),
        ),
        ("shipping_dimensions_format", "LOW", False, _dimensions("dimensions_cm")),
    ),
}

RULES_BY_ID: dict[str, Rule] = {rule.rule_id: rule for feed in FEEDS for rule in ROW_RULES[feed]}


def _base_row(feed: str, landed: Row) -> Row:
    row: Row = {}
    unreadable: list[str] = []
    for column in COLUMNS[feed]:
        text: str | None = landed[column]
        kind = TYPES.get(column)
        if text is None or kind is None:
            row[column] = text
        else:
            row[column] = PARSERS[kind](text)
            if row[column] is None:
                unreadable.append(column)
    row["record_key"] = record_key(feed, row)
    row["_parse_errors"] = unreadable
    row["failed_rules"] = []
    row["_extra"] = landed["_extra"]
    row["_raw_line"] = landed["_raw_line"]
    for column in LINEAGE:
        row[column] = landed[column]
    return row


def is_quarantined(row: Row) -> bool:
    """Did the base row fail at least one quarantining rule?"""
    return any(RULES_BY_ID[rule_id].quarantine for rule_id in row["failed_rules"])


def base_rows(feed: str, landed: list[Row], day: date) -> list[Row]:
    """Typed rows with their failed rules, the key rule last, on what is left over."""
    rows = [_base_row(feed, row) for row in landed]
    winners: dict[str, Row] = {}
    contenders: list[Row] = []
    for row in rows:
        failed: list[str] = row["failed_rules"]
        if row["_raw_line"] is not None:
            failed.append(f"{feed}_row_well_formed")
            continue
        unreadable = frozenset(row["_parse_errors"])
        for rule in ROW_RULES[feed]:
            if rule.check is not None and rule.check(row, unreadable, day):
                failed.append(rule.rule_id)
        if not is_quarantined(row):
            contenders.append(row)
            best = winners.get(row["record_key"])
            if best is None or _rank(row) > _rank(best):
                winners[row["record_key"]] = row
    for row in contenders:
        if winners[row["record_key"]] is not row:
            row["failed_rules"].append(f"{feed}_key_unique")
    for row in rows:
        row["failed_rules"].sort()
    return rows


def _rank(row: Row) -> tuple[bool, datetime, int]:
    """Latest created_timestamp, unreadable ones oldest, then the highest row number."""
    created: datetime | None = row["created_timestamp"]
    return created is not None, created or datetime.min, row["_row_number"]


def error_row(row: Row) -> Row:
    """The line of a quarantined row in the feed's error table."""
    severities = {RULES_BY_ID[rule_id].severity for rule_id in row["failed_rules"]}
    highest = next(name for name in ("HIGH", "MEDIUM", "LOW") if name in severities)
    return {
        "record_key": row["record_key"],
        "failed_rules": list(row["failed_rules"]),
        "max_severity": highest,
        "resolved_by_batch_id": None,
        **{column: row[column] for column in LINEAGE},
    }
