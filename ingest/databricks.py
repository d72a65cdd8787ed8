"""Databricks: the only module that knows the platform, its catalogs, jobs and task values."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

from ingest.catalog import create_schemas, create_tables
from ingest.config import Settings
from ingest.contract import Table


class DatabricksEngine:
    """The session of the Databricks job or notebook that runs this code; the platform owns it."""

    def __init__(self, settings: Settings) -> None:
        """Describe the engine; the session is looked up later."""
        self._settings = settings

    def end_statements(self) -> None:
        """Nothing to end: a statement ends with the job's session."""

    @property
    def is_up(self) -> bool:
        """Always: the platform runs it."""
        return True

    @contextmanager
    def session(self) -> Iterator[SparkSession]:
        """The platform's session, which is left as it is but for its catalog and time zone."""
        session = SparkSession.getActiveSession() or SparkSession.builder.getOrCreate()
        session.catalog.setCurrentCatalog(self._settings.catalog)
        session.conf.set("spark.sql.session.timeZone", "UTC")
        create_schemas(session, self._settings, None)
        create_tables(session, self._settings, _clauses)
        yield session


def _clauses(table: Table) -> str:
    """Liquid clustering, and how long old versions of the table stay (docs/runbook.md)."""
    return (
        f"cluster by ({', '.join(table.cluster_by)}) tblproperties ("
        "'delta.deletedFileRetentionDuration' = 'interval 30 days',"
        " 'delta.logRetentionDuration' = 'interval 60 days')"
    )


def job() -> None:
    """Run a job's task: `python -m ingest` with the task's parameters, told apart by exceptions.

    Raises:
        RuntimeError: The command failed; or `report` found a rejected trigger. The task fails.
    """
    from ingest.cli import ExitCode, app

    code = app(standalone_mode=False) or ExitCode.DONE
    is_report = sys.argv[1:2] == ["report"]
    if code == ExitCode.FAILED or (is_report and code == ExitCode.REJECTED):
        raise RuntimeError(f"Exit code {int(code)}: the output above says what happened.")


def set_task_value(key: str, value: list[str]) -> None:
    """Hand a value to the job's later tasks; outside Databricks there are none."""
    if "DATABRICKS_RUNTIME_VERSION" in os.environ:
        from databricks.sdk.runtime import dbutils

        dbutils.jobs.taskValues.set(key=key, value=value)
