"""What dbt makes of the project: what is built before what, and what no build may throw away."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import cli, dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_ecomm_engine import _COMMANDS

from ingest.config import PROJECT_DIR
from ingest.contract import load_contract
from tools.catalogue import main as catalogue
from tools.catalogue import pages
from tools.dbt_docs import complete, with_descriptions, without_unit_tests

FEEDS = tuple(load_contract(PROJECT_DIR).feeds)
UNIQUE = ("unique", "expect_compound_columns_to_be_unique")
# What `dbt` can do without an engine.
WITHOUT_ENGINE = {"clean", "deps", "docs serve", "init", "list", "ls", "parse"}


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    folders = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
    parsed = dbtRunner().invoke(["parse", "--quiet", *folders])
    assert isinstance(parsed.result, Manifest), parsed.exception
    return parsed.result


def nodes(manifest: Manifest, *kinds: str) -> dict[str, Any]:
    return {
        name: node
        for name, node in manifest.nodes.items()
        if node.resource_type in kinds and node.package_name == "ecomm_pipeline"
    }


def is_rule(test: Any) -> bool:
    return "quarantine" in test.config.meta


def upstream(manifest: Manifest, name: str) -> set[str]:
    """Everything that is built before a node."""
    found: set[str] = set()
    left = [name]
    while left:
        # Seeds depend on nothing.
        parents = set(manifest.nodes[left.pop()].depends_on_nodes) & manifest.nodes.keys()
        left += parents - found
        found |= parents
    return found


def test_every_feed_is_balanced(manifest: Manifest) -> None:
    """A row that is neither valid nor quarantined stops the build."""
    tested = {
        (test.attached_node, test.test_metadata.kwargs["feed"])
        for test in nodes(manifest, "test").values()
        if "test_metadata" in dir(test) and test.test_metadata.name == "balanced"
    }

    assert tested == {(f"model.ecomm_pipeline.{feed}_errors", feed) for feed in FEEDS}


def test_what_keeps_batches_says_whose_its_rows_are(manifest: Manifest) -> None:
    """A rewind deletes by it; error tables tell, too, which batch resolved a row."""
    lasting = {
        node.name: (node.config.meta.get("dated_by"), node.config.meta.get("closed_by"))
        for node in nodes(manifest, "model").values()
        if node.config.materialized == "incremental"
    }

    assert lasting.pop("analytics_summary") == ("report_date", None)
    assert lasting == {f"{feed}_errors": ("_batch_date", "resolved_by_batch_id") for feed in FEEDS}


def test_everything_is_of_the_current_batch(manifest: Manifest) -> None:
    """Nothing reads a batch before the rewind is done, which current_batch begins with."""
    first = "model.ecomm_pipeline.current_batch"
    built = nodes(manifest, "model", "snapshot")

    assert {name for name in built if first not in upstream(manifest, name)} == {first}
    hooks = [hook.sql for hook in built[first].config.pre_hook]
    assert hooks == ["{{ check_contract() }}", "{{ rewind() }}", "{{ forget_built() }}"]


def test_tables_of_all_batches_outlive_a_full_refresh(manifest: Manifest) -> None:
    """They cannot be built again from the current batch."""
    models = nodes(manifest, "model").values()
    lasting = {node.name for node in models if node.config.materialized == "incremental"}

    assert {f"{feed}_errors" for feed in FEEDS} | {"analytics_summary"} <= lasting
    assert {node.name for node in models if node.config.full_refresh is False} == lasting
    assert {
        node.config.on_schema_change for node in models if node.config.materialized == "incremental"
    } <= {"fail", "append_new_columns"}


def test_absent_keys_are_closed_in_their_own_target(manifest: Manifest) -> None:
    snapshots = {node.name: node.config for node in nodes(manifest, "snapshot").values()}

    assert snapshots.keys() == {f"{feed}_target" for feed in FEEDS}
    for feed in FEEDS:
        config = snapshots[f"{feed}_target"]
        hooks = [hook.sql for hook in config.pre_hook]
        assert hooks == ["{{ follow_contract() }}", "{{ close_absent_keys() }}"]
        assert (config.strategy, config.meta) == ("contract", {"feed": feed})
        assert (config.unique_key, config.updated_at) == ("record_key", "_batch_date")
        # That would be dbt's way to close keys, which stamps the clock.
        assert config._extra.get("hard_deletes") is None


def test_rules_warn_and_everything_else_stops_the_build(manifest: Manifest) -> None:
    """A rule that stopped the build would keep its batch from ever being applied."""
    severities: dict[bool, set[str]] = {True: set(), False: set()}
    for test in nodes(manifest, "test").values():
        severities[is_rule(test)].add(test.config.severity.lower())
        assert (test.config.warn_if, test.config.error_if) == ("!= 0", "!= 0")
        assert test.config.enabled and test.config.limit is None

    assert severities == {True: {"warn"}, False: {"error"}}


def test_what_people_read_has_a_view(manifest: Manifest) -> None:
    """Tables are granted to nobody: marts are read through views, and so are error tables."""
    published = {
        name: node.config.meta["published_as"]
        for name, node in nodes(manifest, "model", "snapshot").items()
        if "published_as" in node.config.meta
    }

    assert published == {
        name: "views" if node.path.startswith("marts/") else "error_views"
        for name, node in nodes(manifest, "model").items()
        if node.path.startswith("marts/") or name.endswith("_errors")
    }


def test_what_dbt_does_at_the_start_and_at_the_end(manifest: Manifest) -> None:
    operations = nodes(manifest, "operation").values()

    assert [node.raw_code for node in operations] == [
        "{{ record_run(results) }}",
        "{{ publish() }}",
    ]


def test_marts_keep_their_contracts(manifest: Manifest) -> None:
    marts = [node for node in nodes(manifest, "model").values() if node.path.startswith("marts/")]

    assert len(marts) >= 13
    assert all(node.config.contract.enforced for node in marts)


@pytest.mark.parametrize("mart", ["customer_rfm", "cohort_retention", "daily_sales"])
def test_customers_are_ids_to_those_who_read_of_their_behaviour(
    manifest: Manifest, mart: str
) -> None:
    """No name, address or date of birth, masked or not; the contract is all that the mart has."""
    told = {column.name for column in load_contract(PROJECT_DIR).feeds["customers"].columns}

    shown = set(manifest.nodes[f"model.ecomm_pipeline.{mart}"].columns)

    assert shown and not shown & (told - {"customer_id"})


def test_keys_of_tables_that_people_read_are_tested(manifest: Manifest) -> None:
    """The grain of every mart and of the targets' current rows."""
    tested = {
        test.attached_node
        for test in nodes(manifest, "test").values()
        if "test_metadata" in dir(test) and test.test_metadata.name in UNIQUE
    }
    read = {
        name
        for name, node in nodes(manifest, "model", "snapshot").items()
        if node.path.startswith("marts/") or node.resource_type == "snapshot"
    }

    assert read - tested == set()


