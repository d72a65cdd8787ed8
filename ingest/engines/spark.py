"""Apache Spark in this process: the engine of the target `spark`."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from delta import configure_spark_with_delta_pip
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from ingest.catalog import clauses_on_disk, create_schemas, create_tables, sql_text, tables_on_disk
from ingest.config import Settings
from ingest.engines.java import java_home
from ingest.errors import EngineError
from ingest.private import make_private, private_files


class SparkEngine:
    """Apache Spark with Delta Lake.

    As on the local engine, tables are Delta folders, `<warehouse>/<schema>/<table>`, and the
    catalog is in memory: Spark registers what lies in the warehouse when it starts. So the two
    engines can take turns on one warehouse, and no metastore admits one process only.
    """

    def __init__(self, settings: Settings) -> None:
        """Describe the engine; Spark starts with the session."""
        self._settings = settings

    def end_statements(self) -> None:
        """Nothing to end: Spark ends with its process."""

    @property
    def is_up(self) -> bool:
        """Never: Spark lives and dies with this process."""
        return False

    @contextmanager
    def session(self) -> Iterator[SparkSession]:
        """Session of this process's Spark, which is stopped at the end if it started here.

        Raises:
            EngineError: Spark does not start.
        """
        was_up = SparkSession.getActiveSession() is not None
        session = self.start()
        try:
            yield session
        finally:
            if not was_up:
                session.stop()

    def start(self) -> SparkSession:
        """Start Spark unless it runs in this process, and register what lies in the warehouse.

        Raises:
            EngineError: Spark does not start.
        """
        # With this variable PySpark would go to a Spark Connect server.
        os.environ.pop("SPARK_REMOTE", None)
        warehouse = self._settings.warehouse
        state = warehouse / ".engine"
        make_private(warehouse)
        make_private(state)
        with private_files():
            home = java_home(state / "java")
        if home is None:
            raise EngineError(
                "Spark needs Java 17 or 21, and there is none: install one, or run: make setup-java"
            )
        os.environ["JAVA_HOME"] = str(home)
        builder = SparkSession.builder.appName("ecomm").master("local[*]")
        for name, value in session_options(warehouse).items():
            builder = builder.config(name, value)
        log = state / "spark.log"
        try:
            with private_files(), _child_output_to(log):
                session: SparkSession = configure_spark_with_delta_pip(builder).getOrCreate()
        except (PySparkException, OSError) as error:
            raise EngineError(
                f"Spark did not start ({type(error).__name__}). Its first start needs Maven Central"
                f" for the Delta Lake jars. Its log: {log}"
            ) from error
        create_schemas(session, self._settings, warehouse)
        _register(session, warehouse)
        create_tables(session, self._settings, clauses_on_disk)
        return session


def session_options(warehouse: Path) -> dict[str, str]:
    """What Spark is configured with, one machine and small batches in mind.

    Args:
        warehouse: Folder of tables that say no place of their own.
    """
    return {
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.warehouse.dir": str(warehouse),
        "spark.sql.session.timeZone": "UTC",
        # The file system of Spark sets its own rights to files, whatever the process's umask.
        "spark.hadoop.fs.permissions.umask-mode": "077",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        # Batches are small: few tasks a stage, and no user interface to start.
        "spark.sql.shuffle.partitions": "2",
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
        # Its cost grows with the square of the columns: a minute for a snapshot's merge.
        "spark.sql.constraintPropagation.enabled": "false",
        # Java takes what it needs of it; in Spark's own 1 GB the tests of this engine spent a
        # third of their time on collecting garbage.
        "spark.driver.memory": "4g",
        # The collector for throughput: nobody waits for single pauses.
        "spark.driver.extraJavaOptions": "-XX:+UseParallelGC",
        # Without a child process for the rights of each file, and without checksum files beside
        # the data and the log.
        "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
        "spark.delta.logStore.file.impl": "io.delta.storage.LocalLogStore",
        # Delta keeps the logs of 10,000 tables, and plans with them: gigabytes where several
        # schemas are worked on. One has far fewer tables than these.
        "spark.databricks.delta.delta.log.cacheSize": "200",
        # Without a user interface nobody looks at plans that have ended.
        "spark.ui.enabled": "false",
        "spark.sql.ui.explainMode": "simple",
        "spark.sql.ui.retainedExecutions": "1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }


def _register(session: SparkSession, warehouse: Path) -> None:
    for schema, tables in tables_on_disk(warehouse).items():
        session.sql(f"create schema if not exists {schema} location {sql_text(tables[0].parent)}")
        for folder in tables:
            session.sql(
                f"create table if not exists {schema}.{folder.name}"
                f" using delta location {sql_text(folder)}"
            )


@contextmanager
def _child_output_to(log: Path) -> Iterator[None]:
    """Let processes that start meanwhile, such as Spark's Java, write to a file for life."""
    sys.stdout.flush()
    sys.stderr.flush()
    with log.open("ab") as file:
        kept = {number: os.dup(number) for number in (1, 2)}
        for number in kept:
            os.dup2(file.fileno(), number)
        try:
            yield
        finally:
            for number, copy in kept.items():
                os.dup2(copy, number)
                os.close(copy)
