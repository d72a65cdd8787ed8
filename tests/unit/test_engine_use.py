"""Who may use an engine: locks, and the mark that a command leaves when it does not end well."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyspark.errors import PySparkException, RetriesExceeded

from ingest.config import Settings, load_settings
from ingest.engines import engine
from ingest.engines.engine import exclusive_use, open_engine
from ingest.errors import BusyError, ConfigError, EngineError
from ingest.messages import first_line


class FakeEngine:
    """Notes what is asked of it; knows whether the warehouse was locked and marked meanwhile."""

    def __init__(self, warehouse: Path, is_up: bool, error: BaseException | None = None) -> None:
        self.is_up = is_up
        self.seen: list[str] = []
        self._warehouse = warehouse
        self._error = error

    def end_statements(self) -> None:
        self.seen.append("statements ended")

    @contextmanager
    def session(self) -> Iterator[Any]:
        if self._error:
            raise self._error
        try:
            with exclusive_use(self._warehouse):
                self.seen.append("free")
        except BusyError:
            self.seen.append("locked")
        if (self._warehouse / ".at_work").exists():
            self.seen.append("marked")
        yield self


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(warehouse=tmp_path / "tables")


def use(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, *, is_up: bool, exclusive: bool
) -> list[str]:
    """Open an engine and close it again; gives what it saw."""
    fake = FakeEngine(settings.warehouse, is_up)
    monkeypatch.setattr(engine, "engine_for", lambda _: fake)
    with open_engine(settings, exclusive=exclusive):
        pass
    return fake.seen


@pytest.mark.parametrize(
    ("is_up", "exclusive", "seen"),
    [
        (True, True, ["locked", "marked"]),
        (False, True, ["locked", "marked"]),
        # It will stop the engine, whoever uses it then.
        (False, False, ["locked"]),
        (True, False, ["free"]),
    ],
)
def test_who_starts_or_changes_something_is_alone(
    is_up: bool,
    exclusive: bool,
    seen: list[str],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert use(settings, monkeypatch, is_up=is_up, exclusive=exclusive) == seen

    with exclusive_use(settings.warehouse):
        if seen == ["free"]:
            use(settings, monkeypatch, is_up=is_up, exclusive=exclusive)
        else:
            with pytest.raises(BusyError):
                use(settings, monkeypatch, is_up=is_up, exclusive=exclusive)


def test_on_databricks_nothing_is_locked(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Volumes have no locks; the job runs once at a time."""
    on_databricks = settings.model_copy(update={"target": "databricks"})
    settings.warehouse.mkdir()

    assert use(on_databricks, monkeypatch, is_up=True, exclusive=True) == ["free"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_mark_stays_when_a_command_is_interrupted(
    error: type[BaseException], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its statement runs on in the engine, and the next command ends it before it does anything."""
    fake = FakeEngine(settings.warehouse, is_up=True)
    monkeypatch.setattr(engine, "engine_for", lambda _: fake)
    with pytest.raises(error), open_engine(settings, exclusive=True):
        raise error

    assert (settings.warehouse / ".at_work").exists()
    seen = use(settings, monkeypatch, is_up=True, exclusive=True)
    assert seen == ["statements ended", "locked", "marked"]

    # And it ended well: nothing is left to end.
    assert not (settings.warehouse / ".at_work").exists()
    assert use(settings, monkeypatch, is_up=True, exclusive=True) == ["locked", "marked"]


def test_command_that_refuses_leaves_nothing_to_end(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeEngine(settings.warehouse, is_up=True)
    monkeypatch.setattr(engine, "engine_for", lambda _: fake)
    with pytest.raises(ConfigError), open_engine(settings, exclusive=True):
        raise ConfigError
    assert use(settings, monkeypatch, is_up=True, exclusive=True) == ["locked", "marked"]


def test_lock_is_free_again_after_a_failure(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeEngine(settings.warehouse, is_up=True, error=ValueError())
    monkeypatch.setattr(engine, "engine_for", lambda _: fake)
    with pytest.raises(ValueError), open_engine(settings, exclusive=True):
        pass

    with exclusive_use(settings.warehouse):
        pass


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PySparkException("it broke\nwith a plan"), "The engine failed: it broke"),
        (
            RetriesExceeded("RETRIES_EXCEEDED", {}),
            "The engine failed: it does not answer any more. Run again; the local engine's log is"
            " .engine/engine.log in the warehouse.",
        ),
        (
            PySparkException(
                "<_MultiThreadedRendezvous of RPC that terminated with:\n\tstatus ="
                " StatusCode.UNAVAILABLE\n\tdetails = x"
            ),
            "The engine failed: it does not answer any more (UNAVAILABLE). Run again; the local"
            " engine's log is .engine/engine.log in the warehouse.",
        ),
    ],
    ids=["statement", "retries", "connection"],
)
def test_engine_that_fails_is_told_in_one_sentence(
    error: PySparkException, told: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeEngine(settings.warehouse, is_up=True, error=error)
    monkeypatch.setattr(engine, "engine_for", lambda _: fake)

    with pytest.raises(EngineError) as caught, open_engine(settings):
        pass

    assert str(caught.value) == told


def test_long_error_is_cut() -> None:
    assert first_line(PySparkException("x" * 1000)) == "x" * 300
    assert first_line(PySparkException("")) == "PySparkException"


@pytest.mark.parametrize(
    ("target", "kind"),
    [("local", "LocalEngine"), ("spark", "SparkEngine"), ("databricks", "DatabricksEngine")],
)
def test_each_target_has_its_engine(target: Any, kind: str, settings: Settings) -> None:
    chosen = settings.model_copy(update={"target": target})

    made: Any = engine.engine_for(chosen)
    assert type(made).__name__ == kind
    assert made._settings is chosen
