"""What works behind the Spark session, and who may use it: one module each for the engines."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from ingest.catalog import tables_on_disk
from ingest.config import SUFFIXES, Settings
from ingest.errors import BusyError, ConfigError, EngineError, UsageError
from ingest.messages import first_line
from ingest.private import make_private


class Engine(Protocol):
    """One way to a Spark session whose schemas and landing and ops tables exist."""

    @property
    def is_up(self) -> bool:
        """Whether it runs already, so that a session starts nothing."""

    def session(self) -> AbstractContextManager[SparkSession]:
        """Start what is needed, and at the end stop what was started here.

        Raises:
            EngineError: The engine cannot be started or reached.
        """

    def end_statements(self) -> None:
        """End what a killed command has left running in the engine.

        Raises:
            EngineError: The engine does not come up again.
        """


def engine_for(settings: Settings) -> Engine:
    """The engine of the settings' target."""
    # Each engine brings packages of its own, and only one is used.
    match settings.target:
        case "local":
            from ingest.engines.local import LocalEngine

            return LocalEngine(settings)
        case "spark":
            from ingest.engines.spark import SparkEngine

            return SparkEngine(settings)
        case "databricks":
            from ingest.engines.databricks import DatabricksEngine

            return DatabricksEngine(settings)


@contextmanager
def open_engine(settings: Settings, *, exclusive: bool = False) -> Iterator[SparkSession]:
    """Session of a running engine, else of one that is started now and stopped at the end.

    Args:
        settings: What to open.
        exclusive: Whether no other such command may work in the warehouse meanwhile. A command
            that starts the engine itself is exclusive too: it will stop it, whoever uses it then.

    Raises:
        BusyError: Another command is at work.
        EngineError: The engine cannot be started or reached, or fails.
    """
    engine = engine_for(settings)
    try:
        with ExitStack() as stack:
            # On Databricks volumes have no locks: there the job runs once at a time (resources/).
            if settings.target != "databricks":
                if exclusive or not engine.is_up:
                    stack.enter_context(exclusive_use(settings.warehouse))
                if exclusive:
                    stack.enter_context(_at_work(settings.warehouse, engine))
            yield stack.enter_context(engine.session())
    except PySparkException as error:
        # Whether it failed at work, as it started or as it stopped.
        raise EngineError(f"The engine failed: {first_line(error)}") from error


@contextmanager
def open_tables(settings: Settings, *, exclusive: bool = False) -> Iterator[SparkSession]:
    """As `open_engine`, for commands that work on tables that are there: they make none.

    Raises:
        UsageError: The warehouse has no tables of the schema.
    """
    if settings.target != "databricks":
        _check_tables(settings)
    with open_engine(settings, exclusive=exclusive) as session:
        yield session


def _check_tables(settings: Settings) -> None:
    suffixes = tuple(f"_{suffix}" for suffix in SUFFIXES)
    found = {name for name in tables_on_disk(settings.warehouse) if name.endswith(suffixes)}
    if any(settings.schema_of(suffix) in found for suffix in SUFFIXES):
        return
    place = settings.warehouse.resolve()
    others = sorted({name.rpartition("_")[0] for name in found})
    if others:
        raise UsageError(
            f"The warehouse {place} has no tables of schema {settings.schema_name}, but of"
            f" {', '.join(others)}: name one of these with --schema (or ECOMM_SCHEMA)."
        )
    raise UsageError(
        f"There are no tables in {place}: name the warehouse with --warehouse (or"
        " ECOMM_WAREHOUSE), or make it with python -m ingest run."
    )


@contextmanager
def exclusive_use(warehouse: Path) -> Iterator[None]:
    """Keep other commands that change the warehouse out, at most until this process ends.

    Raises:
        BusyError: Another command is at work.
        EngineError: The warehouse cannot be written.
    """
    try:
        make_private(warehouse)
        lock = FileLock(warehouse / ".lock", timeout=0, mode=0o600)
        lock.acquire()
    except Timeout:
        message = f"Another run is at work in warehouse {warehouse}: try again when it has ended."
        raise BusyError(message) from None
    except OSError as error:
        message = f"The warehouse {warehouse} cannot be written: {error.strerror}."
        raise EngineError(message) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _at_work(warehouse: Path, engine: Engine) -> Iterator[None]:
    """Mark the warehouse while a command changes it.

    A mark that is there already is one of a command that was killed. Its last statement may run on
    in the engine, and must not commit beside this command's.
    """
    mark = warehouse / ".at_work"
    if mark.exists():
        engine.end_statements()
    mark.touch(mode=0o600)
    try:
        yield
    except ConfigError:
        # The command has refused its work. Any other exception may leave a statement running.
        mark.unlink()
        raise
    mark.unlink()
