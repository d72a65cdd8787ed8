"""Personal data on Databricks: who sees it, and that no table is built from masked values."""

from types import SimpleNamespace
from typing import Any

import pytest
from support.macros import call_macro

GROUP = "pii"


class Refused(Exception):
    """What the macro stops dbt with."""


def refuse(message: str) -> None:
    raise Refused(message)


def dbt(target: str = "databricks", group: str = GROUP, **more: Any) -> dict[str, Any]:
    """What dbt gives a macro; the statements that are run gather in its `ran`."""
    ran: list[str] = []

    def run_query(sql: str) -> Any:
        ran.append(" ".join(str(sql).split()))
        return SimpleNamespace(rows=[[more.get("is_member", True)]])

    return {
        "ran": ran,
        "execute": True,
        "target": SimpleNamespace(type=target, name=target, database="cat", schema="shop"),
        "flags": SimpleNamespace(WHICH=more.get("command", "build")),
        "var": lambda name, default: {"personal_data_group": group}.get(name, default),
        "run_query": run_query,
        "sql_text": lambda text: f"'{text}'",
        "exceptions": SimpleNamespace(raise_compiler_error=refuse),
        "adapter": SimpleNamespace(quote=lambda name: f"`{name}`"),
        "mask_function": lambda kind: f"mask_{kind}",
    }


def test_who_sees_masked_values_builds_nothing() -> None:
    with pytest.raises(Refused, match=f"Who runs dbt must be in the group {GROUP}, or it would"):
        call_macro("create_mask_functions", **dbt(is_member=False))


def test_masks_show_nothing_to_others() -> None:
    context = dbt()

    call_macro("create_mask_functions", **context)

    asked, *made = context["ran"]
    assert asked == f"select is_account_group_member('{GROUP}')"
    assert len(made) == 6
    for statement in made:
        assert statement.startswith("create or replace function mask_")
        assert f"when value is null or is_account_group_member('{GROUP}') then value" in statement


@pytest.mark.parametrize("more", [{"target": "spark"}, {"group": ""}, {"command": "test"}])
def test_without_a_group_there_are_no_masks(more: dict[str, str]) -> None:
    context = dbt(**more)

    call_macro("create_mask_functions", **context)

    assert context["ran"] == []


def test_every_personal_column_is_tagged_and_masked() -> None:
    context = dbt()
    kinds = {"email": "email", "raw_record": "text", "elsewhere": "text"}
    columns = {"order_id": {}, "email": {}, "raw_record": {}}

    call_macro(
        "mask_personal_columns",
        **context,
        personal_columns=lambda: kinds,
        model=SimpleNamespace(columns=columns),
        this="cat.shop.t",
    )

    alter = "alter table cat.shop.t alter column"
    assert context["ran"] == [
        f"{alter} `email` set tags ('pii' = 'email')",
        f"{alter} `email` set mask mask_email",
        f"{alter} `raw_record` set tags ('pii' = 'text')",
        f"{alter} `raw_record` set mask mask_text",
    ]


def test_quarantined_rows_are_personal_as_a_whole() -> None:
    def column(name: str, **meta: str) -> SimpleNamespace:
        return SimpleNamespace(name=name, meta=SimpleNamespace(**meta))

    columns = {"a": column("order_id"), "b": column("email", personal="email")}
    sources = {
        "x": SimpleNamespace(source_name="landing", columns=columns),
        "y": SimpleNamespace(source_name="ops", columns={"c": column("message", personal="text")}),
    }

    kinds = call_macro("personal_columns", graph=SimpleNamespace(sources=sources))

    assert kinds == {"email": "email", "raw_record": "text"}
