"""The local engine: one per warehouse, its tables outlive it, and dbt finds it."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import free_port
from dbt.cli.main import dbtRunner
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from ingest.catalog import WITHOUT_STATISTICS, create_schemas, sql_text, tables_in
from ingest.config import PROJECT_DIR, SUFFIXES, load_settings
from ingest.engines import local, sail_server
from ingest.engines.engine import exclusive_use, open_engine
from ingest.engines.local import LocalEngine
from ingest.errors import BusyError, EngineError
from ingest.watch import kept_engine


@pytest.fixture
def own_engine(tmp_path: Path) -> Iterator[LocalEngine]:
    """An engine of the test's own, down at first and in the end."""
    local = LocalEngine(load_settings(warehouse=tmp_path / "tables"))
    yield local
    local.stop()


def make_table(session: SparkSession, name: str) -> None:
    session.sql(f"create or replace table {name} using delta as select 1 as a")


def test_schemas_and_ingest_tables_exist(spark: SparkSession) -> None:
    schemas = {database.name for database in spark.catalog.listDatabases()}

    assert {f"ecomm_{suffix}" for suffix in SUFFIXES} <= schemas
    assert tables_in(spark, "ecomm_landing") == [
        "customers", "inventory", "landed_files", "orders", "products", "shipping"
    ]  # fmt: skip
    assert tables_in(spark, "ecomm_ops") == [
        "batch_metrics", "batch_reconciliation", "built_nodes", "contract_history",
        "metric_anomalies", "processing_log", "validation_results", "withdrawals",
    ]  # fmt: skip


def test_session_is_utc(spark: SparkSession) -> None:
    assert spark.sql("select current_timezone()").collect()[0][0] == "UTC"


def test_ingest_tables_take_null_in_every_column(spark: SparkSession) -> None:
    assert all(field.nullable for field in spark.table("ecomm_landing.landed_files").schema)


def test_tables_outlive_the_engine(own_engine: LocalEngine) -> None:
    session, first = own_engine.start(free_port())
    make_table(session, "ecomm_marts.kept")
    assert own_engine.stop()
    assert not own_engine.is_up

    session, second = own_engine.start()

    assert session.table("ecomm_marts.kept").collect() == [(1,)]
    assert second.port == first.port
    assert second.pid != first.pid


