"""What commands tell with --json: one document on standard output, for programs.

Names are those of the tables and of the terminal's columns. Personal data stays out.
"""

import json
from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any

from ingest.batches.error_rows import ErrorRow
from ingest.batches.ledger import Landing, Reconciliation
from ingest.overview import Report, Status
from ingest.pipeline import Run


def json_text(document: dict[str, Any]) -> str:
    """A document as JSON; dates and times in ISO 8601, times in UTC."""
    return json.dumps(document, default=_plain, ensure_ascii=False, indent=2)


def _plain(value: object) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def status_document(status: Status) -> dict[str, Any]:
    """What `status` shows: every landing, the triggers that did not land, and anomalies."""
    ordered = sorted(status.landings, key=lambda item: (item.batch_date, item.number))
    triggers = [
        {"trigger_file": item.name, "state": item.state, "since": item.since, "reason": item.reason}
        for item in status.waiting
    ]
    triggers += [
        {
            "trigger_file": item.name,
            "state": item.status.lower(),
            "since": f"{item.since:%Y-%m-%d %H:%M}",
            "reason": item.reason,
        }
        for item in status.rejected
    ]
    return {
        "batches": [_batch(landing, status.results.get(landing.number)) for landing in ordered],
        "triggers": triggers,
        "anomalies": [dict(vars(anomaly)) for anomaly in status.anomalies],
    }


def report_document(report: Report) -> dict[str, Any]:
    """What `report` shows: triggers of a run, failed rules, anomalies, what is still to apply."""
    return {
        "triggers": [dict(vars(result)) for result in report.taken],
        "failed_rules": [dict(vars(rule)) for rule in report.failed_rules],
        "anomalies": [dict(vars(anomaly)) for anomaly in report.anomalies],
        "pending_batches": [
            {"batch_id": item.batch_id, "batch_date": item.batch_date} for item in report.pending
        ],
        "is_withdrawal_open": report.is_withdrawal_open,
    }


def errors_document(rows: Sequence[ErrorRow]) -> dict[str, Any]:
    """What `errors` shows, of all rows; without what the rows say."""
    shown = [dict(vars(row)) for row in rows]
    for row in shown:
        # Personal data.
        del row["raw_record"]
    return {"errors": shown}


def run_document(run: Run) -> dict[str, Any]:
    """What a run did: its looks at triggers, the batches that it built, what it left."""
    return {
        "triggers": [
            {
                "trigger_file": result.name,
                "batch_id": result.batch_id,
                "batch_date": result.batch_date,
                "status": result.outcome,
                "message": result.message,
                "warnings": result.warnings,
                "seconds": result.seconds,
            }
            for result in run.taken
        ],
        "builds": [
            {
                "batch": _batch(build.landing, build.reconciliation) if build.landing else None,
                "success": build.result.success,
                "failures": [
                    {"node": name, "reason": reason} for name, reason in build.result.failures
                ],
                "seconds": build.seconds,
            }
            for build in run.builds
        ],
        "leftovers": [dict(vars(leftover)) for leftover in run.leftovers],
    }


def _batch(landing: Landing, result: Reconciliation | None) -> dict[str, Any]:
    """A landing and, when it is applied, its results; else NULL in their place."""
    return {
        "batch_id": landing.batch_id,
        "batch_date": landing.batch_date,
        "trigger_file": landing.trigger_file,
        "state": landing.state,
        "rows": sum(file.file_rows for file in landing.files),
        "valid_rows": result.valid_rows if result else None,
        "quarantined_rows": result.quarantined_rows if result else None,
        "score": result.score if result else None,
        "status": result.status if result else None,
    }
