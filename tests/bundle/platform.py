"""What Databricks' documentation says of jobs, as rules to hold a job to before it is deployed.

`violations` gives what a job breaks, one sentence each; `RULES` is the table of rules and pages.
"""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from functools import cache
from typing import Any

from bundle.bundle import strings, tasks
from ingest.config import PROJECT_DIR

REFERENCE = re.compile(r"\{\{(.*?)\}\}")
_DOCS = "docs.databricks.com"
_JOB_VALUES = {"job.id", "job.name", "job.run_id", "job.repair_count", "job.start_time.iso_date"}
_TASK_VALUES = {"task.name", "task.run_id", "task.execution_count"}
_NUMERIC = {"GREATER_THAN", "GREATER_THAN_OR_EQUAL", "LESS_THAN", "LESS_THAN_OR_EQUAL"}
_RUN_IFS = {
    "ALL_SUCCESS",
    "ALL_DONE",
    "NONE_FAILED",
    "AT_LEAST_ONE_SUCCESS",
    "ALL_FAILED",
    "AT_LEAST_ONE_FAILED",
}
_MAX_ROWS = 1000
MAX_BYTES = 48 * 1024
# The smaller of the two numbers that the pages of the clouds give.
_MAX_CHARACTERS = 5000
_MAX_CONCURRENCY = 100

Job = dict[str, Any]
Bundle = dict[str, Any]
Rule = Callable[[Job, Bundle], Iterator[str]]


