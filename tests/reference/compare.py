"""Compares expected tables with actual ones, as multisets of rows."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

Rows = Sequence[Mapping[str, object]]

_LANDED = ("_batch_id", "_source_file", "_row_number")
_KEYS: dict[str, tuple[str, ...]] = {
    "marts.orders_enriched": ("order_id",),
    "marts.customer_analytics": ("customer_id",),
    "marts.product_analytics": ("product_id",),
    "marts.analytics_summary": ("report_date",),
    "marts.seasonal_analysis": ("season_year", "season"),
    "marts.segment_analysis": ("customer_segment",),
    "marts.category_analysis": ("category",),
    "marts.inventory_movements": ("product_id", "warehouse", "batch_date"),
    "marts.daily_sales": ("order_date",),
    "marts.customer_rfm": ("customer_id",),
    "marts.cohort_retention": ("cohort_month", "month_number"),
    "marts.product_affinity": ("product_id_a", "product_id_b"),
    "marts.delivery_performance": ("delivery_month", "carrier", "shipping_method"),
    "ops.validation_results": ("batch_id", "rule_id"),
    "ops.batch_reconciliation": ("batch_id", "feed"),
    "ops.batch_metrics": ("batch_id", "feed", "metric"),
    "ops.metric_anomalies": ("batch_id", "feed", "metric"),
}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _is_map(value: object) -> bool:
    """A dict, or Arrow's form of a map: a list of (key, value) tuples."""
    if isinstance(value, dict):
        return True
    return isinstance(value, list) and all(
        isinstance(item, tuple) and len(item) == 2 for item in value
    )


def _naive(value: datetime) -> datetime:
    return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)


def same(expected: object, actual: object, rel_tol: float = 1e-9) -> bool:
    """Are two values equal, by the rules of the README?"""
    if expected is None or actual is None:
        return expected is actual
    if _is_number(expected) and _is_number(actual):
        if isinstance(expected, float):
            return math.isclose(expected, float(str(actual)), rel_tol=rel_tol, abs_tol=1e-12)
        if isinstance(actual, float) and not math.isfinite(actual):
            return False
        return abs(Decimal(str(expected)) - Decimal(str(actual))) <= Decimal("1e-9")
    if isinstance(expected, datetime) and isinstance(actual, datetime):
        return _naive(expected) == _naive(actual)
    if isinstance(expected, dict):
        if not _is_map(actual):
            return False
        other = dict(actual)  # type: ignore[call-overload]
        return expected.keys() == other.keys() and all(
            same(value, other[key], rel_tol) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(actual, list)
            and len(expected) == len(actual)
            and all(same(one, two, rel_tol) for one, two in zip(expected, actual, strict=True))
        )
    return type(expected) is type(actual) and expected == actual


def _freeze(value: object) -> Hashable:
    """A hashable form: values that `same` calls equal without tolerance freeze equally."""
    if value is None or type(value) in (str, int, Decimal, float, date):
        return value
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, datetime):
        return ("datetime", _naive(value))
    if value and _is_map(value):
        items = dict(value).items()  # type: ignore[call-overload]
        return ("map", tuple(sorted(((str(k), repr(v)) for k, v in items))))
    if isinstance(value, list | tuple):
        return ("list", tuple(_freeze(item) for item in value))
    if isinstance(value, dict):
        return ("map", ())
    if isinstance(value, Hashable):
        return value
    return repr(value)


def _key_columns(table: str, columns: list[str], rows: Rows) -> list[str]:
    if table.startswith("targets."):
        wanted: tuple[str, ...] = ("record_key", "effective_date")
    elif table.startswith(("landing.", "staging.")):
        wanted = _LANDED
    else:
        wanted = _KEYS.get(table, ())
    keys = [name for name in wanted if name in columns]
    return keys or [
        name for name in columns if not any(isinstance(row.get(name), float) for row in rows)
    ]


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:197] + "..."


def _table(table: str, expected: Rows, actual: Rows, rel_tol: float) -> list[str]:
    lines: list[str] = []
    columns = list(dict.fromkeys(name for row in expected for name in row))
    if actual:
        there = {name for row in actual for name in row}
        for name in [name for name in columns if name not in there]:
            lines.append(f"{table}: column {name} is missing")
            columns.remove(name)
    if len(expected) != len(actual):
        lines.append(f"{table}: expected {len(expected)} rows, actual {len(actual)}")
    key_columns = _key_columns(table, columns, expected)

    # Identical rows cancel out first; what is left is paired by key.
    waiting: dict[Hashable, list[Mapping[str, object]]] = defaultdict(list)
    for row in actual:
        waiting[tuple(_freeze(row.get(name)) for name in columns)].append(row)
    missing: list[Mapping[str, object]] = []
    for row in expected:
        twins = waiting.get(tuple(_freeze(row.get(name)) for name in columns))
        if twins:
            twins.pop()
        else:
            missing.append(row)
    groups: dict[Hashable, list[Mapping[str, object]]] = defaultdict(list)
    for rows in waiting.values():
        for row in rows:
            groups[tuple(_freeze(row.get(name)) for name in key_columns)].append(row)

    def differing(one: Mapping[str, object], two: Mapping[str, object]) -> list[str]:
        return [name for name in columns if not same(one.get(name), two.get(name), rel_tol)]

    def where(row: Mapping[str, object]) -> str:
        names = key_columns or list(row)[:6]
        return f"{table} [{', '.join(f'{name}={_show(row.get(name))}' for name in names)}]"

    unmatched: list[Mapping[str, object]] = []
    for row in missing:
        candidates = groups[tuple(_freeze(row.get(name)) for name in key_columns)]
        # Bounded, so that a table whose keys are all alike does not take for ever.
        match = next((two for two in candidates[:1000] if not differing(row, two)), None)
        if match is None:
            unmatched.append(row)
        else:
            candidates.remove(match)
    for row in unmatched:
        candidates = groups[tuple(_freeze(row.get(name)) for name in key_columns)]
        if not candidates:
            lines.append(f"{where(row)}: row is missing")
            continue
        best = min(candidates[:50], key=lambda two: len(differing(row, two)))
        candidates.remove(best)
        for name in differing(row, best):
            lines.append(
                f"{where(row)} {name}: expected {_show(row.get(name))},"
                f" actual {_show(best.get(name))}"
            )
    for rows in groups.values():
        lines += [f"{where(row)}: row is unexpected" for row in rows]
    return lines


def differences(
    expected: Mapping[str, Rows],
    actual: Mapping[str, Rows],
    limit: int = 20,
    rel_tol: float = 1e-9,
) -> list[str]:
    """One readable line per difference, at most `limit` a table (then one that counts the rest).

    Only the tables and columns named in `expected` are looked at.
    """
    lines: list[str] = []
    for table, rows in expected.items():
        if table not in actual:
            lines.append(f"{table}: table is missing")
            continue
        found = _table(table, rows, actual[table], rel_tol)
        lines += found[:limit]
        if len(found) > limit:
            lines.append(f"{table}: ... and {len(found) - limit} more differences")
    return lines
