"""Deterministic sample data: an invented shop's daily feeds, with defects for every rule.

The same arguments give the same bytes on every machine: there is no clock, no hash order and no
randomness but the seed's.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date
from pathlib import Path

from ingest.sample.files import FEEDS, Batch, Sheet, write_trigger
from ingest.sample.shop import Shop

__all__ = ["generate"]


def generate(
    out: Path, days: int, orders: int, seed: int, start: date = date(2025, 1, 15)
) -> list[Path]:
    """Write `days` daily batches under the feed root `out`, and return the paths of their triggers.

    Args:
        out: folder that gets `<feed>_data/source/` and `triggers/source/`; made where missing.
        days: number of batches, 1 or more.
        orders: rows of each orders file, 1 or more; the five files have about 2.2 times as many.
            Below some 50 a file has more defects than clean rows.
        seed: chooses the names, prices and everything else that is drawn.
        start: batch_date of the first batch.

    Raises:
        ValueError: if `days` or `orders` is less than 1.
    """
    if days < 1 or orders < 1:
        raise ValueError(f"days and orders must be 1 or more, not {days} and {orders}")
    shop, triggers = Shop(orders, seed), []
    for number in range(1, days + 1):
        batch = Batch(number, start.toordinal() + number - 1)
        with ExitStack() as stack:
            sheets = {feed: stack.enter_context(Sheet(out, feed, batch)) for feed in FEEDS}
            shop.send(batch, sheets)
        # Last, because a trigger says that its files are complete.
        triggers.append(write_trigger(out, batch, sheets.values()))
    return triggers
