"""The same batches on Apache Spark and on the local engine give the same tables, value by value."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession
from reference.compare import differences
from reference.model import expected
from support.batches import CLOCK_COLUMNS, tables
from support.evolution import DAYS, Contract, change_much, content, deliver
from support.formats import CASES as FORMATS
from support.formats import reading
from support.macros import project_macros
from support.stack import Stack, environment_of, retry_after_failure
from support.statements import CASES, Case, run_case

from ingest.catalog import sql_text, tables_on_disk
from spark.conftest import SCHEMA, Tables, Twins, exported, ingest_local


def comparable(content: Tables) -> Tables:
    """Content without clock columns and the log."""
    return {
        name: [
            {column: value for column, value in row.items() if column not in CLOCK_COLUMNS}
            for row in rows
        ]
        for name, rows in content.items()
        if name != "ops.processing_log"
    }


def test_tables_equal_those_of_local(twins: Twins) -> None:
    found = differences(comparable(twins.local_tables), twins.spark_tables, rel_tol=1e-12)

    assert twins.spark_tables.keys() == twins.local_tables.keys()
    assert not found, "\n".join(found)


def test_tables_equal_the_reference(twins: Twins) -> None:
    found = differences(expected(twins.delivered, twins.triggers), twins.spark_tables)

    assert not found, "\n".join(found)


def test_columns_have_the_same_types(twins: Twins, spark: SparkSession) -> None:
    """Types of the Delta tables themselves, as a third reader sees them."""
    for schema, folders in tables_on_disk(twins.local.warehouse).items():
        for folder in folders:
            local = DeltaTable(folder).schema().to_json()
            other = DeltaTable(twins.spark.warehouse / schema / folder.name).schema().to_json()
            assert types(local) == types(other), folder.name


def types(schema: str) -> dict[str, object]:
    return {field["name"]: kind(field["type"]) for field in json.loads(schema)["fields"]}


def kind(type_: object) -> object:
    """A type without what says whether parts may be NULL, which engines derive differently."""
    if not isinstance(type_, dict):
        return type_
    return {name: kind(part) for name, part in type_.items() if "ontainsNull" not in name}


@pytest.mark.parametrize(
    ("macro", "text", "expected"),
    [
        ("fails_email_format", "a@b.co", "false"),
        # In Java, $ lets a line end pass, and not all white space is white space.
        ("fails_email_format", "a@b.co\n", "true"),
        ("fails_email_format", "a@b.co\x85", "true"),
        ("fails_email_format", "a\x1c@b.co", "true"),
        ("fails_phone_format", "5550100", "false"),
        ("fails_phone_format", "5550100\n", "true"),
        ("fails_dimensions_format", "\t1x2x3\n", "false"),
        ("read_timestamp", "9999-12-31 23:59:59-05:00", None),
        ("read_timestamp", "9999-12-31 23:59:59.999999", "9999-12-31 23:59:59.999999"),
        ("read_timestamp", "0001-01-01 00:00:00+05:00", None),
        ("read_timestamp", "0001-01-01 00:00:00", "0001-01-01 00:00:00"),
    ],
)
def test_texts_at_their_edges(
    macro: str, text: str, expected: str | None, spark: SparkSession
) -> None:
    condition = project_macros("typing", "rules")[macro](sql_text(text))

    (found,) = spark.sql(f"select cast({condition} as string)").collect()

    assert found[0] == expected


def test_formats_are_read_as_on_local(spark: SparkSession) -> None:
    (read,) = spark.sql(f"select {', '.join(reading(*case[:2]) for case in FORMATS)}").collect()

    assert list(read) == [expected for _, _, expected in FORMATS]


def test_only_the_owner_reads_what_spark_writes(twins: Twins) -> None:
    places = set(twins.spark.warehouse.rglob("*"))

    assert {"spark.log", "_delta_log"} <= {path.name for path in places}
    assert not [path for path in places if path.stat().st_mode & 0o077]


def test_log_equals_that_of_local(twins: Twins) -> None:
    def steps(content: Tables) -> Counter[tuple[object, ...]]:
        names = ("step", "status", "batch_id", "feed", "source_file", "total_records")
        return Counter(tuple(row[name] for name in names) for row in content["ops.processing_log"])

    assert steps(twins.spark_tables) == steps(twins.local_tables)


def test_each_engine_reads_the_tables_of_the_other(
    twins: Twins, spark: SparkSession, tmp_path: Path
) -> None:
    of_spark = exported(replace(twins.spark, target="local"), tmp_path / "out")
    assert not differences(twins.spark_tables, of_spark, rel_tol=0)

    for name, rows in twins.local_tables.items():
        suffix, table = name.split(".")
        folder = twins.local.warehouse / f"{SCHEMA}_{suffix}" / table
        read = spark.read.format("delta").load(str(folder)).toArrow().to_pylist()
        assert not differences({name: rows}, {name: read}, rel_tol=0)


@pytest.mark.parametrize("engine", ["spark", "local"])
def test_delta_rs_reads_the_tables(engine: str, twins: Twins) -> None:
    stack = twins.spark if engine == "spark" else twins.local
    content = twins.spark_tables if engine == "spark" else twins.local_tables
    for name, rows in content.items():
        suffix, table = name.split(".")
        folder = stack.warehouse / f"{SCHEMA}_{suffix}" / table
        read = DeltaTable(folder).to_pyarrow_table().to_pylist()
        assert not differences({name: rows}, {name: read}, rel_tol=0)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_statement(case: Case, spark: SparkSession, warehouse: Path) -> None:
    assert run_case(spark, case, "statements", warehouse / "statements") == case.expected


def test_compiled_sql_means_the_same_with_ansi_on(twins: Twins, spark: SparkSession) -> None:
    """Databricks has ANSI mode on, dbt-spark turns it off: a session of one's own has it on."""
    selected = twins.spark.dbt("compile", "--select", "resource_type:model")
    # The models' tests come along.
    compiled = [result for result in selected if result.node.resource_type == "model"]
    session = spark.newSession()
    session.conf.set("spark.sql.ansi.enabled", "true")
    session.conf.set("spark.sql.session.timeZone", "UTC")
    assert len(compiled) == 35
    for result in compiled:
        node = result.node
        name = f"{node.schema.removeprefix(SCHEMA + '_')}.{node.name}"
        rows = session.sql(node.compiled_code).toArrow().to_pylist()
        # These hold other batches as well.
        if not name.endswith(("_errors", ".analytics_summary")):
            assert not differences({name: twins.spark_tables[name]}, {name: rows}), name


