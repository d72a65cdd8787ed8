"""The loop of `python -m ingest watch`: does its work whenever files have arrived and are quiet."""

import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import FrameType

from watchfiles import watch as changes_in
from watchfiles._rust_notify import WatchfilesRustInternalError
from watchfiles.main import FileChange

from ingest.batches.trigger import is_trigger
from ingest.config import Settings
from ingest.engines.engine import exclusive_use
from ingest.engines.local import LocalEngine
from ingest.errors import BusyError, ConfigError, PipelineError
from ingest.files import Sighting, is_clutter, sighting
from ingest.messages import explain, one_line

Tell = Callable[[str, str], None]


@dataclass(frozen=True)
class Pace:
    """How long the loop waits, in seconds.

    Attributes:
        quiet: No file has changed for so long before work begins: one may be half-written.
        patience: Files that never come to rest are not waited for any longer.
        first_retry: Until work that failed is tried again; each time twice as long.
        last_retry: But no longer than this.
        glance: How often to look without being told of a change, which a network share may not do.
        tick: How exactly all this is kept.
    """

    quiet: float = 0.5
    patience: float = 30.0
    first_retry: float = 5.0
    last_retry: float = 300.0
    glance: float = 10.0
    tick: float = 0.25


class Stop:
    """Ends the loop on Ctrl-C or SIGTERM: at once while it waits, else when its work is done.

    The second signal ends the work too, like any command that is interrupted.
    """

    def __init__(self, tell: Tell) -> None:
        """Tell a user who has to wait."""
        self.asked = Event()
        self._tell = tell
        self._is_at_work = False

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Take the signals meanwhile."""
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        self._listen()
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def after_work(self) -> Iterator[None]:
        """Let what is done meanwhile come to its end."""
        self._is_at_work = True
        try:
            yield
        finally:
            self._is_at_work = False
            # Spark, where it is in this process, takes Ctrl-C for itself.
            self._listen()

    def _listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if not self._is_at_work:
            self.asked.set()
        elif self.asked.is_set():
            raise KeyboardInterrupt
        else:
            self.asked.set()
            self._tell(
                "STOP", "Ends when this run is done. Once more ends it now; nothing is lost."
            )


class Watch:
    """Source folders, and the work that what arrives in them asks for."""

    def __init__(
        self,
        triggers: Path,
        data: Iterable[Path],
        work: Callable[[], bool],
        tell: Tell,
        pace: Pace | None = None,
    ) -> None:
        """Watch folders that are there.

        Args:
            triggers: Where triggers arrive; without any in it, data files ask for no work.
            data: Where data files arrive.
            work: What to do; False when it failed and is to be tried again.
            tell: Takes a word and a message for whoever looks on.
            pace: How long to wait.
        """
        self._triggers = triggers
        self._folders = [triggers, *data]
        self._work = work
        self._tell = tell
        self._pace = pace or Pace()
        self._files: dict[Path, Sighting] = {}
        self._looked_at = float("-inf")
        # When the first and the last of the files changed that no work was done for yet.
        self._unrest: tuple[float, float] | None = None
        self._wait = self._pace.first_retry
        # What was there before, or was left half-done, is due at once.
        self._retry_at = 0.0

    def until(self, stop: Stop) -> None:
        """Work now, and whenever files have arrived, until asked to stop.

        What goes wrong is told, and tried again: when files arrive, else after a while.
        """
        for changes in self._changes(stop):
            if changes or time.monotonic() - self._looked_at >= self._pace.glance:
                self._look()
            if self._is_due():
                self._try(stop)

    def _changes(self, stop: Stop) -> Iterator[set[FileChange]]:
        """What the system tells of the folders; nothing, at every tick, when it has nothing to."""
        tick_ms = round(1000 * self._pace.tick)
        try:
            yield from changes_in(
                *self._folders,
                # Names are looked at here.
                watch_filter=None,
                recursive=False,
                debounce=tick_ms,
                step=tick_ms // 2,
                rust_timeout=tick_ms,
                yield_on_timeout=True,
                stop_event=stop.asked,
            )
        except (OSError, WatchfilesRustInternalError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise ConfigError(
                f"The folders in {self._triggers.parent.parent} cannot be watched: {reason}. With"
                " WATCHFILES_FORCE_POLLING=1 in the environment no help of the system is needed."
            ) from None

    def _look(self) -> None:
        """Note what has changed since the last look; what has gone was moved by the work."""
        before, self._files = self._files, dict(self._sightings())
        self._looked_at = time.monotonic()
        changed = [path for path, seen in self._files.items() if before.get(path) != seen]
        if changed:
            since = self._unrest[0] if self._unrest else self._looked_at
            self._unrest = since, self._looked_at
        for path in changed:
            if self._is_trigger(path) and path not in before:
                self._tell("SEEN", one_line(path.name))

    def _sightings(self) -> Iterator[tuple[Path, Sighting]]:
        for folder in self._folders:
            for path in sorted(folder.glob("*")):
                seen = None if is_clutter(path.name) else sighting(path)
                if seen:
                    yield path, seen

    def _is_trigger(self, path: Path) -> bool:
        return path.parent == self._triggers and is_trigger(path)

    def _is_due(self) -> bool:
        now = time.monotonic()
        if self._unrest:
            first, last = self._unrest
            if now - last < self._pace.quiet and now - first < self._pace.patience:
                return False
            self._unrest = None
            if any(map(self._is_trigger, self._files)):
                self._wait = self._pace.first_retry
                return True
        return now >= self._retry_at

    def _try(self, stop: Stop) -> None:
        # What changes from here on is to be worked on again.
        self._look()
        self._unrest = None
        try:
            with stop.after_work():
                is_done, message = self._work(), "Something failed."
        except PipelineError as error:
            is_done, message = False, str(error)
        except Exception as error:
            is_done, message = False, explain(error)
        if is_done:
            self._wait, self._retry_at = self._pace.first_retry, float("inf")
            if not stop.asked.is_set():
                place = self._triggers.parent.parent
                self._tell("WATCH", f"Waits for files in {place}; Ctrl-C ends.")
            return
        if stop.asked.is_set():
            self._tell("FAILED", message)
            return
        self._tell("RETRY", f"{message} Tries again in {self._wait:g} s, or when files arrive.")
        self._retry_at = time.monotonic() + self._wait
        self._wait = min(2 * self._wait, self._pace.last_retry)


@contextmanager
def kept_engine(settings: Settings, tell: Tell) -> Iterator[Callable[[], None]]:
    """Gives what brings the local engine up where it is down, so that no run has to wait for it.

    Only runs lock the warehouse: other commands work between them. An engine that was down before
    is stopped at the end. Other engines live as long as a run.
    """
    if settings.target != "local":
        yield lambda: None
        return
    engine = LocalEngine(settings)
    was_up = engine.is_up
    is_first = True

    def keep() -> None:
        nonlocal is_first
        if not engine.is_up:
            tell("ENGINE", "The engine starts." if is_first else "The engine is gone: starts anew.")
            engine.start()
        is_first = False

    try:
        yield keep
    finally:
        if not was_up and engine.is_up:
            try:
                with exclusive_use(settings.warehouse):
                    engine.stop()
            except BusyError:
                tell("NOTE", "The engine is left running: another command is at work in it.")
