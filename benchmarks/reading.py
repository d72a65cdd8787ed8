"""The floor of reading: hash each file, parse it as pyarrow does, write Parquet.

    python -m benchmarks.reading FEEDS OUT

What it does not do: no contract, no strict reading, no row numbers; it leaves malformed rows out.
"""

import hashlib
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq


def read(feeds: Path, out: Path) -> None:
    """Read every CSV file of a feed root, all columns as text, into `out/<name>.parquet`."""
    out.mkdir(parents=True)
    for file in sorted(feeds.glob("*_data/source/*.csv")):
        hashlib.sha256(file.read_bytes())
        with file.open(encoding="utf-8") as lines:
            names = lines.readline().rstrip("\r\n").split(",")
        table = pa_csv.read_csv(
            file,
            parse_options=pa_csv.ParseOptions(
                newlines_in_values=True, invalid_row_handler=lambda _: "skip"
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True
            ),
        )
        pq.write_table(table, out / f"{file.stem}.parquet")


if __name__ == "__main__":
    read(*map(Path, sys.argv[1:]))
