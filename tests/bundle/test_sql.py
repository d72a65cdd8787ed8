"""The SQL of alerts and dashboards, run on the local engine over a real batch."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession
from support.stack import deliver_day
from typer.testing import CliRunner

from bundle.bundle import load
from bundle.platform import MAX_BYTES
from ingest.batches.ledger import Ledger
from ingest.cli import app
from ingest.config import PROJECT_DIR, load_settings
from ingest.engines.local import LocalEngine

SCHEMA = "bundle"
DASHBOARDS = PROJECT_DIR / "resources" / "dashboards"
DAY = "2025_01_15"


@pytest.fixture(scope="module")
def applied(engine: LocalEngine, warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A batch of the sample, applied, and a trigger that was rejected."""
    root = tmp_path_factory.mktemp("feeds")
    sample = PROJECT_DIR / "data" / "sample"
    for path in sample.rglob(f"*{DAY}*"):
        to = root / path.relative_to(sample)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to)
    (root / "triggers" / "source" / "trigger_bad.json").write_text("{")
    arguments = ["run", "--root", str(root), "--warehouse", str(warehouse), "--schema", SCHEMA]

    result = CliRunner().invoke(app, arguments)

    # Rejected, the rest done.
    assert result.exit_code == 4, result.output


def alert_query(name: str) -> str:
    """An alert's query for this engine, which has one catalog."""
    bundle = load("prod")
    text: str = bundle["resources"]["alerts"][name]["query_text"]
    catalog, schema = bundle["var"]["catalog"], bundle["var"]["schema"]
    assert f"`{catalog}`.{schema}_ops." in text
    return text.replace(f"`{catalog}`.{schema}_", f"{SCHEMA}_")


def alert_value(spark: SparkSession, name: str) -> Any:
    """What the alert compares with its threshold: one row, the column that it names."""
    [row] = spark.sql(alert_query(name)).collect()
    source = load("prod")["resources"]["alerts"][name]["evaluation"]["source"]
    return row[source["name"]]


@pytest.mark.usefixtures("applied")
def test_alert_on_high_failures(spark: SparkSession) -> None:
    rows = spark.table(f"{SCHEMA}_ops.validation_results").collect()
    failed = [row for row in rows if row["declared_severity"] == "HIGH" and row["failed_records"]]
    [status] = {
        row["batch_status"] for row in spark.table(f"{SCHEMA}_ops.batch_reconciliation").collect()
    }

    assert alert_value(spark, "high_failures") == len(failed) > 0
    assert status == "FAIL"


@pytest.mark.usefixtures("applied")
def test_alert_on_anomalies(spark: SparkSession) -> None:
    assert alert_value(spark, "anomalies") == 0
    table = f"{SCHEMA}_ops.metric_anomalies"
    metrics = spark.table(f"{SCHEMA}_ops.batch_metrics")
    odd = metrics.selectExpr("batch_date", "metric in ('rows', 'new_keys') as is_anomaly")
    columns = [
        name if name in odd.columns else f"cast(null as {kind}) as {name}"
        for name, kind in spark.table(table).dtypes
    ]
    odd.selectExpr(*columns).write.insertInto(table)
    try:
        assert alert_value(spark, "anomalies") == 2 * 5
    finally:
        spark.sql(f"delete from {table} where true")


@pytest.mark.usefixtures("applied")
def test_alert_on_rejected_triggers(spark: SparkSession) -> None:
    assert alert_value(spark, "rejected_triggers") == 1


@pytest.mark.usefixtures("applied")
def test_alert_on_stale_data(spark: SparkSession) -> None:
    days = (datetime.now(UTC).date() - date(2025, 1, 15)).days

    # The day may have changed meanwhile.
    assert alert_value(spark, "stale_data") in (days, days + 1)


