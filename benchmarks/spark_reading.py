"""Spark's CSV reader as a contender in landing: each file into a Delta table, all columns as text.

python -m benchmarks.spark_reading FEEDS OUT
"""

import sys
from pathlib import Path

from benchmarks.project import PREFIX, first_batch
from benchmarks.spark import read_csv, spark
from ingest.config import PROJECT_DIR
from ingest.contract import load_contract


def read(feeds: Path, out: Path) -> None:
    """Read the files of a feed root's first batch into Delta tables `out/ecomm_landing/<feed>`."""
    contract = load_contract(PROJECT_DIR).feeds
    with spark(out) as session:
        for name, file in first_batch(feeds)[1].items():
            rows = read_csv(session, contract[name], file)
            rows.write.format("delta").saveAsTable(f"{PREFIX}_landing.{name}")


if __name__ == "__main__":
    read(*map(Path, sys.argv[1:]))
