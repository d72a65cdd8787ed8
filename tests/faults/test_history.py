"""A history of small batches, written by hand: what becomes of keys, rules and error rows."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from reference.compare import differences
from reference.model import expected
from support.batches import tables, timeless, write_batch
from support.rows import row
from support.stack import Stack

from ingest.engines.local import LocalEngine

FEEDS = ("orders", "customers", "products", "inventory", "shipping")
RULES = 86
# They follow the batch_date alone.
AS_OF = {
    "days_since_first_order",
    "days_since_last_order",
    "order_frequency_days",
    "activity_status",
    "sales_status",
    "recency_days",
}


def day(number: int) -> date:
    return date(2025, 1, number)


def without(cells: dict[str, str], *columns: str) -> dict[str, str]:
    return {name: value for name, value in cells.items() if name not in columns}


def stock(**cells: str) -> dict[str, str]:
    """Inventory of P1, in a file that has few optional columns."""
    return without(row("inventory", 1), "stock_status", "reorder_level", "last_audit") | cells


def batches() -> dict[int, dict[str, list[dict[str, str]]]]:
    """Rows by feed by day; on the 18th, orders come with a header and no rows."""
    several = {"order_amount": "1e3", "currency": "CHF", "order_status": "lost"}
    metacharacters = (
        "'; drop table story_landing.orders; -- \\' \" $(reboot) `id` {{ 1 / 0 }} %s \\"
    )
    return {
        15: {
            "customers": [row("customers", 1, state=""), row("customers", 2), row("customers", 4)],
            "products": [row("products", 1)],
            "orders": [row("orders", 1), row("orders", 2, customer_id="C2")],
            "inventory": [stock()],
            "shipping": [row("shipping", 1)],
        },
        16: {
            "customers": [
                row("customers", 1, customer_tier="silver", state="OR"),
                row("customers", 3, email="nobody"),
            ],
            "orders": [
                row("orders", 3, customer_id="C2"),
                row("orders", 4, customer_id="C3"),
                row("orders", 5, created_timestamp="2025-01-16 10:00:00"),
                row("orders", 5, created_timestamp="2025-01-16 09:00:00"),
                row("orders", "") | {"order_id": " "},
                row("orders", 6, **several),
                row("orders", f"7{metacharacters}", shipping_address=metacharacters),
            ],
        },
        17: {"customers": [row("customers", 1, customer_tier="gold", state="")]},
        18: {"orders": [row("orders", 8)]},
        19: {"inventory": [stock(reorder_level="7")]},
        20: {
            "orders": [row("orders", 1, order_amount="x")],
            "customers": [row("customers", 1, email="x")],
            "products": [row("products", 1, price="x")],
            "inventory": [stock(stock_quantity="x")],
            "shipping": [row("shipping", 1, shipping_cost="x")],
        },
        21: {
            "inventory": [stock()],
            "customers": [row("customers", 1, state=""), row("customers", 4, email="nobody")],
        },
        22: {"customers": [row("customers", 2)]},
    }


@dataclass(frozen=True)
class Story:
    """The history, applied day by day.

    Attributes:
        stack: Its stack.
        before_the_invalid: Content of all tables before the 20th, of which every row is invalid.
        after_the_invalid: Content of all tables after it.
        triggers: The triggers, as delivered.
    """

    stack: Stack
    before_the_invalid: dict[str, list[dict[str, Any]]]
    after_the_invalid: dict[str, list[dict[str, Any]]]
    triggers: list[Path]


def deliver(root: Path) -> list[Path]:
    triggers = []
    for number, feeds in batches().items():
        full = {"customers": "full"} if number == 21 else None
        triggers.append(write_batch(root, day(number), f"b{number}", feeds, full))
    empty = root / "orders_data" / "source" / "orders_2025_01_18.csv"
    empty.write_text(empty.read_text().splitlines()[0] + "\n")
    return triggers


@pytest.fixture(scope="module")
def story(
    engine: LocalEngine,
    warehouse: Path,
    spark_session: SparkSession,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Story]:
    """The whole history."""
    folder = tmp_path_factory.mktemp("story")
    triggers = deliver(folder / "delivered")
    stack = Stack(folder / "feeds", warehouse, "story")
    contents = []
    for until in (19, 20, 22):
        for trigger in triggers:
            if int(trigger.stem[-2:]) <= until:
                stamp = trigger.stem.removeprefix("trigger_")
                for path in (folder / "delivered").rglob(f"*{stamp}*"):
                    to = stack.root / path.relative_to(folder / "delivered")
                    to.parent.mkdir(parents=True, exist_ok=True)
                    to.write_bytes(path.read_bytes())
        run(stack)
        contents.append(tables(spark_session, stack.schema))
    yield Story(stack, contents[0], contents[1], triggers)


def run(stack: Stack) -> None:
    """Apply what was delivered; 5 tells of a feed without a valid row, which some days have."""
    done = stack.ingest("run")
    assert done.exit_code in (0, 5), done.output


@pytest.fixture(scope="module")
def spark_session(engine: LocalEngine) -> SparkSession:
    """The engine's session, for this module's fixture."""
    return engine.connect()


def versions(spark: SparkSession, feed: str, key: str, *columns: str) -> list[tuple[Any, ...]]:
    """First day, last day (exclusive; None when current) and columns of a key's versions."""
    found = spark.table(f"story_targets.{feed}_target").where(f"record_key = '{key}'").collect()
    days = ("effective_date", "expiry_date")
    return sorted(
        (
            *(version[name].day if version[name] else None for name in days),
            *(version[name] for name in columns),
        )
        for version in found
    )


