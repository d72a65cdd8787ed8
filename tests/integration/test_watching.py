"""`python -m ingest watch` as a process, on a day of the sample."""

import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

from support.stack import Stack, deliver_day

from ingest.config import PROJECT_DIR
from ingest.engines.local import LocalEngine

DAY = "2025_01_15"


def test_watch_lands_applies_and_shows(
    engine: LocalEngine, warehouse: Path, tmp_path: Path
) -> None:
    stack = Stack(tmp_path / "feeds", warehouse, "watched")
    deliver_day(tmp_path / "sender", DAY)
    triggers = stack.root / "triggers" / "source"
    triggers.mkdir(parents=True)
    page = tmp_path / "report.html"
    program = [sys.executable, "-m", "ingest", "watch", "--root", str(stack.root)]
    program += ["--html", str(page), "--serve", "--port", "0"]
    with stack.environment_set():
        process = subprocess.Popen(
            program,
            cwd=PROJECT_DIR,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        shown = _reader(process)
        address = shown("PAGE").split()[-1]
        shown("WATCH")
        name = f"trigger_{DAY}.json"
        (tmp_path / "sender" / "triggers" / "source" / name).rename(triggers / name)
        shown("SEEN")
        assert "customers_2025_01_15.csv" in shown("WAITING")
        shown("WATCH")
        # Nothing is locked while it waits.
        assert name in stack.ingest("status", "--json").output
        assert stack.ingest("land").exit_code == 3
        for source in (tmp_path / "sender").glob(f"*_data/source/*{DAY}*"):
            source.rename(stack.root / source.relative_to(tmp_path / "sender"))
        shown("LANDED")
        assert "Score" in shown("APPLIED")
        shown("WATCH")
        with urllib.request.urlopen(address, timeout=10) as answer:
            served = answer.read().decode("utf-8")
        process.send_signal(signal.SIGINT)
        shown("END")
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.communicate()

    assert "daily-2025-01-15" in served and "location.reload" in served
    assert "location.reload" not in page.read_text(encoding="utf-8")
    assert list(stack.root.glob("*/source/*")) == []
    assert engine.is_up


def _reader(process: "subprocess.Popen[str]") -> Callable[[str], str]:
    """Gives what reads on to the next line that begins with a word."""
    seen: list[str] = []

    def read_to(word: str) -> str:
        assert process.stdout is not None
        for line in process.stdout:
            seen.append(line)
            if line.startswith(f"{word} "):
                return line
        raise AssertionError(f"no {word} in:\n{''.join(seen)}")

    return read_to
