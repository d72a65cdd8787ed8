"""How commands end."""

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

# Spark takes a second to import.
if TYPE_CHECKING:
    from ingest.overview import Report
    from ingest.pipeline import Applied, Run


class ExitCode(IntEnum):
    """Exit codes of the commands."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    WAITING = 3
    REJECTED = 4
    POOR = 5


def code_of_builds(builds: "Sequence[Applied]") -> ExitCode:
    """How a command ends that applies again what has landed; how good it is was told before."""
    return ExitCode.DONE if all(build.success for build in builds) else ExitCode.FAILED


def code_of_run(run: "Run", min_score: float | None = None) -> ExitCode:
    """How `run` and `land` end; the first of what applies.

    Args:
        run: What it did.
        min_score: What each batch's score must reach; None asks for none.
    """
    outcomes = {result.outcome.value for result in run.taken}
    is_built = code_of_builds(run.builds) == ExitCode.DONE
    is_stuck = not all(leftover.is_waiting for leftover in run.leftovers)
    if "FAILED" in outcomes or not is_built or is_stuck:
        return ExitCode.FAILED
    if "REJECTED" in outcomes:
        return ExitCode.REJECTED
    if run.shortcomings(min_score):
        return ExitCode.POOR
    return ExitCode.WAITING if "WAITING" in outcomes or run.leftovers else ExitCode.DONE


def code_of_report(report: "Report", min_score: float | None = None) -> ExitCode:
    """How `report` ends; the first of what applies.

    Args:
        report: What it tells.
        min_score: What the newest batch's score must reach; None asks for none.
    """
    outcomes = {result.status for result in report.taken}
    if report.pending or report.is_withdrawal_open or "FAILED" in outcomes:
        return ExitCode.FAILED
    if "REJECTED" in outcomes:
        return ExitCode.REJECTED
    is_poor = report.newest is not None and bool(report.newest.shortcomings(min_score))
    return ExitCode.POOR if is_poor else ExitCode.DONE
