"""Section 10: what the shop wants to know, from the revenue orders known after a batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from . import seeds
from .contract import Row
from .derive import to_usd
from .marts import Sale, Totals, ratio
from .scd2 import Targets
from .typing_ import code

NOTHING = Decimal("0.00")


def _customer(sale: Sale) -> str:
    customer_id: str = sale.order["customer_id"]
    return customer_id


def _day(sale: Sale) -> date:
    day: date = sale.order["order_date"]
    return day


def _of_known_customers(revenue: Iterable[Sale], targets: Targets) -> dict[str, list[Sale]]:
    """The orders of each known customer that has some."""
    orders: dict[str, list[Sale]] = defaultdict(list)
    for sale in revenue:
        if targets["customers"].current(_customer(sale)) is not None:
            orders[_customer(sale)].append(sale)
    return orders


def _share(part: int, whole: int) -> float | None:
    return ratio(100 * part, whole)


def daily_sales(revenue: list[Sale]) -> list[Row]:
    """Each day from the first revenue order's to the last one's, whoever ordered."""
    if not revenue:
        return []
    days: dict[date, Totals] = defaultdict(Totals)
    first_seen: dict[str, date] = {}
    for sale in revenue:
        days[_day(sale)].add(sale)
        first_seen[_customer(sale)] = min(_day(sale), first_seen.get(_customer(sale), _day(sale)))
    last = max(days)
    day = min(days)
    so_far: list[Decimal] = []
    rows: list[Row] = []
    while day <= last:
        totals = days.get(day, Totals())
        new = sum(first_seen[customer] == day for customer in totals.customers)
        so_far.append(totals.revenue)
        week = so_far[-7:]
        rows.append(
            {
                "order_date": day,
                "orders_count": totals.orders,
                "revenue": totals.revenue,
                "profit": totals.profit,
                "avg_order_value": totals.average,
                "unique_customers": len(totals.customers),
                "new_customers": new,
                "returning_customers": len(totals.customers) - new,
                "revenue_7d_avg": ratio(sum(week, NOTHING), len(week)),
                "revenue_cumulative": sum(so_far, NOTHING),
            }
        )
        day += timedelta(days=1)
    return rows


def _scores(values: dict[str, Decimal]) -> dict[str, int]:
    """ceil(5 x the share of customers with this value or a lower one), in whole numbers."""
    count = len(values)
    at_most: dict[Decimal, int] = {}
    for position, value in enumerate(sorted(values.values()), start=1):
        at_most[value] = position
    return {key: -(-5 * at_most[value] // count) for key, value in values.items()}


def _rfm_segment(r_score: int, fm_score: int) -> str:
    return next(
        (
            label
            for label, (r_least, r_most), (fm_least, fm_most) in seeds.RFM_SEGMENTS
            if r_least <= r_score <= r_most and fm_least <= fm_score <= fm_most
        ),
        "Unknown",
    )


def customer_rfm(revenue: list[Sale], targets: Targets, today: date) -> list[Row]:
    """The known customers with revenue orders, scored among each other."""
    totals: dict[str, Totals] = {}
    for customer, orders in _of_known_customers(revenue, targets).items():
        totals[customer] = Totals()
        for sale in orders:
            totals[customer].add(sale)
    idle = {key: (today - each.last).days for key, each in totals.items() if each.last}
    r_scores = _scores({key: Decimal(-days) for key, days in idle.items()})
    f_scores = _scores({key: Decimal(each.orders) for key, each in totals.items()})
    m_scores = _scores({key: each.revenue for key, each in totals.items()})
    rows: list[Row] = []
    for key, each in totals.items():
        both = f_scores[key] + m_scores[key]
        fm_score = both // 2 + both % 2
        rows.append(
            {
                "customer_id": key,
                "recency_days": idle[key],
                "frequency": each.orders,
                "monetary": each.revenue,
                "r_score": r_scores[key],
                "f_score": f_scores[key],
                "m_score": m_scores[key],
                "fm_score": fm_score,
                "rfm_segment": _rfm_segment(r_scores[key], fm_score),
            }
        )
    return rows


def _next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def cohort_retention(revenue: list[Sale], targets: Targets, today: date) -> list[Row]:
    """Per month of the customers' first revenue order, each month up to today's."""
    members: dict[date, list[list[Sale]]] = defaultdict(list)
    for orders in _of_known_customers(revenue, targets).values():
        members[min(map(_day, orders)).replace(day=1)].append(orders)
    rows: list[Row] = []
    for cohort_month, cohort in members.items():
        spent = NOTHING
        month, number = cohort_month, 0
        while month <= today:
            bought = [
                [sale.amount for sale in orders if _day(sale).replace(day=1) == month]
                for orders in cohort
            ]
            active = sum(amounts != [] for amounts in bought)
            earned = sum((sum(amounts, NOTHING) for amounts in bought), NOTHING)
            spent += earned
            rows.append(
                {
                    "cohort_month": cohort_month,
                    "month_number": number,
                    "cohort_size": len(cohort),
                    "active_customers": active,
                    "retention_pct": _share(active, len(cohort)),
                    "cohort_revenue": earned,
                    "cumulative_revenue_per_customer": ratio(spent, len(cohort)),
                }
            )
            month, number = _next_month(month), number + 1
    return rows


def _basket(orders: list[Sale], targets: Targets) -> list[str]:
    """The known products that a customer bought, last bought first, capped."""
    last_bought: dict[str, date] = {}
    for sale in orders:
        product: str = sale.order["product_id"]
        if targets["products"].current(product) is not None:
            last_bought[product] = max(_day(sale), last_bought.get(product, _day(sale)))
    order = sorted(last_bought, key=lambda each: (-last_bought[each].toordinal(), each))
    return order[: seeds.AFFINITY_MAX_PRODUCTS]


def product_affinity(revenue: list[Sale], targets: Targets) -> list[Row]:
    """Pairs of known products that enough known customers bought both."""
    customers = _of_known_customers(revenue, targets)
    buyers: dict[str, set[str]] = defaultdict(set)
    for customer, orders in customers.items():
        for product in _basket(orders, targets):
            buyers[product].add(customer)
    rows: list[Row] = []
    products = sorted(buyers)
    for position, one in enumerate(products):
        for two in products[position + 1 :]:
            both = len(buyers[one] & buyers[two])
            if both < seeds.AFFINITY_MIN_CUSTOMERS:
                continue
            a, b = len(buyers[one]), len(buyers[two])
            rows.append(
                {
                    "product_id_a": one,
                    "product_id_b": two,
                    "customers_both": both,
                    "customers_a": a,
                    "customers_b": b,
                    "support_pct": _share(both, len(customers)),
                    "confidence_a_to_b_pct": _share(both, a),
                    "confidence_b_to_a_pct": _share(both, b),
                    "lift": ratio(both * len(customers), a * b),
                }
            )
    return rows


def percentile(values: list[int], share: Fraction) -> float | None:
    """Exact, linear between the two values around the place; None of nothing."""
    if not values:
        return None
    values = sorted(values)
    place = (len(values) - 1) * share
    below = place.numerator // place.denominator
    above = min(below + 1, len(values) - 1)
    return float(values[below] + (place - below) * (values[above] - values[below]))


def delivery_performance(targets: Targets) -> list[Row]:
    """Known shipments by month of the estimate, carrier and method."""
    groups: dict[tuple[date | None, str, str], list[Row]] = defaultdict(list)
    for shipment in targets["shipping"].currents():
        estimate: date | None = shipment["estimated_delivery"]
        month = None if estimate is None else estimate.replace(day=1)
        carrier, method = (
            "unknown" if shipment[name] is None else code(shipment[name])
            for name in ("carrier", "shipping_method")
        )
        groups[month, carrier, method].append(shipment)
    rows: list[Row] = []
    for (month, carrier, method), shipments in groups.items():
        delivered = [each for each in shipments if each["actual_delivery"] is not None]
        on_time = [
            each
            for each in delivered
            if each["estimated_delivery"] is not None
            and each["actual_delivery"] <= each["estimated_delivery"]
        ]
        days = [each["delivery_days"] for each in delivered if each["delivery_days"] is not None]
        cost = sum((to_usd(each["shipping_cost"], each["currency"]) for each in shipments), NOTHING)
        rows.append(
            {
                "delivery_month": month,
                "carrier": carrier,
                "shipping_method": method,
                "shipments_count": len(shipments),
                "delivered_count": len(delivered),
                "on_time_count": len(on_time),
                "on_time_pct": _share(len(on_time), len(delivered)),
                "avg_delivery_days": ratio(sum(days), len(days)),
                "p90_delivery_days": percentile(days, Fraction(9, 10)),
                "avg_cost_usd": ratio(cost, len(shipments)),
            }
        )
    return rows