@cache
def _files_of_git() -> list[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\n") if name]


def deployed_files(bundle: Bundle) -> set[str]:
    """Files that a deployment brings along, relative to the project."""
    kept = {
        name
        for name in _files_of_git()
        if not any(fnmatch(name, pattern) for pattern in bundle["sync"]["exclude"])
    }
    included = {
        str(path.relative_to(PROJECT_DIR))
        for pattern in bundle["sync"]["include"]
        for path in PROJECT_DIR.glob(f"{pattern}/*")
        if path.is_file()
    }
    return kept | included


def violations(job: Job, bundle: Bundle) -> list[str]:
    """What a job breaks, of all rules."""
    return [sentence for rule in RULES for sentence in rule(job, bundle)]


def _by_key(job: Job) -> dict[str, dict[str, Any]]:
    return {task["task_key"]: task for task in tasks(job)}


def _upstream(job: Job, key: str) -> set[str]:
    """Keys of the tasks that end before a task starts."""
    by_key, found, waiting = _by_key(job), set[str](), [key]
    # The task inside a loop comes after what the loop comes after.
    waiting += [
        task["task_key"]
        for task in job["tasks"]
        if task.get("for_each_task", {}).get("task", {}).get("task_key") == key
    ]
    while waiting:
        for on in by_key[waiting.pop()].get("depends_on", ()):
            found.add(on["task_key"])
            waiting.append(on["task_key"])
    return found


def references_resolve(job: Job, bundle: Bundle) -> Iterator[str]:
    """A reference that resolves to nothing is silently taken for text."""
    by_key = _by_key(job)
    declared = {f"job.parameters.{item['name']}" for item in job.get("parameters", ())}
    nested = {
        task["for_each_task"]["task"]["task_key"]
        for task in job["tasks"]
        if "for_each_task" in task
    }
    for key, task in by_key.items():
        own = {name: value for name, value in task.items() if name != "for_each_task"}
        own["inputs"] = task.get("for_each_task", {}).get("inputs", "")
        for name in (found for text in strings(own) for found in REFERENCE.findall(text)):
            if name in declared | _JOB_VALUES | _TASK_VALUES:
                continue
            if name == "input" or name.startswith("input."):
                if key not in nested:
                    yield f"{key}: {name} is known inside a loop only"
                continue
            found = re.fullmatch(r"tasks\.(\w+)\.(values|output|result_state)(\..+)?", name)
            if not found:
                yield f"{key}: {name} is no reference"
            elif found[1] not in _upstream(job, key):
                yield f"{key}: {found[1]} does not come before it"
            elif found[2] == "values":
                yield f"{key}: task values are documented for notebooks alone"
            elif found[2] == "output" and "sql_task" not in by_key[found[1]]:
                yield f"{key}: {found[1]} is no SQL task, which alone has an output"


def operands_are_single_values(job: Job, bundle: Bundle) -> Iterator[str]:
    """Any other type than number, string and boolean makes a condition fail."""
    for key, task in _by_key(job).items():
        condition = task.get("condition_task")
        if not condition:
            continue
        for side in (condition["left"], condition["right"]):
            for name in REFERENCE.findall(side):
                single = r"job\.parameters\.\w+|tasks\.\w+\.(?:result_state|output\.first_row\.\w+)"
                if not re.fullmatch(single, name):
                    yield f"{key}: {name} may be a list, which is no operand"
            is_number = re.fullmatch(r"-?\d+(\.\d+)?|\{\{.*\}\}", side)
            if condition["op"] in _NUMERIC and not is_number:
                yield f"{key}: {side} is compared as a number and is none"


def loops_keep_their_limits(job: Job, bundle: Bundle) -> Iterator[str]:
    """Inputs, concurrency and nesting of loops."""
    for task in job["tasks"]:
        loop = task.get("for_each_task")
        if not loop:
            continue
        key, inputs = task["task_key"], loop["inputs"]
        if "for_each_task" in loop["task"]:
            yield f"{key}: a loop in a loop"
        if not 1 <= loop.get("concurrency", 1) <= _MAX_CONCURRENCY:
            yield f"{key}: concurrency is 1 to {_MAX_CONCURRENCY}"
        if not REFERENCE.fullmatch(inputs):
            if not isinstance(json.loads(inputs), list) or len(inputs) > _MAX_CHARACTERS:
                yield f"{key}: inputs are a list of at most {_MAX_CHARACTERS} characters"
        elif not re.fullmatch(r"\{\{tasks\.\w+\.output\.rows\}\}", inputs):
            yield f"{key}: {inputs} is no list of rows"


def outputs_keep_their_limits(job: Job, bundle: Bundle) -> Iterator[str]:
    """A SQL task hands on 1,000 rows and 48 KB; that of the bytes is in test_sql.py."""
    for key, task in _by_key(job).items():
        if "sql_task" not in task or f"tasks.{key}.output" not in " ".join(strings(job)):
            continue
        path = PROJECT_DIR / "resources" / task["sql_task"]["file"]["path"]
        limit = path.is_file() and re.search(r"\blimit (\d+)\s*$", path.read_text())
        if not limit or int(limit[1]) > _MAX_ROWS:
            yield f"{key}: its query needs a limit of at most {_MAX_ROWS} rows"


def paths_are_there(job: Job, bundle: Bundle) -> Iterator[str]:
    """What a task reads has been deployed, and lies in a volume of the bundle."""
    files = deployed_files(bundle)
    root = bundle["workspace"]["file_path"]
    volumes = {
        f"/Volumes/{item['catalog_name']}/{item['schema_name']}/{item['name']}"
        for item in bundle["resources"]["volumes"].values()
    }
    for key, task in _by_key(job).items():
        relative = [task["sql_task"]["file"]["path"]] if "sql_task" in task else []
        for path in relative:
            if f"resources/{path}" not in files:
                yield f"{key}: {path} is not deployed"
        if "dbt_task" in task:
            folder = task["dbt_task"]["project_directory"]
            if folder != root or "dbt_project.yml" not in files:
                yield f"{key}: there is no dbt project in {folder}"
            # Else a build would ask the package hub.
            if not any(name.startswith("dbt_packages/") for name in files):
                yield f"{key}: the packages of dbt are not deployed"
        for text in strings(task):
            for path in re.findall(r"/(?:Volumes|Workspace)/\S+", text):
                known = (root, *volumes)
                if not any(path == place or path.startswith(f"{place}/") for place in known):
                    yield f"{key}: {path} is in no place of the bundle"


def packages_are_pinned(job: Job, bundle: Bundle) -> Iterator[str]:
    """An environment installs the releases of the lock, and the wheel that is deployed with it."""
    for environment in job.get("environments", ()):
        key = environment["environment_key"]
        for line in environment["spec"]["dependencies"]:
            if line not in ("-r ./requirements.txt", "../dist/*.whl"):
                yield f"{key}: {line} is not pinned by the lock"
    if job.get("environments") and "resources/requirements.txt" not in deployed_files(bundle):
        yield "the requirements are not deployed"


def words_are_known(job: Job, bundle: Bundle) -> Iterator[str]:
    """Conditions of tasks, and the answers of those that they depend on."""
    by_key = _by_key(job)
    for key, task in by_key.items():
        if task.get("run_if", "ALL_SUCCESS") not in _RUN_IFS:
            yield f"{key}: {task['run_if']} is no condition"
        for on in task.get("depends_on", ()):
            outcome = on.get("outcome")
            if outcome is not None and "condition_task" not in by_key[on["task_key"]]:
                yield f"{key}: {on['task_key']} has no outcome"
            if outcome not in (None, "true", "false"):
                yield f"{key}: {outcome} is no outcome"


# Each rule's pages; the tests break each of them.
RULES: dict[Rule, str] = {
    references_resolve: f"{_DOCS}/jobs/dynamic-value-references, {_DOCS}/jobs/task-values",
    operands_are_single_values: f"{_DOCS}/jobs/if-else",
    loops_keep_their_limits: f"{_DOCS}/jobs/for-each, {_DOCS}/jobs/for-each-lookup-example",
    outputs_keep_their_limits: f"{_DOCS}/jobs/dynamic-value-references",
    paths_are_there: f"{_DOCS}/dev-tools/bundles/sharing",
    packages_are_pinned: f"{_DOCS}/release-notes/serverless/environment-version/",
    words_are_known: f"{_DOCS}/jobs/run-if",
}
