"""The bundle: known fields only, nothing dangling, and what the pipeline relies on."""

import copy
import re
import shlex
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from databricks.bundles.alerts import Alert
from databricks.bundles.dashboards import Dashboard
from databricks.bundles.jobs import Job
from databricks.bundles.schemas import Schema
from databricks.bundles.volumes import Volume
from dbt.cli.main import cli as dbt_cli

from bundle.bundle import SERVICE_PRINCIPAL, TARGETS, load, references, sources, strings, tasks
from ingest.cli import app
from ingest.config import PROJECT_DIR, SUFFIXES, Settings

KINDS = {
    "alerts": Alert,
    "dashboards": Dashboard,
    "jobs": Job,
    "schemas": Schema,
    "volumes": Volume,
}
# Keys below these are names of our own.
FREE_FORM = {"job_parameters", "named_parameters", "properties", "tags"}
DEPLOYED = ("staging", "prod")


def check(bundle: dict[str, Any]) -> None:
    """Read every resource with the class of its kind; a kind without one is refused."""
    for kind, items in bundle["resources"].items():
        for item in items.values():
            KINDS[kind].from_dict(item)


@pytest.fixture(scope="module", params=TARGETS)
def bundle(request: pytest.FixtureRequest) -> dict[str, Any]:
    return load(request.param)


@pytest.fixture(scope="module")
def prod() -> dict[str, Any]:
    return load("prod")


def test_every_resource_has_known_fields_and_values_only(bundle: dict[str, Any]) -> None:
    assert set(bundle["resources"]) == set(KINDS)
    check(bundle)


