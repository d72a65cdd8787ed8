"""Measure what metric_anomalies finds: histories of an invented shop, with faults put into them.

`python tools/anomaly_study.py` prints the tables of docs/anomalies.md, `--write` puts them there.
The same arguments give the same figures. Metrics and scores are those of tests/reference, computed
from the specification in plain Python, since the pipeline would take hours for so many batches.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from statistics import mean, stdev
from types import SimpleNamespace
from typing import cast

PROJECT_DIR = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT_DIR), str(PROJECT_DIR / "tests")]

from reference import metrics  # noqa: E402
from reference.contract import Row  # noqa: E402
from reference.rules import base_rows, is_quarantined  # noqa: E402
from reference.scd2 import Target, Targets  # noqa: E402

from ingest.sample.files import COLUMNS, FEEDS, Batch, Sheet  # noqa: E402
from ingest.sample.files import Row as Fields  # noqa: E402
from ingest.sample.shop import Shop  # noqa: E402

START = date(2025, 1, 1)
PAGE = PROJECT_DIR / "docs" / "anomalies.md"
BEGIN, END = "<!-- figures: tools/anomaly_study.py --write -->\n", "<!-- end of figures -->\n"
# A day's volume: fewer orders at weekends, and noise, as shares of a working day's.
WEEKEND = 0.7
NOISE = {"orders": 0.08, "shipping": 0.08, "customers": 0.1, "products": 0.1, "inventory": 0.05}
FIRST_FAULT, GAP = 10, 6

Day = dict[str, list[Row]]
Fault = Callable[[Day, random.Random], set[str]]
"""Breaks a day's rows in place; gives the feeds that it has changed."""


class Sink:
    """Takes the rows that the shop sends, in place of a file."""

    def __init__(self, feed: str) -> None:
        """Take all columns each day: layouts that come and go are not what is studied here."""
        self.layout = SimpleNamespace(columns=COLUMNS[feed])
        self.rows: list[Row] = []
        self._feed = feed

    def write(self, row: Fields) -> None:
        """Take a row."""
        cells = zip(COLUMNS[self._feed], row, strict=True)
        self.rows.append(
            {column: cell or None for column, cell in cells} | {"_extra": None, "_raw_line": None}
        )

    def write_ragged(self, row: Fields) -> None:
        """Take two malformed rows."""
        raw: Row = dict.fromkeys(COLUMNS[self._feed]) | {"_extra": None, "_raw_line": ",".join(row)}
        self.rows += [raw, dict(raw)]


def shop_days(days: int, orders: int, seed: int) -> Iterator[Day]:
    """What the shop sends day by day, with its weekends and its noise."""
    # Generously, since a part of the rows is left out each day.
    shop, rng = Shop(int(orders * 1.3), seed), random.Random(f"volume {seed}")
    for number in range(days):
        day = START + timedelta(days=number)
        sinks = {feed: Sink(feed) for feed in FEEDS}
        shop.send(Batch(number + 1, day.toordinal()), cast("dict[str, Sheet]", sinks))
        is_weekend = day.isoweekday() > 5
        rows = {feed: sink.rows for feed, sink in sinks.items()}
        # The first day is the whole shop.
        for feed in FEEDS if number else ():
            share = rng.lognormvariate(0, NOISE[feed]) / 1.3
            if is_weekend and feed in ("orders", "shipping"):
                share *= WEEKEND
            rows[feed] = [row for row in rows[feed] if rng.random() < share]
        yield rows


# Faults.


