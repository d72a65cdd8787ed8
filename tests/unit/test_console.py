"""What people are shown in a terminal of 80 columns."""

import io
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from ingest.as_json import (
    errors_document,
    json_text,
    report_document,
    run_document,
    status_document,
)
from ingest.batches.error_rows import ErrorRow
from ingest.batches.intake import Outcome, TriggerResult
from ingest.batches.ledger import Landing, Reconciliation
from ingest.batches.processing_log import LoggedTrigger, OpenTrigger, WaitingTrigger
from ingest.batches.results import Anomaly, FailedRule
from ingest.build import BuildResult
from ingest.cli.exit_codes import ExitCode, code_of_builds, code_of_report, code_of_run
from ingest.cli.say import say
from ingest.config import command_line, load_settings
from ingest.console import errors_table, report_lines, report_tables, status_tables
from ingest.next_steps import next_steps
from ingest.overview import Report, Status
from ingest.pipeline import Applied, Leftover, Run
from ingest.run_console import RunConsole

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
    applied = Applied(LANDING, BuildResult(True, (), is_recorded=True), 1.0, RESULT)

    RunConsole().applied(replace(applied, anomalies=tuple(ODD)))
    told = capsys.readouterr().out
    RunConsole().applied(applied)
    quiet = capsys.readouterr().out

    assert "validation FAIL. Anomalies: 12. (1.0 s)" in told
    assert "orders null_pct:a 12.50 is low, expected 240. Look." in told
    assert "null_pct:j " in told and "null_pct:k " not in told
    assert "and 2 more: python -m ingest report" in told
    assert "validation FAIL. (1.0 s)" in quiet and "nomal" not in quiet


def test_status_and_report_show_anomalies() -> None:
    out = io.StringIO()
    console = Console(width=80, file=out)

    for table in status_tables(Status((LANDING,), {1: RESULT}, anomalies=tuple(ODD))):
        console.print(table)
    status = out.getvalue()
    for table in report_tables(Report(anomalies=tuple(ODD))):
        console.print(table)

    assert "daily-2025-01-15  applied" in status
    assert "FAIL     12" in status
    assert "Anomalies of 2025-01-15 daily-2025-01-15" in out.getvalue()
    assert "12.50" in out.getvalue() and "-10.0" in out.getvalue()
    assert max(map(len, out.getvalue().splitlines())) <= 80
    assert len(report_tables(Report())) == 2


def test_status_tells_why_a_trigger_waits() -> None:
    reason = f"Waiting for {', '.join(FILES)}."
    waiting = (
        WaitingTrigger("trigger_2025_01_15.json", "waiting", "2025-01-15 20:00", reason),
        WaitingTrigger("trigger_2025_01_16.json"),
    )
    out = io.StringIO()
    console = Console(width=80, file=out)

    for table in status_tables(Status(waiting=waiting)):
        console.print(table)

    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    text = out.getvalue()
    assert "…" not in text
    # Names stand whole, in one line each.
    assert all(any(name in line for line in lines) for name in FILES)
    assert all(trigger.name in text and trigger.state in text for trigger in waiting)
    assert "2025-01-15 20:00" in text and "Not looked at yet." in text


def shown_at_80(*tables: Table) -> str:
    """What a terminal of 80 columns shows, with nothing cut off."""
    out = io.StringIO()
    console = Console(width=80, file=out)
    for table in tables:
        console.print(table)
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    return text


ERROR = ErrorRow(
    "inventory",
    "daily-2025-01-16",
    date(2025, 1, 16),
    "inventory_2025_01_16.csv",
    12_345,
    "HIGH",
    ("inventory_warehouse_location_present", "inventory_stock_quantity_valid"),
    "correction-of-2025-01-16-by-the-warehouse-of-the-north",
    '{"product_id": "secret"}',
)
RULE = FailedRule(
    "daily-2025-01-16",
    date(2025, 1, 16),
    "customers_registration_not_after_batch",
    "customers",
    "MEDIUM",
    1_234_567,
    12_345_678,
    "WARN",
    "The registration date is not after the batch date [as it was delivered].",
)


