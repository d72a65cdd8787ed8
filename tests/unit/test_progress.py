"""The progress of a build: what dbt tells of its nodes, and what a terminal shows of it."""

import io
import re
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from dbt.adapters.events.types import SQLQuery
from dbt.events.types import (
    ConcurrencyLine,
    LogHookEndLine,
    LogHookStartLine,
    NodeFinished,
    NodeStart,
)
from dbt_common.events.base_types import EventLevel, msg_from_base_event
from dbt_common.events.types import SystemStdErr
from rich.console import Console

from ingest.batches.ledger import Landing, Reconciliation
from ingest.build import BuildResult, _Events
from ingest.pipeline import Applied
from ingest.progress import BuildProgress
from ingest.run_console import RunConsole

PROJECT: Any = SimpleNamespace(nodes={})
LANDING = Landing(
    1, "daily-2025-01-15", date(2025, 1, 15), "t.json", datetime.now(UTC), (), None, True, False
)


def event(what: Any) -> Any:
    """What dbt gives to a callback."""
    return msg_from_base_event(what, level=EventLevel.DEBUG)


def node(name: str) -> dict[str, str]:
    return {"node_name": name, "unique_id": f"model.shop.{name}"}


def starts(name: str) -> Any:
    return event(NodeStart(node_info=node(name)))


def ends(name: str, status: str = "success", message: str = "OK") -> Any:
    result = {"status": status, "message": message}
    return event(NodeFinished(node_info=node(name), run_result=result))


def hook(name: str, *, ended: bool = False) -> Any:
    given = {"node_info": node(name), "statement": name, "index": 1, "total": 2}
    return event(
        LogHookEndLine(**given, status="success", execution_time=0.1)
        if ended
        else LogHookStartLine(**given)
    )


def count(nodes: int) -> Any:
    return event(ConcurrencyLine(num_threads=4, target_name="local", node_count=nodes))


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def failures() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def progress(clock: Clock, failures: list[tuple[str, str]]) -> BuildProgress:
    return BuildProgress("batch", lambda name, why: failures.append((name, why)), clock=clock)


def test_progress_counts_what_has_ended_and_names_the_slowest(
    progress: BuildProgress, clock: Clock
) -> None:
    tell = _Events(progress, PROJECT)

    assert progress.state() == "dbt starts"
    tell(count(184))
    assert progress.state() == "0/184"
    tell(starts("orders_target"))
    clock.now += 1
    tell(starts("stg_orders"))
    clock.now += 1.1
    assert progress.state() == "0/184  slowest: orders_target 2.1 s"
    tell(ends("orders_target"))
    assert progress.state() == "1/184  slowest: stg_orders 1.1 s"
    tell(ends("stg_orders", "warn"))
    assert progress.state() == "2/184"
    # What is not about a node is passed over.
    tell(event(SystemStdErr(bmsg="x")))
    assert progress.state() == "2/184"


def test_hooks_are_seen_and_not_counted(progress: BuildProgress) -> None:
    tell = _Events(progress, PROJECT)
    tell(count(1))
    tell(hook("on-run-end-0"))

    assert progress.state() == "0/1  slowest: on-run-end-0 0.0 s"
    tell(hook("on-run-end-0", ended=True))
    assert progress.state() == "0/1"


@pytest.mark.parametrize("status", ["error", "fail", "runtime error"])
def test_node_that_fails_is_told_at_once(
    status: str, progress: BuildProgress, failures: list[tuple[str, str]]
) -> None:
    tell = _Events(progress, PROJECT)
    tell(count(3))
    tell(starts("orders"))
    tell(starts("customers"))
    tell(ends("orders", status, "Database Error in model orders\n  no such table"))

    assert failures == [("orders", "no such table")]
    assert progress.failed == {"orders"} and progress.state().startswith("1/3  slowest: customers")
    tell(ends("stock", "skipped"))
    assert len(failures) == 1 and progress.done == 2


