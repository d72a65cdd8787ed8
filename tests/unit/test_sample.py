"""The sample-data generator: same arguments, same bytes, and every shape and defect it promises.

That each rule is really broken is checked where the rules are: in the pipeline's tests.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ingest.sample import generate
from ingest.sample.defects import DEFECTS, Plan
from ingest.sample.files import COLUMNS, FEEDS, Batch, layout

COMMITTED = Path(__file__).parents[2] / "data" / "sample"
DAYS = ("2025_01_15", "2025_01_16", "2025_01_17")
KEYS = {"orders": "order_id", "customers": "customer_id", "products": "product_id",
        "shipping": "order_id"}  # fmt: skip
Row = dict[str, str]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a feed root with the default sample."""
    out = tmp_path_factory.mktemp("sample")
    generate(out, days=3, orders=200, seed=42)
    return out


def path_of(root: Path, feed: str, day: int) -> Path:
    return root / f"{feed}_data" / "source" / f"{feed}_{DAYS[day - 1]}.csv"


def records(root: Path, feed: str, day: int) -> list[list[str]]:
    """Return the file's records, header first; blank lines are none."""
    text = path_of(root, feed, day).read_bytes().decode("utf-8-sig")
    return [record for record in csv.reader(io.StringIO(text, newline=""), strict=True) if record]


def rows(root: Path, feed: str, day: int) -> Iterator[Row]:
    """Yield the well-formed rows, by lower-case canonical column name."""
    header, *others = records(root, feed, day)
    columns = list(layout(feed, day).columns)
    columns += [unknown for unknown in header if unknown == "sales_channel"]
    for record in others:
        if len(record) == len(columns):
            yield dict(zip(columns, record, strict=True))


def typed(value: str) -> str:
    """Return the value with the two spellings of a flag made one."""
    return {"false": "0", "true": "1"}.get(value, value)


