"""Small batches written by hand, and the whole content of a warehouse's schema."""

import csv
import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from pyspark.sql import SparkSession

from ingest.catalog import tables_in
from ingest.config import SUFFIXES

# Columns that tell when something ran: they differ from run to run.
CLOCK_COLUMNS = {"_landed_at", "landed_at", "recorded_at", "validated_at", "invocation_id"}


def write_batch(
    root: Path,
    day: date,
    trigger_id: str,
    feeds: Mapping[str, Iterable[Mapping[str, str]]],
    load_types: Mapping[str, str] | None = None,
    **trigger: object,
) -> Path:
    """Write the CSV files of a batch and its trigger.

    Args:
        root: Feed root; folders are made as needed.
        day: Business date.
        trigger_id: Id of the batch.
        feeds: Rows by feed; the first row's keys are the header.
        load_types: Load type by feed, where it is to be declared.
        **trigger: More fields of the trigger.

    Returns:
        The trigger's path.
    """
    stamp = day.isoformat().replace("-", "_")
    names = {feed: f"{feed}_{stamp}.csv" for feed in feeds}
    for feed, rows in feeds.items():
        folder = root / f"{feed}_data" / "source"
        folder.mkdir(parents=True, exist_ok=True)
        lines = list(rows)
        with (folder / names[feed]).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)
    content = {
        "trigger_id": trigger_id,
        "batch_date": day.isoformat(),
        "expected_files": list(names.values()),
        **trigger,
    }
    if load_types:
        content["files"] = [
            {"name": names[feed], "load_type": kind} for feed, kind in load_types.items()
        ]
    folder = root / "triggers" / "source"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"trigger_{stamp}.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def tables(spark: SparkSession, schema: str) -> dict[str, list[dict[str, object]]]:
    """Rows of every table of the five schemas that are there, by `<suffix>.<table>`."""
    return {
        f"{suffix}.{name}": spark.table(f"{schema}_{suffix}.{name}").toArrow().to_pylist()
        for suffix in SUFFIXES
        if spark.catalog.databaseExists(f"{schema}_{suffix}")
        for name in tables_in(spark, f"{schema}_{suffix}")
    }


# Apache Spark's, for so few rows: plans are interpreted, and made once, since to compile them or to
# plan again after each stage costs more than it saves.
FEW_ROWS = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
}


def configure(spark: SparkSession, settings: Mapping[str, str]) -> None:
    """Set a session's settings."""
    for name, value in settings.items():
        spark.conf.set(name, value)


def timeless(content: dict[str, list[dict[str, object]]]) -> dict[str, list[str]]:
    """Content without clock columns and without the append-only log, in an order of its own."""
    return {
        name: sorted(
            repr({key: value for key, value in row.items() if key not in CLOCK_COLUMNS})
            for row in rows
        )
        for name, rows in content.items()
        if name != "ops.processing_log"
    }
