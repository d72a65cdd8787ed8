"""Whether two contenders have made the same targets and marts: no time counts without."""

from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from deltalake import DeltaTable

# What tells of the run, not of the data; and without malformed rows others have other numbers.
_OF_THE_RUN = {"_batch_id", "_file_sha256", "_landed_at", "_row_number"}


def differences(warehouse: Path, other: Path) -> list[str]:
    """Compare a warehouse's targets and marts with those of another contender, row by row.

    Args:
        warehouse: Of this project, target `local`, schema `ecomm`.
        other: A folder with Delta tables `ecomm_<suffix>/<table>`, or with Parquet files
            `<suffix>/<table>.parquet`.

    Returns:
        A sentence for each table that differs. Fractions may differ by rounding, beyond six digits.
    """
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    found = []
    for suffix in ("targets", "marts"):
        tables = [*other.glob(f"{suffix}/*.parquet"), *other.glob(f"ecomm_{suffix}/*")]
        for place in sorted(tables):
            ours = DeltaTable(warehouse / f"ecomm_{suffix}" / place.stem).to_pyarrow_table()
            connection.register("ours", ours)
            theirs = (
                pq.read_table(place)
                if place.suffix == ".parquet"
                else DeltaTable(place).to_pyarrow_table()
            )
            connection.register("theirs", theirs)
            columns = [
                f"round({name}, 6) as {name}" if kind == "DOUBLE" else name
                for name, kind, *_ in connection.execute("describe theirs").fetchall()
                if name not in _OF_THE_RUN
            ]
            selected = ", ".join(columns)
            only = [
                connection.execute(
                    f"select count(*) from (select {selected} from {one}"
                    f" except all select {selected} from {another})"
                ).fetchall()[0][0]
                for one, another in (("ours", "theirs"), ("theirs", "ours"))
            ]
            if any(only):
                found.append(
                    f"{suffix}.{place.stem}: {only[0]} rows here only, {only[1]} there only"
                )
    return found
