"""Sends alerts, each once on each channel, whatever becomes of a run.

What was sent stands in the processing log as rows of step `alert`, and what was not as well: the
next run that has the channel tries it again.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from pyspark.errors import PySparkException

from ingest.alerts.channels import Channel, NotSent, deliver
from ingest.alerts.events import Alert, failed_run
from ingest.batches.processing_log import LoggedAlert, LogRow, now
from ingest.errors import BusyError


class AlertLog(Protocol):
    """What is needed of the processing log."""

    def alerts(self) -> list[LoggedAlert]:
        """The rows of step `alert`, oldest first."""

    def write(self, rows: list[LogRow]) -> None:
        """Append rows."""


class Outbox:
    """The alerts of one run."""

    def __init__(
        self,
        channels: Sequence[Channel],
        warn: Callable[[str], None],
        deliver: Callable[[Channel, str], None] = deliver,
        patience: float = 60.0,
    ) -> None:
        """Send by the channels.

        Args:
            channels: Ways on which each alert goes out; none switches alerts off.
            warn: Takes a sentence about what could not be sent.
            deliver: Sends a text on a channel, or raises NotSent.
            patience: Seconds after which a channel gets no further text in this run.
        """
        self._channels = channels
        self._warn = warn
        self._deliver = deliver
        self._patience = patience
        self._log: AlertLog | None = None
        self._is_failure_told = False

    @property
    def is_on(self) -> bool:
        """Whether there is any channel."""
        return bool(self._channels)

    @contextmanager
    def telling_failure(self) -> Iterator[None]:
        """Tell of an error that ends what is done meanwhile, unless it was told already.

        That another command is at work in the warehouse is none.
        """
        try:
            yield
        except BusyError:
            raise
        except Exception as error:
            # An engine that fails is not to be asked for the log: that takes minutes.
            is_too_early = self._log is not None and isinstance(error, PySparkException)
            if not (self._is_failure_told or is_too_early):
                self._is_failure_told = True
                self.tell([failed_run(error)])
            raise

    @contextmanager
    def with_log(self, log: AlertLog) -> Iterator[None]:
        """Keep meanwhile in the log what was sent; tell of an error that ends it."""
        self._log = log
        try:
            with self.telling_failure():
                yield
        finally:
            self._log = None

    def tell(self, alerts: Sequence[Alert]) -> None:
        """Send what was not sent before; never fails."""
        if not self.is_on:
            return
        try:
            logged = self._log.alerts() if self._log else []
        except Exception as error:
            # A message too many is better than none.
            self._warn(f"Alerts: what was sent before cannot be read ({type(error).__name__}).")
            logged = []
        rows = []
        for channel in self._channels:
            rows += self._tell_on(channel, alerts, logged)
        if not (rows and self._log):
            return
        try:
            self._log.write(rows)
        except Exception as error:
            self._warn(f"Alerts: what was sent cannot be logged ({type(error).__name__}).")

    def _tell_on(
        self, channel: Channel, alerts: Sequence[Alert], logged: Sequence[LoggedAlert]
    ) -> list[LogRow]:
        mark = f"{channel.name}: "
        before = {item.message.removeprefix(mark): item for item in logged if item.is_on(mark)}
        late = {text: item for text, item in before.items() if not item.is_sent}
        due = {}
        for alert in alerts:
            told = before.get(alert.text)
            if told is None or (alert.is_mendable and told.is_mended):
                due[alert.text] = alert
        for text, item in late.items():
            due.setdefault(text, Alert(f"Told late: {text}", item.batch_id, item.batch_date))
        rows: list[LogRow] = []
        failure: NotSent | None = None
        deadline = time.monotonic() + self._patience
        for text, alert in due.items():
            started_at = now()
            # A channel that is down or slow does not get to hold up the run with each.
            if not (failure and failure.is_passing) and time.monotonic() > deadline:
                failure = NotSent("it takes too long", is_passing=True)
            is_down = failure is not None and failure.is_passing
            unsent = failure if is_down else self._try(channel, alert.text)
            failure = unsent or failure
            if unsent and text in late:
                continue
            rows.append(
                LogRow(
                    batch_id=alert.batch_id,
                    batch_date=alert.batch_date,
                    step="alert",
                    status="WARNING" if unsent else "SUCCESS",
                    message=mark + text,
                    started_at=started_at,
                )
            )
        if failure:
            self._warn(f"Alerts were not sent by {channel.name}: {failure}. {self._what_next}")
        return rows

    @property
    def _what_next(self) -> str:
        if self._log:
            return "The next run tries again; processing_log has them, step alert."
        return "What they say stands in the output of the run alone."

    def _try(self, channel: Channel, text: str) -> NotSent | None:
        """Send a text; gives what kept it from being sent."""
        try:
            self._deliver(channel, text)
        except NotSent as failure:
            return failure
        except Exception as error:
            return NotSent(f"unexpected error ({type(error).__name__})", is_passing=False)
        return None
