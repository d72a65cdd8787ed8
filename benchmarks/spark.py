"""Apache Spark for contenders, configured as this project configures it."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from delta import configure_spark_with_delta_pip
from pyspark.sql import DataFrame, SparkSession

from benchmarks.project import PREFIX, Rule, column_names
from ingest.catalog import sql_text
from ingest.config import SUFFIXES
from ingest.contract import Feed
from ingest.engines.java import java_home
from ingest.engines.spark import session_options
from ingest.errors import EngineError

MALFORMED = "_raw_line"
_CODES = re.compile(r"\(\s*(select collect_list\(.*?\s+from (\S+) as \w+)\s*\)", re.DOTALL)


@contextmanager
def spark(warehouse: Path) -> Iterator[SparkSession]:
    """A Spark of this process, with a warehouse's tables.

    Args:
        warehouse: As for `use`; made where it is missing.

    Raises:
        EngineError: There is no Java.
    """
    warehouse.mkdir(parents=True, exist_ok=True)
    home = java_home(warehouse / ".java")
    if home is None:
        raise EngineError("Spark needs Java 17 or 21, and there is none.")
    os.environ["JAVA_HOME"] = str(home)
    builder = SparkSession.builder.appName("contender").master("local[*]")
    for name, value in session_options(warehouse).items():
        builder = builder.config(name, value)
    session: SparkSession = configure_spark_with_delta_pip(builder).getOrCreate()
    use(session, warehouse)
    try:
        yield session
    finally:
        session.stop()


def use(session: SparkSession, warehouse: Path) -> None:
    """Make the project's schemas in a session, with what tables lie in their folders.

    Args:
        session: Has none of them yet.
        warehouse: Folder with a folder for each schema, each with Delta tables.
    """
    # As dbt-spark has it for all that this project does on Spark.
    session.conf.set("spark.sql.ansi.enabled", "false")
    for suffix in SUFFIXES:
        schema = f"{PREFIX}_{suffix}"
        session.sql(f"create schema {schema} location '{warehouse / schema}'")
        for log in (warehouse / schema).glob("*/_delta_log"):
            table = f"{schema}.{log.parent.name}"
            session.sql(f"create table {table} using delta location '{log.parent}'")


def read_csv(session: SparkSession, feed: Feed, file: Path) -> DataFrame:
    """A file as Spark reads it, all columns as text; the last one has malformed rows as they are.

    A value may have line ends, hence `multiLine`, for which one task reads the whole file.
    """
    schema = ", ".join(f"`{name}` string" for name in [*column_names(feed, file), MALFORMED])
    return session.read.csv(
        str(file),
        schema=schema,
        header=True,
        multiLine=True,
        escape='"',
        mode="PERMISSIVE",
        columnNameOfCorruptRecord=MALFORMED,
    )


def with_codes(session: SparkSession, rule: Rule) -> Rule:
    """The rule with the codes themselves where its condition asks a seed for them."""

    def codes(query: re.Match[str]) -> str:
        (row,) = session.sql(query[1]).collect()
        return f"array({', '.join(map(sql_text, row[0]))})"

    return replace(rule, condition=_CODES.sub(codes, rule.condition))
