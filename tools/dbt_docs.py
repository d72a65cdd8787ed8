"""Make what the dbt docs show complete, and readable: `make docs`.

`python tools/dbt_docs.py target` edits the manifest.json there, which dbt wrote for the docs beside
catalog.json, and writes anew each time:

- Unit tests go, which would hide the models in the graph.
- Columns of a feed's tables that no YAML file names are described, as its contract has it.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]

PREFIX = "unit_test."
# A feed's tables are named so; what the first two declare holds for the others too.
MODELS = ("model.{project}.stg_{feed}", "model.{project}.base_{feed}")
TABLES = (*MODELS, "model.{project}.{feed}_errors", "snapshot.{project}.{feed}_target")


def without_unit_tests(manifest: Json) -> Json:
    """The manifest without unit tests, and without edges from and to them.

    Args:
        manifest: As dbt writes it.
    """
    edges = {
        name: {
            node: [other for other in others if not other.startswith(PREFIX)]
            for node, others in manifest[name].items()
            if not node.startswith(PREFIX)
        }
        for name in ("parent_map", "child_map")
    }
    return {**manifest, **edges, "unit_tests": {}}


def with_descriptions(manifest: Json, catalog: Json) -> Json:
    """The manifest with a description of every column that a feed's tables have.

    A column that its table does not declare is as the feed's contract declares it, else as stg or
    base does, else as the doc block of its name says (models/columns.md).

    Args:
        manifest: As dbt writes it.
        catalog: The tables' real columns, as dbt writes them.
    """
    nodes = manifest["nodes"] | {
        table: {**manifest["nodes"][table], "columns": columns}
        for feed in contracts(manifest)
        for table, columns in feed_columns(manifest, catalog, feed).items()
    }
    return {**manifest, "nodes": nodes}


def contracts(manifest: Json) -> Json:
    """The source of each feed's landing table, by the feed's name."""
    return {
        source["name"]: source
        for source in manifest["sources"].values()
        if source["source_name"] == "landing" and "key" in source["config"]["meta"]
    }


def feed_columns(manifest: Json, catalog: Json, feed: str) -> Json:
    """The columns of each of a feed's tables that are there, by id and name, in their order."""
    project = manifest["metadata"]["project_name"]
    tables, models = (
        [name.format(project=project, feed=feed) for name in names] for names in (TABLES, MODELS)
    )
    contract = contracts(manifest)[feed]["columns"]
    declared = [contract, *(manifest["nodes"][model]["columns"] for model in models)]
    blocks = doc_columns(manifest, contract)
    return {
        table: {
            name: column
            for name in catalog["nodes"][table]["columns"]
            for column in first(name, manifest["nodes"][table]["columns"], *declared, blocks)
        }
        for table in tables
        if table in catalog["nodes"]
    }


def doc_columns(manifest: Json, contract: Json) -> Json:
    """A column for each doc block of the project, and for the normal form of each text code."""
    project = manifest["metadata"]["project_name"]
    blocks = {
        name: column(name, block["block_contents"])
        for block in manifest["docs"].values()
        if block["package_name"] == project
        for name in [block["name"]]
    }
    codes = [f"{name}_code" for name, declared in contract.items() if declared["meta"].get("code")]
    return blocks | {code: column(code, blocks["normal_form"]["description"]) for code in codes}


def column(name: str, description: str) -> Json:
    """A column as a manifest has it."""
    return {"name": name, "description": description.strip(), "meta": {}, "tags": []}


def first(name: str, *declarations: Json) -> Iterator[Json]:
    """The first declaration of a column, if there is one."""
    yield from [columns[name] for columns in declarations if name in columns][:1]


def complete(folder: Path) -> None:
    """Edit what dbt has written into a folder, the docs in one file (`--static`) too.

    Args:
        folder: With manifest.json and catalog.json.
    """
    texts = {name: (folder / f"{name}.json").read_text("utf-8") for name in ("manifest", "catalog")}
    manifest = without_unit_tests(json.loads(texts["manifest"]))
    texts["manifest"] = json.dumps(with_descriptions(manifest, json.loads(texts["catalog"])))
    (folder / "manifest.json").write_text(texts["manifest"], encoding="utf-8")
    page = folder / "static_index.html"
    if page.exists():
        text = (folder / "index.html").read_text("utf-8")
        for name, data in texts.items():
            text = text.replace(f'"{name.upper()}.JSON INLINE DATA"', data)
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    complete(Path(sys.argv[1]))
