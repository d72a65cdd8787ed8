"""How far a dbt build is: how many nodes of how many, and the slowest one in flight."""

import time
from collections.abc import Callable
from threading import Lock


class BuildProgress:
    """Listens to the nodes of one build, from dbt's threads, and says how far it is."""

    def __init__(
        self,
        what: str,
        on_failure: Callable[[str, str], None],
        *,
        starting: str = "dbt starts",
        on_pause: Callable[[str], None] | None = None,
        pause: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin a build.

        Args:
            what: What is built, such as a batch.
            on_failure: Is told at once of each node that fails, and why.
            starting: What goes on until dbt has read the project.
            on_pause: Is told now and then how far the build is; for those who see no bar.
            pause: Seconds between two such messages, at least.
            clock: Gives the time in seconds.
        """
        self.what = what
        self.done = 0
        self.total: int | None = None
        self.failed: set[str] = set()
        self._starting = starting
        self._on_failure = on_failure
        self._on_pause = on_pause
        self._pause = pause
        self._clock = clock
        self._told_at = clock()
        self._running: dict[str, float] = {}
        self._lock = Lock()

    def begins(self, total: int) -> None:
        """Dbt has read the project, and runs so many nodes."""
        self.total = total

    def node_starts(self, name: str) -> None:
        """A node starts."""
        with self._lock:
            self._running[name] = self._clock()
        self._tell_now_and_then()

    def node_ends(self, name: str, failure: str | None, *, is_counted: bool = True) -> None:
        """A node has ended.

        Args:
            name: The node.
            failure: Why it failed; None when it did not.
            is_counted: Whether it is one of the total; hooks are not.
        """
        with self._lock:
            self._running.pop(name, None)
            self.done += is_counted
        if failure is not None:
            self.failed.add(name)
            self._on_failure(name, failure)
        self._tell_now_and_then()

    def state(self, width: int = 100) -> str:
        """Such as `37/184  slowest: orders_target 2.1 s`; names are cut to fit the width."""
        if self.total is None:
            return self._starting
        with self._lock:
            slowest = min(self._running.items(), key=lambda item: item[1], default=None)
        count = f"{self.done}/{self.total}"
        if slowest is None:
            return count
        name, since = slowest
        start, end = f"{count}  slowest: ", f" {self._clock() - since:.1f} s"
        room = max(width - len(start) - len(end), 1)
        return f"{start}{name if len(name) <= room else name[: room - 1] + '…'}{end}"

    def _tell_now_and_then(self) -> None:
        if self._on_pause is None or self._clock() - self._told_at < self._pause:
            return
        self._told_at = self._clock()
        self._on_pause(self.state())
