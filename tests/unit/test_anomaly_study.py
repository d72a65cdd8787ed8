"""The study behind docs/anomalies.md runs, the same figures come again, its faults are faults."""

import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.config import PROJECT_DIR

sys.path.append(str(PROJECT_DIR / "tools"))
import anomaly_study

SMALL = ("--histories", "1", "--days", "25", "--orders", "30", "--seed", "3")


def test_script_gives_its_tables() -> None:
    script = Path(anomaly_study.__file__)
    done = subprocess.run(
        [sys.executable, script, *SMALL], capture_output=True, text=True, check=True
    )

    assert "1 histories of 25 days, 30 orders a day, seeds from 3: 18 batches judged" in done.stdout
    # The same headings as in the page.
    page = anomaly_study.PAGE.read_text(encoding="utf-8")
    written = page.split(anomaly_study.BEGIN)[1].split(anomaly_study.END)[0]
    headings = r"^(?:\| [a-z]|[A-Z]).*?[|:]"
    found, wanted = (set(re.findall(headings, text, re.M)) for text in (done.stdout, written))
    assert {item for item in found if not item.startswith("1 hist")} <= wanted


def test_same_seed_same_batches() -> None:
    one, two = ([*anomaly_study.study(14, 20, seed=5)] for _ in range(2))

    assert one == two
    assert len(one) == 7


@pytest.mark.parametrize("fault", anomaly_study.FAULTS.values(), ids=anomaly_study.FAULTS)
def test_fault_changes_what_it_says(fault: Callable[..., set[str]]) -> None:
    first, clean = anomaly_study.shop_days(2, 40, seed=2)
    assert sum(map(len, first.values())) > sum(map(len, clean.values())) > 40
    (_, broken) = anomaly_study.shop_days(2, 40, seed=2)
    assert broken == clean

    hit = fault(broken, random.Random(1))

    assert {feed for feed in clean if broken[feed] != clean[feed]} == hit
