"""Lint the SQL with sqlfluff and its dbt templater, without an engine or a warehouse.

The templater lists the tables of every schema before it compiles, which needs a connection,
although nothing that is compiled here asks for a table: this leaves the listing out.
Arguments are sqlfluff's, `python tools/lint_sql.py fix models/marts` for one; without any,
all models and cross-table rules are linted.
"""

import os
import sys

from dbt.adapters.base.impl import BaseAdapter
from sqlfluff.cli.commands import cli

# Never connected to, but the profile wants them.
PROFILE = {
    "DATABRICKS_HOST": "localhost",
    "DATABRICKS_HTTP_PATH": "/",
    "DATABRICKS_TOKEN": "none",
    "DBT_ENGINE_TARGET_PATH": "target/lint",
    "ECOMM_TARGET": "databricks",
}


def leave_out(*_: object, **__: object) -> None:
    """Stand in for the listing of relations."""


def main() -> None:
    """Run sqlfluff in this process."""
    os.environ.update(PROFILE)
    BaseAdapter.set_relations_cache = leave_out  # type: ignore[method-assign]
    cli(sys.argv[1:] or ["lint", "models", "tests/cross_table"])


if __name__ == "__main__":
    main()
