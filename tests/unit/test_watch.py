"""The loop of `watch`, on real files in real time, with work that only writes down what it saw."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from ingest.errors import ConfigError, EngineError
from ingest.watch import Pace, Stop, Watch

PACE = Pace(quiet=0.2, patience=2.0, first_retry=0.2, last_retry=0.3, glance=60.0, tick=0.05)
REACTION = 2.0


class Place:
    """Source folders, what work was done on them, and what was told."""

    def __init__(self, folder: Path) -> None:
        self.triggers = folder / "triggers" / "source"
        self.orders = folder / "orders_data" / "source"
        for source in (self.triggers, self.orders):
            source.mkdir(parents=True)
        self.told: list[tuple[str, str]] = []
        # When work began, and the text of each file that it found.
        self.seen: list[tuple[float, dict[str, str]]] = []
        # What is to happen in the next works, one each; a batch with its file is taken away.
        self.plans: list[Callable[[], bool]] = []

    def tell(self, word: str, message: str) -> None:
        self.told.append((word, message))

    def words(self) -> list[str]:
        return [word for word, _ in self.told]

    def work(self) -> bool:
        found = [*self.triggers.iterdir(), *self.orders.iterdir()]
        self.seen.append((time.monotonic(), {path.name: path.read_text() for path in found}))
        if self.plans:
            return self.plans.pop(0)()
        # Of what was found: a test may write on meanwhile.
        for trigger in (path for path in found if path.suffix == ".json"):
            named = self.orders / f"{trigger.stem}.csv"
            if named in found:
                named.unlink()
                trigger.unlink()
        return True

    def wait_for_works(self, count: int, seconds: float = REACTION) -> None:
        until = time.monotonic() + seconds
        while len(self.seen) < count and time.monotonic() < until:
            time.sleep(0.02)
        assert len(self.seen) >= count, self.told

    @contextmanager
    def watched(self, pace: Pace = PACE) -> Iterator[Stop]:
        """The loop in a thread, after its first work."""
        stop = Unsignalled(self.tell)
        watch = Watch(self.triggers, [self.orders], self.work, self.tell, pace)
        loop = Thread(target=watch.until, args=[stop])
        loop.start()
        try:
            self.wait_for_works(1)
            yield stop
        finally:
            stop.asked.set()
            loop.join(timeout=10)
        assert not loop.is_alive()


class Unsignalled(Stop):
    """Signals reach the main thread only, where these tests are."""

    def _listen(self) -> None:
        pass


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_is_there_at_the_start_is_worked_on(place: Place) -> None:
    (place.orders / "a.csv").write_text("1")
    (place.triggers / "a.json").write_text("{}")

    with place.watched():
        pass

    assert place.seen[0][1] == {"a.csv": "1", "a.json": "{}"}
    assert ("SEEN", "a.json") in place.told


def test_a_trigger_is_reacted_to_within_two_seconds_and_once(place: Place) -> None:
    with place.watched():
        (place.orders / "a.csv").write_text("1")
        (place.triggers / "a.json").write_text("{}")
        place.wait_for_works(2)
        # Its own removal of the files asks for nothing.
        time.sleep(0.5)

    assert [files for _, files in place.seen[1:]] == [{"a.csv": "1", "a.json": "{}"}]


def test_files_out_of_order(place: Place) -> None:
    with place.watched():
        (place.triggers / "a.json").write_text("{}")
        place.wait_for_works(2)
        assert (place.triggers / "a.json").exists()
        (place.orders / "a.csv").write_text("1")
        place.wait_for_works(3)
        time.sleep(0.1)
        assert not (place.triggers / "a.json").exists()
        # A data file that no trigger waits for is left alone.
        (place.orders / "b.csv").write_text("1")
        time.sleep(0.5)
        assert len(place.seen) == 3
        (place.triggers / "b.json").write_text("{}")
        place.wait_for_works(4)

    assert place.words().count("SEEN") == 2


def test_a_file_that_is_being_written_is_waited_for(place: Place) -> None:
    with place.watched(), (place.orders / "a.csv").open("w") as file:
        (place.triggers / "a.json").write_text("{}")
        for part in range(6):
            file.write(f"{part}\n")
            file.flush()
            time.sleep(0.1)
        place.wait_for_works(2)

    assert place.seen[1][1]["a.csv"] == "0\n1\n2\n3\n4\n5\n"
    assert len(place.seen) == 2


def test_files_that_never_rest_hold_nothing_up(place: Place) -> None:
    with place.watched(replace(PACE, patience=0.6)), (place.orders / "b.csv").open("w") as file:
        (place.orders / "a.csv").write_text("1")
        (place.triggers / "a.json").write_text("{}")
        for part in range(12):
            file.write(f"{part}\n")
            file.flush()
            time.sleep(0.1)
        assert "a.csv" in place.seen[1][1]


def test_many_at_once_are_one_work(place: Place) -> None:
    with place.watched():
        for number in range(50):
            (place.orders / f"{number}.csv").write_text("1")
            (place.triggers / f"{number}.json").write_text("{}")
        place.wait_for_works(2)
        time.sleep(0.4)

    assert len(place.seen) == 2
    assert len(place.seen[1][1]) == 100


def test_files_renamed_into_place(place: Place, tmp_path: Path) -> None:
    with place.watched():
        for source in (place.orders / "a.csv", place.triggers / "a.json"):
            part = source.with_name(f".{source.name}.part")
            part.write_text("{}")
            part.rename(source)
        place.wait_for_works(2)

    assert set(place.seen[1][1]) == {"a.csv", "a.json"}


def test_a_trigger_that_is_replaced_is_worked_on_again(place: Place, tmp_path: Path) -> None:
    (place.triggers / "a.json").write_text("{1}")

    def replace_it() -> bool:
        # While work is done on the first one.
        (tmp_path / "new").write_text("{2}")
        os.replace(tmp_path / "new", place.triggers / "a.json")
        return True

    place.plans = [replace_it]
    with place.watched():
        place.wait_for_works(2)
        (place.triggers / "a.json").write_text("{3}")
        place.wait_for_works(3)

    assert [files["a.json"] for _, files in place.seen] == ["{1}", "{2}", "{3}"]


def test_errors_are_told_and_tried_again(place: Place) -> None:
    def fail() -> bool:
        raise EngineError("The engine failed: it is gone.")

    def break_down() -> bool:
        raise ValueError("Ann Lee, 12 Elm Street")

    place.plans = [fail, break_down, lambda: False]
    with place.watched():
        place.wait_for_works(4, seconds=4)
        time.sleep(0.2)

    retries = [message for word, message in place.told if word == "RETRY"]
    assert retries == [
        "The engine failed: it is gone. Tries again in 0.2 s, or when files arrive.",
        "Unexpected error (ValueError). Tries again in 0.3 s, or when files arrive.",
        "Something failed. Tries again in 0.3 s, or when files arrive.",
    ]
    assert place.words()[-1] == "WATCH"
    assert len(place.seen) == 4


def test_files_that_arrive_after_an_error_are_not_kept_waiting(place: Place) -> None:
    place.plans = [lambda: False]
    with place.watched(replace(PACE, first_retry=60.0)):
        (place.triggers / "a.json").write_text("{}")
        place.wait_for_works(2)


def test_changes_that_nobody_tells_of_are_found(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place.watched(replace(PACE, glance=0.3)):
        # The folder that is watched is not the one that files arrive in any more.
        place.triggers.rename(place.triggers.with_name("before"))
        place.triggers.mkdir()
        # That the folder was moved is told of, and looked into.
        time.sleep(1)
        (place.triggers / "a.json").write_text("{}")
        place.wait_for_works(2)


def test_folders_that_cannot_be_watched(place: Place) -> None:
    watch = Watch(place.triggers, [place.orders / "none"], place.work, place.tell, PACE)

    with pytest.raises(ConfigError, match=r"cannot be watched: .*WATCHFILES_FORCE_POLLING"):
        watch.until(Unsignalled(place.tell))


PROGRAM = """
import sys, time
from pathlib import Path
from ingest.watch import Stop, Watch

