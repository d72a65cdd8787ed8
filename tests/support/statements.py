"""The kinds of SQL statements that the project sends, each as a small case with its outcome.

The cases run on every engine; `kind_of` tells which kind a statement is, so that a test can see
that no statement of a whole run is of a kind without a case.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import SparkSession

Rows = list[tuple[object, ...]]


@dataclass(frozen=True)
class Case:
    """Statements of one kind on `{table}`, which has the rows (1, 'a'), (2, 'b'), (3, null).

    Attributes:
        kind: Name of the kind, as `kind_of` gives it.
        statements: What to execute, in order.
        expected: Rows of `{table}` afterwards, sorted.
    """

    kind: str
    statements: tuple[str, ...]
    expected: Rows


_START: Rows = [(1, "a"), (2, "b"), (3, None)]

CASES = (
    Case(
        "create or replace table as",
        (
            # Sail needs the option where the columns change (dbt_project.yml).
            "create or replace table {table} using delta options (overwriteSchema \"true\")"
            " as select 6 as other",
            "create or replace table {table} using delta options (overwriteSchema \"true\")"
            " as select 7 as id, 'g' as name",
            # As the targets are rewritten when the contract changes.
            "create or replace table {table} using delta options (overwriteSchema \"true\")"
            " as select cast(id as bigint) as id, name from {table}",
        ),
        [(7, "g")],
    ),
    Case(
        "create or replace table",
        (
            "create or replace table {table} (id int, name string) using delta",
            "insert into {table} values (8, cast(null as string))",
        ),
        [(8, None)],
    ),
    Case("insert into", ("insert into {table} select id + 3, name from {table}",), [
        *_START, (4, "a"), (5, "b"), (6, None),
    ]),
    Case(
        "insert into by name",
        (
            "insert into {table} by name with found as (select 'd' as name, 4 as id)"
            " select name, id from found",
        ),
        [*_START, (4, "d")],
    ),
    Case("delete from", ("delete from {table} where id >= 2",), [(1, "a")]),
    Case(
        "update",
        ("update {table} set name = cast(null as string) where id >= 2",),
        [(1, "a"), (2, None), (3, None)],
    ),
    Case(
        "merge: update set *, insert *",
        (
            "merge into {table} as old using (select 3 as id, 'c' as name union all select 4, 'd')"
            " as new on old.id = new.id"
            " when matched then update set * when not matched then insert *",
        ),
        [(1, "a"), (2, "b"), (3, "c"), (4, "d")],
    ),
    Case(
        "merge: update set *, insert *, delete",
        (
            "merge into {table} as old using (select 3 as id, 'c' as name union all select 4, 'd')"
            " as new on old.id = new.id"
            " when matched then update set * when not matched then insert *"
            " when not matched by source and old.name = 'b' then delete",
        ),
        [(1, "a"), (3, "c"), (4, "d")],
    ),
    Case(
        "merge: delete, update set",
        (
            "merge into {table} as old using (select 1 as id, true as gone union all"
            " select 3, false) as new on old.id = new.id"
            " when matched and new.gone then delete"
            " when matched then update set name = 'x'",
        ),
        [(2, "b"), (3, "x")],
    ),
    Case(
        "merge: update set",
        (
            "merge into {table} as old using (select 3 as id, 'x' as name) as new"
            " on old.id = new.id and old.name is null"
            " when matched then update set name = new.name",
        ),
        [(1, "a"), (2, "b"), (3, "x")],
    ),
    Case(
        "merge: update set, insert",
        (
            "merge into {table} as old using (select 1 as id, 'z' as name, 'update' as change"
            " union all select 9, 'i', 'insert') as new on old.id = new.id"
            " when matched and old.name = 'a' and new.change = 'update'"
            " then update set name = new.name"
            " when not matched and new.change = 'insert'"
            " then insert (id) values (new.id)",
        ),
        [(1, "z"), (2, "b"), (3, None), (9, None)],
    ),
    # dbt-spark does so before it creates a table for the first time, and at no other time.
    Case("drop table", ("drop table if exists {table}_absent",), _START),
    Case(
        "create temporary view",
        (
            "create or replace temporary view cases as select id, 'v' as name from {table}",
            "insert into {table} select id + 10, name from cases where id = 1",
        ),
        [*_START, (11, "v")],
    ),
)  # fmt: skip

# What reads or describes only, or makes a place: each run of any test depends on it.
READING = {"select", "show", "describe", "create schema", "create table", "set", "use"}


def run_case(session: SparkSession, case: Case, schema: str, folder: Path) -> Rows:
    """Run a case on a table of its own; gives the table's rows, sorted."""
    table = f"{schema}.case_{CASES.index(case)}"
    session.sql(f"create schema if not exists {schema} location '{folder}'")
    session.sql(
        f"create or replace table {table} using delta as"
        " select * from values (1, 'a'), (2, 'b'), (3, null) as rows (id, name)"
    )
    for statement in case.statements:
        session.sql(statement.format(table=table))
    return sorted((row["id"], row["name"]) for row in session.table(table).collect())


def kind_of(statement: str) -> str:
    """The kind of a statement, without regard to comments and case."""
    text = re.sub(r"/\*.*?\*/|--[^\n]*", " ", statement, flags=re.DOTALL)
    words = " ".join(text.lower().replace("(", " ").split())
    if words.startswith("merge into"):
        branches = re.findall(r"then (update set \*|update set|insert \*|insert|delete)", words)
        return "merge: " + ", ".join(branches)
    if re.match(r"insert into \S+ by name\b", words):
        return "insert into by name"
    if words.startswith("create or replace table"):
        is_select = re.search(r"\bas (with|select)\b", words)
        return "create or replace table as" if is_select else "create or replace table"
    for start, kind in (
        ("create or replace temporary view", "create temporary view"),
        ("create temporary view", "create temporary view"),
        ("create schema", "create schema"),
        ("create table", "create table"),
        ("drop table", "drop table"),
        ("insert into", "insert into"),
        ("delete from", "delete from"),
        ("with ", "select"),
    ):
        if words.startswith(start):
            return kind
    return words.split(" ", 1)[0] if words else ""