def failures(spark: SparkSession, batch_id: str) -> dict[str, Any]:
    found = spark.table("story_ops.validation_results").where(f"batch_id = '{batch_id}'").collect()
    return {result["rule_id"]: result for result in found}


def test_tables_equal_the_reference(story: Story, spark: SparkSession) -> None:
    root = story.triggers[0].parents[2]
    found = differences(expected(root), tables(spark, story.stack.schema))

    assert not found, "\n".join(found)


def test_values_that_go_and_come_back_are_versions(story: Story, spark: SparkSession) -> None:
    """A, B, A; and NULL, a value, NULL."""
    assert versions(spark, "customers", "C1", "customer_tier", "state") == [
        (15, 16, "gold", None),
        (16, 17, "silver", "OR"),
        (17, None, "gold", None),
    ]


def test_key_that_is_absent_from_an_incremental_feed_stays(
    story: Story, spark: SparkSession
) -> None:
    assert versions(spark, "orders", "O1") == [(15, None)]
    assert versions(spark, "products", "P1") == [(15, None)]


def test_full_load_closes_absent_keys_and_they_can_return(
    story: Story, spark: SparkSession
) -> None:
    """C4 is there in an invalid row: it is not absent."""
    assert versions(spark, "customers", "C2") == [(15, 21), (22, None)]
    assert versions(spark, "customers", "C4") == [(15, None)]


def test_optional_column_that_appears_and_disappears(story: Story, spark: SparkSession) -> None:
    assert versions(spark, "inventory", "P1|W1", "reorder_level") == [
        (15, 19, None),
        (19, 21, 7),
        (21, None, None),
    ]


def test_two_rows_of_one_key(story: Story, spark: SparkSession) -> None:
    valid = spark.table("story_targets.orders_target").where("order_id = 'O5'").collect()
    errors = spark.table("story_staging.orders_errors").where("record_key = 'O5'").collect()

    assert [version["created_timestamp"].hour for version in valid] == [10]
    assert [error["failed_rules"] for error in errors] == [["orders_key_unique"]]


def test_row_without_a_key(story: Story, spark: SparkSession) -> None:
    errors = spark.table("story_staging.orders_errors").where("record_key is null").collect()
    target = spark.table("story_targets.orders_target")

    assert [error["failed_rules"] for error in errors] == [["orders_order_id_present"]]
    assert target.where("order_id is null or trim(order_id) = ''").count() == 0