def work():
    print("WORK", flush=True)
    time.sleep({seconds})
    print("DONE", flush=True)
    return True

def tell(word, message):
    print(word, flush=True)

stop = Stop(tell)
with stop.heeded():
    Watch(Path(sys.argv[1]), [], work, tell).until(stop)
print("END")
"""


@pytest.mark.parametrize(
    ("number", "seconds", "after", "shown"),
    [
        (signal.SIGINT, 0, "WATCH", ["WORK", "DONE", "WATCH", "END"]),
        (signal.SIGTERM, 0.5, "WORK", ["WORK", "STOP", "DONE", "END"]),
    ],
    ids=["while it waits", "while it works"],
)
def test_a_signal_ends_it_cleanly(
    place: Place, number: signal.Signals, seconds: float, after: str, shown: list[str]
) -> None:
    program = [sys.executable, "-c", PROGRAM.format(seconds=seconds), str(place.triggers)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if lines[-1] == after:
                process.send_signal(number)
        assert process.wait(timeout=10) == 0

    assert lines == shown


def test_a_second_signal_ends_the_work() -> None:
    told: list[str] = []
    stop = Stop(lambda word, _: told.append(word))
    with stop.heeded(), pytest.raises(KeyboardInterrupt), stop.after_work():
        signal.raise_signal(signal.SIGINT)
        assert stop.asked.is_set()
        signal.raise_signal(signal.SIGINT)
    assert told == ["STOP"]
