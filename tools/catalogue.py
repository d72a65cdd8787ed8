"""Write the catalogue of tables and rules, docs/tables.md and docs/rules.md: `make catalogue`.

`python tools/catalogue.py target/lint` reads the manifest.json there, and renews the pages from
what the project declares. With `--check` it tells which is out of step, and exits with 1.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

Node = dict[str, Any]

PROJECT_DIR = Path(__file__).resolve().parent.parent
PAGES = ("tables.md", "rules.md")
QUOTE = '"'
SEVERITIES = ("HIGH", "MEDIUM", "LOW")


@dataclass(frozen=True)
class Column:
    """A column; `in_files`: what the contract says of files, `masked_as`: kind of personal data."""

    name: str
    type: str
    in_files: str
    description: str
    masked_as: str


@dataclass(frozen=True)
class Table:
    """A table, or those of all feeds in one (`base_<feed>`), with the columns that it declares."""

    name: str
    about: str
    key: Sequence[str]
    columns: Sequence[Column]


@dataclass(frozen=True)
class Rule:
    """A rule, its test, what that is given, and where its SQL is, if in the project."""

    id: str
    feed: str
    severity: str
    quarantines: bool
    category: str
    demands: str
    test: str
    given: str
    place: str


class Catalogue:
    """What a manifest declares of tables and rules."""

    def __init__(self, manifest: Node) -> None:
        """The manifest is as dbt writes it."""
        project = manifest["metadata"]["project_name"]
        nodes = [node for node in manifest["nodes"].values() if node["package_name"] == project]
        self._nodes = {node["name"]: node for node in nodes if node["resource_type"] != "test"}
        self._tests = [node for node in nodes if node["resource_type"] == "test"]
        self._sources = sorted(manifest["sources"].values(), key=lambda source: str(source["name"]))
        self.feeds = {
            source["name"]: {
                name: column
                for name, column in source["columns"].items()
                if column["meta"].get("type")
            }
            for source in self._sources
            if source["source_name"] == "landing" and "key" in source["config"]["meta"]
        }
        self.cross_table = [node["name"] for node in self._tests if "test_metadata" not in node]
        # A quarantined row as JSON holds them all: macros/databricks/personal_columns.sql.
        self._personal = {"raw_record": "text"} | {
            column["name"]: column["meta"]["personal"]
            for source in self._sources
            for column in source["columns"].values()
            if "personal" in column["meta"]
        }

    def landing(self) -> list[Table]:
        """The contract of each feed, and the other tables of the landing layer."""
        return [
            self._table(source, self.feeds.get(source["name"]))
            for source in self._sources
            if source["source_name"] == "landing"
        ]

    def added(self) -> list[Column]:
        """What landing tables have beside the contract's columns, each as it is found first."""
        columns = {
            name: column
            for source in reversed(self._sources)
            if source["name"] in self.feeds
            for name, column in source["columns"].items()
            if name not in self.feeds[source["name"]]
        }
        return [self._column(column, {}) for column in columns.values()]

    def family(self, pattern: str) -> list[Table]:
        """The tables of that name of all feeds, with what they declare beside the contract."""
        return self._family(
            pattern, {feed: self._nodes[pattern.format(feed)] for feed in self.feeds}
        )

    def models(self, folder: str) -> list[Table]:
        """The tables of a folder of models."""
        return [
            self._table(node)
            for node in self._of_kind("model")
            if node["path"].startswith(f"{folder}/")
        ]

    def operations(self) -> list[Table]:
        """The tables that tell what the pipeline did."""
        return [self._table(source) for source in self._sources if source["source_name"] == "ops"]

    def seeds(self) -> list[Table]:
        """The reference data."""
        return [self._table(node) for node in self._of_kind("seed")]

    def rules(self) -> list[Rule]:
        """All rules, the gravest first."""
        declared = [node for node in self._tests if "quarantine" in node["config"]["meta"]]
        rules = [rule_of(node) for node in declared]
        return sorted(rules, key=lambda rule: (SEVERITIES.index(rule.severity), rule.id))

    def _of_kind(self, kind: str) -> list[Node]:
        found = [node for node in self._nodes.values() if node["resource_type"] == kind]
        return sorted(found, key=lambda node: str(node["name"]))

    def _family(self, pattern: str, nodes: dict[str, Node]) -> list[Table]:
        """One for all feeds, where they differ in nothing but the feed's name."""
        tables = []
        for feed, node in nodes.items():
            own = {
                name: node["columns"][name]
                for name in node["columns"]
                if name not in self.feeds[feed]
            }
            tables.append(self._table(node, own))
        of_all = {
            Table(
                pattern.format("<feed>"),
                re.sub(rf"\b{feed}\b", "<feed>", table.about),
                table.key,
                table.columns,
            )
            for feed, table in zip(nodes, tables, strict=True)
        }
        return list(of_all) if len(of_all) == 1 else tables

    def _table(self, node: Node, columns: dict[str, Node] | None = None) -> Table:
        shown = node["columns"] if columns is None else columns
        types = node["config"].get("column_types") or {}
        return Table(
            node["name"],
            node["description"],
            tuple(self._key(node)),
            tuple(self._column(column, types) for column in shown.values()),
        )

    def _column(self, column: Node, types: Node) -> Column:
        name, meta = column["name"], column["meta"]
        return Column(
            name,
            meta.get("type") or column.get("data_type") or types.get(name, ""),
            in_files(meta),
            column["description"],
            self._personal.get(name, ""),
        )

    def _key(self, node: Node) -> list[str]:
        """Columns by which a row of a table is told from the others, as they are declared."""
        if node["resource_type"] == "snapshot":
            begins = node["config"]["snapshot_meta_column_names"]["dbt_valid_from"]
            return [node["config"]["unique_key"], begins]
        for constraint in node.get("constraints", []):
            if constraint["type"] == "primary_key":
                return list(constraint["columns"])
        for test in self._tests:
            tested = test.get("test_metadata") or {"name": ""}
            if test.get("attached_node") == node["unique_id"]:
                if tested["name"] == "unique":
                    return [test["column_name"]]
                if tested["name"] == "expect_compound_columns_to_be_unique":
                    return list(tested["kwargs"]["column_list"])
        return []


