"""The local engine's process: one Sail server per warehouse, running in the background.

Its whole state is `<warehouse>/.engine/`: `engine.json` names the process, `engine.log` is its
output. Sail asks nobody for a password: who knows the port and the session's id sees the tables.
So the id is random, and stands in a file that only its owner can read.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from ingest.errors import EngineError
from ingest.private import make_private, private_files

HOST = "127.0.0.1"
START_SECONDS = 60
STOP_SECONDS = 15
# Sail forgets an idle session, and with it every table name: a century is never.
SESSION_TIMEOUT_SECONDS = 100 * 365 * 24 * 3600


@dataclass(frozen=True)
class Server:
    """A server as `engine.json` describes it.

    Attributes:
        pid: Process id.
        port: Port on 127.0.0.1.
        session_id: Spark Connect session that all clients share, and with it one catalog.
        started_at: Start time, UTC, ISO 8601.
    """

    pid: int
    port: int
    session_id: str
    started_at: str

    @property
    def remote(self) -> str:
        """Spark Connect address, for `SPARK_REMOTE`."""
        return f"sc://{HOST}:{self.port}/;session_id={self.session_id}"


def running(warehouse: Path) -> Server | None:
    """The warehouse's server, or None when none is up (whatever an old `engine.json` says)."""
    server = _last(warehouse)
    return server if server and _is_ours(server.pid, warehouse) else None


@private_files()
def start(warehouse: Path, port: int | None = None) -> Server:
    """Start the warehouse's server, or return the one that is up.

    Args:
        warehouse: Folder of the tables; created when missing.
        port: Port to use; None takes the last one, else any free one.

    Raises:
        EngineError: The port is taken, or the server does not come up.
    """
    state = _state(warehouse)
    make_private(warehouse)
    make_private(state)
    with FileLock(state / "start.lock", mode=0o600):
        if known := running(warehouse):
            pid = known.pid
            # It may be starting still, for a command that was killed meanwhile.
            if _comes_up(known, lambda: _is_ours(pid, warehouse)):
                return known
            if _is_ours(pid, warehouse):
                _signal(pid, signal.SIGKILL)
        if port is not None and not _is_free(port):
            raise EngineError(f"Port {port} is taken: choose another, or leave --port out.")
        for candidate in [port] if port is not None else _candidates(warehouse):
            if server := _launch(warehouse, candidate):
                return server
    raise EngineError(f"The local engine did not start; see {_log(warehouse)}.")


def renew_session(warehouse: Path, server: Server) -> Server:
    """Give the server's clients a new session, after one of them ended the one that they shared."""
    renewed = replace(server, session_id=str(uuid.uuid4()))
    _save(warehouse, renewed)
    return renewed


def stop(warehouse: Path) -> bool:
    """Stop the warehouse's server; False when none was up.

    Also one that nothing tells of any more, as when the warehouse was deleted under it.

    Raises:
        EngineError: The process does not end.
    """
    server = running(warehouse)
    ports = [server.port] if server else []
    pids = _servers_of(warehouse)
    if not pids:
        return False
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            _signal(pid, signal_number)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            # A process loses its name before its port.
            if not any(_is_ours(pid, warehouse) for pid in pids) and not any(map(_answers, ports)):
                return True
            time.sleep(0.05)
    raise EngineError(
        f"The local engine (process {', '.join(map(str, pids))}) does not end: end it by kill -9."
    )


def _launch(warehouse: Path, port: int) -> Server | None:
    command = [sys.executable, "-m", "pysail", "spark", "server"]
    command += ["--ip", HOST, "--port", str(port), "--directory", str(warehouse)]
    environment = os.environ | {
        "SAIL_SPARK__SESSION_TIMEOUT_SECS": str(SESSION_TIMEOUT_SECONDS),
        "TZ": "UTC",
        # Milliseconds for which memory is kept for the next statement; by default it is 10.
        "MIMALLOC_PURGE_DELAY": "5000",
    }
    with _log(warehouse).open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=warehouse,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # A session of its own: Ctrl-C in the shell that started it does not end it.
            start_new_session=True,
        )
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    server = Server(process.pid, port, str(uuid.uuid4()), started_at)
    # At once: a command that is killed while it waits leaves no process that nobody knows of.
    _save(warehouse, server)
    if _comes_up(server, lambda: process.poll() is None):
        return server
    process.kill()
    process.wait()
    return None


def _comes_up(server: Server, is_alive: Callable[[], bool]) -> bool:
    """Wait until a server answers, as long as it lives and not without end."""
    deadline = time.monotonic() + START_SECONDS
    while is_alive() and time.monotonic() < deadline:
        if _answers(server.port):
            return True
        time.sleep(0.05)
    return False


def _candidates(warehouse: Path) -> Iterator[int]:
    """The port of the last time, else one that the system gives out to nobody else."""
    last = _last(warehouse)
    if last and _is_free(last.port):
        yield last.port
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    yield port


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _answers(port: int) -> bool:
    with closing(socket.socket()) as probe:
        try:
            probe.connect((HOST, port))
            # Where nobody listens, the probe may by chance be given that port, and reach itself.
            return bool(probe.getsockname() != probe.getpeername())
        except OSError:
            # Nobody is there; or a server that is ending, whose port still took the connection.
            return False


def _is_ours(pid: int, warehouse: Path) -> bool:
    """Whether the process is this warehouse's server, and not a later process with the same id."""
    arguments = _command_line(pid)
    return "pysail" in arguments and arguments.endswith(f"--directory {warehouse}")


def _servers_of(warehouse: Path) -> list[int]:
    """Processes that are this warehouse's server: one, or more where its state was deleted."""
    if Path("/proc/self").exists():
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    else:
        listing = subprocess.run(
            ["ps", "-A", "-o", "pid=,command="], capture_output=True, text=True, check=False
        ).stdout
        pids = [int(line.split()[0]) for line in listing.splitlines() if "pysail" in line]
    return [pid for pid in sorted(pids) if _is_ours(pid, warehouse)]


def _command_line(pid: int) -> str:
    if Path("/proc/self").exists():
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return ""
        return raw.decode(errors="replace").rstrip("\0").replace("\0", " ")
    # No /proc: macOS.
    listing = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listing.stdout.strip()


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError:
        message = f"The local engine (process {pid}) belongs to another user, who must stop it."
        raise EngineError(message) from None


def _state(warehouse: Path) -> Path:
    return warehouse / ".engine"


def _log(warehouse: Path) -> Path:
    return _state(warehouse) / "engine.log"


def _last(warehouse: Path) -> Server | None:
    """The server that was started last, up or not."""
    try:
        return Server(**json.loads((_state(warehouse) / "engine.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


@private_files()
def _save(warehouse: Path, server: Server) -> None:
    file = _state(warehouse) / "engine.json"
    part = file.with_suffix(".part")
    part.write_text(json.dumps(asdict(server), indent=2) + "\n", "utf-8")
    part.replace(file)
