"""Another engine makes the same tables of the project's SQL: DuckDB, as `make bench` has it."""

import shutil
from pathlib import Path

import pytest
from deltalake import DeltaTable, write_deltalake

from benchmarks.contenders import Pipeline, peer
from benchmarks.same import differences
from ingest.config import PROJECT_DIR


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sample's first day: this project's warehouse, and DuckDB's files."""
    pipeline = Pipeline(tmp_path_factory.mktemp("pipeline"))
    sample = PROJECT_DIR / "data" / "sample"
    pipeline.deliver(sample, 0)
    try:
        pipeline.run()
    finally:
        pipeline.stop()
    parquet = pipeline.place / "floor"
    cost = peer("floor", sample, pipeline.compiled, parquet)
    assert cost.processor_seconds > 0
    assert cost.peak_bytes > 50_000_000
    return pipeline.warehouse, parquet


def test_duckdb_makes_the_same_targets_and_marts(made: tuple[Path, Path]) -> None:
    warehouse, parquet = made

    assert not differences(warehouse, parquet)
    assert len(list((parquet / "marts").iterdir())) == 13
    assert len(list((parquet / "targets").iterdir())) == 5


def test_a_difference_is_told(made: tuple[Path, Path], tmp_path: Path) -> None:
    warehouse, parquet = made
    shutil.copytree(warehouse, tmp_path / "warehouse")
    table = DeltaTable(tmp_path / "warehouse" / "ecomm_marts" / "segment_analysis")
    rows = table.to_pyarrow_table()
    write_deltalake(table, rows.slice(1), mode="overwrite")

    assert differences(tmp_path / "warehouse", parquet) == [
        "marts.segment_analysis: 0 rows here only, 1 there only"
    ]
