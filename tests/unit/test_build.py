"""Around dbt: its settings come from ours, its messages are short, and nothing is left behind."""

import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.macros import call_macro

from ingest.build import BuildResult, DbtBuild, Unheard, _environment, _never_ran, _short, _where
from ingest.config import load_settings


def test_environment_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOMM_TARGET", "spark")
    monkeypatch.delenv("ECOMM_SCHEMA", raising=False)

    with pytest.raises(ValueError), _environment({"ECOMM_TARGET": "local", "ECOMM_SCHEMA": "shop"}):
        assert (os.environ["ECOMM_TARGET"], os.environ["ECOMM_SCHEMA"]) == ("local", "shop")
        raise ValueError

    assert os.environ["ECOMM_TARGET"] == "spark"
    assert "ECOMM_SCHEMA" not in os.environ


def test_project_that_cannot_be_parsed_is_a_failed_build(tmp_path: Path) -> None:
    """It never ran, so nobody but ingest logs it."""
    settings = load_settings(project_dir=tmp_path, warehouse=tmp_path / "tables")

    result = DbtBuild(settings)(Unheard())

    assert (result.success, result.is_recorded) == (False, False)
    ((name, reason),) = result.failures
    assert name == "dbt" and "\n" not in reason and len(reason) <= 402


def test_messages_are_one_short_line() -> None:
    assert _short(" a\n  b ") == "a b"
    assert _short("x" * 400) == "x" * 400
    assert _short("x" * 401) == "x" * 400 + " …"
    assert _never_ran(ValueError("a\nb")) == BuildResult(False, (("dbt", "a b"),), False)


def test_offset_of_the_local_engine_becomes_a_line() -> None:
    statement = "create table t as\nselect 'ü' as x,\n    1 as y z\nfrom u"
    offset = statement.encode().index(b"z\n")
    message = f"invalid argument: found z at {offset}:{offset + 1} expected ',', 'FROM'"

    assert _where(message, statement) == " The line: 1 as y z"
    assert _where("unknown function: f", statement) == _where(message, "select 1") == ""


def test_reason_of_a_failure_is_one_line_without_data() -> None:
    result = SimpleNamespace(
        node=SimpleNamespace(name="orders", original_file_path="models/orders.sql"),
        message="Runtime Error in model orders (models/orders.sql)\n  Cannot cast 'jo@example.com'"
        "\n  to INT\n\n  > in macro f (macros/f.sql)",
    )

    reason = call_macro("failure_reason", result, modules=SimpleNamespace(re=re))

    assert reason == "orders: Cannot cast '…' to INT In models/orders.sql."


def test_reason_of_a_failure_leaves_out_what_the_parser_expected() -> None:
    result = SimpleNamespace(
        node=SimpleNamespace(name="orders", original_file_path="models/orders.sql"),
        message="invalid argument: found y at 212:213 expected ',', 'FROM', or ')'",
    )

    reason = call_macro("failure_reason", result, modules=SimpleNamespace(re=re))

    assert reason == "orders: invalid argument: found y. In models/orders.sql."
