"""What Databricks refuses by its documentation, though Spark would do it.

`REFUSALS` is the reviewed table: the statement, the state of its table that it depends on, the
error class that the documentation gives it, and the page. A statement is matched in its canonical
form (`translate.py`). Every entry has a case in `test_refusals.py`; so have two things that Delta
Lake refuses itself: clustering by a column without statistics, and z-ordering a clustered table.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import SparkSession

from databricks_endpoint import metadata

if TYPE_CHECKING:
    from databricks_endpoint.emulated import Unity

_N = r"(?:`(?:``|[^`])+`|\w+)"
_TABLE = rf"(?P<table>{_N}(?:\.{_N}){{0,2}})"
_ERRORS = "docs.databricks.com/error-messages"
_MASKS = f"{_ERRORS}/column-masks-feature-not-supported-error-class"
_ROWS_AND_MASKS = f"{_ERRORS}/row-level-security-column-mask-feature-not-supported-error-class"
_FILTERS = "docs.databricks.com/data-governance/unity-catalog/filters-and-masks/"
_SERVERLESS = "docs.databricks.com/compute/serverless/limitations"
_WAREHOUSE = "docs.databricks.com/sql/language-manual/sql-ref-parameters"
# Documented in words, without an error condition.
_PROSE = "UNSUPPORTED_FEATURE"

State = Callable[["Unity", SparkSession, str], bool]


@dataclass(frozen=True)
class Refusal:
    """A documented refusal.

    Attributes:
        what: The statement, or the statement and the state of its table.
        error_class: Error condition of the documentation.
        page: Where it is documented.
        pattern: Finds the statement, and names the table that the state is asked of.
        state: Whether the table is in the state; None refuses the statement whatever it is on.
    """

    what: str
    error_class: str
    page: str
    pattern: re.Pattern[str]
    state: State | None = None


def _is_masked(unity: "Unity", session: SparkSession, table: str) -> bool:
    from databricks_endpoint.emulated import parts

    return bool(unity.masks.get(parts(table)))


def _has_check(unity: "Unity", session: SparkSession, table: str) -> bool:
    keys = [row["key"] for row in session.sql(f"show tblproperties {table}").collect()]
    return any(
        key.startswith("delta.constraints.") and not key.startswith(metadata.NOT_NULL_PROPERTY)
        for key in keys
    )


def _is_view(unity: "Unity", session: SparkSession, table: str) -> bool:
    return session.catalog.getTable(table).tableType == "VIEW"


def _is_temporary(unity: "Unity", session: SparkSession, table: str) -> bool:
    return session.catalog.getTable(table).isTemporary


def _refusal(
    what: str, error_class: str, page: str, pattern: str, state: State | None = None
) -> Refusal:
    return Refusal(what, error_class, page, re.compile(pattern, re.IGNORECASE), state)


_SET_MASK = rf"^ALTER (?:TABLE|VIEW) {_TABLE} (?:ALTER|CHANGE) COLUMN {_N} SET MASK\b"

REFUSALS = (
    _refusal(
        "a mask on a table with CHECK constraints",
        "COLUMN_MASKS_FEATURE_NOT_SUPPORTED.CHECK_CONSTRAINT",
        _MASKS,
        _SET_MASK,
        _has_check,
    ),
    _refusal(
        "a CHECK constraint on a table with masks",
        "COLUMN_MASKS_FEATURE_NOT_SUPPORTED.CHECK_CONSTRAINT",
        _MASKS,
        rf"^ALTER TABLE {_TABLE} ADD CONSTRAINT {_N} CHECK\b",
        _is_masked,
    ),
    _refusal(
        "a mask on a temporary table or view",
        "COLUMN_MASKS_FEATURE_NOT_SUPPORTED.TEMPORARY_TABLES",
        _MASKS,
        _SET_MASK,
        _is_temporary,
    ),
    _refusal(
        "a mask on a view",
        "COLUMN_MASKS_FEATURE_NOT_SUPPORTED.VIEWS",
        _MASKS,
        _SET_MASK,
        _is_view,
    ),
    _refusal(
        "time travel on a table with masks",
        "COLUMN_MASKS_FEATURE_NOT_SUPPORTED.TIME_TRAVEL",
        _MASKS,
        rf"\b(?:FROM|JOIN) {_TABLE}(?: FOR)? (?:SYSTEM_)?(?:VERSION|TIMESTAMP|TIME) AS OF\b",
        _is_masked,
    ),
    _refusal(
        "the history of a table with masks",
        "ROW_LEVEL_SECURITY_COLUMN_MASK_FEATURE_NOT_SUPPORTED.DESCRIBE_HISTORY",
        _ROWS_AND_MASKS,
        rf"^DESC(?:RIBE)? HISTORY {_TABLE}",
        _is_masked,
    ),
    _refusal(
        "a clone of a table with masks",
        _PROSE,
        _FILTERS,
        rf"\b(?:SHALLOW|DEEP) CLONE {_TABLE}",
        _is_masked,
    ),
    _refusal(
        "a setting of Spark's on a SQL warehouse",
        "CONFIG_NOT_AVAILABLE",
        _WAREHOUSE,
        r"^SET (?:spark|hive|delta)\.",
    ),
    _refusal(
        "a JAR",
        _PROSE,
        _SERVERLESS,
        r"^ADD JARS?\b|^CREATE (?:OR REPLACE )?(?:TEMPORARY )?FUNCTION .* USING JAR\b",
    ),
    _refusal(
        "a global temporary view",
        _PROSE,
        _SERVERLESS,
        r"^CREATE (?:OR REPLACE )?GLOBAL TEMP(?:ORARY)? VIEW\b",
    ),
    _refusal(
        "caching a table",
        _PROSE,
        _SERVERLESS,
        r"^(?:CACHE|UNCACHE) (?:LAZY )?TABLE\b|^CLEAR CACHE\b",
    ),
)


def refused(unity: "Unity", session: SparkSession, canonical: str) -> Refusal | None:
    """The refusal that a statement meets, if any."""
    for refusal in REFUSALS:
        for found in refusal.pattern.finditer(canonical):
            if refusal.state is None or _holds(refusal.state, unity, session, found["table"]):
                return refusal
    return None


def _holds(state: State, unity: "Unity", session: SparkSession, table: str) -> bool:
    # A common table expression or a table that is not there has no such state.
    return session.catalog.tableExists(table) and state(unity, session, table)
