"""Section 7: the marts, from the targets as they are after a batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from . import seeds
from .contract import COLUMNS, Row, warehouse
from .derive import band, cents, to_usd
from .scd2 import Targets
from .typing_ import code

CUSTOMER_NAMES = ("first_name", "last_name", "customer_tier", "country", "age_segment")
PRODUCT_NAMES = ("product_name", "category", "brand", "price", "discontinued")
SHIPMENT_NAMES = (
    "shipping_method",
    "shipping_cost",
    "carrier",
    "tracking_number",
    "estimated_delivery",
    "actual_delivery",
    "shipping_status",
    "delivery_days",
    "delivery_performance",
    "cost_category",
)
_SEASONS = {12: "Winter", 1: "Winter", 2: "Winter", 3: "Spring", 4: "Spring", 5: "Spring"} | {
    6: "Summer",
    7: "Summer",
    8: "Summer",
    9: "Fall",
    10: "Fall",
    11: "Fall",
}


def ratio(part: Decimal | int, whole: Decimal | int) -> float | None:
    """Part / whole; NULL over nothing."""
    return float(Decimal(part) / Decimal(whole)) if whole else None


def _lookup(table: dict[str, Decimal], text: str | None, other: Decimal) -> Decimal:
    return other if text is None else table.get(code(text), other)


@dataclass
class Sale:
    """One known order with its money and the category of its product at order_date."""

    order: Row
    customer: Row | None
    product: Row | None
    amount: Decimal
    profit: Decimal
    clv: Decimal
    counts: bool

    @property
    def category(self) -> str | None:
        """As landed, of the product's version at order_date."""
        return None if self.product is None else self.product["category"]


def sales(targets: Targets) -> list[Sale]:
    """Every known order; USD amount, profit and CLV rounded half up one by one."""
    result: list[Sale] = []
    for order in targets["orders"].currents():
        customer = targets["customers"].at(order["customer_id"], order["order_date"])
        product = targets["products"].at(order["product_id"], order["order_date"])
        amount = to_usd(order["order_amount"], order["currency"])
        margin = _lookup(
            seeds.PRODUCT_CATEGORIES,
            None if product is None else product["category"],
            seeds.DEFAULT_MARGIN_RATE,
        )
        multiplier = _lookup(
            seeds.CUSTOMER_TIERS,
            None if customer is None else customer["customer_tier"],
            seeds.DEFAULT_CLV_MULTIPLIER,
        )
        status: str | None = order["order_status"]
        counts = status is None or seeds.ORDER_STATUSES.get(code(status), True)
        result.append(
            Sale(
                order,
                customer,
                product,
                amount,
                cents(amount * margin),
                cents(amount * multiplier),
                counts,
            )
        )
    return result


@dataclass
class Totals:
    """Running sums over revenue orders."""

    orders: int = 0
    revenue: Decimal = Decimal("0.00")
    profit: Decimal = Decimal("0.00")
    clv: Decimal = Decimal("0.00")
    customers: set[str] = field(default_factory=set)
    products: set[str] = field(default_factory=set)
    categories: set[str] = field(default_factory=set)
    first: date | None = None
    last: date | None = None

    def add(self, sale: Sale) -> None:
        """Counts one more order in."""
        self.orders += 1
        self.revenue += sale.amount
        self.profit += sale.profit
        self.clv += sale.clv
        self.customers.add(sale.order["customer_id"])
        self.products.add(sale.order["product_id"])
        if sale.category is not None:
            self.categories.add(sale.category)
        day: date = sale.order["order_date"]
        self.first = day if self.first is None else min(self.first, day)
        self.last = day if self.last is None else max(self.last, day)

    @property
    def average(self) -> float | None:
        """The mean order value."""
        return ratio(self.revenue, self.orders)

    @property
    def margin(self) -> float | None:
        """Profit as per cent of revenue."""
        return ratio(self.profit * 100, self.revenue)


def _tier(thresholds: tuple[tuple[str, Decimal, int], ...], totals: Totals) -> str:
    return next(
        label
        for label, money, orders in thresholds
        if totals.revenue >= money and totals.orders >= orders
    )


