"""Landing: every outcome of a look at a trigger; no failure leaves anything half-visible."""

import errno
import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import SettingsFor
from pyspark.errors import PySparkException
from pyspark.sql import Row, SparkSession

from ingest.batches import archive
from ingest.batches.intake import Intake, TriggerResult
from ingest.batches.landing import LandingTables
from ingest.batches.ledger import Ledger
from ingest.batches.processing_log import LoggedAlert, LogRow, now
from ingest.batches.trigger import Trigger
from ingest.build import BuildResult
from ingest.catalog import append_rows
from ingest.config import Settings
from ingest.contract import load_contract
from ingest.engines.local import LocalEngine
from ingest.feed_root import FeedRoot
from ingest.pipeline import Applied, Leftover, Pipeline
from ingest.run_console import RunConsole
from ingest.sample import generate

DAY = date(2025, 1, 15)
NEXT_DAY = date(2025, 1, 16)
CONTRACT = load_contract(Settings().project_dir)
FEEDS = list(CONTRACT.feeds)


def csv(feed: str, rows: int = 2, mark: str = "a") -> str:
    """A file that keeps the contract; other marks give other content."""
    columns = [column.name for column in CONTRACT.feeds[feed].columns if not column.optional]
    lines = [columns, *([f"{mark}{row}", *columns[1:]] for row in range(1, rows + 1))]
    return "".join(",".join(line) + "\n" for line in lines)


@dataclass(frozen=True)
class Shop:
    """A feed root, and a schema of its own to land it in."""

    settings: Settings
    spark: SparkSession

    @property
    def root(self) -> Path:
        return self.settings.root

    def source(self, feed: str, day: date) -> Path:
        return self.root / f"{feed}_data" / "source" / f"{feed}_{str(day).replace('-', '_')}.csv"

    def archived(self, feed: str, day: date, batch_id: str) -> Path:
        folder = self.root / f"{feed}_data" / "archive" / day.isoformat() / batch_id
        return folder / self.source(feed, day).name

    def trigger(self, day: date, expected: list[str], **fields: Any) -> Path:
        """Send a trigger, named after its id."""
        content = {
            "trigger_id": f"batch-{day}",
            "batch_date": day.isoformat(),
            "expected_files": [self.source(feed, day).name for feed in expected],
        } | fields
        path = self.root / "triggers" / "source" / f"{content['trigger_id']}.json"
        path.write_text(json.dumps(content))
        return path

    def deliver(self, day: date, texts: dict[str, str], **fields: Any) -> Path:
        """Send a file for each feed, and their trigger."""
        for feed, text in texts.items():
            self.source(feed, day).write_text(text)
        return self.trigger(day, list(texts), **fields)

    def put_back(self) -> None:
        """Put whatever was rejected back into source/, as the reasons say."""
        for path in self.root.glob("*/rejected/*"):
            if path.name.endswith(".reason.json"):
                assert "put the files and the trigger back into source/" in path.read_text()
                path.unlink()
            else:
                path.rename(path.parent.parent / "source" / path.name)

    def pipeline(self) -> Pipeline:
        return Pipeline(self.settings, self.spark)

    def take_in(self) -> list[TriggerResult]:
        """Look at all triggers; nothing is archived, as if the run was killed then."""
        return list(self.pipeline().take_in_all())

    def land(self) -> list[TriggerResult]:
        """A whole run without dbt."""
        pipeline = self.pipeline()
        looks = list(pipeline.take_in_all())
        pipeline.log_unlisted(looks)
        assert pipeline.archive(looks, applied_only=False) == []
        return looks

    def archive_files(self, feeds: list[str], trigger: Path) -> None:
        """Archive files of the batch of `DAY` and then no more, as a killed run does."""
        archive.archive(
            trigger.with_suffix(".not-yet"),
            {feed: self.source(feed, DAY).name for feed in feeds},
            FeedRoot(self.root),
            DAY,
            f"batch-{DAY}",
            is_known=lambda path: True,
        )

    def sweep(self) -> int:
        """Remove the rows that no record vouches for."""
        ledger = Ledger(self.spark, self.settings)
        return LandingTables(self.spark, self.settings, CONTRACT, ledger).sweep()

    def rows(self, table: str, suffix: str = "landing") -> list[Row]:
        return self.spark.table(self.settings.table(suffix, table)).collect()

    def log(self, step: str) -> list[Row]:
        return [row for row in self.rows("processing_log", "ops") if row.step == step]

    def in_source(self) -> set[str]:
        return {path.name for path in self.root.glob("*/source/*")}

    def rejected(self) -> set[str]:
        return {path.name for path in self.root.glob("*/rejected/*")}


@pytest.fixture
def shop(settings_for: SettingsFor, tmp_path: Path, request: pytest.FixtureRequest) -> Shop:
    root = tmp_path / "feeds"
    for folder in ("triggers", *(f"{feed}_data" for feed in FEEDS)):
        (root / folder / "source").mkdir(parents=True)
    # Test names differ, hence so do these schemas.
    name = "".join(letter for letter in request.node.name.lower() if letter.isalnum())
    settings = settings_for(root, f"t_{name}")
    return Shop(settings, LocalEngine(settings).connect())


def only(looks: list[TriggerResult]) -> TriggerResult:
    assert len(looks) == 1
    return looks[0]


def test_sample_lands_wholly(shop: Shop) -> None:
    generate(shop.root, days=1, orders=60, seed=5)
    sources = {feed: shop.source(feed, DAY).read_bytes() for feed in FEEDS}

    look = only(shop.land())

    assert look.outcome == "LANDED"
    files = shop.rows("landed_files")
    assert {file.feed for file in files} == set(FEEDS)
    assert {(file.landing_number, file.batch_date) for file in files} == {(1, DAY)}
    for file in files:
        rows = shop.rows(file.feed)
        assert len(rows) == file.file_rows > 0
        assert {row._row_number for row in rows} == set(range(1, file.file_rows + 1))
        assert {(row._batch_id, row._batch_date) for row in rows} == {(file.batch_id, DAY)}
        assert {row._file_sha256 for row in rows} == {file.file_sha256}
        assert shop.archived(file.feed, DAY, file.batch_id).read_bytes() == sources[file.feed]
    assert shop.in_source() == set()