def test_row_that_fails_several_rules_is_one_error_row(story: Story, spark: SparkSession) -> None:
    (error,) = spark.table("story_staging.orders_errors").where("record_key = 'O6'").collect()

    assert error["failed_rules"] == [
        "orders_amount_valid",
        "orders_currency_known",
        "orders_status_known",
    ]
    assert error["max_severity"] == "HIGH"


def test_orphan_is_who_has_no_known_parent(story: Story, spark: SparkSession) -> None:
    """O3's customer came in an earlier batch; O4's is quarantined in this one."""
    orders = spark.table("story_marts.orders_enriched").where("is_orphan_customer").collect()

    assert failures(spark, "b16")["orphaned_orders"]["failed_records"] == 1
    assert [order["order_id"] for order in orders] == ["O4"]


def test_metacharacters_are_text(story: Story, spark: SparkSession) -> None:
    (landed,) = spark.table("story_landing.orders").where("order_id like 'O7%'").collect()
    (mart,) = spark.table("story_marts.orders_enriched").where("order_id like 'O7%'").collect()
    written = batches()[16]["orders"][-1]

    for found in (landed, mart):
        assert found["order_id"] == written["order_id"]
        assert found["shipping_address"] == written["shipping_address"]


def test_empty_batch_has_a_result_for_every_rule(story: Story, spark: SparkSession) -> None:
    results = failures(spark, "b18")
    counts = spark.table("story_ops.batch_reconciliation").where("batch_id = 'b18'").collect()

    assert len(results) == RULES
    assert {(item["status"], item["checked_records"]) for item in results.values()} == {("PASS", 0)}
    assert len(counts) == len(FEEDS)
    assert {(row["file_rows"], row["batch_status"]) for row in counts} == {(0, "PASS")}


