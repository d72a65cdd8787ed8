"""The contract changes between two batches, by the statements of the real dbt-databricks."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
from pyspark.sql import SparkSession
from support.batches import tables
from support.evolution import DAYS, Contract, change_much, content, deliver
from support.stack import environment_of

from databricks_endpoint.conftest import Stack
from ingest.config import PROJECT_DIR

SCHEMA = "endpoint_evolving"


def test_tables_follow_the_contract_as_on_local(
    stack: Stack, spark: SparkSession, emitted: Callable[[], list[str]], tmp_path: Path
) -> None:
    contract = Contract.copied(tmp_path / "project")
    of_project = {"ECOMM_SCHEMA": SCHEMA, **environment_of(contract.project)}
    own = Stack(tmp_path / "feeds", stack.warehouse, stack.profiles, stack.environment | of_project)
    flags = ["--root", str(tmp_path / "feeds_local"), "--warehouse", str(tmp_path / "local")]

    def on_local(*arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "ingest", *arguments, *flags],
            cwd=PROJECT_DIR,
            env=os.environ | of_project,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    for day in DAYS[:2]:
        deliver(own.root, day)
        own.land()
        own.build(contract.project)
        deliver(tmp_path / "feeds_local", day)
        on_local("run")
        if day == DAYS[0]:
            change_much(contract)
    on_local("export", str(tmp_path / "out"))

    there = {
        f"{path.parent.name}.{path.name}": pq.read_table(path).to_pylist()
        for path in (tmp_path / "out").glob("*/*")
        if path.is_dir()
    }
    assert content(tables(spark, SCHEMA)) == content(there)
    # The way that Databricks documents: not a rewritten table.
    sent = ["".join(text.lower().replace("`", "").split()) for text in emitted()]
    altered = [text.split("*/")[-1] for text in sent if "altertable" in text]
    for words in (
        "addcolumns(gift_feedecimal(6,2)",
        "altercolumnreserved_quantitytypedecimal(18,3)",
    ):
        assert any(words in text for text in altered), altered