def test_steps_are_logged(shop: Shop) -> None:
    shop.deliver(DAY, {"orders": csv("orders", 3) + "too,few\n", "products": csv("products")})

    look = only(shop.land())

    trigger, archived = *shop.log("trigger"), *shop.log("archive")
    assert (trigger.status, trigger.batch_id, trigger.batch_date) == ("LANDED", f"batch-{DAY}", DAY)
    assert trigger.message == "Landed 6 rows of 2 files."
    assert (archived.status, archived.archived_files) == ("SUCCESS", 3)
    by_feed = {row.feed: row for row in shop.log("land")}
    assert by_feed.keys() == {"orders", "products"}
    orders, products = by_feed["orders"], by_feed["products"]
    assert (orders.total_records, orders.valid_records, orders.invalid_records) == (4, 3, 1)
    assert (products.total_records, products.valid_records, products.invalid_records) == (2, 2, 0)
    assert (orders.status, products.status) == ("WARNING", "SUCCESS")
    assert products.message is None
    # Whoever runs it is told what the log says.
    assert look.warnings == (orders.message,)
    assert all(row.started_at <= row.finished_at for row in shop.rows("processing_log", "ops"))
    assert len({row.run_id for row in shop.rows("processing_log", "ops")}) == 1


def test_text_lands_as_it_came(shop: Shop) -> None:
    columns = [column.name for column in CONTRACT.feeds["orders"].columns]
    cells = [
        'it\'s "quoted"',
        "a\\b",
        " padded ",
        "two\nlines",
        "1e3",
        "  ",
        "ünïcode ✓",
        "",
        "x",
        "y",
    ]
    quoted = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    shop.deliver(DAY, {"orders": ",".join(columns) + "\n" + quoted + "\n"})

    shop.land()

    (row,) = shop.rows("orders")
    assert [row[column] for column in columns] == [cell if cell.strip() else None for cell in cells]
    assert (row._extra, row._raw_line) == (None, None)


def test_missing_files_are_waited_for(shop: Shop) -> None:
    shop.deliver(DAY, {"orders": csv("orders")})
    shop.trigger(DAY, ["orders", "products", "shipping"])

    look = only(shop.land())

    assert look.outcome == "WAITING"
    assert look.message == "Waiting for products_2025_01_15.csv, shipping_2025_01_15.csv."
    assert shop.log("trigger")[0].status == "WAITING"
    assert shop.rows("orders") == shop.rows("landed_files") == []
    assert len(shop.in_source()) == 2

    for feed in ("products", "shipping"):
        shop.source(feed, DAY).write_text(csv(feed))
    assert only(shop.land()).outcome == "LANDED"


def test_files_that_are_not_ready_are_waited_for(shop: Shop) -> None:
    shop.deliver(DAY, {"orders": csv("orders")}, data_files_ready=False)

    look = only(shop.land())

    assert (look.outcome, look.landing_number) == ("WAITING", None)
    assert "data_files_ready" in look.message
    assert shop.rows("orders") == []

    shop.trigger(DAY, ["orders"], data_files_ready=True)
    assert only(shop.land()).outcome == "LANDED"


def test_unreadable_trigger_is_rejected_first(shop: Shop) -> None:
    shop.deliver(DAY, {"orders": csv("orders")})
    (shop.root / "triggers" / "source" / "z.json").write_text("{")

    first, second = shop.land()

    assert (first.outcome, first.trigger_file.name) == ("REJECTED", "z.json")
    assert second.outcome == "LANDED"
    assert shop.rejected() == {"z.json", "z.json.reason.json"}
    row = next(row for row in shop.log("trigger") if row.source_file == "z.json")
    assert (row.status, row.batch_id, row.archived_files) == ("REJECTED", None, 1)


def test_bad_files_reject_the_batch(shop: Shop) -> None:
    files = {feed: csv(feed) for feed in FEEDS}
    files["orders"] = files["orders"].replace("order_amount", "total")
    files["products"] = ""
    shop.deliver(DAY, files)
    delivered = shop.in_source()

    look = only(shop.land())

    assert look.outcome == "REJECTED"
    assert "orders_2025_01_15.csv" in look.message
    assert "order_amount" in look.message
    assert "products_2025_01_15.csv" in look.message
    assert json.loads(next(shop.root.glob("triggers/rejected/*.reason.json")).read_text())["reason"]
    assert all(shop.rows(table) == [] for table in (*FEEDS, "landed_files"))
    assert shop.in_source() == set()
    assert shop.rejected() == delivered | {f"{name}.reason.json" for name in delivered}
    assert {(row.feed, row.status) for row in shop.log("land")} == {
        ("orders", "FAILED"),
        ("products", "FAILED"),
    }


def test_manifest_that_differs_rejects_the_batch(shop: Shop) -> None:
    entry = {"name": shop.source("orders", DAY).name, "rows": 3}
    shop.deliver(DAY, {"orders": csv("orders", 2)}, files=[entry])

    look = only(shop.land())

    assert look.outcome == "REJECTED"
    assert "has 2 rows where the trigger declares 3: deliver the file again, or" in look.message
    assert shop.rows("orders") == []
    shop.put_back()
    shop.source("orders", DAY).write_text(csv("orders", 3))
    assert only(shop.land()).outcome == "LANDED"


def test_rejected_batch_that_is_sent_again_waits_for_its_files(shop: Shop) -> None:
    """What was rejected before the trigger came counts for nothing."""
    files = {"orders": csv("orders"), "products": ""}
    shop.deliver(DAY, files)
    assert only(shop.land()).outcome == "REJECTED"
    shop.source("products", DAY).write_text(csv("products"))
    shop.trigger(DAY, ["orders", "products"])

    assert only(shop.land()).outcome == "WAITING"

    shop.source("orders", DAY).write_text(csv("orders"))
    assert only(shop.land()).outcome == "LANDED"


def test_file_that_comes_between_landing_and_archiving_stays(shop: Shop) -> None:
    shop.deliver(DAY, {"orders": csv("orders"), "products": csv("products")})
    pipeline = shop.pipeline()
    looks = list(pipeline.take_in_all())
    shop.source("orders", DAY).write_text(csv("orders", mark="new"))

    (leftover,) = pipeline.archive(looks, applied_only=False)

    assert leftover.message.startswith(
        "orders_2025_01_15.csv came in the place of a landed file and stays"
    )
    assert not leftover.is_waiting
    assert shop.in_source() == {"orders_2025_01_15.csv"}
    assert shop.source("orders", DAY).read_text() == csv("orders", mark="new")
    assert shop.log("archive")[0].status == "WARNING"
    assert "with supersedes true, that names all files of the day, and with it" in leftover.message
    shop.source("products", DAY).write_text(csv("products"))
    shop.trigger(DAY, ["products", "orders"], trigger_id="next", supersedes=True)
    look = only(shop.land())
    assert (look.outcome, look.warnings) == ("LANDED", ())
    assert shop.in_source() == set()


