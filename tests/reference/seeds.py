"""Reference data with the first values that sections 4, 7 (thresholds) and 10 give."""

from __future__ import annotations

from decimal import Decimal

CURRENCY_RATES: dict[str, Decimal] = {
    "usd": Decimal("1"),
    "eur": Decimal("1.08"),
    "gbp": Decimal("1.27"),
    "cad": Decimal("0.74"),
    "aud": Decimal("0.66"),
    "jpy": Decimal("0.0067"),
    "inr": Decimal("0.012"),
    "aed": Decimal("0.2723"),
}

CUSTOMER_TIERS: dict[str, Decimal] = {
    "premium": Decimal(10),
    "gold": Decimal(7),
    "silver": Decimal(5),
    "bronze": Decimal(3),
    "standard": Decimal(3),
}
DEFAULT_CLV_MULTIPLIER = Decimal(3)

PRODUCT_CATEGORIES: dict[str, Decimal] = {
    "electronics": Decimal("0.30"),
    "clothing": Decimal("0.30"),
    "home_&_garden": Decimal("0.30"),
    "home_&_kitchen": Decimal("0.30"),
    "furniture": Decimal("0.30"),
    "sports_&_fitness": Decimal("0.30"),
}
DEFAULT_MARGIN_RATE = Decimal("0.30")

ORDER_STATUSES: dict[str, bool] = {
    "pending": True,
    "confirmed": True,
    "processing": True,
    "shipped": True,
    "delivered": True,
    "completed": True,
    "cancelled": False,
    "returned": False,
    "refunded": False,
    "failed": False,
}

PAYMENT_METHODS = frozenset(
    {"credit_card", "debit_card", "paypal", "apple_pay", "google_pay", "bank_transfer"}
)
SHIPPING_METHODS = frozenset({"standard", "ground", "express", "priority", "overnight"})

# (label, at least this much spent in USD, and at least this many orders), best first.
CUSTOMER_SEGMENTS: tuple[tuple[str, Decimal, int], ...] = (
    ("VIP", Decimal(1000), 5),
    ("High Value", Decimal(500), 3),
    ("Medium Value", Decimal(200), 2),
    ("Low Value", Decimal(0), 0),
)
PRODUCT_PERFORMANCE: tuple[tuple[str, Decimal, int], ...] = (
    ("Star", Decimal(5000), 20),
    ("High Performer", Decimal(2000), 10),
    ("Medium Performer", Decimal(500), 5),
    ("Low Performer", Decimal(0), 0),
)

# (label, scores of recency from and to, of frequency and money from and to), as they are tried.
RFM_SEGMENTS: tuple[tuple[str, tuple[int, int], tuple[int, int]], ...] = (
    ("Champions", (5, 5), (4, 5)),
    ("Loyal", (3, 4), (4, 5)),
    ("Potential Loyalists", (4, 5), (2, 3)),
    ("New Customers", (5, 5), (1, 1)),
    ("Promising", (4, 4), (1, 1)),
    ("Need Attention", (3, 3), (3, 3)),
    ("About to Sleep", (3, 3), (1, 2)),
    ("Cannot Lose", (1, 1), (5, 5)),
    ("At Risk", (1, 2), (3, 5)),
    ("Hibernating", (1, 2), (1, 2)),
)
AFFINITY_MIN_CUSTOMERS = 2
AFFINITY_MAX_PRODUCTS = 50

SEVERITY_WEIGHTS: dict[str, int] = {"HIGH": 25, "MEDIUM": 10, "LOW": 3}
