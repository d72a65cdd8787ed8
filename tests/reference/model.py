"""What every table must hold after a clean run over all batches of a feed root."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from . import marts, metrics, ops, shop
from .contract import FEEDS, Row
from .derive import stg_row
from .reader import read_batches
from .rules import base_rows, error_row, is_quarantined
from .scd2 import Target, Targets

MARTS = (
    "orders_enriched",
    "customer_analytics",
    "product_analytics",
    "analytics_summary",
    "seasonal_analysis",
    "segment_analysis",
    "category_analysis",
    "inventory_movements",
    "daily_sales",
    "customer_rfm",
    "cohort_retention",
    "product_affinity",
    "delivery_performance",
)


def expected(
    root: Path, triggers: list[Path] | None = None, withdrawn: Collection[Path] = ()
) -> dict[str, list[dict[str, object]]]:
    """Every table of section 3 as rows; keys are "<schema suffix>.<table>".

    `triggers` is the order of arrival (default: all of `triggers/source`); of several triggers
    for one batch_date the last is in effect, while landing keeps the rows of all. Of those that are
    `withdrawn` it keeps the rows, and no other table knows of them.
    """
    tables: dict[str, list[Row]] = {}
    for feed in FEEDS:
        tables[f"landing.{feed}"] = []
        for name in (f"base_{feed}", f"stg_{feed}", f"{feed}_errors"):
            tables[f"staging.{name}"] = []
        tables[f"targets.{feed}_target"] = []
    for name in MARTS:
        tables[f"marts.{name}"] = []
    tables["ops.validation_results"] = []
    tables["ops.batch_reconciliation"] = []
    tables["ops.batch_metrics"] = []
    tables["ops.metric_anomalies"] = []

    tables["marts.segment_analysis"] = marts.segment_analysis([])

    landed, effective = read_batches(root, triggers, withdrawn)
    for batch in landed:
        for feed in FEEDS:
            tables[f"landing.{feed}"] += batch.landed[feed]

    targets: Targets = {feed: Target(feed) for feed in FEEDS}
    history: list[list[Row]] = []
    for batch in effective:
        day = batch.batch_date
        base: dict[str, list[Row]] = {}
        stg: dict[str, list[Row]] = {}
        for feed in FEEDS:
            base[feed] = base_rows(feed, batch.landed[feed], day)
            good = [row for row in base[feed] if not is_quarantined(row)]
            bad = [row for row in base[feed] if is_quarantined(row)]
            stg[feed] = [stg_row(feed, row, day) for row in good]
            tables[f"staging.base_{feed}"] = base[feed]
            tables[f"staging.stg_{feed}"] = stg[feed]
            valid_keys = {row["record_key"] for row in good}
            for earlier in tables[f"staging.{feed}_errors"]:
                if earlier["resolved_by_batch_id"] is None and earlier["record_key"] in valid_keys:
                    earlier["resolved_by_batch_id"] = batch.batch_id
            tables[f"staging.{feed}_errors"] += [error_row(row) for row in bad]
            seen = {row["record_key"] for row in base[feed] if row["record_key"] is not None}
            targets[feed].apply(stg[feed], seen, day, feed in batch.full_feeds)
        results = ops.validation_results(batch, base, stg, targets)
        tables["ops.validation_results"] += results
        tables["ops.batch_reconciliation"] += ops.reconciliation(batch, base, stg, results)
        history.append(metrics.batch_metrics(batch, base, targets))
        tables["ops.batch_metrics"] += history[-1]
        tables["ops.metric_anomalies"] += metrics.metric_anomalies(history)
        known = marts.sales(targets)
        revenue = [sale for sale in known if sale.counts]
        tables["marts.analytics_summary"].append(marts.analytics_summary(revenue, day))
        if batch is effective[-1]:
            customers = marts.customer_analytics(revenue, targets, day)
            tables["marts.orders_enriched"] = marts.orders_enriched(known, targets)
            tables["marts.customer_analytics"] = customers
            tables["marts.product_analytics"] = marts.product_analytics(revenue, targets, day)
            tables["marts.seasonal_analysis"] = marts.seasonal_analysis(revenue)
            tables["marts.segment_analysis"] = marts.segment_analysis(customers)
            tables["marts.category_analysis"] = marts.category_analysis(revenue, targets)
            tables["marts.inventory_movements"] = marts.inventory_movements(targets)
            tables["marts.daily_sales"] = shop.daily_sales(revenue)
            tables["marts.customer_rfm"] = shop.customer_rfm(revenue, targets, day)
            tables["marts.cohort_retention"] = shop.cohort_retention(revenue, targets, day)
            tables["marts.product_affinity"] = shop.product_affinity(revenue, targets)
            tables["marts.delivery_performance"] = shop.delivery_performance(targets)
    for feed in FEEDS:
        tables[f"targets.{feed}_target"] = targets[feed].rows()
    return tables
