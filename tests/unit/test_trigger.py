"""Triggers: what is read of a valid one, and what an invalid one is refused for."""

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.batches.trigger import (
    RejectedTrigger,
    Trigger,
    check_date,
    check_manifest,
    is_trigger,
    read_trigger,
    triggers_in,
)
from ingest.config import Settings
from ingest.errors import Rejected, Waiting
from ingest.reading.reader import ParsedFile

MAX_BYTES = Settings().max_trigger_bytes
FEEDS = ("orders", "customers", "products", "inventory", "shipping")
NAME = "trigger_2025_01_15.json"
ORDERS = "orders_2025_01_15.csv"
CUSTOMERS = "customers_2025_01_15.csv"
SHA256 = "0123456789abcdef" * 4
MINIMAL: dict[str, Any] = {
    "trigger_id": "batch-1",
    "batch_date": "2025-01-15",
    "expected_files": [ORDERS, CUSTOMERS],
}


def read(tmp_path: Path, content: bytes | str | dict[str, Any]) -> Trigger:
    """Read content as a trigger."""
    if isinstance(content, dict):
        content = json.dumps(content)
    path = tmp_path / NAME
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_trigger(path, FEEDS, MAX_BYTES)


def rejection(tmp_path: Path, content: bytes | str | dict[str, Any]) -> Rejected:
    """The refusal of content: one sentence that names the file."""
    with pytest.raises(Rejected) as caught:
        read(tmp_path, content)
    message = str(caught.value)
    assert message.startswith(NAME) and message.endswith(".") and message.isprintable()
    assert len(message) < 1000 and "pydantic" not in message and "SECRET" not in message
    return caught.value


def test_minimal_trigger(tmp_path: Path) -> None:
    trigger = read(tmp_path, MINIMAL)

    assert (trigger.trigger_id, trigger.batch_date) == ("batch-1", date(2025, 1, 15))
    assert (trigger.data_files_ready, trigger.supersedes, trigger.files) == (True, False, [])
    assert trigger.feeds() == {"orders": ORDERS, "customers": CUSTOMERS}
    assert trigger.load_type("orders") == "incremental"
    assert trigger.model_extra == {}


def test_full_trigger_keeps_unknown_fields_everywhere(tmp_path: Path) -> None:
    unknown: dict[str, Any] = {
        "feeds": {"nested": [1, 2.5, None, {"deep": True}]},
        "model_config": "no setting of ours",
        "model_extra": [],
        "__class__": "x",
        "": None,
    }
    content = MINIMAL | {
        "data_files_ready": False,
        "trigger_timestamp": "whenever",
        "client_name": "shop",
        "source_system": None,
        "supersedes": True,
        "files": [
            {"name": ORDERS, "sha256": SHA256.upper(), "rows": 0, "bytes": 17, "load_type": "full"}
            | unknown,
            {"name": CUSTOMERS},
        ],
    }

    trigger = read(tmp_path, content | unknown)

    assert trigger.model_extra == unknown
    assert trigger.files[0].model_extra == unknown
    assert (trigger.data_files_ready, trigger.supersedes) == (False, True)
    assert (trigger.trigger_timestamp, trigger.client_name) == ("whenever", "shop")
    assert (trigger.files[0].sha256, trigger.files[0].rows, trigger.files[0].bytes) == (
        SHA256,
        0,
        17,
    )
    assert (trigger.load_type("orders"), trigger.load_type("customers")) == ("full", "incremental")
    assert trigger.feeds() == {"orders": ORDERS, "customers": CUSTOMERS}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_text_beyond_ascii(tmp_path: Path, encoding: str) -> None:
    content = json.dumps(MINIMAL | {"client_name": "Käufer 😀"}, ensure_ascii=False)

    assert read(tmp_path, content.encode(encoding)).client_name == "Käufer 😀"


@pytest.mark.parametrize("trigger_id", ["a", "A.b_c-9", "x" * 100, "..."])
def test_good_ids(tmp_path: Path, trigger_id: str) -> None:
    assert read(tmp_path, MINIMAL | {"trigger_id": trigger_id}).trigger_id == trigger_id