def test_commands_of_dbt(twins: Twins, spark: SparkSession, tmp_path: Path) -> None:
    stack = twins.spark
    stack.dbt("source", "freshness")
    shown = stack.dbt("show", "--inline", "select * from {{ ref('segment_analysis') }}")
    assert len(shown.results[0].agate_table.rows) == 4
    stack.dbt("run-operation", "maintain_tables")
    stack.dbt("docs", "generate", "--target-path", str(tmp_path))
    catalog = json.loads((tmp_path / "catalog.json").read_text(encoding="utf-8"))
    described = {
        f"{entry['metadata']['schema'].removeprefix(SCHEMA + '_')}.{entry['metadata']['name']}"
        for kind in ("nodes", "sources")
        for entry in catalog[kind].values()
    }
    assert described == twins.spark_tables.keys()

    clone = replace(stack, schema="cloned")
    clone.dbt("clone", "--state", str(tmp_path), "--select", "marts")
    cloned = {name: rows for name, rows in tables(spark, "cloned").items() if "marts." in name}
    assert len(cloned) == 13
    for name, rows in cloned.items():
        assert not differences({name: twins.spark_tables[name]}, {name: rows}, rel_tol=0)


def test_tables_follow_the_contract_as_on_local(
    spark: SparkSession, warehouse: Path, tmp_path: Path
) -> None:
    """Added, widened and removed columns: by ALTER TABLE here, written anew there."""
    contract = Contract.copied(tmp_path / "project")
    more = environment_of(contract.project)
    on_spark = Stack(tmp_path / "feeds_spark", warehouse, "evolving", "spark", more)
    on_local = Stack(tmp_path / "feeds_local", tmp_path / "local", "evolving", "local", more)
    for day in DAYS[:2]:
        for stack in (on_spark, on_local):
            deliver(stack.root, day)
        on_spark.run()
        ingest_local(on_local, "run", "--root", str(on_local.root))
        if day == DAYS[0]:
            change_much(contract)

    here, there = tables(spark, "evolving"), exported(on_local, tmp_path / "out")

    assert content(here) == content(there)
    # Sail reads what Spark has altered.
    both = replace(on_spark, target="local")
    assert content(exported(both, tmp_path / "both")) == content(there)
    for feed in ("orders", "shipping"):
        assert {frozenset(item) for item in here[f"landing.{feed}"]} == {
            frozenset(item) for item in there[f"landing.{feed}"]
        }


def test_failed_nodes_are_retried(twins: Twins, spark: SparkSession) -> None:
    retry_after_failure(twins.spark, spark)
