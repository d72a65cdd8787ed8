"""Each kind of statement in use does on the local engine what it says."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from support.statements import CASES, Case, run_case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_statement(case: Case, spark: SparkSession, warehouse: Path) -> None:
    assert run_case(spark, case, "statements", warehouse / "statements") == case.expected