def contents(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_same_arguments_give_same_bytes(root: Path, tmp_path: Path) -> None:
    generate(tmp_path / "again", days=3, orders=200, seed=42)
    generate(tmp_path / "other", days=3, orders=200, seed=43)
    assert contents(tmp_path / "again") == contents(root)
    assert contents(tmp_path / "other") != contents(root)


def test_committed_sample_is_what_the_generator_writes(root: Path) -> None:
    expected, committed = contents(root), contents(COMMITTED)
    # Only what belongs to a feed root: a demo may have left archives beside the sources.
    committed = {name: data for name, data in committed.items() if "source" in Path(name).parts}
    changed = sorted(n for n in expected | committed if expected.get(n) != committed.get(n))
    assert not changed, "python -m ingest sample --days 3 --orders 200 --seed 42 --out data/sample"
    assert sum(map(len, expected.values())) < 1_000_000


def test_a_longer_sample_begins_with_the_shorter_one(root: Path, tmp_path: Path) -> None:
    generate(tmp_path, days=4, orders=200, seed=42)
    assert contents(root).items() <= contents(tmp_path).items()


def test_files_and_triggers(root: Path, tmp_path: Path) -> None:
    assert len(contents(root)) == 3 * (len(FEEDS) + 1)
    paths = generate(tmp_path, days=2, orders=20, seed=1, start=date(2024, 2, 29))
    assert [p.relative_to(tmp_path).as_posix() for p in paths] == [
        "triggers/source/trigger_2024_02_29.json",
        "triggers/source/trigger_2024_03_01.json",
    ]
    trigger = json.loads(paths[1].read_text())
    assert trigger["batch_date"] == "2024-03-01"
    assert trigger["expected_files"] == [f"{feed}_2024_03_01.csv" for feed in FEEDS]


@pytest.mark.parametrize(("days", "orders"), [(0, 200), (3, 0), (-1, -1)])
def test_nothing_to_generate_is_an_error(tmp_path: Path, days: int, orders: int) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        generate(tmp_path, days, orders, seed=1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("orders", [1, 2, 7])
def test_tiny_samples(tmp_path: Path, orders: int) -> None:
    assert len(generate(tmp_path, days=7, orders=orders, seed=3)) == 7


@pytest.mark.parametrize("orders", [200, 3_000])
def test_rows_per_order(tmp_path: Path, orders: int) -> None:
    generate(tmp_path, days=3, orders=orders, seed=5)
    for day in (1, 2, 3):
        counts = {feed: len(records(tmp_path, feed, day)) - 1 for feed in FEEDS}
        assert counts["orders"] == orders
        assert 2.0 <= sum(counts.values()) / orders <= 2.5


def test_manifest_describes_the_files(root: Path) -> None:
    triggers = [
        json.loads((root / "triggers" / "source" / f"trigger_{day}.json").read_text())
        for day in DAYS
    ]
    assert [set(t) - {"trigger_id", "batch_date", "expected_files"} for t in triggers] == [
        {"data_files_ready", "trigger_timestamp", "client_name", "source_system"},
        {"files"},
        {"source_system", "export_tool_version"},
    ]
    for feed, entry in zip(FEEDS, triggers[1]["files"], strict=True):
        data = path_of(root, feed, 2).read_bytes()
        assert entry == {
            "name": path_of(root, feed, 2).name,
            "sha256": hashlib.sha256(data).hexdigest(),
            "rows": len(records(root, feed, 2)) - 1,
            "bytes": len(data),
            "load_type": "incremental",
        }


def test_headers_change_from_day_to_day(root: Path) -> None:
    header = {(f, d): records(root, f, d)[0] for f in FEEDS for d in (1, 2, 3)}
    for feed in FEEDS:
        assert header[feed, 1] == list(COLUMNS[feed])
        assert header[feed, 2][0] != header[feed, 1][0]
    assert {"location", "last_restocked"} < set(header["inventory", 2])
    assert {"service_type", "package_dimensions"} < set(header["shipping", 2])
    assert {"warehouse_location", "last_updated"} < set(header["inventory", 3])
    for feed in ("inventory", "shipping"):
        widths = [set(layout(feed, day).columns) for day in (1, 2, 3)]
        assert widths[0] > widths[1] != widths[2] < widths[0]
    assert header["orders", 3][-1] == "sales_channel"
    assert header["products", 2] == [f" {c.upper()}" for c in sorted(COLUMNS["products"])]


def test_only_the_sown_rows_are_ragged(root: Path) -> None:
    for feed in FEEDS:
        for day in (1, 2, 3):
            header, *others = records(root, feed, day)
            odd = sorted(len(r) - len(header) for r in others if len(r) != len(header))
            assert odd == ([-3, 1] if day == 3 else []), (feed, day)


def test_dialects(root: Path) -> None:
    data = {(f, day): path_of(root, f, day).read_bytes() for f in FEEDS for day in (1, 2, 3)}
    assert [k for k, v in data.items() if v.startswith(b"\xef\xbb\xbf")] == [("customers", 2)]
    assert {day for (_, day), v in data.items() if b"\r\n" in v} == {3}
    assert [k for k, v in data.items() if not v.endswith(b"\n")] == [("inventory", 1)]
    assert [k for k, v in data.items() if b"\n\n" in v] == [("orders", 2)]
    fields = [f for k in data for record in records(root, *k) for f in record]
    for special in (",", '"', "\n"):
        assert any(special in field for field in fields)


def test_people_are_reachable_at_reserved_addresses_only(root: Path) -> None:
    for day in (1, 2, 3):
        for row in rows(root, "customers", day):
            if "@example." in row["email"]:
                assert re.fullmatch(r"[a-z.0-9-]+@example\.(com|org|net)", row["email"])
            assert re.fullmatch(r"\+1-555-01\d\d|ask reception|0100|", row["phone"])


def test_days_build_on_each_other(root: Path) -> None:
    last: dict[tuple[str, str], Row] = {}
    changed, resent, arrived = set(), set(), 0
    for day in (1, 2, 3):
        for feed, key in KEYS.items():
            seen = {row[key]: row for row in rows(root, feed, day) if row[key]}
            for key_value, row in seen.items():
                before = last.get((feed, key_value))
                last[feed, key_value] = row
                if before is None:
                    continue
                same = before.keys() & row.keys() - {"created_timestamp", "last_login"}
                differing = {c for c in same if typed(before[c]) != typed(row[c])}
                changed |= {(feed, column) for column in differing}
                resent |= set() if differing else {feed}
                if feed == "shipping" and row["actual_delivery"] and not before["actual_delivery"]:
                    arrived += 1
    assert {
        ("orders", "order_status"), ("customers", "address"), ("customers", "customer_tier"),
        ("products", "price"), ("products", "stock_quantity"), ("shipping", "actual_delivery"),
    } <= changed  # fmt: skip
    assert {"orders", "customers", "products"} <= resent
    assert arrived > 5


def test_values_go_and_come_back(root: Path) -> None:
    def three(feed: str, key: str, column: str) -> list[str]:
        found = []
        for day in (1, 2, 3):
            found += [r[column] for r in rows(root, feed, day) if r[KEYS[feed]] == key]
        return found

    assert three("customers", "CUST0000001", "customer_tier") == ["silver", "gold", "silver"]
    first, second, third = three("products", "PROD0000001", "price")
    assert first == third != second


def test_orders_are_not_of_the_future_and_mostly_in_business_hours(root: Path) -> None:
    for day in (1, 2, 3):
        batch_date = DAYS[day - 1].replace("_", "-")
        orders = list(rows(root, "orders", day))
        assert sum(row["order_date"] > batch_date for row in orders) <= 1
        hours = [row["created_timestamp"][11:13] for row in orders]
        assert sum("08" <= hour <= "18" for hour in hours) >= len(hours) - 3


@pytest.mark.parametrize("rows_a_day", [40, 200, 100_000])
def test_three_days_plan_every_defect(rows_a_day: int) -> None:
    for feed, defects in DEFECTS.items():
        planned: set[str] = set()
        for number in (1, 2, 3):
            columns = layout(feed, number).columns
            plan = Plan(feed, Batch(number, 739_266 + number), columns, rows_a_day, lambda: 0.5)
            taken = [plan.take() for _ in range(rows_a_day)]
            due = [defect for defect in taken if defect]
            planned |= {defect.rule for defect in due}
            assert len(due) <= max(12, 0.009 * rows_a_day)
        assert planned == {defect.rule for defect in defects}
