"""What `dbt docs generate` has written into a folder."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def mistyped(folder: Path) -> list[str]:
    """Columns of tables, as `table.column`, whose declared type is not the real one.

    Args:
        folder: With manifest.json and catalog.json.
    """
    return [
        f"{key}.{name}"
        for key, table, declared in tables(folder)
        for name, column in table["columns"].items()
        if (kind := declared["columns"].get(name, {}).get("data_type"))
        and kind.replace(" ", "") != column["type"].replace(" ", "")
    ]


def undescribed(folder: Path) -> list[str]:
    """Real columns of tables, as `table.column`, that have no description.

    Args:
        folder: With manifest.json and catalog.json.
    """
    return [
        f"{key}.{name}"
        for key, table, declared in tables(folder)
        for name in table["columns"]
        if not declared["columns"].get(name, {}).get("description", "").strip()
    ]


def tables(folder: Path) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Each table's id, what the catalog has of it, and what the manifest has."""
    manifest, catalog = (
        json.loads((folder / name).read_text(encoding="utf-8"))
        for name in ("manifest.json", "catalog.json")
    )
    for kind in ("nodes", "sources"):
        for key, table in catalog[kind].items():
            yield key, table, manifest[kind][key]
