"""Sail in the background: the engine of the target `local`."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import cast

from pyspark.errors import IllegalArgumentException, PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.connect.client.retries import DefaultPolicy
from pyspark.sql.connect.session import SparkSession as ConnectSession

from ingest.catalog import (
    clauses_on_disk,
    create_schemas,
    create_tables,
    sql_text,
    tables_on_disk,
)
from ingest.config import SUFFIXES, Settings
from ingest.engines import sail_server
from ingest.engines.sail_server import Server
from ingest.errors import EngineError

_REMOTE = "SPARK_REMOTE"
# The waits between them come to 17 seconds.
_RETRIES = 5

# Sessions that this process is done with. PySpark, when it collects one, closes threads that all
# its sessions share, even amid another's statement: hence none is collected.
_ended: list[ConnectSession] = []


class _WhileItRuns(DefaultPolicy):
    """Tries a statement again while the server runs; one that is gone answers no other either."""

    def __init__(self, engine: "LocalEngine") -> None:
        super().__init__(max_retries=_RETRIES)
        self._engine = engine

    def can_retry(self, exception: BaseException) -> bool:
        return self._engine.is_up and super().can_retry(exception)


class LocalEngine:
    """Sail: a Spark Connect server in the background whose catalog is in memory.

    Tables are Delta folders, `<warehouse>/<schema>/<table>`, registered anew in each new session.
    """

    def __init__(self, settings: Settings) -> None:
        """Describe the engine of the settings' warehouse; nothing is started yet."""
        self._settings = settings

    @property
    def is_up(self) -> bool:
        """Whether the server runs."""
        return self.status() is not None

    @contextmanager
    def session(self) -> Iterator[SparkSession]:
        """Session of the running server, else of one that is started now and stopped at the end."""
        was_up = self.is_up
        try:
            yield self.start()[0]
        finally:
            if not was_up:
                self.stop()

    def status(self) -> Server | None:
        """The running server, or None."""
        return sail_server.running(self._settings.warehouse)

    def start(self, port: int | None = None) -> tuple[SparkSession, Server]:
        """Start the server unless it is up, and register what lies in the warehouse.

        Args:
            port: Port to use; None chooses one.

        Raises:
            EngineError: The server does not come up.
        """
        running = sail_server.start(self._settings.warehouse, port)
        try:
            return self._open(["*"]), running
        except PySparkException:
            if self.is_up:
                raise
        # It has died at once. What was registered went with it, and another may do better.
        running = sail_server.start(self._settings.warehouse, port)
        return self._open(["*"]), running

    def connect(self) -> SparkSession:
        """Session of the running server, which dbt in this process then shares.

        The tables of the settings' schemas are there; `start` registers those of others.

        Raises:
            EngineError: The server is not running.
        """
        return self._open(map(self._settings.schema_of, SUFFIXES))

    def join(self) -> SparkSession:
        """Session of the running server, which may know only tables that it has registered before.

        Raises:
            EngineError: The server is not running.
        """
        running = self.status()
        if running is None:
            raise EngineError(
                f"The local engine is not running for warehouse {self._settings.warehouse}. "
                "Start it with: python -m ingest engine start"
            )
        try:
            return self._join(running)
        except IllegalArgumentException:
            # A client has stopped the session that all share; the server does not reopen it.
            return self._join(sail_server.renew_session(self._settings.warehouse, running))

    def stop(self) -> bool:
        """Stop the server; False when none was up.

        Raises:
            EngineError: The process does not end.
        """
        if self.is_up:
            self.disconnect()
        return sail_server.stop(self._settings.warehouse)

    def end_statements(self) -> None:
        """Restart the server if it is up."""
        if self.stop():
            self.start()

    def _open(self, schemas: Iterable[str]) -> SparkSession:
        session = self.join()
        create_schemas(session, self._settings, self._settings.warehouse)
        for schema in schemas:
            self._register(session, schema)
        create_tables(session, self._settings, clauses_on_disk)
        return session

    def _join(self, running: Server) -> SparkSession:
        default = ConnectSession._get_default_session()
        # A thread whose session another has stopped gets no new active one: it takes the default.
        connected = ConnectSession.getActiveSession() or default
        # One that is only active is somebody else's; it may belong to another engine.
        is_ours = connected is default and os.environ.get(_REMOTE) == running.remote
        if connected is None or not is_ours:
            self.disconnect()
            connected = ConnectSession.builder.remote(running.remote).create()
            connected.client.set_retry_policies([_WhileItRuns(self)])
        # dbt-spark reaches the engine through this variable.
        os.environ[_REMOTE] = running.remote
        connected.conf.set("spark.sql.session.timeZone", "UTC")
        # The two session classes share their methods, but no base.
        return cast(SparkSession, connected)

    @staticmethod
    def disconnect() -> None:
        """Let go of this process's sessions; the server keeps its own, and with it its tables."""
        # Other threads, dbt's for instance, take the default session, whoever made it.
        for session in {ConnectSession.getActiveSession(), ConnectSession._get_default_session()}:
            if session is not None:
                session.release_session_on_close = False
                session.stop()
                _ended.append(session)
                os.environ.pop(_REMOTE, None)

    def _register(self, session: SparkSession, which: str) -> None:
        for schema, tables in tables_on_disk(self._settings.warehouse, which).items():
            session.sql(
                f"create schema if not exists {schema} location {sql_text(tables[0].parent)}"
            )
            # Those that dbt works with too, which `tables_in` leaves out.
            listed = session.sql(f"show tables in {schema}").collect()
            known = {row["tableName"] for row in listed}
            for folder in tables:
                if folder.name not in known:
                    # The empty select gives the catalog the table's columns, which dbt asks for; on
                    # a Delta table that is there already it commits nothing.
                    session.sql(
                        f"create table if not exists {schema}.{folder.name}"
                        f" using delta location {sql_text(folder)}"
                        f" as select * from delta.`{folder}` where false"
                    )