def test_failure_is_told_with_its_file_and_line() -> None:
    """The statement is what dbt makes of the model; the line is that of the compiled file."""
    failures: list[tuple[str, str]] = []
    progress = BuildProgress("batch", lambda *failure: failures.append(failure))
    model = SimpleNamespace(
        original_file_path="models/marts/orders.sql",
        compiled_path="target/compiled/shop/models/marts/orders.sql",
        compiled_code="\n\nwith x as (select 1)\nselect y z w\nfrom x\n",
    )
    tell = _Events(progress, SimpleNamespace(nodes={"model.shop.orders": model}))  # type: ignore[arg-type]
    body = "with x as (select 1)\nselect y z w\nfrom x"
    sql = f"/* dbt */\ncreate table orders as\nselect y\nfrom (\n{body}\n)"
    at = sql.index("w\nfrom")
    local = f"invalid argument: found w at {at}:{at + 1} expected ',', 'FROM', or ')'"
    spark = "[PARSE_SYNTAX_ERROR] Syntax error at or near 'w'. (line 6, pos 11)"

    for message in (local, spark, "unknown function: f", spark.replace("6", "3")):
        tell(event(SQLQuery(node_info=node("orders"), conn_name="c", sql=sql)))
        tell(ends("orders", "error", message))

    file = " In models/marts/orders.sql."
    line = " Line 4 of target/compiled/shop/models/marts/orders.sql: select y z w"
    assert [reason for _, reason in failures] == [
        f"invalid argument: found w.{file}{line}",
        f"{spark}{file}{line}",
        f"unknown function: f{file}",
        f"{spark.replace('6', '3')}{file} The line: select y",
    ]


def test_now_and_then_a_line_where_nobody_sees_a_bar(clock: Clock) -> None:
    lines: list[str] = []
    progress = BuildProgress("b", lambda *_: None, on_pause=lines.append, pause=30, clock=clock)
    progress.begins(40)

    for number in range(40):
        progress.node_starts(f"n{number}")
        clock.now += 2
        progress.node_ends(f"n{number}", None)

    assert lines == ["15/40", "30/40"]


def shown(width: int, *, is_terminal: bool) -> tuple[RunConsole, io.StringIO]:
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=is_terminal,
        color_system="standard" if is_terminal else None,
        highlight=False,
        soft_wrap=True,
        legacy_windows=False,
        _environ={"TERM": "xterm"},
    )
    return RunConsole(console=console), out


def build(console: RunConsole, *, fails: bool) -> None:
    """A build of two nodes, as the pipeline shows it."""
    with console.live():
        tell = _Events(console.building(LANDING), PROJECT)
        console._progress.refresh()
        tell(count(2))
        tell(starts("a_name_that_is_far_too_long_for_any_terminal_" * 3))
        console._progress.refresh()
        tell(starts("orders_target"))
        if fails:
            tell(ends("orders_target", "error", "no such [table]"))
        console._progress.refresh()
        failed = (("orders_target", "no such [table]"),) if fails else ()
        result = BuildResult(not fails, failed, is_recorded=True)
        found = None if fails else Reconciliation(466, 452, 14, 92.67, "FAIL")
        console.applied(Applied(LANDING, result, 2.0, found))


@pytest.mark.parametrize("width", [80, 120])
def test_bar_of_a_healthy_build_is_green_and_fits(width: int) -> None:
    console, out = shown(width, is_terminal=True)

    build(console, fails=False)

    text = out.getvalue()
    assert "dbt starts" in text and "0/2" in text
    assert "…" in text and "\x1b[32m━" in text
    # The word FAIL, of the validation, is red; nothing else is.
    assert text.count("\x1b[31m") == 1
    plain = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text))
    bars = [line for line in plain if "━" in line]
    assert bars and max(map(len, bars)) <= width


def test_bar_turns_red_once_a_node_has_failed() -> None:
    console, out = shown(80, is_terminal=True)

    build(console, fails=True)

    before, after = out.getvalue().split("no such [table]")
    assert "\x1b[31m━" not in before and "\x1b[31m━" in after


def test_outside_a_terminal_there_are_lines_only() -> None:
    console, out = shown(80, is_terminal=False)

    build(console, fails=True)

    assert out.getvalue().splitlines() == [
        "FAILED   orders_target: no such [table]",
        "FAILED   2025-01-15 daily-2025-01-15  dbt build failed. (2.0 s)",
    ]
