"""Databricks: the platform's session, and its catalog."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

from ingest.catalog import create_schemas, create_tables
from ingest.config import Settings
from ingest.contract import Table
from ingest.errors import EngineError


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
        """The platform's session, which is left as it is but for its catalog and time zone.

        Raises:
            EngineError: This is no job or notebook of Databricks.
        """
        session = SparkSession.getActiveSession()
        if session is None and "DATABRICKS_RUNTIME_VERSION" not in os.environ:
            raise EngineError(
                "The target databricks has a session on Databricks only: run the command there, as"
                " databricks bundle run operations --params command=<command>,options=<options>"
                " (docs/runbook.md)."
            )
        session = session or SparkSession.builder.getOrCreate()
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
