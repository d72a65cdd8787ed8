"""The bundle: known fields only, nothing dangling, and what the pipeline relies on."""

import copy
import re
import shlex
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
    is_free = path[-1:] and (path[-1] in FREE_FORM or path[-2:] == ("sql_task", "parameters"))
    if isinstance(value, dict) and not is_free:
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
    ids = {"resources.jobs.batches.id"}
    ids |= {f"resources.alerts.{name}.id" for name in ("high_failures", "anomalies")}

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

    assert len(names) == len(set(names)) == 3 * 11


def test_schemas_are_those_that_dbt_and_ingest_use(bundle: dict[str, Any]) -> None:
    # Else the command line would put a prefix of its own before the names.
    assert bundle["experimental"]["skip_name_prefix_for_schema"] is True
    settings = Settings(schema_name=bundle["var"]["schema"])
    schemas = bundle["resources"]["schemas"]

    # Those of dbt's views are its own.
    assert set(schemas) == {*SUFFIXES, "views", "error_views"}
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


ROLES = ("sender", "ingest", "transform", "reader", "steward", "personal_data")
READ = {"USE_SCHEMA", "SELECT"}
WRITE = {*READ, "MODIFY", "CREATE_TABLE"}
FILES = {"READ_VOLUME", "WRITE_VOLUME"}
WAY = {"USE_SCHEMA"}


def privileges(bundle: dict[str, Any], kind: str) -> dict[str, dict[str, set[str]]]:
    """Privileges by resource and role."""
    roles = {bundle["var"][f"{role}_group"]: role for role in ROLES}
    return {
        name: {roles[grant["principal"]]: set(grant["privileges"]) for grant in item["grants"]}
        for name, item in bundle["resources"][kind].items()
    }


def test_roles_may_do_what_they_need_and_no_more(bundle: dict[str, Any]) -> None:
    """People read views; who reads a table with personal data runs the pipeline."""
    assert privileges(bundle, "schemas") == {
        "landing": {"ingest": WRITE, "transform": READ, "sender": WAY},
        "staging": {"transform": WRITE},
        "targets": {"transform": WRITE},
        "marts": {"transform": WRITE},
        "views": {"transform": {*READ, "CREATE_TABLE"}, "reader": READ},
        "error_views": {
            "transform": {*READ, "CREATE_TABLE"},
            "steward": READ,
            "ingest": WAY,
            "personal_data": WAY,
        },
        "ops": {"ingest": WRITE, "transform": WRITE, "steward": READ},
    }
    assert privileges(bundle, "volumes") == {
        "arriving_files": {"ingest": FILES, "sender": FILES},
        "archived_files": {"ingest": FILES},
        "artifacts": {"transform": FILES, "steward": {"READ_VOLUME"}},
        "exports": {"ingest": FILES, "personal_data": {"READ_VOLUME"}},
    }


def catalog_roles() -> set[str]:
    """Roles with a way into the catalog, by what an administrator runs once."""
    text = (PROJECT_DIR / "unity_catalog" / "01_catalog.sql").read_text()
    return set(re.findall(r"grant use catalog\b.* to `\$\{(\w+)_group\}`", text))


@pytest.mark.parametrize("target", TARGETS)
def test_every_grant_has_its_way(target: str) -> None:
    """A privilege on a table or volume is worth nothing without those on what it lies in."""
    bundle = load(target)
    schemas = privileges(bundle, "schemas")
    by_name = {item["name"]: name for name, item in bundle["resources"]["schemas"].items()}
    outside = set(
        re.findall(
            r"grant use schema.* on schema `\$\{catalog\}`\.`\$\{volume_schema\}` to"
            r" `\$\{(\w+)_group\}`",
            (PROJECT_DIR / "unity_catalog" / "04_grants.sql").read_text(),
        )
    )

    assert catalog_roles() == set(ROLES)
    for roles in schemas.values():
        assert all("USE_SCHEMA" in held for held in roles.values())
    for name, roles in privileges(bundle, "volumes").items():
        schema = bundle["resources"]["volumes"][name]["schema_name"]
        # Of the schema that is there already the bundle says nothing: an administrator does.
        with_way = set(schemas[by_name[schema]]) if schema in by_name else outside
        assert set(roles) <= with_way, name