def test_errors_show_all_of_a_row_s_place_and_batches() -> None:
    text = shown_at_80(errors_table([ERROR]))

    joined = "".join(text.split())
    assert f"resolvedby{ERROR.resolved_by_batch_id}" in joined
    for word in (ERROR.source_file, ERROR.batch_id, "12345", "HIGH", *ERROR.failed_rules):
        assert word in text, word
    assert "secret" not in text


def test_report_says_what_a_rule_means() -> None:
    look = LoggedTrigger("trigger_2025_01_16.json", "b" * 100, "REJECTED", "Some file is missing.")

    text = shown_at_80(*report_tables(Report((look,), (RULE,))))

    assert RULE.description in " ".join(text.split())
    for word in (RULE.rule_id, "MEDIUM", "WARN", "1234567", "12345678", "REJECTED"):
        assert word in text, word


def test_outcomes_have_colours() -> None:
    out = io.StringIO()
    console = Console(width=80, file=out, force_terminal=True, color_system="standard")

    for table in report_tables(Report((LoggedTrigger("t", "b", "LANDED", ""),), (RULE,))):
        console.print(table)

    assert "\x1b[32mLANDED" in out.getvalue()
    assert "\x1b[33mWARN" in out.getvalue()


def test_documents_for_programs_hold_what_the_tables_show() -> None:
    landing = Landing(1, "b", date(2025, 1, 16), "t.json", datetime.now(UTC), (), None, True, True)
    found = {1: Reconciliation(3, 2, 1, 99.5, "PASS")}
    look = TriggerResult(Path("t.json"), Outcome.LANDED, "Landed 3 rows.", "b", date(2025, 1, 16))
    refused = OpenTrigger("r.json", "REJECTED", datetime(2025, 1, 16, 9, tzinfo=UTC), "no")
    build = Applied(landing, BuildResult(False, (("orders", "why"),), True), 1.5, found[1])

    status, report, errors, run = (
        json.loads(json_text(document))
        for document in (
            status_document(Status((landing,), found, (WaitingTrigger("w.json"),), (refused,))),
            report_document(Report(failed_rules=(RULE,), pending=(landing,))),
            errors_document([ERROR]),
            run_document(Run((), [look], [build], [Leftover("x", is_waiting=True)])),
        )
    )

    applied = {
        "batch_id": "b",
        "batch_date": "2025-01-16",
        "trigger_file": "t.json",
        "state": "applied",
        "rows": 0,
        "valid_rows": 2,
        "quarantined_rows": 1,
        "score": 99.5,
        "status": "PASS",
    }
    assert status["batches"] == [applied]
    assert [(item["trigger_file"], item["state"]) for item in status["triggers"]] == [
        ("w.json", "new"),
        ("r.json", "rejected"),
    ]
    assert report["failed_rules"][0]["description"] == RULE.description
    assert report["pending_batches"] == [{"batch_id": "b", "batch_date": "2025-01-16"}]
    assert errors["errors"][0]["failed_rules"] == list(ERROR.failed_rules)
    assert "secret" not in json.dumps(errors)
    assert run["triggers"][0]["status"] == "LANDED"
    assert run["builds"] == [
        {
            "batch": applied,
            "success": False,
            "failures": [{"node": "orders", "reason": "why"}],
            "seconds": 1.5,
        }
    ]
    assert run["leftovers"] == [{"message": "x", "is_waiting": True}]


def look(outcome: Outcome) -> TriggerResult:
    return TriggerResult(Path("t.json"), outcome)