@pytest.mark.parametrize("in_place", [True, False], ids=["same name", "other name"])
def test_trigger_that_comes_while_a_build_runs_is_looked_at_next(
    shop: Shop, in_place: bool
) -> None:
    """With the files that it names: those that stayed as they were are not moved away from it."""
    files = {"orders": csv("orders"), "products": csv("products"), "shipping": csv("shipping")}
    trigger = shop.deliver(DAY, files)
    pipeline = shop.pipeline()
    looks = list(pipeline.take_in_all())
    shop.source("orders", DAY).write_text(csv("orders", mark="new"))
    newer = shop.trigger(DAY, ["orders", "products"], trigger_id="newer", supersedes=True)
    if in_place:
        newer.replace(trigger)

    (leftover,) = pipeline.archive(looks, applied_only=False)

    assert leftover.is_waiting
    name = trigger.name
    told = f"{name} came in the place of the trigger that was looked at and stays: the next run"
    assert (told in leftover.message) == in_place
    left = "next run looks at: orders_2025_01_15.csv, products_2025_01_15.csv."
    assert left in leftover.message
    assert shop.log("archive")[0].status == "WARNING"
    assert shop.in_source() == {
        *("orders_2025_01_15.csv", "products_2025_01_15.csv"),
        name if in_place else newer.name,
    }
    look = only(shop.land())
    assert (look.outcome, look.batch_id) == ("LANDED", "newer")
    assert shop.in_source() == set()


def test_trigger_of_another_day_in_its_place_keeps_no_landed_file(shop: Shop) -> None:
    trigger = shop.deliver(DAY, {"orders": csv("orders")})
    pipeline = shop.pipeline()
    looks = list(pipeline.take_in_all())
    shop.deliver(NEXT_DAY, {"orders": csv("orders", mark="b")}).replace(trigger)

    (leftover,) = pipeline.archive(looks, applied_only=False)

    assert leftover.is_waiting
    assert shop.in_source() == {trigger.name, shop.source("orders", NEXT_DAY).name}
    assert only(shop.land()).batch_date == NEXT_DAY


