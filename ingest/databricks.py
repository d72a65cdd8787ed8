"""Databricks: the only module that knows the platform, its catalogs, sessions and jobs."""

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import SparkSession

from ingest.catalog import create_schemas, create_tables
from ingest.config import Settings
from ingest.contract import Table, load_contract
from ingest.errors import ConfigError, EngineError

# What the job `ecomm operations` may run; the job `ecomm batches` lands and builds.
OPERATIONS = ("replay", "withdraw", "errors", "export", "status", "report", "contract diff")


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


def make_folders(settings: Settings) -> None:
    """Make the folders that senders deliver to, in a volume that a deployment has just made."""
    feeds = load_contract(settings.project_dir).feeds
    for name in (*(f"{feed}_data" for feed in feeds), "triggers"):
        (settings.root / name / "source").mkdir(parents=True, exist_ok=True)


def job() -> None:
    """Run a job's task: `python -m ingest` with the task's parameters, told apart by exceptions.

    Raises:
        RuntimeError: The command failed; or `report` found a rejected trigger. The task fails.
    """
    _run(sys.argv[1:])


def operation() -> None:
    """Run the command that somebody gave the job `ecomm operations`.

    The task's parameters are the command, its options as one text, the folder that relative paths
    in them start from, and settings, of which the command gets those that it knows.

    Raises:
        RuntimeError: The command failed, or is none that the job may run.
    """
    from typer.main import get_command

    from ingest.cli import app

    name, options, folder, *settings = sys.argv[1:]
    command = get_command(app)
    try:
        if name not in OPERATIONS:
            raise ConfigError(f"The parameter command must be one of {', '.join(OPERATIONS)}.")
        for part in name.split():
            command = command.commands[part]  # type: ignore[attr-defined]
        given = shlex.split(options)
    except (ConfigError, ValueError) as error:
        raise RuntimeError(f"{error} Nothing was done.") from None
    known = {flag for parameter in command.params for flag in parameter.opts}
    Path(folder).mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    _run([*name.split(), *given, *(item for item in settings if item.partition("=")[0] in known)])


def _run(arguments: list[str]) -> None:
    from ingest.cli import ExitCode, app

    code = app(args=arguments, standalone_mode=False) or ExitCode.DONE
    is_report = arguments[:1] == ["report"]
    if code == ExitCode.FAILED or (is_report and code == ExitCode.REJECTED):
        raise RuntimeError(f"Exit code {int(code)}: the output above says what happened.")