def keys(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all keys, but those that are names of our own."""
    if isinstance(value, dict) and (not path or path[-1] not in FREE_FORM):
        for key, item in value.items():
            yield (*path, key)
            yield from keys(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from keys(item, (*path, index))


def test_any_misspelt_field_is_refused(prod: dict[str, Any]) -> None:
    """Proves that the check above can fail, for each field that the bundle uses."""
    every_field = [
        (kind, name, path)
        for kind, items in prod["resources"].items()
        for name, item in items.items()
        for path in keys(item)
    ]
    accepted = []
    for kind, name, path in every_field:
        item = copy.deepcopy(prod["resources"][kind][name])
        parent = item
        for part in path[:-1]:
            parent = parent[part]
        parent[f"{path[-1]}_"] = parent.pop(path[-1])
        try:
            KINDS[kind].from_dict(item)
        except (TypeError, ValueError):
            continue
        accepted.append((kind, name, *path))
    assert not accepted
    assert len(every_field) > 200


def test_variables_are_defined_described_and_used() -> None:
    bundle = sources()
    used = {name for name in references(bundle) if name.startswith("var.")}

    assert used == {f"var.{name}" for name in bundle["variables"]}
    assert all(entry["description"] for entry in bundle["variables"].values())


def test_only_the_warehouse_must_be_given() -> None:
    """Each further variable without a default is one more thing to look up before a deploy."""
    variables = sources()["variables"]

    assert [name for name, entry in variables.items() if "default" not in entry] == ["warehouse_id"]


def test_no_reference_is_left(bundle: dict[str, Any]) -> None:
    ids = {"resources.jobs.batches.id", "resources.alerts.high_failures.id"}

    assert references(bundle["resources"]) == ids


def test_nothing_of_a_workspace_or_secret_is_written() -> None:
    texts = "\n".join(path.read_text() for path in bundle_files())

    assert not re.search(r"https?://|dapi[0-9a-f]|client_secret|password|[\w.]+@[\w.]+", texts)


def bundle_files() -> list[Path]:
    return [PROJECT_DIR / "databricks.yml", *(PROJECT_DIR / "resources").glob("*.yml")]


def test_every_file_that_is_named_exists(prod: dict[str, Any]) -> None:
    resources = PROJECT_DIR / "resources"
    for dashboard in prod["resources"]["dashboards"].values():
        assert (resources / dashboard["file_path"]).is_file()
    named = {item["file_path"].split("/")[-1] for item in prod["resources"]["dashboards"].values()}
    assert {path.name for path in (resources / "dashboards").iterdir()} == named
    assert (PROJECT_DIR / prod["artifacts"]["ingest"]["path"] / "pyproject.toml").is_file()
    for pattern in prod["sync"]["exclude"]:
        assert list(PROJECT_DIR.glob(f"{pattern.removesuffix('**')}*")), (
            f"{pattern} leaves nothing out"
        )


def test_targets() -> None:
    targets = sources()["targets"]

    assert [name for name, target in targets.items() if target.get("default")] == ["dev"]
    assert {name: target["mode"] for name, target in targets.items()} == {
        "dev": "development",
        "staging": "production",
        "prod": "production",
    }


@pytest.mark.parametrize("target", DEPLOYED)
def test_deployed_targets_run_as_the_service_principal(target: str) -> None:
    bundle = load(target)

    assert bundle["run_as"] == {"service_principal_name": SERVICE_PRINCIPAL}
    assert bundle["permissions"] == [
        {"service_principal_name": SERVICE_PRINCIPAL, "level": "CAN_MANAGE"},
        {"group_name": "ecomm_operators", "level": "CAN_RUN"},
    ]
    assert SERVICE_PRINCIPAL in bundle["workspace"]["root_path"]
    assert bundle["workspace"]["root_path"].endswith(f"/{target}")
    kept = {
        (kind, name)
        for kind, items in bundle["resources"].items()
        for name, item in items.items()
        if item.get("lifecycle", {}).get("prevent_destroy")
    }
    assert kept == {
        ("schemas", "landing"),
        ("schemas", "ops"),
        ("volumes", "arriving_files"),
        ("volumes", "archived_files"),
    }


def test_targets_do_not_share_names() -> None:
    """Each target can live in the same catalog as the others."""
    names = [
        (item["schema_name"], item["name"]) if kind == "volumes" else item["name"]
        for target in TARGETS
        for kind in ("schemas", "volumes")
        for item in load(target)["resources"][kind].values()
    ]

    assert len(names) == len(set(names)) == 3 * 7


def test_schemas_are_those_that_dbt_and_ingest_use(bundle: dict[str, Any]) -> None:
    # Else the command line would put a prefix of its own before the names.
    assert bundle["experimental"]["skip_name_prefix_for_schema"] is True
    settings = Settings(schema_name=bundle["var"]["schema"])
    schemas = bundle["resources"]["schemas"]

    assert set(schemas) == set(SUFFIXES)
    for suffix, schema in schemas.items():
        assert schema["name"] == settings.schema_of(suffix)
        assert schema["catalog_name"] == bundle["var"]["catalog"]


def test_defaults_are_those_of_profile_and_ingest() -> None:
    variables = sources()["variables"]
    profiles = (PROJECT_DIR / "profiles.yml").read_text()
    target = yaml.safe_load(profiles)["ecomm"]["outputs"]["databricks"]

    for name in ("catalog", "schema"):
        default = variables[name]["default"]
        assert target[name] == f"{{{{ env_var('ECOMM_{name.upper()}', '{default}') }}}}"
    assert Settings().schema_name == variables["schema"]["default"]


def privileges(bundle: dict[str, Any], kind: str) -> dict[str, dict[str, set[str]]]:
    """Privileges by resource and role."""
    roles = {bundle["var"][f"{role}_group"]: role for role in ROLES}
    return {
        name: {roles[grant["principal"]]: set(grant["privileges"]) for grant in item["grants"]}
        for name, item in bundle["resources"][kind].items()
    }


ROLES = ("ingest", "transform", "reader", "steward")
READ = {"USE_SCHEMA", "SELECT"}
WRITE = {*READ, "MODIFY", "CREATE_TABLE"}


def test_roles_may_do_what_they_need_and_no_more(bundle: dict[str, Any]) -> None:
    assert privileges(bundle, "schemas") == {
        "landing": {"ingest": WRITE, "transform": READ},
        "staging": {"transform": WRITE, "steward": {"USE_SCHEMA"}},
        "targets": {"transform": WRITE},
        "marts": {"transform": WRITE, "reader": READ},
        "ops": {
            "ingest": WRITE,
            "transform": {*WRITE, "CREATE_FUNCTION", "EXECUTE"},
            "steward": READ,
        },
    }
    files = {"ingest": {"READ_VOLUME", "WRITE_VOLUME"}}
    assert privileges(bundle, "volumes") == {"arriving_files": files, "archived_files": files}


def test_dashboards_are_read_by_those_who_may_read_their_tables(bundle: dict[str, Any]) -> None:
    groups = {"sales": ("marts", "reader"), "data_quality": ("ops", "steward")}
    dashboards = bundle["resources"]["dashboards"]

    assert set(dashboards) == set(groups)
    for name, (suffix, role) in groups.items():
        dashboard = dashboards[name]
        assert dashboard["dataset_catalog"] == bundle["var"]["catalog"]
        assert dashboard["dataset_schema"] == f"{bundle['var']['schema']}_{suffix}"
        group = bundle["var"][f"{role}_group"]
        assert dashboard["permissions"] == [{"group_name": group, "level": "CAN_READ"}]
        # Else it would show readers what its publisher may see.
        assert dashboard["embed_credentials"] is False


def folder(bundle: dict[str, Any], volume: str) -> str:
    item = bundle["resources"]["volumes"][volume]
    return f"/Volumes/{item['catalog_name']}/{item['schema_name']}/{item['name']}"


def test_job_starts_when_a_trigger_arrives(bundle: dict[str, Any]) -> None:
    job = bundle["resources"]["jobs"]["batches"]

    arrival = job["trigger"]["file_arrival"]
    assert arrival["url"] == f"{folder(bundle, 'arriving_files')}/triggers/source/"
    # The least that the platform takes.
    assert arrival["min_time_between_triggers_seconds"] >= 60
    assert arrival["wait_after_last_change_seconds"] >= 60
    # Paused by `mode: development`, which a status of its own would overrule.
    assert "pause_status" not in job["trigger"]


def test_one_run_at_a_time_and_none_is_lost(bundle: dict[str, Any]) -> None:
    job = bundle["resources"]["jobs"]["batches"]

    assert job["max_concurrent_runs"] == 1
    assert job["queue"] == {"enabled": True}


def test_waiting_batches_are_looked_at_again(bundle: dict[str, Any]) -> None:
    again = bundle["resources"]["jobs"]["look_again"]

    [task] = again["tasks"]
    assert task["run_job_task"]["job_id"] == "${resources.jobs.batches.id}"
    assert again["schedule"]["quartz_cron_expression"]


def test_failures_and_long_runs_are_told() -> None:
    """By each job, and by each task whose failure the job's end can hide."""
    jobs = sources()["resources"]["jobs"]
    told = {
        "email_notifications": {"on_failure": "${var.notify_emails}"},
        "webhook_notifications": {"on_failure": "${var.notify_webhooks}"},
    }
    batches = {task["task_key"]: task for task in jobs["batches"]["tasks"]}
    for item in (*jobs.values(), batches["land"], batches["apply"]):
        for channel, events in told.items():
            assert events.items() <= item[channel].items()
    for job in (jobs["batches"], jobs["maintenance"]):
        [rule] = job["health"]["rules"]
        assert (rule["metric"], rule["op"]) == ("RUN_DURATION_SECONDS", "GREATER_THAN")
    for channel in told:
        assert "on_duration_warning_threshold_exceeded" in jobs["batches"][channel]


def test_tasks_form_an_acyclic_graph(bundle: dict[str, Any]) -> None:
    for job in bundle["resources"]["jobs"].values():
        graph = {
            task["task_key"]: {on["task_key"] for on in task.get("depends_on", ())}
            for task in job["tasks"]
        }
        every_key = [task["task_key"] for task in tasks(job)]

        assert len(every_key) == len(set(every_key))
        assert set().union(*graph.values()) <= set(graph)
        assert len([*TopologicalSorter(graph).static_order()]) == len(graph)


def test_batches_are_landed_applied_in_order_and_reported(prod: dict[str, Any]) -> None:
    job = prod["resources"]["jobs"]["batches"]
    by_key = {task["task_key"]: task for task in tasks(job)}
    depends = {
        key: [(on["task_key"], on.get("outcome")) for on in task.get("depends_on", ())]
        for key, task in by_key.items()
    }

    assert depends == {
        "land": [],
        "has_pending": [("land", None)],
        "apply": [("has_pending", "true")],
        "build": [],
        "alert_on_high_failures": [("apply", None)],
        # Not on `apply` alone: a task whose dependencies are all excluded is excluded too.
        "report": [("land", None), ("apply", None)],
    }
    pending = "{{tasks.land.values.pending}}"
    assert by_key["has_pending"]["condition_task"] == {
        "op": "NOT_EQUAL",
        "left": pending,
        "right": "[]",
    }
    loop = by_key["apply"]["for_each_task"]
    assert (loop["inputs"], loop["concurrency"]) == (pending, 1)
    assert by_key["report"]["run_if"] == "ALL_DONE"
    alert = by_key["alert_on_high_failures"]["alert_task"]
    assert alert["alert_id"] == "${resources.alerts.high_failures.id}"


def test_only_what_passes_by_itself_is_tried_again(prod: dict[str, Any]) -> None:
    jobs = prod["resources"]["jobs"]
    retries = {
        task["task_key"]: (task.get("max_retries"), task.get("min_retry_interval_millis"))
        for job in ("batches", "maintenance")
        for task in tasks(jobs[job])
        if "dbt_task" in task or "python_wheel_task" in task
    }

    assert retries == {
        "land": (3, 60_000),
        "build": (0, None),
        "report": (0, None),
        "maintain": (1, 600_000),
    }
    for task in tasks(jobs["batches"]):
        if task.get("max_retries") == 0:
            # Else serverless compute would try again by itself.
            assert task["disable_auto_optimization"] is True


def test_dynamic_values_name_what_is_there(prod: dict[str, Any]) -> None:
    for job in prod["resources"]["jobs"].values():
        known = {f"job.parameters.{item['name']}" for item in job.get("parameters", ())}
        known.add("tasks.land.values.pending")
        found = {
            name for text in strings(job["tasks"]) for name in re.findall(r"\{\{(.*?)\}\}", text)
        }
        assert found <= known
        assert {f"job.parameters.{item['name']}" for item in job.get("parameters", ())} <= found


def test_environments_and_wheel(prod: dict[str, Any]) -> None:
    for job in prod["resources"]["jobs"].values():
        defined = {item["environment_key"]: item["spec"] for item in job.get("environments", ())}
        used = {
            task["environment_key"]
            for task in tasks(job)
            if "dbt_task" in task or "python_wheel_task" in task
        }
        assert used == set(defined)
    environments = {
        item["environment_key"]: item["spec"]["dependencies"]
        for item in prod["resources"]["jobs"]["batches"]["environments"]
    }
    # Relative to the file of the job; where `uv build --wheel` puts it.
    assert environments["ingest"] == ["../dist/*.whl"]
    assert prod["artifacts"]["ingest"]["build"] == "uv build --wheel"
    assert prod["artifacts"]["ingest"]["dynamic_version"] is True


def test_dbt_is_the_one_that_is_tested(prod: dict[str, Any]) -> None:
    project = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text())
    pins = [
        pin
        for pin in project["dependency-groups"]["engines"]
        if pin.startswith(("dbt-core", "dbt-databricks"))
    ]

    for job in ("batches", "maintenance"):
        [dbt] = [
            item["spec"]["dependencies"]
            for item in prod["resources"]["jobs"][job]["environments"]
            if item["environment_key"] == "dbt"
        ]
        assert dbt == pins


