"""Whether two contenders have made the same targets and marts: no time counts without."""

from pathlib import Path

import duckdb
from deltalake import DeltaTable

# What tells of the run, not of the data; and without malformed rows others have other numbers.
_OF_THE_RUN = {"_batch_id", "_file_sha256", "_landed_at", "_row_number"}


def differences(warehouse: Path, parquet: Path) -> list[str]:
    """Compare a warehouse's targets and marts with Parquet files, row by row.

    Args:
        warehouse: Of this project, target `local`, schema `ecomm`.
        parquet: Folder with `<schema suffix>/<table>.parquet`.

    Returns:
        A sentence for each table that differs. Fractions may differ by rounding, beyond six digits.
    """
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    found = []
    for suffix in ("targets", "marts"):
        for file in sorted((parquet / suffix).glob("*.parquet")):
            folder = warehouse / f"ecomm_{suffix}" / file.stem
            ours = DeltaTable(folder).to_pyarrow_table()
            connection.register("ours", ours)
            connection.execute(f"create or replace view theirs as from read_parquet('{file}')")
            columns = [
                f"round({name}, 6) as {name}" if kind == "DOUBLE" else name
                for name, kind, *_ in connection.execute("describe theirs").fetchall()
                if name not in _OF_THE_RUN
            ]
            selected = ", ".join(columns)
            only = [
                connection.execute(
                    f"select count(*) from (select {selected} from {one}"
                    f" except all select {selected} from {other})"
                ).fetchall()[0][0]
                for one, other in (("ours", "theirs"), ("theirs", "ours"))
            ]
            if any(only):
                found.append(
                    f"{suffix}.{file.stem}: {only[0]} rows here only, {only[1]} there only"
                )
    return found