def in_files(meta: Node) -> str:
    """What the contract says of a column in files."""
    aliases = ", ".join(f"`{alias}`" for alias in meta.get("aliases", []))
    said = (
        "optional" if meta.get("optional") else "",
        f"or {aliases}" if aliases else "",
        "a text code" if meta.get("code") else "",
        "not tracked" if meta.get("tracked") is False else "",
        *(f"{name} `{meta[name]}`" for name in ("format", "thousands", "decimal") if name in meta),
    )
    return ", ".join(filter(None, said))


def rule_of(node: Node) -> Rule:
    """The rule that a test declares."""
    meta = node["config"]["meta"]
    # A rule across tables is a test of its own.
    tested = node.get("test_metadata") or {"name": node["name"], "namespace": None, "kwargs": {}}
    package = tested["namespace"]
    generic = f"tests/generic/{tested['name']}.sql" if "test_metadata" in node else None
    return Rule(
        id=node["name"],
        feed=meta.get("feed") or node["attached_node"].rpartition(".base_")[2],
        severity=meta["severity"],
        quarantines=meta["quarantine"],
        category=meta["category"],
        demands=node["description"],
        test=f"{package}.{tested['name']}" if package else tested["name"],
        given=given(tested["kwargs"]),
        place="" if package else generic or node["original_file_path"],
    )


def given(arguments: Node) -> str:
    """What a test is given, but for the table."""
    shown = {name: value for name, value in arguments.items() if name != "model"}
    column = shown.pop("column_name", None)
    values = [f"{name}: {json.dumps(value).strip(QUOTE)}" for name, value in shown.items()]
    return ", ".join(f"`{word}`" for word in filter(None, (column, *values)))


def cell(text: str) -> str:
    """A text in one line, as a cell of a Markdown table or a paragraph may hold it."""
    parts = " ".join(text.split()).replace("|", "\\|").split("`")
    # What is between backticks Markdown takes as it is.
    return "`".join(part if n % 2 else part.replace("<", "&lt;") for n, part in enumerate(parts))


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, without columns of which no row says anything."""
    lines = [list(row) for row in rows]
    told = [n for n in range(len(head)) if any(line[n] for line in lines)]
    all_lines = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(line[n] for n in told) + " |" for line in all_lines)


def column_grid(columns: Iterable[Column]) -> str:
    """Columns, in their order."""
    head = ("column", "type", "in files", "description", "masked as")
    return grid(
        head,
        [
            (
                f"`{each.name}`",
                cell(each.type),
                each.in_files,
                cell(each.description),
                each.masked_as,
            )
            for each in columns
        ],
    )


def rule_grid(rules: Iterable[Rule], rows_of: bool = False) -> str:
    """Rules, with the feed whose rows they count where they are of several feeds."""
    head = ("rule", "rows of", "severity", "category", "demands", "test")
    return grid(
        head,
        [
            (
                f"`{each.id}`",
                each.feed if rows_of else "",
                f"{each.severity}{', quarantines' if each.quarantines else ''}",
                each.category,
                cell(each.demands),
                " ".join(filter(None, (test_link(each), each.given))),
            )
            for each in rules
        ],
    )


def test_link(rule: Rule) -> str:
    """The rule's test, with a link where its SQL is in the project."""
    if rule.test == rule.id:
        return f"[SQL](../{rule.place})"
    return f"[`{rule.test}`](../{rule.place})" if rule.place else f"`{rule.test}`"


def anchor(heading: str) -> str:
    """What a link to a heading ends with, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def pages(manifest: Node) -> dict[str, str]:
    """The text of each page by its name in docs/.

    Args:
        manifest: As dbt writes it.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # Markdown; `cell` escapes what it would take for HTML.
        autoescape=False,
    )
    environment.filters.update(cell=cell, anchor=anchor)
    environment.globals.update(column_grid=column_grid, rule_grid=rule_grid, grid=grid)
    catalogue = Catalogue(manifest)
    return {
        name: environment.get_template(f"{name}.j2").render(catalogue=catalogue) for name in PAGES
    }


def main() -> None:
    """Renew the pages, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where dbt wrote manifest.json")
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument(
        "--docs", type=Path, default=PROJECT_DIR / "docs", help="where the pages are"
    )
    given = parser.parse_args()
    manifest = json.loads((given.folder / "manifest.json").read_text(encoding="utf-8"))
    for name, text in pages(manifest).items():
        page = given.docs / name
        there = page.read_text(encoding="utf-8") if page.exists() else ""
        if given.check and text != there:
            sys.exit(f"docs/{name} is not what the project declares. Renew it with: make catalogue")
        if text != there:
            page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