def dbt_tasks(bundle: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in bundle["resources"]["jobs"].values():
        yield from (task["dbt_task"] for task in tasks(job) if "dbt_task" in task)


def test_dbt_runs_the_synced_project_on_the_warehouse(bundle: dict[str, Any]) -> None:
    found = list(dbt_tasks(bundle))

    assert len(found) == 2
    for task in found:
        assert task["project_directory"] == bundle["workspace"]["file_path"]
        assert task["source"] == "WORKSPACE"
        assert task["warehouse_id"] == bundle["var"]["warehouse_id"]
        assert (task["catalog"], task["schema"]) == (
            bundle["var"]["catalog"],
            bundle["var"]["schema"],
        )
        # The platform writes the profile: naming a folder of profiles would need a token.
        assert "profiles_directory" not in task
        assert task["commands"][0] == "dbt deps"


def test_dbt_commands_are_commands_of_dbt(bundle: dict[str, Any]) -> None:
    macros = {path.stem for path in (PROJECT_DIR / "macros").rglob("*.sql")}
    code = "\n".join(path.read_text() for path in (PROJECT_DIR / "macros").rglob("*.sql"))
    code += (PROJECT_DIR / "dbt_project.yml").read_text()
    for task in dbt_tasks(bundle):
        assert task["commands"]
        for text in task["commands"]:
            plain = text.replace("{{job.parameters.allow_mass_closing}}", "false")
            dbt, name, *arguments = shlex.split(plain)
            assert dbt == "dbt"
            # Fails on an unknown command or option.
            context = dbt_cli.commands[name].make_context(name, arguments)
            if name == "run-operation":
                assert context.params["macro"] in macros
            for variable in context.params.get("vars") or ():
                assert f"var('{variable}'" in code


def test_full_load_guard_can_be_lifted_for_one_run(prod: dict[str, Any]) -> None:
    job = prod["resources"]["jobs"]["batches"]
    [build] = [task for task in tasks(job) if task["task_key"] == "build"]

    assert job["parameters"] == [{"name": "allow_mass_closing", "default": "false"}]
    assert (
        "allow_mass_closing: {{job.parameters.allow_mass_closing}}"
        in build["dbt_task"]["commands"][1]
    )


def wheel_tasks(bundle: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        task["task_key"]: task["python_wheel_task"]
        for task in tasks(bundle["resources"]["jobs"]["batches"])
        if "python_wheel_task" in task
    }


@pytest.mark.parametrize("key", ["land", "report"])
def test_ingest_takes_the_arguments(key: str, bundle: dict[str, Any]) -> None:
    command, *arguments = wheel_tasks(bundle)[key]["parameters"]
    group = typer.main.get_command(app)

    # Fails on an unknown option.
    given = group.commands[command].make_context(command, list(arguments)).params

    assert command == key
    assert given["target"] == "databricks"
    assert given["catalog"] == bundle["var"]["catalog"]
    assert given["schema"] == bundle["var"]["schema"]
    assert str(given["project_dir"]) == bundle["workspace"]["file_path"]
    if key == "land":
        archive = folder(bundle, "archived_files")
        assert str(given["root"]) == folder(bundle, "arriving_files")
        assert str(given["archive_root"]) == archive
        assert str(given["warehouse"]) == f"{archive}/work"


def test_maintenance_is_weekly(bundle: dict[str, Any]) -> None:
    job = bundle["resources"]["jobs"]["maintenance"]

    assert job["schedule"] == {"quartz_cron_expression": "0 0 3 ? * SUN", "timezone_id": "UTC"}
    [task] = job["tasks"]
    assert task["dbt_task"]["commands"] == ["dbt deps", "dbt run-operation maintain_tables"]


def test_alerts_notify(bundle: dict[str, Any]) -> None:
    alerts = sources()["resources"]["alerts"]

    assert set(alerts) == {"high_failures", "rejected_triggers", "stale_data"}
    for alert in alerts.values():
        evaluation = alert["evaluation"]
        assert evaluation["notification"]["subscriptions"] == "${var.alert_subscriptions}"
        assert evaluation["comparison_operator"] == "GREATER_THAN"
        assert alert["schedule"]["timezone_id"] == "UTC"
        assert f" as {evaluation['source']['name']}\n" in alert["query_text"]
    assert bundle["resources"]["alerts"]["stale_data"]["evaluation"]["threshold"]["value"] == {
        "double_value": 2
    }
