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
        name
        for name, kind, declared in columns(folder)
        if (said := declared.get("data_type")) and said.replace(" ", "") != kind.replace(" ", "")
    ]


def undescribed(folder: Path) -> list[str]:
    """Real columns of tables, as `table.column`, that have no description.

    Args:
        folder: With manifest.json and catalog.json.
    """
    return [
        name for name, _, declared in columns(folder) if not declared.get("description", "").strip()
    ]


def columns(folder: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each real column of a table, as `table.column`, with its type and its declaration, if any."""
    manifest, catalog = (
        json.loads((folder / name).read_text(encoding="utf-8"))
        for name in ("manifest.json", "catalog.json")
    )
    for kind in ("nodes", "sources"):
        for key, table in catalog[kind].items():
            declared = manifest[kind][key]["columns"]
            for name, column in table["columns"].items():
                yield f"{key}.{name}", column["type"], declared.get(name, {})