MALFORMED: dict[str, tuple[bytes | str, str]] = {
    "zero bytes": (b"", "is empty: write the trigger again"),
    "white space": (b" \n\t", "is empty"),
    "cut off": ('{"trigger_id": "SECRET",\n "batch', "at line 2, column"),
    "two values": ("{} {}", "is not valid JSON (Extra data at line 1, column 4)"),
    "comment": ('{"trigger_id": 1 /* SECRET */}', "is not valid JSON (Expecting ',' delimiter"),
    "nan": ('{"rows": NaN}', "is not valid JSON (NaN is no JSON value)"),
    "infinity": ('{"rows": -Infinity}', "(-Infinity is no JSON value)"),
    "infinite number": ('{"rows": 1e999}', "(it has a number or a character that cannot be)"),
    "endless number": (f'{{"rows": {"9" * 5000}}}', "(it has a number or a character"),
    "half a character": ('{"client_name": "\\ud83d"}', "(it has a number or a character"),
    "duplicate key": ('{"a": 1, "trigger_id": "x", "trigger_id": "y"}', "twice: trigger_id)"),
    "duplicate key inside": ('{"files": [{"na me": 1, "na me": 2}]}', "twice: its name is odd)"),
    "latin-1": ('{"client_name": "Käufer"}'.encode("latin-1"), "(it is not UTF-8)"),
    "utf-16": (json.dumps(MINIMAL).encode("utf-16"), "(it is not UTF-8)"),
    "binary": (b"\x1f\x8b\x08\0\0", "(it is not UTF-8)"),
    "deep": ("[" * 100_000 + "]" * 100_000, "(it is nested too deeply)"),
    "deep lists": ("[" * 200 + "]" * 200, "(it is nested too deeply)"),
    "rather deep": ('{"a":' * 500 + "1" + "}" * 500, "(it is nested too deeply)"),
    "too large": (json.dumps({"client_name": "x" * MAX_BYTES}), "is larger than 1048576 bytes"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed(case: str, tmp_path: Path) -> None:
    content, problem = MALFORMED[case]

    error = rejection(tmp_path, content)

    assert problem in str(error)
    assert "write the trigger again" in str(error) or "a trigger only names files" in str(error)
    assert not isinstance(error, RejectedTrigger)
    assert read(tmp_path, MINIMAL).trigger_id == "batch-1"


def test_largest_trigger_is_read(tmp_path: Path) -> None:
    content = json.dumps(MINIMAL | {"client_name": ""})
    padding = "x" * (MAX_BYTES - len(content))

    assert read(tmp_path, MINIMAL | {"client_name": padding}).client_name == padding


def entry(**fields: Any) -> dict[str, Any]:
    """A change of the trigger: a manifest with one entry."""
    return {"files": [{"name": ORDERS, **fields}]}


ABSENT = object()
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"trigger_id": ABSENT}, "trigger_id is missing: add it"),
    ({"batch_date": ABSENT}, "batch_date is missing: add it"),
    ({"expected_files": ABSENT}, "expected_files is missing: add it"),
    ({"trigger_id": 7}, "trigger_id must be a text"),
    ({"trigger_id": None}, "trigger_id must be a text"),
    *(
        ({"trigger_id": bad}, "trigger_id must be 1 to 100 letters, digits, points, hyphens")
        for bad in ("", "x" * 101, "SECRET id", "SECRET\n", "a/b", "..", ".", "ä", "a\u0000")
    ),
    *(
        ({"batch_date": bad}, "batch_date must be a real date, written as YYYY-MM-DD")
        for bad in (
            *("2025-02-29", "2025-1-5", "20250115", "15.01.2025", "2025-01-15T00:00:00", ""),
            *("2025-01-15\n", "٢٠٢٥-01-15", 20250115, 1736899200.0, None, True, ["2025-01-15"]),
        )
    ),
    ({"expected_files": []}, "expected_files is empty: name at least one file"),
    ({"expected_files": ORDERS}, "expected_files must be a list"),
    ({"expected_files": {ORDERS: 1}}, "expected_files must be a list"),
    ({"expected_files": None}, "expected_files must be a list"),
    ({"expected_files": [ORDERS, 5]}, "expected_files[1] must be a text"),
    ({"data_files_ready": "true"}, "data_files_ready must be true or false"),
    ({"data_files_ready": 1}, "data_files_ready must be true or false"),
    ({"data_files_ready": None}, "data_files_ready must be true or false"),
    ({"supersedes": "SECRET"}, "supersedes must be true or false"),
    ({"client_name": 5}, "client_name must be a text"),
    ({"source_system": ["SECRET"]}, "source_system must be a text"),
    ({"trigger_timestamp": 1736899200}, "trigger_timestamp must be a text"),
    ({"files": {ORDERS: {}}}, "files must be a list"),
    ({"files": [ORDERS]}, "files[0] must be an object"),
    ({"files": [{"rows": 1}]}, "files[0].name is missing: add it"),
    (entry(sha256="SECRET"), "files[0].sha256 must be 64 hexadecimal digits"),
    (entry(sha256=f"{SHA256}\n"), "files[0].sha256 must be 64 hexadecimal digits"),
    (entry(sha256=5), "files[0].sha256 must be a text"),
    (entry(rows="5"), "files[0].rows must be a whole number"),
    (entry(rows=5.0), "files[0].rows must be a whole number"),
    (entry(rows=True), "files[0].rows must be a whole number"),
    (entry(rows=-1), "files[0].rows must not be negative"),
    (entry(bytes=2**63), "files[0].bytes is too large"),
    (entry(load_type="SECRET"), "files[0].load_type must be incremental or full"),
    (entry(load_type="Full"), "files[0].load_type must be incremental or full"),
    ({"expected_files": [ORDERS, ORDERS]}, f"expected_files names {ORDERS} more than once"),
    ({"files": [{"name": "SECRET"}]}, "files[0] is for a file that expected_files does not name"),
    ({"files": [{"name": "products_2025_01_15.csv"}]}, "expected_files does not name: add"),
    ({"files": [{"name": "SECRET name"}] * 2}, "more than one entry for an odd name: keep one"),
    ({"files": [{"name": ORDERS}] * 2}, f"more than one entry for {ORDERS}: keep one"),
]


