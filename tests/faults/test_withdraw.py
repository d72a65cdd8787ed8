"""A batch that is withdrawn: the tables equal, value by value, a clean run without it."""

import json
import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from conftest import SettingsFor
from pyspark.sql import SparkSession
from reference.compare import differences
from reference.model import expected
from support import hostile
from support.batches import tables, timeless
from support.stack import Stack

from ingest.batches.ledger import Ledger
from ingest.config import load_settings
from ingest.engines.local import LocalEngine

DAYS = {n: date(2025, 1, n) for n in (14, 15, 16, 17)}


class Story:
    """A stack, what was delivered to it, and what its tables must be."""

    def __init__(self, folder: Path, warehouse: Path, spark: SparkSession) -> None:
        self.stack = Stack(folder / "feeds", warehouse, "withdrawn")
        self.folder = folder
        self.spark = spark
        self.triggers: dict[int, Path] = {}

    def write(self, n: int) -> None:
        """Write the batch of a day, to deliver it."""
        folder = self.folder / f"delivery-{n}"
        self.triggers[n] = hostile.write_batch(folder, DAYS[n], random.Random(n), f"batch-{n}")

    def deliver(self, n: int) -> None:
        self.stack.deliver(self.folder / f"delivery-{n}")

    def withdraw(self, n: int, exit_code: int = 0) -> str:
        done = self.stack.ingest("withdraw", "--date", str(date(2025, 1, n)))
        assert done.exit_code == exit_code, done.output
        return done.output

    def assert_holds(self, *days: int) -> None:
        """Fail unless the tables are those of a clean run of these days' batches.

        Landing has the rows of all, once.
        """
        withdrawn = [path for n, path in self.triggers.items() if n not in days]
        wanted = expected(self.folder, list(self.triggers.values()), withdrawn)
        found = differences(wanted, tables(self.spark, self.stack.schema))
        assert not found, "\n".join(found)

    def logged(self, step: str) -> list[str]:
        rows = self.spark.table(f"{self.stack.schema}_ops.processing_log").collect()
        return sorted(row.batch_id for row in rows if row.step == step)


@pytest.fixture(scope="module")
def story(
    engine: LocalEngine, warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    """Batches of the 15th, 16th and 17th, applied; the tests withdraw them one after the other."""
    told = Story(tmp_path_factory.mktemp("withdrawn"), warehouse, engine.connect())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECOMM_ALLOW_MASS_CLOSING", "true")
        for n in (15, 16, 17):
            told.write(n)
            told.deliver(n)
        told.stack.run()
        yield told


def sorted_tables(story: Story) -> dict[str, list[str]]:
    """All rows of all tables, clock columns and log included."""
    found = tables(story.spark, story.stack.schema)
    return {name: sorted(map(repr, rows)) for name, rows in found.items()}


def test_no_batch_of_that_date(story: Story) -> None:
    before = sorted_tables(story)

    assert "no batch is landed for 2025-01-20" in story.withdraw(20, exit_code=1)

    assert sorted_tables(story) == before


def test_batch_in_the_middle(story: Story) -> None:
    """The later one is applied again without it; what was delivered lands anew when it comes."""
    landed = story.spark.table("withdrawn_landing.orders").where("_batch_id = 'batch-16'")
    rows = landed.count()

    output = story.withdraw(16)

    story.assert_holds(15, 17)
    assert "2025-01-17 batch-17" in output and "batch-15" not in output
    assert story.logged("withdraw") == ["batch-16"]
    assert landed.count() == rows > 0
    assert "withdrawn" in story.stack.ingest("status").output

    assert "was withdrawn already" in story.withdraw(16)
    story.deliver(16)
    assert "LANDED" in story.stack.run().output
    story.assert_holds(15, 16, 17)
    assert landed.count() == rows


def test_newest_batch(story: Story) -> None:
    story.withdraw(17)

    story.assert_holds(15, 16)
    assert story.logged("withdraw") == ["batch-16", "batch-17"]


def test_plain_dbt_finishes_it(story: Story, settings_for: SettingsFor) -> None:
    """The record is all it takes, as after a kill; the first landing of two days is taken back."""
    settings = settings_for(story.stack.root, story.stack.schema)
    ledger = Ledger(story.spark, settings)

    ledger.withdraw(DAYS[16])
    assert [landing.batch_id for landing in ledger.read().pending()] == ["batch-15"]
    assert "is landed but not applied" in story.stack.ingest("report").output
    story.stack.build()

    story.assert_holds(15)
    assert ledger.read().pending() == [] and not ledger.read().is_withdrawal_open


def test_only_batch(story: Story, warehouse: Path) -> None:
    """The tables are as before any batch; run, too, finishes what a kill has left of it."""
    never = Stack(story.stack.root, warehouse, "never")
    with never.environment_set():
        LocalEngine(load_settings(warehouse=warehouse, schema_name="never")).start()
    never.build()

    assert "no batch" in story.withdraw(15)

    found, clean = (timeless(tables(story.spark, stack.schema)) for stack in (story.stack, never))
    for name in clean:
        is_record = name.startswith("landing.") or name in (
            "ops.withdrawals",
            "ops.contract_history",
        )
        assert is_record or found[name] == clean[name], name
    assert story.stack.run().output.count("batches applied") == 1


def test_same_id_under_the_right_date(story: Story) -> None:
    """As after a typo in the year: rows are not counted twice, nor are the new ones hidden."""
    wrong = story.folder / "delivery-15"
    right = story.folder / "delivery-14"
    for path in wrong.rglob("*_2025_01_15*"):
        to = right / str(path.relative_to(wrong)).replace("_15", "_14")
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(path.read_bytes())
    (story.triggers[14],) = right.glob("triggers/source/*")
    content = story.triggers[14].read_text().replace("_15", "_14").replace("-01-15", "-01-14")
    story.triggers[14].write_text(content)
    assert json.loads(content)["trigger_id"] == "batch-15"
    story.deliver(14)

    assert "LANDED" in story.stack.run().output

    story.assert_holds(14)

    # It is the batch of the 14th now: what is undone from the 15th on leaves what it resolved.
    errors = story.spark.table("withdrawn_staging.customers_errors")
    story.spark.sql(
        "update withdrawn_staging.customers_errors set resolved_by_batch_id = 'batch-15' where true"
    )
    resolved = errors.where("resolved_by_batch_id is not null")
    rows = resolved.count()
    story.stack.dbt("run-operation", "undo_batches", "--args", "{since: \"date '2025-01-15'\"}")
    assert resolved.count() == rows > 0
