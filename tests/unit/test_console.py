"""What people are shown in a terminal of 80 columns."""

import io
from datetime import UTC, date, datetime

import pytest
from rich.console import Console

from ingest.batches.ledger import Landing, Reconciliation
from ingest.batches.processing_log import WaitingTrigger
from ingest.batches.results import Anomaly
from ingest.build import BuildResult
from ingest.cli import ExitCode, _exit_code
from ingest.console import RunConsole, report_tables, status_table
from ingest.pipeline import Applied, Leftover

FEEDS = ("customers", "inventory", "products", "shipping")
FILES = [f"{feed}_2025_01_15.csv" for feed in FEEDS]


DAY = date(2025, 1, 15)
LANDING = Landing(
    number=1,
    batch_id="daily-2025-01-15",
    batch_date=DAY,
    trigger_file="trigger_2025_01_15.json",
    landed_at=datetime(2025, 1, 15, 20, tzinfo=UTC),
    files=(),
    withdrawn_at=None,
    is_effective=True,
    is_applied=True,
)
RESULT = Reconciliation(466, 452, 14, 92.67, "FAIL")
ODD = [
    Anomaly(LANDING.batch_id, DAY, "orders", f"null_pct:{name}", 12.5, 240.0, -9.96, "low", "Look.")
    for name in "abcdefghijkl"
]


def test_run_tells_of_anomalies_the_first_ten(capsys: pytest.CaptureFixture[str]) -> None:
    applied = Applied(LANDING, BuildResult(True, (), is_recorded=True), 1.0)

    RunConsole().applied(applied, RESULT, ODD)
    told = capsys.readouterr().out
    RunConsole().applied(applied, RESULT)
    quiet = capsys.readouterr().out

    assert "validation FAIL. Anomalies: 12. (1.0 s)" in told
    assert "orders null_pct:a 12.50 is low, expected 240. Look." in told
    assert "null_pct:j " in told and "null_pct:k " not in told
    assert "and 2 more: python -m ingest report" in told
    assert "validation FAIL. (1.0 s)" in quiet and "nomal" not in quiet


def test_status_and_report_show_anomalies() -> None:
    out = io.StringIO()
    console = Console(width=80, file=out)

    for table in status_table([LANDING], {1: RESULT}, [], [], ODD):
        console.print(table)
    status = out.getvalue()
    for table in report_tables([], [], ODD):
        console.print(table)

    assert "daily-2025-01-15  applied" in status
    assert "FAIL     12" in status
    assert "Anomalies of 2025-01-15 daily-2025-01-15" in out.getvalue()
    assert "12.50" in out.getvalue() and "-10.0" in out.getvalue()
    assert max(map(len, out.getvalue().splitlines())) <= 80
    assert len(report_tables([], [])) == 2


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
