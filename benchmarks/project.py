"""What this project says of its first batch, for contenders that make the same tables of it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ingest.config import PROJECT_DIR
from ingest.contract import Feed, header_key, load_contract

PREFIX = "ecomm"
_JUDGEMENT = re.compile(r"case\s+when\s+(.*?)\s+then '(\w+)'\s+end", re.DOTALL)


@dataclass(frozen=True)
class Rule:
    """A rule on the rows of a feed, save that of unique keys.

    Attributes:
        id: As declared.
        condition: SQL on typed rows, true for a row that breaks it.
        quarantines: Whether such a row is kept out of the targets.
    """

    id: str
    condition: str
    quarantines: bool


def first_batch(feeds: Path) -> tuple[str, dict[str, Path]]:
    """The batch date, and the file of each feed, of a feed root's first trigger."""
    trigger = json.loads(min((feeds / "triggers" / "source").glob("*.json")).read_text())
    day: str = trigger["batch_date"]
    files = {
        feed: feeds / f"{feed}_data" / "source" / name
        for feed in load_contract(PROJECT_DIR).feeds
        for name in trigger["expected_files"]
        if name.startswith(f"{feed}_")
    }
    return day, files


def headers(file: Path) -> list[str]:
    """The names in a file's first line."""
    with file.open(encoding="utf-8-sig") as lines:
        return lines.readline().rstrip("\r\n").split(",")


def column_names(feed: Feed, file: Path) -> list[str]:
    """The same by the contract's names, those that it does not know as they are."""
    known = feed.by_header
    return [
        known[header_key(name)].name if header_key(name) in known else name
        for name in headers(file)
    ]


def nodes_in_order(compiled: Path) -> Iterator[dict[str, Any]]:
    """Models, snapshots and seeds, each after those that it reads.

    Args:
        compiled: Target folder of dbt, after a first build on `local`.
    """
    waiting = {
        name: node
        for name, node in _nodes(compiled).items()
        if node["resource_type"] in ("model", "snapshot", "seed")
        and node["name"] != "current_batch"
    }
    while waiting:
        for name, node in list(waiting.items()):
            if not any(before in waiting for before in node["depends_on"].get("nodes", [])):
                yield waiting.pop(name)


def compiled_sql(node: dict[str, Any], compiled: Path) -> str:
    """The SELECT of a model, in Spark's words."""
    file: Path = compiled / "compiled" / node["package_name"] / node["original_file_path"]
    return file.read_text(encoding="utf-8")


def model_sql(model: str, compiled: Path) -> str:
    """The same, by the model's name."""
    (node,) = (node for node in _nodes(compiled).values() if node["name"] == model)
    return compiled_sql(node, compiled)


def typed_rows(feed: str, compiled: Path) -> str:
    """The part of a base model's SELECT that types the rows of the feed."""
    typing, _, _ = model_sql(f"base_{feed}", compiled).partition(",\n\njudged as (")
    return f"{typing}\n\nselect * from parsed"


def rules(feed: str, compiled: Path) -> list[Rule]:
    """The rules of a feed, in the order of their judgement; whether a row is well formed first."""
    _, _, judging = model_sql(f"base_{feed}", compiled).partition("judged as (")
    judging, _, _ = judging.partition("ruled as (")
    quarantines = {
        node["name"]: node["config"]["meta"]["quarantine"]
        for node in _nodes(compiled).values()
        if "quarantine" in node["config"].get("meta", {})
    }
    return [
        Rule(f"{feed}_row_well_formed", "_raw_line is not null", True),
        *(
            Rule(rule, f"_raw_line is null and ({condition})", quarantines[rule])
            for condition, rule in _JUDGEMENT.findall(judging)
        ),
    ]


@cache
def _nodes(compiled: Path) -> dict[str, dict[str, Any]]:
    manifest = json.loads((compiled / "manifest.json").read_text(encoding="utf-8"))
    nodes: dict[str, dict[str, Any]] = manifest["nodes"]
    return nodes
