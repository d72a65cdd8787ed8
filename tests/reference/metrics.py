"""Section 10, operations tables: what is measured in each batch, and what is odd about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from statistics import median

from . import seeds
from .contract import COLUMNS, FEEDS, Row
from .derive import to_usd
from .reader import Batch
from .rules import is_quarantined
from .scd2 import Target, Targets
from .typing_ import code

# Section 4: the columns for whose NULL a rule quarantines the row.
_NEVER_NULL: dict[str, frozenset[str]] = {
    "orders": frozenset(
        {"order_id", "customer_id", "product_id", "order_date", "order_amount", "currency"}
    ),
    "customers": frozenset({"customer_id", "email", "phone"}),
    "products": frozenset(
        {"product_id", "category", "price", "currency", "stock_quantity", "launch_date"}
    ),
    "inventory": frozenset({"product_id", "warehouse_location", "stock_quantity"}),
    "shipping": frozenset({"order_id", "shipping_cost", "package_weight", "currency"}),
}
BATCHES_BEFORE = 28
MIN_BATCHES = 7
THRESHOLD = 5.0


def _pct(part: int, whole: int) -> float | None:
    return 100.0 * part / whole if whole else None


def _orders(valid: list[Row]) -> Row:
    revenue: list[Decimal] = []
    cancelled = 0
    for row in valid:
        status = None if row["order_status"] is None else code(row["order_status"])
        cancelled += status == "cancelled"
        if status is None or seeds.ORDER_STATUSES.get(status, True):
            revenue.append(to_usd(row["order_amount"], row["currency"]))
    total = sum(revenue, Decimal(0))
    return {
        "revenue_usd": float(total),
        "avg_order_value_usd": float(total / len(revenue)) if revenue else None,
        "cancelled_pct": _pct(cancelled, len(valid)),
    }


def _shipping(valid: list[Row]) -> Row:
    delivered = [row for row in valid if row["actual_delivery"] is not None]
    on_time = [
        row
        for row in delivered
        if row["estimated_delivery"] is not None
        and row["actual_delivery"] <= row["estimated_delivery"]
    ]
    return {"on_time_pct": _pct(len(on_time), len(delivered))}


def _inventory(valid: list[Row]) -> Row:
    return {"total_stock": float(sum(row["stock_quantity"] for row in valid))}


_OWN: dict[str, Callable[[list[Row]], Row]] = {
    "orders": _orders,
    "shipping": _shipping,
    "inventory": _inventory,
}


def _keys(target: Target, day: date) -> Row:
    """What the batch of the day did to the keys; it is the last that was applied."""
    new = changed = closed = 0
    for versions in target.versions.values():
        if versions[-1]["effective_date"] == day:
            new += len(versions) == 1
            changed += len(versions) > 1
        else:
            closed += versions[-1]["expiry_date"] == day
    return {"new_keys": float(new), "changed_keys": float(changed), "closed_keys": float(closed)}


def nullable_columns(feed: str) -> list[str]:
    """The contract columns of a feed that may be NULL in a valid row."""
    return [column for column in COLUMNS[feed] if column not in _NEVER_NULL[feed]]


def feed_metrics(feed: str, base: list[Row], target: Target, day: date) -> Row:
    """Values by metric of a feed that the batch names."""
    valid = [row for row in base if not is_quarantined(row)]
    keys = {row["record_key"] for row in base if row["_raw_line"] is None}
    own: Row = _OWN[feed](valid) if feed in _OWN else {}
    return {
        "rows": float(len(base)),
        "valid_rows": float(len(valid)),
        "quarantined_pct": _pct(len(base) - len(valid), len(base)),
        "distinct_keys": float(len(keys - {None})),
        **_keys(target, day),
        **{
            f"null_pct:{column}": _pct(sum(row[column] is None for row in valid), len(valid))
            for column in nullable_columns(feed)
        },
        **own,
    }


def batch_metrics(batch: Batch, base: dict[str, list[Row]], targets: Targets) -> list[Row]:
    """Every metric of every feed, once the targets hold the batch; NULL for a feed not named."""
    named = {name.split("_")[0] for name, _ in batch.content}
    return [
        {
            "batch_id": batch.batch_id,
            "batch_date": batch.batch_date,
            "feed": feed,
            "metric": metric,
            "value": value if feed in named else None,
        }
        for feed in FEEDS
        for metric, value in feed_metrics(feed, base[feed], targets[feed], batch.batch_date).items()
    ]


def _smallest_step(metric: str, expected: float, rows: float) -> float:
    if "_pct" in metric:
        return max(200 / rows, 0.5)
    if metric.endswith("_usd"):
        return 0.01
    return max(abs(expected) ** 0.5 / 2, 1.0)


def judge(
    metric: str, value: float, before: Sequence[float], rows: float
) -> tuple[float, float, float]:
    """Expected value, spread and score of a value; `rows` are those of the feed in this batch."""
    expected = median(before)
    deviation = median(abs(earlier - expected) for earlier in before)
    spread = max(1.4826 * deviation, 0.02 * abs(expected), _smallest_step(metric, expected, rows))
    return expected, spread, (value - expected) / spread


def metric_anomalies(history: Sequence[list[Row]]) -> list[Row]:
    """The last batch of a history judged by those before it.

    Args:
        history: Rows of `batch_metrics` by batch, oldest batch first.
    """
    *earlier_batches, this_batch = history[-BATCHES_BEFORE - 1 :]
    before: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in (row for batch in earlier_batches for row in batch):
        if row["value"] is not None:
            before[row["feed"], row["metric"]].append(row["value"])
    rows_of = {row["feed"]: row["value"] for row in this_batch if row["metric"] == "rows"}
    judged: list[Row] = []
    for row in this_batch:
        feed, metric, value = row["feed"], row["metric"], row["value"]
        values = before[feed, metric]
        is_missing = value is None and metric == "rows" and len(values) == len(earlier_batches)
        if len(values) < MIN_BATCHES or (value is None and not is_missing):
            continue
        value = 0.0 if is_missing else value
        expected, spread, score = judge(metric, value, values, rows_of[feed] or 0.0)
        is_anomaly = is_missing or abs(score) > THRESHOLD
        direction = "low" if is_missing or score < 0 else "high"
        judged.append(
            {
                **row,
                "value": value,
                "expected": expected,
                "spread": spread,
                "score": score,
                "is_anomaly": is_anomaly,
                "direction": direction if is_anomaly else None,
            }
        )
    return judged