def test_dbt_finds_the_engine_for_every_command_that_needs_one() -> None:
    commands = set()
    for name, command in cli.commands.items():
        below = getattr(command, "commands", None)
        commands |= {f"{name} {each}" for each in below} if below else {name}
    needed = {command.split()[-1] for command in commands - WITHOUT_ENGINE}

    # `source freshness` is known by its second word alone, as is `source snapshot-freshness`.
    assert needed - {"snapshot-freshness"} == _COMMANDS


def test_docs_are_without_unit_tests_and_else_the_same(manifest: Manifest) -> None:
    written = manifest.writable_manifest().to_dict()

    shown = without_unit_tests(written)

    assert any(name.startswith("unit_test.") for name in written["parent_map"])
    assert written["unit_tests"] and not shown["unit_tests"]
    for edges in (shown["parent_map"], shown["child_map"]):
        named = set(edges).union(*edges.values())
        assert not [name for name in named if name.startswith("unit_test.")]
    assert shown["parent_map"].keys() >= manifest.nodes.keys()
    assert shown["nodes"] == written["nodes"]


def test_docs_describe_what_a_table_does_not_declare(manifest: Manifest) -> None:
    """First by itself, then by the contract, by stg or base, by the doc block of the name."""
    written = manifest.writable_manifest().to_dict()
    base, target = "model.ecomm_pipeline.base_orders", "snapshot.ecomm_pipeline.orders_target"
    names = ["order_id", "order_status_code", "_key_rank", "expiry_date", "x"]
    real: dict[str, Any] = {name: {} for name in names}

    shown = with_descriptions(
        written, {"nodes": {base: {"columns": real}, target: {"columns": real}}}
    )

    def text(node: dict[str, Any], name: str) -> str:
        return str(node["columns"][name]["description"])

    orders = written["sources"]["source.ecomm_pipeline.landing.orders"]
    block = written["docs"]["doc.ecomm_pipeline._key_rank"]["block_contents"]
    described = shown["nodes"][target]
    assert [*described["columns"]] == names[:-1]
    assert text(described, "order_id") == text(orders, "order_id")
    assert text(described, "order_status_code").startswith("Normal form")
    assert text(described, "_key_rank") == block
    assert text(described, "expiry_date") == text(written["nodes"][target], "expiry_date")
    assert text(shown["nodes"][base], "order_id") == text(written["nodes"][base], "order_id")