@pytest.mark.parametrize("deaths", [1, 2])
def test_engine_that_dies_at_once_is_started_a_second_time(
    deaths: int, own_engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = []

    def dying(*arguments: object) -> None:
        status = own_engine.status()
        assert status is not None
        pids.append(status.pid)
        if len(pids) <= deaths:
            os.kill(status.pid, signal.SIGKILL)
        create_schemas(*arguments)

    monkeypatch.setattr(local, "create_schemas", dying)

    with nullcontext() if deaths == 1 else pytest.raises(PySparkException):
        session, _ = own_engine.start()
        assert session.sql("select 1").collect() == [(1,)]

    assert len(set(pids)) == len(pids) == 2


def test_only_the_owner_learns_the_session(own_engine: LocalEngine, tmp_path: Path) -> None:
    """Of a new warehouse, and of one that an earlier version left open to all."""
    stack = tmp_path / "tables"
    (stack / ".engine").mkdir(parents=True)
    (stack / ".engine" / "engine.json").write_text("{}")
    for path in (stack, stack / ".engine", stack / ".engine" / "engine.json"):
        path.chmod(0o777)
    own_engine.start(free_port())
    first = own_engine.status()
    own_engine.stop()
    own_engine.start()
    second = own_engine.status()

    assert first is not None and second is not None
    # Of the same path, on the same port.
    assert first.session_id != second.session_id
    # Everybody may see a command line.
    command_line = sail_server._command_line(second.pid)
    assert str(stack) in command_line and second.session_id not in command_line
    for path in (stack, *stack.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


def test_starting_again_keeps_the_engine_and_registers_new_tables(
    own_engine: LocalEngine, tmp_path: Path
) -> None:
    session, first = own_engine.start(free_port())
    make_table(session, "ecomm_marts.copied")
    stack = tmp_path / "tables"
    (stack / "other_marts").mkdir()
    os.rename(stack / "ecomm_marts" / "copied", stack / "other_marts" / "moved")

    session, second = own_engine.start()

    assert second == first
    assert session.table("other_marts.moved").collect() == [(1,)]


def test_tables_are_registered_again_in_a_lost_session(
    own_engine: LocalEngine, tmp_path: Path
) -> None:
    session, _ = own_engine.start(free_port())
    make_table(session, "ecomm_marts.kept")
    # Releases the session in the server too, and its catalog with it.
    session.stop()

    session = own_engine.connect()

    assert session.table("ecomm_marts.kept").collect() == [(1,)]
    assert (tmp_path / "tables" / ".engine" / "engine.json").stat().st_mode & 0o077 == 0


def test_threads_follow_the_engine_when_it_restarts(
    engine: LocalEngine, own_engine: LocalEngine, spark: SparkSession
) -> None:
    """A thread without a session takes the default one, which dbt may have made, not we."""

    def session_of_a_thread() -> SparkSession:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: SparkSession.builder.getOrCreate()).result()

    own_engine.start(free_port())
    own_engine.disconnect()
    theirs = engine.status()
    assert theirs is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_REMOTE", theirs.remote)
        stale = session_of_a_thread()
        assert session_of_a_thread() is stale

    own_engine.stop()
    session, _ = own_engine.start(free_port())

    assert stale.is_stopped
    assert session_of_a_thread() is session


def test_session_of_another_engine_is_not_taken_for_ones_own(
    engine: LocalEngine, own_engine: LocalEngine, spark: SparkSession, tmp_path: Path
) -> None:
    """What a thread makes first is its active session, though ours is the default one."""
    own_engine.start(free_port())
    theirs = engine.status()
    assert theirs is not None

    def connect_with_another_at_hand() -> None:
        other = SparkSession.builder.remote(theirs.remote).create()
        assert SparkSession.getActiveSession() is other
        make_table(own_engine.connect(), "ecomm_marts.only_ours")

    with ThreadPoolExecutor(1) as pool:
        pool.submit(connect_with_another_at_hand).result()

    assert (tmp_path / "tables" / "ecomm_marts" / "only_ours").is_dir()


def test_thread_whose_session_another_has_stopped_keeps_its_next_one(
    own_engine: LocalEngine,
) -> None:
    own_engine.start(free_port())
    with ThreadPoolExecutor(1) as pool:
        pool.submit(own_engine.disconnect).result()

    session = own_engine.connect()

    assert own_engine.connect() is session
    assert session.sql("select 1 as one").collect() == [(1,)]


def test_two_warehouses_side_by_side(
    engine: LocalEngine, own_engine: LocalEngine, spark: SparkSession
) -> None:
    make_table(spark, "ecomm_marts.only_here")
    session, own = own_engine.start(free_port())
    theirs = engine.status()

    assert theirs is not None
    assert own.port != theirs.port
    assert own.session_id != theirs.session_id
    assert not session.catalog.tableExists("ecomm_marts.only_here")
    assert engine.connect().catalog.tableExists("ecomm_marts.only_here")


@pytest.mark.parametrize("content", [None, "", "{", "{}", "[]"])
def test_unusable_state_means_down(tmp_path: Path, content: str | None) -> None:
    (tmp_path / ".engine").mkdir()
    if content is not None:
        (tmp_path / ".engine" / "engine.json").write_text(content)

    assert sail_server.running(tmp_path) is None


def test_engine_of_another_warehouse_is_not_taken_for_ones_own(
    engine: LocalEngine, warehouse: Path, tmp_path: Path
) -> None:
    """Process ids come round again: an old state may name another warehouse's living engine."""
    (tmp_path / ".engine").mkdir()
    state = (warehouse / ".engine" / "engine.json").read_text()
    (tmp_path / ".engine" / "engine.json").write_text(state)

    assert sail_server.running(tmp_path) is None
    assert not sail_server.stop(tmp_path)
    assert engine.is_up


def test_literals_come_back_as_they_were(spark: SparkSession) -> None:
    for text in ("it's", "a\\b", "\\'; --", "ends with \\", "\\\\n", "ünïcode ✓"):
        assert spark.sql(f"select {sql_text(text)}").collect() == [(text,)]


def test_a_number_is_read_as_it_was_written(spark: SparkSession) -> None:
    """A file whose rows share one, which the engine would take from the file's statistics."""
    columns = f"(price decimal(24,2)) using delta {WITHOUT_STATISTICS}"
    spark.sql(f"create or replace table ecomm_marts.one_number {columns}")
    spark.sql(
        "insert into ecomm_marts.one_number values (cast('123456789012345.67' as decimal(24,2)))"
    )
    spark.sql(
        "merge into ecomm_marts.one_number as known using ("
        "select cast('765432109876543.21' as decimal(24,2)) as price"
        ") as found on known.price = found.price when not matched then insert *"
    )

    rows = spark.sql("select price from ecomm_marts.one_number").collect()
    spark.sql("drop table ecomm_marts.one_number")

    assert {row["price"] for row in rows} == {
        Decimal("123456789012345.67"),
        Decimal("765432109876543.21"),
    }


def test_reused_process_id_means_down(tmp_path: Path) -> None:
    (tmp_path / ".engine").mkdir()
    state = {"pid": os.getpid(), "port": 1, "session_id": "x", "started_at": "x"}
    (tmp_path / ".engine" / "engine.json").write_text(json.dumps(state))

    assert sail_server.running(tmp_path) is None
    assert not sail_server.stop(tmp_path)


def test_port_that_is_taken(own_engine: LocalEngine) -> None:
    with closing(socket.socket()) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", free_port()))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(EngineError, match=f"^Port {port} is taken: choose another"):
            own_engine.start(port)


def test_engine_that_is_down(own_engine: LocalEngine) -> None:
    with pytest.raises(EngineError, match="Start it with: python -m ingest engine start"):
        own_engine.connect()


def test_command_stops_the_engine_that_it_started(own_engine: LocalEngine, tmp_path: Path) -> None:
    with open_engine(load_settings(warehouse=tmp_path / "tables")) as session:
        assert own_engine.is_up
        assert session.sql("select 1").collect() == [(1,)]

    assert not own_engine.is_up


def test_engine_that_was_stopped_while_a_watch_waits_starts_anew(
    own_engine: LocalEngine, tmp_path: Path
) -> None:
    settings = load_settings(warehouse=tmp_path / "tables")
    told: list[str] = []
    with kept_engine(settings, lambda _word, message: told.append(message)) as keep:
        for _ in range(2):
            keep()
            with open_engine(settings, exclusive=True) as session:
                assert session.sql("select 1").collect() == [(1,)]
            own_engine.stop()

    assert told == ["The engine starts.", "The engine is gone: starts anew."]


def test_command_leaves_an_engine_that_runs(engine: LocalEngine, warehouse: Path) -> None:
    with open_engine(load_settings(warehouse=warehouse), exclusive=True):
        pass

    assert engine.is_up


def test_one_run_at_a_time(tmp_path: Path) -> None:
    with (
        exclusive_use(tmp_path),
        pytest.raises(BusyError, match=r"^Another run is at work"),
        exclusive_use(tmp_path),
    ):
        pass

    with exclusive_use(tmp_path):
        pass


def test_dbt_says_how_to_start_the_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ECOMM_WAREHOUSE", str(tmp_path))

    folders = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
    failed = dbtRunner().invoke(["test", *folders, "--quiet", "--log-path", str(tmp_path)])

    assert not failed.success
    assert str(failed.exception).strip().endswith(
        f"The local engine is not running for warehouse {tmp_path}. "
        "Start it with: python -m ingest engine start"
    )  # fmt: skip


def test_engine_is_restarted_after_a_killed_command(
    own_engine: LocalEngine, tmp_path: Path
) -> None:
    """The last statement of the killed command might commit beside the next one's."""
    settings = load_settings(warehouse=tmp_path / "tables")
    _, first = own_engine.start(free_port())
    with open_engine(settings, exclusive=True):
        running = own_engine.status()
        assert running is not None and running.pid == first.pid
    assert not (tmp_path / "tables" / ".at_work").exists()

    (tmp_path / "tables" / ".at_work").touch()
    with open_engine(settings, exclusive=True):
        running = own_engine.status()
        assert running is not None and running.pid != first.pid
    assert own_engine.is_up
