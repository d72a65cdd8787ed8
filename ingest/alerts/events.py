"""Events that are told, each as one sentence without data values.

The sentence is what makes an event the same or another one, so nothing stands in it that differs
from run to run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ingest.batches.intake import Outcome, TriggerResult
from ingest.batches.ledger import Landing
from ingest.errors import EngineError, PipelineError
from ingest.messages import one_line
from ingest.pipeline import Applied, Run

_LONGEST = 1000
_NAMED = 10
_BAD = {
    Outcome.REJECTED: "was rejected",
    Outcome.FAILED: "could not be looked at",
}


@dataclass(frozen=True)
class Alert:
    """One event.

    Attributes:
        text: What happened, and where to look.
        batch_id: The batch that it is about, when known, like the next.
        batch_date: Its business date.
        is_mendable: Whether a build that succeeds ends it, so that it is news when it comes again.
    """

    text: str
    batch_id: str | None = None
    batch_date: date | None = None
    is_mendable: bool = False


def events_of_run(run: Run) -> list[Alert]:
    """Events of a run, in its order."""
    events = [_of_trigger(result) for result in run.taken if result.outcome in _BAD]
    for build in run.builds:
        events += _of_batch(build) if build.result.success else [_of_failed_build(build)]
    return events


def failed_run(error: Exception) -> Alert:
    """A run that ended by an error; what an engine says of one may quote data."""
    if isinstance(error, EngineError):
        reason = "the engine failed, or did not start. The run's output says why."
    elif isinstance(error, PipelineError):
        reason = str(error)
    else:
        reason = f"unexpected error ({type(error).__name__})."
    return Alert(_short(f"The run failed: {reason}"), is_mendable=True)


def nothing_new(landings: Sequence[Landing], days: int | None, at: datetime) -> Alert | None:
    """That nothing has landed for some days, by the clock; None when something has, or never did.

    Args:
        landings: All landings.
        days: How many days are too many; None means that none are.
        at: The present time.
    """
    newest = max((landing.landed_at for landing in landings), default=None)
    if days is None or newest is None or at - newest <= timedelta(days=days):
        return None
    return Alert(
        f"Nothing new for more than {days} days: the last batch landed on"
        f" {newest:%Y-%m-%d %H:%M} UTC. Do triggers arrive in the feed root?"
    )


def _of_trigger(result: TriggerResult) -> Alert:
    text = f"The trigger {result.name} {_BAD[result.outcome]}: {result.message}"
    return Alert(_short(text), result.batch_id, result.batch_date)


def _of_failed_build(build: Applied) -> Alert:
    """Names of nodes alone, for the same reason."""
    names = [name for name, _ in build.result.failures]
    text = f"The build of {_batch(build.landing)} failed in {_some(names)}. python -m ingest report"
    landing = build.landing
    return Alert(
        _short(f"{text} tells why."),
        landing.batch_id if landing else None,
        landing.batch_date if landing else None,
        is_mendable=True,
    )


def _of_batch(build: Applied) -> list[Alert]:
    landing, result = build.landing, build.reconciliation
    if landing is None or result is None:
        return []
    texts = []
    if result.status == "FAIL":
        texts.append(
            f"validation FAIL, score {result.score:.2f}, {result.quarantined_rows} of"
            f" {result.file_rows} rows quarantined. python -m ingest report tells which rules"
            " failed."
        )
    texts += [f"no row of {feed} is valid." for feed in result.feeds_without_valid_rows]
    if build.anomalies:
        odd = _some([str(item) for item in build.anomalies])
        texts.append(f"odd beside the batches before it: {odd}.")
    name = _batch(landing)
    return [
        Alert(_short(f"{name[0].upper()}{name[1:]}: {text}"), landing.batch_id, landing.batch_date)
        for text in texts
    ]


def _batch(landing: Landing | None) -> str:
    """A batch by its landing: what comes in place of another is not the same."""
    if landing is None:
        return "the tables without any batch"
    return f"batch {landing.batch_id} of {landing.batch_date} (landing {landing.number})"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return "; ".join(names[:_NAMED]) + (f"; and {more} more" if more > 0 else "")


def _short(text: str) -> str:
    clean = one_line(text)
    return clean if len(clean) <= _LONGEST else f"{clean[:_LONGEST]} …"
