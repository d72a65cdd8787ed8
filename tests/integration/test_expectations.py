"""The offline stand-in for dbt_expectations counts failures as the hub package does.

Both run the same dbt project, `expectations/`, whose tests say in their meta how many
failures they must have.
"""

import json
import shutil
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.artifacts.resources.types import NodeType
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner, dbtRunnerResult

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = Path(__file__).resolve().parent / "expectations"
STAND_IN = REPOSITORY / "offline" / "dbt_expectations"
INSTALLED = REPOSITORY / "dbt_packages"

REFUSALS = {
    "no bounds": (
        "expect_column_values_to_be_between",
        {"column_name": "code"},
        "set min_value, max_value or both for 'code'",
    ),
    "no bounds for a row count": (
        "expect_table_row_count_to_be_between",
        {},
        "set min_value, max_value or both for 'count(*)'",
    ),
    "group_by that is no list": (
        "expect_table_row_count_to_be_between",
        {"min_value": 1, "group_by": "code"},
        "group_by takes a list of columns, not 'code'",
    ),
    "raw pattern": (
        "expect_column_values_to_match_regex",
        {"column_name": "code", "regex": "a", "is_raw": True},
        "is_raw and flags have no effect on Spark (code)",
    ),
    "flags": (
        "expect_column_values_to_match_regex",
        {"column_name": "code", "regex": "a", "flags": "i"},
        "is_raw and flags have no effect on Spark (code)",
    ),
    "backslash": (
        "expect_column_values_to_match_regex",
        {"column_name": "code", "regex": r"^\d$"},
        "a pattern cannot have a backslash or a single quote",
    ),
    "single quote": (
        "expect_column_values_to_match_regex",
        {"column_name": "code", "regex": "it's"},
        "a pattern cannot have a backslash or a single quote",
    ),
    "empty column list": (
        "expect_compound_columns_to_be_unique",
        {"column_list": []},
        "column_list takes at least one column",
    ),
    "column list that is no list": (
        "expect_compound_columns_to_be_unique",
        {"column_list": "code"},
        "column_list takes a list of columns, not 'code'",
    ),
    "unknown ignore_row_if": (
        "expect_compound_columns_to_be_unique",
        {"column_list": ["code"], "ignore_row_if": "never"},
        "ignore_row_if cannot be 'never'",
    ),
    "unknown argument": (
        "expression_is_true",
        {"expression": "true", "mostly": 0.9},
        "takes no keyword argument 'mostly'",
    ),
}


def version(package: Path) -> str:
    project = yaml.safe_load((package / "dbt_project.yml").read_text(encoding="utf-8"))
    return str(project["version"])


def packages(origin: str) -> list[Path]:
    """Return the folders to install for the stand-in or for the hub package."""
    if origin == "stand-in":
        return [STAND_IN]
    hub = INSTALLED / "dbt_expectations"
    if not hub.is_dir() or version(hub) == version(STAND_IN):
        pytest.skip("the dbt package hub was not reachable at setup: no hub package")
    return [folder for folder in (hub, INSTALLED / "dbt_date") if folder.is_dir()]


def dbt(command: str, project: Path) -> dbtRunnerResult:
    arguments = ["--project-dir", str(project), "--profiles-dir", str(project)]
    return dbtRunner().invoke([command, *arguments, "--log-path", str(project / "logs"), "--quiet"])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the dbt project, with a schema and a table folder of its own."""
    copy = tmp_path / "project"
    shutil.copytree(PROJECT, copy)
    monkeypatch.setenv("EXPECTATIONS_TABLES", str(tmp_path / "tables"))
    monkeypatch.setenv("EXPECTATIONS_SCHEMA", f"expectations_{uuid.uuid4().hex[:8]}")
    monkeypatch.setenv("EXPECTATIONS_REMOTE", "sc://not-in-use")
    return copy


def install(folders: list[Path], project: Path) -> None:
    """Do what `dbt deps` does, which dbt counts: each package is named and in its folder."""
    for folder in folders:
        shutil.copytree(folder, project / "dbt_packages" / folder.name)
    named = {"packages": [{"local": str(folder)} for folder in folders]}
    (project / "packages.yml").write_text(json.dumps(named), encoding="utf-8")


@pytest.mark.parametrize("origin", ["stand-in", "hub"])
def test_failures_are_as_expected(
    origin: str,
    project: Path,
    engine_remote: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(packages(origin), project)
    monkeypatch.setenv("EXPECTATIONS_REMOTE", engine_remote)

    build = dbt("build", project)

    assert build.exception is None
    assert isinstance(build.result, RunExecutionResult)
    failures: dict[str, int | None] = {}
    expected: dict[str, int] = {}
    for item in build.result.results:
        if item.node.resource_type == NodeType.Test:
            failures[item.node.name] = item.failures
            expected[item.node.name] = item.node.config.meta["expected_failures"]
    assert failures
    assert failures == expected


@pytest.mark.parametrize(("name", "arguments", "message"), REFUSALS.values(), ids=REFUSALS.keys())
def test_stand_in_refuses(
    name: str, arguments: dict[str, Any], message: str, project: Path
) -> None:
    install([STAND_IN], project)
    tests = [{f"dbt_expectations.{name}": {"arguments": arguments}}]
    patch = {"models": [{"name": "refused", "data_tests": tests}]}
    models = project / "models"
    (models / "refused.sql").write_text("select 'a' as code", encoding="utf-8")
    # JSON is YAML too.
    (models / "_refused.yml").write_text(json.dumps(patch), encoding="utf-8")

    parse = dbt("parse", project)

    assert not parse.success
    assert message in str(parse.exception)
