"""The gate before prod, on the stand-in: a sample batch goes all the way, or the gate says no."""

import json
from collections.abc import Iterator

import pytest

from databricks_endpoint.conftest import Stack
from databricks_endpoint.workspace import Workspace
from tools.smoke_databricks import SmokeError, smoke

SCHEMA = "smoke"


@pytest.fixture(scope="module")
def workspace(
    stack: Stack, connect: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workspace]:
    place = tmp_path_factory.mktemp("workspace")
    own = Stack(
        place / "feeds",
        stack.warehouse,
        stack.profiles,
        stack.environment | {"ECOMM_SCHEMA": SCHEMA},
    )
    with connect() as connection, connection.cursor() as cursor:  # type: ignore[operator]

        def run(text: str) -> list[tuple[object, ...]]:
            cursor.execute(text)
            return [tuple(row) for row in cursor.fetchall()]

        yield Workspace(own, run, place / "Volumes")


def test_a_sample_batch_goes_through(workspace: Workspace) -> None:
    found = smoke("staging", workspace)

    assert "is applied and balanced: " in found
    # What dbt wrote stays, for state:modified.
    [runs] = workspace.volumes.glob("*/*/artifacts/runs")
    assert {path.name for path in runs.glob("1/2025-01-15/*.json")} >= {
        "manifest.json",
        "run_results.json",
    }
    results = json.loads((runs / "1" / "2025-01-15" / "run_results.json").read_text())
    built = {result["unique_id"] for result in results["results"]}
    assert "snapshot.ecomm_pipeline.orders_target" in built


def test_a_batch_that_is_not_applied_is_told_of(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "run_batches", lambda: None)

    with pytest.raises(SmokeError, match="0 feeds are reconciled and 0 balanced, not 5"):
        smoke("staging", workspace)


def test_prod_gets_no_sample() -> None:
    with pytest.raises(SmokeError, match="A sample batch has no place in prod"):
        smoke("prod")