@pytest.mark.parametrize("what", ["trigger", "orders", "products"])
def test_what_is_replaced_before_it_is_rejected_stays(
    shop: Shop, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch that was refused is not there any more: the next look judges what is."""
    good = {"orders": csv("orders"), "products": csv("products")}
    bad = good | {"orders": "no header\n"} if what != "trigger" else good
    fields: dict[str, Any] = {"supersedes": "yes"} if what == "trigger" else {}
    trigger = shop.deliver(DAY, bad, **fields)
    path = trigger if what == "trigger" else shop.source(what, DAY)
    refuse = Intake._reject

    def come_in_between(intake: Intake, *arguments: Any) -> Any:
        shop.deliver(DAY, good)
        return refuse(intake, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Intake, "_reject", come_in_between)
        look = only(shop.land())

    assert look.outcome == "WAITING"
    assert path.name in look.message and "the next look judges it anew" in look.message
    assert shop.rejected() == set()
    assert only(shop.land()).outcome == "LANDED"


def test_file_that_comes_amid_rejecting_stays(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the whole batch was found as it had been seen."""
    shop.deliver(DAY, {"orders": "no header\n", "products": csv("products")})
    reject = archive.reject

    def come_in_between(*arguments: Any, **keywords: Any) -> archive.Moves:
        shop.source("products", DAY).write_text(csv("products", mark="new"))
        return reject(*arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(archive, "reject", come_in_between)
        look = only(shop.land())

    assert look.outcome == "REJECTED"
    assert look.message.endswith(" products_2025_01_15.csv came meanwhile and stays.")
    assert shop.in_source() == {"products_2025_01_15.csv"}
    assert shop.source("products", DAY).read_text() == csv("products", mark="new")


def test_trigger_that_comes_while_the_one_before_is_read_is_looked_at_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read is not taken for what came right behind it."""
    shop.deliver(DAY, {"orders": csv("orders")})
    pipeline = shop.pipeline()
    read = Intake._read
    paths: list[Path] = []

    def come_behind(intake: Intake, path: Path) -> Trigger:
        found = read(intake, path)
        paths.append(path)
        # The first time the triggers are put in order.
        if len(paths) == 2:
            shop.trigger(DAY, ["orders"], trigger_id="newer", supersedes=True).replace(path)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Intake, "_read", come_behind)
        look = only(list(pipeline.take_in_all()))
    (leftover,) = pipeline.archive([look], applied_only=False)

    assert (look.outcome, look.batch_id) == ("LANDED", f"batch-{DAY}")
    assert "came in the place of the trigger that was looked at" in leftover.message
    assert only(shop.take_in()).batch_id == "newer"


def test_trigger_that_changes_before_it_is_looked_at_is_judged_as_it_is_then(shop: Shop) -> None:
    """And not as it was when the triggers were put in order."""
    shop.deliver(DAY, {"orders": csv("orders")})
    shop.deliver(NEXT_DAY, {"orders": csv("orders", mark="b")})
    looks = shop.pipeline().take_in_all()
    first = next(looks)
    shop.trigger(NEXT_DAY, ["orders"], data_files_ready=False)

    assert [first.outcome, *(look.outcome for look in looks)] == ["LANDED", "WAITING"]


def test_replacing_batch_that_names_fewer_feeds_is_warned_about(shop: Shop) -> None:
    morning = {feed: csv(feed) for feed in ("orders", "customers", "products")}
    evening = {feed: csv(feed) for feed in ("inventory", "shipping")}
    shop.deliver(DAY, morning, trigger_id="morning")
    shop.land()
    shop.deliver(DAY, evening, trigger_id="evening", supersedes=True)

    look = only(shop.land())

    assert look.outcome == "LANDED"
    (warning,) = look.warnings
    assert "names no file of orders, customers, products: the rows that batch morning" in (
        warning.replace("customers, orders, products", "orders, customers, products")
    )
    assert [row.message for row in shop.log("land") if row.status == "WARNING"] == [warning]
    assert "with supersedes true that names all files of the day, and all these files" in warning
    shop.deliver(DAY, morning | evening, trigger_id="whole", supersedes=True)
    look = only(shop.land())
    assert (look.outcome, look.warnings) == ("LANDED", ())


def test_date_too_far_ahead_is_rejected(shop: Shop) -> None:
    today = datetime.now(UTC).date()
    near, far = today + timedelta(days=2), today + timedelta(days=4)
    shop.deliver(near, {"orders": csv("orders")})
    shop.deliver(far, {"orders": csv("orders", mark="b")})

    landed, refused = shop.land()

    assert (landed.outcome, refused.outcome) == ("LANDED", "REJECTED")
    assert f"batch_date {far} is more than 2 days after today, {today} (UTC)" in refused.message
    assert "or raise ECOMM_MAX_DAYS_AHEAD" in refused.message
    assert shop.source("orders", far).name in shop.rejected()
    shop.put_back()
    further = Shop(shop.settings.model_copy(update={"max_days_ahead": 4}), shop.spark)
    assert only(further.land()).outcome == "LANDED"
    # What has landed is known again, whatever the limit is now.
    shop.deliver(far, {"orders": csv("orders", mark="b")})
    assert only(shop.land()).outcome == "SKIPPED"


def test_year_below_1000(shop: Shop) -> None:
    early, day = date(225, 1, 15), "0225-01-15"
    shop.deliver(early, {"orders": csv("orders")})
    assert shop.source("orders", early).name == "orders_0225_01_15.csv"
    shop.deliver(DAY, {"orders": csv("orders", mark="b")})

    shop.land()

    ledger = shop.pipeline().ledger
    assert [str(landing.batch_date) for landing in ledger.read().pending()] == [day, "2025-01-15"]
    assert shop.archived("orders", early, f"batch-{day}").parent.parent.name == day
    assert [landing.batch_date for landing in ledger.withdraw(early)] == [early]
    assert [landing.batch_date for landing in ledger.read().pending()] == [DAY]


@pytest.mark.parametrize("moved", [[], ["orders"], ["orders", "products"]], ids=str)
def test_withdrawn_batch_does_not_come_back_by_itself(shop: Shop, moved: list[str]) -> None:
    """Its trigger is there still, as its build failed; some of its files are archived already."""
    files = {"orders": csv("orders"), "products": csv("products")}
    trigger = shop.deliver(DAY, files, supersedes=True)
    shop.take_in()
    shop.archive_files(moved, trigger)
    shop.pipeline().ledger.withdraw(DAY)

    look = only(shop.land())

    assert look.outcome == "SKIPPED"
    assert "put its files and then its trigger into source/ again" in look.message
    assert shop.in_source() == set()
    assert shop.pipeline().ledger.read().pending() == []
    assert shop.pipeline().builds_due() == ["no batch"]
    shop.deliver(DAY, files, supersedes=True)
    assert only(shop.land()).outcome == "LANDED"
    assert [landing.number for landing in shop.pipeline().ledger.read().pending()] == [2]


def test_withdrawn_batch_may_replace_what_came_since(shop: Shop) -> None:
    shop.deliver(DAY, {"orders": csv("orders")}, trigger_id="a")
    shop.land()
    shop.pipeline().ledger.withdraw(DAY)
    shop.deliver(DAY, {"orders": csv("orders", mark="b")}, trigger_id="b")
    shop.land()
    shop.deliver(DAY, {"orders": csv("orders")}, trigger_id="a", supersedes=True)

    assert only(shop.land()).outcome == "LANDED"

    assert [landing.number for landing in shop.pipeline().ledger.read().pending()] == [3]


def test_withdrawn_rows_are_read_again_when_they_come_again(shop: Shop) -> None:
    """Under the same id: what was wrong with the reading is not kept, and nothing is doubled."""
    shop.deliver(DAY, {"orders": csv("orders"), "products": csv("products")})
    shop.land()
    before = {row._landed_at for row in shop.rows("orders")}
    shop.pipeline().ledger.withdraw(DAY)
    assert len(shop.rows("orders")) == len(shop.rows("products")) == 2
    shop.deliver(DAY, {"orders": csv("orders")})

    assert only(shop.land()).outcome == "LANDED"

    rows = shop.rows("orders")
    assert len(rows) == 2 and not {row._landed_at for row in rows} & before
    assert len(shop.rows("products")) == 2
    # Landed again for another date, the rows of either are told apart, and swept apart.
    shop.pipeline().ledger.withdraw(DAY)
    shop.deliver(NEXT_DAY, {"orders": csv("orders")}, trigger_id=f"batch-{DAY}")
    assert only(shop.land()).outcome == "LANDED"
    dates = [row._batch_date for row in shop.rows("orders")]
    assert sorted(dates) == [DAY, DAY, NEXT_DAY, NEXT_DAY]
    log = [row for row in shop.log("land") if row.batch_date == NEXT_DAY]
    assert [row.status for row in log] == ["SUCCESS"]


def test_kill_before_the_record_of_rows_that_were_withdrawn(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.deliver(DAY, {"orders": csv("orders")}, trigger_id="typo")
    shop.land()
    shop.pipeline().ledger.withdraw(DAY)
    shop.deliver(NEXT_DAY, {"orders": csv("orders")}, trigger_id="typo")

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "record", kill)
        patch.setattr(LandingTables, "sweep", lambda tables: 0)
        with pytest.raises(KeyboardInterrupt):
            shop.land()
    assert len(shop.rows("orders")) == 4

    assert shop.sweep() == 1
    assert [row._batch_date for row in shop.rows("orders")] == [DAY, DAY]
    assert only(shop.land()).outcome == "LANDED"
    assert len(shop.rows("orders")) == 4


@pytest.mark.parametrize(
    "name", ["a\nb\x1b[31m.json", "\u202egnp.json", "%2e%2e.json", "'; --.json"]
)
def test_odd_names_of_triggers_are_shown_in_one_harmless_line(shop: Shop, name: str) -> None:
    path = shop.trigger(DAY, ["orders"])
    path.rename(path.with_name(name))
    shop.source("orders", DAY).write_text(csv("orders"))

    look = only(shop.land())

    assert look.outcome == "LANDED"
    logged = [row for row in shop.rows("processing_log", "ops") if row.source_file]
    assert all(row.source_file.isprintable() for row in logged)
    assert all((row.message or "").isprintable() for row in logged)
    assert shop.rows("landed_files")[0].trigger_file.isprintable()
    (archived,) = (shop.root / "triggers" / "archive").rglob("*.json")
    assert archived.name == name


def test_name_that_is_no_text_is_rejected_and_explained(shop: Shop) -> None:
    folder = shop.root / "triggers" / "source"
    (folder / os.fsdecode(b"\xff\n.json")).write_text("{")

    look = only(shop.land())

    assert look.outcome == "REJECTED"
    assert look.message.startswith("??.json is not valid JSON")
    reasons = list((shop.root / "triggers" / "rejected").glob("*.reason.json"))
    assert json.loads(reasons[0].read_text())["file"] == "??.json"


def test_load_type_is_recorded(shop: Shop) -> None:
    entry = {"name": shop.source("orders", DAY).name, "load_type": "full"}
    shop.deliver(DAY, {"orders": csv("orders"), "products": csv("products")}, files=[entry])

    shop.land()

    load_types = {file.feed: file.load_type for file in shop.rows("landed_files")}
    assert load_types == {"orders": "full", "products": "incremental"}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"trigger_id": "again"},
        {"trigger_id": "again", "supersedes": True},
        {"trigger_id": "again", "data_files_ready": False},
        {"trigger_id": "again", "files": [{"name": "orders_2025_01_15.csv", "rows": 99}]},
        {"supersedes": True},
        {"data_files_ready": False},
    ],
    ids=[
        "same",
        "new",
        "replacing",
        "not-ready",
        "wrong-manifest",
        "repeated",
        "not-ready-any-more",
    ],
)
def test_same_content_is_skipped(shop: Shop, fields: dict[str, Any]) -> None:
    shop.deliver(DAY, {"orders": csv("orders")})
    shop.land()
    before = shop.rows("orders"), shop.rows("landed_files")
    shop.deliver(DAY, {"orders": csv("orders")}, **fields)

    look = only(shop.land())

    assert look.outcome == "SKIPPED"
    assert look.landing_number == 1
    assert (shop.rows("orders"), shop.rows("landed_files")) == before
    assert shop.in_source() == set()
    assert shop.archived("orders", DAY, fields.get("trigger_id", f"batch-{DAY}")).exists()
    assert [row.status for row in shop.log("trigger")].count("SKIPPED") == 1


def test_other_content_for_a_landed_date_is_rejected(shop: Shop) -> None:
    shop.deliver(DAY, {"orders": csv("orders")})
    shop.land()
    shop.deliver(DAY, {"orders": csv("orders", mark="b")}, trigger_id="other")

    look = only(shop.land())

    assert look.outcome == "REJECTED"
    assert f"2025-01-15 is already landed with other content, as batch batch-{DAY}" in look.message
    assert "send a trigger with supersedes true that names all files of the day" in look.message
    assert len(shop.rows("orders")) == 2
    shop.put_back()
    shop.trigger(DAY, ["orders"], trigger_id="other", supersedes=True)
    assert only(shop.land()).outcome == "LANDED"


def test_id_of_another_date_is_rejected(shop: Shop) -> None:
    shop.deliver(DAY, {"orders": csv("orders")}, trigger_id="one")
    shop.land()
    shop.deliver(NEXT_DAY, {"orders": csv("orders", mark="b")}, trigger_id="one")

    look = only(shop.land())

    assert look.outcome == "REJECTED"
    assert "its trigger_id was landed for 2025-01-15 already" in look.message
    assert "give each batch an id of its own" in look.message
    shop.put_back()
    trigger = shop.root / "triggers" / "source" / "one.json"
    text = trigger.read_text()
    trigger.write_text(text.replace("one", "two"))
    assert only(shop.land()).outcome == "LANDED"


def test_id_of_a_wrong_date_is_free_once_that_is_withdrawn(shop: Shop) -> None:
    shop.deliver(date(2024, 1, 15), {"orders": csv("orders")}, trigger_id="one")
    shop.land()
    shop.deliver(DAY, {"orders": csv("orders")}, trigger_id="one")
    assert "withdraw it: python -m ingest withdraw --date 2024-01-15." in only(shop.land()).message

    shop.pipeline().withdraw(date(2024, 1, 15))
    shop.put_back()

    assert only(shop.land()).outcome == "LANDED"
    assert shop.pipeline().builds_due() == ["one"]


def test_replacing_batch_becomes_the_effective_one(shop: Shop) -> None:
    first = {"orders": csv("orders"), "products": csv("products")}
    second = first | {"orders": csv("orders", 5, mark="b")}
    shop.deliver(DAY, first)
    shop.land()
    shop.deliver(DAY, second, supersedes=True)

    assert only(shop.land()).outcome == "LANDED"

    ledger = shop.pipeline().ledger
    old, new = ledger.landings()
    assert (old.is_effective, new.is_effective) == (False, True)
    assert [landing.number for landing in ledger.read().pending()] == [2]
    # The products file is the same of the same batch: its rows are there once.
    assert (len(shop.rows("orders")), len(shop.rows("products"))) == (7, 2)

    shop.deliver(DAY, first, trigger_id="back", supersedes=True)
    assert only(shop.land()).outcome == "LANDED"
    assert shop.pipeline().ledger.read().pending()[0].batch_id == "back"


@pytest.mark.parametrize(
    ("successor", "fields"),
    [
        ("new", {}),
        (f"batch-{DAY}", {"supersedes": True}),
        (f"batch-{DAY}", {"data_files_ready": False}),
    ],
)
def test_replaced_batch_that_is_sent_again_is_skipped(
    shop: Shop, successor: str, fields: dict[str, Any]
) -> None:
    """A, B, A: also under one id, and also when A replaced a batch itself."""
    first = {"orders": csv("orders")}
    shop.deliver(DAY, first, **fields | {"data_files_ready": True})
    shop.land()
    shop.deliver(DAY, {"orders": csv("orders", mark="b")}, trigger_id=successor, supersedes=True)
    shop.land()
    shop.deliver(DAY, first, **fields)

    look = only(shop.land())

    assert (look.outcome, look.landing_number) == ("SKIPPED", 1)
    assert [landing.number for landing in shop.pipeline().ledger.read().pending()] == [2]
    advice = "send its files and its trigger with supersedes true and a trigger_id of its own."
    assert f"Batch {successor} has replaced it" in look.message and advice in look.message
    shop.deliver(DAY, first, trigger_id="back", supersedes=True)
    assert only(shop.land()).outcome == "LANDED"
    assert shop.pipeline().ledger.read().pending()[0].batch_id == "back"


def test_batches_land_in_date_order_and_late_ones_too(shop: Shop) -> None:
    shop.deliver(NEXT_DAY, {"orders": csv("orders", mark="b")}, trigger_id="a-later")
    shop.deliver(DAY, {"orders": csv("orders")}, trigger_id="b-earlier")
    looks = shop.land()
    shop.deliver(date(2025, 1, 14), {"orders": csv("orders", mark="c")}, trigger_id="late")
    shop.land()

    assert [look.batch_id for look in looks] == ["b-earlier", "a-later"]
    pending = [landing.batch_id for landing in shop.pipeline().ledger.read().pending()]
    assert pending == ["late", "b-earlier", "a-later"]


def test_same_bytes_for_another_date_are_warned_about(shop: Shop) -> None:
    for day in (DAY, NEXT_DAY):
        shop.deliver(day, {"orders": csv("orders")})

    shop.land()

    row = next(row for row in shop.log("land") if row.batch_date == NEXT_DAY)
    assert row.status == "WARNING"
    assert "has the same bytes as the file landed for 2025-01-15" in row.message
    assert Counter(row._batch_date for row in shop.rows("orders")) == {DAY: 2, NEXT_DAY: 2}


def test_who_looks_for_a_day_opens_the_files_of_that_day_only(shop: Shop) -> None:
    shop.deliver(DAY, {"orders": csv("orders")})
    shop.land()
    folder = shop.settings.warehouse / shop.settings.schema_of("landing") / "orders"
    of_day = set(folder.glob("*.parquet"))
    shop.deliver(NEXT_DAY, {"orders": csv("orders", 3, mark="b")})
    shop.land()
    (of_next_day,) = set(folder.glob("*.parquet")) - of_day

    of_next_day.unlink()

    table = shop.settings.table("landing", "orders")
    found = shop.spark.sql(f"select * from {table} where _batch_date = date '{DAY}'").collect()
    assert len(found) == 2
    with pytest.raises(PySparkException):
        shop.rows("orders")


def test_header_alone_is_a_batch_of_no_rows(shop: Shop) -> None:
    shop.deliver(DAY, {"orders": csv("orders", 0)})

    assert only(shop.land()).outcome == "LANDED"

    assert shop.rows("orders") == []
    assert [file.file_rows for file in shop.rows("landed_files")] == [0]
    assert shop.log("land")[0].status == "WARNING"


def test_unknown_trigger_fields_are_logged_without_personal_values(shop: Shop) -> None:
    fields = {"version": 3, "urgent": True, "tool": "exporter-2.1", "owner": "Jo <jo@example.com>"}
    shop.deliver(DAY, {"orders": csv("orders")}, **fields, detail={"a": 1})

    shop.land()

    message = shop.log("trigger")[0].message
    assert message.endswith(
        "Unknown trigger fields: version=3, urgent=True, tool=exporter-2.1, owner, detail."
    )


def test_other_files_are_left_alone(shop: Shop) -> None:
    others = [shop.source("orders", NEXT_DAY), shop.source("orders", DAY).with_suffix(".csv.tmp")]
    for path in others:
        path.write_text("x")
    shop.deliver(DAY, {"orders": csv("orders")})

    shop.land()

    assert shop.in_source() == {path.name for path in others}
    logged = {row.source_file: row for row in shop.log("scan")}
    assert logged.keys() == {path.name for path in others}
    assert {row.status for row in logged.values()} == {"WARNING"}
    name = others[0].name
    assert logged[name].message == f"No trigger names {name}: it is left in orders_data/source."


def test_what_is_no_trigger_is_left_alone_and_told_of(shop: Shop) -> None:
    folder = shop.root / "triggers" / "source"
    path = shop.deliver(DAY, {"orders": csv("orders")})
    path.rename(folder / "trigger.JSON")
    shop.deliver(NEXT_DAY, {"orders": csv("orders", mark="b")}).rename(folder / "trigger.json.txt")
    for clutter in (".DS_Store", "._trigger.JSON"):
        (folder / clutter).write_bytes(b"\0\5\x16\7")
        (shop.root / "orders_data" / "source" / clutter).write_bytes(b"\0\5\x16\7")
    (folder / ".hidden.json").write_text("{")
    pipeline = shop.pipeline()

    look = only(list(pipeline.take_in_all()))
    told = pipeline.log_unlisted([look])

    assert (look.outcome, look.name) == ("LANDED", "trigger.JSON")
    rename = (
        " is left in triggers/source, as its name is not that of a trigger: if it is one, rename it"
        " to end in .json and to begin with no dot."
    )
    assert told == [
        f".hidden.json{rename}",
        f"trigger.json.txt{rename}",
        "No trigger names orders_2025_01_16.csv: it is left in orders_data/source.",
    ]
    logged = {(row.source_file, row.status, row.message) for row in shop.log("scan")}
    assert logged == {
        (name, "WARNING", text)
        for name, text in zip(
            (".hidden.json", "trigger.json.txt", "orders_2025_01_16.csv"), told, strict=True
        )
    }
    assert {".hidden.json", "trigger.json.txt", ".DS_Store", "._trigger.JSON"} < shop.in_source()
    (folder / "trigger.json.txt").rename(folder / "trigger.json")
    (folder / ".hidden.json").rename(folder / "hidden.json")
    assert {look.outcome for look in shop.land()} == {"LANDED", "REJECTED", "SKIPPED"}


def test_files_without_a_trigger_wait_for_it(shop: Shop) -> None:
    shop.source("orders", DAY).write_text(csv("orders"))
    assert shop.land() == []
    assert [row.source_file for row in shop.log("scan")] == [shop.source("orders", DAY).name]

    shop.trigger(DAY, ["orders"])

    assert only(shop.land()).outcome == "LANDED"
    assert len(shop.log("scan")) == 1


def test_full_disk_leaves_nothing_visible(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.deliver(DAY, {feed: csv(feed) for feed in FEEDS})
    insert = LandingTables._insert

    def fill_up(tables: LandingTables, file: Any, lineage: Any) -> None:
        if file.feed == FEEDS[2]:
            raise OSError(errno.ENOSPC, "No space left on device")
        insert(tables, file, lineage)

    with monkeypatch.context() as patch:
        patch.setattr(LandingTables, "_insert", fill_up)
        look = only(shop.land())

    assert look.outcome == "FAILED"
    assert look.message == "Unexpected error: No space left on device (OSError)."
    assert shop.log("trigger")[0].status == "FAILED"
    assert all(shop.rows(table) == [] for table in (*FEEDS, "landed_files"))
    assert len(shop.in_source()) == 6

    assert only(shop.land()).outcome == "LANDED"
    assert all(len(shop.rows(feed)) == 2 for feed in FEEDS)


def killed_before_the_record(shop: Shop) -> None:
    """A run that dies when all rows are inserted; whoever is killed does not tidy up."""

    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "record", kill)
        patch.setattr(LandingTables, "sweep", lambda tables: 0)
        with pytest.raises(Killed):
            shop.land()


def test_kill_before_the_record_is_swept_by_the_next_run(shop: Shop) -> None:
    shop.deliver(DAY, {"products": csv("products")})
    shop.land()
    shop.deliver(NEXT_DAY, {"orders": csv("orders"), "products": csv("products", mark="b")})

    killed_before_the_record(shop)
    assert len(shop.rows("orders")) == 2
    assert len(shop.pipeline().ledger.landings()) == 1

    assert shop.sweep() == 2
    assert (len(shop.rows("orders")), len(shop.rows("products"))) == (0, 2)
    assert only(shop.land()).outcome == "LANDED"
    assert (len(shop.rows("orders")), len(shop.rows("products"))) == (2, 4)


def test_killed_superseding_batch_of_the_same_id_doubles_nothing(shop: Shop) -> None:
    """Its rows are swept, those of the batch that it replaces stay: one id, other hashes."""
    shop.deliver(DAY, {"orders": csv("orders")})
    shop.land()
    shop.deliver(DAY, {"orders": csv("orders", 3, mark="b")}, supersedes=True)
    killed_before_the_record(shop)
    assert len(shop.rows("orders")) == 5

    assert only(shop.land()).outcome == "LANDED"

    assert Counter(row.order_id[0] for row in shop.rows("orders")) == {"a": 2, "b": 3}


def test_killed_batch_of_known_bytes_doubles_nothing(shop: Shop) -> None:
    """The record of another batch, or of another feed, that brought the same bytes vouches not."""
    shipping = csv("shipping").splitlines()
    columns = csv("orders", 0).strip().split(",")
    wide = [name for name in columns if name not in shipping[0].split(",")]
    both = "".join(f"{line},{','.join(wide)}\n" for line in shipping)
    shop.deliver(DAY, {"shipping": both})
    shop.land()
    shop.deliver(DAY, {"shipping": both, "orders": both}, supersedes=True)
    killed_before_the_record(shop)
    assert only(shop.land()).outcome == "LANDED"
    assert (len(shop.rows("shipping")), len(shop.rows("orders"))) == (2, 2)

    shop.deliver(NEXT_DAY, {"orders": both})
    killed_before_the_record(shop)
    assert only(shop.land()).outcome == "LANDED"
    assert Counter(row._batch_date for row in shop.rows("orders")) == {DAY: 2, NEXT_DAY: 2}

    more = {"orders": both, "shipping": csv("shipping", mark="z")}
    shop.deliver(NEXT_DAY, more, trigger_id="other", supersedes=True)
    killed_before_the_record(shop)
    assert only(shop.land()).outcome == "LANDED"
    assert Counter(row._batch_id for row in shop.rows("orders"))["other"] == 2


def test_rows_that_a_failed_landing_leaves_are_swept_before_the_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two triggers of one batch in one run: the first one fails, and cannot tidy up."""
    first = shop.deliver(DAY, {"orders": csv("orders")})
    first.with_name("second.json").write_text(first.read_text())
    commit, sweep = Ledger.record, LandingTables.sweep
    failures = ["sweep", "commit"]

    def fail_to_commit(ledger: Ledger, records: Any) -> None:
        if "commit" in failures:
            failures.remove("commit")
            raise OSError(errno.EIO, "Input/output error")
        commit(ledger, records)

    def fail_to_sweep(tables: LandingTables) -> int:
        if failures == ["sweep"]:
            failures.clear()
            raise OSError(errno.EIO, "Input/output error")
        return sweep(tables)

    monkeypatch.setattr(Ledger, "record", fail_to_commit)
    monkeypatch.setattr(LandingTables, "sweep", fail_to_sweep)

    assert [look.outcome for look in shop.pipeline().take_in_all()] == ["FAILED", "LANDED"]
    assert failures == []
    assert len(shop.rows("orders")) == 2
    # The one that failed is looked at again, and finds its content landed.
    assert {look.outcome for look in shop.land()} == {"SKIPPED"}
    assert shop.in_source() == set()


def test_kill_before_archiving_is_finished_by_the_next_run(shop: Shop) -> None:
    shop.deliver(DAY, {"orders": csv("orders"), "products": csv("products")})
    assert only(shop.take_in()).outcome == "LANDED"

    assert only(shop.land()).outcome == "SKIPPED"

    assert shop.in_source() == set()
    assert shop.archived("orders", DAY, f"batch-{DAY}").exists()
    assert len(shop.rows("orders")) == 2


@pytest.mark.parametrize("moved", [["orders"], ["orders", "products"]])
@pytest.mark.parametrize("supersedes", [False, True])
def test_kill_amid_archiving_is_finished_by_the_next_run(
    shop: Shop, moved: list[str], supersedes: bool
) -> None:
    files = {"orders": csv("orders"), "products": csv("products")}
    trigger = shop.deliver(DAY, files, supersedes=supersedes)
    shop.take_in()
    shop.archive_files(moved, trigger)

    assert only(shop.land()).outcome == "SKIPPED"

    assert shop.in_source() == set()
    assert shop.archived("products", DAY, f"batch-{DAY}").exists()


def test_rejection_that_was_cut_short_goes_on(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first file is in rejected/ already: the rest follows, for the same reason."""
    shop.deliver(DAY, {"orders": "", "products": csv("products")})
    move = archive._move

    def move_and_die(source: Path, place: Path) -> None:
        move(source, place)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(archive, "_move", move_and_die)
        with pytest.raises(KeyboardInterrupt):
            shop.land()
    assert len(shop.in_source()) == 2

    look = only(shop.land())

    assert look.outcome == "REJECTED"
    assert look.message.startswith("orders_2025_01_15.csv is empty (zero bytes)")
    assert shop.in_source() == set()
    assert len(shop.rejected()) == 6


def test_archive_elsewhere_is_known_when_a_trigger_comes_again(shop: Shop, tmp_path: Path) -> None:
    settings = shop.settings.model_copy(update={"archive_root": tmp_path / "archive"})
    shop = Shop(settings, shop.spark)
    shop.deliver(DAY, {"orders": csv("orders")})
    shop.land()

    shop.trigger(DAY, ["orders"])

    assert only(shop.land()).outcome == "SKIPPED"
    assert not (shop.root / "orders_data" / "archive").exists()
    folder = tmp_path / "archive" / "orders_data" / "archive" / DAY.isoformat()
    assert (folder / f"batch-{DAY}" / shop.source("orders", DAY).name).exists()


def test_replacing_trigger_waits_for_its_files(shop: Shop) -> None:
    shop.deliver(DAY, {"orders": csv("orders")})
    shop.land()
    shop.trigger(DAY, ["orders"], supersedes=True)

    assert only(shop.land()).outcome == "WAITING"

    shop.source("orders", DAY).write_text(csv("orders", mark="b"))
    assert only(shop.land()).outcome == "LANDED"


def test_archive_that_fails_is_told_and_tried_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.deliver(DAY, {"orders": csv("orders")})
    pipeline = shop.pipeline()
    looks = list(pipeline.take_in_all())

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(archive, "archive", refuse)
        problems = pipeline.archive(looks, applied_only=False)

    message = f"Files of batch batch-{DAY} were not all archived: Permission denied."
    assert problems == [Leftover(message, is_waiting=False)]
    assert shop.log("archive")[0].status == "FAILED"
    assert only(shop.land()).outcome == "SKIPPED"
    assert shop.in_source() == set()


def apply(shop: Shop, batch_id: str, batch_date: date, number: int) -> None:
    """What a dbt build records at its end."""
    table = shop.settings.table("ops", "batch_reconciliation")
    rows = [(batch_id, batch_date, number, feed, 2, 2, 1, 1, True, 90.0, "FAIL") for feed in FEEDS]
    append_rows(shop.spark, table, rows)


class Impatient(RunConsole):
    """Looks on at a few builds; a run without end fails its test."""

    left = 5

    def applied(self, build: Applied) -> None:
        """Count the build."""
        self.left -= 1
        assert self.left, "builds without end"


def building(shop: Shop, pipeline: Pipeline, build: Callable[[], BuildResult]) -> list[Any]:
    pipeline._build = lambda on_node: build()  # type: ignore[assignment]
    return pipeline.build_all(Impatient())


def test_builds_go_on_until_nothing_is_pending(shop: Shop) -> None:
    for day in (NEXT_DAY, DAY):
        shop.deliver(day, {"orders": csv("orders", mark=f"d{day.day}")})
    pipeline = shop.pipeline()
    looks = list(pipeline.take_in_all())

    def build() -> BuildResult:
        landing = pipeline.ledger.read().pending()[0]
        apply(shop, landing.batch_id, landing.batch_date, landing.number)
        return BuildResult(True, (), is_recorded=True)

    applied = building(shop, pipeline, build)

    assert [item.landing.batch_date for item in applied] == [DAY, NEXT_DAY]
    assert pipeline.ledger.read().pending() == []
    found = pipeline.ledger.reconciliations()[1]
    assert (found.file_rows, found.valid_rows, found.score, found.status) == (10, 5, 90.0, "FAIL")
    assert pipeline.archive(looks, applied_only=True) == []
    assert shop.in_source() == set()


def test_build_that_applies_nothing_ends_the_run(shop: Shop) -> None:
    shop.deliver(DAY, {"orders": csv("orders")})
    pipeline = shop.pipeline()
    looks = list(pipeline.take_in_all())

    applied = building(shop, pipeline, lambda: BuildResult(True, (), is_recorded=True))

    assert [item.result.success for item in applied] == [True, False]
    (row,) = shop.log("build")
    assert row.status == "FAILED"
    assert row.message == "dbt: the build succeeded but left the batch unapplied"
    # Files stay until their batch is applied.
    assert pipeline.archive(looks, applied_only=True) == []
    assert len(shop.in_source()) == 2


def test_failed_build_ends_the_run_and_is_logged_once(shop: Shop) -> None:
    for day in (DAY, NEXT_DAY):
        shop.deliver(day, {"orders": csv("orders", mark=f"d{day.day}")})
    pipeline = shop.pipeline()
    list(pipeline.take_in_all())

    logged_by_dbt = BuildResult(False, (("stg_orders", "broken"),), is_recorded=True)
    assert len(building(shop, pipeline, lambda: logged_by_dbt)) == 1
    assert shop.log("build") == []

    never_ran = BuildResult(False, (("dbt", "no profile"),), is_recorded=False)
    assert len(building(shop, pipeline, lambda: never_ran)) == 1
    assert [row.message for row in shop.log("build")] == ["dbt: no profile"]


def test_log_keeps_odd_text(shop: Shop) -> None:
    message = "it's a \\ back\nslash; drop table x -- ünïcode"

    row = LogRow(step="trigger", status="FAILED", message=message, started_at=now())
    shop.pipeline().log.write([row])

    assert [row.message for row in shop.log("trigger")] == [message.replace("\n", "?")]


def test_outcomes_of_one_run(shop: Shop) -> None:
    shop.deliver(DAY, {"orders": csv("orders")})
    shop.land()
    shop.deliver(DAY, {"orders": csv("orders")}, trigger_id="again")
    shop.deliver(NEXT_DAY, {"orders": csv("orders", mark="b")}, trigger_id="next")
    shop.trigger(date(2025, 1, 17), ["orders"])
    (shop.root / "triggers" / "source" / "bad.json").write_text("[]")

    outcomes = Counter(look.outcome.value for look in shop.land())

    assert outcomes == {"SKIPPED": 1, "LANDED": 1, "WAITING": 1, "REJECTED": 1}


def test_log_gives_back_what_alerts_were_sent(shop: Shop) -> None:
    log = shop.pipeline().log
    at = now()

    def row(step: str, status: str, seconds: int, message: str | None = None) -> LogRow:
        then = at + timedelta(seconds=seconds)
        return LogRow(
            step=step, status=status, batch_date=DAY, message=message, started_at=then,
            finished_at=then,
        )  # fmt: skip

    log.write([row("alert", "SUCCESS", 1, "webhook: one"), row("trigger", "REJECTED", 0)])
    assert [alert.is_mended for alert in log.alerts()] == [False]

    log.write([row("build", "SUCCESS", 2), row("build", "FAILED", 9)])
    log.write([row("alert", "WARNING", 3, "webhook: two")])
    assert log.alerts() == [
        LoggedAlert("webhook: one", True, True, None, DAY),
        LoggedAlert("webhook: two", False, False, None, DAY),
    ]