@pytest.mark.parametrize(("change", "problem"), WRONG)
def test_wrong_field(change: dict[str, Any], problem: str, tmp_path: Path) -> None:
    content = {name: value for name, value in (MINIMAL | change).items() if value is not ABSENT}

    error = rejection(tmp_path, content)

    assert problem in str(error)
    assert isinstance(error, RejectedTrigger)


MENDED: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"trigger_id": ABSENT}, "is missing: add it", {"trigger_id": "x"}),
    ({"trigger_id": 7}, "must be a text", {"trigger_id": "7"}),
    (
        {"trigger_id": "a/b"},
        "letters, digits, points, hyphens or underscores",
        {"trigger_id": "a.b-_9"},
    ),
    ({"batch_date": "15.01.2025"}, "written as YYYY-MM-DD", {"batch_date": "2025-01-15"}),
    ({"supersedes": "yes"}, "must be true or false", {"supersedes": False}),
    ({"expected_files": ORDERS}, "must be a list", {"expected_files": [ORDERS]}),
    ({"expected_files": []}, "name at least one file", {"expected_files": [ORDERS]}),
    ({"expected_files": [ORDERS, ORDERS]}, "name it once", {"expected_files": [ORDERS]}),
    ({"files": [ORDERS]}, "must be an object", {"files": [{"name": ORDERS}]}),
    (entry(sha256="x"), "must be 64 hexadecimal digits", entry(sha256="0aF9" * 16)),
    (entry(rows="5"), "must be a whole number", entry(rows=5)),
    (entry(rows=-1), "must not be negative", entry(rows=0)),
    (entry(bytes=2**63), "is too large", entry(bytes=2**63 - 1)),
    (entry(load_type="Full"), "must be incremental or full", entry(load_type="full")),
    (
        {"expected_files": [CUSTOMERS], **entry()},
        "add the name there",
        {"expected_files": [CUSTOMERS, ORDERS]},
    ),
    ({"expected_files": [CUSTOMERS], **entry()}, "or remove the entry", {"files": []}),
    ({"files": [{"name": ORDERS}] * 2}, "keep one", entry()),
    (
        {"expected_files": ["order.csv"]},
        "write <feed>_2025_01_15.csv with a feed out of orders, customers",
        {"expected_files": ["orders_2025_01_15.csv"]},
    ),
    (
        {"batch_date": "0225-01-15"},
        "write <feed>_0225_01_15.csv with a feed out of",
        {"expected_files": ["customers_0225_01_15.csv"]},
    ),
]


