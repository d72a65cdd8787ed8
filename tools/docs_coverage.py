"""List what dbt's manifest has without a description, and columns that are declared wrongly.

`python tools/docs_coverage.py target/lint` reads the manifest.json there. Seeds' columns must be
those of the CSV file. Where a catalog.json of `dbt docs generate` lies beside the manifest, every
table's declared columns must be those that it really has.
"""

import csv
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Node = dict[str, Any]
PROJECT_DIR = Path(__file__).resolve().parent.parent
HEADER = re.compile(r"{%-?\s*(?:macro|test)\s+\w+\s*\((.*?)\)\s*-?%}", re.DOTALL)
# Says all by its name: not_null_orders_target_effective_date.
PLAIN_TESTS = {"not_null", "unique", "relationships", "accepted_values"}


def undescribed(node: Node) -> Iterator[str]:
    """Names of the node itself and of its columns, if they lack a description."""
    name = f"{node['resource_type']} {node.get('source_name', '')} {node['name']}"
    kind = (node.get("test_metadata") or {}).get("name")
    if kind not in PLAIN_TESTS and not node["description"].strip():
        yield f"{name}: no description"
    for column in node.get("columns", {}).values():
        if not column["description"].strip():
            yield f"{name}, column {column['name']}: no description"


def macro_problems(macro: Node) -> Iterator[str]:
    """What the macro's description lacks; its arguments must be the described ones, in order."""
    if not macro["description"].strip():
        yield f"macro {macro['name']}: no description"
    header = HEADER.search(macro["macro_sql"])
    actual = re.findall(r"(?:^|,)\s*(\w+)", header[1]) if header else []
    declared = [a["name"] for a in macro["arguments"] if a["description"].strip() and a["type"]]
    if declared != actual:
        yield f"macro {macro['name']}: describes the arguments {declared}, has {actual}"


def column_problems(node: Node, actual: list[str]) -> Iterator[str]:
    """Difference between declared columns and those that the table has, in any order."""
    if different := set(node["columns"]) ^ set(actual):
        yield f"{node['name']}: declared or real, not both: {', '.join(sorted(different))}"


def problems(target_dir: Path) -> Iterator[str]:
    """All that is wrong, in words."""
    manifest = json.loads((target_dir / "manifest.json").read_text(encoding="utf-8"))
    catalog_file = target_dir / "catalog.json"
    catalog = json.loads(catalog_file.read_text("utf-8")) if catalog_file.exists() else {}
    project = manifest["metadata"]["project_name"]
    for macro in manifest["macros"].values():
        if macro["package_name"] == project:
            yield from macro_problems(macro)
    for group in ("nodes", "sources", "exposures", "unit_tests"):
        for key, node in manifest[group].items():
            if node["package_name"] != project or node["resource_type"] == "operation":
                continue
            yield from undescribed(node)
            if node["resource_type"] == "seed":
                with (PROJECT_DIR / node["original_file_path"]).open(encoding="utf-8") as file:
                    yield from column_problems(node, next(csv.reader(file)))
            if found := (catalog.get("nodes", {}) | catalog.get("sources", {})).get(key):
                yield from column_problems(node, list(found["columns"]))


if __name__ == "__main__":
    found = list(problems(Path(sys.argv[1])))
    print("\n".join(found) or "Everything is described.")
    sys.exit(bool(found))
