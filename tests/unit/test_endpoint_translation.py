"""The offline Databricks endpoint's rewriting of SQL."""

import pytest
from databricks_endpoint.emulated import RULES
from databricks_endpoint.translate import UnknownCatalogError, tokenize, translate

CATALOG = "demo-external-catalog"


def sql(text: str) -> str:
    return translate(text, CATALOG).sql


def test_membership_is_that_of_the_sender() -> None:
    text = "select is_account_group_member('a b') as one, is_member('c') as other"
    assert translate(text, CATALOG, {"a b"}).sql == "select true as one, false as other"


def kind_of(text: str) -> str | None:
    canonical = translate(text, CATALOG).canonical
    return next((rule.kind for rule in RULES if rule.pattern.fullmatch(canonical)), None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("select * from `demo-external-catalog`.`s`.t", "select * from spark_catalog.`s`.t"),
        ("select * from `Demo-External-Catalog`.s.t", "select * from spark_catalog.s.t"),
        ("create schema if not exists `demo-external-catalog`.`s`", None),
        (
            "show schemas in `demo-external-catalog` like 's'",
            "show schemas in spark_catalog like 's'",
        ),
        ("use catalog `demo-external-catalog`", "use catalog spark_catalog"),
        ("select current_catalog()", "select 'demo-external-catalog'"),
        (
            "select * from `system`.`information_schema`.`tables` as t",
            "select * from information_schema_tables as t",
        ),
        (
            "select * from `demo-external-catalog`.information_schema.columns",
            "select * from information_schema_columns",
        ),
        ("case when is_account_group_member('steward') then a end", "case when false then a end"),
    ],
)
def test_catalog_functions_and_views_are_replaced(before: str, after: str | None) -> None:
    expected = after or before.replace("`demo-external-catalog`", "spark_catalog")
    assert sql(before) == expected


@pytest.mark.parametrize(
    "text",
    [
        "select '`demo-external-catalog`.s.t' as a",
        'select "`demo-external-catalog`.s.t" as a',
        "select 'it''s \\' `demo-external-catalog`.s' as a",
        "select r'\\', 1 as a -- `demo-external-catalog`.s.t",
        '/* {"node": "`demo-external-catalog`.s.t"} */ select 1 as a',
        "select t.`demo-external-catalog` from t",
        "select demo - external - catalog.s from t",
        "select catalog from t where current_catalog = 1",
    ],
)
def test_strings_comments_and_columns_stay(text: str) -> None:
    assert sql(text) == text
    assert "".join(token.text for token in tokenize(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "select * from hive_metastore.s.t",
        "select * from `spark_catalog`.`s`.`t`",
        "use catalog other",
        "show schemas in `other`",
        "grant use catalog on catalog other to `readers`",
    ],
)
def test_other_catalogs_are_unknown(text: str) -> None:
    with pytest.raises(UnknownCatalogError):
        translate(text, CATALOG)


T = "`demo-external-catalog`.`s`.`t`"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"comment on column {T}.`a` is 'it\\'s'", "comment on column"),
        (f"alter table {T} change column `a` set not null ;", "set not null"),
        (f"ALTER table {T} ALTER COLUMN `a` DROP NOT NULL", "drop not null"),
        (f"alter table {T} add constraint k primary key (`a`, `b`) rely", "primary key"),
        (f"alter table {T} add constraint k primary key(a) not enforced rely;", "primary key"),
        (f"alter table {T} add constraint k foreign key(a) references {T}(a)", "foreign key"),
        (f"alter table {T} drop constraint if exists k", "drop constraint"),
        (f"alter table {T} set tags ( 'pii' = 'true', 'b' = '' )", "set tags"),
        (f"alter table {T} alter column `a` set tags ('pii' = 'true')", "set column tags"),
        (f"alter table {T} alter column `a` set mask `demo-external-catalog`.`s`.`f`", "set mask"),
        (f"alter table {T} alter column a set mask s.f using columns (b)", "set mask"),
        (f"alter table {T} alter column `a` drop mask", "drop mask"),
        (f"grant select on {T} to `readers`", "grant"),
        ("grant use schema, select on schema `demo-external-catalog`.s to `a b`", "grant"),
        ("grant use catalog on catalog `demo-external-catalog` to `readers`", "grant"),
        (f"revoke select on table {T} from `readers`", "grant"),
        (f"show grants on {T}", "show grants"),
        (f"analyze table {T} compute delta statistics", "analyze table"),
        (f"describe table extended {T} as json", "describe as json"),
        ("describe table extended `t__dbt_tmp` as json", "describe as json"),
        ("show table extended in `demo-external-catalog`.`s` like 'a|b'", "show table extended"),
        # Spark knows these.
        (f"optimize {T}", None),
        (f"vacuum {T} retain 168 hours", None),
        (f"alter table {T} cluster by (a)", None),
        (f"alter table {T} add constraint c check (a > 0)", None),
        # A slip must not pass for the real thing.
        (f"alter table {T} alter column a set maks s.f", None),
        (f"alter table {T} alter column a set mask s.f using column (b)", None),
        (f"alter table {T} set tags ('pii')", None),
        (f"alter table {T} set tags (pii = 'true')", None),
        (f"alter table {T} add constraint k primary key a", None),
        (f"alter table {T} add constraint k primary key (a) norely typo", None),
        (f"grant select on {T} for `readers`", None),
        (f"comment on column {T}.`a` 'text'", None),
    ],
)
def test_rules_know_their_statements(text: str, kind: str | None) -> None:
    assert kind_of(text) == kind


def test_reviewed_kinds() -> None:
    """What may be emulated: whoever adds a kind also adds it here."""
    assert sorted(rule.kind for rule in RULES) == [
        "analyze table",
        "comment on column",
        "describe as json",
        "drop constraint",
        "drop mask",
        "drop not null",
        "foreign key",
        "grant",
        "primary key",
        "set column tags",
        "set mask",
        "set not null",
        "set tags",
        "show grants",
        "show table extended",
        "show tblproperties",
        "use catalog",
    ]
