"""What the tables for people show in a terminal of 80 columns."""

import io

import pytest
from rich.console import Console

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