def test_docs_in_one_file_are_described_too(manifest: Manifest, tmp_path: Path) -> None:
    """`dbt docs generate --static` puts the manifest into a page, as dbt's page has it."""
    target = "snapshot.ecomm_pipeline.orders_target"
    catalog = {"nodes": {target: {"columns": {"order_amount": {}}}}}
    manifest.write(str(tmp_path / "manifest.json"))
    (tmp_path / "catalog.json").write_text(json.dumps(catalog))
    (tmp_path / "index.html").write_text(
        '["MANIFEST.JSON INLINE DATA", "CATALOG.JSON INLINE DATA"]'
    )
    (tmp_path / "static_index.html").write_text("as dbt wrote it")

    complete(tmp_path)

    inside, beside = json.loads((tmp_path / "static_index.html").read_text())
    assert inside == json.loads((tmp_path / "manifest.json").read_text())
    assert inside["nodes"][target]["columns"].keys() == {"order_amount"} and beside == catalog


def test_catalogue_has_every_table_column_and_rule(manifest: Manifest) -> None:
    tables, rules = pages(manifest.writable_manifest().to_dict()).values()
    sections = {
        heading: set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
        for heading, text in re.findall(r"^### (.*)\n((?:(?!#).*\n)*)", tables, re.MULTILINE)
    }
    declared = nodes(manifest, "model", "snapshot", "seed") | manifest.sources
    missing = {}
    for node in declared.values():
        feed = next((feed for feed in FEEDS if feed in node.name.split("_")), "")
        family = node.name.replace(feed, "&lt;feed>") if feed else node.name
        shown = sections.get(node.name) or sections[family]
        elsewhere = sections.get(feed, set()) | sections["What ingest adds"]
        missing[node.name] = node.columns.keys() - shown - elsewhere

    assert not any(missing.values()), missing
    ids = re.findall(r"^\| `(\w+)` \| (.*)$", rules, re.MULTILINE)
    judged = {test.name: test for test in nodes(manifest, "test").values() if is_rule(test)}
    assert len(ids) == len(judged) and dict(ids).keys() == judged.keys()
    for name, line in ids:
        meta = judged[name].config.meta
        assert meta["severity"] in line and (", quarantines" in line) == meta["quarantine"], name


def test_catalogue_that_is_out_of_step_is_told_of(
    manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*flags: str) -> None:
        folders = [str(tmp_path), "--docs", str(tmp_path)]
        monkeypatch.setattr("sys.argv", ["catalogue.py", *folders, *flags])
        catalogue()

    manifest.write(str(tmp_path / "manifest.json"))
    run()
    run("--check")
    assert (tmp_path / "rules.md").read_text() == (PROJECT_DIR / "docs/rules.md").read_text()
    (tmp_path / "tables.md").write_text("# Tables\n")
    with pytest.raises(SystemExit, match=r"docs/tables.md .*make catalogue"):
        run("--check")
