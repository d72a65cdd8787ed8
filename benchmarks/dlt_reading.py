"""dlt as a contender in landing: each file into a Delta table, all columns as text.

    python -m benchmarks.dlt_reading FEEDS OUT

DuckDB reads for it and hands Arrow on, which is its fastest way from CSV.
"""

import os
import sys
from pathlib import Path

# It would tell its makers of each run.
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

import dlt
from dlt.sources.filesystem import filesystem, read_csv_duckdb

from benchmarks.project import first_batch

_CHUNK = 100_000


def read(feeds: Path, out: Path) -> None:
    """Read the files of a feed root's first batch into Delta tables `out/landing/<feed>`."""
    pipeline = dlt.pipeline(
        "contender",
        pipelines_dir=str(out / "state"),
        destination=dlt.destinations.filesystem(str(out)),
        dataset_name="landing",
    )
    pipeline.run(
        [
            (
                filesystem(bucket_url=str(file.parent), file_glob=file.name)
                | read_csv_duckdb(
                    chunk_size=_CHUNK,
                    use_pyarrow=True,
                    all_varchar=True,
                    header=True,
                    ignore_errors=True,
                )
            ).with_name(feed)
            for feed, file in first_batch(feeds)[1].items()
        ],
        table_format="delta",
        write_disposition="append",
    )


if __name__ == "__main__":
    read(*map(Path, sys.argv[1:]))