@pytest.mark.parametrize(("wrong", "advice", "mended"), MENDED)
def test_trigger_that_does_as_it_was_told_is_read(
    wrong: dict[str, Any], advice: str, mended: dict[str, Any], tmp_path: Path
) -> None:
    content = {name: value for name, value in (MINIMAL | wrong).items() if value is not ABSENT}

    assert advice in str(rejection(tmp_path, content))

    trigger = read(tmp_path, content | mended)
    assert set(trigger.feeds().values()) == set(trigger.expected_files)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        *((name, True) for name in (NAME, "trigger.JSON", "T.Json", "a b.json", "x.txt.json")),
        *((name, False) for name in ("trigger.json.txt", "trigger", "json", ".json", "._t.json")),
        *((name, False) for name in (".hidden.json", ".DS_Store", "trigger.jsonl", "t.json ")),
    ],
)
def test_names_of_triggers(name: str, is_one: bool, tmp_path: Path) -> None:
    (tmp_path / name).touch()

    assert is_trigger(tmp_path / name) == is_one
    assert triggers_in(tmp_path) == ([tmp_path / name] if is_one else [])


@pytest.mark.parametrize(("days", "limit"), [(0, 0), (1, 0), (2, 2), (3, 2), (-9999, 0)])
def test_days_ahead(days: int, limit: int, tmp_path: Path) -> None:
    day = datetime.now(UTC).date() + timedelta(days=days)
    names = [f"orders_{day.isoformat().replace('-', '_')}.csv"]
    trigger = read(tmp_path, MINIMAL | {"batch_date": str(day), "expected_files": names})

    if days <= limit:
        check_date(trigger, tmp_path / NAME, limit)
        return
    with pytest.raises(Rejected, match=f"batch_date {day} is more than {limit} days after today"):
        check_date(trigger, tmp_path / NAME, limit)


BAD_NAMES = {
    "orders_2025_01_16.csv": "orders_2025_01_16.csv",
    "orders_2025-01-15.csv": "orders_2025-01-15.csv",
    "Orders_2025_01_15.csv": "Orders_2025_01_15.csv",
    "returns_2025_01_15.csv": "returns_2025_01_15.csv",
    "orders_2025_01_15.CSV": "orders_2025_01_15.CSV",
    "orders_2025_01_15xcsv": "orders_2025_01_15xcsv",
    "orders_2025_01_15.csv.gz": "orders_2025_01_15.csv.gz",
    "..": "..",
    "": "an odd name",
    " orders_2025_01_15.csv": "an odd name",
    "orders_2025_01_15.csv\n": "an odd name",
    "../orders_2025_01_15.csv": "an odd name",
    "/tmp/orders_2025_01_15.csv": "an odd name",
    "./orders_2025_01_15.csv": "an odd name",
    "..\\orders_2025_01_15.csv": "an odd name",
    "%2e%2e%2forders_2025_01_15.csv": "an odd name",
    "orders_2025_01_15.csv\0.txt": "an odd name",
    "оrders_2025_01_15.csv": "an odd name",  # the first letter is Cyrillic
    "orders_٢٠٢٥_01_15.csv": "an odd name",
    "orders\u200b_2025_01_15.csv": "an odd name",
}


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_file_name(name: str, tmp_path: Path) -> None:
    error = rejection(tmp_path, MINIMAL | {"expected_files": [CUSTOMERS, name]})

    assert f"expected_files[1] ({BAD_NAMES[name]}) is not the name of a file" in str(error)
    assert "write <feed>_2025_01_15.csv with a feed out of orders, customers," in str(error)
    # What is named rightly can be moved away with the trigger; nothing else can.
    assert isinstance(error, RejectedTrigger)
    assert error.files == {"customers": CUSTOMERS}


def test_top_level_that_is_no_object(tmp_path: Path) -> None:
    error = rejection(tmp_path, "[]")

    assert "the trigger must be an object" in str(error)
    assert isinstance(error, RejectedTrigger)
    assert (error.batch_id, error.batch_date, error.files) == (None, None, {})


