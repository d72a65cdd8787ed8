"""A command as a whole process: what it took, and what the engine took that it started."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_INTERVAL = 0.05


@dataclass(frozen=True)
class Cost:
    """What a command cost, with all its processes.

    Attributes:
        seconds: From its start to its end, by the clock.
        processor_seconds: Of all cores together, the system's work included.
        peak_bytes: Largest memory of all processes together, looked at twenty times a second.
    """

    seconds: float
    processor_seconds: float
    peak_bytes: int

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s, {self.peak_bytes / 1e9:.2f} GB"


class CommandFailed(Exception):
    """A command that is measured has failed."""


def measured(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], engine: Path | None = None
) -> Cost:
    """Run a command and measure it.

    Args:
        command: Program and arguments.
        folder: Where it runs.
        environment: Variables in addition to those of this process.
        engine: State of a local engine, whose process outlives the command: its share counts too.

    Raises:
        CommandFailed: It ended with an error.
    """
    engine_before = _processor_seconds(_engine_process(engine))
    begun = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watch = _Watch(process.pid, engine)
    watch.start()
    output, _ = process.communicate()
    seconds = time.perf_counter() - begun
    watch.ended.set()
    watch.join()
    if process.returncode:
        raise CommandFailed(f"{' '.join(command)} failed:\n{output[-2000:]}")
    engine_after = _processor_seconds(_engine_process(engine))
    # A process that has ended is counted where its parent has waited for it.
    own = watch.processor_seconds
    return Cost(seconds, own + engine_after - engine_before, watch.peak)


class _Watch(threading.Thread):
    """Looks at memory and processor time of a command's processes while it runs."""

    def __init__(self, root: int, engine: Path | None) -> None:
        super().__init__(daemon=True)
        self._root = root
        self._engine = engine
        self.ended = threading.Event()
        self.peak = 0
        self.processor_seconds = 0.0

    def run(self) -> None:
        while not self.ended.wait(_INTERVAL):
            processes = _tree(self._root)
            engine = _engine_process(self._engine)
            memory = processes if engine is None else processes | {engine}
            self.peak = max(self.peak, sum(map(_resident_bytes, memory)))
            own = sum(map(_processor_seconds, processes - {engine}))
            self.processor_seconds = max(self.processor_seconds, own)


def _engine_process(state: Path | None) -> int | None:
    try:
        return int(json.loads(state.read_text())["pid"]) if state else None
    except (OSError, ValueError, KeyError):
        return None


def _tree(root: int) -> set[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents[int(entry.name)] = int(fields[1])
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _stat(pid: int) -> list[str]:
    """Fields of /proc/<pid>/stat after the name, which may hold anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _processor_seconds(pid: int | None) -> float:
    fields = _stat(pid) if pid is not None else []
    # Its own, and of children that have ended.
    return sum(map(int, fields[11:15])) / _TICKS if fields else 0.0


def _resident_bytes(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[21]) * _PAGE if fields else 0