@pytest.fixture(scope="module")
def deployed(engine: LocalEngine, warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Schemas after the first run of `land`, as right after a deployment, when nothing came yet."""
    root = tmp_path_factory.mktemp("new")
    (root / "triggers" / "source").mkdir(parents=True)
    schema = "deployed"
    arguments = ["land", "--root", str(root), "--warehouse", str(warehouse), "--schema", schema]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return schema


@pytest.mark.parametrize("name", ["high_failures", "anomalies", "rejected_triggers", "stale_data"])
def test_alert_is_quiet_before_the_first_batch(
    name: str, deployed: str, spark: SparkSession
) -> None:
    query = alert_query(name).replace(f"{SCHEMA}_ops", f"{deployed}_ops")

    [[value]] = spark.sql(query).collect()

    assert not value


def to_apply(spark: SparkSession, schema: str) -> tuple[int, list[str]]:
    """What the query before the builds gives: number and dates of the batches to apply."""
    job = load("prod")["resources"]["jobs"]["batches"]
    [task] = [task["sql_task"] for task in job["tasks"] if "sql_task" in task]
    text = (PROJECT_DIR / "resources" / task["file"]["path"]).read_text()
    # This engine has one catalog.
    text = text.replace("`{{catalog}}`.", "")
    for name, value in task["parameters"].items():
        text = text.replace(f"{{{{{name}}}}}", value.replace("ecomm", schema, 1))
    rows = spark.sql(text).collect()
    # As many rows as the limit lets pass, as the platform hands them on.
    assert len(json.dumps([rows[0].asDict()])) * 500 < MAX_BYTES
    assert {row["batches"] for row in rows} == {rows[0]["batches"]}
    return rows[0]["batches"], [row["batch_date"] for row in rows if row["batch_date"]]


def test_batches_to_apply_are_those_that_ingest_would_build(
    warehouse: Path, spark: SparkSession, tmp_path: Path
) -> None:
    schema = "to_apply"
    settings = load_settings(root=tmp_path, warehouse=warehouse, schema_name=schema)

    def land(day: str | None = None) -> None:
        if day:
            deliver_day(tmp_path, day)
        arguments = ["land", "--root", str(tmp_path), "--warehouse", str(warehouse)]
        done = CliRunner().invoke(app, [*arguments, "--schema", schema])
        assert done.exit_code == 0, done.output

    def ledger() -> Ledger:
        return Ledger(spark, settings)

    def expected() -> tuple[int, list[str]]:
        dates = [str(landing.batch_date) for landing in ledger().read().to_apply()]
        return len(dates), dates

    (tmp_path / "triggers" / "source").mkdir(parents=True)
    land()
    assert to_apply(spark, schema) == expected() == (0, [])
    land("2025_01_16")
    assert to_apply(spark, schema) == expected() == (1, ["2025-01-16"])
    # As if dbt had applied it.
    columns = [field.name for field in spark.table(f"{schema}_ops.batch_reconciliation").schema]
    values = {"landing_number": "1", "batch_date": "date '2025-01-16'", "batch_id": "'b'"}
    row = ", ".join(f"{values.get(name, 'null')} as {name}" for name in columns)
    spark.sql(f"insert into {schema}_ops.batch_reconciliation select {row}")
    assert to_apply(spark, schema) == expected() == (0, [])
    # A late batch makes the one after it pending again.
    land("2025_01_15")
    assert to_apply(spark, schema) == expected() == (2, ["2025-01-15", "2025-01-16"])
    # Withdrawing the applied one rewinds to before the late one, which then is all there is to do.
    ledger().withdraw(date(2025, 1, 16))
    assert to_apply(spark, schema) == expected() == (1, ["2025-01-15"])
    # Without any batch a build empties the tables.
    ledger().withdraw(date(2025, 1, 15))
    assert expected() == (0, [])
    assert to_apply(spark, schema) == (1, [])


def dashboards() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(DASHBOARDS.glob("*.lvdash.json")):
        yield path.name.removesuffix(".lvdash.json"), json.loads(path.read_text())


def widgets(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A dashboard's widgets, texts left out."""
    for page in dashboard["pages"]:
        yield from (item["widget"] for item in page["layout"] if "queries" in item["widget"])


QUERIES = [
    pytest.param(name, dashboard, widget, id=f"{name}-{widget['name']}")
    for name, dashboard in dashboards()
    for widget in widgets(dashboard)
]


def rows_of(
    spark: SparkSession, schema: str, dashboard: dict[str, Any], query: dict[str, Any]
) -> list[Row]:
    """Run a widget's query as a dashboard does: over its dataset, grouped unless disaggregated."""
    [dataset] = [item for item in dashboard["datasets"] if item["name"] == query["datasetName"]]
    columns = ", ".join(f"{field['expression']} as `{field['name']}`" for field in query["fields"])
    text = f"select {columns} from ({''.join(dataset['queryLines'])}) as dataset"
    plain = [field["expression"] for field in query["fields"] if "(" not in field["expression"]]
    if not query["disaggregated"] and plain:
        text += f" group by {', '.join(plain)}"
    spark.catalog.setCurrentDatabase(schema)
    return spark.sql(text).collect()


@pytest.mark.usefixtures("applied")
@pytest.mark.parametrize(("name", "dashboard", "widget"), QUERIES)
def test_widget_has_data(
    name: str, dashboard: dict[str, Any], widget: dict[str, Any], spark: SparkSession
) -> None:
    before = spark.catalog.currentDatabase()
    bundle = load("prod")
    schema = bundle["resources"]["dashboards"][name]["dataset_schema"]
    [query] = widget["queries"]
    try:
        # Views are there on Databricks alone; they have the columns of the marts.
        own_schema = schema.replace(bundle["var"]["schema"], SCHEMA).replace("_views", "_marts")
        rows = rows_of(spark, own_schema, dashboard, query["query"])
    finally:
        spark.catalog.setCurrentDatabase(before)

    # One batch brings initial stock only, which is no movement.
    assert rows or widget["name"] == "stock-movements"
    if widget["spec"]["widgetType"] == "counter":
        assert len(rows) == 1 and rows[0][0] is not None


@pytest.mark.parametrize(("name", "dashboard"), dashboards())
def test_dashboard_is_whole(name: str, dashboard: dict[str, Any]) -> None:
    datasets = [item["name"] for item in dashboard["datasets"]]
    names = [widget["name"] for widget in widgets(dashboard)]
    queries = [query["query"] for widget in widgets(dashboard) for query in widget["queries"]]

    assert len(dashboard["pages"]) == 3
    assert len(set(names)) == len(names)
    assert len(set(datasets)) == len(datasets)
    assert {query["datasetName"] for query in queries} == set(datasets)
    for widget in widgets(dashboard):
        [query] = widget["queries"]
        fields = {field["name"] for field in query["query"]["fields"]}
        assert set(named_fields(widget["spec"]["encodings"])) == fields
    for page in dashboard["pages"]:
        cells = [cell for item in page["layout"] for cell in covered(**item["position"])]
        # No widget lies on another; the grid has six columns.
        assert len(set(cells)) == len(cells)
        assert max(x for x, _ in cells) == 5


def covered(x: int, y: int, width: int, height: int) -> Iterator[tuple[int, int]]:
    """The cells of the grid that a widget takes."""
    yield from product(range(x, x + width), range(y, y + height))


def named_fields(value: Any) -> Iterator[str]:
    """The fields that a widget shows."""
    if isinstance(value, dict):
        if "fieldName" in value:
            yield value["fieldName"]
        for item in value.values():
            yield from named_fields(item)
    elif isinstance(value, list):
        for item in value:
            yield from named_fields(item)


def test_no_dashboard_shows_personal_data() -> None:
    """Columns that are masked for most readers have no place on a dashboard for all of them."""
    personal = {"email", "phone", "first_name", "last_name", "address", "shipping_address"}
    shown = {
        field
        for _, dashboard in dashboards()
        for widget in widgets(dashboard)
        for field in named_fields(widget["spec"])
    }

    assert not shown & personal