def test_no_page_advises_a_grant_by_hand() -> None:
    """A deployment takes away what does not stand in the bundle."""
    pages = [
        *(PROJECT_DIR / "docs" / name for name in ("databricks.md", "runbook.md")),
        PROJECT_DIR / "unity_catalog" / "README.md",
    ]
    by_hand = (
        r"\b(WRITE|READ)[ _]VOLUME\b|\bUSE[ _](SCHEMA|CATALOG)\b|\bgrants? (update|select|use)\b"
    )
    for page in pages:
        assert not re.findall(by_hand, page.read_text(), re.IGNORECASE), page.name


def test_dashboards_are_read_by_those_who_may_read_their_tables(bundle: dict[str, Any]) -> None:
    groups = {"sales": ("views", "reader"), "data_quality": ("ops", "steward")}
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
        "to_apply": [("land", None)],
        "has_pending": [("to_apply", None)],
        "apply": [("has_pending", "true")],
        "build": [],
        "alert_on_high_failures": [("apply", None)],
        "alert_on_anomalies": [("apply", None)],
        # Not on `apply` alone: a task whose dependencies are all excluded is excluded too.
        "report": [("land", None), ("apply", None)],
    }
    # A trigger that fails must not keep back what has landed.
    assert by_key["to_apply"]["run_if"] == "ALL_DONE"
    assert by_key["has_pending"]["condition_task"] == {
        "op": "GREATER_THAN",
        "left": "{{tasks.to_apply.output.first_row.batches}}",
        "right": "0",
    }
    loop = by_key["apply"]["for_each_task"]
    assert (loop["inputs"], loop["concurrency"]) == ("{{tasks.to_apply.output.rows}}", 1)
    assert by_key["report"]["run_if"] == "ALL_DONE"
    for name in ("high_failures", "anomalies"):
        alert = by_key[f"alert_on_{name}"]["alert_task"]
        assert alert["alert_id"] == f"${{resources.alerts.{name}.id}}"


def test_only_what_passes_by_itself_is_tried_again(prod: dict[str, Any]) -> None:
    jobs = prod["resources"]["jobs"]
    retries = {
        task["task_key"]: (task.get("max_retries"), task.get("min_retry_interval_millis"))
        for job in ("batches", "operations", "maintenance")
        for task in tasks(jobs[job])
        if task.keys() & {"dbt_task", "python_wheel_task", "sql_task"}
    }

    assert retries == {
        "land": (3, 60_000),
        "to_apply": (1, 60_000),
        "build": (0, None),
        "report": (0, None),
        "operate": (0, None),
        "maintain": (1, 600_000),
    }
    for task in tasks(jobs["batches"]):
        if task.get("max_retries") == 0:
            # Else serverless compute would try again by itself.
            assert task["disable_auto_optimization"] is True


def test_every_parameter_is_used(prod: dict[str, Any]) -> None:
    for job in prod["resources"]["jobs"].values():
        used = {
            name for text in strings(job["tasks"]) for name in re.findall(r"\{\{(.*?)\}\}", text)
        }
        assert {f"job.parameters.{item['name']}" for item in job.get("parameters", ())} <= used


def test_environments_and_wheel(prod: dict[str, Any]) -> None:
    for job in prod["resources"]["jobs"].values():
        defined = {item["environment_key"]: item["spec"] for item in job.get("environments", ())}
        used = {
            task["environment_key"]
            for task in tasks(job)
            if "dbt_task" in task or "python_wheel_task" in task
        }
        assert used == set(defined)
    pinned = "-r ./requirements.txt"
    for name in ("batches", "operations", "maintenance"):
        for item in prod["resources"]["jobs"][name]["environments"]:
            # Relative to the file of the job; where `uv build --wheel` puts it.
            wheel = ["../dist/*.whl"] if item["environment_key"] == "ingest" else []
            assert item["spec"]["dependencies"] == [pinned, *wheel]
    assert prod["artifacts"]["ingest"]["build"] == "uv build --wheel"
    assert prod["artifacts"]["ingest"]["dynamic_version"] is True


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
        # The packages are deployed along: a build asks no package hub.
        assert not any("deps" in command for command in task["commands"])


