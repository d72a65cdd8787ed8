"""A run that is killed at any moment and run again equals a clean run."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from reference.compare import differences
from reference.model import expected
from support.batches import tables

from ingest.config import PROJECT_DIR, load_settings
from ingest.local import LocalEngine

SAMPLE = PROJECT_DIR / "data" / "sample"


def start_run(root: Path, warehouse: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ingest", "run", "--root", root, "--warehouse", warehouse],
        cwd=PROJECT_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("seed", [1])
def test_killed_runs_then_a_whole_one_equal_a_clean_run(seed: int, tmp_path: Path) -> None:
    """The kills fall in landing, in the first build and in later builds."""
    rng = random.Random(seed)
    root, warehouse = tmp_path / "feeds", tmp_path / "house"
    shutil.copytree(SAMPLE, root)
    engine = LocalEngine(load_settings(warehouse=warehouse))
    try:
        for until in (4.0, 9.0, 13.0, 17.0):
            run = start_run(root, warehouse)
            time.sleep(rng.uniform(until - 3, until))
            run.send_signal(signal.SIGKILL)
            run.wait()
        last = start_run(root, warehouse)
        output, _ = last.communicate()
        assert last.returncode == 0, output

        found = differences(expected(SAMPLE), tables(engine.start()[0], "ecomm"))
        assert not found, "\n".join(found)
        left = [path for path in root.rglob("source/*") if path.is_file()]
        assert not left
        assert not (warehouse / ".at_work").exists()
    finally:
        engine.stop()
        os.environ.pop("SPARK_REMOTE", None)
