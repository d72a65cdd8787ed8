"""The project in a real workspace, when the environment names one; its schemas are removed after.

Needed: DATABRICKS_HOST, DATABRICKS_HTTP_PATH, ECOMM_CATALOG, a login as profiles.yml describes it,
and the right to create schemas in the catalog.
"""

import json
import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from dbt.cli.main import dbtRunner

from ingest.config import PROJECT_DIR, SUFFIXES, load_settings
from ingest.contract import load_contract

NEEDED = ("DATABRICKS_HOST", "DATABRICKS_HTTP_PATH", "ECOMM_CATALOG")
# The root conftest removes ECOMM_… from the environment before tests run.
GIVEN = {name: os.environ.get(name, "") for name in NEEDED}
MISSING = [name for name, value in GIVEN.items() if not value]
pytestmark = pytest.mark.skipif(
    bool(MISSING), reason=f"no workspace: {', '.join(MISSING)} not in the environment"
)


def dbt(*arguments: str) -> Any:
    profiles = os.environ.get("DBT_PROFILES_DIR", str(PROJECT_DIR))
    folders = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", profiles]
    done = dbtRunner().invoke([*arguments, *folders, "--target", "databricks"])
    assert done.success, done.exception
    return done.result


def execute(sql: str) -> None:
    dbt("run-operation", "run_query", "--args", json.dumps({"sql": sql}))


@pytest.fixture(scope="module")
def schema() -> Iterator[str]:
    """Prefix of schemas with the tables that ingest would have created, all of them empty."""
    prefix = f"ecomm_smoke_{uuid.uuid4().hex[:8]}"
    catalog = GIVEN["ECOMM_CATALOG"]
    settings = load_settings(target="databricks", schema_name=prefix)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**GIVEN, "ECOMM_SCHEMA": prefix}.items():
            patch.setenv(name, value)
        try:
            for suffix in SUFFIXES:
                execute(f"create schema `{catalog}`.`{prefix}_{suffix}`")
            for table in load_contract(PROJECT_DIR).tables:
                columns = ", ".join(f"`{column}` {kind}" for column, kind in table.columns)
                name = settings.table(table.suffix, table.name)
                execute(f"create table `{catalog}`.{name} ({columns}) using delta")
            yield prefix
        finally:
            for suffix in SUFFIXES:
                execute(f"drop schema if exists `{catalog}`.`{prefix}_{suffix}` cascade")


def test_the_workspace_answers(schema: str) -> None:
    dbt("debug")


def test_the_project_builds_twice(schema: str) -> None:
    """The second time existing tables are replaced, merged into and snapshotted again."""
    for _ in range(2):
        dbt("build", "--exclude-resource-type", "unit_test")


def test_docs_are_generated(schema: str) -> None:
    dbt("docs", "generate")
