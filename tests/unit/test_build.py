"""Around dbt: its settings come from ours, its messages are short, and nothing is left behind."""

import os
from pathlib import Path

import pytest

from ingest.build import BuildResult, DbtBuild, _environment, _never_ran, _short
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
    settings = load_settings(project_dir=tmp_path, warehouse=tmp_path / "house")

    result = DbtBuild(settings)(lambda name, position, total: None)

    assert (result.success, result.is_recorded) == (False, False)
    ((name, reason),) = result.failures
    assert name == "dbt" and "\n" not in reason and len(reason) <= 402


def test_messages_are_one_short_line() -> None:
    assert _short(" a\n  b ") == "a b"
    assert _short("x" * 400) == "x" * 400
    assert _short("x" * 401) == "x" * 400 + " …"
    assert _never_ran(ValueError("a\nb")) == BuildResult(False, (("dbt", "a b"),), False)
