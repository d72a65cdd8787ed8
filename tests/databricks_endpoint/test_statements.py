"""Statements one by one: what Spark executes, what is emulated, what is refused."""

from collections.abc import Callable

import pytest
from databricks.sql.client import Connection, Cursor
from databricks.sql.exc import DatabaseError, RequestError, ServerOperationError

from databricks_endpoint.conftest import CATALOG, STATEMENTS, STATEMENTS_SCHEMA, Run
from databricks_endpoint.server import Endpoint

S = STATEMENTS
T = f"{S}.`t`"


def refused(run: Run, text: str, reason: str) -> None:
    with pytest.raises(ServerOperationError, match=reason):
        run(text)


def schema_rows(run: Run, view: str, columns: str, name: str = "table_schema") -> list[object]:
    return run(
        f"select {columns} from `{CATALOG}`.information_schema.{view}"
        f" where {name} = '{STATEMENTS_SCHEMA}'"
    )


def test_values_of_all_types_arrive(run: Run) -> None:
    row = run(
        "select true, 1Y, 2S, 3, 4L, 1.5F, 2.5D, 12.30, 'text', date '2025-01-15',"
        " timestamp '2025-01-15 10:00:00', x'01', array(1), map('a', 1), named_struct('a', 1), null"
    )[0]
    assert [str(value) for value in row] == [
        *("True", "1", "2", "3", "4", "1.5", "2.5", "12.30", "text", "2025-01-15"),
        *("2025-01-15 10:00:00+00:00", "b'\\x01'"),
        *("[1]", "[('a', 1)]", "{'a': 1}", "None"),
    ]


def test_ansi_is_on_and_time_is_utc(run: Run) -> None:
    refused(run, "select cast('x' as int)", "CAST_INVALID_INPUT")
    assert run("select current_timezone()") == [("UTC",)]


def test_protocol_lists_schemas_tables_and_columns(run: Run, cursor: Cursor) -> None:
    assert (STATEMENTS_SCHEMA, CATALOG) in [tuple(row) for row in cursor.schemas().fetchall()]
    found = cursor.tables(CATALOG, STATEMENTS_SCHEMA).fetchall()
    assert [tuple(row) for row in found] == [(CATALOG, STATEMENTS_SCHEMA, "t", "TABLE")]
    columns = cursor.columns(CATALOG, STATEMENTS_SCHEMA, "t").fetchall()
    assert [tuple(row)[3:] for row in columns] == [("a", "int"), ("b", "string")]


def test_strangers_are_kept_out(connect: Callable[..., Connection]) -> None:
    with pytest.raises(RequestError):
        connect(token="wrong")
    with pytest.raises(DatabaseError, match="NO_SUCH_CATALOG_EXCEPTION"):
        connect(catalog="other")


@pytest.mark.parametrize(
    "text",
    [
        "select * from other.statements.t",
        "select * from spark_catalog.statements.t",
        "create schema other.statements",
        "use catalog other",
        "show schemas in other",
    ],
)
def test_other_catalogs_are_unknown(run: Run, text: str) -> None:
    refused(run, text, "NO_SUCH_CATALOG_EXCEPTION")


@pytest.mark.parametrize(
    "text",
    [
        f"create materialized view {S}.m as select 1 as a",
        f"alter table {T} set row filter {S}.f on (a)",
        f"alter table {T} alter column a set maks {S}.f",
        f"undrop table {T}",
        f"select * from `{CATALOG}`.information_schema.volumes",
    ],
)
def test_what_is_not_listed_fails(run: Run, endpoint: Endpoint, text: str) -> None:
    before = len(endpoint.statements)
    with pytest.raises(ServerOperationError):
        run(text)
    assert text not in [statement.text for statement in endpoint.statements[before:]]


def test_catalog_is_current_and_quoted(run: Run) -> None:
    run(f"use catalog `{CATALOG}`")
    assert run("select current_catalog()") == [(CATALOG,)]
    assert run(f"show schemas in `{CATALOG}` like '{STATEMENTS_SCHEMA}'") == [(STATEMENTS_SCHEMA,)]
    refused(run, f"select * from {CATALOG}.statements.t", "INVALID_IDENTIFIER|PARSE")


def test_clustering_and_maintenance(run: Run) -> None:
    run(f"alter table {T} cluster by (b)")
    assert run(f"describe detail {T}")[0] is not None
    properties = dict(run(f"show tblproperties {T}"))
    assert properties["clusteringColumns"] == '[["b"]]'
    run(f"alter table {T} set tblproperties ('delta.deletedFileRetentionDuration' = '30 days')")
    run(f"optimize {T}")
    run(f"vacuum {T}")
    run(f"analyze table {T} compute statistics for columns a, b")
    refused(run, f"analyze table {T} compute statistics for columns c", "UNRESOLVED_COLUMN")
    assert run(f"describe history {T}")[0][4] == "VACUUM END"


def test_history_and_restore(run: Run) -> None:
    run(f"insert into {T} select 2, 'y'")
    assert run(f"select count(*) from {T}") == [(2,)]
    assert [row[0] for row in run(f"describe history {T}")] == [1, 0]
    run(f"restore table {T} to version as of 0")
    assert run(f"select count(*) from {T}") == [(1,)]
    run(f"restore table {T} to version as of 1")
    assert run(f"select count(*) from {T}") == [(2,)]