BUILT = Applied(LANDING, BuildResult(True, (), is_recorded=True), 1.0, RESULT)
BROKEN = replace(BUILT, result=BuildResult(False, (("x", "y"),), True), reconciliation=None)
POOR = replace(BUILT, reconciliation=Reconciliation(5, 0, 5, 75.0, "FAIL", ("orders",)))
WAITS, STUCK = Leftover("x", is_waiting=True), Leftover("x", is_waiting=False)


@pytest.mark.parametrize(
    ("run", "code"),
    [
        (Run(), ExitCode.DONE),
        (Run(taken=[look(Outcome.LANDED), look(Outcome.SKIPPED)], builds=[BUILT]), ExitCode.DONE),
        (Run(leftovers=[WAITS]), ExitCode.WAITING),
        (Run(taken=[look(Outcome.WAITING)]), ExitCode.WAITING),
        (Run(taken=[look(Outcome.WAITING)], builds=[POOR]), ExitCode.POOR),
        (Run(taken=[look(Outcome.REJECTED)], builds=[POOR]), ExitCode.REJECTED),
        (Run(taken=[look(Outcome.REJECTED)], builds=[BROKEN]), ExitCode.FAILED),
        (Run(taken=[look(Outcome.FAILED), look(Outcome.REJECTED)]), ExitCode.FAILED),
        # It succeeded, and left no trace in the tables.
        (Run(builds=[replace(BUILT, reconciliation=None)]), ExitCode.FAILED),
        (Run(builds=[replace(BUILT, landing=None, reconciliation=None)]), ExitCode.DONE),
        (Run(leftovers=[STUCK]), ExitCode.FAILED),
        (Run(leftovers=[WAITS, STUCK]), ExitCode.FAILED),
    ],
)
def test_exit_code_of_a_run(run: Run, code: ExitCode) -> None:
    assert code_of_run(run) == code


def test_replay_does_not_judge_how_good_batches_are() -> None:
    """A feed without a valid row was told of when it was first applied."""
    assert code_of_builds([BUILT, POOR]) == ExitCode.DONE
    assert code_of_builds([POOR, BROKEN]) == ExitCode.FAILED


def test_exit_code_by_the_least_score() -> None:
    assert code_of_run(Run(builds=[BUILT]), 92.67) == ExitCode.DONE
    assert code_of_run(Run(builds=[BUILT]), 92.68) == ExitCode.POOR


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (Report(), ExitCode.DONE),
        (Report(newest=RESULT), ExitCode.DONE),
        (Report(newest=POOR.reconciliation), ExitCode.POOR),
        (Report((LoggedTrigger("t", "b", "WAITING", ""),)), ExitCode.DONE),
        (
            Report((LoggedTrigger("t", "b", "REJECTED", ""),), newest=POOR.reconciliation),
            ExitCode.REJECTED,
        ),
        (
            Report(
                (LoggedTrigger("t", "b", "FAILED", ""), LoggedTrigger("t", "b", "REJECTED", ""))
            ),
            ExitCode.FAILED,
        ),
        (Report(pending=(LANDING,)), ExitCode.FAILED),
        (Report(is_withdrawal_open=True), ExitCode.FAILED),
    ],
)
def test_exit_code_of_a_report(report: Report, code: ExitCode) -> None:
    assert code_of_report(report) == code


def commands(run: Run, **given: Any) -> list[str]:
    return [step.command for step in next_steps(run, load_settings(**given))]


def test_a_run_says_where_to_look_next_and_only_what_applies(tmp_path: Path) -> None:
    clean = replace(BUILT, reconciliation=Reconciliation(5, 5, 0, 100.0, "PASS"))
    odd = replace(clean, anomalies=tuple(ODD))
    page = "python -m ingest report --html report.html --open"

    assert commands(Run()) == commands(Run(taken=[look(Outcome.SKIPPED)])) == []
    assert commands(Run(taken=[look(Outcome.LANDED)], builds=[clean])) == [page]
    assert commands(Run(builds=[odd])) == ["python -m ingest report", page]
    assert commands(Run(builds=[BUILT])) == [
        "python -m ingest errors --open",
        "python -m ingest report",
        page,
    ]
    assert commands(Run(taken=[look(Outcome.LANDED)], builds=[BROKEN])) == [
        "python -m ingest report"
    ]
    assert commands(Run(taken=[look(Outcome.WAITING)])) == ["python -m ingest status"]
    assert commands(Run(taken=[look(Outcome.LANDED)])) == ["python -m ingest run"]
    assert commands(Run(builds=[BUILT]), target="databricks") == []


