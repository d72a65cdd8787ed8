"""What `status` and `report` tell, read from the tables once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from pyspark.sql import SparkSession

from ingest.batches.ledger import Landing, Ledger, LedgerState, Reconciliation
from ingest.batches.processing_log import (
    LoggedTrigger,
    OpenTrigger,
    WaitingTrigger,
    failed_builds,
    open_triggers,
    triggers_of_run,
    waiting_triggers,
)
from ingest.batches.results import Anomaly, FailedRule, anomalies, failed_rules
from ingest.batches.trigger import triggers_in
from ingest.config import Settings
from ingest.errors import ConfigError
from ingest.feed_root import FeedRoot

_REJECTED_SHOWN = 20


@dataclass(frozen=True)
class Status:
    """The batches, and what did not land.

    Attributes:
        landings: All landings.
        results: Results of the applied ones by number.
        waiting: The triggers that are in their source folder still.
        rejected: The triggers rejected last that are open still, newest first.
        anomalies: Anomalies of all batches.
    """

    landings: tuple[Landing, ...] = ()
    results: Mapping[int, Reconciliation] = field(default_factory=dict)
    waiting: tuple[WaitingTrigger, ...] = ()
    rejected: tuple[OpenTrigger, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()


@dataclass(frozen=True)
class Report:
    """The last run, a batch, and what is still to apply.

    Attributes:
        taken: What the run's triggers came to.
        failed_rules: Failed rules of the batch, worst first.
        anomalies: Its anomalies, the worst first.
        pending: What is landed but not applied, oldest batch_date first.
        failed_builds: Why the last build of a batch failed, by batch_id; None stands for the one
            that empties the tables.
        is_withdrawal_open: Whether the tables still hold a batch that was withdrawn.
        newest: Result of the newest applied batch; None when there is none.
    """

    taken: tuple[LoggedTrigger, ...] = ()
    failed_rules: tuple[FailedRule, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()
    pending: tuple[Landing, ...] = ()
    failed_builds: Mapping[str | None, str] = field(default_factory=dict)
    is_withdrawal_open: bool = False
    newest: Reconciliation | None = None


def read_status(session: SparkSession, settings: Settings) -> Status:
    """Read the batches, and the triggers of the feed root that did not land."""
    state = Ledger(session, settings).read()
    triggers = triggers_in(FeedRoot.of(settings).triggers)
    rejected = open_triggers(session, settings, _REJECTED_SHOWN, outcomes=["REJECTED"])
    return Status(
        landings=state.landings,
        results=state.results,
        waiting=tuple(waiting_triggers(session, _log(settings), triggers)),
        rejected=tuple(rejected),
        anomalies=tuple(anomalies(session, _odd(settings))),
    )


def read_report(session: SparkSession, settings: Settings, batch_id: str | None = None) -> Report:
    """Read the run that the settings name, else the last, and a batch's results.

    Args:
        session: Where the tables are.
        settings: Names the tables.
        batch_id: Which batch; None means the newest that is applied.

    Raises:
        ConfigError: No applied batch has that id.
    """
    state = Ledger(session, settings).read()
    day = _day_of(state, batch_id)
    validated = settings.table("ops", "validation_results")
    return Report(
        taken=tuple(triggers_of_run(session, _log(settings), settings.run_id)),
        failed_rules=tuple(failed_rules(session, validated, batch_id)),
        anomalies=tuple(anomalies(session, _odd(settings), day)) if day else (),
        pending=tuple(state.pending()),
        failed_builds=failed_builds(session, _log(settings)) if state.is_due else {},
        is_withdrawal_open=state.is_withdrawal_open,
        newest=state.newest_result,
    )


def _day_of(state: LedgerState, batch_id: str | None) -> date | None:
    applied = {item.batch_id: item.batch_date for item in state.landings if item.is_applied}
    if batch_id is None:
        return max(applied.values(), default=None)
    if batch_id not in applied:
        raise ConfigError(
            f"No applied batch has the id {batch_id}: python -m ingest status lists the batches."
        )
    return applied[batch_id]


def _log(settings: Settings) -> str:
    return settings.table("ops", "processing_log")


def _odd(settings: Settings) -> str:
    return settings.table("ops", "metric_anomalies")