def test_comments(run: Run) -> None:
    run(f"comment on table {T} is 'About \\'t\\''")
    run(f"comment on column {T}.`a` is 'About'")
    run(f"alter table {T} alter column `a` comment 'About a', b comment 'About b'")
    described = {name: (kind, comment) for name, kind, comment in run(f"describe extended {T}")}

    assert described["a"] == ("int", "About a")
    assert described["b"] == ("string", "About b")
    assert described["Comment"][0] == "About 't'"
    assert schema_rows(run, "columns", "column_name, comment") == [
        ("a", "About a"),
        ("b", "About b"),
    ]
    (information,) = run(f"show table extended in {S} like 't|u'")
    assert "Comment: About 't'\n" in str(information[3])
    assert " |-- a: integer (nullable = true)" in str(information[3])


def test_null_and_check_constraints_hold(run: Run) -> None:
    run(f"alter table {T} change column `a` set not null")
    run(f"alter table {T} add constraint positive check (a > 0)")
    nullable = "column_name, is_nullable"
    assert schema_rows(run, "columns", nullable) == [("a", "NO"), ("b", "YES")]
    properties = [name for name, _ in run(f"show tblproperties {T}")]
    assert [name for name in properties if "constraints" in str(name)] == [
        "delta.constraints.positive"
    ]
    refused(run, f"insert into {T} values (null, 'y')", "CHECK constraint|CONSTRAINT")
    refused(run, f"insert into {T} values (-1, 'y')", "positive")
    run(f"insert into {T} values (2, null)")
    refused(run, f"alter table {T} change column b set not null", "violate|NOT NULL")
    run(f"alter table {T} alter column `a` drop not null")
    run(f"alter table {T} drop constraint if exists positive")
    run(f"insert into {T} values (null, 'y')")


def test_keys_are_recorded(run: Run) -> None:
    refused(run, f"alter table {T} add constraint pk primary key (a) rely", "must be NOT NULL")
    run(f"alter table {T} alter column a set not null")
    run(f"alter table {T} add constraint pk primary key (`a`) not enforced rely")
    refused(run, f"alter table {T} add constraint pk2 primary key (a)", "primary key already")
    run(f"create or replace table {S}.u using delta as select 1 as t_a")
    child = f"alter table {S}.u add constraint fk foreign key (t_a) references {T}"
    refused(run, f"{child} (b)", "no primary key")
    run(f"{child} (`a`)")

    assert set(schema_rows(run, "table_constraints", "constraint_name, constraint_type")) == {
        ("pk", "PRIMARY KEY"),
        ("fk", "FOREIGN KEY"),
    }
    run(f"alter table {S}.u drop constraint if exists fk")
    run(f"create or replace table {T} using delta as select 1 as a")
    assert schema_rows(run, "table_constraints", "constraint_name") == []


def test_tags_are_recorded(run: Run) -> None:
    run(f"alter table {T} set tags ('domain' = 'shop')")
    run(f"alter table {T} alter column `b` set tags ('pii' = 'email', 'class' = 'high')")
    refused(run, f"alter table {T} alter column c set tags ('pii' = 'x')", "UNRESOLVED_COLUMN")
    refused(run, f"alter table {S}.nothing set tags ('pii' = 'x')", "TABLE_OR_VIEW_NOT_FOUND")

    tags = schema_rows(run, "table_tags", "tag_name, tag_value", "schema_name")
    assert tags == [("domain", "shop")]
    columns = schema_rows(run, "column_tags", "column_name, tag_name, tag_value", "schema_name")
    assert columns == [("b", "pii", "email"), ("b", "class", "high")]


def test_masks_need_a_fitting_function(run: Run) -> None:
    mask = f"alter table {T} alter column `b` set mask {S}.`hide`"
    refused(run, mask, "UNRESOLVED_ROUTINE")
    run(
        f"create or replace function {S}.hide(plain string) returns string"
        " return case when is_account_group_member('stewards') then plain else '***' end"
    )
    assert run(f"select {S}.hide('x')") == [("***",)]
    run(mask)
    refused(run, mask.replace("`b`", "`a`"), "another type|DATATYPE_MISMATCH")
    refused(run, mask.replace("`b`", "`c`"), "UNRESOLVED_COLUMN")
    expected = [("b", f"{CATALOG}.{STATEMENTS_SCHEMA}.hide")]
    assert schema_rows(run, "column_masks", "column_name, mask_name") == expected
    run(f"alter table {T} alter column b drop mask")
    assert schema_rows(run, "column_masks", "column_name") == []


def test_grants_are_recorded(run: Run) -> None:
    run(f"grant select, modify on table {T} to `readers`")
    run(f"revoke modify on {T} from `readers`")
    run(f"grant use schema on schema {S} to `readers`")
    run(f"grant use catalog on catalog `{CATALOG}` to `readers`")
    refused(run, f"grant use schema on table {T} to `readers`", "cannot be granted")
    refused(run, f"grant selekt on table {T} to `readers`", "cannot be granted")

    assert [row[:3] for row in run(f"show grants on {T}")] == [("readers", "SELECT", "TABLE")]
    found = schema_rows(run, "table_privileges", "grantee, privilege_type")
    assert found == [("readers", "SELECT")]
