"""Where to look after a run: the commands that answer what it leaves open."""

from dataclasses import dataclass

from ingest.batches.intake import Outcome
from ingest.config import Settings, command_line
from ingest.pipeline import Run


@dataclass(frozen=True)
class NextStep:
    """A command to type, and what it is good for."""

    command: str
    purpose: str


def next_steps(run: Run, settings: Settings) -> list[NextStep]:
    """What to look at after a run, the most urgent first; nothing that does not apply.

    Args:
        run: What was done.
        settings: Where; the commands work there too.
    """
    if settings.target == "databricks":
        # There the job's tasks report, and a person has the dashboards.
        return []
    outcomes = [result.outcome for result in run.taken]
    applied = [build.reconciliation for build in run.builds if build.reconciliation]
    quarantined = sum(found.quarantined_rows for found in applied)
    is_broken = not all(build.success for build in run.builds)
    steps = []

    def add(purpose: str, words: str, *, with_root: bool = False) -> None:
        steps.append(NextStep(command_line(settings, words, with_root=with_root), purpose))

    if is_broken:
        add("why the build failed; mend that, and run again", "report")
    open_ones = [
        item for item in outcomes if item in (Outcome.REJECTED, Outcome.FAILED, Outcome.WAITING)
    ]
    if open_ones:
        add(f"triggers that did not land, and why: {len(open_ones)}", "status", with_root=True)
    if Outcome.LANDED in outcomes and not run.builds:
        add("applies what has landed", "run", with_root=True)
    if quarantined:
        add(f"quarantined rows, by file and rule: {quarantined}", "errors --open")
    if any(found.status == "FAIL" for found in applied) or any(b.anomalies for b in run.builds):
        add("the newest batch's failed rules and anomalies", "report")
    if applied:
        add("the page about it", "report --html report.html --open")
    return steps
