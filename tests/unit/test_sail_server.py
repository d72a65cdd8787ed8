"""Which process is a warehouse's engine: not every one that has its id, or part of its command."""

import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from ingest.engines import sail_server


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process with these words in its command line, which does nothing."""
    command = [sys.executable, "-c", "print(flush=True); input()", *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as running:
        assert running.stdout is not None
        # Before its first line it may not have its command line yet.
        running.stdout.readline()
        try:
            yield running
        finally:
            running.kill()


@pytest.mark.parametrize(
    ("words", "is_ours"),
    [
        (("pysail", "--directory", "{warehouse}"), True),
        (("pysail", "--directory", "{warehouse}2"), False),
        (("pysail", "--directory", "/elsewhere{warehouse}"), False),
        (("pysail", "{warehouse}"), False),
        (("vi", "--directory", "{warehouse}"), False),
        ((), False),
    ],
)
def test_engine_is_known_by_its_command(
    words: tuple[str, ...], is_ours: bool, tmp_path: Path
) -> None:
    with process(*(word.format(warehouse=tmp_path) for word in words)) as other:
        state = {"pid": other.pid, "port": 1, "session_id": "x", "started_at": "x"}
        (tmp_path / ".engine").mkdir()
        (tmp_path / ".engine" / "engine.json").write_text(json.dumps(state))

        assert (sail_server.running(tmp_path) is not None) == is_ours
        if not is_ours:
            assert not sail_server.stop(tmp_path)
            assert other.poll() is None


def test_only_the_owner_reads_the_session(tmp_path: Path) -> None:
    """Also of a session that is renewed in a folder that others may enter."""
    (tmp_path / ".engine").mkdir()
    before = os.umask(0o022)
    try:
        sail_server.renew_session(tmp_path, sail_server.Server(1, 1, "x", "x"))
    finally:
        os.umask(before)

    file = tmp_path / ".engine" / "engine.json"
    assert json.loads(file.read_text())["session_id"] != "x"
    assert file.stat().st_mode & 0o777 == 0o600


def test_engine_whose_warehouse_was_deleted_is_stopped(tmp_path: Path) -> None:
    warehouse = tmp_path / "gone"
    with process("pysail", "--directory", str(warehouse)) as engine:
        assert sail_server.stop(warehouse)
        assert engine.wait(5) != 0

    assert not sail_server.stop(warehouse)


def test_probe_that_reaches_itself_is_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the system gives it the port that it asks for."""
    with socket.socket() as free:
        free.bind((sail_server.HOST, 0))
        port = free.getsockname()[1]

    reached = []

    class Given(socket.socket):
        def connect(self, address: Any) -> None:
            self.bind(address)
            super().connect(address)
            reached.append(address)

    monkeypatch.setattr(sail_server.socket, "socket", Given)
    assert not sail_server._answers(port)
    assert reached == [(sail_server.HOST, port)]


def test_engine_that_ends_as_it_is_asked_is_no_fault() -> None:
    """It resets a connection that its port has taken: often before the probe has looked at it."""
    with socket.create_server((sail_server.HOST, 0), backlog=50) as ending:

        def reset() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = ending.accept()
                    at_once = struct.pack("ii", 1, 0)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
                    connection.close()

        threading.Thread(target=reset, daemon=True).start()
        answers = [sail_server._answers(ending.getsockname()[1]) for _ in range(500)]
        ending.shutdown(socket.SHUT_RDWR)

    assert len(answers) == 500


def test_engine_that_listens_answers() -> None:
    with socket.create_server((sail_server.HOST, 0)) as listening:
        assert sail_server._answers(listening.getsockname()[1])
