"""Jobs keep what the platform's documentation says of them; each rule finds what breaks it."""

import copy
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bundle.bundle import TARGETS, load
from bundle.platform import violations
from ingest.config import PROJECT_DIR

REQUIREMENTS = PROJECT_DIR / "resources" / "requirements.txt"


@pytest.mark.parametrize("target", TARGETS)
def test_jobs_keep_the_rules(target: str) -> None:
    bundle = load(target)
    for name, job in bundle["resources"]["jobs"].items():
        assert violations(job, bundle) == [], name


def task(job: dict[str, Any], key: str) -> dict[str, Any]:
    [found] = [item for item in job["tasks"] if item["task_key"] == key]
    return found


def set_operand(value: str) -> Callable[[dict[str, Any]], None]:
    return lambda job: task(job, "has_pending")["condition_task"].update(left=value)


def set_inputs(value: str) -> Callable[[dict[str, Any]], None]:
    return lambda job: task(job, "apply")["for_each_task"].update(inputs=value)


def set_dependency(value: str) -> Callable[[dict[str, Any]], None]:
    return lambda job: job["environments"][1]["spec"]["dependencies"].append(value)


BREAKS: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (set_operand("{{tasks.land.values.pending}}"), "task values are documented for notebooks"),
    (set_operand("{{tasks.to_apply.output.rows}}"), "may be a list, which is no operand"),
    (set_operand("{{tasks.to_apply.output.first_row}}"), "may be a list, which is no operand"),
    (set_operand("[]"), "is compared as a number and is none"),
    (set_operand("{{tasks.land.output.first_row.x}}"), "land is no SQL task"),
    (set_operand("{{tasks.report.result_state}}"), "report does not come before it"),
    (set_operand("{{job.parameters.unknown}}"), "is no reference"),
    (set_operand("{{input.batch_date}}"), "is known inside a loop only"),
    (set_inputs("{{job.parameters.allow_mass_closing}}"), "is no list of rows"),
    (set_inputs(f'["{"x" * 5000}"]'), "at most 5000 characters"),
    (lambda job: task(job, "apply")["for_each_task"].update(concurrency=101), "concurrency"),
    (
        lambda job: task(job, "to_apply")["sql_task"]["file"].update(path="sql/none.sql"),
        "sql/none.sql is not deployed",
    ),
    (
        lambda job: task(job, "land")["python_wheel_task"]["parameters"].append("/Volumes/a/b/c"),
        "/Volumes/a/b/c is in no place of the bundle",
    ),
    (set_dependency("dbt-core>=1.12,<1.13"), "dbt-core>=1.12,<1.13 is not pinned"),
    (set_dependency("dbt-core"), "dbt-core is not pinned"),
    (lambda job: task(job, "report").update(run_if="ALWAYS"), "ALWAYS is no condition"),
    (
        lambda job: task(job, "to_apply")["depends_on"][0].update(outcome="true"),
        "land has no outcome",
    ),
]


@pytest.mark.parametrize(("change", "sentence"), BREAKS, ids=[item[1] for item in BREAKS])
def test_what_breaks_a_rule_is_found(
    change: Callable[[dict[str, Any]], Any], sentence: str
) -> None:
    bundle = load("prod")
    job = copy.deepcopy(bundle["resources"]["jobs"]["batches"])
    change(job)

    assert any(sentence in found for found in violations(job, bundle))


def test_packages_that_stay_at_home_are_found() -> None:
    bundle = load("prod")
    bundle["sync"]["include"] = []

    found = violations(bundle["resources"]["jobs"]["batches"], bundle)

    assert found == ["build: the packages of dbt are not deployed"]


def test_requirements_are_those_of_the_lock() -> None:
    """As `make requirements` writes them; without the engines, which the platform has itself."""
    uv = Path(sysconfig.get_path("scripts")) / "uv"
    makefile = (PROJECT_DIR / "Makefile").read_text()
    [line] = [line for line in makefile.splitlines() if "uv export" in line]
    options = line.split("uv export ")[1].split(" --output-file")[0].split()

    exported = subprocess.run(
        [uv, "export", "--offline", *options],
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = REQUIREMENTS.read_text().splitlines()

    assert exported.splitlines() == lines
    assert all("==" in item.split(";")[0] for item in lines)
    names = {item.split("==")[0] for item in lines}
    assert {"dbt-core", "dbt-databricks", "pyarrow"} <= names
    assert not names & {"pyspark", "pyspark-client", "databricks-connect", "delta-spark", "pysail"}


def test_no_code_of_the_wheel_needs_a_notebook() -> None:
    """Its utilities, task values among them, are documented for notebooks."""
    code = "\n".join(path.read_text() for path in (PROJECT_DIR / "ingest").rglob("*.py"))

    assert "dbutils" not in code
