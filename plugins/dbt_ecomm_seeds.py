"""dbt plugin: names file and line of a seed that dbt cannot read, in place of a stack trace.

What the cells of a seed must be, macros/seeds checks, on every engine.
"""

import csv
import io
from pathlib import Path
from typing import Any

from dbt.flags import get_flags
from dbt.plugins.manager import dbtPlugin
from dbt_common.exceptions import DbtRuntimeError

_PROJECT = "ecomm_pipeline"
# Commands that read no seed, and may be what mends the project.
_WITHOUT_SEEDS = {"clean", "debug", "deps"}


class SeedsPlugin(dbtPlugin):
    """Reads the project's seeds before dbt does."""

    def initialize(self) -> None:
        """Fail with what to do when a seed cannot be read."""
        flags: Any = get_flags()  # type: ignore[no-untyped-call]
        if self.project_name == _PROJECT and flags.WHICH not in _WITHOUT_SEEDS:
            folder = Path(flags.PROJECT_DIR)
            for file in sorted((folder / "seeds").rglob("*.csv")):
                if fault := unreadable(file):
                    raise DbtRuntimeError(f"{file.relative_to(folder)}, {fault}")


def unreadable(file: Path) -> str | None:
    """Why dbt cannot read a CSV file, and what to do; seeds hold no personal data to hide."""
    content = file.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f"line {line}: the text is not UTF-8; save the file as CSV in UTF-8."
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        columns = len(next(reader, []))
        if not columns:
            return "line 1: the header is missing; write it as the first line."
        for row in reader:
            if len(row) > columns:
                return (
                    f"line {reader.line_num} ({row[0]}): {len(row)} cells instead of {columns};"
                    " write no comma inside a cell, and a point in a number."
                )
    except csv.Error as error:
        return f"line {reader.line_num}: {error}; write cells without quotes."
    return None


plugins = [SeedsPlugin]
