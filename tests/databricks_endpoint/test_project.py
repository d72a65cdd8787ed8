"""The whole project through the real dbt-databricks; its tables equal those of `local`."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from reference.compare import differences
from reference.model import expected
from support.batches import CLOCK_COLUMNS, tables, timeless
from support.stack import copy_project

from databricks_endpoint.conftest import CATALOG, DELIVERIES, SCHEMA, Stack, deliver
from databricks_endpoint.server import Endpoint
from ingest.config import PROJECT_DIR

PROJECT_KINDS = {
    "current catalog",
    "describe as json",
    "group membership",
    "information schema",
    "primary key",
    "set column tags",
    "set not null",
    "show table extended",
    "show tblproperties",
}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, object]]]:
    """Content of the tables after the same deliveries on the target `local`."""
    place = tmp_path_factory.mktemp("local")
    flags = ["--root", str(place / "feeds"), "--warehouse", str(place / "tables")]

    def ingest(*arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "ingest", *arguments, *flags, "--schema", SCHEMA],
            cwd=PROJECT_DIR,
            env={name: value for name, value in os.environ.items() if name != "ECOMM_TARGET"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    for days in DELIVERIES:
        deliver(place / "feeds", days)
        ingest("run")
    ingest("export", str(place / "out"))
    return {
        f"{path.parent.name}.{path.name}": pq.read_table(path).to_pylist()
        for path in (place / "out").glob("*/*")
        if path.is_dir()
    }


def test_tables_equal_the_reference(applied: dict[str, Any], tmp_path: Path) -> None:
    triggers = []
    for number, days in enumerate(DELIVERIES):
        deliver(tmp_path / str(number), days)
        triggers += sorted((tmp_path / str(number)).glob("triggers/source/*.json"))
    found = differences(expected(tmp_path, triggers), applied)
    assert not found, "\n".join(found)


def test_tables_equal_those_of_local(applied: dict[str, Any], local: dict[str, Any]) -> None:
    assert applied.keys() == local.keys()
    comparable = {
        name: [
            {column: value for column, value in row.items() if column not in CLOCK_COLUMNS}
            for row in rows
        ]
        for name, rows in local.items()
        if name != "ops.processing_log"
    }
    found = differences(comparable, applied, rel_tol=1e-12)
    assert not found, "\n".join(found)


def test_log_equals_that_of_local(applied: dict[str, Any], local: dict[str, Any]) -> None:
    def steps(content: dict[str, Any]) -> Counter[tuple[object, ...]]:
        names = ("step", "status", "batch_id", "feed", "source_file", "total_records")
        return Counter(tuple(row[name] for name in names) for row in content["ops.processing_log"])

    assert steps(applied) == steps(local)


def test_rebuilding_changes_nothing(
    applied: dict[str, Any], stack: Stack, spark: SparkSession
) -> None:
    """All commands that write, one after the other, as far as possible from the beginning."""
    stack.dbt("seed", "--full-refresh")
    stack.dbt("run", "--full-refresh")
    stack.dbt("snapshot")
    stack.dbt("test", "--exclude", "test_type:unit")

    assert timeless(tables(spark, SCHEMA)) == timeless(applied)


def test_debug_connects(stack: Stack) -> None:
    stack.dbt("debug")


def test_another_catalog_is_rejected(stack: Stack) -> None:
    failed = stack.dbt("show", "--inline", "select 1 as one", catalog="other", success=False)

    assert "NO_SUCH_CATALOG_EXCEPTION" in str(failed)


def test_bad_seed_is_stopped_before_a_row_is_loaded(
    applied: dict[str, Any], stack: Stack, emitted: Callable[[], list[str]], tmp_path: Path
) -> None:
    project = copy_project(tmp_path / "project")
    with (project / "seeds/customer_tiers.csv").open("a") as file:
        file.write("Gold,8\n")
    (failed,) = [
        result
        for result in stack.dbt(
            "seed", "--select", "customer_tiers", project=project, success=False
        )
        if result.node.name == "customer_tiers"
    ]

    assert "seeds/customer_tiers.csv, line 7 (Gold): tier Gold stands in line 3" in failed.message
    assert not [text for text in emitted() if "customer_tiers" in text and "insert" in text.lower()]


def test_part_of_the_project_builds(applied: dict[str, Any], stack: Stack) -> None:
    done = stack.dbt(
        "build", "--select", "customer_analytics+", "--exclude-resource-type", "unit_test"
    )
    assert "customer_analytics" in {result.node.name for result in done}


def test_failed_nodes_are_retried(
    applied: dict[str, Any], stack: Stack, endpoint: Endpoint, spark: SparkSession
) -> None:
    full = f"{SCHEMA}_marts.customer_analytics"
    spark.sql(f"create table {full}_kept using delta as select * from {full}")
    spark.sql(f"drop table {full}")
    stack.dbt("run", "--select", "segment_analysis analytics_summary", success=False)
    spark.sql(f"create table {full} using delta as select * from {full}_kept")
    spark.sql(f"drop table {full}_kept")
    done = stack.dbt("retry")

    # The hooks at the start and at the end are among the results too.
    retried = [result.node for result in done]
    assert [node.name for node in retried if node.resource_type == "model"] == ["segment_analysis"]


def test_docs_describe_every_table(applied: dict[str, Any], stack: Stack, tmp_path: Path) -> None:
    stack.dbt("docs", "generate", "--target-path", str(tmp_path))
    catalog = json.loads((tmp_path / "catalog.json").read_text(encoding="utf-8"))
    described = {
        f"{entry['metadata']['schema'].removeprefix(SCHEMA + '_')}.{entry['metadata']['name']}": {
            *entry["columns"]
        }
        for kind in ("nodes", "sources")
        for entry in catalog[kind].values()
    }

    assert described.keys() == applied.keys()
    assert described["marts.segment_analysis"] == {*applied["marts.segment_analysis"][0]}


def test_rows_are_shown(applied: dict[str, Any], stack: Stack) -> None:
    shown = stack.dbt("show", "--inline", "select * from {{ ref('segment_analysis') }}")

    assert len(shown.results[0].agate_table.rows) == 4


def test_freshness_of_sources_is_read(applied: dict[str, Any], stack: Stack) -> None:
    stack.dbt("source", "freshness")


def test_tables_are_cloned(applied: dict[str, Any], stack: Stack, spark: SparkSession) -> None:
    state = Path(stack.environment["DBT_TARGET_PATH"])
    shutil.copytree(state, state.with_name("state"))
    clone = Stack(
        stack.root,
        stack.warehouse,
        stack.profiles,
        stack.environment | {"ECOMM_SCHEMA": "endpoint_cloned"},
    )
    clone.dbt("clone", "--state", str(state.with_name("state")), "--select", "marts")

    cloned = tables(spark, "endpoint_cloned")
    assert cloned.keys() == {name for name in applied if name.startswith("marts.")}
    for name, rows in cloned.items():
        assert sorted(map(repr, rows)) == sorted(map(repr, applied[name]))


def test_kinds_of_emulation(applied: dict[str, Any], endpoint: Endpoint) -> None:
    """What the project as it is makes dbt send that Spark does not execute as it stands."""
    sent = [statement for statement in endpoint.statements if '{"app": "dbt"' in statement.text]
    assert {kind for statement in sent for kind in statement.kinds} == PROJECT_KINDS


def test_statements_name_the_catalog(applied: dict[str, Any], endpoint: Endpoint) -> None:
    """Whatever dbt wrote to, it wrote to the catalog by its quoted name."""
    written = [
        statement.text
        for statement in endpoint.statements
        if "create or replace table" in statement.text
    ]
    assert written
    assert all(f"create or replace table `{CATALOG}`.`" in text for text in written)