def test_commands_to_type_work_where_the_run_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = {"root": tmp_path / "my feeds", "warehouse": tmp_path / "tables"}
    settings = load_settings(**place, schema_name="shop")

    assert command_line(settings, "status", with_root=True) == (
        "python -m ingest status --root 'my feeds' --warehouse tables --schema shop"
    )
    assert command_line(settings, "report") == (
        "python -m ingest report --warehouse tables --schema shop"
    )
    # What is in the environment is there for the next command, too.
    monkeypatch.setenv("ECOMM_WAREHOUSE", str(tmp_path / "tables"))
    monkeypatch.setenv("ECOMM_SCHEMA", "shop")
    assert command_line(load_settings(), "report") == "python -m ingest report"


def test_lines_wrap_beside_their_word_and_commands_do_not(tmp_path: Path) -> None:
    out = io.StringIO()
    shown = RunConsole(console=Console(width=80, file=out, force_terminal=True, no_color=True))
    long = tmp_path / ("a" * 60) / ("b" * 60)

    shown.note("orders_2025_01_17.csv: malformed rows are quarantined: 2, the first is row 119.")
    shown.next_steps(next_steps(Run(builds=[BUILT]), load_settings(warehouse=long)))

    text = out.getvalue()
    assert "the first is \n         row 119." in text
    assert f"errors --open --warehouse {long}\n" in re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_report_says_why_a_batch_is_not_applied() -> None:
    why = {LANDING.batch_id: "stg_orders: broken", "other": "x", None: "rewind: broken"}
    landed = "Batch daily-2025-01-15 of 2025-01-15 is landed but not applied."

    pending = report_lines(
        Report(pending=(LANDING,), failed_builds=why, newest=RESULT), "apply it", 95
    )
    emptied = report_lines(Report(failed_builds=why, is_withdrawal_open=True), "apply it")

    assert pending == [
        landed,
        "    stg_orders: broken",
        "Mend what is told, if anything, and apply: apply it",
        "The newest batch: The score 92.67 is below 95.",
    ]
    assert emptied == [
        "A batch was withdrawn, and the tables still hold it: apply it",
        "    rewind: broken",
    ]
    assert report_lines(Report(newest=RESULT), "apply it") == []


def test_batch_without_a_valid_row_looks_like_no_other() -> None:
    landing = Landing(1, "b", date(2025, 1, 15), "t.json", datetime.now(), (), None, True, True)
    empty = Reconciliation(5, 0, 5, 75.0, "FAIL", ("orders",))
    out = io.StringIO()

    for found in (empty, replace(empty, valid_rows=5, feeds_without_valid_rows=())):
        for table in status_tables(Status((landing,), {1: found})):
            Console(width=80, file=out).print(table)

    assert "none valid" in out.getvalue() and "applied" in out.getvalue()
    assert empty.shortcomings(None) == ["No row of orders is valid."]
    assert empty.shortcomings(75) == ["No row of orders is valid."]
    assert empty.shortcomings(80)[1:] == ["The score 75.00 is below 80."]


def test_sentences_are_broken_between_words_in_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = (
        "It would be rejected: orders_2025_01_15.csv lacks [order_id]; write it to :smile: too."
    )
    say(sentence)
    assert capsys.readouterr().out == f"{sentence}\n"

    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "30")
    say(sentence, err=True)
    shown = capsys.readouterr().err
    assert shown.split() == sentence.split()
    assert max(map(len, shown.splitlines())) <= 30
