"""Section 5: derived columns of the valid rows, all as of the batch date."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from . import seeds
from .contract import COLUMNS, LINEAGE, Row
from .typing_ import code, parse_dimensions

CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    """Rounded half up to 2 decimals (section 7)."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


@cache
def to_usd(amount: Decimal, currency: str) -> Decimal:
    """The amount in USD with 2 decimals; only for rows whose currency is known."""
    return cents(amount * seeds.CURRENCY_RATES[code(currency)])


def band(value: Decimal | int | None, *steps: tuple[int, str], other: str) -> str:
    """The label of the first step the value is below; `Unknown` for NULL."""
    if value is None:
        return "Unknown"
    return next((label for limit, label in steps if value < limit), other)


def _days(until: date | None, since: date | None) -> int | None:
    return None if until is None or since is None else (until - since).days


def _customers(row: Row, day: date) -> Row:
    born: date | None = row["date_of_birth"]
    age = None
    if born is not None:
        age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    registered = _days(day, row["registration_date"])
    return {
        "age": age,
        "age_segment": band(age, (25, "Gen Z"), (40, "Millennial"), (55, "Gen X"), other="Boomer+"),
        "days_since_registration": registered,
        "lifecycle_stage": band(registered, (30, "New"), (365, "Active"), other="Established"),
    }


def _products(row: Row, day: date) -> Row:
    launched = _days(day, row["launch_date"])
    sides = None if row["dimensions_cm"] is None else parse_dimensions(row["dimensions_cm"])
    volume = None if sides is None else sides[0] * sides[1] * sides[2]
    weight: Decimal | None = row["weight_kg"]
    return {
        "price_segment": band(
            to_usd(row["price"], row["currency"]),
            (50, "Budget"),
            (150, "Mid-range"),
            (300, "Premium"),
            other="Luxury",
        ),
        "stock_indicator": band(
            row["stock_quantity"],
            (1, "Out of Stock"),
            (10, "Low Stock"),
            (50, "Medium Stock"),
            other="High Stock",
        ),
        "days_since_launch": launched,
        "lifecycle_stage": (
            "Discontinued"
            if row["discontinued"]
            else band(launched, (30, "New"), (365, "Growth"), other="Mature")
        ),
        "volume_cm3": volume,
        "density_kg_per_cm3": None if weight is None or not volume else float(weight) / volume,
    }


def _inventory(row: Row, day: date) -> Row:
    stock: int = row["stock_quantity"]
    reserved: int | None = row["reserved_quantity"]
    available: int | None = row["available_quantity"]
    if available is None:
        available = stock if reserved is None else stock - reserved
    level: int = 10 if row["reorder_level"] is None else row["reorder_level"]
    if available <= 0:
        indicator = "Out of Stock"
    elif available <= level:
        indicator = "Reorder Required"
    elif available <= 2 * level:
        indicator = "Low Stock"
    else:
        indicator = "In Stock"
    return {
        "available_stock": available,
        "stock_utilization_rate": 0.0 if reserved is None or stock == 0 else reserved / stock,
        "stock_indicator": indicator,
    }


def _shipping(row: Row, day: date) -> Row:
    created: datetime | None = row["created_timestamp"]
    dispatched = None if created is None else created.date()
    estimated: date | None = row["estimated_delivery"]
    delivered: date | None = row["actual_delivery"]
    late = _days(delivered, estimated)
    if delivered is None:
        performance = "Pending"
    else:
        performance = band(late, (1, "On Time"), (2, "Slightly Delayed"), other="Delayed")
    cost: Decimal = row["shipping_cost"]
    return {
        "delivery_days": _days(delivered, dispatched),
        "estimated_delivery_days": _days(estimated, dispatched),
        "delivery_performance": performance,
        "cost_category": band(
            to_usd(cost, row["currency"]),
            (10, "Low Cost"),
            (20, "Medium Cost"),
            other="High Cost",
        ),
        "cost_per_kg": float(cost) / float(row["package_weight"]),
    }


def _orders(row: Row, day: date) -> Row:
    return {}


_DERIVE = {
    "orders": _orders,
    "customers": _customers,
    "products": _products,
    "inventory": _inventory,
    "shipping": _shipping,
}


def stg_row(feed: str, base: Row, day: date) -> Row:
    """A valid row of the batch: contract columns, key, derived columns, lineage."""
    return {
        **{column: base[column] for column in COLUMNS[feed]},
        "record_key": base["record_key"],
        **_DERIVE[feed](base, day),
        **{column: base[column] for column in LINEAGE},
    }
