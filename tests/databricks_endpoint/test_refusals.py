"""What the documentation refuses is refused here, entry by entry; what is near it is not."""

import pytest
from databricks.sql.exc import ServerOperationError

from databricks_endpoint.conftest import CATALOG, STATEMENTS, STATEMENTS_SCHEMA, Run
from databricks_endpoint.refused import REFUSALS

S, T = STATEMENTS, f"{STATEMENTS}.`t`"
MASK = f"alter table {T} alter column b set mask {S}.hide"
CHECK = f"alter table {T} add constraint positive check (a > 0)"
TEMPORARY = f"create or replace temporary view passing as select * from {T}"


@pytest.fixture
def mask(run: Run) -> Run:
    """Runs statements; there is a function that masks texts."""
    run(f"create or replace function {S}.hide(plain string) returns string return '***'")
    run(f"create or replace view {S}.v as select * from {T}")
    return run


# For each entry: what is done first, what is refused then, and what is not.
CASES: dict[str, tuple[list[str], list[str], list[str]]] = {
    "a mask on a table with CHECK constraints": (
        [CHECK],
        [MASK],
        [f"alter table {T} drop constraint positive", MASK],
    ),
    "a CHECK constraint on a table with masks": (
        [MASK, f"create or replace table {T} using delta as select 1 as a, 'x' as b"],
        [CHECK],
        [f"alter table {T} alter column b drop mask", CHECK],
    ),
    "a mask on a temporary table or view": (
        [TEMPORARY],
        [f"alter view passing alter column b set mask {S}.hide"],
        [],
    ),
    "a mask on a view": ([], [f"alter view {S}.v alter column b set mask {S}.hide"], [MASK]),
    "time travel on a table with masks": (
        [MASK],
        [
            f"select * from {T} version as of 0",
            f"select * from {T} timestamp as of current_timestamp()",
            f"select count(*) from {S}.v join {T} for version as of 0 on true",
        ],
        [
            f"select * from {T}",
            f"alter table {T} alter column b drop mask",
            f"select * from {T} version as of 0",
        ],
    ),
    "the history of a table with masks": (
        [MASK],
        [f"describe history {T}", f"desc history {T} limit 1"],
        [f"alter table {T} alter column b drop mask", f"describe history {T}"],
    ),
    "a clone of a table with masks": (
        [MASK],
        [f"create table {S}.copy shallow clone {T}", f"create table {S}.copy deep clone {T}"],
        [],
    ),
    "a setting of Spark's on a SQL warehouse": (
        [],
        ["set spark.sql.shuffle.partitions = 1"],
        ["set time zone 'UTC'"],
    ),
    "a JAR": ([], ["add jar '/tmp/x.jar'"], []),
    "a global temporary view": (
        [],
        ["create global temporary view g as select 1 as a"],
        [TEMPORARY],
    ),
    "caching a table": ([], [f"cache table {T}", f"uncache table {T}"], []),
}


def test_every_entry_has_a_case() -> None:
    assert {refusal.what for refusal in REFUSALS} == set(CASES)
    for refusal in REFUSALS:
        assert refusal.page.startswith("docs.databricks.com/")
        assert refusal.error_class.isupper()


@pytest.mark.parametrize("what", CASES)
def test_it_is_refused(what: str, mask: Run) -> None:
    [refusal] = [item for item in REFUSALS if item.what == what]
    before, statements, allowed = CASES[what]
    for text in before:
        mask(text)
    for text in statements:
        with pytest.raises(ServerOperationError) as failed:
            mask(text)
        assert f"[{refusal.error_class}]" in str(failed.value), text
        assert refusal.page in str(failed.value)
    for text in allowed:
        mask(text)


@pytest.mark.parametrize(
    ("text", "error_class"),
    [
        (
            f"create table {S}.u (a int, b string) using delta cluster by (b)"
            " tblproperties ('delta.dataSkippingStatsColumns' = 'a')",
            "DELTA_CLUSTERING_COLUMN_MISSING_STATS",
        ),
        (f"optimize {T} zorder by (b)", "DELTA_CLUSTERING_WITH_ZORDER_BY"),
    ],
)
def test_delta_lake_itself_refuses(text: str, error_class: str, run: Run) -> None:
    with pytest.raises(ServerOperationError, match=error_class):
        run(text)


def test_a_mask_survives_a_replacement(mask: Run) -> None:
    mask(MASK)
    mask(f"create or replace table {T} using delta as select 2 as a, 'y' as b")

    found = mask(
        f"select column_name from `{CATALOG}`.information_schema.column_masks"
        f" where table_schema = '{STATEMENTS_SCHEMA}'"
    )
    assert found == [("b",)]
    mask(f"drop table {T}")
    assert not mask(
        f"select column_name from `{CATALOG}`.information_schema.column_masks"
        f" where table_schema = '{STATEMENTS_SCHEMA}'"
    )