def test_rejection_tells_what_it_can(tmp_path: Path) -> None:
    def told(**change: Any) -> tuple[str | None, date | None, dict[str, str]]:
        error = rejection(tmp_path, MINIMAL | {"supersedes": "no"} | change)
        assert isinstance(error, RejectedTrigger)
        return error.batch_id, error.batch_date, error.files

    files = {"orders": ORDERS, "customers": CUSTOMERS}
    assert told() == ("batch-1", date(2025, 1, 15), files)
    assert told(trigger_id="..") == (None, date(2025, 1, 15), files)
    assert told(batch_date="never") == ("batch-1", None, {})
    assert told(expected_files=[ORDERS, {}, 5, "orders_2025_01_14.csv"])[2] == {"orders": ORDERS}
    assert told(expected_files={ORDERS: 1})[2] == {}


def test_many_problems_make_one_short_sentence(tmp_path: Path) -> None:
    error = rejection(tmp_path, MINIMAL | {"expected_files": [1] * 10_000})

    assert str(error) == (
        f"{NAME}: expected_files[0] must be a text; expected_files[1] must be a text;"
        " expected_files[2] must be a text; and 9997 more problems."
    )


@pytest.mark.parametrize(
    ("problems", "told"),
    [
        (1, "expected_files[0] must be a text."),
        (3, "expected_files[2] must be a text."),
        (4, "expected_files[2] must be a text; and 1 more problems."),
    ],
)
def test_as_many_problems_are_told_as_are_shown(problems: int, told: str, tmp_path: Path) -> None:
    error = rejection(tmp_path, MINIMAL | {"expected_files": [1] * problems})

    assert str(error).endswith(told)


def test_trigger_larger_than_memory(tmp_path: Path) -> None:
    """It is refused for its first bytes."""
    path = tmp_path / NAME
    with path.open("wb") as file:
        file.truncate(1 << 43)

    with pytest.raises(Rejected, match="is larger than 1048576 bytes"):
        read_trigger(path, FEEDS, MAX_BYTES)


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_what_is_no_regular_file(kind: str, tmp_path: Path) -> None:
    path = tmp_path / NAME
    match kind:
        case "link":
            (tmp_path / "real.json").write_text(json.dumps(MINIMAL))
            path.symlink_to(tmp_path / "real.json")
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)

    with pytest.raises(Rejected, match=f"^{NAME} is a link or no regular file: deliver the file"):
        read_trigger(path, FEEDS, MAX_BYTES)

    path.rmdir() if kind == "folder" else path.unlink()
    assert read(tmp_path, MINIMAL).trigger_id == "batch-1"


def test_trigger_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(Waiting, match=NAME):
        read_trigger(tmp_path / NAME, FEEDS, MAX_BYTES)


def parsed(name: str = ORDERS) -> ParsedFile:
    """A file as the reader found it."""
    return ParsedFile("orders", name, SHA256, 5, 1000, 0, "", ())


@pytest.mark.parametrize(
    "declared",
    [
        {},
        {"sha256": None, "rows": None, "bytes": None},
        {"sha256": SHA256, "rows": 5, "bytes": 1000},
        {"sha256": SHA256.upper()},
    ],
)
def test_manifest_that_agrees(declared: dict[str, Any], tmp_path: Path) -> None:
    trigger = read(tmp_path, MINIMAL | entry(**declared))

    check_manifest(trigger, [parsed(), parsed(CUSTOMERS)])


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        ({"sha256": "0" * 64}, f"{ORDERS} has another sha256 than the trigger declares"),
        ({"rows": 6}, f"{ORDERS} has 5 rows where the trigger declares 6"),
        ({"rows": 0}, f"{ORDERS} has 5 rows where the trigger declares 0"),
        (
            {"rows": 6, "bytes": 999},
            f"{ORDERS} has 5 rows where the trigger declares 6;"
            f" {ORDERS} has 1000 bytes where the trigger declares 999",
        ),
        ({"bytes": 999}, f"{ORDERS} has 1000 bytes where the trigger declares 999"),
    ],
)
def test_manifest_that_differs(declared: dict[str, Any], problem: str, tmp_path: Path) -> None:
    right = {"sha256": SHA256, "rows": 5, "bytes": 1000}
    trigger = read(tmp_path, MINIMAL | entry(**right | declared))

    with pytest.raises(Rejected) as caught:
        check_manifest(trigger, [parsed(CUSTOMERS), parsed()])

    assert str(caught.value) == f"{problem}: deliver the file again, or correct the manifest."
    check_manifest(read(tmp_path, MINIMAL | entry(**right)), [parsed(CUSTOMERS), parsed()])