def half_missing(day: Day, rng: random.Random) -> set[str]:
    """A transfer that broke off in the middle."""
    feed = rng.choice(FEEDS)
    day[feed] = day[feed][: len(day[feed]) // 2]
    return {feed}


def doubled(day: Day, rng: random.Random) -> set[str]:
    """A file joined to itself."""
    feed = rng.choice(FEEDS)
    day[feed] = day[feed] + [dict(row) for row in day[feed]]
    return {feed}


def _times_100(day: Day, feed: str, column: str) -> set[str]:
    for row in day[feed]:
        if row[column] and row[column].replace(".", "", 1).isdigit():
            row[column] = f"{float(row[column]) * 100:.2f}"
    return {feed}


def amounts_times_100(day: Day, rng: random.Random) -> set[str]:
    """Amounts of orders in cents."""
    return _times_100(day, "orders", "order_amount")


def prices_times_100(day: Day, rng: random.Random) -> set[str]:
    """Prices of products in cents."""
    return _times_100(day, "products", "price")


def column_null(day: Day, rng: random.Random) -> set[str]:
    """A column that the source has stopped to fill; one that was filled for most rows."""
    choices = [
        (feed, column)
        for feed in FEEDS
        for column in metrics.nullable_columns(feed)
        if sum(row[column] is not None for row in day[feed]) > len(day[feed]) / 2
    ]
    feed, column = rng.choice(choices)
    for row in day[feed]:
        row[column] = None
    return {feed}


def _country_gone(day: Day, rank: Callable[[Sequence[str]], str]) -> set[str]:
    """An export without one country: its customers, and the orders that go there."""
    counts = Counter(row["country"] for row in day["customers"] if row["country"])
    country = rank([name for name, _ in counts.most_common()])
    for feed, column in (
        ("customers", "country"),
        ("orders", "shipping_address"),
        ("shipping", "destination_address"),
    ):
        day[feed] = [row for row in day[feed] if not (row[column] or "").endswith(country)]
    return {"customers", "orders", "shipping"}


def largest_country_gone(day: Day, rng: random.Random) -> set[str]:
    """An export without the country where most customers live."""
    return _country_gone(day, lambda countries: countries[0])


def other_country_gone(day: Day, rng: random.Random) -> set[str]:
    """An export without one of the other countries."""
    return _country_gone(day, lambda countries: rng.choice(countries[1:]))


FAULTS: dict[str, Fault] = {
    "half a file missing": half_missing,
    "a feed doubled": doubled,
    "order amounts x 100": amounts_times_100,
    "product prices x 100": prices_times_100,
    "a column gone NULL": column_null,
    "the largest country gone": largest_country_gone,
    "another country gone": other_country_gone,
}


# Judges: for a history of batch_metrics, distance of each of the last batch's metrics by feed.


def by_median(history: Sequence[list[Row]]) -> list[tuple[str, float]]:
    """As metric_anomalies has it."""
    return [(row["feed"], abs(row["score"])) for row in metrics.metric_anomalies(history)]


def by_mean(history: Sequence[list[Row]]) -> list[tuple[str, float]]:
    """In standard deviations from the mean of the same batches."""
    *earlier, this_batch = history[-metrics.BATCHES_BEFORE - 1 :]
    before: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in itertools.chain.from_iterable(earlier):
        if row["value"] is not None:
            before[row["feed"], row["metric"]].append(row["value"])
    found = []
    for row in this_batch:
        values = before[row["feed"], row["metric"]]
        if row["value"] is not None and len(values) >= metrics.MIN_BATCHES:
            distance, deviation = abs(row["value"] - mean(values)), stdev(values)
            found.append((row["feed"], distance / deviation if deviation else distance * 1e9))
    return found


JUDGES = {"median": by_median, "mean": by_mean}


@dataclass(frozen=True)
class Judged:
    """A batch and how odd its feeds were found.

    Attributes:
        day: Its date.
        fault: Name of its fault; empty for a clean batch.
        hit: Feeds that the fault has changed.
        is_after_fault: Whether the batch before had a fault.
        largest: Largest distance by judge and feed.
    """

    day: date
    fault: str
    hit: frozenset[str]
    is_after_fault: bool
    largest: dict[str, dict[str, float]]

    def is_alarm(self, judge: str, threshold: float) -> bool:
        """Whether anything is odd."""
        return any(value > threshold for value in self.largest[judge].values())

    def is_found(self, judge: str, threshold: float) -> bool:
        """Whether something of what the fault has changed is odd."""
        return any(self.largest[judge].get(feed, 0.0) > threshold for feed in self.hit)


@dataclass
class History:
    """The batches of one shop, applied one after another by the reference model."""

    targets: Targets = field(default_factory=lambda: {feed: Target(feed) for feed in FEEDS})
    measured: list[list[Row]] = field(default_factory=list)

    def apply(self, day: date, rows: Day) -> None:
        """Apply a batch that names all feeds, and measure it."""
        batch = []
        for feed in FEEDS:
            for number, row in enumerate(rows[feed], start=1):
                row |= {
                    "_batch_id": str(day),
                    "_batch_date": day,
                    "_source_file": feed,
                    "_file_sha256": feed,
                    "_row_number": number,
                }
            base = base_rows(feed, rows[feed], day)
            valid = [row for row in base if not is_quarantined(row)]
            self.targets[feed].apply(valid, set(), day, full=False)
            values = metrics.feed_metrics(feed, base, self.targets[feed], day)
            batch += [
                {"feed": feed, "metric": name, "value": value} for name, value in values.items()
            ]
        self.measured.append(batch)


def study(days: int, orders: int, seed: int) -> Iterator[Judged]:
    """One history: a fault every six days or so; later days are judged by it as well."""
    rng = random.Random(f"faults {seed}")
    names = itertools.cycle(rng.sample(sorted(FAULTS), len(FAULTS)))
    next_fault, history, before = FIRST_FAULT + rng.randrange(GAP), History(), ""
    for number, rows in enumerate(shop_days(days, orders, seed)):
        day, fault, hit = START + timedelta(days=number), "", set()
        if number == next_fault:
            fault = next(names)
            hit = FAULTS[fault](rows, rng)
            next_fault += GAP - 1 + rng.randrange(3)
        history.apply(day, rows)
        if number >= metrics.MIN_BATCHES:
            largest: dict[str, dict[str, float]] = {judge: defaultdict(float) for judge in JUDGES}
            for judge, distances in JUDGES.items():
                for feed, distance in distances(history.measured):
                    largest[judge][feed] = max(largest[judge][feed], distance)
            yield Judged(day, fault, frozenset(hit), bool(before), largest)
        before = fault


# The figures.


def _pct(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} % ({part} of {whole})" if whole else "none"


def _summary(batches: list[Judged], judge: str, threshold: float) -> list[str]:
    faulty = [batch for batch in batches if batch.fault]
    clean = [batch for batch in batches if not batch.fault]
    found = sum(batch.is_found(judge, threshold) for batch in faulty)
    alarms = sum(batch.is_alarm(judge, threshold) for batch in batches)
    false = sum(batch.is_alarm(judge, threshold) for batch in clean)
    return [_pct(found, alarms), _pct(found, len(faulty)), _pct(false, len(clean))]


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def figures(batches: list[Judged], title: str) -> str:
    """The tables of the page.

    Args:
        batches: All judged batches.
        title: What they are.
    """
    rules = [("median", metrics.THRESHOLD), ("mean", 3.0)]
    names = [f"median and MAD, {metrics.THRESHOLD:g} spreads", "mean and deviation, 3 sigma"]
    overall = [[name, *_summary(batches, *rule)] for name, rule in zip(names, rules, strict=True)]
    by_fault = [
        [fault, *(_pct(sum(b.is_found(*rule) for b in hit), len(hit)) for rule in rules)]
        for fault in FAULTS
        if (hit := [batch for batch in batches if batch.fault == fault])
    ]
    clean = [batch for batch in batches if not batch.fault]
    kinds = {
        "working day": [b for b in clean if b.day.isoweekday() < 6 and not b.is_after_fault],
        "weekend, with its natural dip": [
            b for b in clean if b.day.isoweekday() > 5 and not b.is_after_fault
        ],
        "the day after a fault": [b for b in clean if b.is_after_fault],
    }
    quiet = [
        [kind, *(_pct(sum(b.is_alarm(*rule) for b in of_kind), len(of_kind)) for rule in rules)]
        for kind, of_kind in kinds.items()
    ]
    thresholds = [
        [f"{threshold:g}", *_summary(batches, "median", threshold)]
        for threshold in (3.0, 4.0, 5.0, 6.0, 8.0)
    ]
    measures = ["precision", "recall", "false alarms on clean batches"]
    return "\n".join(
        [
            f"{title}\n",
            _table(["rule", *measures], overall),
            "Found, by fault:\n",
            _table(["fault", *names], by_fault),
            "False alarms, by clean batch:\n",
            _table(["clean batch", *names], quiet),
            "Other values of `anomaly_threshold`:\n",
            _table(["threshold", *measures], thresholds),
        ]
    )


def main() -> None:
    """Run the study."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=1, help="Of the first history.")
    parser.add_argument("--histories", type=int, default=40)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--orders", type=int, default=200, help="Orders of a working day.")
    parser.add_argument("--write", action="store_true", help=f"Put the tables into {PAGE.name}.")
    given = parser.parse_args()
    batches = [
        batch
        for seed in range(given.seed, given.seed + given.histories)
        for batch in study(given.days, given.orders, seed)
    ]
    faulty = sum(bool(batch.fault) for batch in batches)
    title = (
        f"{given.histories} histories of {given.days} days, {given.orders} orders a day, seeds from"
        f" {given.seed}: {len(batches)} batches judged, {faulty} of them with a fault."
    )
    text = figures(batches, title)
    if given.write:
        before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
        after = rest.split(END)[1]
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
