"""What the tables for people show in a terminal of 80 columns."""

import io
from dataclasses import replace
from datetime import date, datetime

import pytest
from rich.console import Console

from ingest.batches.ledger import Landing, Reconciliation
from ingest.batches.processing_log import WaitingTrigger
from ingest.cli import ExitCode, _exit_code
from ingest.console import status_table
from ingest.pipeline import Leftover

FEEDS = ("customers", "inventory", "products", "shipping")
FILES = [f"{feed}_2025_01_15.csv" for feed in FEEDS]


def test_status_tells_why_a_trigger_waits() -> None:
    reason = f"Waiting for {', '.join(FILES)}."
    waiting = [
        WaitingTrigger("trigger_2025_01_15.json", "waiting", "2025-01-15 20:00", reason),
        WaitingTrigger("trigger_2025_01_16.json"),
    ]
    out = io.StringIO()
    console = Console(width=80, file=out)

    for table in status_table([], {}, waiting, []):
        console.print(table)

    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    text = out.getvalue()
    assert "…" not in text
    # Names stand whole, in one line each.
    assert all(any(name in line for line in lines) for name in FILES)
    assert all(trigger.name in text and trigger.state in text for trigger in waiting)
    assert "2025-01-15 20:00" in text and "Not looked at yet." in text


@pytest.mark.parametrize(
    ("leftovers", "code"),
    [
        ([], ExitCode.DONE),
        ([Leftover("x", is_waiting=True)], ExitCode.WAITING),
        ([Leftover("x", is_waiting=False)], ExitCode.FAILED),
        ([Leftover("x", is_waiting=True), Leftover("x", is_waiting=False)], ExitCode.FAILED),
    ],
)
def test_exit_code_of_what_is_left(leftovers: list[Leftover], code: ExitCode) -> None:
    assert _exit_code([], [], leftovers) == code


def test_batch_without_a_valid_row_looks_like_no_other() -> None:
    landing = Landing(1, "b", date(2025, 1, 15), "t.json", datetime.now(), (), None, True, True)
    empty = Reconciliation(5, 0, 5, 75.0, "FAIL", ("orders",))
    out = io.StringIO()

    for found in (empty, replace(empty, valid_rows=5, feeds_without_valid_rows=())):
        for table in status_table([landing], {1: found}, [], []):
            Console(width=80, file=out).print(table)

    assert "none valid" in out.getvalue() and "applied" in out.getvalue()
    assert empty.shortcomings(None) == ["No row of orders is valid."]
    assert empty.shortcomings(75) == ["No row of orders is valid."]
    assert empty.shortcomings(80)[1:] == ["The score 75.00 is below 80."]
