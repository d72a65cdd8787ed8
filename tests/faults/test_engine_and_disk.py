"""What happens around a run: its engine dies, the disk is full, another run, a reader."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from deltalake import DeltaTable
from reference.compare import differences

from faults.conftest import DAYS, ENVIRONMENT, Delivered, Place, deliver
from faults.killer import Point
from ingest.catalog import tables_on_disk
from ingest.config import PROJECT_DIR
from ingest.engines import sail_server


def wait_until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


def versions(warehouse: Path, table: str) -> int:
    return DeltaTable(warehouse / table).version()


def test_engine_that_dies_amid_a_build(
    place: Place, first_day: Place, delivered: Delivered
) -> None:
    first_day.copy_to(place.folder)
    deliver(place.root, DAYS[1])
    before = versions(place.warehouse, "ecomm_staging/base_orders")

    run = place.start("run")
    wait_until(lambda: versions(place.warehouse, "ecomm_staging/base_orders") > before)
    running = sail_server.running(place.warehouse)
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    output, _ = run.communicate()

    assert run.returncode == 1
    assert "dbt build failed" in output or "The engine failed: it does not answer" in output
    assert "Traceback" not in output

    place.ends("run")
    place.assert_clean(delivered.root, [delivered.triggers[day] for day in DAYS[:2]])


def test_engine_that_is_dead_when_a_command_begins(place: Place, delivered: Delivered) -> None:
    """Its state says that it runs; the process is gone."""
    deliver(place.root, DAYS[0])
    place.ends("engine", "start")
    running = sail_server.running(place.warehouse)
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)

    place.ends("land")

    place.assert_clean(delivered.root, [delivered.triggers[DAYS[0]]], only="landing.")


def engines_of(warehouse: Path) -> list[str]:
    """Process ids of all engines of a warehouse, known to it or not."""
    command_lines = {
        path.parent.name: path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")
    }
    return [pid for pid, line in command_lines.items() if f"{warehouse}\0".encode() in line]


def test_command_that_dies_while_its_engine_starts(place: Place, delivered: Delivered) -> None:
    """The next command finds the engine: none is left that nobody knows of."""
    deliver(place.root, DAYS[0])

    place.dies("land", point=Point("ingest.engines.sail_server:_answers", "before"))
    assert len(engines_of(place.warehouse)) == 1
    place.ends("land")

    running = sail_server.running(place.warehouse)
    assert running is not None
    assert engines_of(place.warehouse) == [str(running.pid)]
    place.ends("engine", "stop")
    assert engines_of(place.warehouse) == []
    place.assert_clean(delivered.root, [delivered.triggers[DAYS[0]]], only="landing.")


def test_engine_whose_disk_is_full(place: Place, delivered: Delivered) -> None:
    """No file of the engine may grow beyond 4 KiB, as if the disk were full by then."""
    deliver(place.root, DAYS[0])
    place.ends("engine", "start")
    running = sail_server.running(place.warehouse)
    assert running is not None
    resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))

    output = place.ends("land", exit_code=1)

    assert "FAILED   trigger_2025_01_15.json  Unexpected error of the engine" in output
    assert "Traceback" not in output
    assert len([path for path in place.root.rglob("source/*") if path.is_file()]) == 6

    place.engine.stop()
    place.ends("land")
    place.assert_clean(delivered.root, [delivered.triggers[DAYS[0]]], only="landing.")


def test_disk_that_is_full_for_the_parser(place: Place, delivered: Delivered) -> None:
    deliver(place.root, DAYS[0])
    place.ends("engine", "start")
    code = (
        "import resource, sys; from ingest.cli import app;"
        " resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY));"
        " app(sys.argv[1:])"
    )
    folders = ["--root", str(place.root), "--warehouse", str(place.warehouse)]
    failed = subprocess.run(
        [sys.executable, "-c", code, "land", *folders],
        cwd=PROJECT_DIR,
        env=os.environ | ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert failed.stdout.startswith("FAILED   trigger_2025_01_15.json  Unexpected error: ")
    assert "File too large" in failed.stdout

    place.ends("land")
    place.assert_clean(delivered.root, [delivered.triggers[DAYS[0]]], only="landing.")


def test_two_runs_at_once(place: Place, delivered: Delivered) -> None:
    """One works, the other leaves with a sentence; nothing is doubled."""
    deliver(place.root, DAYS[0])

    runs = [place.start("run"), place.start("run")]
    outputs = [run.communicate()[0] for run in runs]

    assert sorted(run.returncode for run in runs) == [0, 1]
    (refused,) = [output for run, output in zip(runs, outputs, strict=True) if run.returncode]
    assert refused.startswith("Another run is at work in warehouse")
    assert refused.count("\n") == 1
    place.assert_clean(delivered.root, [delivered.triggers[DAYS[0]]])


def contents(warehouse: Path) -> dict[str, list[dict[str, object]]]:
    """Rows of the tables that people read, by `<schema>/<table>`."""
    return {
        f"{schema}/{folder.name}": DeltaTable(folder).to_pyarrow_table().to_pylist()
        for schema, folders in tables_on_disk(warehouse).items()
        for folder in folders
        if schema.endswith(("_marts", "_landing"))
    }


def test_reader_sees_the_old_or_the_new_table(
    place: Place, first_day: Place, delivered: Delivered
) -> None:
    """Another process's reader, delta-rs, reads over and over while a batch is applied."""
    first_day.copy_to(place.folder)
    marts = [
        f"ecomm_marts/{table}"
        for table in ("orders_enriched", "customer_analytics", "segment_analysis")
    ]
    old = contents(place.warehouse)
    deliver(place.root, DAYS[1])
    seen: dict[str, list[list[dict[str, object]]]] = {mart: [] for mart in marts}

    run = place.start("run")
    while run.poll() is None:
        for mart, states in seen.items():
            read = DeltaTable(place.warehouse / mart).to_pyarrow_table().to_pylist()
            if not states or read != states[-1]:
                states.append(read)
    output, _ = run.communicate()
    assert run.returncode == 0, output

    new = contents(place.warehouse)
    for mart, states in seen.items():
        assert differences({mart: old[mart]}, {mart: new[mart]})
        # It has seen the table change, at once.
        assert len(states) == 2, mart
        for read, wanted in zip(states, (old[mart], new[mart]), strict=True):
            assert not differences({mart: wanted}, {mart: read})