def analytics_summary(revenue: Iterable[Sale], day: date) -> Row:
    """The row of one applied batch: cumulative, over what was known after it."""
    totals = Totals()
    for sale in revenue:
        totals.add(sale)
    return {
        "report_date": day,
        "total_orders": totals.orders,
        "total_revenue": totals.revenue,
        "avg_order_value": totals.average,
        "unique_customers": len(totals.customers),
        "unique_products": len(totals.products),
        "total_profit": totals.profit,
        "profit_margin_pct": totals.margin,
        "avg_estimated_clv": ratio(totals.clv, totals.orders),
        "revenue_per_customer": ratio(totals.revenue, len(totals.customers)),
        "orders_per_customer": ratio(totals.orders, len(totals.customers)),
    }


def orders_enriched(known: list[Sale], targets: Targets) -> list[Row]:
    """One row per known order, whatever its status."""
    stock: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for item in targets["inventory"].currents():
        sums = stock[item["product_id"]]
        sums[0] += item["stock_quantity"]
        sums[1] += item["reserved_quantity"] or 0
        sums[2] += item["available_stock"]
    rows: list[Row] = []
    for sale in known:
        order = sale.order
        shipment = targets["shipping"].current(order["order_id"])
        totals = stock.get(order["product_id"], [0, 0, 0])
        day: date = order["order_date"]
        weekday = day.isoweekday() % 7 + 1
        created: datetime | None = order["created_timestamp"]
        row: Row = {name: order[name] for name in COLUMNS["orders"]}
        for names, source in (
            (CUSTOMER_NAMES, sale.customer),
            (PRODUCT_NAMES, sale.product),
            (SHIPMENT_NAMES, shipment),
        ):
            for name in names:
                row[name] = None if source is None else source[name]
        row |= {
            "total_stock_quantity": totals[0],
            "total_reserved_quantity": totals[1],
            "total_available_stock": totals[2],
            "order_amount_usd": sale.amount,
            "profit_usd": sale.profit,
            "estimated_clv": sale.clv,
            "counts_as_revenue": sale.counts,
            "season": _SEASONS[day.month],
            "day_of_week": weekday,
            "is_weekend": weekday in (1, 7),
            "time_of_day": band(
                None if created is None else created.hour,
                (6, "Early Morning"),
                (12, "Morning"),
                (18, "Afternoon"),
                other="Evening",
            ),
            "is_orphan_customer": targets["customers"].current(order["customer_id"]) is None,
            "is_orphan_product": targets["products"].current(order["product_id"]) is None,
        }
        rows.append(row)
    return rows


def customer_analytics(revenue: list[Sale], targets: Targets, today: date) -> list[Row]:
    """One row per known customer, with or without orders."""
    per_customer: dict[str, Totals] = defaultdict(Totals)
    for sale in revenue:
        per_customer[sale.order["customer_id"]].add(sale)
    rows: list[Row] = []
    for customer in targets["customers"].currents():
        totals = per_customer.get(customer["customer_id"], Totals())
        since_first = None if totals.first is None else (today - totals.first).days
        since_last = None if totals.last is None else (today - totals.last).days
        names = ("customer_id", "first_name", "last_name", "email", "customer_tier", "country")
        rows.append(
            {name: customer[name] for name in names}
            | {
                "total_orders": totals.orders,
                "total_spent": totals.revenue,
                "avg_order_value": totals.average,
                "first_order_date": totals.first,
                "last_order_date": totals.last,
                "unique_products_purchased": len(totals.products),
                "unique_categories_purchased": len(totals.categories),
                "total_profit": totals.profit,
                "estimated_clv": ratio(totals.clv, totals.orders),
                "days_since_first_order": since_first,
                "days_since_last_order": since_last,
                "order_frequency_days": (
                    None if since_first is None else ratio(since_first, totals.orders)
                ),
                "customer_segment": _tier(seeds.CUSTOMER_SEGMENTS, totals),
                "activity_status": (
                    "Never Ordered"
                    if since_last is None
                    else band(
                        since_last, (31, "Active"), (91, "At Risk"), (181, "Inactive"), other="Lost"
                    )
                ),
            }
        )
    return rows