def test_wholly_invalid_batch_changes_no_mart_and_fails(story: Story, spark: SparkSession) -> None:
    def marts_and_targets(content: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
        return {
            name: sorted(
                repr({column: row[column] for column in row if column not in AS_OF})
                for row in rows
                if row.get("report_date") != day(20)
            )
            for name, rows in content.items()
            if name.startswith(("marts.", "targets."))
        }

    before, after = story.before_the_invalid, story.after_the_invalid
    assert marts_and_targets(before) == marts_and_targets(after)
    counts = spark.table("story_ops.batch_reconciliation").where("batch_id = 'b20'").collect()
    assert {(row["valid_rows"], row["quarantined_rows"]) for row in counts} == {(0, 1)}
    assert {row["batch_status"] for row in counts} == {"FAIL"}


def test_validating_again_doubles_nothing(story: Story, spark: SparkSession) -> None:
    results = spark.table("story_ops.validation_results")
    before = results.count()
    story.stack.dbt("test", "--exclude", "test_type:unit")

    assert results.count() == before == RULES * len(story.triggers)
    assert results.select("batch_id", "rule_id").distinct().count() == before


@pytest.mark.parametrize("since", [["--from", "2025-01-21"], []], ids=["from a date", "all"])
def test_replay_equals_what_is_there(since: list[str], story: Story, spark: SparkSession) -> None:
    before = timeless(tables(spark, story.stack.schema))
    builds = spark.table("story_ops.processing_log").where("step = 'build'")
    built = builds.count()

    done = story.stack.ingest("replay", *since)

    assert done.exit_code == 0, done.output
    assert builds.count() - built == (2 if since else len(story.triggers))
    assert timeless(tables(spark, story.stack.schema)) == before


def test_replay_of_nothing_says_so(story: Story) -> None:
    done = story.stack.ingest("replay", "--from", "2025-02-01")

    assert done.exit_code == 0
    assert done.output.strip() == (
        "There is nothing to replay: no batch is landed from that date on."
    )
    assert story.stack.ingest("replay", "--from", "soon").exit_code == 2


def test_errors_are_listed_without_data(story: Story, spark: SparkSession) -> None:
    shown = story.stack.ingest("errors", "--feed", "orders", "--batch", "b16")

    assert shown.exit_code == 0, shown.output
    lines = [line.split() for line in shown.output.splitlines() if ".csv" in line]
    assert [(line[1], line[3]) for line in lines] == [
        ("4", "orders_key_unique"),
        ("5", "orders_order_id_present"),
        ("6", "orders_amount_valid"),
    ]
    assert "O6" not in shown.output and "CHF" not in shown.output
    assert len(
        [line for line in story.stack.ingest("errors").output.splitlines() if ".csv" in line]
    ) == (sum(spark.table(f"story_staging.{feed}_errors").count() for feed in FEEDS))


def test_exports_that_cannot_be_are_refused(story: Story, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("precious")
    for arguments, message in (
        (["--export", str(out)], "name it with --feed"),
        (["--feed", "returns"], "--feed must be one of"),
        (["--feed", "orders", "--export", str(out)], "is there already"),
        (["--feed", "orders", "--export", str(tmp_path / "no" / "out.csv")], "cannot be written"),
    ):
        refused = story.stack.ingest("errors", *arguments)
        assert refused.exit_code == 1
        assert message in refused.stderr
    assert out.read_text() == "precious"


def test_corrected_rows_resolve_their_errors(
    story: Story, spark: SparkSession, tmp_path: Path
) -> None:
    """Export, correct, deliver as a new batch; then replace the batch that was wrong."""
    out = tmp_path / "orders.csv"
    flags = ["--feed", "orders", "--batch", "b16", "--open"]
    done = story.stack.ingest("errors", *flags, "--export", str(out))
    assert done.exit_code == 0, done.output
    assert out.stat().st_mode & 0o077 == 0
    with out.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert reader.fieldnames == list(row("orders", 1))
    written = batches()[16]["orders"]
    assert [row["order_id"] for row in rows] == ["O5", "", "O6"]
    assert rows[2] == written[5]

    corrected = rows[2] | {"order_amount": "30.00", "currency": "EUR", "order_status": "shipped"}
    write_batch(story.stack.root, day(23), "b23", {"orders": [corrected]})
    run(story.stack)
    errors = spark.table("story_staging.orders_errors").where("_batch_id = 'b16'")
    resolved = {row["record_key"]: row["resolved_by_batch_id"] for row in errors.collect()}
    assert resolved == {"O5": None, None: None, "O6": "b23"}
    assert versions(spark, "orders", "O6", "order_status") == [(23, None, "shipped")]
    open_rows = story.stack.ingest("errors", *flags).output
    assert open_rows.count(".csv") == 2

    whole = [*written[:3], *written[6:], corrected]
    feeds = {"customers": batches()[16]["customers"], "orders": whole}
    write_batch(story.stack.root, day(16), "b16-corrected", feeds, supersedes=True)
    run(story.stack)
    assert errors.count() == 0
    assert versions(spark, "orders", "O6", "order_status") == [(16, None, "shipped")]
    assert (
        spark.table("story_staging.orders_errors").where("_batch_date = '2025-01-16'").count() == 0
    )


def test_malformed_and_unknown_columns_are_exported(
    story: Story, spark: SparkSession, tmp_path: Path
) -> None:
    """What the header does not know follows the contract's columns; malformed rows stand last."""
    bad = row("products", 9, price="x") | {"shelf": "A1, left"}
    write_batch(story.stack.root, day(24), "b24", {"products": [bad]})
    source = story.stack.root / "products_data" / "source" / "products_2025_01_24.csv"
    with source.open("a", newline="", encoding="utf-8") as file:
        file.write('P10,"only, two"\r\n')
    run(story.stack)

    out = tmp_path / "products.csv"
    done = story.stack.ingest(
        "errors", "--feed", "products", "--batch", "b24", "--export", str(out)
    )

    assert "The last 1 of them are malformed" in done.output.replace("\n", " ")
    header, first, last = csv.reader(out.read_text(encoding="utf-8").splitlines())
    assert dict(zip(header, first, strict=True)) == bad
    assert header[:-1] == list(row("products", 9))
    assert last == ["P10", "only, two"]
