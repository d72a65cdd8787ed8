"""The GitHub workflows: pinned, with few rights, and running commands that exist."""

import re
from typing import Any

import pytest
import yaml

from bundle.bundle import TARGETS, sources
from ingest.config import PROJECT_DIR

FOLDER = PROJECT_DIR / ".github" / "workflows"
FILES = sorted(path.name for path in FOLDER.glob("*.yml"))


def workflow(name: str) -> dict[str, Any]:
    content = yaml.safe_load((FOLDER / name).read_text())
    # YAML 1.1 takes the key for a boolean.
    content["on"] = content.pop(True)
    return content


def steps(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in content["jobs"].values() for step in job.get("steps", ())]


def commands(name: str) -> list[str]:
    content = workflow(name)
    found = [step["run"] for step in steps(content) if "run" in step]
    lanes = content["jobs"].get("lane", {}).get("strategy", {}).get("matrix", {}).get("include", [])
    return [*found, *(lane["command"] for lane in lanes)]


def test_workflows_are_there() -> None:
    assert FILES == ["ci.yml", "deploy.yml", "deploy_target.yml"]


@pytest.mark.parametrize("name", FILES)
def test_actions_are_pinned(name: str) -> None:
    for step in steps(workflow(name)):
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])
    # The comment tells people, and the tools that update pins, which version it is.
    for line in re.findall(r"uses: .+@.+", (FOLDER / name).read_text()):
        assert re.search(r" # v\d+\.\d+\.\d+$", line)


@pytest.mark.parametrize("name", FILES)
def test_rights_are_few(name: str) -> None:
    content = workflow(name)
    jobs = content["jobs"].values()
    granted = [content["permissions"], *(job.get("permissions", {}) for job in jobs)]
    allowed = {"contents": "read"} | ({"id-token": "write"} if name != "ci.yml" else {})

    assert all(rights.items() <= allowed.items() for rights in granted)
    assert "secrets." not in (FOLDER / name).read_text()
    for step in steps(content):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("name", FILES)
def test_jobs_end_by_themselves(name: str) -> None:
    for job in workflow(name)["jobs"].values():
        # A deployment runs the job of the target.
        limit = 90 if name == "deploy_target.yml" else 30
        assert "uses" in job or job["timeout-minutes"] <= limit


@pytest.mark.parametrize("name", FILES)
def test_make_targets_exist(name: str) -> None:
    makefile = (PROJECT_DIR / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for command in commands(name):
        for line in command.splitlines():
            if line.startswith("make "):
                assert {word for word in line.split()[1:] if "=" not in word} <= targets


def test_every_lane_is_run() -> None:
    assert set(commands("ci.yml")) >= {
        "make lint",
        "make demo test",
        "make test-spark",
        "make test-databricks",
    }
    assert workflow("ci.yml")["concurrency"]["group"]


def test_tags_are_deployed_to_staging_and_then_to_prod() -> None:
    content = workflow("deploy.yml")
    jobs = content["jobs"]

    assert content["on"] == {"push": {"tags": ["v*"]}}
    assert content["concurrency"] == {"group": "deploy", "cancel-in-progress": False}
    order = [(name, job.get("needs"), job.get("with")) for name, job in jobs.items()]
    assert order == [
        ("check", None, None),
        ("staging", "check", {"target": "staging"}),
        ("prod", "staging", {"target": "prod"}),
    ]
    for target in ("staging", "prod"):
        assert target in TARGETS
        assert jobs[target]["uses"] == "./.github/workflows/deploy_target.yml"


def test_deployment_has_an_environment_and_no_secret() -> None:
    [job] = workflow("deploy_target.yml")["jobs"].values()

    assert job["environment"] == "${{ inputs.target }}"
    assert job["env"]["DATABRICKS_AUTH_TYPE"] == "github-oidc"
    given = {name.removeprefix("BUNDLE_VAR_") for name in job["env"] if "BUNDLE_VAR_" in name}
    assert given == {"service_principal", "warehouse_id"}
    assert given <= set(sources()["variables"])
    assert commands("deploy_target.yml")[-4:] == [
        'databricks bundle validate --target "$TARGET"',
        'databricks bundle deploy --target "$TARGET"',
        'databricks bundle run batches --no-wait --target "$TARGET"',
        "make smoke-databricks TARGET=staging",
    ]
    # Prod waits for staging, and so for the batch that went through it.
    [*_, last] = steps(workflow("deploy_target.yml"))
    assert last["if"] == "inputs.target == 'staging'"
