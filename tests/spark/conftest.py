"""Fixtures of the lane: one Apache Spark, and a history that both engines have applied."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from support import hostile
from support.batches import FEW_ROWS, configure, tables
from support.stack import Stack, deliver_day

from ingest.config import PROJECT_DIR, load_settings
from ingest.engines.spark import SparkEngine

SCHEMA = "twin"
Tables = dict[str, list[dict[str, object]]]


@pytest.fixture(scope="session")
def spark(warehouse: Path) -> Iterator[SparkSession]:
    """The lane's only Spark; commands in this process use it."""
    settings = load_settings(warehouse=warehouse, target="spark", schema_name=SCHEMA)
    with SparkEngine(settings).session() as session:
        configure(session, FEW_ROWS)
        yield session


@dataclass(frozen=True)
class Twins:
    """The same history on both engines.

    Attributes:
        delivered: Feed roots in the order of their delivery.
        triggers: The triggers in that order.
        spark: The stack on Apache Spark.
        local: The stack on the local engine.
        spark_tables: Content of all tables, by `<suffix>.<table>`.
        local_tables: The same of the local engine, as exported.
    """

    delivered: Path
    triggers: list[Path]
    spark: Stack
    local: Stack
    spark_tables: Tables
    local_tables: Tables


def write_history(folder: Path) -> tuple[list[Path], list[Path]]:
    """Write two deliveries: a random hostile batch, then, late, a day of the sample.

    The random batch has broken literals, a subset of the feeds and a full load; that day of the
    sample has the other dialect of headers.
    """
    roots = [folder / str(number) for number in range(2)]
    first = hostile.write_batch(roots[0], date(2025, 1, 17), random.Random(23), "first")
    deliver_day(roots[1], "2025_01_16")
    return roots, [first, *roots[1].glob("triggers/source/*.json")]


@pytest.fixture(scope="session")
def twins(spark: SparkSession, warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Twins:
    """The history, applied by both engines."""
    place = tmp_path_factory.mktemp("twins")
    roots, triggers = write_history(place / "delivered")
    lenient = {"ECOMM_ALLOW_MASS_CLOSING": "true"}
    on_spark = Stack(place / "feeds_spark", warehouse, SCHEMA, "spark", lenient)
    on_local = Stack(place / "feeds_local", place / "local", SCHEMA, "local", lenient)
    for root in roots:
        on_spark.deliver(root)
        on_local.deliver(root)
        on_spark.run()
        ingest_local(on_local, "run", "--root", str(on_local.root))
    return Twins(
        delivered=place / "delivered",
        triggers=triggers,
        spark=on_spark,
        local=on_local,
        spark_tables=tables(spark, SCHEMA),
        local_tables=exported(on_local, place / "out"),
    )


def ingest_local(stack: Stack, *arguments: str) -> None:
    """Run a command on the local engine, in its own process: in this one Spark is Apache's."""
    done = subprocess.run(
        [sys.executable, "-m", "ingest", *arguments],
        cwd=PROJECT_DIR,
        env=os.environ | stack.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def exported(stack: Stack, out: Path) -> Tables:
    """Content of all tables, by `<suffix>.<table>`, as the local engine reads them."""
    ingest_local(stack, "export", str(out))
    return {
        f"{path.parent.name}.{path.name}": pq.read_table(path).to_pylist()
        for path in out.glob("*/*")
        if path.is_dir()
    }
