"""The views through which people read on Databricks: personal columns are masked."""

from types import SimpleNamespace
from typing import Any

import pytest
from support.macros import project_macros


class _Config(dict[str, Any]):
    """What dbt gives for a node's config."""

    __getattr__ = dict.__getitem__


GROUP = "privileged"
MODEL = SimpleNamespace(
    name="customer_analytics",
    schema="shop_marts",
    columns={},
    description="Customers.",
    config=_Config(schema="marts", meta=SimpleNamespace(published_as="views")),
)
COLUMNS = {"customer_id": "", "email": "", "first_name": "", "_extra": "", "birth": ""}
KINDS = {"email": "email", "first_name": "text", "_extra": "map", "birth": "date"}


@pytest.fixture
def macros() -> dict[str, Any]:
    found = project_macros("databricks", "ops")
    found["adapter"] = SimpleNamespace(
        quote=lambda name: f"`{name}`", check_schema_exists=lambda *_: True
    )
    found["var"] = lambda name: {"personal_data_group": GROUP}[name]
    found["pipeline_relation"] = lambda suffix, name: SimpleNamespace(
        database="c", schema=f"shop_{suffix}", identifier=name
    )
    return found


def test_personal_columns_are_masked(macros: dict[str, Any]) -> None:
    view = "v"
    statement = str(macros["view_statement"](MODEL, view, COLUMNS, KINDS))
    selected = [line.strip().rstrip(",") for line in statement.partition("select")[2].splitlines()]

    assert "`customer_id`" in selected
    for column in KINDS:
        (line,) = [line for line in selected if f"`{column}`" in line]
        assert line.startswith(
            f"case when `{column}` is null or is_account_group_member('{GROUP}') then"
        )
        assert (line.count(f"then `{column}` else") == 1 and "***" in line) or column == "birth"


def test_what_people_read_is_published(macros: dict[str, Any]) -> None:
    made: list[str] = []
    macros["run_query"] = lambda sql: made.append(str(sql).strip())
    macros["personal_columns"] = lambda: KINDS
    macros["local_md5"] = lambda text: f"digest of {len(text)}"
    macros["graph"] = SimpleNamespace(nodes={"model": MODEL})

    macros["publish_views"]({"shop_marts.customer_analytics": {"columns": COLUMNS}})
    (statement,) = made
    assert statement.startswith("create or replace view")

    # The view that has been made of the same columns and masks stays as it is.
    comment = f"Customers. digest of {len(macros['view_statement'](MODEL, '', {}, {}))}"
    known = {
        "shop_marts.customer_analytics": {"columns": COLUMNS},
        "shop_views.customer_analytics": {"comment": comment, "columns": {}},
    }
    macros["local_md5"] = lambda _: comment.partition(". ")[2]
    macros["publish_views"](known)
    assert len(made) == 1
