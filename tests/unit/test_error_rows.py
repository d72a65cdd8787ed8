"""The file of rows to correct: for its owner only, and never in the place of another."""

import csv
import json
import stat
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ingest.batches.error_rows import ErrorRow, write_corrections
from ingest.config import PROJECT_DIR
from ingest.contract import load_contract
from ingest.errors import ConfigError

ORDERS = load_contract(PROJECT_DIR).feeds["orders"]
COLUMNS = [column.name for column in ORDERS.columns]


def error(**record: Any) -> ErrorRow:
    """A quarantined row that landed with these cells."""
    return ErrorRow(
        "orders", "b1", date(2025, 1, 15), "orders_2025_01_15.csv", 1, "HIGH", ("r",), None,
        json.dumps(record),
    )  # fmt: skip


def test_rows_are_written_as_they_came(tmp_path: Path) -> None:
    out = tmp_path / "orders.csv"
    rows = [
        error(order_id="O1", shipping_address='1 "Main" St,\nApt ü', _extra={"shelf": "A1"}),
        error(_raw_line='O2,"only, two"'),
        error(order_id=" O3 ", _extra={"bin": "7"}),
        error(order_id="O4"),
    ]

    assert write_corrections(rows, ORDERS, out) == 1

    with out.open(newline="", encoding="utf-8") as file:
        header, first, third, fourth, malformed = csv.reader(file)
    assert header == [*COLUMNS, "bin", "shelf"]
    assert {name: cell for name, cell in zip(header, first, strict=True) if cell} == {
        "order_id": "O1",
        "shipping_address": '1 "Main" St,\nApt ü',
        "shelf": "A1",
    }
    assert (third[0], third[-2], third[-1]) == (" O3 ", "7", "")
    assert (fourth[0], fourth[-2], fourth[-1]) == ("O4", "", "")
    assert malformed == ["O2", "only, two"]
    assert out.read_bytes().endswith(b'O2,"only, two"\r\n')


def test_columns_are_those_of_the_contract_of_today(tmp_path: Path) -> None:
    """What was unknown when a row landed may have been declared since, and the other way round."""
    out = tmp_path / "orders.csv"
    rows = [
        error(order_id="O1", _extra={"Order Status": "pending"}),
        error(order_id="O2", order_status="shipped", dropped="kept"),
    ]

    write_corrections(rows, ORDERS, out)

    with out.open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert list(found[0]) == [*COLUMNS, "dropped"]
    assert [(row["order_status"], row["dropped"]) for row in found] == [
        ("pending", ""),
        ("shipped", "kept"),
    ]


def test_column_that_landed_twice_has_the_value_of_its_own(tmp_path: Path) -> None:
    """Under its name and, before it was declared, under another one."""
    out = tmp_path / "orders.csv"
    others = {"Order Status": "pending", "Customer ID": "C1"}

    write_corrections([error(order_status=None, customer_id="C2", _extra=others)], ORDERS, out)

    with out.open(newline="", encoding="utf-8") as file:
        (found,) = csv.DictReader(file)
    assert (found["order_status"], found["customer_id"]) == ("pending", "C2")


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    out = tmp_path / "orders.csv"

    write_corrections([error(order_id="O1")], ORDERS, out)

    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "orders.csv"
    out.write_text("precious")

    with pytest.raises(ConfigError, match=r"orders\.csv is there already: name a new file\.$"):
        write_corrections([error(order_id="O1")], ORDERS, out)
    assert out.read_text() == "precious"


def test_link_is_not_followed(tmp_path: Path) -> None:
    out = tmp_path / "orders.csv"
    out.symlink_to(tmp_path / "elsewhere.csv")

    with pytest.raises(ConfigError, match="is there already"):
        write_corrections([error(order_id="O1")], ORDERS, out)
    assert not (tmp_path / "elsewhere.csv").exists()


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    out = tmp_path / "no" / "orders.csv"

    with pytest.raises(ConfigError, match="cannot be written: No such file or directory"):
        write_corrections([], ORDERS, out)
