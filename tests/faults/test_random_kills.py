"""Runs that are killed at random moments, and run again, equal a clean run.

KILLS sets how many kills there are, at least; SEED where the randomness begins.
"""

import os
import random
import signal
import time
from datetime import date
from pathlib import Path

import pytest
from support import hostile

from faults.conftest import Place

KILLS_A_ROUND = 6
ROUNDS = -(-int(os.environ.get("KILLS", "6")) // KILLS_A_ROUND)
SEED = int(os.environ.get("SEED", "1"))
# A run with two batches takes about so long.
LONGEST_SECONDS = 16.0


def killed(place: Place, rng: random.Random) -> None:
    """Run, and kill at a random moment: most often the command, else the engine under it."""
    run = place.start("run")
    time.sleep(rng.uniform(0.5, LONGEST_SECONDS))
    server = place.engine.status()
    if server and rng.random() < 0.25:
        os.kill(server.pid, signal.SIGKILL)
        output, _ = run.communicate()
        assert run.returncode in (0, 1), output
        assert "Traceback" not in output
        return
    run.send_signal(signal.SIGKILL)
    run.communicate()


@pytest.mark.parametrize("seed", range(SEED, SEED + ROUNDS))
def test_random_kills(seed: int, place: Place, tmp_path: Path) -> None:
    """Batches of the 15th and the 17th, a late one, and one that replaces the last."""
    rng = random.Random(seed)
    deliveries = (
        (date(2025, 1, 15), 1, {}),
        (date(2025, 1, 17), 1, {}),
        (date(2025, 1, 16), 2, {}),
        (date(2025, 1, 17), 2, {"supersedes": True}),
    )
    triggers = []
    for number, (day, kills, fields) in enumerate(deliveries):
        if fields:
            # Else its files would take the place of those that it is to replace.
            place.ends("run")
        delivery = tmp_path / "delivered" / str(number)
        triggers.append(hostile.write_batch(delivery, day, rng, f"batch-{number}", **fields))
        place.deliver(delivery)
        for _ in range(kills):
            killed(place, rng)
    place.ends("run")

    place.assert_clean(tmp_path / "delivered", triggers)