def product_analytics(revenue: list[Sale], targets: Targets, today: date) -> list[Row]:
    """One row per known product, sold or not."""
    per_product: dict[str, Totals] = defaultdict(Totals)
    for sale in revenue:
        per_product[sale.order["product_id"]].add(sale)
    rows: list[Row] = []
    for product in targets["products"].currents():
        totals = per_product.get(product["product_id"], Totals())
        if product["discontinued"]:
            status = "Discontinued"
        elif totals.last is None:
            status = "Never Sold"
        else:
            idle = (today - totals.last).days
            status = band(idle, (31, "Active"), (91, "Declining"), other="Stagnant")
        rows.append(
            {name: product[name] for name in ("product_id", "product_name", "category", "brand")}
            | {
                "price_usd": to_usd(product["price"], product["currency"]),
                "discontinued": product["discontinued"],
                "total_orders": totals.orders,
                "total_revenue": totals.revenue,
                "avg_order_value": totals.average,
                "unique_customers": len(totals.customers),
                "total_profit": totals.profit,
                "profit_margin_pct": totals.margin,
                "revenue_per_customer": ratio(totals.revenue, len(totals.customers)),
                "first_order_date": totals.first,
                "last_order_date": totals.last,
                "performance_category": _tier(seeds.PRODUCT_PERFORMANCE, totals),
                "sales_status": status,
            }
        )
    return rows


def seasonal_analysis(revenue: list[Sale]) -> list[Row]:
    """Per season of a year; December belongs to the next year's Winter."""
    seasons: dict[tuple[int, str], Totals] = defaultdict(Totals)
    for sale in revenue:
        day: date = sale.order["order_date"]
        seasons[day.year + (day.month == 12), _SEASONS[day.month]].add(sale)
    return [
        {
            "season_year": year,
            "season": season,
            "orders_count": totals.orders,
            "seasonal_revenue": totals.revenue,
            "avg_order_value": totals.average,
            "unique_customers": len(totals.customers),
        }
        for (year, season), totals in seasons.items()
    ]


def segment_analysis(customers: list[Row]) -> list[Row]:
    """The four segments, always, over the rows of customer_analytics."""
    everything = sum((row["total_spent"] for row in customers), Decimal("0.00"))
    rows: list[Row] = []
    for label, _, _ in seeds.CUSTOMER_SEGMENTS:
        members = [row for row in customers if row["customer_segment"] == label]
        spent = sum((row["total_spent"] for row in members), Decimal("0.00"))
        rows.append(
            {
                "customer_segment": label,
                "customers_count": len(members),
                "segment_revenue": spent,
                "avg_customer_value": ratio(spent, len(members)),
                "revenue_share_pct": ratio(spent * 100, everything),
            }
        )
    return rows


def category_analysis(revenue: list[Sale], targets: Targets) -> list[Row]:
    """Per category as landed, of known products and of revenue orders."""
    products: dict[str, int] = defaultdict(int)
    for product in targets["products"].currents():
        products[product["category"]] += 1
    sold: dict[str, Totals] = defaultdict(Totals)
    for sale in revenue:
        sold["Unknown" if sale.category is None else sale.category].add(sale)
    rows: list[Row] = []
    for category in dict.fromkeys([*products, *sold]):
        totals = sold.get(category, Totals())
        rows.append(
            {
                "category": category,
                "products_count": products.get(category, 0),
                "orders_count": totals.orders,
                "category_revenue": totals.revenue,
                "category_profit": totals.profit,
                "avg_order_value": totals.average,
            }
        )
    return rows


def inventory_movements(targets: Targets) -> list[Row]:
    """Per product, warehouse and change of the quantity between consecutive versions."""
    rows: list[Row] = []
    for versions in targets["inventory"].versions.values():
        previous: int | None = None
        for version in versions:
            new: int = version["stock_quantity"]
            if new == previous:
                continue
            change = new if previous is None else new - previous
            kind = "inbound" if change > 0 else "outbound"
            if previous is None:
                kind = "initial"
            rows.append(
                {
                    "product_id": version["product_id"],
                    "warehouse": warehouse(version),
                    "batch_date": version["effective_date"],
                    "previous_quantity": previous,
                    "new_quantity": new,
                    "quantity_change": change,
                    "movement_type": kind,
                }
            )
            previous = new
    return rows
