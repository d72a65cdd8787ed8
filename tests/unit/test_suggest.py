"""What a file's own headers and ways of writing may mean, and what a check says of its header."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from ingest.checkup import check_header, feed_of
from ingest.cli import ExitCode, app
from ingest.config import PROJECT_DIR
from ingest.console import header_lines
from ingest.contract import load_contract
from ingest.errors import ConfigError
from ingest.reading.suggest import as_yaml, likely_headers, propose

CONTRACT = load_contract(PROJECT_DIR)
ORDERS = CONTRACT.feeds["orders"]
HEADER = (
    "Order No,Customer-No,product_id,order_date,order_amount,currency,payment_method,"
    "shipping_address,order_status,created_timestamp"
)


def write(folder: Path, text: str, name: str = "orders_export.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def proposed(folder: Path, **columns: list[str]) -> dict[str, dict[str, Any]]:
    """What is proposed for a file of orders with these values, by column."""
    cells = {name: [str(n) for n in (1, 2)] for name in ("order_id", "customer_id")} | columns
    rows = zip(*cells.values(), strict=True)
    text = "\n".join([",".join(cells), *(",".join(f'"{c}"' for c in row) for row in rows)])
    found = propose(write(folder, text), ORDERS)
    return {item.name: {**item.meta, "remark": item.remark} for item in found}


def test_each_header_is_meant_for_one_column() -> None:
    found = likely_headers(
        ORDERS, ["customer_id", "order_id"], ["Order No", "Customer-No", "Colour", "order nr"]
    )

    assert found == {"customer_id": "Customer-No", "order_id": "Order No"}


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ("order_date", ["15/01/2025", "16/01/2025"], {"format": "dd/MM/yyyy"}),
        ("order_date", ["1/16/2025", "1/7/2025"], {"format": "M/d/yyyy"}),
        (
            "created_timestamp",
            ["15.01.2025 7:05", "15.01.2025 17:05"],
            {"format": "dd.MM.yyyy H:mm"},
        ),
        ("order_amount", ["1.299,99", "5,00"], {"thousands": ".", "decimal": ","}),
        ("order_amount", ["1,299.99", "5.00"], {"thousands": ","}),
        ("order_amount", ["5,90", "5,00"], {"decimal": ","}),
    ],
)
def test_how_values_are_written(
    column: str, values: list[str], expected: dict[str, str], tmp_path: Path
) -> None:
    found = proposed(tmp_path, **{column: values})[column]

    assert {key: value for key, value in found.items() if key in expected} == expected
    assert found["remark"] == ""


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("order_date", ["2025-01-15", "2025-01-16"]),
        ("order_amount", ["5.90", "1299"]),
        ("created_timestamp", ["2025-01-15 10:00:00", "2025-01-15T10:00:00Z"]),
        ("order_date", ["", ""]),
    ],
)
def test_what_is_written_as_usual_needs_no_word(
    column: str, values: list[str], tmp_path: Path
) -> None:
    assert column not in proposed(tmp_path, **{column: values})


def test_what_the_rows_do_not_tell_is_left_open(tmp_path: Path) -> None:
    found = proposed(tmp_path, order_date=["01/02/2025", "03/04/2025"], order_amount=["x", "1"])

    assert found["order_date"]["format"] == "dd/MM/yyyy"
    assert found["order_date"]["remark"].startswith("or MM/dd/yyyy")
    assert "not all of the first rows can be read" in found["order_amount"]["remark"]


def test_new_and_missing_columns_are_optional(tmp_path: Path) -> None:
    found = proposed(
        tmp_path,
        **{
            "Gift note!": ["a", "b"],
            "points": ["1", "3000000000"],
            "Is gift": ["yes", "no"],
            "Paid on": ["31.12.2024", "1.1.2025"],
            "Fee": ["1.000,50", "2,00"],
        },
    )

    assert found["gift_note"] == {
        "type": "string",
        "optional": True,
        "aliases": ["Gift note!"],
        "remark": "",
    }
    assert found["points"]["type"] == "bigint"
    assert found["is_gift"]["type"] == "boolean"
    assert (found["paid_on"]["type"], found["paid_on"]["format"]) == ("date", "d.M.yyyy")
    assert (found["fee"]["type"], found["fee"]["thousands"]) == ("decimal(18,2)", ".")
    # What the contract says besides stays: a code, untracked.
    assert found["currency"] == {"type": "string", "code": True, "optional": True, "remark": ""}


def test_key_cannot_be_optional(tmp_path: Path) -> None:
    found = propose(write(tmp_path, "customer_id,colour\nC1,red\n"), ORDERS)

    (key,) = (item for item in found if item.name == "order_id")
    assert "optional" not in key.meta and "part of the key" in key.remark


def test_proposals_are_yaml(tmp_path: Path) -> None:
    source = write(tmp_path, f"{HEADER},Note: 'x' #1\n1,2,3,1/2/2025,1,EUR,PayPal,x,paid,,\n")

    columns = yaml.safe_load(as_yaml(propose(source, ORDERS)))

    by_name = {column["name"]: column["config"]["meta"] for column in columns}
    assert by_name["order_id"] == {"type": "string", "aliases": ["Order No"]}
    assert by_name["note_x_1"]["aliases"] == ["Note: 'x' #1"]


def test_header_that_does_not_fit_is_mended_as_the_check_says(tmp_path: Path) -> None:
    source = write(tmp_path, f"{HEADER}\n")
    shown = "\n".join(header_lines(check_header(source, ORDERS, 1 << 20), ORDERS))
    assert "8 columns matched, 2 required ones missing" in shown
    assert (
        "Missing: order_id, customer_id" in shown and "Unknown, kept in _extra: Order No" in shown
    )

    checked = CliRunner().invoke(app, ["check", str(source)])
    assert checked.exit_code == ExitCode.REJECTED
    assert "Perhaps meant: Order No for order_id, Customer-No for customer_id." in checked.stderr
    assert "in the contract (models/staging/orders/_orders__contract.yml)" in checked.stderr

    # As the file's first line, or as aliases.
    aliases = dict(line.split(": ", 1) for line in shown.replace("    ", "").splitlines()[-2:])
    assert yaml.safe_load(aliases["order_id"]) == {"aliases": ["Order No"]}
    write(tmp_path, HEADER.replace("Order No,Customer-No", "Order ID,customer id") + "\n")
    assert check_header(source, ORDERS, 1 << 20).missing == []


def test_feed_comes_from_the_name_or_is_asked_for() -> None:
    assert feed_of(Path("shop orders 2025.csv"), CONTRACT, None).name == "orders"
    assert feed_of(Path("export.csv"), CONTRACT, "shipping").name == "shipping"
    for name in ("export.csv", "orders_and_customers.csv"):
        with pytest.raises(ConfigError, match=r"Say which feed .* is of: --feed customers \| "):
            feed_of(Path(name), CONTRACT, None)


def test_file_that_is_not_there(tmp_path: Path) -> None:
    for command in (["check"], ["contract", "suggest"]):
        failed = CliRunner().invoke(app, [*command, str(tmp_path / "orders.csv")])
        assert failed.exit_code != 0 and "Traceback" not in failed.output
        assert failed.stderr.count("\n") == 1
