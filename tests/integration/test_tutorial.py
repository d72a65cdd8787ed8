"""docs/your-own-files.md, done as it stands there."""

import re
import shlex
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.evolution import Contract
from support.stack import environment_of
from typer.testing import CliRunner

from ingest.cli import app
from ingest.config import PROJECT_DIR
from ingest.engines.local import LocalEngine

PAGE = (PROJECT_DIR / "docs" / "your-own-files.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(sh|text|yaml)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def paste(contract: Contract, feed: str, columns: list[dict[str, Any]]) -> None:
    """As a person would: replace the config of what is there, add what is not."""

    def edit(there: dict[str, dict[str, Any]]) -> None:
        for column in columns:
            there[column["name"]] = there.get(column["name"], {}) | column

    contract.change(feed, edit)


def do(command: str) -> str:
    """Run a line of the page; gives what it shows."""
    words = shlex.split(command)
    if words[:3] == ["python", "-m", "ingest"]:
        return CliRunner().invoke(app, words[3:]).output
    subprocess.run(command, shell=True, check=True)
    return ""


def test_two_files_of_a_shop(
    engine: LocalEngine, warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = Contract.copied(tmp_path / "project")
    (contract.project / "docs").symlink_to(PROJECT_DIR / "docs")
    monkeypatch.chdir(contract.project)
    environment = {"ECOMM_WAREHOUSE": str(warehouse), "ECOMM_SCHEMA": "tutorial", "COLUMNS": "200"}
    for name, value in (environment_of(contract.project) | environment).items():
        monkeypatch.setenv(name, value)
    feeds = iter(("orders", "customers"))
    shown = suggested = ""
    for kind, block in BLOCKS:
        if kind == "sh":
            shown = "\n".join(do(line) for line in block.splitlines())
            suggested = suggested or (shown if "contract suggest" in block else "")
        elif kind == "text":
            assert [line for line in block.splitlines() if line not in shown] == [], shown
        else:
            assert block in suggested
            paste(contract, next(feeds), yaml.safe_load(block))

    spark = engine.join()
    orders = spark.table("tutorial_targets.orders_target").orderBy("order_id").collect()
    amounts = [Decimal("1299.99"), Decimal("49.90"), Decimal("49.90")]
    assert [row.order_amount for row in orders] == amounts
    assert {str(row.order_date) for row in orders} == {"2025-11-28"}
    assert [row.gift_note for row in orders] == [None, "Happy birthday", None]
    customers = spark.table("tutorial_targets.customers_target").collect()
    assert {str(row.date_of_birth) for row in customers} == {"1988-03-14", "1995-11-30", "None"}
    # The contract's names: it can be delivered.
    assert Path("shop/corrections.csv").read_text().startswith("order_id,customer_id,")
