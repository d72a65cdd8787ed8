"""Loads the Databricks bundle as its command line does: includes, target, variables, references."""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ingest.config import PROJECT_DIR

REFERENCE = re.compile(r"\$\{([^}]+)\}")
IDENTIFIER = re.compile(r"\$\{resources\.\w+\.\w+\.id\}")
TARGETS = ("dev", "staging", "prod")

# What only a workspace knows.
SERVICE_PRINCIPAL = "11111111-2222-3333-4444-555555555555"
GIVEN = {"warehouse_id": "0123456789abcdef"}
WORKSPACE = {
    "current_user": {"short_name": "a_developer", "userName": "a.developer@example.com"},
    "file_path": "/Workspace/Users/somebody/.bundle/ecomm/files",
}


def sources(root: Path = PROJECT_DIR) -> dict[str, Any]:
    """The bundle's files merged; references as they are written.

    Raises:
        ValueError: Two files define the same resource, or two resources share a key.
    """
    bundle = yaml.safe_load((root / "databricks.yml").read_text())
    bundle["resources"] = {}
    for pattern in bundle["include"]:
        paths = sorted(root.glob(pattern))
        if not paths:
            raise ValueError(f"{pattern} includes no file")
        for path in paths:
            included = yaml.safe_load(path.read_text())
            if set(included) != {"resources"}:
                raise ValueError(f"{path.name} defines something else than resources")
            for kind, items in included["resources"].items():
                taken = {key for others in bundle["resources"].values() for key in others}
                if taken & set(items):
                    raise ValueError(f"{path.name}: {taken & set(items)} is defined twice")
                bundle["resources"].setdefault(kind, {}).update(items)
    return bundle


def load(target: str, root: Path = PROJECT_DIR) -> dict[str, Any]:
    """The bundle of a target, every reference resolved but those to identifiers.

    Raises:
        KeyError: A reference names nothing.
    """
    bundle = sources(root)
    overrides = bundle.pop("targets")[target]
    values = {name: entry.get("default") for name, entry in bundle["variables"].items()}
    if target != "dev":
        values["service_principal"] = SERVICE_PRINCIPAL
    for name, value in (GIVEN | overrides.pop("variables", {})).items():
        # A target may set declared variables only.
        assert name in bundle["variables"], name
        values[name] = value
    bundle = _merged(bundle, overrides)
    bundle["var"] = values
    bundle["bundle"]["target"] = target
    bundle["workspace"] = WORKSPACE | bundle.get("workspace", {})
    bundle.pop("variables")
    return _resolved(bundle, bundle)


def references(value: Any) -> set[str]:
    """All references in a value, such as `var.catalog`."""
    return {name for text in strings(value) for name in REFERENCE.findall(text)}


def strings(value: Any) -> Iterator[str]:
    """All texts in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


def tasks(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A job's tasks, those inside loops too."""
    for task in job["tasks"]:
        yield task
        if "for_each_task" in task:
            yield task["for_each_task"]["task"]


def _merged(one: Any, other: Any) -> Any:
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return copy.deepcopy(other)
    return one | {key: _merged(one.get(key), value) for key, value in other.items()}


def _resolved(value: Any, bundle: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _resolved(item, bundle) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, bundle) for item in value]
    if not isinstance(value, str):
        return value
    if IDENTIFIER.fullmatch(value):
        # Only the deployment knows it; what it is of must be there.
        _lookup(value[2:-4], bundle)
        return value
    if whole := REFERENCE.fullmatch(value):
        # A reference alone keeps its type: a list stays a list.
        return _resolved(_lookup(whole[1], bundle), bundle)
    return REFERENCE.sub(lambda found: str(_resolved(found[0], bundle)), value)


def _lookup(reference: str, bundle: dict[str, Any]) -> Any:
    *parts, last = reference.split(".")
    value: Any = bundle
    for part in parts:
        value = value[part]
    return value[last]