def test_dbt_commands_are_commands_of_dbt(bundle: dict[str, Any]) -> None:
    macros = {path.stem for path in (PROJECT_DIR / "macros").rglob("*.sql")}
    code = "\n".join(path.read_text() for path in (PROJECT_DIR / "macros").rglob("*.sql"))
    code += (PROJECT_DIR / "dbt_project.yml").read_text()
    for task in dbt_tasks(bundle):
        assert task["commands"]
        for text in task["commands"]:
            plain = re.sub(r"\{\{[\w.]+\}\}", "false", text)
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
        in build["dbt_task"]["commands"][0]
    )


def wheel_tasks(bundle: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        task["task_key"]: task["python_wheel_task"]
        for task in tasks(bundle["resources"]["jobs"]["batches"])
        if "python_wheel_task" in task
    }


def test_a_run_is_reported_on_by_its_own_looks(bundle: dict[str, Any]) -> None:
    """Else a rejection would turn every run red until the next trigger comes."""
    for task in wheel_tasks(bundle).values():
        assert "--run-id={{job.run_id}}" in task["parameters"]


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
    docs = f"{folder(bundle, 'artifacts')}/docs"
    assert task["dbt_task"]["commands"] == [
        "dbt run-operation maintain_tables",
        f"dbt docs generate --static --target-path {docs}",
        "dbt test --exclude-resource-type unit_test",
    ]


def test_artifacts_of_each_batch_stay(bundle: dict[str, Any]) -> None:
    [build] = [
        task["dbt_task"]
        for task in tasks(bundle["resources"]["jobs"]["batches"])
        if "dbt_task" in task
    ]
    place = f"{folder(bundle, 'artifacts')}/runs/{{{{job.run_id}}}}/{{{{input.batch_date}}}}"

    assert f"--target-path {place} " in build["commands"][0]


def test_jobs_say_whom_they_are_for(bundle: dict[str, Any]) -> None:
    for name, job in bundle["resources"]["jobs"].items():
        assert job["tags"] == {"project": "ecomm", "target": bundle["bundle"]["target"]}
        # Without tasks of its own there is nothing to charge.
        if name != "look_again":
            assert job["budget_policy_id"] == bundle["var"]["budget_policy"]


def test_operations_are_commands(bundle: dict[str, Any]) -> None:
    job = bundle["resources"]["jobs"]["operations"]
    by_key = {task["task_key"]: task for task in job["tasks"]}
    parameters = by_key["operate"]["python_wheel_task"]["parameters"]

    assert {item["name"]: item["default"] for item in job["parameters"]} == {
        "command": "status",
        "options": "",
    }
    assert parameters[:3] == [
        "{{job.parameters.command}}",
        "{{job.parameters.options}}",
        folder(bundle, "exports"),
    ]
    land = wheel_tasks(bundle)["land"]["parameters"]
    # The same settings as `land`, the command and the name of the run apart.
    assert sorted(parameters[3:]) == sorted(land[1:-1])
    for condition, start in (("is_replay", "apply_replayed"), ("is_withdrawal", "apply_withdrawn")):
        assert by_key[condition]["depends_on"] == [{"task_key": "operate"}]
        assert by_key[start]["depends_on"] == [{"task_key": condition, "outcome": "true"}]
        assert by_key[start]["run_job_task"]["job_id"] == "${resources.jobs.batches.id}"


def test_alerts_notify(bundle: dict[str, Any]) -> None:
    alerts = sources()["resources"]["alerts"]

    assert set(alerts) == {"high_failures", "anomalies", "rejected_triggers", "stale_data"}
    for alert in alerts.values():
        evaluation = alert["evaluation"]
        assert evaluation["notification"]["subscriptions"] == "${var.alert_subscriptions}"
        assert evaluation["comparison_operator"] == "GREATER_THAN"
        assert alert["schedule"]["timezone_id"] == "UTC"
        assert f" as {evaluation['source']['name']}\n" in alert["query_text"]
    assert bundle["resources"]["alerts"]["stale_data"]["evaluation"]["threshold"]["value"] == {
        "double_value": 2
    }
