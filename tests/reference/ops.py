"""Sections 4 (scores) and 8: validation results and reconciliation of one batch."""

from __future__ import annotations

from collections import Counter

from . import seeds
from .contract import FEEDS, Row
from .cross import CROSS_RULES, Known
from .reader import Batch
from .rules import ROW_RULES, Rule, is_quarantined
from .scd2 import Targets


def _result(batch: Batch, rule: Rule, checked: int, failed: int) -> Row:
    failure = "FAIL" if rule.severity == "HIGH" else "WARN"
    return {
        "batch_id": batch.batch_id,
        "batch_date": batch.batch_date,
        "rule_id": rule.rule_id,
        "feed": rule.feed,
        "declared_severity": rule.severity,
        "severity": rule.severity if failed else "NONE",
        "checked_records": checked,
        "failed_records": failed,
        "score": 100.0 * (1 - failed / checked) if checked else 100.0,
        "status": failure if failed else "PASS",
    }


def validation_results(
    batch: Batch, base: dict[str, list[Row]], stg: dict[str, list[Row]], targets: Targets
) -> list[Row]:
    """One row per rule, passes and feeds that the batch does not name included."""
    results: list[Row] = []
    for feed in FEEDS:
        failures = Counter(rule_id for row in base[feed] for rule_id in row["failed_rules"])
        for rule in ROW_RULES[feed]:
            results.append(_result(batch, rule, len(base[feed]), failures[rule.rule_id]))
    known = Known(targets)
    for rule, check in CROSS_RULES:
        failed = sum(check(row, known) for row in stg[rule.feed])
        results.append(_result(batch, rule, len(stg[rule.feed]), failed))
    return results


def reconciliation(
    batch: Batch, base: dict[str, list[Row]], stg: dict[str, list[Row]], results: list[Row]
) -> list[Row]:
    """Five rows: the counts of each feed, and the score and status of the whole batch."""
    penalty = sum(
        seeds.SEVERITY_WEIGHTS[row["declared_severity"]]
        * row["failed_records"]
        / row["checked_records"]
        for row in results
        if row["checked_records"]
    )
    status = "FAIL" if any(row["status"] == "FAIL" for row in results) else "PASS"
    rows: list[Row] = []
    for feed in FEEDS:
        landed = len(batch.landed[feed])
        valid = len(stg[feed])
        quarantined = sum(is_quarantined(row) for row in base[feed])
        rows.append(
            {
                "batch_id": batch.batch_id,
                "batch_date": batch.batch_date,
                "feed": feed,
                "file_rows": landed,
                "landed_rows": landed,
                "valid_rows": valid,
                "quarantined_rows": quarantined,
                "is_balanced": landed == valid + quarantined,
                "batch_score": max(0.0, 100.0 - penalty),
                "batch_status": status,
            }
        )
    return rows
