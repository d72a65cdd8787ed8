"""What is refused as a declaration of a rule: it would be counted wrong, or stop the build."""

from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import Undefined
from support.macros import call_macro

from ingest.errors import UsageError


def refuse(message: str) -> None:
    raise UsageError(message)


def rule(**given: Any) -> SimpleNamespace:
    """A test as dbt's graph has it: of a base model, where nothing else is given."""
    fields: dict[str, Any] = {
        "name": "orders_odd",
        "severity": "warn",
        "attached_node": "model.shop.base_orders",
        "quarantine": False,
        **given,
    }
    meta = {"category": "validity", "severity": "LOW", "quarantine": fields["quarantine"]}
    node = SimpleNamespace(
        name=fields["name"],
        config=SimpleNamespace(severity=fields["severity"], meta=SimpleNamespace(**meta)),
        description="Odd.",
        raw_code="select 1",
        attached_node=fields["attached_node"],
        test_metadata=None,
    )
    node.get = lambda name: getattr(node, name)
    return node


def declared(*tests: SimpleNamespace) -> Any:
    graph: dict[str, Any] = {"nodes": {f"test.shop.{test.name}": test for test in tests}}
    return call_macro(
        "declared_rules",
        graph=graph,
        execute=True,
        project_name="shop",
        feeds=lambda: ["orders"],
        exceptions=SimpleNamespace(raise_compiler_error=refuse),
    )


def test_rules_are_sorted_by_id() -> None:
    found = declared(rule(name="b"), rule(name="a", attached_node=None))

    assert [item["id"] for item in found] == ["a", "b"]
    assert found[1]["feed"] == "orders"


def test_test_without_the_meta_of_a_rule_is_none() -> None:
    assert declared(rule(quarantine=Undefined())) == []


def test_rule_that_would_stop_the_build_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"The rule orders_odd would stop the build.*severity: warn"
    ):
        declared(rule(severity="error"))


@pytest.mark.parametrize("node", ["stg_orders", "base_returns", "orders_enriched"])
def test_rule_where_nothing_judges_rows_is_refused(node: str) -> None:
    with pytest.raises(UsageError, match=f"The rule orders_odd stands on {node}, where"):
        declared(rule(attached_node=f"model.shop.{node}"))
