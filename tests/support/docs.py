"""What `dbt docs generate` has written into a folder."""

import json
from pathlib import Path


def undescribed(folder: Path) -> list[str]:
    """Real columns of tables, as `table.column`, that have no description.

    Args:
        folder: With manifest.json and catalog.json.
    """
    manifest, catalog = (
        json.loads((folder / name).read_text(encoding="utf-8"))
        for name in ("manifest.json", "catalog.json")
    )
    return [
        f"{key}.{column}"
        for kind in ("nodes", "sources")
        for key, table in catalog[kind].items()
        for column in table["columns"]
        if not manifest[kind][key]["columns"].get(column, {}).get("description", "").strip()
    ]
