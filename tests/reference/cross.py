"""Section 4, cross-table rules: on the batch's valid rows, against the targets after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from .contract import Row
from .derive import CENT, to_usd
from .rules import Rule
from .scd2 import Targets
from .typing_ import code


class Known:
    """What the targets currently hold, indexed for the rules below."""

    def __init__(self, targets: Targets) -> None:
        """Reads the current versions once."""
        self.targets = targets
        self.customers_with_orders = {row["customer_id"] for row in targets["orders"].currents()}
        self.stock: dict[str, int] = {}
        for row in targets["inventory"].currents():
            product = row["product_id"]
            self.stock[product] = self.stock.get(product, 0) + row["stock_quantity"]

    def has(self, feed: str, key: str) -> bool:
        """Is the key current in the feed's target?"""
        return self.targets[feed].current(key) is not None


def _order_usd(row: Row) -> Decimal:
    return to_usd(row["order_amount"], row["currency"])


def _unreasonable_order(row: Row, known: Known) -> bool:
    return not 1 <= _order_usd(row) <= 10000


def _price_mismatch(row: Row, known: Known) -> bool:
    product = known.targets["products"].at(row["product_id"], row["order_date"])
    if product is None or code(product["currency"]) != code(row["currency"]):
        return False
    return bool(abs(row["order_amount"] - product["price"]) > CENT)


def _not_shipped(row: Row, known: Known) -> bool:
    status: str | None = row["order_status"]
    if status is None or code(status) not in {"shipped", "delivered", "completed"}:
        return False
    return not known.has("shipping", row["order_id"])


def _no_address(row: Row, known: Known) -> bool:
    order = known.targets["orders"].current(row["order_id"])
    return row["destination_address"] is None and (
        order is None or order["shipping_address"] is None
    )


def _stock_mismatch(row: Row, known: Known) -> bool:
    total = known.stock.get(row["product_id"])
    return total is not None and bool(total != row["stock_quantity"])


def _low_value_premium(row: Row, known: Known) -> bool:
    customer = known.targets["customers"].current(row["customer_id"])
    if customer is None or customer["customer_tier"] is None:
        return False
    return code(customer["customer_tier"]) == "premium" and _order_usd(row) < 100


def _outside_hours(row: Row, known: Known) -> bool:
    created: datetime | None = row["created_timestamp"]
    return created is not None and (created.hour < 8 or created.hour > 18)


def _discontinued(row: Row, known: Known) -> bool:
    product = known.targets["products"].at(row["product_id"], row["order_date"])
    return product is not None and product["discontinued"] is True


CrossCheck = Callable[[Row, Known], bool]

CROSS_RULES: list[tuple[Rule, CrossCheck]] = [
    (
        Rule("orphaned_orders", "orders", "HIGH", False),
        lambda row, known: not known.has("customers", row["customer_id"]),
    ),
    (
        Rule("orphaned_orders_products", "orders", "HIGH", False),
        lambda row, known: not known.has("products", row["product_id"]),
    ),
    (
        Rule("orphaned_customers", "customers", "MEDIUM", False),
        lambda row, known: row["customer_id"] not in known.customers_with_orders,
    ),
    (Rule("unreasonable_orders", "orders", "HIGH", False), _unreasonable_order),
    (Rule("price_mismatch", "orders", "MEDIUM", False), _price_mismatch),
    (Rule("orders_without_shipping", "orders", "HIGH", False), _not_shipped),
    (Rule("shipments_without_address", "shipping", "LOW", False), _no_address),
    (
        Rule("shipping_without_orders", "shipping", "MEDIUM", False),
        lambda row, known: not known.has("orders", row["order_id"]),
    ),
    (
        Rule("unreasonable_shipping", "shipping", "MEDIUM", False),
        lambda row, known: to_usd(row["shipping_cost"], row["currency"]) > 100,
    ),
    (
        Rule("products_without_inventory", "products", "MEDIUM", False),
        lambda row, known: row["product_id"] not in known.stock,
    ),
    (
        Rule("inventory_without_products", "inventory", "MEDIUM", False),
        lambda row, known: not known.has("products", row["product_id"]),
    ),
    (Rule("stock_mismatch", "products", "MEDIUM", False), _stock_mismatch),
    (Rule("low_value_premium_orders", "orders", "LOW", False), _low_value_premium),
    (Rule("orders_outside_hours", "orders", "LOW", False), _outside_hours),
    (Rule("discontinued_orders", "orders", "HIGH", False), _discontinued),
]
